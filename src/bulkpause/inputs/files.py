"""Open a file or standard input, and read lines of text, decompressed and decoded.

Every error of the file system, of gzip and of the encoding is raised as an
`ReadError` that names the line where there is one, and a remedy.
"""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.table import ReadError


#: A longer line is not read. A shorter one may have a few cells of a megabyte.
LONGEST_LINE_CHARS = 4 << 20
#: A longer line is not read, even if the text is one JSON value.
LONGEST_JSON_CHARS = 256 << 20
_BLOCK_BYTES = 32 << 10
#: A file that is compressed more than this is treated as a gzip bomb.
HIGHEST_GZIP_RATIO = 250
#: What one more line costs, in characters of text: it may be a row.
LINE_COST_CHARS = 32
#: Less text than this does no harm, whatever its ratio.
GZIP_RATIO_CHECKED_FROM_CHARS = 1 << 20

_GZIP_SIGNATURE = b"\x1f\x8b"
_UTF_16_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVE = "a workbook or an archive, not text", "decompress it once"
_OLD_WORKBOOK = (
    "an old Excel workbook (.xls), or one that is protected by a password",
    "open it, remove the password if it has one, and save it as .xlsx",
)
_DOCUMENT = "a document, not a list", "export its ids as CSV (UTF-8)"
_IMAGE = "an image, not text", "export the ids as CSV (UTF-8)"
_COMPRESSED = "compressed in an unsupported format", "decompress it"
#: First bytes of files without rows, after gzip is removed. No id begins like this.
UNSUPPORTED_SIGNATURES = {
    # Workbooks are read, unless they were compressed again.
    b"PK\x03\x04": _ARCHIVE,
    b"PK\x05\x06": _ARCHIVE,
    b"\xd0\xcf\x11\xe0": _OLD_WORKBOOK,
    b"%PDF-": _DOCUMENT,
    b"{\\rtf": _DOCUMENT,
    b"<": _DOCUMENT,
    b"\xef\xbb\xbf<": _DOCUMENT,
    b"\x89PNG": _IMAGE,
    b"\xff\xd8\xff": _IMAGE,
    b"BZh91AY&SY": _COMPRESSED,
    b"\xfd7zXZ": _COMPRESSED,
    b"\x28\xb5\x2f\xfd": _COMPRESSED,
    b"7z\xbc\xaf": _COMPRESSED,
    _GZIP_SIGNATURE: ("compressed twice with gzip", "decompress it once"),
}
_LONGEST_SIGNATURE = max(map(len, UNSUPPORTED_SIGNATURES))
_REMEDIES = {
    IsADirectoryError: "name a file in it",
    PermissionError: "ask for permission to read it",
}


class _CountingReader(io.RawIOBase):
    """Passes bytes through and counts them.

    Attributes:
        count: The number of bytes.
        lines: The number of lines that were read from them.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.count = 0
        self.lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


@contextmanager
def open_binary(path: str) -> Iterator[BinaryIO]:
    """Open `path` (`-` is standard input), whatever is in it.

    Raises:
        ReadError: It cannot be opened.
    """
    if path == "-":
        yield _standard_input()
        return
    with _open(path) as raw:
        yield raw


def is_archive(data: BinaryIO) -> bool:
    """Return whether the next bytes begin a zip archive, as a workbook is one.

    Nothing is taken from `data`, and nothing read from a terminal.

    Raises:
        ReadError: They cannot be read.
    """
    if not isinstance(data, io.BufferedReader) or data.isatty():
        return False
    try:
        return data.peek(4).startswith(_ARCHIVES)
    except OSError as error:
        raise _read_error(error) from error


def _standard_input() -> BinaryIO:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise ReadError("it is closed", "name a file")
    return stream


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")  # noqa: PTH123 (Path would change some paths)
    except OSError as error:
        raise _read_error(error) from error
    except ValueError as error:
        raise ReadError("not a valid path", "check it") from error


def lines_of(
    raw: BinaryIO,
    *,
    on_last: Callable[[str], None] = lambda _: None,
    ratio_checked_from: int = GZIP_RATIO_CHECKED_FROM_CHARS,
) -> Iterator[str]:
    r"""Decompress and decode lines.

    Each line ends with `\n`, whatever the line ends of the file are. The encoding is
    UTF-8, or UTF-16 if a byte-order mark says so. Bytes that are not UTF-8 become
    surrogates, which no id contains.

    Args:
        raw: The data.
        on_last: Is given the last line once all were read, if there is any.
        ratio_checked_from: Less text than this is read whatever its ratio to the data.

    Raises:
        ReadError: While lines are read: they cannot be read, decompressed or decoded,
            or are not text.
    """
    # Without a step of Python for each of a million lines.
    return chain.from_iterable(_lists_of_lines(raw, on_last, ratio_checked_from))


def _lists_of_lines(
    raw: BinaryIO, on_last: Callable[[str], None], ratio_checked_from: int
) -> Iterator[list[str]]:
    compressed = _CountingReader(raw)
    try:
        texts = _decode(_decompress(io.BufferedReader(compressed)))
        last = yield from _checked_lines(texts, compressed, ratio_checked_from)
        if last:
            on_last(last)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = f"the gzip data is truncated or corrupt after line {compressed.lines}"
        raise ReadError(reason, "compress or copy it again") from error
    except UnicodeError as error:
        reason = f"the text is not valid UTF-16 after line {compressed.lines}"
        raise ReadError(reason, "save it as UTF-8") from error
    except OSError as error:
        raise _read_error(error) from error


def _checked_lines(
    texts: Iterator[str], compressed: _CountingReader, ratio_checked_from: int
) -> Generator[list[str], None, str]:
    """Give the lines of a text that comes in pieces, count them, and return the last."""
    bounds = _Bounds(compressed, ratio_checked_from)
    begun = _BegunLine()
    last = ""
    for piece in texts:
        whole, _, rest = piece.rpartition("\n")
        if len(rest) == len(piece):
            begun.add(rest)
            bounds.check_begun(begun)
            continue
        # At once: a step for each of a million lines takes time.
        text = f"{begun.take()}{whole}\n"
        lines = _split(text)
        begun.add(rest)
        bounds.check(lines, text)
        yield lines
        compressed.lines += len(lines)
        last = lines[-1]
    if not (text := begun.take()):
        return last
    bounds.check([text], text)
    yield [text]
    compressed.lines += 1
    return text


def _split(text: str) -> list[str]:
    """Return the lines of a text, which ends with a line end."""
    lines = text.splitlines(keepends=True)
    if len(lines) == text.count("\n"):
        return lines
    # Other characters end lines too, to that method alone.
    return io.StringIO(text, newline="\n").readlines()


class _BegunLine:
    """The start of a line whose end was not read yet, in pieces.

    Attributes:
        chars: Its length so far.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.chars = 0

    def add(self, part: str) -> None:
        """Add what follows."""
        if part:
            self._parts.append(part)
            self.chars += len(part)

    def start(self) -> str:
        """Return its first piece."""
        return self._parts[0] if self._parts else ""

    def last(self) -> str:
        """Return its last piece."""
        return self._parts[-1] if self._parts else ""

    def take(self) -> str:
        """Return it, and begin another."""
        text = "".join(self._parts)
        self._parts.clear()
        self.chars = 0
        return text


