"""Records → totals, causes and speed. A fold, the same live and over a finished log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Self

from bulkpause._text import sanitize
from bulkpause.model import Record, Status


#: What a read-back would have settled that was not made.
_UNREAD: dict[tuple[Status, int | None], str] = {
    (Status.UNKNOWN, 204): "accepted, but not read back",
    (Status.FAILED, 400): "not read back",
}
#: So many trace ids are kept as examples of a cause.
EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why ids ended as they did. Records with the same cause are one group."""

    status: Status
    http_status: int | None
    title: str | None
    message: str | None
    error: str | None
    campaign_status: str | None

    @classmethod
    def of(cls, record: Record) -> Self:
        return cls(
            status=record.status,
            http_status=record.http_status,
            title=record.title,
            message=record.message,
            error=record.error,
            campaign_status=record.campaign_status,
        )

    def __str__(self) -> str:
        known = (
            None if self.http_status is None else f"HTTP {self.http_status}",
            self.title,
            self.message,
            self.error,
            self.campaign_status and f"campaign is {self.campaign_status}",
            _UNREAD.get((self.status, self.http_status)),
        )
        text = (
            ", ".join(part.rstrip(".") for part in known if part)
            or "no reason on record"
        )
        return sanitize(text)


@dataclass(slots=True)
class CauseGroup:
    """The ids of one cause: how many, and some to look up."""

    count: int = 0
    ids: list[str] = field(default_factory=list)
    trace_ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """What became of every row.

    The rows that no record speaks of are counted when the input is read: repeats of
    an id, and ids that an earlier run has done. `not_paused_before` are the rows of
    earlier runs that cannot be paused.
    """

    rows: int = 0
    duplicate: int = 0
    already_done: int = 0
    not_paused_before: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)
    causes: dict[Cause, CauseGroup] = field(default_factory=dict)
    requests: int = 0
    more_attempts: int = 0
    refused_for_rate: int = 0
    read_back: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    first_at: str | None = None
    last_at: str | None = None
    #: When the run began. What a record tells of earlier runs is not counted.
    since: str = ""

    def add(self, record: Record) -> None:
        """Take a record into account."""
        self.by_status[record.status] += 1
        if record.status is Status.INVALID:
            return
        if record.status is not Status.PAUSED:
            self._add_cause(record)
        is_read_back = record.campaign_status is not None
        earlier = [o for o in record.history if str(o.get("at") or "") >= self.since]
        is_sent = not self.since or record.latency_ms is not None
        self.requests += len(earlier) + is_sent + is_read_back
        self.more_attempts += len(earlier)
        self.refused_for_rate += sum(one.get("http_status") == 429 for one in earlier)
        self.read_back += is_read_back
        if record.latency_ms is not None:
            self.latencies_ms.append(record.latency_ms)
        started_at = max(record.started_at or "", self.since)
        finished_at = record.finished_at or ""
        self.first_at = min(self.first_at or started_at, started_at)
        self.last_at = max(self.last_at or finished_at, finished_at)

    def _add_cause(self, record: Record) -> None:
        group = self.causes.setdefault(Cause.of(record), CauseGroup())
        group.count += 1
        if record.id is not None and len(group.ids) < EXAMPLES:
            group.ids.append(record.id)
        if record.trace_id is not None and len(group.trace_ids) < EXAMPLES:
            group.trace_ids.append(record.trace_id)

    @property
    def not_attempted(self) -> int:
        recorded = self.by_status.total()
        return self.rows - self.duplicate - self.already_done - recorded

    @property
    def may_run(self) -> int:
        """How many ids are known not to be paused by us, and may still run."""
        refused = self.by_status[Status.FAILED] + self.by_status[Status.REJECTED]
        return refused + self.not_attempted

    def accounts(self) -> dict[str, int]:
        """Give every account by name. They add up to the rows."""
        return {
            **{status.value: self.by_status[status] for status in Status},
            "duplicate": self.duplicate,
            "already_done": self.already_done,
            "not_attempted": self.not_attempted,
        }

    def identity(self) -> str:
        """Write the sum out, without the accounts that are empty."""
        parts = [f"{count} {name}" for name, count in self.accounts().items() if count]
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return f"{rows} = {' + '.join(parts) or '0'}"

    @property
    def is_unfinished(self) -> bool:
        """Whether a retry could still pause more."""
        return self.not_attempted > 0 or any(
            status.is_retryable and count for status, count in self.by_status.items()
        )

    @property
    def is_all_paused(self) -> bool:
        is_paused = all(
            status.is_paused for status, count in self.by_status.items() if count
        )
        return is_paused and not self.not_paused_before and not self.is_unfinished

    @property
    def wall_s(self) -> float:
        """Seconds from the first request to the last record."""
        if not self.first_at or not self.last_at:
            return 0.0
        first, last = map(datetime.fromisoformat, (self.first_at, self.last_at))
        return max(0.0, (last - first).total_seconds())

    def latency_ms(self, percent: float) -> float | None:
        """Give the latency that so many percent of the ids did not exceed."""
        if not self.latencies_ms:
            return None
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    def as_dict(self) -> dict[str, object]:
        """Give all of it under names that JSON can carry."""
        return {
            "rows": self.rows,
            **self.accounts(),
            "not_paused_before": self.not_paused_before,
            "may_run": self.may_run,
            "wall_s": self.wall_s,
            "requests": self.requests,
            "more_attempts": self.more_attempts,
            "refused_for_rate": self.refused_for_rate,
            "read_back": self.read_back,
            "latency_ms": {f"p{p}": self.latency_ms(p) for p in (50, 95, 99)},
            "causes": [
                asdict(cause) | asdict(group) for cause, group in self.by_weight()
            ],
        }

    def by_weight(self) -> list[tuple[Cause, CauseGroup]]:
        """Give the causes, those with the most ids first."""
        return sorted(self.causes.items(), key=lambda pair: -pair[1].count)


def total(records: Iterable[Record], totals: Totals) -> Totals:
    """Add all records to the totals."""
    for record in records:
        totals.add(record)
    return totals
