"""Derive the state of earlier runs from a result log and its write-ahead log.

A fold over their lines, without I/O or a clock. An id is unfinished if its last record
does not settle it, if it has no record, or if the write-ahead log holds a pause
attempt from a later run than the one of its last record.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bulkpause.journal.codec import Answered, Header, Sent, WalEntry
from bulkpause.model import Action, Item, PriorAttempt, Record, Status, timestamp


@dataclass(slots=True)
class Recovery:
    """The state that earlier runs left.

    Attributes:
        records: The last record of each id.
        invalid: The records of invalid rows, by row and error: a resumed run may
            record the same rows again.
        headers: The headers of the runs in the write-ahead log, in order.
        planned: The ids that the runs in the write-ahead log planned.
        last_planned: The number of ids in the plan of the last run, as far as it is
            in the write-ahead log.
        sent: The requests in the write-ahead log, in order.
        prior_attempts: The earlier pause attempts of each unfinished id that has any.
    """

    records: dict[str, Record] = field(default_factory=dict)
    invalid: dict[tuple[int | None, str | None], Record] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    planned: dict[str, Item] = field(default_factory=dict)
    last_planned: int = 0
    sent: list[Sent] = field(default_factory=list)
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
        """The number of ids that are settled and not paused."""
        return sum(
            record.status.is_settled and not record.status.is_paused
            for record in self.records.values()
        )

    @property
    def latest(self) -> dict[str, Record]:
        """The latest record of each id: from the log, or made because it is in doubt."""
        return {**self.records, **{record.id or "": record for record in self.in_doubt}}

    @property
    def in_doubt(self) -> list[Record]:
        """Records for ids that a killed run may have paused without recording it."""
        return [
            self._record_in_doubt(id_, attempts)
            for id_, attempts in self.prior_attempts.items()
            if any(attempt.is_in_doubt for attempt in attempts)
            and not self._is_recorded(id_, attempts[-1])
        ]

    def _is_recorded(self, id_: str, last: PriorAttempt) -> bool:
        record = self.records.get(id_)
        return record is not None and record.run_id == run_of(last.request_id or "")

    def _record_in_doubt(self, id_: str, attempts: list[PriorAttempt]) -> Record:
        last = attempts[-1]
        item = self.planned.get(id_)
        return Record(
            id=id_,
            status=Status.UNKNOWN,
            http_status=last.http_status,
            trace_id=last.trace_id,
            error=last.error,
            attempts=len(attempts),
            row=None if item is None else item.row,
            request_id=last.request_id,
            started_at=attempts[0].at,
            finished_at=last.at,
            run_id=run_of(last.request_id or ""),
        )

    @property
    def unfinished(self) -> dict[str, Item]:
        """The unfinished ids, which a retry sends: failed, in doubt, or not attempted."""
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
        """Whether the write-ahead log holds the whole plan of the last run."""
        return not self.headers or self.last_planned == self.headers[-1].planned

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on record: no record and no header."""
        return not (self.records or self.invalid or self.headers)

    @property
    def is_plan_known(self) -> bool:
        """Whether something says how many ids were planned."""
        return bool(self.headers) or any(
            record.planned is not None
            for record in (*self.records.values(), *self.invalid.values())
        )

    @property
    def not_on_record(self) -> int:
        """The number of planned ids of which not even the id is known."""
        counts = [record.planned or 0 for record in self.records.values()]
        counts += [header.planned for header in self.headers]
        known = {*self.records, *self.planned}
        return max(0, max(counts, default=0) - len(known))

    @property
    def not_attempted(self) -> list[Item]:
        """The planned ids that have neither a record nor a request."""
        latest = self.latest
        return [item for id_, item in self.planned.items() if id_ not in latest]

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the last run on record."""
        names = [record.endpoint for record in self.records.values()]
        names += [header.base_url for header in self.headers]
        return next((name for name in reversed(names) if name), None)

    @property
    def first_at(self) -> str | None:
        """When the first request was sent."""
        times = [record.started_at for record in self.records.values()]
        times += [sent.at for sent in self.sent]
        return min((at for at in times if at), default=None)

    @property
    def last_at(self) -> str | None:
        """When the last line was written."""
        times = [record.finished_at for record in self.records.values()]
        times += [sent.at for sent in self.sent]
        return max((at for at in times if at), default=None)

    @property
    def last_run_id(self) -> str | None:
        """The name of the last run."""
        runs = [record.run_id for record in self.records.values() if record.run_id]
        runs += [header.run for header in self.headers]
        return runs[-1] if runs else None

    def age_s(self, now: datetime) -> float | None:
        """Get the seconds since the last line."""
        return None if self.last_at is None else _age_s(self.last_at, now)

    def reopen(self, statuses: Collection[Status]) -> None:
        """Treat ids with these last statuses as open again."""
        for id_, record in self.records.items():
            if record.status in statuses and id_ not in self.prior_attempts:
                self.prior_attempts[id_] = _attempts_of_record(record)


def recover(records: Iterable[Record], entries: Iterable[WalEntry]) -> Recovery:
    """Fold the lines of a result log and of its write-ahead log into one state."""
    recovery = Recovery()
    for record in records:
        if record.id is None:
            _add_invalid(recovery, record)
        else:
            recovery.records[record.id] = record
    for id_, record in recovery.records.items():
        if not record.status.is_settled:
            recovery.prior_attempts[id_] = _attempts_of_record(record)
    replies: dict[str, Answered] = {}
    for entry in entries:
        _add_entry(recovery, entry, replies)
    _add_unrecorded_attempts(recovery, replies)
    return recovery


def _add_invalid(recovery: Recovery, record: Record) -> None:
    # Version 1 worded the errors in another way: a run that resumes its log names the
    # same row again, which must not count twice.
    recovery.invalid.pop((record.row, None), None)
    key = (record.row, None if record.v < 2 else record.error)
    recovery.invalid[key] = record


def _add_entry(
    recovery: Recovery, entry: WalEntry, replies: dict[str, Answered]
) -> None:
    match entry:
        case Header():
            recovery.headers.append(entry)
            recovery.last_planned = 0
        case Sent():
            recovery.sent.append(entry)
        case Answered():
            replies[entry.request_id] = entry
        case _:
            recovery.last_planned += len(entry)
            recovery.planned.update((item.id, item) for item in entry)


def _add_unrecorded_attempts(recovery: Recovery, replies: dict[str, Answered]) -> None:
    """Add the pause attempts from later runs than the one of the id's last record."""
    order: dict[str | None, int] = {
        header.run: number for number, header in enumerate(recovery.headers)
    }
    for sent in recovery.sent:
        record = recovery.records.get(sent.sent)
        # A run that is not in the write-ahead log is older than all that are.
        recorded_in = -1 if record is None else order.get(record.run_id, -1)
        sent_in = order.get(run_of(sent.request_id), len(order))
        if sent.action is Action.PAUSE and sent_in > recorded_in:
            attempt = _attempt_of_request(sent, replies.get(sent.request_id))
            recovery.prior_attempts.setdefault(sent.sent, []).append(attempt)


