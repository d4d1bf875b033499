"""After a failure of the log, only what is known is said."""

import errno
from pathlib import Path

import pytest

from bulkpause.cli.log_failure import (
    LogFailure,
    check_none_is_missing,
    examine,
    record_of_unrecorded,
)
from bulkpause.errors import LogError
from bulkpause.journal.codec import encode
from bulkpause.model import Record
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status


def record(id_: str, status: Status = Status.PAUSED, run: str = "run") -> Record:
    return Record(id=id_, status=status, run_id=run, planned=3)


def totals_of(*statuses: Status) -> Totals:
    records = (record(str(n), status) for n, status in enumerate(statuses))
    return add_all(records, Totals(rows=9))


def failure_of(log: Path, error: LogError | None = None) -> LogFailure:
    seen = totals_of(Status.PAUSED, Status.PAUSED, Status.FAILED)
    return examine(log, "run", seen, error or LogError("it failed"))[0]


def test_records_of_run_on_disk_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    found = [record("1"), record("2", run="earlier"), record("3", Status.FAILED)]
    log.write_bytes(b"".join(map(encode, found)))
    (tmp_path / "log.jsonl.wal").write_bytes(b"")
    failure = failure_of(log)
    assert (failure.written, failure.on_record) == (3, 2)
    assert list(failure.lines()) == [
        f"on record in {log} now: 2 of 3 results",
        "if the log was moved or copied away, put that file back first",
        f"the write-ahead log {log}.wal is kept",
    ]


def test_run_that_sent_nothing_has_lost_nothing(tmp_path: Path) -> None:
    error = LogError("another run holds the log that was to be undone")
    failure, _ = examine(tmp_path / "log.jsonl", "run", totals_of(), error)
    assert list(failure.lines()) == ["nothing was sent"]


def test_lost_log_is_to_be_put_back(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    error = LogError("it failed")
    failure, recovery = examine(log, "run", totals_of(), error, unrecorded=1)
    assert (failure.has_log, recovery) == (False, None)
    assert list(failure.lines()) == [
        f"{log} is gone, with 0 results of this run: put it back",
        f"the write-ahead log {log}.wal is gone",
    ]


def test_damaged_log_gives_no_count(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"{}\n")
    failure, recovery = examine(log, "run", totals_of(), LogError("it failed"))
    assert (failure.on_record, recovery) == (None, None)
    first, *_ = failure.lines()
    assert first == f"{log} cannot be read; this run wrote 0 results to it"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free space on its disk first"),
        (errno.EFBIG, "raise the limit on the size of files first"),
        (errno.EIO, None),
    ],
)
def test_full_disk_has_remedy(tmp_path: Path, number: int, remedy: str | None) -> None:
    cause = OSError(number, "as the system says it")
    error = LogError("it cannot be written")
    error.__cause__ = cause
    assert failure_of(tmp_path / "log.jsonl", error).remedy == remedy


def test_full_disk_is_found_in_message_without_cause(tmp_path: Path) -> None:
    error = LogError("x cannot be written: No space left on device; in flight: 1")
    assert failure_of(tmp_path / "log", error).remedy == "free space on its disk first"


def test_fewer_records_on_disk_are_an_error() -> None:
    seen = totals_of(Status.PAUSED, Status.PAUSED)
    check_none_is_missing(seen, totals_of(Status.PAUSED, Status.PAUSED), Path("log"))
    more = totals_of(Status.PAUSED, Status.PAUSED, Status.UNKNOWN)
    check_none_is_missing(seen, more, Path("log"))
    # A lost record of an id that was sent is made anew, with the status `unknown`.
    lost = totals_of(Status.PAUSED, Status.UNKNOWN)
    with pytest.raises(LogError, match="has lost records of this run"):
        check_none_is_missing(seen, lost, Path("log"))


def test_sent_id_without_record_may_be_running() -> None:
    totals = totals_of(Status.PAUSED)
    totals.add(record_of_unrecorded("7", "run"))
    assert totals.parts_open() == {"unknown": 1, "not attempted": 7}
