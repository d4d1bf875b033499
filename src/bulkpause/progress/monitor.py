"""Take snapshots of a run at intervals, and show them on a display."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from bulkpause.fleet import Fleet
from bulkpause.model import Record
from bulkpause.progress.accounts import accounts_to_look_at
from bulkpause.progress.counts import RecordCounts
from bulkpause.progress.display import Display
from bulkpause.progress.event import IdFinished, Progressed
from bulkpause.progress.rate import RateMeter, allowed_per_s_of_all
from bulkpause.progress.snapshot import Snapshot
from bulkpause.run_snapshot import RunSnapshot, merge_snapshots


#: Seconds between two snapshots.
REFRESH_S = 0.25
#: Shorter waits, in seconds, are normal between requests, and not shown.
LONG_WAIT_S = 1.5


class Monitor:
    """Shows a run on a display while it runs.

    Args:
        fleet: The run to show, of one account or several.
        total: The number of ids to send.
        display: Shows snapshots and records.
        now: The loop's clock.
    """

    def __init__(
        self, fleet: Fleet, total: int, display: Display, *, now: Callable[[], float]
    ) -> None:
        self._fleet = fleet
        self._total = total
        self._display = display
        self._now = now
        self._counts = RecordCounts()
        self._rate = RateMeter(now=now())

    def add(self, record: Record) -> None:
        """Count and show a record. An invalid row has no id, and is not counted."""
        if record.id is not None:
            self._counts.add(record)
        self._display.handle(IdFinished(record))

    def open(self) -> AbstractAsyncContextManager[None]:
        """Show the state of the run until the context is left."""
        return refreshed(self._display, self._snapshot)

    def _snapshot(self) -> Snapshot:
        """Read the fleet. No other method here does."""
        states, counts, now = self._fleet.snapshots(), self._counts, self._now()
        run = merge_snapshots(list(states.values()))
        self._rate.update(run.requests, now)
        waiting, stopped = run.waiting, self._fleet.stopped
        until = None if waiting is None else waiting.until
        waits_s = None if until is None else max(0.0, until - now)
        is_long = is_long_wait(waits_s, idle_s=self._rate.idle_s)
        return Snapshot(
            total=self._total,
            by_status=counts.by_status,
            requests=run.requests,
            in_flight=run.in_flight,
            accepted=run.accepted,
            to_retry=run.to_retry,
            to_read_back=run.to_read_back,
            rate_per_s=self._rate.per_s,
            allowed_per_s=allowed_per_s_of_all(
                pauser.settings.limits for pauser in self._fleet.pausers.values()
            ),
            left_s=run.time_left_s if self._is_estimated(run) else None,
            waits_for=waiting.condition if waiting is not None and is_long else None,
            waits_s=waits_s if is_long else None,
            stopping=None if stopped is None else stopped.detail,
            failures=counts.failures,
            simulated=self._fleet.is_simulated,
            action=run.action,
            sharing=run.sharing,
            accounts=accounts_to_look_at(self._fleet, states),
        )

    def _is_estimated(self, run: RunSnapshot) -> bool:
        """Tell whether a time left of nothing is an estimate, and not no plan yet."""
        has_begun = run.requests or run.in_flight or self._counts.by_status
        return bool(run.time_left_s or has_begun or not self._total)


def is_long_wait(waits_s: float | None, *, idle_s: float) -> bool:
    """Tell whether a wait is worth showing.

    Args:
        waits_s: The seconds until the wait ends; None if unknown.
        idle_s: The seconds since the last request.
    """
    return max(waits_s or 0.0, idle_s) >= LONG_WAIT_S


@asynccontextmanager
async def refreshed(
    display: Display, take_snapshot: Callable[[], Snapshot]
) -> AsyncIterator[None]:
    """Show a snapshot every `REFRESH_S`, and the final one when the context is left."""
    task = asyncio.create_task(_refresh(display, take_snapshot))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        display.handle(Progressed(take_snapshot()))
        display.close()


async def _refresh(display: Display, take_snapshot: Callable[[], Snapshot]) -> None:
    while True:
        display.handle(Progressed(take_snapshot()))
        await asyncio.sleep(REFRESH_S)
