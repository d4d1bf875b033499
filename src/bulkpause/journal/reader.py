"""Read a result log and its write-ahead log, without taking hold of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bulkpause.journal.append_file import FileState, read_lines, state_of
from bulkpause.journal.codec import (
    WalEntry,
    decode_entries,
    decode_records,
)
from bulkpause.journal.recovery import Recovery, recover
from bulkpause.model import Record


def write_ahead_path(log: Path) -> Path:
    """Say where the write-ahead file of a log is."""
    return log.with_name(f"{log.name}.wal")


@dataclass(frozen=True, slots=True)
class LoadedLog:
    """What a log and its write-ahead file said, and how they stood before that.

    They only grow. As long as they stand so, there is nothing new to read.
    """

    recovery: Recovery
    states: tuple[FileState, ...]


def read_log(log: Path) -> LoadedLog:
    """Read what a log and its write-ahead file say, without taking hold of them.

    Raises:
        LogError: One cannot be read or is damaged.
    """
    states = tuple(state_of(path) for path in (log, write_ahead_path(log)))
    return LoadedLog(read_recovery(log), states)


def read_recovery(log: Path) -> Recovery:
    """Read what a log and its write-ahead file say, without taking hold of them.

    Raises:
        LogError: One cannot be read or is damaged.
    """
    with _nothing_to_collect():
        entries = list(_read_entries(log))
        return recover(decode_records(read_lines(log), str(log)), entries)


def read_run(log: Path, run_id: str) -> Iterator[Record]:
    """Read what is on record of one run: how ids ended, and what it left in doubt.

    Raises:
        LogError: The log or its write-ahead file cannot be read or is damaged.
    """
    entries = list(_read_entries(log))
    records = decode_records(read_lines(log), str(log))
    if not entries:
        # A run that left nothing open may be a long one. It is not kept.
        return (record for record in records if record.run_id == run_id)
    known = list(records)
    found = (*known, *recover(known, entries).doubts)
    return (record for record in found if record.run_id == run_id)


def _read_entries(log: Path) -> Iterator[WalEntry]:
    """Read the write-ahead file of a log, before the log.

    It is removed when the log holds all: to read it last could miss both.
    """
    ahead = write_ahead_path(log)
    return decode_entries(read_lines(ahead), str(ahead))


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Keep the collector from looking for garbage where nothing but lives is made.

    Reading a long log would take several times as long.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
