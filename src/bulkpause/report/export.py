"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

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
#: The characters that begin a formula, full-width forms included, at the start of a
#: cell. A spreadsheet may also split cells at semicolons.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")

Row = dict[str, object]


def rows(
    records: Iterable[Record], unattempted: Iterable[Item], statuses: frozenset[str]
) -> Iterator[Row]:
    """Make a row for each id with one of the statuses. Invalid rows are left out.

    `not_attempted` selects the ids that have no record.
    """
    for record in records:
        if record.id is not None and record.status in statuses:
            row: Row = {
                name: _on_one_line(getattr(record, name, None)) for name in COLUMNS
            }
            yield row | {"campaign_id": record.id}
    if NOT_ATTEMPTED in statuses:
        for item in unattempted:
            empty: Row = dict.fromkeys(COLUMNS)
            yield empty | {
                "campaign_id": item.id,
                "name": _on_one_line(item.name),
                "status": NOT_ATTEMPTED,
                "row": item.row,
            }


def as_csv(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV lines, after a header line."""
    yield _line(COLUMNS)
    for row in exported:
        yield _line([_cell(row[name]) for name in COLUMNS])


def as_jsonl(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines."""
    for row in exported:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode()


def _on_one_line(value: object) -> object:
    return on_one_line(value) if isinstance(value, str) else value


def _cell(value: object) -> str:
    """Write a cell. An apostrophe before a formula makes a spreadsheet show it."""
    text = "" if value is None else str(value)
    return _FORMULA.sub(r"\1'", text)


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