class _Bounds:
    """Refuses lines that are too long, that are no text, or that make a gzip bomb."""

    def __init__(self, compressed: _CountingReader, ratio_checked_from: int) -> None:
        self._compressed = compressed
        self._ratio_checked_from = ratio_checked_from
        self._chars = 0
        self._longest = 0
        # What was allowed once still is: the count only grows.
        self._allowed = 0

    def check(self, lines: Sequence[str], text: str) -> None:
        """Check whole lines, and their text together.

        Raises:
            ReadError: They are refused. It names the first of them.
        """
        lengths = list(map(len, lines))
        chars = self._chars + sum(lengths) + LINE_COST_CHARS * len(lines)
        is_within = chars <= self._allowed and max(lengths) < self._longest
        if is_within and "\0" not in text:
            self._chars = chars
            return
        for row, line in enumerate(lines, self._compressed.lines + 1):
            self._longest = self._longest or _longest_line(line)
            self._chars += len(line) + LINE_COST_CHARS
            self._check(row, line, len(line), self._chars)

    def check_begun(self, line: _BegunLine) -> None:
        """Check a line as far as it was read."""
        self._longest = self._longest or _longest_line(line.start())
        row = self._compressed.lines + 1
        self._check(row, line.last(), line.chars, self._chars + line.chars)

    def _check(self, row: int, text: str, length: int, chars: int) -> None:
        if "\0" in text:
            reason = f"line {row} contains NUL bytes, so this is not a text file"
            raise ReadError(reason, "export it as CSV (UTF-8)")
        if chars > self._allowed and chars > self._allow():
            reason = f"at line {row} it is compressed too tightly for a list of ids"
            raise ReadError(reason, "decompress and check it first")
        if length >= (self._longest or LONGEST_LINE_CHARS):
            reason = f"line {row} is too long"
            raise ReadError(reason, "write one row per line")

    def _allow(self) -> int:
        by_ratio = self._compressed.count * HIGHEST_GZIP_RATIO
        self._allowed = max(self._ratio_checked_from, by_ratio)
        return self._allowed


def _longest_line(first_line: str) -> int:
    """Return how long lines may be, by the first of them; 0 if it is blank."""
    text = first_line.lstrip(WHITESPACE)
    if not text:
        return 0
    return LONGEST_JSON_CHARS if text[0] in "[{" else LONGEST_LINE_CHARS


def _decompress(data: io.BufferedReader) -> io.BufferedReader:
    if data.peek(2).startswith(_GZIP_SIGNATURE):
        data = io.BufferedReader(gzip.GzipFile(fileobj=data))
    head = data.peek(_LONGEST_SIGNATURE)
    for signature, (reason, remedy) in UNSUPPORTED_SIGNATURES.items():
        if head.startswith(signature):
            raise ReadError(reason, remedy)
    return data


def _decode(data: io.BufferedReader) -> Iterator[str]:
    """Decode data as it comes. Line ends of all kinds become those of Unix."""
    is_utf_16 = data.peek(2).startswith(_UTF_16_BYTE_ORDER_MARKS)
    encoding = ("utf-16", "strict") if is_utf_16 else ("utf-8-sig", "surrogateescape")
    name, errors = encoding
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(name)(errors), translate=True
    )
    while block := data.read1(_BLOCK_BYTES):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _read_error(error: OSError) -> ReadError:
    reason = error.strerror or "it cannot be read"
    return ReadError(reason, _REMEDIES.get(type(error), "check the path"))
