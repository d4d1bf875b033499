"""Report a run whose log failed: what is known, what is on record, what to do."""

import errno
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.errors import LogError
from bulkpause.journal.attempts import NO_ANSWER
from bulkpause.journal.reader import write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.log_totals import totals_of_log
from bulkpause.model import Record
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status


#: Errors of a disk that can be mended before a retry, and how.
_REMEDIES = {
    errno.ENOSPC: "free space on its disk first",
    errno.EDQUOT: "free space in its quota first",
    errno.EFBIG: "raise the limit on the size of files first",
}


@value
class LogFailure:
    """What a log that failed during a run still holds.

    Attributes:
        detail: What failed.
        log: The log's path.
        written: The results of this run that were written.
        unrecorded: The ids that this run sent and whose results were not written.
        on_record: How many of these are on record now; None if the log cannot be read.
        has_log: Whether the log is where it was.
        has_write_ahead_log: Whether the write-ahead log is where it was.
        remedy: What to do before a retry; None if nothing is known to help.
    """

    detail: str
    log: str
    written: int
    unrecorded: int
    on_record: int | None
    has_log: bool
    has_write_ahead_log: bool
    remedy: str | None

    def lines(self) -> Iterator[str]:
        """Say what is on record and what was kept."""
        results = format_count(self.written, "result")
        if not (self.has_log or self.has_write_ahead_log or self._has_sent):
            yield "nothing was sent"
            return
        if not self.has_log:
            yield f"{self.log} is gone, with {results} of this run: put it back"
        elif self.on_record is None:
            yield f"{self.log} cannot be read; this run wrote {results} to it"
        else:
            yield f"on record in {self.log} now: {self.on_record} of {results}"
            if self.on_record < self.written:
                yield "if the log was moved or copied away, put that file back first"
        wal = write_ahead_path(Path(self.log))
        state = "is kept" if self.has_write_ahead_log else "is gone"
        yield f"the write-ahead log {wal} {state}"
        if self.remedy is not None:
            yield self.remedy

    @property
    def _has_sent(self) -> bool:
        return bool(self.written or self.unrecorded)

    def as_dict(self) -> dict[str, object]:
        """Convert to a JSON object."""
        return asdict(self)


def examine(
    log: Path, run_id: str, seen: Totals, error: LogError, *, unrecorded: int = 0
) -> tuple[LogFailure, Totals | None]:
    """Find what a failed log still holds, and its totals; None if it is unreadable.

    Args:
        log: The log.
        run_id: The name of the run.
        seen: The totals of the records that this run wrote.
        error: What failed.
        unrecorded: How many ids were sent without a record.
    """
    read = _read(log)
    failure = LogFailure(
        detail=str(error),
        log=sanitize(str(log)),
        written=seen.by_status.total(),
        unrecorded=unrecorded,
        on_record=None if read is None else _count(read[0], run_id),
        has_log=log.exists(),
        has_write_ahead_log=write_ahead_path(log).exists(),
        remedy=_remedy(error),
    )
    return failure, read[1] if read is not None and failure.has_log else None


def _read(log: Path) -> tuple[Recovery, Totals] | None:
    try:
        loaded, totals = totals_of_log(log)
    except LogError:
        return None
    return loaded.recovery, totals


def _count(recovery: Recovery, run_id: str) -> int:
    records = (*recovery.records.values(), *recovery.invalid.values())
    in_brief = recovery.brief.count_of_run(run_id)
    return in_brief + sum(record.run_id == run_id for record in records)


def _remedy(error: LogError) -> str | None:
    cause = error.__cause__
    for number, remedy in _REMEDIES.items():
        is_it = isinstance(cause, OSError) and cause.errno == number
        # The engine adds the ids in flight to the message, and drops its cause.
        if is_it or os.strerror(number) in str(error):
            return remedy
    return None


def check_none_is_missing(seen: Totals, on_disk: Totals, log: Path) -> None:
    """Compare the records that a run wrote with those on the disk.

    Raises:
        LogError: There are fewer on the disk with some status.
    """
    if any(seen.by_status[status] > on_disk.by_status[status] for status in Status):
        raise LogError(
            f"{sanitize(str(log))} has lost records of this run: it was moved, replaced "
            "or shortened"
        )


def record_of_unrecorded(id_: str, run_id: str) -> Record:
    """Make the record of an id that was sent and whose result is not on record."""
    return Record(id=id_, status=Status.UNKNOWN, error=NO_ANSWER, run_id=run_id)
