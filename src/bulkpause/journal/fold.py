"""Fold the lines of a result log and of its write-ahead log into a `Recovery`."""

from collections.abc import Iterable

from bulkpause.journal.attempts import attempt_of_request, attempts_of_record, run_of
from bulkpause.journal.codec import Answered, Header, Sent, WalEntry
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Action, Record


def recover(records: Iterable[Record], entries: Iterable[WalEntry]) -> Recovery:
    """Fold the lines of a result log and of its write-ahead log into one state."""
    recovery = recover_records(records)
    add_entries(recovery, entries)
    return recovery


def recover_records(records: Iterable[Record]) -> Recovery:
    """Fold the lines of a result log into a state, without its write-ahead log."""
    recovery = Recovery()
    record: Record | None = None
    most_planned = -1
    for record in records:
        if record.id is None:
            _add_invalid(recovery, record)
        else:
            recovery.records[record.id] = record
        if record.planned is not None and record.planned > most_planned:
            most_planned = record.planned
    recovery.last_record = record
    recovery.most_planned = None if most_planned < 0 else most_planned
    for id_, record in recovery.records.items():
        if not record.status.is_settled:
            recovery.prior_attempts[id_] = attempts_of_record(record)
    return recovery


def add_entries(recovery: Recovery, entries: Iterable[WalEntry]) -> None:
    """Fold the lines of a write-ahead log into the state of its result log."""
    replies: dict[str, Answered] = {}
    for entry in entries:
        _add_entry(recovery, entry, replies)
    _add_unrecorded_attempts(recovery, replies)


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
            recovery.plan_sizes.append(0)
            if entry.planned_before is not None:
                most_planned = recovery.most_planned or 0
                recovery.most_planned = max(most_planned, entry.planned_before)
        case Sent():
            recovery.sent.append(entry)
        case Answered():
            replies[entry.request_id] = entry
        case _:
            if recovery.headers:
                recovery.plan_sizes[-1] += len(entry)
            recovery.planned.update((item.id, item) for item in entry)


def _add_unrecorded_attempts(recovery: Recovery, replies: dict[str, Answered]) -> None:
    """Add the attempts that were made after the id's last record was made."""
    order: dict[str | None, int] = {
        header.run: number for number, header in enumerate(recovery.headers)
    }
    for sent in recovery.sent:
        record = recovery.records.get(sent.sent)
        if sent.action is Action.READ or (
            record is not None and _is_made_after(record, sent, order)
        ):
            continue
        attempt = attempt_of_request(sent, replies.get(sent.request_id))
        recovery.prior_attempts.setdefault(sent.sent, []).append(attempt)


def _is_made_after(record: Record, sent: Sent, order: dict[str | None, int]) -> bool:
    """Tell whether a record was made after a request for its id."""
    if record.request_id == sent.request_id:
        return True
    # A run that is not in the write-ahead log is older than all that are.
    recorded_in = order.get(record.run_id, -1)
    sent_in = order.get(run_of(sent.request_id), len(order))
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
