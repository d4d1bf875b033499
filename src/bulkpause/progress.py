"""What a person, or a log collector, sees while a run is on its way.

On a terminal a bar; elsewhere a line of JSON every ten seconds and at every change
of what the gate waits for. Both read the same `Snapshot`, taken by a timer.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bulkpause.model import Record, Status


#: Seconds between two lines, and between two pictures of the bar.
LINE_EVERY_S, LOOK_EVERY_S = 10.0, 0.25
#: So many of the last failures are shown.
FAILURES_SHOWN = 3
#: The rate now is that of so many last seconds.
RATE_OVER_S = 10.0

_FINE = frozenset({Status.PAUSED, Status.ALREADY_PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a run stands."""

    total: int
    by_status: dict[str, int]
    in_flight: int
    rate_per_s: float
    left_s: float
    waits_for: str | None
    waits_s: float | None
    failures: tuple[str, ...]

    @property
    def finished(self) -> int:
        return sum(self.by_status.values())


class Face(Protocol):
    """Shows snapshots."""

    def show(self, snapshot: Snapshot) -> None: ...
    def close(self) -> None: ...


class Tally:
    """Counts records as they come, for snapshots of a run."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.by_status: dict[str, int] = {}
        self.failures: deque[str] = deque(maxlen=FAILURES_SHOWN)
        self._finished_at: deque[float] = deque()

    def add(self, record: Record, now: float) -> None:
        """Take a record into account."""
        name = record.status.value
        self.by_status[name] = self.by_status.get(name, 0) + 1
        self._finished_at.append(now)
        if record.status not in _FINE and record.id is not None:
            why = record.message or record.title or record.error or ""
            trace = f" trace_id {record.trace_id}" if record.trace_id else ""
            self.failures.append(f"{record.id} {record.status} {why}{trace}".strip())

    def rate_per_s(self, now: float) -> float:
        """Give the records of the last seconds, per second."""
        while self._finished_at and self._finished_at[0] < now - RATE_OVER_S:
            self._finished_at.popleft()
        if not self._finished_at:
            return 0.0
        return len(self._finished_at) / max(1.0, min(RATE_OVER_S, now))


async def watch(take: Callable[[], Snapshot], face: Face) -> None:
    """Show a snapshot again and again, until this is cancelled."""
    try:
        while True:
            face.show(take())
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        face.show(take())
        face.close()


class Lines:
    """Writes a line of JSON now and then."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._waits_for: str | None = None
        self._last_at = float("-inf")

    def show(self, snapshot: Snapshot) -> None:
        now = asyncio.get_running_loop().time()
        is_long = (snapshot.waits_s or 0.0) > LINE_EVERY_S / 2
        waits_for = snapshot.waits_for if is_long else None
        if waits_for == self._waits_for and now - self._last_at < LINE_EVERY_S:
            return
        self._waits_for, self._last_at = waits_for, now
        self._log.info(
            "run.progressed",
            finished=snapshot.finished,
            total=snapshot.total,
            **snapshot.by_status,
            in_flight=snapshot.in_flight,
            rate_per_s=round(snapshot.rate_per_s, 2),
            left_s=round(snapshot.left_s, 1),
            waits_for=snapshot.waits_for,
            waits_s=None if snapshot.waits_s is None else round(snapshot.waits_s, 1),
        )

    def close(self) -> None:
        pass


class Nothing:
    """Shows nothing."""

    def show(self, snapshot: Snapshot) -> None:
        pass

    def close(self) -> None:
        pass


def clauses(snapshot: Snapshot) -> Sequence[str]:
    """Say in words how a run stands."""
    counts = [f"{count} {name}" for name, count in snapshot.by_status.items()]
    parts = [*counts, f"{snapshot.rate_per_s:.1f}/s"]
    if snapshot.finished < snapshot.total:
        parts.append(f"{clock(snapshot.left_s)} left")
    if snapshot.waits_for is not None:
        until = "" if snapshot.waits_s is None else f" {snapshot.waits_s:.0f} s"
        parts.append(f"waits for {snapshot.waits_for}{until}")
    return parts


def clock(seconds: float) -> str:
    """Write a span of time as `7 s`, `3:07` or `1:03:07`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
