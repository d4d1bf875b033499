"""The lines of the result log and of its write-ahead file, written and read.

A line of the log is a `Record`. The write-ahead file holds four kinds, told apart by
their first key: `run` begins a run, `planned` names ids that it is about to send,
`sent` comes before each request, and `answered` after those that were not final.

Each line ends with a checksum of what stands before it, so that no damage makes one
id of another. A line that somebody mended may go without.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints
from zlib import crc32

import orjson

from bulkpause.errors import LogError
from bulkpause.ids import has_the_letters_of_an_id
from bulkpause.model import Action, Item, PriorAttempt, Record, Status


#: The version of the write-ahead file that is written and read.
VERSION = 1
#: So many ids stand in one line of a plan.
IDS_A_LINE = 1000
#: What stands between a line and its checksum. No text of a line can hold it.
_SUM = b',"crc32":"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a run was about. It begins the run's part of the write-ahead file."""

    run: str
    version: int = VERSION
    base_url: str
    action: Action = Action.PAUSE
    digest: str
    planned: int
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request that is about to be written.

    `at` is wall-clock time, `clock_s` the monotonic clock of this boot.
    """

    sent: str
    action: Action
    request_id: str
    at: str
    clock_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a request brought that did not settle its id."""

    answered: str
    request_id: str
    http_status: int | None
    trace_id: str | None
    error: str | None
    is_doubtful: bool


WalEntry = Header | Sent | Answered | tuple[Item, ...]
_Line = TypeVar("_Line", Record, PriorAttempt, Header, Sent, Answered, Item)


def encode(value: Record | Header | Sent | Answered) -> bytes:
    """Write one line, its end included."""
    return _summed(value)


def encode_plan(items: Iterable[Item]) -> Iterator[bytes]:
    """Write the ids of a plan with their rows, in lines of a bounded length."""
    pairs: list[tuple[str, int]] = []
    for item in items:
        pairs.append((item.id, item.row))
        if len(pairs) == IDS_A_LINE:
            yield _summed({"planned": pairs})
            pairs = []
    if pairs:
        yield _summed({"planned": pairs})


def _summed(value: object) -> bytes:
    line = orjson.dumps(value)[:-1]
    return b'%s%s%08x"}\n' % (line, _SUM, crc32(line))


def decode_records(lines: Iterable[bytes], name: str) -> Iterator[Record]:
    """Read the lines of a log.

    Raises:
        LogError: A line is no record; the message names it.
    """
    for number, line in enumerate(lines, 1):
        try:
            yield _record(_loaded(line))
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(name, number) from error


def decode_entries(lines: Iterable[bytes], name: str) -> Iterator[WalEntry]:
    """Read the lines of a write-ahead file.

    Raises:
        LogError: A line is of no kind that is known; the message names it.
    """
    for number, line in enumerate(lines, 1):
        try:
            yield _entry(_loaded(line))
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(name, number) from error


def _loaded(line: bytes) -> dict[str, Any]:
    start, mark, told = line.rpartition(_SUM)
    if mark:
        if told != b'%08x"}' % crc32(start):
            raise ValueError(told)
        line = start + b"}"
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise TypeError
    return value


def _record(value: dict[str, Any]) -> Record:
    value["status"] = Status(value["status"])
    value["history"] = tuple(value["history"])
    for past in value["history"]:
        _check_time(_made(PriorAttempt, past).at)
    record = _made(Record, value)
    _check_id(record.id)
    _check_time(record.started_at)
    _check_time(record.finished_at)
    return record


def _entry(value: Mapping[str, Any]) -> WalEntry:
    match next(iter(value), None):
        case "run":
            header = _made(Header, {**value, "action": Action(value["action"])})
            if header.version != VERSION:
                raise ValueError(f"version {header.version}")
            return header
        case "planned":
            (pairs,) = value.values()
            return tuple(_planned(id_, row) for id_, row in pairs)
        case "sent":
            sent = _made(Sent, {**value, "action": Action(value["action"])})
            _check_id(sent.sent)
            _check_time(sent.at)
            return sent
        case "answered":
            answered = _made(Answered, value)
            _check_id(answered.answered)
            return answered
        case kind:
            raise ValueError(kind)


def _planned(id_: object, row: object) -> Item:
    item = _made(Item, {"id": id_, "row": row})
    _check_id(item.id)
    return item


def _made(kind: type[_Line], value: Mapping[str, Any]) -> _Line:
    """Make a value of what was read, if each of its fields is of its type.

    Raises:
        TypeError: One is not, or is missing, or there is one more.
    """
    made = kind(**value)
    for name, types in _TYPES[kind]:
        if not isinstance(getattr(made, name), types):
            raise TypeError(name)
    return made


def _types_of(kind: type) -> tuple[tuple[str, type | UnionType], ...]:
    """Give the types of the fields, as far as they can be told at run time."""
    hints = get_type_hints(kind)
    return tuple(
        # JSON has one type of number.
        (name, hint | int if float in {hint, *get_args(hint)} else hint)
        for name, hint in hints.items()
        if isinstance(hint, type | UnionType)
    )


_TYPES = {
    kind: _types_of(kind)
    for kind in (Record, PriorAttempt, Header, Sent, Answered, Item)
}


def _check_id(id_: str | None) -> None:
    if id_ is not None and not has_the_letters_of_an_id(id_):
        raise ValueError(id_)


def _check_time(value: str | None) -> None:
    """Refuse a time here, where its line is known, and not where it is used."""
    if value is not None and datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(value)


def _damaged(name: str, number: int) -> LogError:
    return LogError(
        f"{name}: line {number} is damaged; set the file aside, or mend the line and "
        "leave its crc32 out, and run again"
    )
