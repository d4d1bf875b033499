"""What a person, or a log collector, sees while a run is on its way.

On a terminal a bar; elsewhere a line of JSON every ten seconds and at every change
of state. Both read the same `Snapshot`, taken by a timer.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulkpause._text import format_duration
from bulkpause.model import Limit, Record, Status
from bulkpause.report.totals import Cause


if TYPE_CHECKING:
    pass

#: So many of the last failures are shown.
FAILURES_SHOWN = 3
#: The rate now is that of so many last seconds.
RATE_OVER_S = 10.0
#: The first window's worth is spread over so many seconds.
BEGINNING_S = 1.0
#: A wait is told of when it is that long, in seconds. Shorter ones are the rule.
LONG_WAIT_S = 1.5
#: A reason is cut to so many characters where it is shown live.
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a run stands.

    `accepted` are those to read back that the API said yes to. `allowed_per_s` is the
    most that the limits allow in the time that the rate is of; None without limits.
    `left_s` is None while the server is out. `waits_for` is None where no wait is
    worth a word.
    """

    total: int
    by_status: dict[str, int]
    requests: int
    in_flight: int
    accepted: int
    to_retry: int
    to_read_back: int
    rate_per_s: float
    allowed_per_s: float | None
    left_s: float | None
    waits_for: str | None = None
    waits_s: float | None = None
    stopping: str | None = None
    failures: tuple[str, ...] = ()

    @property
    def finished(self) -> int:
        return sum(self.by_status.values())


class Tally:
    """Counts records and requests as they come, for snapshots of a run.

    Args:
        total: How many ids the run has.
        now: The loop's time at its start.
    """

    def __init__(self, total: int, *, now: float) -> None:
        self.total = total
        self._by_status: Counter[str] = Counter()
        self.failures: deque[str] = deque(maxlen=FAILURES_SHOWN)
        self._seen: deque[tuple[float, int]] = deque([(now, 0)])
        self._busy_at = now

    @property
    def finished(self) -> int:
        return self._by_status.total()

    @property
    def by_status(self) -> dict[str, int]:
        """The counts, always in the same order, without those that are empty."""
        found = self._by_status
        return {status.value: found[status] for status in Status if found[status]}

    def add(self, record: Record) -> None:
        """Take a record into account."""
        self._by_status[record.status] += 1
        if not record.status.is_paused:
            self.failures.append(failure(record))

    def see(self, requests: int, now: float) -> None:
        """Note how many requests were made until now."""
        if requests > self._seen[-1][1]:
            self._busy_at = now
        self._seen.append((now, requests))
        while self._seen[1][0] <= now - RATE_OVER_S:
            self._seen.popleft()

    @property
    def rate_per_s(self) -> float:
        """The requests of the last seconds, per second."""
        (since, before), (now, requests) = self._seen[0], self._seen[-1]
        # What a run begins with goes out at once, and is no pace.
        begun_s = 0.0 if before else BEGINNING_S
        return (requests - before) / max(BEGINNING_S, now - since + begun_s)

    def is_long_wait(self, waits_s: float | None) -> bool:
        """Tell whether a wait is worth a word: long ahead, or long already."""
        idle_s = self._seen[-1][0] - self._busy_at
        return max(waits_s or 0.0, idle_s) >= LONG_WAIT_S


def counts(snapshot: Snapshot) -> str:
    """Say how many ids ended how, and how many are on their way."""
    parts = [f"{count} {name}" for name, count in snapshot.by_status.items()]
    if snapshot.accepted:
        parts.append(f"{snapshot.accepted} accepted")
    parts.append(f"{snapshot.in_flight} in flight")
    if snapshot.to_retry:
        parts.append(f"{snapshot.to_retry} to try again")
    if snapshot.to_read_back:
        parts.append(f"{snapshot.to_read_back} to read back")
    return " · ".join(parts)


def pace(snapshot: Snapshot) -> str:
    """Say how fast it goes, what the limits allow, and how long it still takes."""
    allowed = snapshot.allowed_per_s
    of_limit = "" if allowed is None else f" of {allowed:.1f}"
    parts = [f"{snapshot.rate_per_s:.1f}{of_limit} requests/s"]
    is_going_on = snapshot.finished < snapshot.total and snapshot.stopping is None
    if is_going_on and snapshot.left_s is not None:
        parts.append(f"about {format_duration(snapshot.left_s)} left")
    return " · ".join(parts)


def state(snapshot: Snapshot) -> str:
    """Say what is waited for, or why nothing more is sent; empty if neither is so."""
    if snapshot.stopping is not None:
        return f"stopping: {snapshot.stopping}"
    if snapshot.waits_for is None:
        return ""
    until = "" if snapshot.waits_s is None else f": {format_duration(snapshot.waits_s)}"
    return f"waiting for {snapshot.waits_for}{until}"


def failure(record: Record) -> str:
    """Say in one line what became of an id, with the trace id to look it up by."""
    reason = str(Cause.of(record))
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[: _LONGEST_REASON - 1]}…"
    trace = f", trace_id {record.trace_id}" if record.trace_id else ""
    return f"{record.id} {record.status}: {reason}{trace}"


def allowed_per_s(limits: Sequence[Limit]) -> float | None:
    """Give the most that limits allow over the seconds that the rate now is of."""
    shares = (one.requests / min(one.period_s, RATE_OVER_S) for one in limits)
    return min(shares, default=None)
