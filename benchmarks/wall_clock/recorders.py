"""Recorders that keep less than the journal, to measure the cost of each part."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from bulkpause.engine.ports import Recorder
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import Header, encode
from bulkpause.journal.writer import Journal, NullJournal
from bulkpause.model import Item, Record


class PlanRecorder(Recorder, Protocol):
    """A recorder that also takes the plan of a run."""

    def begin(self, header: Header, items: list[Item]) -> None: ...


#: Opens a recorder for the time of one run.
OpenRecorder = Callable[[], AbstractAsyncContextManager[PlanRecorder]]


class UnsyncedRecords(NullJournal):
    """Writes each record, and leaves the sync to the kernel."""

    def __init__(self, file: AppendFile) -> None:
        super().__init__()
        self._file = file

    def write(self, record: Record) -> None:
        self._file.append(encode(record))


class RecordsOnly(NullJournal):
    """The journal without its write-ahead log: records are written and synced."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def write(self, record: Record) -> None:
        self._journal.write(record)


def no_journal(_path: Path) -> OpenRecorder:
    """Keep nothing."""
    return _open_null_journal


def unsynced_records(path: Path) -> OpenRecorder:
    """Write the records, without a sync."""
    return partial(_open_unsynced_records, path)


def records_only(path: Path) -> OpenRecorder:
    """Write and sync the records, without a write-ahead log."""
    return partial(_open_records_only, path)


def full_journal(path: Path) -> OpenRecorder:
    """Keep the journal of a run as it is."""
    return partial(_journal, path)


def _journal(path: Path) -> Journal:
    return Journal(path, resume=False)


@asynccontextmanager
async def _open_null_journal() -> AsyncIterator[PlanRecorder]:
    yield NullJournal()


@asynccontextmanager
async def _open_unsynced_records(path: Path) -> AsyncIterator[PlanRecorder]:
    file = AppendFile(path)
    try:
        yield UnsyncedRecords(file)
    finally:
        file.close()


@asynccontextmanager
async def _open_records_only(path: Path) -> AsyncIterator[PlanRecorder]:
    async with _journal(path) as journal:
        yield RecordsOnly(journal)
