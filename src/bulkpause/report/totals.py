"""Count records by status and by cause, and measure the speed of a run."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, field
from datetime import datetime
from itertools import accumulate, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

from bulkpause._text import format_count, sanitize
from bulkpause._value import state, value
from bulkpause.operation import PAUSE, Operation, operation_of, statuses_of
from bulkpause.vocabulary import Action, Status


if TYPE_CHECKING:
    from bulkpause.model import Record


#: The name of ids that were planned and never sent.
NOT_ATTEMPTED = "not_attempted"
#: The name of ids that were planned and of which nothing is on record.
NOT_ON_RECORD = "not_on_record"
#: Ids and trace ids kept as examples of a cause.
EXAMPLES = 3
#: Of more records, not all fields would stay in the processor's cache.
_AT_ONCE = 500
_cause_fields: "Callable[[Record], tuple[object, ...]]" = attrgetter(
    *("status", "http_status", "title", "message", "error", "campaign_status")
)
_RETRYABLE = tuple(status for status in Status if status.is_retryable)


@value
class Cause:
    """Why ids have their status. Records with the same cause form one group."""

    status: Status
    http_status: int | None
    title: str | None
    message: str | None
    error: str | None
    campaign_status: str | None

    @classmethod
    def of(cls, record: "Record") -> Self:
        """Take the cause from a record."""
        return cls(
            status=record.status,
            http_status=record.http_status,
            title=record.title,
            message=record.message,
            error=record.error,
            campaign_status=record.campaign_status,
        )

    def __str__(self) -> str:
        is_repeated = _plain(self.title) == _plain(self.message)
        parts = (
            None if self.http_status is None else f"HTTP {self.http_status}",
            self.title,
            None if is_repeated else self.message,
            self._other_error(),
            self.campaign_status and f"campaign is {self.campaign_status}",
            self._missing_read_back(),
        )
        text = ", ".join(part.rstrip(".") for part in parts if part)
        return sanitize(text or "no reason on record")

    def _other_error(self) -> str | None:
        """Leave out an error that only repeats the message: "Connection refused"."""
        error, message = self.error or "", self.message or ""
        is_repeated = error.replace("_", " ").casefold() == message.casefold()
        return None if is_repeated else self.error

    def _missing_read_back(self) -> str | None:
        """Say that a read-back is missing, where one would have settled the id."""
        if self.campaign_status is not None or self.http_status is None:
            return None
        if self.status is Status.UNKNOWN and self.http_status == 204:
            return "accepted, but not read back"
        is_refused = 300 <= self.http_status < 500 and self.http_status != 429
        is_open = self.status is Status.FAILED and is_refused
        return "not read back" if is_open else None


def _plain(text: str | None) -> str:
    return (text or "").strip(" .").casefold()


@state
class CauseGroup:
    """The number of ids with one cause, and the first of them as examples.

    `names` holds the names of `ids`, in the same order.
    """

    count: int = 0
    ids: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    trace_ids: list[str] = field(default_factory=list)

    def take_in(self, other: "CauseGroup") -> None:
        """Add the number of another group, and its examples as far as there is room."""
        self.count += other.count
        room = EXAMPLES - len(self.ids)
        self.ids += other.ids[:room]
        self.names += other.names[:room]
        self.trace_ids += other.trace_ids[: EXAMPLES - len(self.trace_ids)]


#: The numbers of totals that are added up for several runs.
_SUMMED = (
    *("rows", "duplicate", "already_done", "not_done_before", "not_on_record"),
    *("requests", "retries", "rate_limited", "read_backs", "unread"),
)


@state
class Totals:
    """The totals of a run or of a log: every row is counted once.

    Attributes:
        operation: What the run does, or did.
        rows: All rows.
        duplicate: Rows that repeat an id. They have no record.
        already_done: Rows whose id an earlier run settled. They have no record.
        not_done_before: Rows of earlier runs that cannot be paused, or resumed.
        not_on_record: Ids that were planned and of which nothing is on record, not
            even the id. `rows` and `not_attempted` count them too.
        is_plan_known: Whether it is known how many ids were planned. If not, nothing
            says that no campaign is running.
        is_partly_known: Of several runs, whether something is known of one of them.
        undone_by: The logs of the undos of this log, in words; None if there was none.
            What was paused may be running then.
        undone_logs: Of several logs, those that an undo was begun of.
        logs: How many logs these are the totals of.
        replaced: Ids that these logs hold and that are not counted: their last word is
            in logs of another action, such as an undo.
        open_before: Ids of earlier runs that this run does not send and that may
            still be running, by status. `rows` does not count them.
        by_status: The number of records with each status.
        causes: The groups of records of ids that we did not simply change.
        requests: Requests sent. Of a log: the attempts and reads on record.
        retries: Attempts after the first, those after a 429 included.
        rate_limited: Requests that got a 429. Of a log: attempts, and reads that ended
            an id.
        read_backs: Ids that were read back.
        unread: Ids that were paused, or resumed, and not read back.
        latencies_ms: Latency of the last attempt of each id, in milliseconds.
        first_at: When the first request was sent.
        last_at: When the last record was written.
        since: When the run began. Attempts before it, which records repeat from
            earlier runs, are not counted. Empty to count all.
    """

    operation: Operation = PAUSE
    rows: int = 0
    duplicate: int = 0
    already_done: int = 0
    not_done_before: int = 0
    not_on_record: int = 0
    is_plan_known: bool = True
    is_partly_known: bool = False
    undone_by: str | None = None
    undone_logs: Sequence[str] = ()
    logs: int = 1
    replaced: int = 0
    open_before: Counter[str] = field(default_factory=Counter)
    by_status: Counter[Status] = field(default_factory=Counter)
    causes: dict[Cause, CauseGroup] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    read_backs: int = 0
    unread: int = 0
    latencies_ms: "array[float]" = field(default_factory=lambda: array("d"))
    first_at: str | None = None
    last_at: str | None = None
    since: str = ""
    #: The groups by the fields of their causes: a cause takes long to make.
    _groups: dict[tuple[object, ...], CauseGroup] = field(
        default_factory=dict, compare=False
    )

    def add(self, record: "Record") -> None:
        """Count a record."""
        self.by_status[record.status] += 1
        if record.status is Status.INVALID:
            return
        if record.status is not operation_of(record.action).done:
            self._add_cause(record)
        elif record.campaign_status is None:
            self.unread += 1
        self._add_requests(record)
        self._add_times(record)

    def add_paused_at_once(self, latencies_ms: "array[float]", read_backs: int) -> None:
        """Count records of ids that their first attempts paused, without their times.

        Args:
            latencies_ms: The latency of each.
            read_backs: How many of them were read back.
        """
        count = len(latencies_ms)
        self.by_status[Status.PAUSED] += count
        self.latencies_ms.extend(latencies_ms)
        self.requests += count + read_backs
        self.read_backs += read_backs
        self.unread += count - read_backs

    def _add_requests(self, record: "Record") -> None:
        earlier = self._earlier_attempts(record) if record.history else []
        is_read_back = record.campaign_status is not None
        # Without a latency, the last attempt is one of an earlier run.
        is_sent = not self.since or record.latency_ms is not None
        has_attempt = bool(record.attempts) or record.request_id is not None
        is_attempted = has_attempt or not record.reads
        # Records of older versions do not say how often their campaigns were read.
        reads = record.reads or is_read_back
        self.requests += len(earlier) + (is_sent and is_attempted) + reads
        self.retries += len(earlier)
        self.rate_limited += is_sent and record.http_status == 429
        if earlier:
            statuses = [attempt.get("http_status") for attempt in earlier]
            self.rate_limited += statuses.count(429)
        self.read_backs += is_read_back

    def _earlier_attempts(self, record: "Record") -> list[Mapping[str, Any]]:
        """List the attempts of this run before the last one."""
        return [
            attempt
            for attempt in record.history
            if str(attempt.get("at") or "") >= self.since
        ]

    def _add_times(self, record: "Record") -> None:
        if record.latency_ms is not None:
            self.latencies_ms.append(record.latency_ms)
        started_at = record.started_at or ""
        # Calls of `min` and `max` would take longer than all the rest.
        if started_at < self.since:  # noqa: PLR1730
            started_at = self.since
        self.add_times(started_at, record.finished_at or "")

    def note_sent(self, requests: int, *, rate_limited: int) -> None:
        """Take the requests as they were counted when they were sent.

        Records do not tell of probes, of reads of a company, of reads that were
        repeated after a 429, and of what was sent for ids without a record.
        """
        self.requests, self.rate_limited = requests, rate_limited

    def add_times(self, first: str, last: str) -> None:
        """Take in the times of a first request and of a last record; empty if unknown."""
        if first and (not self.first_at or first < self.first_at):
            self.first_at = first
        if last and (not self.last_at or last > self.last_at):
            self.last_at = last

    def _add_cause(self, record: "Record") -> None:
        key = _cause_fields(record)
        group = self._groups.get(key)
        if group is None:
            group = self.causes.setdefault(Cause.of(record), CauseGroup())
            self._groups[key] = group
        group.count += 1
        if record.id is not None and len(group.ids) < EXAMPLES:
            group.ids.append(record.id)
            group.names.append(record.name)
        if record.trace_id is not None and len(group.trace_ids) < EXAMPLES:
            group.trace_ids.append(record.trace_id)

    @property
    def not_attempted(self) -> int:
        """The number of ids without a record and without a request."""
        recorded = self.by_status.total()
        return self.rows - self.duplicate - self.already_done - recorded

    @property
    def open_ids(self) -> int:
        """The number of ids that are not known to be done.

        For a pause: whose campaign is not known to have stopped sending.
        """
        return sum(self.parts_open().values())

    def parts_open(self) -> dict[str, int]:
        """Count the ids that are not known to be done by what is known of them.

        Nothing is left out that is in doubt: these are all ids but those that are
        known to be as wanted, or were seen in a status that the operation leaves alone.
        """
        counts = self.by_status
        parts = {
            "failed": counts[Status.FAILED],
            "rejected": counts[Status.REJECTED],
            "unknown": counts[Status.UNKNOWN],
            "not attempted": self.not_attempted - self.not_on_record,
            "not on record": self.not_on_record,
        }
        for name, count in self.open_before.items():
            parts[f"{name.replace('_', ' ')} in an earlier run"] = count
        return {name: count for name, count in parts.items() if count}

    def counts(self) -> dict[str, int]:
        """Count the rows by what happened to them. The counts add up to the rows."""
        return {
            **{status.value: self.by_status[status] for status in self._statuses},
            "duplicate": self.duplicate,
            "already_done": self.already_done,
            NOT_ATTEMPTED: self.not_attempted,
        }

    @property
    def _statuses(self) -> Iterator[Status]:
        """The statuses of the operation, and any other that an id has all the same."""
        usual = statuses_of(self.operation)
        return (one for one in Status if one in usual or self.by_status[one])

    def counts_as_sum(self) -> str:
        """Write the counts as a sum, leaving out zeros: `3 rows = 2 paused + 1 failed`."""
        if not self.rows:
            return f"0 rows: no ids to {self.operation.verb}"
        parts = [f"{count} {name}" for name, count in self.counts().items() if count]
        return f"{format_count(self.rows, 'row')} = {' + '.join(parts)}"

    @property
    def tells_what_runs(self) -> bool:
        """Whether ids that are not open are known to be stopped."""
        return self.operation.stops and self.undone_by is None

    @property
    def may_run(self) -> int | None:
        """The number of ids whose campaign may be running; None if it is not known."""
        is_known = self.is_plan_known and self.tells_what_runs
        return self.open_ids if is_known else None

    @property
    def unread_beside_others(self) -> int:
        """Count the ids that were paused and lack a read-back, where others have one.

        Without any, none was asked for.
        """
        done = self.by_status[self.operation.done]
        return self.unread if self.tells_what_runs and self.unread < done else 0

    @property
    def lacks_ids(self) -> bool:
        """Whether ids are not on record, or it is not known how many were planned."""
        is_missing = self.not_on_record or self.open_before[NOT_ON_RECORD]
        return bool(is_missing) or not self.is_plan_known

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known, not even how many ids were planned."""
        return not (self.rows or self.is_plan_known or self.is_partly_known)

    @property
    def is_unfinished(self) -> bool:
        """Whether more could be done, or it is not known how much."""
        return self.lacks_ids or self.is_retryable

    @property
    def is_retryable(self) -> bool:
        """Whether a retry of the log could do more: it knows ids that are open."""
        is_open = any(
            self.by_status[status] or self.open_before[status] for status in _RETRYABLE
        )
        not_attempted = self.not_attempted - self.not_on_record
        return is_open or not_attempted + self.open_before[NOT_ATTEMPTED] > 0

    @property
    def is_all_done(self) -> bool:
        """Whether the campaign of every row is as the operation wants it."""
        is_done = all(
            status.is_done for status, count in self.by_status.items() if count
        )
        is_settled = not (self.is_unfinished or self.open_before.total())
        is_whole = is_settled and self.undone_by is None
        return is_done and is_whole and not self.not_done_before

    @property
    def wall_s(self) -> float:
        """Seconds from the first request to the last record."""
        if not self.first_at or not self.last_at:
            return 0.0
        first, last = map(datetime.fromisoformat, (self.first_at, self.last_at))
        return max(0.0, (last - first).total_seconds())

    def latency_ms(self, percent: float) -> float | None:
        """Get a percentile of the latencies, in milliseconds."""
        if not self.latencies_ms:
            return None
        # Sorted one by one, a million would take 30 MiB.
        counts = Counter(self.latencies_ms)
        count = len(self.latencies_ms)
        place = min(count - 1, int(count * percent / 100))
        ordered = sorted(counts)
        ends = accumulate(counts[one] for one in ordered)
        return next(one for one, end in zip(ordered, ends, strict=True) if place < end)

    def as_dict(self) -> dict[str, object]:
        """Convert to a JSON object. Its keys are frozen."""
        return {
            "rows": self.rows,
            **self.counts(),
            "not_paused_before": self.not_done_before,
            "action": self.operation.action,
            "open": self.open_ids,
            "may_run": self.may_run,
            "undone_by": self.undone_by,
            "not_on_record": self.not_on_record,
            "is_plan_known": self.is_plan_known,
            "wall_s": self.wall_s,
            "requests": self.requests,
            "more_attempts": self.retries,
            "refused_for_rate": self.rate_limited,
            "read_back": self.read_backs,
            "latency_ms": {f"p{p}": self.latency_ms(p) for p in (50, 95, 99)},
            "causes": [
                asdict(cause) | asdict(group)
                for cause, group in self.most_frequent_causes()
            ],
        }

    def most_frequent_causes(self) -> list[tuple[Cause, CauseGroup]]:
        """List the causes, most ids first, equal ones in the order of their words."""
        return sorted(
            self.causes.items(),
            key=lambda pair: (-pair[1].count, pair[0].status, str(pair[0])),
        )


