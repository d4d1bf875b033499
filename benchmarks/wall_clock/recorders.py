"""Recorders that keep less than the journal does, to tell what each half costs."""

from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bulkpause.engine.ports import Recorder
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import Header, encode
from bulkpause.journal.writer import Journal
from bulkpause.model import Action, Item, Record, Reply


class Keeper(Recorder, Protocol):
    """A recorder that is opened and closed, and told first what is planned."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def begin(self, header: Header, items: list[Item]) -> None: ...


class Nowhere:
    """Keeps nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def begin(self, header: Header, items: list[Item]) -> None:
        pass

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        pass

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        pass

    def write(self, record: Record) -> None:
        pass


class Unsynced(Nowhere):
    """Writes each record, and leaves the disk to the kernel."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = AppendFile(path)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, record: Record) -> None:
        self._file.append(encode(record))


class NotAhead(Nowhere):
    """The journal without its write-ahead half: records are written and synced."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._journal = whole(path)

    async def __aenter__(self) -> Self:
        await self._journal.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._journal.__aexit__(kind, error, traceback)

    def write(self, record: Record) -> None:
        self._journal.write(record)


def whole(path: Path) -> Journal:
    """Make the journal of a run, as it is."""
    return Journal(path, is_resumed=False, now=lambda: datetime.now(UTC))
