"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

from collections.abc import Iterable, Iterator

import orjson

from bulkpause._csv import cell, line
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
    yield line(COLUMNS)
    for row in exported:
        yield line([cell(row[name]) for name in COLUMNS])


def as_jsonl(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines."""
    for row in exported:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode()


def _on_one_line(value: object) -> object:
    return on_one_line(value) if isinstance(value, str) else value
