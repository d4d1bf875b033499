"""Take several logs together: of each id, the latest word of all of them holds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from bulkpause._text import timestamp
from bulkpause.journal.recovery import Recovery, in_utc
from bulkpause.journal.run_id import started_at
from bulkpause.model import Item, Record
from bulkpause.opened_log import OpenedLog, requests_of_logs, runs_of, status_of
from bulkpause.operation import operation_of
from bulkpause.report.group import LogGroup
from bulkpause.report.totals import NOT_ATTEMPTED, Totals, add_all
from bulkpause.vocabulary import Action, Status


class Word(NamedTuple):
    """What a log says last of an id.

    Attributes:
        at: When: RFC 3339 in UTC to the millisecond, so that times compare as texts.
        said: The record, or the planned id that was not attempted.
        log: The number of the log.
    """

    at: str
    said: Record | Item
    log: int


def join_logs(
    action: Action,
    account: str | None,
    logs: Sequence[OpenedLog],
    now: datetime,
    replaced: AbstractSet[str],
) -> LogGroup:
    """Make a group of the last words of its logs.

    Args:
        action: What was done to the campaigns.
        account: The name of the account; None if the logs name none.
        logs: The logs.
        now: The wall clock.
        replaced: The ids that are left out: their last word is in logs of another
            action.
    """
    last_words = list(_last_words(logs))
    words = [word for word in last_words if word.said.id not in replaced]
    paths = [str(log.path) for log in logs]
    sent = [word.said for word in words if isinstance(word.said, Record)]
    records = [*sent, *(one for log in logs for one in log.recovery.invalid.values())]
    left = [(w.said, paths[w.log]) for w in words if isinstance(w.said, Item)]
    counts = Counter((word.log, _run_of(word) or "") for word in words)
    totals = _totals(action, logs, last_words, records)
    totals.replaced = len(last_words) - len(words)
    totals.rows -= totals.replaced
    return LogGroup(
        **requests_of_logs(logs, [list(log.records()) for log in logs]),
        status=status_of(logs, totals, now),
        account=account,
        action=action,
        logs=paths,
        records=records,
        not_attempted=left,
        runs=list(runs_of(counts, paths)),
        log_of_run={run_id or None: paths[log] for log, run_id in counts},
        open_logs=frozenset(_open_logs(logs, words)),
    )


def note_undos(logs: Sequence[OpenedLog], undos: Sequence[OpenedLog]) -> None:
    """Note in the totals of logs that one of the undos has resumed their campaigns."""
    for undo in undos:
        resumed = _resumed_at([undo])
        for log in logs if resumed else ():
            if log.totals.undone_by is None and any(
                word.said.id in resumed and word.at <= resumed[word.said.id]
                for word in _words_of(0, log)
            ):
                log.totals.undone_by = str(undo.path)


def replaced_ids(
    logs: Sequence[OpenedLog], undos: Sequence[OpenedLog]
) -> tuple[frozenset[str], frozenset[str]]:
    """Find the ids that count elsewhere, since their last word is there.

    Returns:
        The ids of the logs that an undo may have resumed since, and those of the undos
        of which one of the logs says something since.
    """
    resumed = _resumed_at(undos)
    paused = {word.said.id: word.at for word in _last_words(logs) if word.said.id}
    said = {word.said.id: word.at for word in _last_words(undos) if word.said.id}
    return (
        frozenset(id_ for id_, at in resumed.items() if at >= paused.get(id_, "~")),
        frozenset(id_ for id_, at in said.items() if paused.get(id_, "") > at),
    )


def left_to_pauses(
    logs: Sequence[OpenedLog], undos: Sequence[OpenedLog], replaced: AbstractSet[str]
) -> Counter[str]:
    """Count the ids of undos that count as the logs say, by what the undos say of them.

    Args:
        logs: The logs of pauses.
        undos: The logs of their undos.
        replaced: The ids that count in one of the two alone.
    """
    paused = {word.said.id for word in _last_words(logs)} - replaced - {None}
    return Counter(
        word.said.status.value if isinstance(word.said, Record) else NOT_ATTEMPTED
        for word in _last_words(undos)
        if word.said.id in paused
    )


def _resumed_at(undos: Sequence[OpenedLog]) -> dict[str, str]:
    """Tell when the undos last had each campaign that they may have resumed."""
    latest: dict[str, str] = {}
    for word in (word for undo in undos for word in _words_of(0, undo)):
        id_ = word.said.id
        if id_ and isinstance(word.said, Record) and _may_be_resumed(word.said):
            latest[id_] = max(latest.get(id_, ""), word.at)
    return latest


def _may_be_resumed(record: Record) -> bool:
    return record.status.is_done or record.status is Status.UNKNOWN


def _last_words(logs: Sequence[OpenedLog]) -> Iterable[Word]:
    """Give the last word on each id, in the order of the logs and their lines."""
    latest: dict[str, Word] = {}
    for number, log in enumerate(logs):
        for word in _words_of(number, log):
            before = latest.get(word.said.id or "")
            if before is None or _weight(word) >= _weight(before):
                latest[word.said.id or ""] = word
    return latest.values()


def _weight(word: Word) -> tuple[str, bool, bool]:
    """Order words by time. Of two at the same time, the one that leaves more open."""
    if isinstance(word.said, Item):
        return word.at, True, True
    status = word.said.status
    return (
        word.at,
        status is Status.REJECTED or not status.is_settled,
        not status.is_settled,
    )


def _words_of(number: int, log: OpenedLog) -> Iterator[Word]:
    for record in log.records():
        yield Word(_said_at(record), record, number)
    planned_at = _planned_at(log.recovery)
    for item in log.recovery.not_attempted:
        yield Word(planned_at, item, number)


def _said_at(record: Record) -> str:
    """Tell when a record was made. One that leaves an id open may be later than any."""
    if record.finished_at is not None:
        return in_utc(record.finished_at)
    return "" if record.status.is_settled else "~"


def _planned_at(recovery: Recovery) -> str:
    """Tell when the last plan of a log was made; later than all if it is not known.

    Since then, its ids were to be paused, so that they may be running.
    """
    begun = started_at(recovery.last_run_id or "")
    return "~" if begun is None else timestamp(begun)


def _totals(
    action: Action,
    logs: Sequence[OpenedLog],
    words: Sequence[Word],
    records: Sequence[Record],
) -> Totals:
    """Count the last words, and what each log should hold and does not."""
    invalid = sum(len(log.recovery.invalid) for log in logs)
    not_on_record = sum(log.recovery.not_on_record for log in logs)
    said_by = {word.log for word in words}
    undone = [
        log
        for number, log in enumerate(logs)
        if number in said_by and log.totals.undone_by is not None
    ]
    undos = dict.fromkeys(log.totals.undone_by or "" for log in undone)
    totals = Totals(
        operation=operation_of(action),
        rows=len(words) + invalid + not_on_record,
        not_on_record=not_on_record,
        is_plan_known=all(log.recovery.is_plan_known for log in logs),
        undone_by=" and ".join(undos) or None,
        undone_logs=[str(log.path) for log in undone],
        logs=len(logs),
    )
    return add_all(records, totals)


def _run_of(word: Word) -> str | None:
    return word.said.run_id if isinstance(word.said, Record) else None


def _open_logs(logs: Sequence[OpenedLog], words: Iterable[Word]) -> Iterator[str]:
    """Name the logs that have the last word on an open id, or lack ids."""
    for log in logs:
        if log.totals.lacks_ids:
            yield str(log.path)
    for word in words:
        if isinstance(word.said, Item) or _is_open(word.said.status):
            yield str(logs[word.log].path)


def _is_open(status: Status) -> bool:
    """Tell whether something may be left to do for an id: also if it was left alone or rejected."""
    return status.is_retryable or status in {Status.NOT_RESUMABLE, Status.REJECTED}
