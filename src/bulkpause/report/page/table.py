"""Make the table of all ids: what is not paused first, in columns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

from bulkpause._text import on_one_line
from bulkpause._value import state, value
from bulkpause.model import Record
from bulkpause.report.breakdown import STATUSES
from bulkpause.report.group import LogGroup
from bulkpause.report.page.moments import seconds_of
from bulkpause.report.page.packing import (
    Packed,
    pack_columns,
    pack_numbers,
    pack_texts,
)
from bulkpause.report.totals import NOT_ATTEMPTED, Cause
from bulkpause.vocabulary import Status


#: The rows that the page shows without JavaScript.
FIRST_ROWS = 1000
_RUN = "run"
_SELF_EXPLAINING = {NOT_ATTEMPTED, Status.PAUSED, Status.RESUMED}
#: The fields of records that have a column, in its order.
_FIELDS = (
    *("id", "name", "campaign_status", "trace_id", "attempts", "latency_ms"),
    *("finished_at", "row", "request_id", "run_id"),
)
_values_of = attrgetter(*_FIELDS)
#: Of more records, not all fields would stay in the processor's cache.
_AT_ONCE = 500


@state
class Rows:
    """Ids and invalid rows, as lists of the same length.

    Attributes:
        statuses: The status of each.
        records: The record of each. An id that was not attempted has one with its name.
        logs: The log of each.
        groups: The label of the group of logs of each.
    """

    statuses: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(
        self, status: str, records: Sequence[Record], logs: Iterable[str], group: str
    ) -> None:
        """Add some that have the same status and group."""
        self.statuses.extend(repeat(status, len(records)))
        self.records.extend(records)
        self.logs.extend(logs)
        self.groups.extend(repeat(group, len(records)))


@value(kw_only=False)
class Column:
    """One column.

    Attributes:
        label: Its heading.
        kind: `text`, `choice` (numbers of `choices`), `number`, `tenths` (a number
            times ten), `time` (seconds since `base`), or `request` (its number in the
            row's run, or in the only one, which is the choice then).
        values: A value for each row; None for an empty cell.
        choices: The texts that a choice chooses from.
        base: What is to be added to each value.
    """

    label: str
    kind: str
    values: Sequence[Any]
    choices: Sequence[str] = ()
    base: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value."""
        return self.values.count(None) == len(self.values)

    def packed(self) -> tuple[dict[str, Any], Packed]:
        """Describe the column for the page's script, and pack its values."""
        pack = pack_texts if self.kind == "text" else pack_numbers
        description = {
            "label": self.label,
            "kind": self.kind,
            "choices": self.choices,
            "base": self.base,
        }
        return description, pack(self.values)

    def text(self, number: int, run: str = "") -> str:
        """Write a cell, as the script does.

        Args:
            number: The number of the row.
            run: The run of the row.
        """
        match self.kind, self.values[number]:
            case _, None:
                return ""
            case "choice", value:
                return f"{self.choices[value]}"
            case "time", value:
                at = datetime.fromtimestamp(self.base + value, UTC)
                return f"{at:%Y-%m-%d %H:%M:%S}"
            case "request", value:
                return f"{run or self.choices[0]}-{value}"
            case "tenths", value:
                return f"{value / 10:.1f}"
            case _, value:
                return str(value)


@value(kw_only=False)
class Table:
    """The table of all ids.

    Attributes:
        columns: The columns that hold anything.
        size: The number of rows.
    """

    columns: Sequence[Column]
    size: int

    def first_rows(self) -> Iterator[list[str]]:
        """Give the first rows as texts."""
        runs = next((c for c in self.columns if c.label == _RUN), None)
        for number in range(min(self.size, FIRST_ROWS)):
            run = "" if runs is None else runs.text(number)
            yield [column.text(number, run) for column in self.columns]

    def packed(self) -> str:
        """Write all rows as a text that the page's script unpacks."""
        return pack_columns(self.size, (column.packed() for column in self.columns))


def table_of(groups: Sequence[LogGroup]) -> Table:
    """Make the table of all ids of some groups of logs."""
    rows = _rows_of(groups)
    values = _values_by_field(rows.records)
    columns = _columns(rows, values)
    several = {
        "account": len(groups) > 1,
        "log": sum(len(group.logs) for group in groups) > 1,
        "run": len(set(values["run_id"]) - {None}) > 1,
    }
    return Table(
        [c for c in columns if several.get(c.label, not c.is_empty)],
        len(rows.records),
    )


def _values_by_field(records: Sequence[Record]) -> Mapping[str, Sequence[Any]]:
    values: Mapping[str, list[Any]] = {name: [] for name in _FIELDS}
    for place in range(0, len(records), _AT_ONCE):
        some = map(_values_of, records[place : place + _AT_ONCE])
        for column, part in zip(values.values(), zip(*some, strict=True), strict=True):
            column.extend(part)
    return values


def _columns(rows: Rows, values: Mapping[str, Sequence[Any]]) -> Sequence[Column]:
    return (
        Column("id", "text", values["id"]),
        _texts("name", values["name"]),
        _choices("account", rows.groups),
        _choices("status", rows.statuses),
        _choices("cause", list(map(_Causes(), rows.statuses, rows.records))),
        _choices("campaign", values["campaign_status"]),
        _texts("trace_id", values["trace_id"]),
        Column("attempts", "number", [n or None for n in values["attempts"]]),
        Column("latency, ms", "tenths", list(map(_tenths, values["latency_ms"]))),
        _times("finished, UTC", values["finished_at"]),
        Column("row", "number", values["row"]),
        _requests(values["request_id"], values["run_id"]),
        _choices(_RUN, values["run_id"]),
        _choices("log", rows.logs),
    )


def _rows_of(groups: Sequence[LogGroup]) -> Rows:
    """List the rows of all groups by status."""
    found: dict[str, list[tuple[LogGroup, list[Record]]]] = {
        one: [] for one in STATUSES
    }
    for group in groups:
        by_status = defaultdict[str, list[Record]](list)
        for record in group.records:
            by_status[record.status].append(record)
        for status, records in by_status.items():
            found[status].append((group, records))
    rows = Rows()
    for status, parts in found.items():
        for group, records in parts:
            logs = [group.log_of_run.get(one.run_id, "") for one in records]
            rows.add(status, records, logs, group.label)
        if status == NOT_ATTEMPTED:
            _add_not_attempted(rows, groups)
    return rows


def _add_not_attempted(rows: Rows, groups: Sequence[LogGroup]) -> None:
    for group in groups:
        records = [
            Record(id=item.id, name=item.name, row=item.row, status=Status.UNKNOWN)
            for item, _ in group.not_attempted
        ]
        logs = (log for _, log in group.not_attempted)
        rows.add(NOT_ATTEMPTED, records, logs, group.label)


def _texts(label: str, values: Iterable[str | None]) -> Column:
    return Column(label, "text", [text and on_one_line(text) for text in values])


def _choices(label: str, values: Sequence[str | None]) -> Column:
    distinct = [one for one in dict.fromkeys(values) if one is not None]
    numbers: dict[str | None, int | None] = {None: None}
    numbers.update((one, number) for number, one in enumerate(distinct))
    chosen = list(map(numbers.__getitem__, values))
    return Column(label, "choice", chosen, [on_one_line(str(one)) for one in distinct])


def _tenths(latency_ms: float | None) -> int | None:
    return None if latency_ms is None else round(latency_ms * 10)


def _times(label: str, moments: Sequence[str | None]) -> Column:
    """Count moments in whole seconds from the first one, which pack in less."""
    known = list(map(int, seconds_of([one for one in moments if one is not None])))
    base = min(known, default=0)
    since = iter(known)
    values = [None if one is None else next(since) - base for one in moments]
    return Column(label, "time", values, (), base)


def _requests(names: Sequence[str | None], runs: Sequence[str | None]) -> Column:
    """Name the last request of each row: by its number if it is always one of the run.

    A request's name is that of its run and a number, except where the record of a run
    names a request of an earlier one.
    """
    numbers = [
        None if name is None else _number_in(run, name)
        for name, run in zip(names, runs, strict=True)
    ]
    is_of_run = numbers.count(None) == names.count(None)
    if not is_of_run:
        return _texts("request_id", names)
    known = [*filter(None, dict.fromkeys(runs))]
    return Column("request_id", "request", numbers, known if len(known) == 1 else ())


def _number_in(run: str | None, name: str) -> int | None:
    number = name.removeprefix(f"{run}-")
    is_number = number != name and number.isdecimal() and number.isascii()
    return int(number) if is_number and number[0] != "0" else None


class _Causes:
    """Give the cause of each row that is not simply paused."""

    def __init__(self) -> None:
        self._texts: dict[tuple[object, ...], str] = {}

    def __call__(self, status: str, record: Record) -> str | None:
        if status in _SELF_EXPLAINING:
            return None
        key = (
            *(status, record.http_status, record.title, record.message),
            *(record.error, record.campaign_status),
        )
        if key not in self._texts:
            self._texts[key] = on_one_line(str(Cause.of(record)))
        return self._texts[key]
