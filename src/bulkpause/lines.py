"""The lines of the result log and of its write-ahead file, written and read.

A line of the log is a `Record`. The write-ahead file holds four kinds, told apart by
their first key: `run` begins a run, `planned` names ids that it is about to send,
`sent` comes before each request, and `answered` after those that were not final.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from bulkpause.errors import LogError
from bulkpause.model import Action, Item, Past, Record, Status


#: The version of the write-ahead file that is written and read.
VERSION = 1
#: So many ids stand in one line of a plan.
IDS_A_LINE = 1000


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


Entry = Header | Sent | Answered | tuple[Item, ...]


def encode(value: Record | Header | Sent | Answered) -> bytes:
    """Write one line, its end included."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def encode_plan(items: Iterable[Item]) -> Iterator[bytes]:
    """Write the ids of a plan with their rows, in lines of a bounded length."""
    pairs: list[tuple[str, int]] = []
    for item in items:
        pairs.append((item.id, item.row))
        if len(pairs) == IDS_A_LINE:
            yield orjson.dumps({"planned": pairs}, option=orjson.OPT_APPEND_NEWLINE)
            pairs = []
    if pairs:
        yield orjson.dumps({"planned": pairs}, option=orjson.OPT_APPEND_NEWLINE)


def decode_records(lines: Iterable[bytes], name: str) -> Iterator[Record]:
    """Read the lines of a log.

    Raises:
        LogError: A line is no record; the message names it.
    """
    for number, line in enumerate(lines, 1):
        try:
            yield _record(orjson.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(name, number) from error


def decode_entries(lines: Iterable[bytes], name: str) -> Iterator[Entry]:
    """Read the lines of a write-ahead file.

    Raises:
        LogError: A line is of no kind that is known; the message names it.
    """
    for number, line in enumerate(lines, 1):
        try:
            yield _entry(orjson.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(name, number) from error


def _record(value: dict[str, Any]) -> Record:
    value["status"] = Status(value["status"])
    value["history"] = tuple(value["history"])
    for past in value["history"]:
        _check_time(Past(**past).at)
    record = Record(**value)
    _check_texts(record.id, record.run_id, record.request_id)
    _check_time(record.started_at)
    _check_time(record.finished_at)
    return record


def _entry(value: Mapping[str, Any]) -> Entry:
    match next(iter(value), None):
        case "run":
            header = Header(**{**value, "action": Action(value["action"])})
            if header.version != VERSION:
                raise ValueError(f"version {header.version}")
            _check_texts(header.run)
            return header
        case "planned":
            items = tuple(Item(id=id_, row=row) for id_, row in value["planned"])
            _check_texts(*(item.id for item in items))
            return items
        case "sent":
            sent = Sent(**{**value, "action": Action(value["action"])})
            _check_texts(sent.sent, sent.request_id)
            _check_time(sent.at)
            return sent
        case "answered":
            return Answered(**value)
        case kind:
            raise ValueError(kind)


def _check_texts(*values: object) -> None:
    if not all(value is None or isinstance(value, str) for value in values):
        raise TypeError


def _check_time(value: str | None) -> None:
    """Refuse a time here, where its line is known, and not where it is used."""
    if value is not None and datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(value)


def _damaged(name: str, number: int) -> LogError:
    return LogError(
        f"{name}: line {number} is damaged; set the file aside, or mend the line, and "
        "run again"
    )
