"""Locks and folders of the systems that follow POSIX."""

import errno
import os
from pathlib import Path
from typing import Protocol

from bulkpause.journal.platform.system import locks_soon


# Missing on Windows, where this file is only checked and tested.
_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
#: Opens a pipe at once: without it, that would wait for a writer.
_LOOK = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
#: How file systems answer that they cannot sync a folder, or not let it be opened.
_CANNOT_SYNC = frozenset(
    {
        errno.EACCES,
        errno.EBADF,
        errno.EINVAL,
        errno.EISDIR,
        errno.ENOSYS,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.EPERM,
    }
)


class FileLocks(Protocol):
    """The part of `fcntl` that locks."""

    @property
    def LOCK_EX(self) -> int: ...  # noqa: N802 (fcntl's own)
    @property
    def LOCK_SH(self) -> int: ...  # noqa: N802
    @property
    def LOCK_NB(self) -> int: ...  # noqa: N802
    def flock(self, fd: int, operation: int, /) -> None: ...


class Posix:
    """Locks a file as a whole, and refuses nobody to read it.

    Args:
        locks: The module `fcntl`.
    """

    def __init__(self, locks: FileLocks) -> None:
        self._locks = locks

    def open(self, path: Path, *, is_new: bool) -> int:
        return os.open(path, _FLAGS | is_new * (os.O_CREAT | os.O_EXCL), 0o600)

    def lock(self, file: int) -> bool:
        return locks_soon(lambda: self._is_taken(file, self._locks.LOCK_EX))

    def is_locked(self, path: Path) -> bool | None:
        try:
            file = os.open(path, _LOOK)
        except OSError:
            return None
        try:
            return not self._is_taken(file, self._locks.LOCK_SH)
        except OSError:
            return None
        finally:
            os.close(file)  # which gives the lock back

    def _is_taken(self, file: int, kind: int) -> bool:
        try:
            self._locks.flock(file, kind | self._locks.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sync_directory(self, path: Path) -> None:
        try:
            directory = os.open(path, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                raise

    def remove(self, path: Path, file: int) -> None:
        # In this order, another run cannot lock the file before it is deleted.
        try:
            path.unlink()
        finally:
            os.close(file)
