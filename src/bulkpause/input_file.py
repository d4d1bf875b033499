"""A file or standard input, opened as lines of text whatever its packing.

Every error of the file system, of gzip and of the encoding leaves here as an
`InputError` that names the file.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from bulkpause.errors import InputError


#: A line longer than this is no row of ids.
LONGEST_LINE_CHARS = 1 << 20
#: What is packed tighter than this, beyond the first megabytes, is a gzip bomb.
HIGHEST_GZIP_RATIO = 250
_RATIO_COUNTS_FROM_CHARS = 64 << 20

_GZIP_MAGIC = b"\x1f\x8b"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class _Counted(io.RawIOBase):
    """Passes bytes through and counts them."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


@contextmanager
def opened(path: str) -> Iterator[Iterator[str]]:
    r"""Open `path` (`-` is standard input) and give its lines, newlines included.

    Line ends are `\n` whatever they were. UTF-8 and, by its byte-order mark, UTF-16
    are read; bytes that are not UTF-8 become surrogates, which no id holds.

    Raises:
        InputError: It can not be opened, read, unpacked or decoded.
    """
    name = "standard input" if path == "-" else path
    try:
        raw: BinaryIO = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: PTH123, SIM115 (closed below)
    except OSError as error:
        raise _unreadable(name, error) from error
    try:
        yield _lines(raw, name)
    finally:
        if path != "-":
            raw.close()


def _lines(raw: BinaryIO, name: str) -> Iterator[str]:
    packed = _Counted(raw)
    try:
        text = _decoded(_unpacked(io.BufferedReader(packed)))
        yield from _checked(text, packed, name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "the gzip data is cut short or damaged; pack or copy it again"
        raise InputError(f"{name}: {remedy}") from error
    except UnicodeError as error:
        raise InputError(f"{name}: not UTF-8 or UTF-16; save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(name, error) from error


def _checked(text: io.TextIOWrapper, packed: _Counted, name: str) -> Iterator[str]:
    row = chars = 0
    while line := text.readline(LONGEST_LINE_CHARS):
        row += 1
        chars += len(line)
        if len(line) == LONGEST_LINE_CHARS:
            raise InputError(f"{name}: line {row} is too long to hold an id")
        if "\0" in line:
            remedy = "this is no text file; export it as CSV (UTF-8)"
            raise InputError(f"{name}: line {row} holds NUL bytes; {remedy}")
        if chars > max(_RATIO_COUNTS_FROM_CHARS, packed.count * HIGHEST_GZIP_RATIO):
            raise InputError(f"{name}: packed too tightly to be a list of ids")
        yield line


def _unpacked(data: io.BufferedReader) -> io.BufferedReader:
    if data.peek(2)[:2] == _GZIP_MAGIC:
        return io.BufferedReader(gzip.GzipFile(fileobj=data))
    return data


def _decoded(data: io.BufferedReader) -> io.TextIOWrapper:
    mark = data.peek(2)[:2]
    encoding = "utf-16" if mark in _UTF_16_MARKS else "utf-8-sig"
    return io.TextIOWrapper(data, encoding=encoding, errors="surrogateescape")


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(f"{name}: {error.strerror or 'can not be read'}")
