"""A file or standard input, opened as lines of text whatever its packing.

Every error of the file system, of gzip and of the encoding leaves here as an
`InputError` that names the file, the line as far as there is one, and a remedy.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from bulkpause._text import display_name
from bulkpause.errors import InputError


#: A line longer than this is no row of ids.
LONGEST_LINE_CHARS = 1 << 20
#: What is packed tighter than this, beyond the first megabytes, is a gzip bomb.
HIGHEST_GZIP_RATIO = 250
_RATIO_COUNTS_FROM_CHARS = 16 << 20

_GZIP_MAGIC = b"\x1f\x8b"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_IS_SPREADSHEET = "a spreadsheet or an archive, no text; export it as CSV (UTF-8)"
_IS_DOCUMENT = "a document, no list; export its ids as CSV (UTF-8)"
_IS_IMAGE = "an image, no text; export the ids as CSV (UTF-8)"
_IS_PACKED = "packed in a way that is not read; unpack it"
#: How files begin that hold no rows once they are unpacked. No id begins so.
_NO_ROWS = {
    b"PK\x03\x04": _IS_SPREADSHEET,
    b"\xd0\xcf\x11\xe0": _IS_SPREADSHEET,
    b"%PDF-": _IS_DOCUMENT,
    b"{\\rtf": _IS_DOCUMENT,
    b"<": _IS_DOCUMENT,
    b"\xef\xbb\xbf<": _IS_DOCUMENT,
    b"\x89PNG": _IS_IMAGE,
    b"\xff\xd8\xff": _IS_IMAGE,
    b"BZh91AY&SY": _IS_PACKED,
    b"\xfd7zXZ": _IS_PACKED,
    b"\x28\xb5\x2f\xfd": _IS_PACKED,
    b"7z\xbc\xaf": _IS_PACKED,
    _GZIP_MAGIC: "packed twice with gzip; unpack it once",
}
_REMEDIES = {
    IsADirectoryError: "name a file in it",
    PermissionError: "ask for the right to read it",
}


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
        InputError: At once or while lines are taken: it cannot be opened, read,
            unpacked or decoded, or holds what no text does.
    """
    name = display_name(path)
    if path == "-":
        yield _lines(_standard_input(name), name)
        return
    with _open(path, name) as raw:
        yield _lines(raw, name)


def _standard_input(name: str) -> BinaryIO:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError(f"{name}: it is closed; name a file")
    return stream


def _open(path: str, name: str) -> BinaryIO:
    try:
        return open(path, "rb")  # noqa: PTH123 (a path need not be one that Path keeps)
    except OSError as error:
        raise _unreadable(name, error) from error
    except ValueError as error:
        raise InputError(f"{name}: not a path; check it") from error


def _lines(raw: BinaryIO, name: str) -> Iterator[str]:
    packed = _Counted(raw)
    row = 0
    try:
        text = _decoded(_unpacked(io.BufferedReader(packed), name))
        for line in _checked(text, packed, name):
            yield line
            row += 1
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = f"the gzip data is cut short or damaged after line {row}"
        raise InputError(f"{name}: {what}; pack or copy it again") from error
    except UnicodeError as error:
        what = f"not UTF-16 throughout after line {row}"
        raise InputError(f"{name}: {what}; save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(name, error) from error


def _checked(text: io.TextIOWrapper, packed: _Counted, name: str) -> Iterator[str]:
    row = chars = 0
    while line := text.readline(LONGEST_LINE_CHARS):
        row += 1
        chars += len(line)
        if "\0" in line:
            remedy = "this is no text file; export it as CSV (UTF-8)"
            raise InputError(f"{name}: line {row} holds NUL bytes; {remedy}")
        if len(line) == LONGEST_LINE_CHARS:
            what = f"line {row} is too long to hold an id"
            raise InputError(f"{name}: {what}; write one row a line")
        if chars > max(_RATIO_COUNTS_FROM_CHARS, packed.count * HIGHEST_GZIP_RATIO):
            what = f"up to line {row} it is packed too tightly to be a list of ids"
            raise InputError(f"{name}: {what}; look into it, or unpack it first")
        yield line


def _unpacked(data: io.BufferedReader, name: str) -> io.BufferedReader:
    if data.peek(2).startswith(_GZIP_MAGIC):
        data = io.BufferedReader(gzip.GzipFile(fileobj=data))
    head = data.peek(max(map(len, _NO_ROWS)))
    for magic, what in _NO_ROWS.items():
        if head.startswith(magic):
            raise InputError(f"{name}: {what}")
    return data


def _decoded(data: io.BufferedReader) -> io.TextIOWrapper:
    if data.peek(2).startswith(_UTF_16_MARKS):
        return io.TextIOWrapper(data, encoding="utf-16", errors="strict")
    return io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape")


def _unreadable(name: str, error: OSError) -> InputError:
    what = error.strerror or "it cannot be read"
    remedy = _REMEDIES.get(type(error), "check the path")
    return InputError(f"{name}: {what}; {remedy}")
