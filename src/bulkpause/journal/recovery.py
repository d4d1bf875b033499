"""What a log and its write-ahead file say: what is done, what is open, what was sent.

A fold over their lines, without I/O or a clock. An id is open if the write-ahead
file knows of an attempt in a later run than the one of its last record.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bulkpause.journal.codec import Answered, Header, Sent, WalEntry
from bulkpause.model import Action, Item, PriorAttempt, Record, Status, timestamp


@dataclass(slots=True)
class Recovery:
    """All that a log and its write-ahead file say together."""

    #: The last record of each id.
    records: dict[str, Record] = field(default_factory=dict)
    #: Of rows without a usable id: a run that goes on may name the same ones again.
    invalid: dict[tuple[int | None, str | None], Record] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    planned: dict[str, Item] = field(default_factory=dict)
    #: How many ids the plan of the last run names so far.
    last_planned: int = 0
    sent: list[Sent] = field(default_factory=list)
    #: What was tried for the ids that need more.
    prior_attempts: dict[str, list[PriorAttempt]] = field(default_factory=dict)

    @property
    def settled(self) -> frozenset[str]:
        """The ids that need nothing more."""
        return frozenset(
            id_
            for id_, record in self.records.items()
            if record.status.is_settled and id_ not in self.prior_attempts
        )

    @property
    def not_pausable(self) -> int:
        """How many ids are settled and not paused."""
        return sum(
            record.status.is_settled and not record.status.is_paused
            for record in self.records.values()
        )

    @property
    def latest(self) -> dict[str, Record]:
        """The last word on each id: its record, or that a run left it in doubt."""
        return {**self.records, **{one.id or "": one for one in self.doubts}}

    @property
    def doubts(self) -> list[Record]:
        """What has no final record, since its run was left at once, and may be done."""
        return [
            self._doubt(id_, story)
            for id_, story in self.prior_attempts.items()
            if any(past.is_in_doubt for past in story) and self._is_cut_off(id_, story)
        ]

    def _is_cut_off(self, id_: str, story: list[PriorAttempt]) -> bool:
        record = self.records.get(id_)
        run_id = run_of(story[-1].request_id or "")
        return record is None or record.run_id != run_id

    def _doubt(self, id_: str, story: list[PriorAttempt]) -> Record:
        last = story[-1]
        item = self.planned.get(id_)
        return Record(
            id=id_,
            status=Status.UNKNOWN,
            http_status=last.http_status,
            trace_id=last.trace_id,
            error=last.error,
            attempts=len(story),
            row=None if item is None else item.row,
            request_id=last.request_id,
            started_at=story[0].at,
            finished_at=last.at,
            run_id=run_of(last.request_id or ""),
        )

    @property
    def unfinished(self) -> dict[str, Item]:
        """The ids that a retry takes up: failed, unknown, open, or not attempted."""
        settled = self.settled
        planned = {
            id_: item for id_, item in self.planned.items() if id_ not in settled
        }
        recorded = {
            id_: Item(id=id_, row=record.row or 0)
            for id_, record in self.records.items()
            if id_ not in settled
        }
        return planned | recorded

    @property
    def is_plan_whole(self) -> bool:
        """Whether the last run got so far that its plan is on record."""
        return not self.headers or self.last_planned == self.headers[-1].planned


def recover(records: Iterable[Record], entries: Iterable[WalEntry]) -> Recovery:
    """Read a log and its write-ahead file as one story."""
    found = Recovery()
    for record in records:
        if record.id is None:
            found.invalid[record.row, record.error] = record
        else:
            found.records[record.id] = record
    for id_, record in found.records.items():
        if not record.status.is_settled:
            found.prior_attempts[id_] = _past_of_record(record)
    answers: dict[str, Answered] = {}
    for entry in entries:
        _fold(found, entry, answers)
    _take_up_open(found, answers)
    return found


def _fold(found: Recovery, entry: WalEntry, answers: dict[str, Answered]) -> None:
    match entry:
        case Header():
            found.headers.append(entry)
            found.last_planned = 0
        case Sent():
            found.sent.append(entry)
        case Answered():
            answers[entry.request_id] = entry
        case _:
            found.last_planned += len(entry)
            found.planned.update((item.id, item) for item in entry)


def _take_up_open(found: Recovery, answers: dict[str, Answered]) -> None:
    """Add the attempts that no record speaks of: of later runs than the last one."""
    order: dict[str | None, int] = {
        header.run: number for number, header in enumerate(found.headers)
    }
    for sent in found.sent:
        record = found.records.get(sent.sent)
        # A run that the write-ahead file does not know is older than all that it does.
        recorded_in = -1 if record is None else order.get(record.run_id, -1)
        sent_in = order.get(run_of(sent.request_id), len(order))
        if sent.action is Action.PAUSE and sent_in > recorded_in:
            past = _past_of_sent(sent, answers.get(sent.request_id))
            found.prior_attempts.setdefault(sent.sent, []).append(past)


def _past_of_sent(sent: Sent, answer: Answered | None) -> PriorAttempt:
    """Take a request whose answer is not on record as one that may be applied."""
    if answer is None:
        return PriorAttempt(
            error="no_answer_on_record",
            at=sent.at,
            request_id=sent.request_id,
            is_in_doubt=True,
        )
    return PriorAttempt(
        http_status=answer.http_status,
        trace_id=answer.trace_id,
        error=answer.error,
        at=sent.at,
        request_id=sent.request_id,
        is_in_doubt=answer.is_doubtful,
    )


def _past_of_record(record: Record) -> list[PriorAttempt]:
    earlier = [PriorAttempt(**one) for one in record.history]
    last = PriorAttempt(
        http_status=record.http_status,
        trace_id=record.trace_id,
        error=record.error,
        at=record.started_at,
        request_id=record.request_id,
        is_in_doubt=record.status is Status.UNKNOWN,
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
