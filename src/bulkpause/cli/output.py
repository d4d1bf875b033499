"""The one door to standard output and standard error.

Text for people is written in the stream's encoding, with `?` for letters that it lacks;
data for programs is UTF-8. What cannot be written raises nothing: it is counted, and the
end of the command says so.

Before and after a run, the caller waits for the stream, and a signal whose handler
raises ends that wait. While a run goes on, nobody waits: a thread writes.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, cast

from bulkpause._text import format_count
from bulkpause.cli.sink import Sink
from bulkpause.cli.write_queue import WriteQueue
from bulkpause.errors import SettingsError


#: The wait for a reader of standard error that is no person at a terminal, in seconds.
READER_S = 3.0
#: The wait for a stream after a signal, in seconds.
SIGNAL_S = 0.5
#: A stream that keeps up has less to write, in bytes.
_FRAMES_BYTES = 4096
#: Data is written in pieces of about so many characters.
_PIECE = 1 << 16
_USUAL_COLUMNS = 80


class OutputError(SettingsError):
    """The work is done, but a file for its result cannot be written."""


class Stream(io.TextIOBase):
    """Standard output or standard error, to which nothing else in the process writes.

    Args:
        sink: Writes the bytes.
        encoding: The encoding of text for people.
        file: The stream of the interpreter; None if it was started with it closed.

    Attributes:
        has_begun: Whether anything was written, or was to be.
    """

    def __init__(
        self, sink: Sink, *, encoding: str = "utf-8", file: TextIO | None = None
    ) -> None:
        self._sink = sink
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)("replace")
        self._file = file
        self._queue: WriteQueue | None = None
        self._is_over = False
        self._dropped_lines = 0
        self._longest_wait_s: float | None = None
        self.has_begun = False

    @classmethod
    def of(cls, file: "TextIO | Stream | None", *, may_have_gaps: bool) -> "Stream":
        """Take over a stream of the interpreter."""
        file = file._file if isinstance(file, Stream) else file  # noqa: SLF001
        if file is None:
            return cls(Sink(None, may_have_gaps=may_have_gaps))
        file.flush()
        # The buffer between would be written at exit once more, by the interpreter.
        raw = getattr(file.buffer, "raw", file.buffer)
        sink = Sink(raw, may_have_gaps=may_have_gaps)
        return cls(sink, encoding=file.encoding, file=file)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override, mutable-override]
        return "replace"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._file is not None and self._file.isatty()

    def fileno(self) -> int:
        if self._file is None:
            raise io.UnsupportedOperation("the stream was closed at start")
        return self._file.fileno()

    @property
    def columns(self) -> int:
        """The width of the terminal; 80 if the stream is none."""
        try:
            return os.get_terminal_size(self.fileno()).columns or _USUAL_COLUMNS
        except (OSError, ValueError):
            return _USUAL_COLUMNS

    def write(self, text: str | bytes, /) -> int:
        if isinstance(text, str):
            self.write_data(self._encoder.encode(text))
        elif text:  # by click, which completes words in bytes
            self.write_data(text)
        else:  # by click too, which asks whether the stream is for bytes alone
            raise TypeError("the stream is for text")
        return len(text)

    def write_data(self, data: bytes) -> None:
        """Write bytes as they are."""
        if not data:  # which would end the thread of the queue
            return
        self.has_begun = True
        if self._queue is None:
            self._sink.write(data)
        else:
            self._queue.put(data, is_last=self._is_over)

    def wait_for_nobody(self) -> None:
        """Let a thread write from now on, so that the caller never waits."""
        if self._queue is None:
            self._queue = WriteQueue(self._sink)

    def end_run(self) -> None:
        """Take all that comes now, however much waits: they are the last words."""
        self._is_over = True

    def hurry(self, within_s: float) -> None:
        """Wait no longer than so many seconds from now on: a signal came."""
        self.wait_for_nobody()
        self.end_run()
        self._longest_wait_s = within_s

    def drain(self, within_s: float | None = None) -> None:
        """Wait until all is written, at most so many seconds.

        If it is, whoever writes then waits for the stream himself again.
        """
        if self._queue is None:
            return
        if self._longest_wait_s is not None:
            within_s = self._longest_wait_s
        if self._queue.drain(within_s):
            self._dropped_lines += self._queue.dropped_lines
            self._queue.close()
            self._queue = None

    @property
    def keeps_up(self) -> bool:
        """Whether no more waits than some frames of a bar."""
        return self._queue is None or self._queue.waiting_bytes < _FRAMES_BYTES

    @property
    def is_wanted(self) -> bool:
        """Whether somebody may read the stream."""
        return self._sink.is_wanted

    @property
    def fault(self) -> OSError | None:
        """Why something could not be written. A reader that is gone is no fault."""
        return self._sink.fault

    @property
    def lost_lines(self) -> int:
        """The number of lines that were lost or dropped so far."""
        lost = self._sink.lost_lines + self._dropped_lines
        return lost if self._queue is None else lost + self._queue.dropped_lines


class DataFile:
    """A stream as a file that takes bytes."""

    def __init__(self, stream: Stream) -> None:
        self.write = stream.write_data

    def flush(self) -> None:
        """Do nothing: what was written is on its way."""


def open_streams() -> None:
    """Take over both streams of this process, for its own words and those of libraries.

    Descriptors that were closed at start lead nowhere from then on, lest a file that is
    opened later gets the words for them.
    """
    _fill_closed_descriptors()
    sys.stdout = cast(TextIO, Stream.of(sys.stdout, may_have_gaps=False))
    sys.stderr = cast(TextIO, Stream.of(sys.stderr, may_have_gaps=True))


def _fill_closed_descriptors() -> None:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest one that is free


def stdout() -> Stream:
    """Give standard output."""
    return _stream(sys.stdout, may_have_gaps=False)


def stderr() -> Stream:
    """Give standard error, also while a display of rich stands before it."""
    file = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    return _stream(file, may_have_gaps=True)


def _stream(file: TextIO | Stream | None, *, may_have_gaps: bool) -> Stream:
    if isinstance(file, Stream):
        return file
    return Stream.of(file, may_have_gaps=may_have_gaps)


def show(text: str = "") -> None:
    """Write a line to standard output, for people."""
    stdout().write(f"{text}\n")


def say(text: str = "") -> None:
    """Write a line to standard error, for people."""
    # What stands before it puts the line above the bar.
    is_covered = hasattr(sys.stderr, "rich_proxied_file")
    (sys.stderr if is_covered else stderr()).write(f"{text}\n")


def show_json(value: object) -> None:
    """Write a value to standard output as one JSON object in a line."""
    # Most commands write text.
    from bulkpause._json import to_json  # noqa: PLC0415

    stdout().write_data(f"{to_json(value)}\n".encode())


def show_data(lines: Iterable[str]) -> None:
    """Write data to standard output, as UTF-8, until nobody reads it any more."""
    stream = stdout()
    for piece in _pieces(lines):
        stream.write_data(piece.encode(errors="replace"))
        if not stream.is_wanted or stream.fault is not None:
            return


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Join lines to pieces that are worth a write each."""
    piece: list[str] = []
    size = 0
    for line in lines:
        piece.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(piece)
            piece.clear()
            size = 0
    yield "".join(piece)


def hurry(within_s: float = SIGNAL_S) -> None:
    """Wait for each stream no longer than so many seconds from now on: a signal came."""
    stdout().hurry(within_s)
    stderr().hurry(within_s)


def lost_text(stream: Stream) -> str | None:
    """Say how many lines could not be shown, and why; None if all were."""
    if not stream.lost_lines:
        return None
    reason = "nobody read them" if stream.fault is None else stream.fault.strerror
    lines = format_count(stream.lost_lines, "line")
    return f"{lines} could not be written to standard error: {reason}"


def finish() -> None:
    """Wait until people and programs have what was written, or cannot have it.

    A person may have stopped the terminal, and is waited for; so is the reader of a
    result. A signal ends the wait.
    """
    stdout().drain()
    error = stderr()
    error.drain(None if error.isatty() else READER_S)
