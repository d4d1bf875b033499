"""Append lines to a file that one process locks, and read its lines.

A line is one `write`, so that a killed process leaves whole lines. A crash of the
machine may leave a torn last line.

The file is watched while it grows: `check` notices that it was moved, removed,
replaced or shortened.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.platform import SYSTEM, System


_BLOCK_BYTES = 1 << 20
#: A long log is read in half the time that it takes 8 KiB by 8 KiB.
_READ_BYTES = 1 << 16
_DISK_WITH_LOCKS = (
    "name a log on a disk whose file system has locks, such as a local one"
)

#: The inode, size in bytes and modification time in nanoseconds of a file. None if it
#: is empty or does not exist.
FileState = tuple[int, int, int] | None


class AppendFile:
    """Opens or creates a file with mode 0600, and locks it.

    Args:
        path: The path of the file.
        system: The calls that differ between operating systems.

    Attributes:
        path: The path of the file.
        torn_bytes: The length of the torn last line that was cut; 0 if there was none.

    Raises:
        LogError: It cannot be opened or locked, or is not a regular file.
        LogHeldError: Another process holds its lock.
    """

    def __init__(self, path: Path, system: System = SYSTEM) -> None:
        self.path = path
        self._system = system
        self.torn_bytes = 0
        self._error: LogError | None = None
        self._file, is_new = _open(path, system)
        self._is_open = True
        #: Whether this process created it, so that it may delete it again.
        self._is_new = False
        try:
            self._prepare(is_new=is_new)
        except BaseException:
            self.discard()
            raise
        opened = os.fstat(self._file)
        self._size = opened.st_size
        #: No other file has it as long as this one is open.
        self._identity = (opened.st_dev, opened.st_ino)

    def _prepare(self, *, is_new: bool) -> None:
        _check_regular(self.path, os.fstat(self._file))
        self._lock(is_new=is_new)
        if _is_elsewhere(self._file, self.path):
            raise LogHeldError(f"another run has just removed {self.path}")
        # Only now: before it was locked, another process could have taken it.
        self._is_new = is_new
        try:
            self._system.sync_directory(self.path.parent)
        except OSError as error:
            raise _failed(self.path, "created", error) from error

    def _lock(self, *, is_new: bool) -> None:
        try:
            is_ours = self._system.lock(self._file)
        except OSError as error:
            # Nobody else can have taken it either.
            self._is_new = is_new
            failed = _failed(self.path, "locked", error)
            raise LogError(f"{failed}; {_DISK_WITH_LOCKS}") from error
        if not is_ours:
            raise LogHeldError(f"another run holds {self.path}")

    def tail(self) -> bytes:
        """Read the last line if it has no newline, else nothing.

        Raises:
            LogError: The file cannot be read.
        """
        try:
            size = os.fstat(self._file).st_size
            start = self._end_of_last_line(size)
            return self._read(start, size)
        except OSError as error:
            raise _failed(self.path, "read", error) from error

    def _end_of_last_line(self, size: int) -> int:
        """Find the offset after the last newline, reading blocks from the end."""
        end = size
        while end > 0:
            start = max(0, end - _BLOCK_BYTES)
            newline = self._read(start, end).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    def _read(self, start: int, end: int) -> bytes:
        os.lseek(self._file, start, os.SEEK_SET)
        return os.read(self._file, end - start)

    def cut_tail(self, size: int) -> None:
        """Cut a torn last line of this many bytes.

        Raises:
            LogError: It cannot be cut.
        """
        try:
            os.ftruncate(self._file, self._size - size)
        except OSError as error:
            raise _failed(self.path, "repaired", error) from error
        self._size -= size
        self.torn_bytes = size

    @property
    def state(self) -> FileState:
        """The present state of the file."""
        return _state(os.fstat(self._file))

    def lines(self) -> Iterator[bytes]:
        """Read all lines, with their newlines. The last one may have none.

        Raises:
            LogError: The file cannot be read.
        """
        try:
            with open(self._file, "rb", closefd=False) as file:
                file.seek(0)
                yield from file
        except OSError as error:
            raise _failed(self.path, "read", error) from error

    def append(self, line: bytes) -> None:
        """Write a line, which ends with its newline.

        Raises:
            LogError: This write failed, or an earlier write or sync.
        """
        if self._error is not None:
            raise self._error
        try:
            while (written := os.write(self._file, line)) < len(line):
                self._size += written
                line = line[written:]
            self._size += written
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
            self._system.sync_data(self._file)
        except OSError as error:
            self._error = _failed(self.path, "synced", error)
            raise self._error from error

    def check(self) -> None:
        """Check that the file is in its place and holds all that was written to it.

        May run in a thread while lines are appended.

        Raises:
            LogError: It was moved, removed, replaced or shortened, or cannot be
                checked; or an earlier write or sync failed.
        """
        self._check_usable()
        # Read first: it only grows, and so does a file that nobody else changes.
        written = self._size
        if self._is_plainly_whole(written):
            return
        try:
            change = _change_of(self._file, self.path, written)
        except OSError as error:
            self._error = _failed(self.path, "checked", error)
            raise self._error from error
        if change is not None:
            self._error = LogError(
                f"{self.path} {change} while a run wrote to it; restore it before you "
                "resume or retry the log"
            )
            raise self._error

    def _is_plainly_whole(self, written: int) -> bool:
        """Tell by one look at the path that nothing was changed, as nearly always.

        A thread waits for a busy loop after each call of the system.
        """
        try:
            there = self.path.lstat()
        except OSError:
            return False  # the long way says what it means
        is_same = (there.st_dev, there.st_ino) == self._identity
        return is_same and there.st_size >= written

    def _check_usable(self) -> None:
        if self._error is not None:
            raise self._error

    def fail_with(self, error: LogError) -> None:
        """Refuse all further lines and syncs with this error."""
        self._error = self._error or error

    def remove(self) -> None:
        """Delete the file and close it, which releases its lock.

        Raises:
            LogError: It cannot be deleted.
        """
        try:
            self._remove()
        except OSError as error:
            raise _failed(self.path, "removed", error) from error

    def _remove(self) -> None:
        self._is_open = False
        self._system.remove(self.path, self._file)

    def close(self) -> None:
        """Close the file if it is open, which releases its lock."""
        if self._is_open:
            self._is_open = False
            os.close(self._file)

    def discard(self) -> None:
        """Close the file, and leave nothing behind if it is new and still empty."""
        try:
            is_empty = self._is_new and not os.fstat(self._file).st_size
            if is_empty and not _is_elsewhere(self._file, self.path):
                self._remove()
        except OSError:
            pass  # the reason for discarding it says more
        finally:
            self.close()


def read_lines(path: Path) -> Iterator[bytes]:
    """Read the lines of a file that another process may be writing.

    They have their newlines, except that the last line may have none. A file that does
    not exist has no lines.

    Raises:
        LogError: It cannot be read, or is not a regular file.
    """
    try:
        # Before it is opened: opening a pipe may never return.
        _check_regular(path, path.stat())
        with path.open("rb", buffering=_READ_BYTES) as file:
            yield from file
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


def _open(path: Path, system: System) -> tuple[int, bool]:
    """Open a file, and tell whether it was created."""
    try:
        try:
            return system.open(path, is_new=True), True
        except FileExistsError:
            return system.open(path, is_new=False), False
    except OSError as error:
        raise _failed(path, "opened", error) from error


def _change_of(file: int, path: Path, written: int) -> str | None:
    """Say what happened to an open file; None if nothing did.

    Args:
        file: The open file.
        path: Its path.
        written: The size in bytes that it has at least if nobody else changed it.
    """
    here = os.fstat(file)
    if _is_elsewhere(file, path):
        if os.path.lexists(path):
            return "was replaced by another file"
        return "was moved" if here.st_nlink else "was removed"
    if here.st_size < written:
        return f"was shortened from {written} to {here.st_size} bytes"
    return None


def _is_elsewhere(file: int, path: Path) -> bool:
    """Check whether a path no longer leads to an open file."""
    here = os.fstat(file)
    try:
        there = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise LogError(f"{path} is a folder; name a log in it")
    if not stat.S_ISREG(status.st_mode):
        raise LogError(f"{path} is not a regular file; name another log")


def _failed(path: Path, action: str, error: OSError) -> LogError:
    reason = error.strerror or "unknown error"
    return LogError(f"{path} cannot be {action}: {reason}")
