"""A file of lines that one process at a time appends to: the door to the disk.

A line is one `write`, so that no crash of ours leaves half of it; what a crash of
the machine leaves without its line end is cut when the file is opened again.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.platform import lock, sync_data, sync_directory


_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
_BLOCK_BYTES = 1 << 20


#: Which file it is, how long, and when it was last changed; None for one that holds
#: nothing, or does not exist.
FileState = tuple[int, int, int] | None


class AppendFile:
    """Opens or creates a file, for its owner alone, and locks it.

    Attributes:
        path: Where it is.
        torn_bytes: How much of a torn last line was cut off.

    Raises:
        LogError: It cannot be opened, or is no regular file.
        LogHeldError: Another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._error: LogError | None = None
        try:
            self._file = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise _failed(path, "opened", error) from error
        try:
            self._take()
        except BaseException:
            os.close(self._file)
            raise

    def _take(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise LogError(f"{self.path} is no regular file")
        try:
            lock(self._file)
        except OSError:
            raise LogHeldError(f"another run holds {self.path}") from None
        try:
            self._cut_torn_line()
            sync_directory(self.path.parent)
        except OSError as error:
            raise _failed(self.path, "mended", error) from error

    def _cut_torn_line(self) -> None:
        size = end = os.fstat(self._file).st_size
        while end > 0:
            start = max(0, end - _BLOCK_BYTES)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        self.torn_bytes = size - end
        if self.torn_bytes:
            os.ftruncate(self._file, end)

    @property
    def state(self) -> FileState:
        """How the file stands now."""
        return _state(os.fstat(self._file))

    def lines(self) -> Iterator[bytes]:
        """Read the lines that are there, without their ends."""
        try:
            with open(self._file, "rb", closefd=False) as file:
                file.seek(0)
                for line in file:
                    yield line[:-1]
        except OSError as error:
            raise _failed(self.path, "read", error) from error

    def append(self, line: bytes) -> None:
        """Write a line, its end included, at once.

        Raises:
            LogError: It, or one before it, could not be written or synced.
        """
        if self._error is not None:
            raise self._error
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            self._error = _failed(self.path, "written", error)
            raise self._error from error

    def sync(self) -> None:
        """Take what was written to the disk.

        What a failed sync left behind is not known, and a second one may succeed
        without it, so that it is never tried again.
        https://www.usenix.org/conference/atc20/presentation/rebello

        Raises:
            LogError: It, or one before it, failed.
        """
        if self._error is not None:
            raise self._error
        try:
            sync_data(self._file)
        except OSError as error:
            self._error = _failed(self.path, "synced", error)
            raise self._error from error

    def fail_like(self, other: "AppendFile") -> None:
        """Refuse all further lines if another file refuses them."""
        self._error = self._error or other._error  # noqa: SLF001 (of our own class)

    def remove(self) -> None:
        """Delete the file."""
        try:
            self.path.unlink()
        except OSError as error:
            raise _failed(self.path, "removed", error) from error

    def close(self) -> None:
        os.close(self._file)


def read_lines(path: Path) -> Iterator[bytes]:
    """Read the whole lines of a file that another process may be writing.

    A file that does not exist has none.

    Raises:
        LogError: It cannot be read, or is no regular file.
    """
    try:
        # A device or a pipe may never end, or never begin.
        if not stat.S_ISREG(path.stat().st_mode):
            raise LogError(f"{path} is no regular file")
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise _failed(path, "read", error) from error


def state_of(path: Path) -> FileState:
    """Say how a file stands now."""
    try:
        return _state(path.stat())
    except OSError:
        return None


def _state(found: os.stat_result) -> FileState:
    if not found.st_size:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _failed(path: Path, what: str, error: OSError) -> LogError:
    reason = error.strerror or "unknown error"
    return LogError(f"{path} cannot be {what}: {reason}")
