"""What a log and its write-ahead file say: what is done, what is open, what was sent.

A fold over their lines, without I/O or a clock. An id is open if the write-ahead
file knows of an attempt in a run that holds no final record of the id.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bulkpause.lines import Answered, Entry, Header, Sent
from bulkpause.model import Action, Item, Past, Record, Status, timestamp


#: After these, an id needs nothing more.
SETTLED = frozenset(
    {Status.PAUSED, Status.ALREADY_PAUSED, Status.NOT_PAUSABLE, Status.REJECTED}
)


@dataclass(slots=True)
class Recovery:
    """All that a log and its write-ahead file say together."""

    #: The last record of each id.
    records: dict[str, Record] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    planned: dict[str, Item] = field(default_factory=dict)
    #: How many ids the plan of the last run names so far.
    last_planned: int = 0
    sent: list[Sent] = field(default_factory=list)
    #: What was tried for the ids that need more.
    past: dict[str, list[Past]] = field(default_factory=dict)

    @property
    def settled(self) -> frozenset[str]:
        """The ids that need nothing more."""
        return frozenset(
            id_
            for id_, record in self.records.items()
            if record.status in SETTLED and id_ not in self.past
        )

    @property
    def unfinished(self) -> dict[str, Item]:
        """The ids that a retry takes up: failed, unknown, open, or not attempted."""
        recorded = {
            id_: Item(id=id_, row=record.row or 0)
            for id_, record in self.records.items()
        }
        settled = self.settled
        both = {**self.planned, **recorded}
        return {id_: item for id_, item in both.items() if id_ not in settled}

    @property
    def is_plan_whole(self) -> bool:
        """Whether the last run got so far that its plan is on record."""
        return not self.headers or self.last_planned == self.headers[-1].planned


def recover(records: Iterable[Record], entries: Iterable[Entry]) -> Recovery:
    """Read a log and its write-ahead file as one story."""
    found = Recovery()
    closed: set[tuple[str, str | None]] = set()
    for record in records:
        if record.id is not None:
            found.records[record.id] = record
            closed.add((record.id, record.run_id))
    for id_, record in found.records.items():
        if record.status not in SETTLED:
            found.past[id_] = _past_of_record(record)
    for entry in entries:
        _fold(found, entry, closed)
    return found


def _fold(found: Recovery, entry: Entry, closed: set[tuple[str, str | None]]) -> None:
    match entry:
        case Header():
            found.headers.append(entry)
            found.last_planned = 0
        case Sent():
            found.sent.append(entry)
            is_open = (entry.sent, run_of(entry.request_id)) not in closed
            if is_open and entry.action is Action.PAUSE:
                found.past.setdefault(entry.sent, []).append(_past_of_sent(entry))
        case Answered():
            past = found.past.get(entry.answered, [])
            past[:] = (_answered(one, entry) for one in past)
        case _:
            found.last_planned += len(entry)
            found.planned.update((item.id, item) for item in entry)


def _past_of_sent(sent: Sent) -> Past:
    """Take a request whose answer is not on record as one that may be applied."""
    return Past(
        error="no_answer_on_record",
        at=sent.at,
        request_id=sent.request_id,
        is_doubtful=True,
    )


def _answered(past: Past, entry: Answered) -> Past:
    if past.request_id != entry.request_id:
        return past
    return replace(
        past,
        http_status=entry.http_status,
        trace_id=entry.trace_id,
        error=entry.error,
        is_doubtful=entry.is_doubtful,
    )


def _past_of_record(record: Record) -> list[Past]:
    earlier = [Past(**one) for one in record.history]
    last = Past(
        http_status=record.http_status,
        trace_id=record.trace_id,
        error=record.error,
        at=record.started_at,
        request_id=record.request_id,
        is_doubtful=record.status is Status.UNKNOWN,
    )
    return [*earlier, last]


def run_of(request_id: str) -> str:
    """Give the run that a request belongs to."""
    return request_id.rpartition("-")[0]


def ages_s(
    found: Recovery, *, now: datetime, clock_s: float, boot_id: str, longest_s: float
) -> list[float]:
    """Say how long ago the requests of earlier runs were sent, as far as it matters.

    Args:
        found: What earlier runs left.
        now: The wall clock, for what a machine that was started anew has sent.
        clock_s: The monotonic clock of this boot.
        boot_id: The name of this boot.
        longest_s: Requests that are older do not matter.
    """
    is_same_boot = bool(found.headers) and found.headers[-1].boot_id == boot_id
    ages = [
        clock_s - one.clock_s if is_same_boot else _age_s(one.at, now)
        for one in found.sent
    ]
    in_sent = {one.request_id for one in found.sent}
    cutoff = timestamp(now - timedelta(seconds=longest_s))
    for record in found.records.values():
        is_recent = record.finished_at is not None and record.finished_at >= cutoff
        if is_recent and record.request_id not in in_sent:
            ages.extend(_age_s(at, now) for at in _moments(record))
    return [max(0.0, age) for age in ages if age < longest_s]


def _moments(record: Record) -> list[str | None]:
    """Give the moments of a record's requests, the last ones no earlier than true."""
    earlier = [one.get("at") for one in record.history]
    read_back = [] if record.campaign_status is None else [record.finished_at]
    return [*earlier, record.finished_at, *read_back]


def _age_s(at: str | None, now: datetime) -> float:
    return 0.0 if at is None else (now - datetime.fromisoformat(at)).total_seconds()
