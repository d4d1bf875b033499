"""Encode and decode the lines of the result log and of the write-ahead log.

A line of the result log is a `Record`. The write-ahead log has five kinds of line,
which differ in their first key: `run` begins a run, `planned` lists ids that the run
will send, `sent` precedes each request, and `answered` follows a response or
transport error that did not settle its id. With `run --remember`, `remembered` says what
a campaign was before its pause.

A result log may also hold marks: lines that say that an undo of it was begun.

Each line ends with a checksum of the bytes before it, so that damage cannot turn one
id into another. A line that was repaired by hand may omit it.

A line is sealed if its checksum fits: its fields were checked when it was written, and
are not checked again. All others are, field by field.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from operator import itemgetter
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints
from zlib import crc32

import orjson

from bulkpause._value import value
from bulkpause.errors import LogError
from bulkpause.ids import matches_id_pattern
from bulkpause.journal.checksum import (
    CHECKSUM_KEY,
    MARK_START,
    SEAL,
    SEAL_LENGTH,
    sealed,
)
from bulkpause.model import (
    Earlier,
    Item,
    PriorAttempt,
    Record,
    record_without_init,
)
from bulkpause.vocabulary import RECORD_VERSION, Action, Status


#: The version of the write-ahead log that is written, and the newest that is read. In
#: version 1 a plan had no names, and a header no `planned_before`; in version 2 nothing
#: was said of what campaigns were before their pause; in version 3 a header did not say
#: whose campaigns they are; in version 4 it had no `planned_in_log` and no `undone`.
WAL_VERSION = 5
#: The first version whose header counts its own ids, or says that it cannot.
_VERSION_THAT_COUNTS = 5
#: The versions of headers of runs that may have had several accounts, and do not say it.
_VERSIONS_WITHOUT_ACCOUNT = frozenset({2, 3})
#: The version of a mark. It is newer than that of a record: a program that knows no
#: marks refuses the log, and does not say that its campaigns are paused.
MARK_VERSION = 4
#: Ids in one line of a plan.
IDS_PER_LINE = 1000
#: The keys that a record of version 1 does not have.
_KEYS_SINCE_2 = frozenset({"name", "account", "action", "planned", "endpoint"})
#: The keys that a record of version 2 does not have either.
_KEYS_SINCE_3 = frozenset(
    {"reads", "earlier_status", "earlier_scheduled_time", "paused_at", "input_digest"}
)


@value
class Header:
    """The header of a run: the first line of its part of the write-ahead log.

    `digest` is that of the ids that the run sends, `input_digest` that of its whole
    input, `planned` how many ids the run sends, `planned_before` how many ids the log was
    meant to hold before, and `planned_in_log` how many with this plan, each id once: those
    of which nothing else is left may still be running. It is None if the log did not say
    how many there were. `account` is the name of the account; None if the run has one
    only, or if the version is an older one. `undone` are the logs whose pauses it takes
    back: a retry marks them before it resumes anything.
    """

    run: str
    version: int = WAL_VERSION
    base_url: str
    account: str | None = None
    action: Action = Action.PAUSE
    digest: str
    input_digest: str | None = None
    planned: int
    planned_before: int | None = None
    planned_in_log: int | None = None
    undone: tuple[str, ...] = ()
    boot_id: str

    @property
    def is_count_doubted(self) -> bool:
        """Whether the log did not say how many ids it was meant to hold."""
        is_counted = self.planned_before is None or self.planned_in_log is not None
        return self.version >= _VERSION_THAT_COUNTS and not is_counted

    @property
    def names_account(self) -> bool:
        """Whether it says whose campaigns they are. Of one account were all at first."""
        return self.version not in _VERSIONS_WITHOUT_ACCOUNT


@value(slots=False)
class Sent:
    """A request that is about to be sent.

    `at` is wall-clock time, `clock_s` the monotonic clock of this boot.
    """

    sent: str
    action: Action
    request_id: str
    at: str
    clock_s: float

    @property
    def run_id(self) -> str:
        """The id of the run that made it."""
        return run_of(self.request_id)


@value(slots=False)
class Answered:
    """A response or transport error that did not settle its id."""

    answered: str
    request_id: str
    http_status: int | None
    trace_id: str | None
    error: str | None
    is_doubtful: bool

    @property
    def run_id(self) -> str:
        """The id of the run that made the request."""
        return run_of(self.request_id)


@value
class Remembered:
    """What a campaign was, as it was read before its pause."""

    remembered: str
    status: str
    scheduled_time: str | None


@value
class UndoMark:
    """A line of a result log that says that an undo of it was begun.

    What is on record before it as paused may be running since. `undone_by` is the log of
    the undo, `run_id` its run, `at` when it was begun.
    """

    undone_by: str
    run_id: str
    at: str
    v: int = MARK_VERSION


WalEntry = Header | Sent | Answered | Remembered | tuple[Item, ...]
_Decoded = TypeVar("_Decoded")
_Checked = TypeVar(
    "_Checked",
    Record,
    PriorAttempt,
    Header,
    Sent,
    Answered,
    Remembered,
    Earlier,
    Item,
    UndoMark,
)


class _NewerVersionError(Exception):
    """A line has a version that this program does not know yet."""


def run_of(request_id: str) -> str:
    """Give the id of the run that made a request."""
    return request_id.rpartition("-")[0]


def encode(
    value: Record
    | Header
    | Sent
    | Answered
    | Remembered
    | UndoMark
    | Mapping[str, Any],
) -> bytes:
    """Encode one line, with its checksum and its newline."""
    return sealed(orjson.dumps(value)[:-1])


def encode_sent(
    action: Action, id_: str, request_id: str, *, at: str, clock_s: float
) -> bytes:
    """Encode the line of a request as that of a `Sent`, without making one."""
    return encode(
        {
            "sent": id_,
            "action": action,
            "request_id": request_id,
            "at": at,
            "clock_s": clock_s,
        }
    )


def encode_plan(items: Iterable[Item]) -> Iterator[bytes]:
    """Encode the ids of a plan with their rows, names and what they were before.

    `IDS_PER_LINE` stand in a line.
    """
    planned: list[tuple[str | int | None, ...]] = []
    for item in items:
        # Most lists have nothing but ids, and a million of them.
        if item.name is None and item.earlier is None:
            planned.append((item.id, item.row))
        elif item.earlier is None:
            planned.append((item.id, item.row, item.name))
        else:
            planned.append((item.id, item.row, item.name, *astuple(item.earlier)))
        if len(planned) == IDS_PER_LINE:
            yield encode({"planned": planned})
            planned = []
    if planned:
        yield encode({"planned": planned})


def decode_records(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Record]:
    """Decode numbered lines of a result log, without their newlines.

    Records of every version up to `RECORD_VERSION` are decoded.

    Raises:
        LogError: A line is damaged or of a newer version; the message names it.
    """
    return _decode(lines, name, _record)


def decode_entries(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[WalEntry]:
    """Decode numbered lines of a write-ahead log, without their newlines.

    Raises:
        LogError: A line is damaged or of a newer version; the message names it.
    """
    return _decode(lines, name, _entry)


def _decode(
    lines: Iterable[tuple[int, bytes]],
    name: str,
    build: Callable[[dict[str, Any], bool], _Decoded],
) -> Iterator[_Decoded]:
    for number, line in lines:
        try:
            decoded = build(*_parse(line))
        except _NewerVersionError:
            raise _newer(name, number) from None
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(name, number) from error
        yield decoded


def _parse(line: bytes) -> tuple[dict[str, Any], bool]:
    """Parse a line, check its checksum if it has one, and tell whether it has."""
    content, key, checksum = line.rpartition(CHECKSUM_KEY)
    if key and checksum != b'%08x"}' % crc32(content):
        raise ValueError(checksum)
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise TypeError
    if key:
        del value["crc32"]
    return value, bool(key)


def decode_mark(line: bytes) -> UndoMark | None:
    """Decode a mark of a result log; None if the line is a record, newer or damaged.

    What is wrong with such a line, `decode_records` says.
    """
    if not line.startswith(MARK_START):
        return None
    try:
        value, _ = _parse(line.rstrip(b"\n"))
        _checked_version(value["v"], MARK_VERSION)
        mark = _build(UndoMark, value)
        _check_time(mark.at)
    except (_NewerVersionError, ValueError, TypeError, KeyError):
        return None
    return mark


class SealedLines:
    """Decodes sealed lines of a result log at once, without checking their fields again.

    Records that differ in few fields are made from one another: they share the values
    and the keys of the others, and take a third of the memory of decoded ones.
    """

    def __init__(self) -> None:
        self._alike: dict[tuple[Any, ...], dict[str, Any]] = {}

    def decode(self, lines: Sequence[bytes]) -> list[Record] | None:
        """Decode lines, with their newlines.

        Returns:
            The records; None if a line is not sealed, is of another version or damaged:
            `decode_records` decodes them, or says what is wrong.
        """
        contents = [line[:-SEAL_LENGTH] for line in lines]
        seals = map(SEAL.__mod__, map(crc32, contents))
        if not all(map(bytes.endswith, lines, seals)):
            return None
        try:
            return [self._record(orjson.loads(line)) for line in lines]
        except (ValueError, TypeError, KeyError):
            return None

    def _record(self, value: dict[str, Any]) -> Record:
        kind = _common_fields(value)
        alike = self._alike.get(kind)
        if alike is None or value["history"]:
            return self._first_of_its_kind(value, kind)
        made = alike.copy()
        for name in _OWN_FIELDS:
            made[name] = value[name]
        return record_without_init(made)

    def _first_of_its_kind(
        self, value: dict[str, Any], kind: tuple[Any, ...]
    ) -> Record:
        if value["v"] != RECORD_VERSION:
            raise ValueError(value["v"])
        del value["crc32"]
        record = Record(**vars(_sealed_record(value)))
        if not record.history and len(self._alike) < _MOST_KINDS:
            self._alike[kind] = vars(record)
        return record


def decode_again(line: bytes) -> Record:
    """Decode a line of a result log that was decoded before, as if it were sealed."""
    value = orjson.loads(line)
    value.pop("crc32", None)
    return _record(value, is_sealed=True)


def _record(value: dict[str, Any], is_sealed: bool) -> Record:  # noqa: FBT001 (of _parse)
    version = value.setdefault("v", 1)
    if is_sealed and version in _VERSIONS and type(version) is int:
        return _sealed_record(value)
    return _checked_record(value)


def _sealed_record(value: dict[str, Any]) -> Record:
    """Build a record of fields that are right, in a fifth of the time.

    The fields that its version did not have yet are those of the class.
    """
    value["status"] = _STATUSES[value["status"]]
    value["action"] = _ACTIONS[value.get("action", "pause")]
    value["history"] = tuple(value["history"])
    return record_without_init(value)


def _checked_record(value: dict[str, Any]) -> Record:
    version = _checked_version(value["v"], RECORD_VERSION)
    newer = (_KEYS_SINCE_2 if version < 2 else frozenset()) | _KEYS_SINCE_3
    if version < RECORD_VERSION and not newer.isdisjoint(value):
        raise ValueError(version)
    value["status"] = Status(value["status"])
    value["action"] = Action(value.get("action", Action.PAUSE))
    value["history"] = tuple(value["history"])
    for attempt in value["history"]:
        _check_time(_build(PriorAttempt, attempt).at)
    record = _build(Record, value)
    _check_id(record.id)
    _check_time(record.started_at)
    _check_time(record.finished_at)
    _check_time(record.paused_at)
    return record


def _entry(value: dict[str, Any], is_sealed: bool) -> WalEntry:  # noqa: FBT001 (of _parse)
    if is_sealed and (entry := _sealed_entry(value)) is not None:
        return entry
    match next(iter(value), None):
        case "run":
            # First: only the version says how to read the other keys.
            _checked_version(value["version"], WAL_VERSION)
            return _header(value)
        case "planned":
            (planned,) = value.values()
            return tuple(_planned(*fields) for fields in planned)
        case "sent":
            sent = _build(Sent, {**value, "action": Action(value["action"])})
            _check_id(sent.sent)
            _check_time(sent.at)
            return sent
        case "answered":
            answered = _build(Answered, value)
            _check_id(answered.answered)
            return answered
        case "remembered":
            remembered = _build(Remembered, value)
            _check_id(remembered.remembered)
            return remembered
        case kind:
            raise ValueError(kind)


def _header(value: dict[str, Any]) -> Header:
    undone = value.get("undone", [])
    if not (isinstance(undone, list) and all(isinstance(one, str) for one in undone)):
        raise TypeError(undone)
    action = Action(value["action"])
    return _build(Header, {**value, "action": action, "undone": tuple(undone)})


def _sealed_entry(value: dict[str, Any]) -> WalEntry | None:
    """Build an entry of fields that are right; None for one of the rare kinds."""
    if "sent" in value:
        value["action"] = _ACTIONS[value["action"]]
        return Sent(**value)
    if "planned" in value and "run" not in value:
        return tuple(_sealed_item(*fields) for fields in value["planned"])
    return None


def _checked_version(version: object, newest: int) -> int:
    # `bool` is an `int`, but `true` is not a version.
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(version)
    if version > newest:
        raise _NewerVersionError
    return version


def _sealed_item(
    id_: str, row: int, name: str | None = None, *earlier: str | None
) -> Item:
    if not earlier:
        return Item(id=id_, row=row, name=name)
    status, scheduled_time, paused_at = earlier
    before = Earlier(status=status, scheduled_time=scheduled_time, paused_at=paused_at)
    return Item(id=id_, row=row, name=name, earlier=before)


def _planned(id_: object, row: object, name: object = None, *earlier: object) -> Item:
    if name is not None and not isinstance(name, str):
        raise TypeError(name)  # before an item would take it for text
    before = None
    if earlier:
        names = ("status", "scheduled_time", "paused_at")
        before = _build(Earlier, dict(zip(names, earlier, strict=True)))
        _check_time(before.paused_at)
    item = _build(Item, {"id": id_, "row": row, "name": name, "earlier": before})
    _check_id(item.id)
    return item


def _build(kind: type[_Checked], value: Mapping[str, Any]) -> _Checked:
    """Build a value from parsed JSON, and check the type of each field.

    Raises:
        TypeError: A field has a wrong type, is missing, or is unknown.
    """
    built = kind(**value)
    for name, types in _FIELD_TYPES[kind]:
        if not isinstance(getattr(built, name), types):
            raise TypeError(name)
    return built


def _field_types(kind: type) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """List the fields and types that `isinstance` can check.

    The types are tuples: a union takes `isinstance` several times as long.
    """
    fields: list[tuple[str, tuple[type, ...]]] = []
    for name, hint in get_type_hints(kind).items():
        if isinstance(hint, type | UnionType):
            types = get_args(hint) or (hint,)
            # JSON has one type of number.
            fields.append((name, (*types, int) if float in types else types))
    return tuple(fields)


#: In the others, most records of a run are alike.
_OWN_FIELDS = (
    *("id", "name", "trace_id", "row", "request_id", "latency_ms"),
    *("started_at", "finished_at"),
)
#: A log may have more, as where each campaign had another time: these share nothing.
_MOST_KINDS = 1000
_common_fields: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(
    *(one.name for one in fields(Record) if one.name not in {*_OWN_FIELDS, "history"})
)
_VERSIONS = range(1, RECORD_VERSION + 1)
_ACTIONS = {action.value: action for action in Action}
_STATUSES = {status.value: status for status in Status}
_FIELD_TYPES = {
    kind: _field_types(kind)
    for kind in (
        *(Record, PriorAttempt, Header, Sent, Answered, Remembered, Earlier, Item),
        UndoMark,
    )
}


def _check_id(id_: str | None) -> None:
    if id_ is not None and not matches_id_pattern(id_):
        raise ValueError(id_)


def _check_time(value: str | None) -> None:
    """Refuse an invalid time here, where the number of its line is known."""
    if value is None:
        return
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    try:
        moment.astimezone(UTC)
    except OverflowError as error:  # in UTC, it is before or after all years
        raise ValueError(value) from error


def _newer(name: str, number: int) -> LogError:
    return LogError(
        f"{name}: line {number} was written by a newer bulkpause; upgrade bulkpause"
    )


def _damaged(name: str, number: int) -> LogError:
    repair = "repair the line, remove its crc32, and run again"
    if number == 1:
        return LogError(
            f"{name}: line 1 is damaged, or the file is not a log of bulkpause; it was "
            f"not changed. Name another log, or {repair}"
        )
    return LogError(
        f"{name}: line {number} is damaged; set the file aside, or {repair}"
    )