def join_totals(parts: Sequence[Totals]) -> Totals:
    """Add up the totals of several runs, whose rows are different ones."""
    whole = Totals(
        operation=parts[0].operation if parts else PAUSE,
        is_plan_known=all(part.is_plan_known for part in parts),
        is_partly_known=not all(part.is_empty for part in parts),
    )
    for part in parts:
        for name in _SUMMED:
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
        whole.open_before.update(part.open_before)
        whole.by_status.update(part.by_status)
        whole.latencies_ms.extend(part.latencies_ms)
        for cause, group in part.causes.items():
            whole.causes.setdefault(cause, CauseGroup()).take_in(group)
        if part.first_at and part.last_at:
            whole.add_times(part.first_at, part.last_at)
    return whole


def add_all(records: "Iterable[Record]", totals: Totals) -> Totals:
    """Add all records to the totals, and return the totals.

    Those of ids that their first attempts paused, which are most, are added together.
    """
    remaining = iter(records)
    while some := list(islice(remaining, _AT_ONCE)):
        _add_some(some, totals)
    return totals


def _add_some(records: "Sequence[Record]", totals: Totals) -> None:
    paused_at_once: list[Record] = []
    for record in records:
        if (
            record.status is Status.PAUSED
            and record.attempts == 1
            and not record.history
            and record.latency_ms is not None
            and record.started_at is not None
            and record.finished_at is not None
            and record.reads <= (record.campaign_status is not None)
            and record.action is Action.PAUSE
            and record.http_status != 429
            and not totals.since
        ):
            paused_at_once.append(record)
        else:
            totals.add(record)
    _add_together(paused_at_once, totals)


def _add_together(records: "Sequence[Record]", totals: Totals) -> None:
    """Add records of ids that their first attempts paused."""
    if not records:
        return
    latencies_ms = array("d", [one.latency_ms or 0.0 for one in records])
    unread = [one.campaign_status for one in records].count(None)
    totals.add_paused_at_once(latencies_ms, len(records) - unread)
    totals.add_times(
        min([one.started_at or "" for one in records]),
        max([one.finished_at or "" for one in records]),
    )
