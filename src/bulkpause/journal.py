"""The result log: one JSON line for each final record, appended by one writer.

A line is one `write`, so that no crash of ours leaves half of it. What a crash of
the machine could still take is synced in groups: a record is on the disk at most
`SYNC_WITHIN_S` after it was written, or the run ends.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bulkpause.errors import LogError, LogHeldError
from bulkpause.model import Record


#: Seconds from a record's write to the sync that takes it to the disk.
SYNC_WITHIN_S = 0.05


def encode(record: Record) -> bytes:
    """Write a record as one line of JSON, newline included."""
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


class Journal:
    """Appends records to a new log, which it creates and locks.

    Args:
        path: Must not exist, whatever it is; it is created with mode 0600.

    Raises:
        LogError: The log exists or can not be created.
        LogHeldError: Another run holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._file = os.open(path, flags, 0o600)
        except FileExistsError:
            raise LogError(f"{path} exists; a log is never overwritten") from None
        except OSError as error:
            raise self._failed("created", error) from error
        self._lock()
        self._error: LogError | None = None
        self._is_closing = False
        self._unsynced = asyncio.Event()
        self._syncer: asyncio.Task[None] | None = None

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise LogHeldError(f"another run holds {self.path}") from None

    async def __aenter__(self) -> Self:
        self._syncer = asyncio.create_task(self._sync_in_groups())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing = True
        self._unsynced.set()
        if self._syncer is not None:
            # Not cancelled: the file must stay open until its last sync is through.
            await self._syncer
        os.close(self._file)
        if self._error is not None and error is None:
            raise self._error

    def write(self, record: Record) -> None:
        """Append a record.

        Raises:
            LogError: It, or one before it, could not be written or synced.
        """
        if self._error is not None:
            raise self._error
        line = encode(record)
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            self._error = self._failed("written", error)
            raise self._error from error
        self._unsynced.set()

    async def _sync_in_groups(self) -> None:
        while self._error is None and not self._is_closing:
            await self._unsynced.wait()
            if not self._is_closing:
                await asyncio.sleep(SYNC_WITHIN_S / 2)
                self._unsynced.clear()
            await asyncio.to_thread(self._sync)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._file)
        except OSError as error:
            # What a failed sync left behind is not known, and a second one may
            # succeed without it, so that it is never tried again.
            # https://www.usenix.org/conference/atc20/presentation/rebello
            self._error = self._failed("synced", error)

    def _failed(self, what: str, error: OSError) -> LogError:
        reason = error.strerror or "unknown error"
        return LogError(f"the log {self.path} can not be {what}: {reason}")
