"""Write bytes to a standard stream, whole, and remember what could not be written."""

import errno
import os
import select
from typing import Protocol


#: The reader has seen enough, as in `| head`, or is gone. That is no fault.
_READER_GONE = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN} | (
    # Windows says so of a closed pipe.
    {errno.EINVAL} if os.name == "nt" else set()
)


class RawFile(Protocol):
    """A file without a buffer, as `sys.stdout.buffer.raw` is one."""

    def write(self, data: memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...


class Sink:
    """Takes bytes for a stream. What cannot be written is lost and counted.

    Args:
        raw: The stream; None if the process was started with it closed: nobody wants
            what is written to it, and that is no fault.
        may_have_gaps: Whether to go on after a fault. Lines of a log may, since a disk
            may have space again; a result may not.

    Attributes:
        fault: Why something could not be written; None if nothing was lost.
        lost_lines: The number of lines that were lost.
    """

    def __init__(self, raw: RawFile | None, *, may_have_gaps: bool) -> None:
        self._raw = raw
        self._may_have_gaps = may_have_gaps
        self._is_in_line = False
        self.fault: OSError | None = None
        self.lost_lines = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody may read the stream."""
        return self._raw is not None

    def write(self, data: bytes) -> None:
        """Write all of the data, and wait as long as the stream makes it wait."""
        if self._raw is None:
            return
        if self.fault is not None:
            if not self._may_have_gaps:
                self._lose(data)
                return
            if self._is_in_line:  # a part of a line, at which the fault came
                data = b"\n" + data
        rest = _Rest(data)
        try:
            _write_whole(self._raw, rest)
        except ValueError:  # the file was closed by this process
            self._raw = None
        except OSError as error:
            self._take_fault(error, rest)
        else:
            self._is_in_line = not data.endswith(b"\n")

    def _take_fault(self, error: OSError, rest: "_Rest") -> None:
        if error.errno in _READER_GONE:
            self._raw = None
            return
        self.fault = error
        if begun := rest.begun:
            self._is_in_line = not begun.endswith(b"\n")
        self._lose(rest.left)

    def _lose(self, data: bytes) -> None:
        self.lost_lines += count_lines(data)


def count_lines(data: bytes) -> int:
    """Count the lines of which a part is in the data."""
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


class _Rest:
    """Data of which a part may be written."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.written = 0

    @property
    def begun(self) -> bytes:
        return self.data[: self.written]

    @property
    def left(self) -> bytes:
        return self.data[self.written :]


def _write_whole(raw: RawFile, rest: _Rest) -> None:
    while rest.written < len(rest.data):
        written = raw.write(memoryview(rest.data)[rest.written :])
        if written is None:  # somebody made the descriptor a non-blocking one
            select.select([], [raw.fileno()], [])
        elif written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        else:
            rest.written += written
