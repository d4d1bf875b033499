"""Read a result log and its write-ahead log, without locking them."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bulkpause.errors import SettingsError
from bulkpause.journal.append_file import FileState, read_lines, state_of
from bulkpause.journal.codec import WalEntry
from bulkpause.journal.fold import recover
from bulkpause.journal.last_line import RESULT_LOG, WRITE_AHEAD_LOG, decode_file
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Record


#: What the name of a write-ahead log adds to that of its result log.
WAL_SUFFIX = ".wal"


def write_ahead_path(log: Path) -> Path:
    """Give the path of the write-ahead log of a result log."""
    return log.with_name(f"{log.name}{WAL_SUFFIX}")


def exists(log: Path) -> bool:
    """Check whether a result log or its write-ahead log exists, also as a dead link."""
    return any(os.path.lexists(path) for path in (log, write_ahead_path(log)))


def refuse_existing(
    log: Path, *, remedy: str = "resume it with resume=True, or name another"
) -> None:
    """Refuse to begin a new log where there is one.

    Args:
        log: The result log.
        remedy: The remedy, in the words of the caller's interface.

    Raises:
        SettingsError: The log or its write-ahead log exists.
    """
    for path in (log, write_ahead_path(log)):
        if os.path.lexists(path):
            raise SettingsError(
                f"{path} exists and is never overwritten: {remedy}; nothing was sent"
            )


@dataclass(frozen=True, slots=True)
class LoadedLog:
    """The recovery from a log, and the state of its two files before they were read.

    Writing to a file, cutting or deleting it changes its state, so the recovery is
    current while the states are the same.
    """

    recovery: Recovery
    states: tuple[FileState, ...]


def read_log(log: Path) -> LoadedLog:
    """Read a result log and its write-ahead log, with their states.

    Raises:
        LogError: One of them cannot be read, is damaged, or is of a newer version.
    """
    states = tuple(state_of(path) for path in (log, write_ahead_path(log)))
    return LoadedLog(read_recovery(log), states)


def read_recovery(log: Path) -> Recovery:
    """Read a result log and its write-ahead log.

    Raises:
        LogError: One of them cannot be read, is damaged, or is of a newer version.
    """
    with collection_paused():
        entries = list(_read_entries(log))
        return recover(_read_records(log), entries)


def read_run(log: Path, run_id: str) -> Iterator[Record]:
    """Read the records of one run, and make records of ids it sent and left without.

    Raises:
        LogError: A file cannot be read, is damaged, or is of a newer version.
    """
    entries = list(_read_entries(log))
    records = _read_records(log)
    if not entries:
        # Streamed: no record is missing, and the run may have millions of records.
        return (record for record in records if record.run_id == run_id)
    on_record = list(records)
    made = recover(on_record, entries).unrecorded
    return (record for record in (*on_record, *made) if record.run_id == run_id)


def _read_entries(log: Path) -> Iterator[WalEntry]:
    """Read the write-ahead log. Callers read it before the result log.

    It is removed once the result log has all records: read second, it could be gone
    while the records were not there yet when the result log was read.
    """
    path = write_ahead_path(log)
    return decode_file(
        read_lines(path), str(path), WRITE_AHEAD_LOG, is_paired=log.exists()
    )


def _read_records(log: Path) -> Iterator[Record]:
    is_paired = write_ahead_path(log).exists()
    return decode_file(read_lines(log), str(log), RESULT_LOG, is_paired=is_paired)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause garbage collection: loading a log only allocates long-lived objects.

    With collection on, a long log takes several times as long to read.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
