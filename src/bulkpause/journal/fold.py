"""Fold the lines of a result log and of its write-ahead log into a `Recovery`.

A settled id is kept in brief: most logs hold little else, and a million records. Its
record is kept whole where more of it is needed: if its status is to be retried, if a
request for the id was sent since, and if it is of version 1.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from bulkpause.journal.attempts import attempt_of_request, attempts_of_record
from bulkpause.journal.codec import (
    Answered,
    Header,
    Remembered,
    Sent,
    WalEntry,
    decode_mark,
    run_of,
)
from bulkpause.journal.glance import Glance
from bulkpause.journal.needs import BRIEF, Needs
from bulkpause.journal.record_file import RecordFile
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.settled import Origin
from bulkpause.model import Action, Earlier, Item, Record


def recover(
    records: RecordFile | Iterable[Record],
    entries: Iterable[WalEntry],
    needs: Needs = BRIEF,
) -> Recovery:
    """Fold the lines of a result log and of its write-ahead log into one state.

    Args:
        records: The records of the result log. They can be iterated repeatedly.
        entries: The lines of the write-ahead log.
        needs: What is needed of settled ids.
    """
    recovery = recover_records(records, needs)
    add_entries(recovery, entries, records, needs)
    return recovery


def recover_records(
    records: RecordFile | Iterable[Record], needs: Needs = BRIEF
) -> Recovery:
    """Fold the lines of a result log into a state, without its write-ahead log."""
    recovery = Recovery()
    fold, glance = _RecordFold(recovery, needs), Glance(recovery, needs)
    if isinstance(records, RecordFile):
        records = records.decode(
            lambda line: glance.take(line) or _takes_mark(recovery, line)
        )
    for record in records:
        fold.add(record)
    glance.end()
    fold.end()
    return recovery


def _takes_mark(recovery: Recovery, line: bytes) -> bool:
    """Take in a line that says that an undo was begun; False if it is another line."""
    if (mark := decode_mark(line)) is None:
        return False
    recovery.lines += 1
    recovery.undos.append(mark.undone_by)
    return True


class _RecordFold:
    """Folds records into a state, one by one."""

    def __init__(self, recovery: Recovery, needs: Needs) -> None:
        self._recovery = recovery
        self._brief, self._records = recovery.brief, recovery.records
        self._needs = needs
        # Without a time: one that is later than any.
        self._since = needs.since or "~"

    def add(self, record: Record) -> None:
        recovery, id_ = self._recovery, record.id
        recovery.lines += 1
        if id_ is None:
            _add_invalid(recovery, record)
            _add_planned_count(recovery, record.planned)
            recovery.last = record
            return
        if id_ in self._brief.ids or id_ in self._records:
            recovery.supersede(id_)
        origin = self._origin_of(record)
        if origin is None:
            self._add_whole(id_, record)
        else:
            self._add_brief(id_, record, origin)
        recovery.last = origin or record
        recovery.add_times(record.started_at, record.finished_at)

    def _add_whole(self, id_: str, record: Record) -> None:
        # A copy takes a fourth of the memory of one that `codec` made in haste.
        self._records[id_] = replace(record)
        _add_planned_count(self._recovery, record.planned)

    def _add_brief(self, id_: str, record: Record, origin: Origin) -> None:
        self._brief.ids[id_] = self._brief.number_of(origin)
        if (record.finished_at or "") >= self._since:
            self._recovery.recent[id_] = record
        if self._needs.tally is not None:
            self._needs.tally.add(record)

    def _origin_of(self, record: Record) -> Origin | None:
        """Give the origin of a record; None if it must be kept whole."""
        if not record.status.is_settled or record.status in self._needs.whole:
            return None
        run_id, planned, endpoint = record.run_id, record.planned, record.endpoint
        if run_id is None or planned is None or endpoint is None:
            return None
        return Origin(
            status=record.status,
            run_id=run_id,
            planned=planned,
            endpoint=endpoint,
            action=record.action,
            account=record.account,
            input_digest=record.input_digest,
        )

    def end(self) -> None:
        """Complete the state after the last record."""
        recovery = self._recovery
        for origin in self._brief.origins:
            _add_planned_count(recovery, origin.planned)
        for id_, record in self._records.items():
            if not record.status.is_settled:
                recovery.prior_attempts[id_] = attempts_of_record(record)


def _add_planned_count(recovery: Recovery, planned: int | None) -> None:
    if planned is not None:
        recovery.most_planned = max(recovery.most_planned or 0, planned)


def _add_invalid(recovery: Recovery, record: Record) -> None:
    # Version 1 worded the errors in another way: a run that resumes its log names the
    # same row again, which must not count twice.
    recovery.invalid.pop((record.row, None), None)
    key = (record.row, None if record.v < 2 else record.error)
    recovery.invalid[key] = record


def add_entries(
    recovery: Recovery,
    entries: Iterable[WalEntry],
    records: Iterable[Record],
    needs: Needs = BRIEF,
) -> None:
    """Fold the lines of a write-ahead log into the state of its result log.

    Args:
        recovery: The state of the result log.
        entries: The lines of the write-ahead log.
        records: The records of the result log, should some be needed whole.
        needs: What is needed of settled ids.
    """
    fold = _EntryFold(recovery, needs)
    for entry in entries:
        fold.add(entry)
    fold.end(records)


class _EntryFold:
    """Folds the lines of a write-ahead log into a state, one by one."""

    def __init__(self, recovery: Recovery, needs: Needs) -> None:
        self._recovery = recovery
        self._recent_s = needs.recent_s
        self._replies: dict[str, Answered] = {}
        #: How many lists each run has begun.
        self._lists: Counter[str] = Counter()
        #: The last requests of the present run that are long over.
        self._over: deque[Sent] = deque()

    def add(self, entry: WalEntry) -> None:
        match entry:
            case Sent():
                self._add_sent(entry)
            case Header():
                self._add_header(entry)
            case Answered():
                self._replies[entry.request_id] = entry
            case Remembered():
                self._add_remembered(entry)
            case _:
                self._add_plan(entry)

    def _add_header(self, header: Header) -> None:
        recovery = self._recovery
        self._keep_recent()
        self._lists[header.run] += 1
        recovery.headers.append(header)
        recovery.plan_sizes.append(0)
        _add_planned_count(recovery, header.planned_before)

    def _add_plan(self, items: Sequence[Item]) -> None:
        recovery = self._recovery
        run = None
        if recovery.headers:
            recovery.plan_sizes[-1] += len(items)
            run = recovery.headers[-1].run
        run_of_settled = recovery.brief.run_of
        is_first_list = run is not None and self._lists[run] == 1
        for item in items:
            # What the run of its first list has recorded needs no plan any more.
            if not (is_first_list and run_of_settled(item.id) == run):
                recovery.planned[item.id] = item

    def _add_remembered(self, remembered: Remembered) -> None:
        """Keep what was read last: an id that is in doubt is not read for this."""
        earlier = Earlier(
            status=remembered.status, scheduled_time=remembered.scheduled_time
        )
        self._recovery.remembered[remembered.remembered] = earlier

    def _add_sent(self, sent: Sent) -> None:
        self._recovery.add_times(sent.at, sent.at)
        # The record of a request that is named is not counted for it once more.
        if self._is_over(sent) and sent.sent not in self._recovery.recent:
            self._add_over(sent)
        else:
            self._recovery.sent.append(sent)

    def _is_over(self, sent: Sent) -> bool:
        """Tell whether the run of a request has recorded its id after it, in brief.

        A list holds an id once. Only a second list of the run may send it again.
        """
        run = self._recovery.brief.run_of(sent.sent)
        return run is not None and sent.run_id == run and self._lists[run] == 1

    def _add_over(self, sent: Sent) -> None:
        """Keep a request that is over as long as it is among the recent ones."""
        if not self._recent_s:
            return
        over, oldest_s = self._over, sent.clock_s - self._recent_s
        over.append(sent)
        while over[0].clock_s < oldest_s:
            over.popleft()

    def _keep_recent(self) -> None:
        self._recovery.sent.extend(self._over)
        self._over.clear()

    def end(self, records: Iterable[Record]) -> None:
        """Take in what was sent without being recorded since."""
        self._keep_recent()
        order = {
            header.run: number for number, header in enumerate(self._recovery.headers)
        }
        if doubted := self._settled_and_sent(order):
            _keep_whole(self._recovery, doubted, records)
        _add_unrecorded_attempts(self._recovery, self._replies, order)

    def _settled_and_sent(self, order: Mapping[str, int]) -> set[str]:
        """Find ids in brief for which a request may have been sent since."""
        found: set[str] = set()
        for sent in self._recovery.sent:
            run = self._recovery.brief.run_of(sent.sent)
            if run is None or sent.action is Action.READ or self._is_over(sent):
                continue
            sent_in = order.get(sent.run_id, len(order))
            if run == sent.run_id or order.get(run, -1) < sent_in:
                found.add(sent.sent)
        return found


def _keep_whole(
    recovery: Recovery, ids: AbstractSet[str], records: Iterable[Record]
) -> None:
    """Replace what is known of ids in brief by their last records."""
    for record in records:
        if record.id is not None and record.id in ids:
            recovery.records[record.id] = record
    for id_ in ids:
        recovery.brief.discard(id_)
        recovery.recent.pop(id_, None)


def _add_unrecorded_attempts(
    recovery: Recovery, replies: Mapping[str, Answered], order: Mapping[str, int]
) -> None:
    """Add the attempts that were made after the id's last record was made."""
    for sent in recovery.sent:
        record = recovery.records.get(sent.sent)
        if (
            sent.action is Action.READ
            or sent.sent in recovery.brief.ids
            or (record is not None and _is_made_after(record, sent, order))
        ):
            continue
        attempt = attempt_of_request(sent, replies.get(sent.request_id))
        recovery.prior_attempts.setdefault(sent.sent, []).append(attempt)


def _is_made_after(record: Record, sent: Sent, order: Mapping[str, int]) -> bool:
    """Tell whether a record was made after a request for its id."""
    if record.request_id == sent.request_id:
        return True
    # A run that is not in the write-ahead log is older than all that are.
    recorded_in = -1 if record.run_id is None else order.get(record.run_id, -1)
    sent_in = order.get(sent.run_id, len(order))
    if recorded_in != sent_in or record.request_id is None:
        return recorded_in >= sent_in
    # One run may pause an id twice, in two lists.
    last = _number_of(record.request_id) if _is_of_its_run(record) else -1
    return last > _number_of(sent.request_id)


def _is_of_its_run(record: Record) -> bool:
    """Check whether the last attempt of a record is one of the run that made it."""
    return run_of(record.request_id or "") == record.run_id


def _number_of(request_id: str) -> int:
    number = request_id.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else 0
