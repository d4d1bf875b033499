"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
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
Row = tuple[object, ...]
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
            yield (*_values_of(record), log)
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
            yield tuple(map(values.get, COLUMNS))


def as_csv(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as CSV, after a header line, in blocks of lines."""
    yield csv_text([COLUMNS])
    for block in _blocks(exported, _safe_in_csv):
        yield csv_text(block)


def as_jsonl(exported: Iterable[Row]) -> Iterator[str]:
    """Write rows as JSON lines, in blocks of lines."""
    for block in _blocks(exported, on_one_line):
        objects = (dict(zip(COLUMNS, row, strict=True)) for row in block)
        lines = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in objects)
        yield b"".join(lines).decode()


def _blocks(
    exported: Iterable[Row], clean: Callable[[str], str]
) -> Iterator[Iterable[Row]]:
    """Divide rows into blocks, and clean their texts column by column."""
    remaining = iter(exported)
    while block := list(islice(remaining, _LINES_PER_BLOCK)):
        columns: list[Sequence[object]] = list(zip(*block, strict=True))
        for number in _TEXTS:
            columns[number] = _cleaned(columns[number], clean)
        yield zip(*columns, strict=True)


def _cleaned(column: Sequence[object], clean: Callable[[str], str]) -> list[object]:
    """Clean the texts of a column, each once: many rows have the same."""
    found: dict[object, object] = {
        one: clean(one) for one in set(column) if isinstance(one, str)
    }
    return list(map(found.get, column))


def _safe_in_csv(text: str) -> str:
    """Put an apostrophe before each formula, so that a spreadsheet shows it.

    Ids, times and numbers cannot be taken for one.
    """
    return without_formula(on_one_line(text))
