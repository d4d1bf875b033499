"""Take several logs together: of each id, the latest word of all of them holds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import started_at
from bulkpause.log_totals import totals_of_log
from bulkpause.model import SIMULATOR, Action, Item, Record, timestamp
from bulkpause.report.group import LogGroup, RunWords
from bulkpause.report.log_status import LogStatus
from bulkpause.report.totals import Totals, add_all


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLog:
    """A log as it was read.

    Attributes:
        path: The result log.
        recovery: What it says.
        is_held: Whether a run held it; None if that cannot be known.
    """

    path: Path
    recovery: Recovery
    is_held: bool | None

    @property
    def records(self) -> Iterable[Record]:
        """The last word on each id that was sent."""
        return self.recovery.latest.values()


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
    """Read a log, and see whether a run holds it.

    Raises:
        LogError: It cannot be read, is damaged, or is of a newer version.
    """
    # Before the log is read: a run that ends meanwhile may have changed it.
    is_held = SYSTEM.is_locked(path)
    return OpenedLog(path=path, recovery=read_recovery(path), is_held=is_held)


def group_logs(logs: Sequence[OpenedLog], now: datetime) -> list[LogGroup]:
    """Take logs of the same endpoint, account and action together.

    Args:
        logs: The logs.
        now: The wall clock.
    """
    groups: dict[GroupKey, list[OpenedLog]] = {}
    for log in logs:
        groups.setdefault(key_of(log), []).append(log)
    return [_group(key, members, now) for key, members in groups.items()]


def key_of(log: OpenedLog) -> GroupKey:
    """Tell which logs a log may be taken together with."""
    recovery = log.recovery
    # Records of version 1 tell the endpoint by the end of their run's id alone.
    tag = (recovery.last_run_id or "").rpartition("-")[2]
    record = next(iter(log.records), None)
    account = None if record is None else record.account
    action = Action.PAUSE if record is None else record.action
    return GroupKey(recovery.endpoint or tag, account, action)


def _group(key: GroupKey, logs: Sequence[OpenedLog], now: datetime) -> LogGroup:
    words = list(_last_words(logs))
    invalid = [record for log in logs for record in log.recovery.invalid.values()]
    records = [word.said for word in words if isinstance(word.said, Record)]
    paths = [str(log.path) for log in logs]
    return LogGroup(
        status=_status(logs, _totals(logs, [*records, *invalid], len(words)), now),
        account=key.account,
        action=key.action,
        logs=paths,
        records=[*records, *invalid],
        not_attempted=[
            (word.said, paths[word.log])
            for word in words
            if isinstance(word.said, Item)
        ],
        requests_of=records if len(logs) == 1 else _all_records(logs),
        runs=list(_runs(words, paths)),
        log_of_run=_log_of_run(words, paths),
    )


def _last_words(logs: Sequence[OpenedLog]) -> Iterable[Word]:
    """Give the last word on each id, in the order of the logs and their lines."""
    if len(logs) == 1:
        return _words_of(0, logs[0])
    latest: dict[str, Word] = {}
    for number, log in enumerate(logs):
        for word in _words_of(number, log):
            id_ = word.said.id or ""
            before = latest.get(id_)
            if before is None or word.at >= before.at:
                latest[id_] = word
    return latest.values()


def _words_of(number: int, log: OpenedLog) -> Iterator[Word]:
    for record in log.records:
        yield Word(_in_utc(record.finished_at), record, number)
    for item in log.recovery.not_attempted:
        yield Word(_planned_at(log.recovery), item, number)


def _planned_at(recovery: Recovery) -> str:
    """Tell when the last plan of a log was made; later than all if it is not known.

    Since then, its ids were to be paused, so that they may be running.
    """
    begun = started_at(recovery.last_run_id or "")
    return "~" if begun is None else timestamp(begun)


def _in_utc(at: str | None) -> str:
    if at is None:
        return ""
    return at if at.endswith("Z") else timestamp(datetime.fromisoformat(at))


def _totals(logs: Sequence[OpenedLog], records: Sequence[Record], known: int) -> Totals:
    """Count the last words, and what each log should hold and does not."""
    if len(logs) == 1:
        return totals_of_log(logs[0].recovery)
    invalid = sum(len(log.recovery.invalid) for log in logs)
    not_on_record = sum(log.recovery.not_on_record for log in logs)
    totals = Totals(
        rows=known + invalid + not_on_record,
        not_on_record=not_on_record,
        is_plan_known=all(log.recovery.is_plan_known for log in logs),
    )
    return add_all(records, totals)


def _status(logs: Sequence[OpenedLog], totals: Totals, now: datetime) -> LogStatus:
    recoveries = [log.recovery for log in logs]
    ends = [one.last_at for one in recoveries if one.last_at is not None]
    starts = [one.first_at for one in recoveries if one.first_at is not None]
    last = max(recoveries, key=lambda one: one.last_at or "")
    endpoint = next((one.endpoint for one in recoveries if one.endpoint), None)
    is_held = [log.is_held for log in logs]
    return LogStatus(
        log=str(logs[0].path) if len(logs) == 1 else f"{len(logs)} logs together",
        totals=totals,
        endpoint=endpoint,
        is_simulated=endpoint == SIMULATOR,
        is_held=True if True in is_held else (None if None in is_held else False),
        first_at=min(starts, default=None),
        last_at=max(ends, default=None),
        age_s=last.age_s(now),
        run_id=last.last_run_id if len(logs) == 1 else None,
        oldest_end_at=min(ends, default=None),
        oldest_age_s=max((one.age_s(now) or 0.0 for one in recoveries), default=None),
    )


def _all_records(logs: Sequence[OpenedLog]) -> list[Record]:
    return [record for log in logs for record in log.records]


def _runs(words: Iterable[Word], paths: Sequence[str]) -> Iterator[RunWords]:
    """Count the last words of each run, in the order of their logs and times."""
    counts = Counter((word.log, _run_of(word) or "") for word in words)
    for (log, run_id), ids in sorted(counts.items()):
        yield RunWords(run_id=run_id or None, log=paths[log], ids=ids)


def _run_of(word: Word) -> str | None:
    return word.said.run_id if isinstance(word.said, Record) else None


def _log_of_run(words: Iterable[Word], paths: Sequence[str]) -> dict[str | None, str]:
    return {_run_of(word): paths[word.log] for word in words}
