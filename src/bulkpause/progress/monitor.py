"""Take snapshots of a run and show them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from bulkpause.engine.policy import Verify
from bulkpause.model import Record
from bulkpause.pauser import Pauser
from bulkpause.progress.display import Display
from bulkpause.progress.snapshot import Snapshot, Tally, allowed_per_s


#: Seconds between two pictures of the bar.
LOOK_EVERY_S = 0.25


class Monitor:
    """Shows a run while it is on its way.

    Args:
        pauser: What is shown.
        total: How many ids it was given.
        face: What shows it.
        now: The loop's clock.
    """

    def __init__(
        self, pauser: Pauser, total: int, display: Display, *, now: Callable[[], float]
    ) -> None:
        self._pauser = pauser
        self._face = display
        self._now = now
        self._tally = Tally(total, now=now())

    def add(self, record: Record) -> None:
        """Take a record into account."""
        if record.id is not None:
            self._tally.add(record)
        self._face.tell(record)

    def open(self) -> AbstractAsyncContextManager[None]:
        """Show how the run stands, until this is left."""
        return watching(self._snapshot, self._face)

    def _snapshot(self) -> Snapshot:
        pauser, tally, now = self._pauser, self._tally, self._now()
        tally.see(pauser.requests, now)
        waiting, stopped = pauser.waiting, pauser.stopped
        until = None if waiting is None else waiting.until
        waits_s = None if until is None else max(0.0, until - now)
        is_shown = waiting is not None and tally.is_long_wait(waits_s)
        return Snapshot(
            total=tally.total,
            by_status=tally.by_status,
            requests=pauser.requests,
            in_flight=pauser.gate.in_flight,
            accepted=pauser.backlog.accepted,
            to_retry=pauser.backlog.retries,
            to_read_back=pauser.backlog.read_backs,
            rate_per_s=tally.rate_per_s,
            allowed_per_s=allowed_per_s(pauser.settings.limits),
            left_s=None if pauser.is_out else max(self._left_s(), waits_s or 0.0),
            waits_for=waiting.reason if is_shown and waiting else None,
            waits_s=waits_s if is_shown else None,
            stopping=None if stopped is None else stopped.detail,
            failures=tuple(tally.failures),
        )

    def _left_s(self) -> float:
        total, pauser = self._tally.total, self._pauser
        left = total - self._tally.finished
        if pauser.settings.retry_policy.verify is Verify.ALL:
            left = max(left, 2 * total - pauser.requests)
        return pauser.gate.time_left_s(left)


@asynccontextmanager
async def watching(
    take: Callable[[], Snapshot], display: Display
) -> AsyncIterator[None]:
    """Show a snapshot again and again, and a last one when this is left."""
    task = asyncio.create_task(_watch(take, display))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        display.show(take())
        display.close()


async def _watch(take: Callable[[], Snapshot], display: Display) -> None:
    while True:
        display.show(take())
        await asyncio.sleep(LOOK_EVERY_S)
