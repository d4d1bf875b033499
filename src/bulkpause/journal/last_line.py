"""Tell a torn last line of ours from a whole one and from a line of another program.

A crash may leave the beginning of a line, or zeros in its place. Only that is left out
and cut: a file of another program must never lose a byte. A last line that lacks
nothing but its newline is kept.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import orjson

from bulkpause._value import value
from bulkpause.journal.codec import WalEntry, decode_entries, decode_records
from bulkpause.model import Record
from bulkpause.vocabulary import Status


_Decoded_co = TypeVar("_Decoded_co", covariant=True)
#: The parts that a line begins with: exact bytes, and patterns of values that may be
#: cut at any byte. Few logs have such a line, so that they are compiled on use.
_Start = tuple[bytes | str, ...]

_ID = r'"[A-Za-z0-9_-]{0,64}"?|n(?:u(?:ll?)?)?'
_TEXT = r'"(?:[^"\\]|\\.)*(?:"|\\)?|n(?:u(?:ll?)?)?'
#: Every status, cut at any byte. The longest come first, as the first match counts.
_CUT_STATUSES = sorted(
    {status[:end] for status in Status for end in range(len(status) + 1)},
    key=len,
    reverse=True,
)
_STATUS = f'"(?:{"|".join(_CUT_STATUSES)})"?'


@value(kw_only=False)
class LogFormat(Generic[_Decoded_co]):
    """How to decode the lines of one of the two logs, and how they begin."""

    decode: Callable[[Iterable[tuple[int, bytes]], str], Iterator[_Decoded_co]]
    starts: tuple[_Start, ...]


RESULT_LOG: LogFormat[Record] = LogFormat(
    decode_records,
    (
        (b'{"id":', _ID, b',"name":', _TEXT, b',"account":', _TEXT, b',"action":"'),
        # Version 1.
        (b'{"id":', _ID, b',"status":', _STATUS, b',"http_status":'),
        (b'{"undone_by":', _TEXT, b',"run_id":'),
    ),
)
WRITE_AHEAD_LOG: LogFormat[WalEntry] = LogFormat(
    decode_entries,
    (
        *((b'{"run":"',), (b'{"planned":[',), (b'{"sent":"',)),
        *((b'{"answered":"',), (b'{"remembered":"',)),
    ),
)


def decode_file(
    lines: Iterable[tuple[int, bytes]],
    name: str,
    log_format: LogFormat[_Decoded_co],
    *,
    is_paired: bool,
) -> Iterator[_Decoded_co]:
    """Decode the lines of a file, and leave out a torn last line.

    Args:
        lines: The numbered lines with their newlines; the last one may have none.
        name: The name of the file, for messages.
        log_format: The format of the file.
        is_paired: Whether the other one of the two logs exists. A file of zeros alone
            is only then the trace of a crash.

    Raises:
        LogError: A line is damaged, of another program, or of a newer version.
    """
    whole = _without_torn_line(lines, log_format.starts, is_paired=is_paired)
    return log_format.decode(whole, name)


def is_json(line: bytes) -> bool:
    """Check whether a line is complete, so that it is not the beginning of one."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _without_torn_line(
    lines: Iterable[tuple[int, bytes]], starts: tuple[_Start, ...], *, is_paired: bool
) -> Iterator[tuple[int, bytes]]:
    for number, line in lines:
        if line.endswith(b"\n"):
            yield number, line[:-1]
        elif not _is_torn(line, starts, may_be_zeros=is_paired or number > 1):
            # Whole, or not ours: decoding it tells.
            yield number, line


def _is_torn(line: bytes, starts: tuple[_Start, ...], *, may_be_zeros: bool) -> bool:
    written = line.rstrip(b"\0")
    if not written:
        return may_be_zeros
    return not is_json(line) and any(_begins_like(written, start) for start in starts)


def _begins_like(line: bytes, start: _Start) -> bool:
    for part in start:
        if isinstance(part, bytes):
            if len(line) <= len(part):
                return part.startswith(line)
            end = len(part) if line.startswith(part) else 0
        else:
            match = re.match(part.encode(), line)
            end = match.end() if match else 0
        if not end:
            return False
        line = line[end:]
        if not line:
            return True
    return True
