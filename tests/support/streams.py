"""Raw files that fail as standard streams do, each named for its fault."""

import errno
import os
import threading


class RawFile:
    """Takes everything."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, data: memoryview, /) -> int | None:
        self.taken += data
        return len(data)

    def fileno(self) -> int:
        raise OSError(errno.EBADF, "no descriptor")


class ShortWrites(RawFile):
    """Takes at most three bytes at a time."""

    def write(self, data: memoryview, /) -> int | None:
        return super().write(data[:3])


class FullDisk(RawFile):
    """Takes no more than it has room for, until space is freed."""

    def __init__(self, room: int = 0) -> None:
        super().__init__()
        self.room = room

    def write(self, data: memoryview, /) -> int | None:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(data[: self.room])
        self.room -= written or 0
        return written


class BrokenTerminal(RawFile):
    """Fails at each write."""

    def write(self, data: memoryview, /) -> int | None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class GoneReader(RawFile):
    """A pipe whose reader is gone."""

    def write(self, data: memoryview, /) -> int | None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class ClosedFile(RawFile):
    """Was closed by somebody in this process."""

    def write(self, data: memoryview, /) -> int | None:
        raise ValueError("I/O operation on closed file")


class StoppedTerminal(RawFile):
    """Takes nothing until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = threading.Event()
        self.goes_on = threading.Event()

    def write(self, data: memoryview, /) -> int | None:
        self.is_reached.set()
        assert self.goes_on.wait(60)
        return super().write(data)
