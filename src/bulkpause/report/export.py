"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import attrgetter

import orjson

from bulkpause._csv import csv_text, without_formula
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
    "run_id",
    "account",
    "log",
)
#: The columns of other people's texts, by their numbers.
_TEXTS = tuple(
    COLUMNS.index(name)
    for name in (
        *("name", "trace_id", "title", "message", "error", "campaign_status"),
        *("run_id", "account", "log"),
    )
)
#: Lines that are written at once.
_LINES_PER_BLOCK = 1000

#: The values of the columns, in their order.
Row = list[object]
_values_of: Callable[[Record], Iterable[object]] = attrgetter("id", *COLUMNS[1:-1])


def rows(
    records: Iterable[Record],
    unattempted: Iterable[tuple[Item, str]],
    statuses: frozenset[str],
    *,
    log_of_run: Mapping[str | None, str],
    account: str | None = None,
) -> Iterator[Row]:
    """Make a row for each id with one of the statuses. Invalid rows are left out.

    Args:
        records: The records.
        unattempted: The ids that have no record, each with its log. The status
            `not_attempted` selects them.
        statuses: The statuses.
        log_of_run: The log of each run.
        account: The account of the ids.
    """
    for record in records:
        if record.id is not None and record.status in statuses:
            log = log_of_run.get(record.run_id)
            yield _on_one_line([*_values_of(record), log])
    if NOT_ATTEMPTED in statuses:
        for item, log in unattempted:
            values = {
                "campaign_id": item.id,
                "name": item.name,
                "status": NOT_ATTEMPTED,
                "row": item.row,
                "account": account,
                "log": log,
            }
            yield _on_one_line([values.get(name) for name in COLUMNS])


def as_csv(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV, after a header line, in blocks of lines."""
    header: Row = list(COLUMNS)
    remaining = chain([header], map(_without_formulas, exported))
    while block := list(islice(remaining, _LINES_PER_BLOCK)):
        yield csv_text(block)


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
            row[number] = without_formula(text)
    return row
