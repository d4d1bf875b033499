"""Fold the lines of a result log into a `Recovery`.

`entry_fold` adds those of its write-ahead log, if there is one.

A settled id is kept in brief: most logs hold little else, and a million records. Its
record is kept whole where more of it is needed: if its status is to be retried, if a
request for the id was sent since, and if it is of version 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from bulkpause.journal.glance import Glance, take_mark
from bulkpause.journal.needs import BRIEF, Needs
from bulkpause.journal.record_file import Batch, LeftOf, RecordFile
from bulkpause.journal.recovery import Recovery, add_planned_count
from bulkpause.journal.settled import Origin


# What folds open ids and a write-ahead log is imported on use: most logs have none.
if TYPE_CHECKING:
    from bulkpause.journal.codec import WalEntry
    from bulkpause.model import Record


def recover(
    records: "RecordFile | Iterable[Record]",
    entries: "Iterable[WalEntry]",
    needs: Needs = BRIEF,
) -> Recovery:
    """Fold the lines of a result log and of its write-ahead log into one state.

    Args:
        records: The records of the result log. They can be iterated repeatedly.
        entries: The lines of the write-ahead log.
        needs: What is needed of settled ids.
    """
    recovery = recover_records(records, needs)
    entries = iter(entries)
    if (first := next(entries, None)) is not None:
        from bulkpause.journal.entry_fold import add_entries  # noqa: PLC0415

        add_entries(recovery, chain([first], entries), records, needs)
    return recovery


def recover_records(
    records: "RecordFile | Iterable[Record]", needs: Needs = BRIEF
) -> Recovery:
    """Fold the lines of a result log into a state, without its write-ahead log."""
    recovery = Recovery()
    fold, glance = _RecordFold(recovery, needs), Glance(recovery, needs)
    if isinstance(records, RecordFile):
        # Where every record is needed, a glance at one would be for nothing.
        records = records.decode_batches(
            _taking_whole(fold, recovery) if needs.is_whole else glance.left_of
        )
    for record in records:
        fold.add(record)
    glance.end()
    fold.end()
    return recovery


def _taking_whole(fold: "_RecordFold", recovery: Recovery) -> LeftOf:
    """Take sealed lines as whole records, and leave the others to `codec`."""
    from bulkpause.journal.codec import SealedLines  # noqa: PLC0415

    sealed = SealedLines()

    def left_of(batch: Batch) -> Iterator[tuple[int, bytes]]:
        records = sealed.decode([line for _, line in batch])
        if records is not None:
            fold.add_all(records)
            return
        yield from ((n, line) for n, line in batch if not take_mark(line, recovery))

    return left_of


class _RecordFold:
    """Folds records into a state, one by one."""

    def __init__(self, recovery: Recovery, needs: Needs) -> None:
        self._recovery = recovery
        self._brief, self._records = recovery.brief, recovery.records
        self._needs = needs
        self._is_whole = needs.is_whole
        # Without a time: one that is later than any.
        self._since = needs.since or "~"

    def add(self, record: "Record") -> None:
        recovery, id_ = self._recovery, record.id
        recovery.lines += 1
        if id_ is None:
            _add_invalid(recovery, record)
            add_planned_count(recovery, record.planned)
            recovery.last = record
            if record.account is not None:
                # Without one, it is in the log of some account.
                recovery.accounts.add(record.account)
            return
        recovery.accounts.add(record.account)
        if id_ in self._brief.ids or id_ in self._records:
            if not self._needs.is_for_long:
                recovery.replaced.append(self._records[id_])
            recovery.supersede(id_)
        origin = None if self._is_whole else self._origin_of(record)
        if origin is None:
            self._add_whole(id_, record)
        else:
            self._add_brief(id_, record, origin)
        recovery.last = origin or record
        recovery.add_times(record.started_at, record.finished_at)

    def add_all(self, records: "Sequence[Record]") -> None:
        """Add records whole, as `add` would one by one."""
        by_id = {record.id or "": record for record in records}
        if (
            len(by_id) < len(records)
            or "" in by_id
            or not self._records.keys().isdisjoint(by_id)
        ):
            for record in records:
                self.add(record)
        else:
            self._add_new(by_id)

    def _add_new(self, by_id: "dict[str, Record]") -> None:
        """Add records of ids that have none yet."""
        recovery, records = self._recovery, by_id.values()
        recovery.lines += len(records)
        recovery.last = next(reversed(records))
        recovery.accounts.update({record.account for record in records})
        self._records.update(
            {i: replace(one) for i, one in by_id.items()}
            if self._needs.is_for_long
            else by_id
        )
        for planned in {record.planned for record in records}:
            add_planned_count(recovery, planned)
        recovery.add_all_times(
            [record.started_at for record in records],
            [record.finished_at for record in records],
        )

    def _add_whole(self, id_: str, record: "Record") -> None:
        # A copy takes a fourth of the memory of one that `codec` made in haste, and
        # more time than all the rest.
        self._records[id_] = replace(record) if self._needs.is_for_long else record
        add_planned_count(self._recovery, record.planned)

    def _add_brief(self, id_: str, record: "Record", origin: Origin) -> None:
        self._brief.ids[id_] = self._brief.number_of(origin, record.reason)
        if (record.finished_at or "") >= self._since:
            self._recovery.recent[id_] = record
        if self._needs.tally is not None:
            self._needs.tally.add(record)

    def _origin_of(self, record: "Record") -> Origin | None:
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
            add_planned_count(recovery, origin.planned)
            recovery.accounts.add(origin.account)
        left = [
            (i, one) for i, one in self._records.items() if not one.status.is_settled
        ]
        if left:
            from bulkpause.journal.attempts import attempts_of_record  # noqa: PLC0415

            recovery.prior_attempts = {i: attempts_of_record(one) for i, one in left}


def _add_invalid(recovery: Recovery, record: "Record") -> None:
    # Version 1 worded the errors in another way: a run that resumes its log names the
    # same row again, which must not count twice.
    recovery.invalid.pop((record.row, None), None)
    key = (record.row, None if record.v < 2 else record.error)
    recovery.invalid[key] = record