def _attempt_of_request(sent: Sent, reply: Answered | None) -> PriorAttempt:
    """Make an attempt of a request. Without an outcome on record it is in doubt."""
    if reply is None:
        return PriorAttempt(
            error="no_answer_on_record",
            at=sent.at,
            request_id=sent.request_id,
            is_in_doubt=True,
        )
    return PriorAttempt(
        http_status=reply.http_status,
        trace_id=reply.trace_id,
        error=reply.error,
        at=sent.at,
        request_id=sent.request_id,
        is_in_doubt=reply.is_doubtful,
    )


def _attempts_of_record(record: Record) -> list[PriorAttempt]:
    earlier = [PriorAttempt(**attempt) for attempt in record.history]
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
    """Give the id of the run that made a request."""
    return request_id.rpartition("-")[0]


def ages_s(
    recovery: Recovery, *, now: datetime, clock_s: float, boot_id: str, longest_s: float
) -> list[float]:
    """Give the ages in seconds of recent requests, so that rate limits count them.

    Args:
        recovery: The state that earlier runs left.
        now: The wall clock. It dates requests from an earlier boot.
        clock_s: The monotonic clock of this boot.
        boot_id: The id of this boot.
        longest_s: Older requests are left out.
    """
    is_same_boot = bool(recovery.headers) and recovery.headers[-1].boot_id == boot_id
    ages = [
        clock_s - sent.clock_s if is_same_boot else _age_s(sent.at, now)
        for sent in recovery.sent
    ]
    in_write_ahead_log = {sent.request_id for sent in recovery.sent}
    cutoff = timestamp(now - timedelta(seconds=longest_s))
    for record in recovery.records.values():
        is_recent = record.finished_at is not None and record.finished_at >= cutoff
        if is_recent and record.request_id not in in_write_ahead_log:
            ages.extend(_age_s(at, now) for at in _request_times(record))
    return [max(0.0, age) for age in ages if age < longest_s]


def _request_times(record: Record) -> list[str | None]:
    """List when a record's requests were sent.

    The last attempt and the read-back have no time of their own. `finished_at` is no
    earlier than either, so that their ages are not overestimated.
    """
    earlier = [attempt.get("at") for attempt in record.history]
    read_back = [] if record.campaign_status is None else [record.finished_at]
    return [*earlier, record.finished_at, *read_back]


def _age_s(at: str | None, now: datetime) -> float:
    return 0.0 if at is None else (now - datetime.fromisoformat(at)).total_seconds()
