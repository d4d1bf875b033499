"""A log as it was read: settled ids in brief, its totals, and whether a run holds it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bulkpause._value import value
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import LoadedLog, latest_columns, latest_records
from bulkpause.journal.recovery import Recovery
from bulkpause.log_totals import totals_of_log
from bulkpause.report.group import RunWords
from bulkpause.report.log_status import LogStatus
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import SIMULATOR, Status


if TYPE_CHECKING:
    from bulkpause.model import Columns, PriorAttempt, Record


@value
class OpenedLog:
    """A log as it was read.

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
    ) -> "Iterator[Record]":
        """Read the last word on each id that was sent, one by one.

        Args:
            statuses: The statuses that are needed; others may be left out.

        Raises:
            LogError: The log was replaced or shortened since it was opened.
        """
        return latest_records(self.path, self.loaded, statuses)

    def columns(
        self, statuses: AbstractSet[str], names: Sequence[str]
    ) -> "Iterator[Columns]":
        """Read fields of the same records as columns, some records at a time.

        Args:
            statuses: The statuses that are needed; others may be left out.
            names: The fields, a column each.

        Raises:
            LogError: The log was replaced or shortened since it was opened.
        """
        return latest_columns(self.path, self.loaded, statuses, names)


def open_log(path: Path, *, needs_records: bool = False) -> OpenedLog:
    """Read a log, and see whether a run holds it.

    Args:
        path: The result log.
        needs_records: Whether all its records are needed at once, and not one by one.

    Raises:
        LogError: It cannot be read, is damaged, or is of a newer version.
    """
    # Before the log is read: a run that ends meanwhile may have changed it.
    is_held = SYSTEM.is_locked(path)
    loaded, totals = totals_of_log(path, needs_records=needs_records)
    return OpenedLog(path=path, loaded=loaded, totals=totals, is_held=is_held)


class RequestsOfLogs(TypedDict):
    """The part of a `LogGroup` that tells its requests."""

    requests_of: "Sequence[Record]"
    unrecorded: "Sequence[PriorAttempt]"
    replaced: "Sequence[Record]"


def requests_of_logs(
    logs: Sequence[OpenedLog], records: "Sequence[Sequence[Record]]"
) -> RequestsOfLogs:
    """Tell records of logs from what is made of requests without a record since.

    Args:
        logs: The logs.
        records: The last word of each on each id that was sent.
    """
    recorded: list[Record] = []
    unrecorded: list[PriorAttempt] = []
    replaced: list[Record] = []
    for log, words in zip(logs, records, strict=True):
        recovery = log.recovery
        made = {record.id or "" for record in recovery.unrecorded}
        recorded += [one for one in words if one.id not in made] if made else words
        for id_ in made:
            unrecorded += recovery.prior_attempts[id_]
        replaced += recovery.replaced
        replaced += [recovery.records[id_] for id_ in made & recovery.records.keys()]
    return RequestsOfLogs(
        requests_of=recorded, unrecorded=unrecorded, replaced=replaced
    )


def status_of(logs: Sequence[OpenedLog], totals: Totals, now: datetime) -> LogStatus:
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
        is_account_known=all(one.is_account_known for one in recoveries),
    )


def _is_any_held(are_held: Sequence[bool | None]) -> bool | None:
    if True in are_held:
        return True
    return None if None in are_held else False


def runs_of(
    counts: Mapping[tuple[int, str], int], paths: Sequence[str]
) -> Iterator[RunWords]:
    """Count the last words of each run, in the order of their logs and times."""
    for (log, run_id), ids in sorted(counts.items()):
        yield RunWords(run_id=run_id or None, log=paths[log], ids=ids)
