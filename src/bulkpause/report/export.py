"""Records → a file that `run` accepts and a spreadsheet opens without harm."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

import orjson

from bulkpause._text import sanitize
from bulkpause.model import Item, Record


#: The columns of an export. The first is where `run` looks for ids.
COLUMNS = (
    "campaign_id",
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
NOT_ATTEMPTED = "not_attempted"
#: What begins a formula to a spreadsheet, some of it in other scripts. Where cells are
#: parted by semicolons, one begins after each.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")

Row = dict[str, object]


def rows(
    records: Iterable[Record], unattempted: Iterable[Item], statuses: frozenset[str]
) -> Iterator[Row]:
    """Give a row for each id whose status is wanted; rows without an id have none."""
    for record in records:
        if record.id is not None and record.status in statuses:
            told: Row = {name: getattr(record, name, None) for name in COLUMNS}
            row = {name: _on_one_line(value) for name, value in told.items()}
            yield row | {"campaign_id": record.id}
    if NOT_ATTEMPTED in statuses:
        for item in unattempted:
            empty: Row = dict.fromkeys(COLUMNS)
            yield empty | {
                "campaign_id": item.id,
                "status": NOT_ATTEMPTED,
                "row": item.row,
            }


def as_csv(found: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV with a heading, line by line."""
    yield _line(COLUMNS)
    for row in found:
        yield _line([_cell(row[name]) for name in COLUMNS])


def as_jsonl(found: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines."""
    for row in found:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode()


def _on_one_line(value: object) -> object:
    return sanitize(" ".join(value.split())) if isinstance(value, str) else value


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return _FORMULA.sub(r"\1'", text)


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
