"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter

import orjson

from bulkpause._text import on_one_line
from bulkpause.model import Item, Record
from bulkpause.report.totals import NOT_ATTEMPTED


#: The columns of an export. `run` finds the ids and names in the first two.
COLUMNS = (
    "campaign_id",
    "name",
    "status",
    "http_status",
    "trace_id",
    "title",
    "message",
    "error",
    "campaign_status",
    "attempts",
    "row",
    "finished_at",
)
_ATTRIBUTES = {"campaign_id": "id"}
#: The characters that begin a formula, full-width forms included, at the start of a
#: cell. A spreadsheet may also split cells at semicolons.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")

#: The values of the columns, in their order.
Row = tuple[object, ...]
_values_of: Callable[[Record], Row] = attrgetter(
    *(_ATTRIBUTES.get(name, name) for name in COLUMNS)
)


def rows(
    records: Iterable[Record], unattempted: Iterable[Item], statuses: frozenset[str]
) -> Iterator[Row]:
    """Make a row for each id with one of the statuses. Invalid rows are left out.

    `not_attempted` selects the ids that have no record.
    """
    for record in records:
        if record.id is not None and record.status in statuses:
            yield tuple(map(_on_one_line, _values_of(record)))
    if NOT_ATTEMPTED in statuses:
        for item in unattempted:
            values = {
                "campaign_id": item.id,
                "name": _on_one_line(item.name),
                "status": NOT_ATTEMPTED,
                "row": item.row,
            }
            yield tuple(map(values.get, COLUMNS))


def as_csv(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV lines, after a header line."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    for row in chain([COLUMNS], exported):
        write(map(_cell, row))
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def as_jsonl(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines."""
    for row in exported:
        values = dict(zip(COLUMNS, row, strict=True))
        yield orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE).decode()


def _on_one_line(value: object) -> object:
    return on_one_line(value) if isinstance(value, str) else value


def _cell(value: object) -> str:
    """Write a cell. An apostrophe before a formula makes a spreadsheet show it."""
    if value is None:
        return ""
    text = str(value)
    return text if text.isalnum() else _FORMULA.sub(r"\1'", text)
