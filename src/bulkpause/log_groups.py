"""Take several logs together: of each id, the latest word of all of them holds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulkpause._text import timestamp
from bulkpause._value import value
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import LoadedLog, latest_records
from bulkpause.journal.recovery import Recovery, in_utc
from bulkpause.journal.run_id import started_at
from bulkpause.log_totals import totals_of_log
from bulkpause.model import SIMULATOR, Action, Item, Record, Status
from bulkpause.operation import operation_of
from bulkpause.report.group import LogGroup, RunWords
from bulkpause.report.log_status import LogStatus
from bulkpause.report.totals import Totals, add_all


@value
class OpenedLog:
    """A log as it was read: settled ids in brief.

    Attributes:
        path: The result log.
        loaded: What was read of it.
        totals: The totals of its ids.
        is_held: Whether a run held it; None if that cannot be known.
    """

    path: Path
    loaded: LoadedLog
    totals: Totals
    is_held: bool | None

    @property
    def recovery(self) -> Recovery:
        """The state that the runs of the log left."""
        return self.loaded.recovery

    def records(
        self, statuses: AbstractSet[str] = frozenset(Status)
    ) -> Iterator[Record]:
        """Read the last word on each id that was sent, one by one.

        Args:
            statuses: The statuses that are needed; others may be left out.

        Raises:
            LogError: The log was replaced or shortened since it was opened.
        """
        return latest_records(self.path, self.loaded, statuses)


class GroupKey(NamedTuple):
    """What logs must share for an id to be the same campaign in all of them."""

    endpoint: str
    account: str | None
    action: Action


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


def open_log(path: Path) -> OpenedLog:
    """Read a log in brief, and see whether a run holds it.

    Raises:
        LogError: It cannot be read, is damaged, or is of a newer version.
    """
    # Before the log is read: a run that ends meanwhile may have changed it.
    is_held = SYSTEM.is_locked(path)
    loaded, totals = totals_of_log(path)
    return OpenedLog(path=path, loaded=loaded, totals=totals, is_held=is_held)


def group_logs(
    logs: Iterable[OpenedLog], now: datetime, *, needs_records: bool
) -> list[LogGroup]:
    """Take logs of the same endpoint, account and action together.

    Args:
        logs: The logs.
        now: The wall clock.
        needs_records: Whether the records are needed also of a log that is alone in
            its group, and not only their totals.

    Raises:
        LogError: A log was replaced or shortened since it was opened.
    """
    groups: dict[GroupKey, list[OpenedLog]] = {}
    for log in logs:
        groups.setdefault(_key_of(log), []).append(log)
    for key, members in groups.items():
        if key.action is Action.PAUSE:
            undos = groups.get(key._replace(action=Action.RESUME), [])
            _note_undos(members, undos)
    return [
        _together(key, members, now)
        if len(members) > 1
        else _alone(key, members[0], now, needs_records=needs_records)
        for key, members in groups.items()
    ]


def _key_of(log: OpenedLog) -> GroupKey:
    """Tell which logs a log may be taken together with."""
    recovery = log.recovery
    # Records of version 1 tell the endpoint by the end of their run's id alone.
    tag = (recovery.last_run_id or "").rpartition("-")[2]
    # All records of a log are of one account.
    record = next(log.records(), None)
    return GroupKey(
        endpoint=recovery.endpoint or tag,
        account=None if record is None else record.account,
        action=recovery.action,
    )


def _note_undos(logs: Sequence[OpenedLog], undos: Sequence[OpenedLog]) -> None:
    """Note in the totals of logs that one of the undos has resumed their campaigns."""
    for undo in undos:
        resumed = {
            word.said.id: word.at
            for word in _words_of(0, undo)
            if isinstance(word.said, Record) and _may_be_resumed(word.said)
        }
        for log in logs if resumed else ():
            if log.totals.undone_by is None and any(
                word.said.id in resumed and word.at <= resumed[word.said.id]
                for word in _words_of(0, log)
            ):
                log.totals.undone_by = str(undo.path)


def _may_be_resumed(record: Record) -> bool:
    return record.status.is_done or record.status is Status.UNKNOWN


def _alone(
    key: GroupKey, log: OpenedLog, now: datetime, *, needs_records: bool
) -> LogGroup:
    """Make a group of one log from its totals."""
    path, recovery = str(log.path), log.recovery
    counts = Counter(record.run_id or "" for record in recovery.latest.values())
    for run_id in {origin.run_id for origin in recovery.brief.live_origins}:
        counts[run_id] += recovery.brief.count_of_run(run_id)
    counts[""] += len(recovery.not_attempted)
    runs = {(0, run_id): ids for run_id, ids in counts.items() if ids}
    sent = list(log.records()) if needs_records else []
    return LogGroup(
        status=_status([log], log.totals, now),
        account=key.account,
        action=key.action,
        logs=[path],
        records=[*sent, *recovery.invalid.values()] if needs_records else [],
        not_attempted=[(item, path) for item in recovery.not_attempted],
        requests_of=sent,
        runs=list(_runs(runs, [path])),
        log_of_run={run_id or None: path for _, run_id in runs},
        open_logs=frozenset({path}),
    )


def _together(key: GroupKey, logs: Sequence[OpenedLog], now: datetime) -> LogGroup:
    """Make a group of the last words of its logs."""
    words = list(_last_words(logs))
    paths = [str(log.path) for log in logs]
    sent = [word.said for word in words if isinstance(word.said, Record)]
    records = [*sent, *(one for log in logs for one in log.recovery.invalid.values())]
    left = [(w.said, paths[w.log]) for w in words if isinstance(w.said, Item)]
    counts = Counter((word.log, _run_of(word) or "") for word in words)
    return LogGroup(
        status=_status(logs, _totals(key.action, logs, words, records), now),
        account=key.account,
        action=key.action,
        logs=paths,
        records=records,
        not_attempted=left,
        requests_of=[record for log in logs for record in log.records()],
        runs=list(_runs(counts, paths)),
        log_of_run={run_id or None: paths[log] for log, run_id in counts},
        open_logs=frozenset(_open_logs(logs, words)),
    )


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
        at = record.finished_at
        yield Word("" if at is None else in_utc(at), record, number)
    planned_at = _planned_at(log.recovery)
    for item in log.recovery.not_attempted:
        yield Word(planned_at, item, number)


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
    undone_by = (log.totals.undone_by for n, log in enumerate(logs) if n in said_by)
    totals = Totals(
        operation=operation_of(action),
        rows=len(words) + invalid + not_on_record,
        not_on_record=not_on_record,
        is_plan_known=all(log.recovery.is_plan_known for log in logs),
        undone_by=next(filter(None, undone_by), None),
    )
    return add_all(records, totals)


def _status(logs: Sequence[OpenedLog], totals: Totals, now: datetime) -> LogStatus:
    recoveries = [log.recovery for log in logs]
    last = max(recoveries, key=lambda one: one.last_at or "")
    ends = [one.last_at for one in recoveries if one.last_at is not None]
    ages_s = [one.age_s(now) or 0.0 for one in recoveries]
    is_single = len(logs) == 1
    return LogStatus(
        log=str(logs[0].path) if is_single else f"{len(logs)} logs together",
        totals=totals,
        endpoint=last.endpoint,
        is_simulated=last.endpoint == SIMULATOR,
        is_held=_is_any_held([log.is_held for log in logs]),
        first_at=min((r.first_at for r in recoveries if r.first_at), default=None),
        last_at=last.last_at,
        age_s=last.age_s(now),
        run_id=last.last_run_id if is_single else None,
        oldest_end_at=None if is_single else min(ends, default=None),
        oldest_age_s=None if is_single else max(ages_s),
    )


def _is_any_held(are_held: Sequence[bool | None]) -> bool | None:
    if True in are_held:
        return True
    return None if None in are_held else False


def _runs(
    counts: Mapping[tuple[int, str], int], paths: Sequence[str]
) -> Iterator[RunWords]:
    """Count the last words of each run, in the order of their logs and times."""
    for (log, run_id), ids in sorted(counts.items()):
        yield RunWords(run_id=run_id or None, log=paths[log], ids=ids)


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
    """Tell whether something may be left to do for an id: also if it was left alone."""
    return status.is_retryable or status is Status.NOT_RESUMABLE
