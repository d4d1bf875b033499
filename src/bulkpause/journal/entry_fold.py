"""Fold the lines of a write-ahead log into the `Recovery` of its result log."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from bulkpause.journal.attempts import attempt_of_reply, attempt_of_request
from bulkpause.journal.codec import Answered, Header, Remembered, Sent, WalEntry, run_of
from bulkpause.journal.needs import BRIEF, Needs
from bulkpause.journal.recovery import Recovery, add_planned_count
from bulkpause.model import Earlier, Item, Record
from bulkpause.vocabulary import Action


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
        if header.names_account:
            recovery.accounts.add(header.account)
        add_planned_count(recovery, header.planned_before)
        add_planned_count(recovery, header.planned_in_log)

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
        self._recovery.answered = self._replies_alone(order)
        if doubted := self._settled_and_sent(order):
            _keep_whole(self._recovery, doubted, records)
        _add_unrecorded_attempts(self._recovery, self._replies, order)

    def _replies_alone(self, order: Mapping[str, int]) -> list[Answered]:
        """Find replies to requests that are missing: lines before them were lost."""
        sent = {one.request_id for one in self._recovery.sent}
        run_of_settled = self._recovery.brief.run_of
        return [
            reply
            for request_id, reply in self._replies.items()
            # The requests of others are over, and were not kept.
            if request_id not in sent
            and (
                (run := run_of_settled(reply.answered)) is None
                or order.get(run, -1) < order.get(reply.run_id, len(order))
            )
        ]

    def _settled_and_sent(self, order: Mapping[str, int]) -> set[str]:
        """Find ids in brief for which a request may have been sent since."""
        found = {reply.answered for reply in self._recovery.answered}
        found &= self._recovery.brief.ids.keys()
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
    for reply in recovery.answered:
        record = recovery.records.get(reply.answered)
        if record is None or not _is_made_after(record, reply, order):
            attempt = attempt_of_reply(reply, at=None)
            recovery.prior_attempts.setdefault(reply.answered, []).append(attempt)
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


def _is_made_after(
    record: Record, sent: Sent | Answered, order: Mapping[str, int]
) -> bool:
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
