"""Export ids as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice, repeat
from typing import cast

import orjson

from bulkpause._csv import csv_of_columns, csv_text, without_formula
from bulkpause._repeated import Repeated, is_repeated, of_each
from bulkpause._text import on_one_line
from bulkpause.model import Columns, Item
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
#: The fields of a record in the columns. The last column names its log.
FIELDS = ("id", *COLUMNS[1:-1])
_STATUS, _RUN_ID = COLUMNS.index("status"), COLUMNS.index("run_id")
#: What stands before each value of a row as JSON.
_JSON_STARTS = (
    b'{"%b":' % COLUMNS[0].encode(),
    *(b',"%b":' % name.encode() for name in COLUMNS[1:]),
)
#: Ids without a record whose lines are written at once.
_IDS_PER_BLOCK = 1000


def blocks(
    found: Iterable[Columns],
    unattempted: Iterable[tuple[Item, str]],
    statuses: frozenset[str],
    *,
    log_of_run: Mapping[str | None, str],
    account: str | None = None,
) -> Iterator[Columns]:
    """Make rows of the ids with one of the statuses. Invalid rows are left out.

    Args:
        found: The `FIELDS` of the records.
        unattempted: The ids that have no record, each with its log. The status
            `not_attempted` selects them.
        statuses: The statuses.
        log_of_run: The log of each run.
        account: The account of the ids.

    Returns:
        Some rows at a time, at least one, as the columns `COLUMNS`.
    """
    for records in found:
        if columns := _selected(records, statuses):
            runs = cast("Sequence[str | None]", columns[_RUN_ID])
            yield [*columns, of_each(runs, log_of_run.get)]
    if NOT_ATTEMPTED in statuses:
        remaining = iter(unattempted)
        while block := list(islice(remaining, _IDS_PER_BLOCK)):
            yield _unattempted(block, account)


def _selected(records: Columns, statuses: frozenset[str]) -> Columns | None:
    """Leave out records without an id or with another status; None if none is left."""
    ids, of_records = records[0], records[_STATUS]
    if statuses.issuperset(of_records) and None not in ids:
        return records
    selects = [
        id_ is not None and status in statuses
        for id_, status in zip(ids, of_records, strict=True)
    ]
    if not any(selects):
        return None
    return [list(compress(column, selects)) for column in records]


def _unattempted(items: Sequence[tuple[Item, str]], account: str | None) -> Columns:
    count = len(items)
    known: dict[str, Sequence[object]] = {
        "campaign_id": [item.id for item, _ in items],
        "name": [item.name for item, _ in items],
        "status": Repeated(NOT_ATTEMPTED, count),
        "row": [item.row for item, _ in items],
        "account": Repeated(account, count),
        "log": [log for _, log in items],
    }
    return [known.get(name, Repeated(None, count)) for name in COLUMNS]


def as_csv(exported: Iterable[Columns]) -> Iterator[str]:
    """Write rows as CSV, after a header line, in blocks of lines."""
    yield csv_text([COLUMNS])
    for block in exported:
        yield csv_of_columns(_clean(block, _safe_in_csv))


def as_jsonl(exported: Iterable[Columns]) -> Iterator[str]:
    """Write rows as JSON lines, in blocks of lines."""
    for block in exported:
        rows = zip(*_json_pieces(_clean(block, on_one_line)), strict=True)
        yield b"".join(chain.from_iterable(rows)).decode()


def _json_pieces(columns: Columns) -> Iterator[Iterable[bytes]]:
    """Write rows as pieces of JSON: all that they have in common between two values."""
    rows, common = len(columns[0]), b""
    for start, column in zip(_JSON_STARTS, columns, strict=True):
        common += start
        if is_repeated(column):
            common += orjson.dumps(column[0])
        else:
            yield repeat(common, rows)
            yield map(orjson.dumps, column)
            common = b""
    yield repeat(common + b"}\n", rows)


def _clean(block: Columns, clean: Callable[[str], str]) -> Columns:
    """Clean the texts of some rows column by column."""
    columns = list(block)
    for number in _TEXTS:
        columns[number] = _cleaned(columns[number], clean)
    return columns


def _cleaned(column: Sequence[object], clean: Callable[[str], str]) -> Sequence[object]:
    """Clean the texts of a column, each once: many rows have the same."""
    distinct = set(column[:1] if is_repeated(column) else column)
    texts = [one for one in distinct if isinstance(one, str)]
    if _are_clean(texts):
        return column
    found: dict[object, object] = {one: clean(one) for one in texts}
    return of_each(column, found.get)


def _are_clean(texts: Sequence[str]) -> bool:
    """Tell at a look at all texts together that nothing is to be cleaned, in most cases.

    None has two spaces or one at an end, and each begins with a letter or a digit, with
    no semicolon, after which a spreadsheet may begin another cell.
    """
    together = f"|{'|'.join(texts)}|"
    starts = "".join([text[:1] for text in texts])
    return (
        together.isprintable()
        and not any(odd in together for odd in ("  ", "| ", " |", "||", ";"))
        and (starts.isalnum() or not texts)
    )


def _safe_in_csv(text: str) -> str:
    """Put an apostrophe before each formula, so that a spreadsheet shows it.

    Ids, times and numbers cannot be taken for one.
    """
    return without_formula(on_one_line(text))
