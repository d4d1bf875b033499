"""Windows: locks that keep others from reading, and no deletion of an open file."""

import errno
import os
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bulkpause.journal.platform.system import locks_soon


#: The one byte that is locked. Nobody else can read it, so it lies far behind the end.
#: The C library takes the position of a lock as a signed number of 32 bits.
LOCKED_BYTE = (1 << 31) - 2
#: How a lock that another process holds is refused.
_HELD = frozenset({errno.EACCES, errno.EDEADLK})


class ByteLocks(Protocol):
    """The part of `msvcrt` that locks, from the position of the file on."""

    @property
    def LK_NBLCK(self) -> int: ...  # noqa: N802 (msvcrt's own)
    @property
    def LK_UNLCK(self) -> int: ...  # noqa: N802
    def locking(self, fd: int, mode: int, nbytes: int, /) -> None: ...


class Windows:
    """The calls of Windows. Modes mean nothing there, and folders cannot be synced.

    Args:
        locks: The module `msvcrt`.
    """

    def __init__(self, locks: ByteLocks) -> None:
        self._locks = locks
        # Without it, "\n" becomes "\r\n". Missing elsewhere, where this is tested.
        self._binary = getattr(os, "O_BINARY", 0)

    def open(self, path: Path, *, is_new: bool) -> int:
        # There is no O_NOFOLLOW. Only administrators and developers make such links.
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        flags = os.O_RDWR | os.O_APPEND | self._binary
        return os.open(path, flags | is_new * (os.O_CREAT | os.O_EXCL), 0o600)

    def lock(self, file: int) -> bool:
        return locks_soon(lambda: self._is_taken(file))

    def is_locked(self, path: Path) -> bool | None:
        try:
            file = os.open(path, os.O_RDONLY | self._binary)
        except OSError:
            return None
        try:
            return not self._is_taken_for_a_look(file)
        except OSError:
            return None
        finally:
            os.close(file)

    def _is_taken_for_a_look(self, file: int) -> bool:
        if is_taken := self._is_taken(file):
            # Closing alone may give a lock back later.
            self._locks.locking(file, self._locks.LK_UNLCK, 1)
        return is_taken

    def _is_taken(self, file: int) -> bool:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            self._locks.locking(file, self._locks.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in _HELD:
                raise
            return False
        return True

    def sync_data(self, file: int) -> None:
        os.fsync(file)

    def sync_directory(self, path: Path) -> None:
        """Do nothing: a folder cannot be opened there."""

    def remove(self, path: Path, file: int) -> None:
        # An open file cannot be deleted: also not by us if another run opens it now.
        os.close(file)
        path.unlink()

    def boot_id(self, *, now: datetime, uptime_s: float) -> str:
        """Give the minute of the boot. A clock that is set changes it: no harm."""
        return str(round((now.timestamp() - uptime_s) / 60))
