"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
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
#: The characters that begin a formula, full-width forms included, at the start of a
#: cell. A spreadsheet may also split cells at semicolons.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")

#: The columns of other people's texts, by their numbers.
_TEXTS = tuple(
    COLUMNS.index(name)
    for name in ("name", "trace_id", "title", "message", "error", "campaign_status")
)
#: Lines that are written at once.
_LINES_PER_BLOCK = 1000

#: The values of the columns, in their order.
Row = list[object]
_values_of: Callable[[Record], Iterable[object]] = attrgetter("id", *COLUMNS[1:])


def rows(
    records: Iterable[Record], unattempted: Iterable[Item], statuses: frozenset[str]
) -> Iterator[Row]:
    """Make a row for each id with one of the statuses. Invalid rows are left out.

    `not_attempted` selects the ids that have no record.
    """
    for record in records:
        if record.id is not None and record.status in statuses:
            yield _on_one_line(list(_values_of(record)))
    if NOT_ATTEMPTED in statuses:
        for item in unattempted:
            values = {
                "campaign_id": item.id,
                "name": item.name,
                "status": NOT_ATTEMPTED,
                "row": item.row,
            }
            yield _on_one_line([values.get(name) for name in COLUMNS])


def as_csv(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV, after a header line, in blocks of lines."""
    header: Row = list(COLUMNS)
    remaining = chain([header], map(_without_formulas, exported))
    while block := list(islice(remaining, _LINES_PER_BLOCK)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(block)
        yield text.getvalue()


def as_jsonl(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines, in blocks of lines."""
    objects = (dict(zip(COLUMNS, row, strict=True)) for row in exported)
    lines = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in objects)
    while block := b"".join(islice(lines, _LINES_PER_BLOCK)):
        yield block.decode()


def _on_one_line(row: Row) -> Row:
    for number in _TEXTS:
        if isinstance(text := row[number], str):
            row[number] = on_one_line(text)
    return row


def _without_formulas(row: Row) -> Row:
    """Put an apostrophe before each formula, so that a spreadsheet shows it.

    Ids, times and numbers cannot be taken for one.
    """
    for number in _TEXTS:
        if isinstance(text := row[number], str):
            row[number] = _FORMULA.sub(r"\1'", text)
    return row
