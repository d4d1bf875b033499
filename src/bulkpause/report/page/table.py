"""Make the table of all ids: what is not paused first, as columns that pack well."""

import base64
import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import sub
from typing import Any, NamedTuple

import orjson

from bulkpause._text import on_one_line
from bulkpause._value import value
from bulkpause.model import Record, Status
from bulkpause.report.breakdown import STATUSES
from bulkpause.report.group import LogGroup
from bulkpause.report.page.requests import seconds
from bulkpause.report.totals import NOT_ATTEMPTED, Cause


#: The rows that the page shows without JavaScript.
FIRST_ROWS = 1000
_RUN = "run"
_SELF_EXPLAINING = {NOT_ATTEMPTED, Status.PAUSED, Status.RESUMED}


class Row(NamedTuple):
    """One id or invalid row. An id that was not attempted has a record with its name."""

    status: str
    record: Record
    log: str
    group: str


@value(kw_only=False)
class Column:
    """One column.

    Attributes:
        label: Its heading.
        kind: `text`, `choice` (numbers of `choices`), `number`, `time` (milliseconds
            since 1970), or `request` (a text, or its number in the row's run).
        values: A value for each row; None for an empty cell.
        choices: The texts that a choice chooses from.
    """

    label: str
    kind: str
    values: Sequence[Any]
    choices: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value."""
        return all(value is None for value in self.values)

    def packed(self) -> dict[str, Any]:
        """Give the column in the form in which the page's script reads it.

        Whole numbers mostly grow from row to row: each is given as what it adds to
        the number before it, which packs in a fourth of the space.
        """
        values = self.values
        if is_stepwise := self.kind in {"time", "request"} or _are_whole(values):
            values = _steps(values)
        return {
            "label": self.label,
            "kind": self.kind,
            "values": values,
            "choices": self.choices,
            "isStepwise": is_stepwise,
        }


def _are_whole(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {int, type(None)}


def _steps(values: Sequence[Any]) -> list[Any]:
    if set(map(type, values)) == {int}:
        return [*values[:1], *map(sub, values[1:], values)]
    steps: list[Any] = []
    before = 0
    for one in values:
        is_number = type(one) is int
        steps.append(one - before if is_number else one)
        before = one if is_number else before
    return steps


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
            run = "" if runs is None else _text(runs, number, "")
            yield [_text(column, number, run) for column in self.columns]

    def packed(self) -> str:
        """Write all rows as base64 of gzipped JSON."""
        columns = orjson.dumps([column.packed() for column in self.columns])
        return base64.b64encode(gzip.compress(columns, 5, mtime=0)).decode()


def _text(column: Column, number: int, run: str) -> str:
    """Give a cell as text, as the script writes it."""
    match column.kind, column.values[number]:
        case _, None:
            return ""
        case "choice", value:
            return f"{column.choices[value]}"
        case "time", value:
            return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
        case "request", int(value):
            return f"{run}-{value}"
        case "number", float(value):
            return f"{value:.1f}"
        case _, value:
            return str(value)


def table_of(groups: Sequence[LogGroup]) -> Table:
    """Make the table of all ids of some groups of logs."""
    rows = list(_rows(groups))
    records = [row.record for row in rows]
    columns = (
        _texts("id", (record.id for record in records)),
        _texts(
            "name", (record.name and on_one_line(record.name) for record in records)
        ),
        _choices("account", (row.group for row in rows)),
        _choices("status", (row.status for row in rows)),
        _choices("cause", map(_Causes(), rows)),
        _choices("campaign", (record.campaign_status for record in records)),
        _texts("trace_id", (record.trace_id for record in records)),
        Column("attempts", "number", [record.attempts or None for record in records]),
        Column("latency, ms", "number", [record.latency_ms for record in records]),
        Column(
            "finished, UTC", "time", [_ms(record.finished_at) for record in records]
        ),
        Column("row", "number", [record.row for record in records]),
        Column("request_id", "request", [_request(record) for record in records]),
        _choices(_RUN, (record.run_id for record in records)),
        _choices("log", (row.log for row in rows)),
    )
    several = {"account": len(groups) > 1, "log": sum(len(g.logs) for g in groups) > 1}
    return Table(
        [c for c in columns if several.get(c.label, not c.is_empty)], len(rows)
    )


def _rows(groups: Sequence[LogGroup]) -> Iterator[Row]:
    by_status: dict[str, list[Row]] = {status: [] for status in STATUSES}
    for group in groups:
        label, log_of_run = group.label, group.log_of_run
        for record in group.records:
            row = Row(record.status, record, log_of_run.get(record.run_id, ""), label)
            by_status[record.status].append(row)
        for item, log in group.not_attempted:
            record = Record(
                id=item.id, name=item.name, row=item.row, status=Status.UNKNOWN
            )
            by_status[NOT_ATTEMPTED].append(Row(NOT_ATTEMPTED, record, log, label))
    for rows in by_status.values():
        yield from rows


def _texts(label: str, values: Iterable[str | None]) -> Column:
    return Column(label, "text", list(values))


def _choices(label: str, values: Iterable[str | None]) -> Column:
    numbers: dict[str, int] = {}
    chosen = [
        None if value is None else numbers.setdefault(value, len(numbers))
        for value in values
    ]
    return Column(label, "choice", chosen, [on_one_line(str(one)) for one in numbers])


def _request(record: Record) -> str | int | None:
    """Give the number of the last request in its run, which its name ends with."""
    run, _, number = (record.request_id or "").rpartition("-")
    is_of_run = run == record.run_id and number.isdecimal() and number[0] != "0"
    return int(number) if is_of_run else record.request_id


def _ms(moment: str | None) -> int | None:
    return None if moment is None else round(seconds(moment) * 1000)


class _Causes:
    """Give the cause of each row that is not simply paused."""

    def __init__(self) -> None:
        self._texts: dict[tuple[object, ...], str] = {}

    def __call__(self, row: Row) -> str | None:
        record = row.record
        if row.status in _SELF_EXPLAINING:
            return None
        key = (
            *(record.status, record.http_status, record.title, record.message),
            *(record.error, record.campaign_status),
        )
        if key not in self._texts:
            self._texts[key] = on_one_line(str(Cause.of(record)))
        return self._texts[key]
