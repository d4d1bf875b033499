"""The calls of `os` and `msvcrt` as Windows answers them, on the files of this system.

It holds what matters for a log: locks that keep others from reading, no deletion of an
open file, text mode, and no folders. It imports nothing of bulkpause.
"""

import errno
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import pytest


O_BINARY = 0x8000
_NOT_THERE = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "fdatasync", "pread", "mkfifo")
#: The descriptor of a lock whose file is closed.
_CLOSED = -1
_Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _OpenFile:
    key: _Key
    is_text: bool


@dataclass(frozen=True, slots=True)
class _Lock:
    descriptor: int
    start: int
    end: int


class WindowsCalls:
    """Windows, as far as a log is concerned. It is the module `msvcrt` too.

    Attributes:
        folders_opened: How often a folder was opened, which fails.
        lock_error: The answer to every lock; None for working locks.
    """

    LK_UNLCK, LK_NBLCK = 0, 2

    def __init__(self) -> None:
        self.folders_opened = 0
        self.lock_error: int | None = None
        self._files: dict[int, _OpenFile] = {}
        self._locks: dict[_Key, list[_Lock]] = {}
        self._open, self._close, self._write = os.open, os.close, os.write
        self._read, self._unlink, self._rename = os.read, os.unlink, os.rename
        self._io_open = io.open

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let `os` and `io` be those of Windows."""
        patch.setattr(os, "O_BINARY", O_BINARY, raising=False)
        for name in _NOT_THERE:
            patch.delattr(os, name, raising=False)
        for name in ("open", "close", "write", "read", "unlink", "rename"):
            patch.setattr(os, name, getattr(self, name))
        patch.setattr(io, "open", self.io_open)

    def open(self, path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            self.folders_opened += 1
            raise PermissionError(errno.EACCES, "Permission denied")
        descriptor = self._open(path, flags & ~O_BINARY, mode)
        self._files[descriptor] = _OpenFile(
            _key(descriptor), is_text=not flags & O_BINARY
        )
        return descriptor

    def close(self, descriptor: int) -> None:
        """Close a file. Its locks are given back, but only a moment later."""
        self._close(descriptor)
        if (file := self._files.pop(descriptor, None)) is not None:
            held = self._locks.get(file.key, [])
            self._locks[file.key] = [
                replace(lock, descriptor=_CLOSED)
                if lock.descriptor == descriptor
                else lock
                for lock in held
            ]

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        file = self._files.get(descriptor)
        if file is None or not file.is_text:
            return self._write(descriptor, data)
        self._write(descriptor, bytes(data).replace(b"\n", b"\r\n"))
        return len(bytes(data))

    def read(self, descriptor: int, size: int) -> bytes:
        self.check_readable(descriptor, size)
        return self._read(descriptor, size)

    def unlink(self, path: str | Path) -> None:
        self._check_closed(path)
        self._unlink(path)

    def rename(self, path: str | Path, other: str | Path) -> None:
        self._check_closed(path)
        self._rename(path, other)

    def io_open(self, file: Any, mode: str = "r", *more: Any, **named: Any) -> IO[Any]:
        if mode != "rb" or isinstance(file, int):
            opened: IO[Any] = self._io_open(file, mode, *more, **named)
            return opened
        return io.BufferedReader(_Read(self, os.fspath(file)))

    def locking(self, descriptor: int, mode: int, size: int, /) -> None:
        """Lock or unlock bytes from the position on, which has 32 bits in the C library."""
        if self.lock_error is not None:
            raise OSError(self.lock_error, os.strerror(self.lock_error))
        start = os.lseek(descriptor, 0, os.SEEK_CUR)
        if start + size > 1 << 31:
            raise OSError(errno.EINVAL, "Invalid argument")
        held = self._locks.setdefault(_key(descriptor), [])
        wanted = _Lock(descriptor, start, start + size)
        if mode == self.LK_UNLCK:
            held.remove(wanted)
        elif any(_overlap(lock, wanted) for lock in held):
            held[:] = (lock for lock in held if lock.descriptor != _CLOSED)
            raise PermissionError(errno.EACCES, "Permission denied")
        else:
            held.append(wanted)

    def check_readable(self, descriptor: int, size: int) -> None:
        """Refuse to read bytes that another one has locked."""
        start = os.lseek(descriptor, 0, os.SEEK_CUR)
        wanted = _Lock(descriptor, start, start + size)
        for lock in self._locks.get(_key(descriptor), []):
            if lock.descriptor != descriptor and _overlap(lock, wanted):
                raise PermissionError(errno.EACCES, "Permission denied")

    def opened(self, descriptor: int) -> None:
        self._files[descriptor] = _OpenFile(_key(descriptor), is_text=False)

    def closed(self, descriptor: int) -> None:
        self._files.pop(descriptor, None)

    def _check_closed(self, path: str | Path) -> None:
        status = os.lstat(path)
        key = (status.st_dev, status.st_ino)
        if any(file.key == key for file in self._files.values()):
            raise PermissionError(errno.EACCES, "it is used by another process")


class _Read(io.FileIO):
    """A file that is opened for reading: it cannot be deleted meanwhile."""

    def __init__(self, calls: WindowsCalls, path: str) -> None:
        super().__init__(path)
        self._calls = calls
        calls.opened(self.fileno())

    def readinto(self, buffer: Any) -> int:
        self._calls.check_readable(self.fileno(), len(memoryview(buffer)))
        return super().readinto(buffer)

    def readall(self) -> bytes:
        self._calls.check_readable(self.fileno(), os.fstat(self.fileno()).st_size + 1)
        return super().readall()

    def close(self) -> None:
        if not self.closed:
            self._calls.closed(self.fileno())
        super().close()


def _key(descriptor: int) -> _Key:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _overlap(one: _Lock, other: _Lock) -> bool:
    return one.start < other.end and other.start < one.end
