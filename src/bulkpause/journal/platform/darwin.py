"""macOS: syncs that reach the medium, and the boot's time for its id."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bulkpause.journal.platform.posix import FileLocks, Posix


#: How file systems answer that they have no F_FULLFSYNC. Any other error is a failed
#: sync, which must not be repeated.
_NO_FULL_SYNC = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOTTY}
)
_SECONDS_BYTES = 8
_TIMEVAL_BYTES = 16


class FullSync(FileLocks, Protocol):
    """The part of `fcntl` that locks and syncs."""

    @property
    def F_FULLFSYNC(self) -> int: ...  # noqa: N802 (fcntl's own)
    def fcntl(self, fd: int, cmd: int, /) -> int: ...


def kernel_value(name: bytes, size: int) -> bytes:
    """Read a value of the kernel, at most this many bytes; nothing if it has none."""
    value, length = ctypes.create_string_buffer(size), ctypes.c_size_t(size)
    call = ctypes.CDLL(None).sysctlbyname
    failed = call(name, value, ctypes.byref(length), None, ctypes.c_size_t(0))
    return b"" if failed else value.raw[: length.value]


class Darwin(Posix):
    """The calls of macOS.

    Args:
        control: The module `fcntl`.
        read_kernel: Reads a value of the kernel, given its name and size in bytes.
    """

    def __init__(
        self,
        control: FullSync,
        *,
        read_kernel: Callable[[bytes, int], bytes] = kernel_value,
    ) -> None:
        super().__init__(control)
        self._control = control
        self._read_kernel = read_kernel

    def sync_data(self, file: int) -> None:
        # There, fsync leaves the data in the cache of the disk.
        try:
            self._control.fcntl(file, self._control.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in _NO_FULL_SYNC:
                raise
            os.fsync(file)

    def boot_id(self, *, now: datetime, uptime_s: float) -> str:  # noqa: ARG002
        """Give the second of the boot. A clock that is set changes it: no harm."""
        started = self._read_kernel(b"kern.boottime", _TIMEVAL_BYTES)[:_SECONDS_BYTES]
        return str(int.from_bytes(started, sys.byteorder)) if started else ""
