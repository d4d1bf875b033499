"""Append lines to a file that one process locks, and read its lines.

A line is one `write`, so that a killed process leaves whole lines. A crash of the
machine may leave a torn last line; it is cut when the file is opened again.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.platform import lock, sync_data, sync_directory


_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
_BLOCK_BYTES = 1 << 20

#: The inode, size in bytes and modification time in nanoseconds of a file. None if it
#: is empty or does not exist.
FileState = tuple[int, int, int] | None


class AppendFile:
    """Opens or creates a file with mode 0600, and locks it.

    Attributes:
        path: The path of the file.
        torn_bytes: The length of the torn last line that was cut; 0 if there was none.

    Raises:
        LogError: It cannot be opened, or is not a regular file.
        LogHeldError: Another process holds its lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn_bytes = 0
        self._error: LogError | None = None
        try:
            self._file = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise _failed(path, "opened", error) from error
        try:
            self._prepare()
        except BaseException:
            os.close(self._file)
            raise

    def _prepare(self) -> None:
        _check_regular(self.path, os.fstat(self._file))
        try:
            lock(self._file)
        except OSError:
            raise LogHeldError(f"another run holds {self.path}") from None
        try:
            self._cut_torn_line()
            sync_directory(self.path.parent)
        except OSError as error:
            raise _failed(self.path, "repaired", error) from error

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._file).st_size
        end = self._end_of_last_line(size)
        self.torn_bytes = size - end
        if self.torn_bytes:
            os.ftruncate(self._file, end)

    def _end_of_last_line(self, size: int) -> int:
        """Find the offset after the last newline, reading blocks from the end."""
        end = size
        while end > 0:
            start = max(0, end - _BLOCK_BYTES)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    @property
    def state(self) -> FileState:
        """The present state of the file."""
        return _state(os.fstat(self._file))

    def lines(self) -> Iterator[bytes]:
        """Read all lines, without their newlines.

        Raises:
            LogError: The file cannot be read.
        """
        try:
            with open(self._file, "rb", closefd=False) as file:
                file.seek(0)
                for line in file:
                    yield line[:-1]
        except OSError as error:
            raise _failed(self.path, "read", error) from error

    def append(self, line: bytes) -> None:
        """Write a line, which ends with its newline.

        Raises:
            LogError: This write failed, or an earlier write or sync.
        """
        self._check_usable()
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            self._error = _failed(self.path, "written", error)
            raise self._error from error

    def sync(self) -> None:
        """Write all appended lines to the disk.

        A failed sync is never repeated: the kernel may have dropped the data, and a
        second sync may succeed without it.
        https://www.usenix.org/conference/atc20/presentation/rebello

        Raises:
            LogError: This sync failed, or an earlier write or sync.
        """
        self._check_usable()
        try:
            sync_data(self._file)
        except OSError as error:
            self._error = _failed(self.path, "synced", error)
            raise self._error from error

    def _check_usable(self) -> None:
        if self._error is not None:
            raise self._error

    def fail_with(self, error: LogError) -> None:
        """Refuse all further lines and syncs with this error."""
        self._error = self._error or error

    def remove(self) -> None:
        """Delete the file.

        Raises:
            LogError: It cannot be deleted.
        """
        try:
            self.path.unlink()
        except OSError as error:
            raise _failed(self.path, "removed", error) from error

    def close(self) -> None:
        """Close the file, which releases its lock."""
        os.close(self._file)


def read_lines(path: Path) -> Iterator[bytes]:
    """Read the whole lines of a file that another process may be writing.

    The newlines are left out, and so is a last line without one. A file that does not
    exist has no lines.

    Raises:
        LogError: It cannot be read, or is not a regular file.
    """
    try:
        # Before it is opened: opening a pipe may never return.
        _check_regular(path, path.stat())
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise _failed(path, "read", error) from error


def state_of(path: Path) -> FileState:
    """Get the present state of a file."""
    try:
        return _state(path.stat())
    except OSError:
        return None


def _state(status: os.stat_result) -> FileState:
    if not status.st_size:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _check_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise LogError(f"{path} is not a regular file; name another log")


def _failed(path: Path, action: str, error: OSError) -> LogError:
    reason = error.strerror or "unknown error"
    return LogError(f"{path} cannot be {action}: {reason}")
