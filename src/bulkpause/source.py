"""Lines of a file → items and row problems, each with its row number.

Three layouts are read: CSV with a header (comma, semicolon, tab or bar), JSON lines
(objects or bare ids), and plain lines of ids. Rows are numbered as the reader's
spreadsheet or editor numbers them: from 1, the header and blank rows included, a
`sep=;` line that spreadsheets hide left out.

A row without a usable id is a `Problem`. What makes it doubtful where rows begin
and end (a quote that is never closed) is an `InputError`, because rows that were
swallowed can not be reported one by one.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from pathlib import PurePath
from typing import NoReturn

from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item, fault_of, name_of, shown
from bulkpause.model import Item, Problem


class Format(StrEnum):
    """How the rows of an input are written."""

    CSV = "csv"
    JSONL = "jsonl"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What to look for in an input; None where the input itself shall tell."""

    format: Format | None = None
    column: str | None = None
    sort_column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows of an input, to be read once, and how they are read."""

    format: Format
    column: str | None
    delimiter: str | None
    rows: Iterator[Item | Problem]


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}
_ID_COLUMNS = frozenset({"id", "campaign_id", "campaignid"})
_DELIMITERS = ",;\t|"
#: Integers from here on lose digits in programs that read numbers as doubles.
_INEXACT_FROM = 2**53
_SEPARATOR_LINE = re.compile(
    r'"?sep=([!#-/:-@\[-`{-~\t])"?\s*', re.IGNORECASE
).fullmatch
#: A heading or a record of more lines than this has a quote that is never closed.
_MOST_LINES = 1000


def read(lines: Iterator[str], *, name: str, layout: Layout) -> Source:
    """Tell the format of an input and read it, row by row, as it is asked for.

    Blank lines and remarks (lines that begin with `#`) above the first row are
    passed over.

    Args:
        lines: The lines with their line ends.
        name: The input's path, for its suffix and for messages.
        layout: What is known of the input beforehand.

    Raises:
        InputError: At once or while rows are read: it is empty, or has no column of
            ids, or several, or its rows can not be told apart.
    """
    first_row, line = _first(lines, layout.column)
    if not line:
        raise InputError(f"{name_of(name)}: it is empty; fill in the ids to pause")
    format_ = layout.format or _format_of(name, line, layout.column)
    read_as = {
        Format.CSV: _read_csv,
        Format.JSONL: _read_json,
        Format.LINES: _read_plain,
    }[format_]
    return read_as(first_row, chain([line], lines), name_of(name), layout)


def _first(lines: Iterator[str], column: str | None) -> tuple[int, str]:
    for row, line in enumerate(lines, 1):
        text = line.strip(BLANK)
        is_blank = not text.strip(BLANK + _DELIMITERS)
        if not is_blank and (not _is_remark(text) or _is_heading(text, column)):
            return row, line
    return 0, ""


def _is_remark(text: str) -> bool:
    """Tell a remark from an id with a number sign, which nobody may lose."""
    return text.startswith("#") and fault_of(text[1:]) is not None


def _is_heading(text: str, column: str | None) -> bool:
    return any(_has_ids(_cells([text], mark), column) for mark in _DELIMITERS)


def _format_of(name: str, first_line: str, column: str | None) -> Format:
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    if known := _BY_SUFFIX.get(suffix):
        return known
    text = first_line.strip(BLANK)
    if _is_heading(text, column):
        return Format.CSV
    if text.startswith(("{", "[")) or re.fullmatch(r'"[^",;|\t]*"', text):
        return Format.JSONL
    if any(mark in text for mark in _DELIMITERS) or text.count('"') == 1:
        return Format.CSV
    return Format.LINES


# Columns


def _normal(column: str) -> str:
    return re.sub(r"[\s_-]+", "_", column.strip(BLANK + '"').casefold())


def _has_ids(columns: Sequence[str], wanted: str | None) -> bool:
    return bool(_positions(tuple(columns), wanted))


#: Few, since the rows of a hostile feed may each have long names of their own.
@lru_cache(maxsize=32)
def _positions(columns: tuple[str, ...], wanted: str | None) -> tuple[int, ...]:
    """Find what may be meant. Spelling beats folded case and spaces."""
    found = [at for at, column in enumerate(columns) if column.strip(BLANK) == wanted]
    if not found:
        names = _ID_COLUMNS if wanted is None else {_normal(wanted)}
        found = [at for at, column in enumerate(columns) if _normal(column) in names]
    return tuple(found)


def _position(columns: tuple[str, ...], wanted: str | None) -> int:
    found = _positions(columns, wanted)
    if len(found) == 1:
        return found[0]
    there = ", ".join(shown(column) for column in columns[:12])
    sought = "of ids" if wanted is None else shown(wanted)
    count = "no" if not found else "more than one"
    remedy = "name one with --column"
    raise _RowError(f"{count} column {sought} among {there or 'none'}", remedy)


class _RowError(ValueError):
    """A row, or a heading, that we can not use: the reason and the remedy."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


# Plain lines


def _read_plain(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    if layout.column is not None or layout.sort_column is not None:
        what = "a plain list has no columns"
        raise InputError(f"{name}: {what}; leave the column out, or name the --format")
    rows = _plain_rows(first_row, lines)
    return Source(format=Format.LINES, column=None, delimiter=None, rows=rows)


def _plain_rows(first_row: int, lines: Iterator[str]) -> Iterator[Item | Problem]:
    for row, line in enumerate(lines, first_row):
        text = line.strip(BLANK)
        if text and not _is_remark(text):
            yield as_item(row, text)


# JSON lines


class _Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


class _Integer(_Number):
    __slots__ = ()


class _Ambiguous(dict[str, object]):
    """A JSON object in which a key stands twice."""

    repeated: str


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    ambiguous = _Ambiguous(found)
    ambiguous.repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return ambiguous


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


_decode = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_Integer,
    parse_float=_Number,
    parse_constant=_no_constant,
).decode
_ONE_A_LINE = 'write one {"id": "1000248"} or one "1000248" a line'


def _read_json(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    line = next(lines)
    if line.lstrip(BLANK).startswith("["):
        what = f"row {first_row}: a JSON array is not read"
        raise InputError(f"{name}: {what}; write each of its elements on its own line")
    rows = _json_rows(first_row, chain([line], lines), name, layout)
    return Source(format=Format.JSONL, column=layout.column, delimiter=None, rows=rows)


def _json_rows(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Iterator[Item | Problem]:
    is_sorted = layout.sort_column is None
    for row, line in enumerate(lines, first_row):
        if text := line.strip(BLANK):
            item = _json_row(row, text, layout)
            if isinstance(item, Item) and item.sort_text is not None:
                is_sorted = True
            yield item
    if not is_sorted:
        what = f"no row has a value under {shown(layout.sort_column or '')}"
        raise InputError(f"{name}: {what}; name another key to order by")


def _json_row(row: int, text: str, layout: Layout) -> Item | Problem:
    try:
        id_, sort_text = _fields(_decode(text), layout)
        return as_item(row, _id_text(id_), sort_text)
    except _RowError as error:
        return Problem(row=row, reason=str(error), remedy=error.remedy)
    except (ValueError, RecursionError):
        return Problem(row=row, reason="not a line of JSON", remedy=_ONE_A_LINE)


def _fields(value: object, layout: Layout) -> tuple[object, str | None]:
    """Take the id, and what to sort by; a bare id has no keys to choose from."""
    if not isinstance(value, dict):
        return value, None
    if isinstance(value, _Ambiguous):
        reason = f"the key {shown(value.repeated)} stands there twice"
        raise _RowError(reason, "leave one of them out")
    keys = tuple(value)
    id_ = value[keys[_position(keys, layout.column)]]
    if layout.sort_column is None or not _has_ids(keys, layout.sort_column):
        return id_, None
    sort_value = value[keys[_position(keys, layout.sort_column)]]
    return id_, str(sort_value) if isinstance(sort_value, str) else None


def _id_text(value: object) -> str:
    if isinstance(value, _Integer) and abs(int(value[:20])) >= _INEXACT_FROM:
        reason = f"the number {shown(value)} is too large to be exact"
        raise _RowError(reason, "write the id as a string where it is made")
    if isinstance(value, _Number) and not isinstance(value, _Integer):
        reason = f"the number {shown(value)} is no integer, hence no id"
        raise _RowError(reason, "write the id as a string where it is made")
    if isinstance(value, str):
        return str(value)
    kinds = {bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a list or an object")
    raise _RowError(f"{kind} is no id", _ONE_A_LINE)


# CSV

#: A record: its row, its cells, and the lines it was made of, until the next one.
_Csv = tuple[int, list[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Where the ids of a CSV stand."""

    name: str
    delimiter: str
    header: tuple[str, ...]
    column: int
    sort: int | None


def _read_csv(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    heading = _heading(lines)
    if stated := _SEPARATOR_LINE(heading[0]):
        delimiter = stated[1]
        heading = heading[1:]
    else:
        delimiter = _delimiter_of(heading, layout.column)
    records = _records(first_row, chain(heading, lines), delimiter, name)
    blank: _Csv = first_row, [], []
    row, header, taken = next((record for record in records if any(record[1])), blank)
    table = _table(name, delimiter, tuple(header), layout)
    _refuse_swallowed(table, row, taken, own="0")
    return Source(
        format=Format.CSV,
        column=header[table.column].strip(BLANK),
        delimiter=delimiter,
        rows=_csv_rows(table, records),
    )


def _heading(lines: Iterator[str]) -> list[str]:
    """Take lines until every quote is closed."""
    heading: list[str] = []
    quotes = 0
    for line in islice(lines, _MOST_LINES):
        heading.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            break
    return heading


def _delimiter_of(heading: Sequence[str], column: str | None) -> str:
    """Choose the delimiter that brings an id column to light, else most columns."""

    def worth(delimiter: str) -> tuple[bool, int]:
        cells = _cells(heading, delimiter)
        return _has_ids(cells, column), len(cells)

    return max(_DELIMITERS, key=worth)


def _cells(lines: Iterable[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def _table(
    name: str, delimiter: str, header: tuple[str, ...], layout: Layout
) -> _Table:
    column = _column(header, layout.column, name)
    sort = None
    if layout.sort_column is not None:
        sort = _sort_column(header, layout.sort_column, name)
    return _Table(
        name=name, delimiter=delimiter, header=header, column=column, sort=sort
    )


def _column(header: tuple[str, ...], wanted: str | None, name: str) -> int:
    try:
        return _position(header, wanted)
    except _RowError as error:
        remedy = f"{error.remedy}, or delete what stands above the heading"
        if any(cell.strip(BLANK).isdecimal() for cell in header):
            remedy = "give the file a heading"
            if len(header) == 1:
                remedy = f"{remedy}, or read it with --format lines"
        raise InputError(f"{name}: {error}; {remedy}") from error


def _sort_column(header: tuple[str, ...], wanted: str, name: str) -> int:
    try:
        return _position(header, wanted)
    except _RowError as error:
        raise InputError(f"{name}: {error}; name another to order by") from error


@dataclass(slots=True, kw_only=True)
class _Quotes:
    """Counts the quotes of a CSV, to tell whether one is missing.

    One quote more or less joins or cuts rows without an error, and leaves an odd
    number of quotes. That is no harm where none of them opens a cell.
    """

    delimiter: str
    are_odd: bool = False
    open_cells: bool = False
    first_odd_row: int = 0

    def add(self, row: int, text: str) -> None:
        if text.count('"') % 2:
            self.are_odd = not self.are_odd
            self.first_odd_row = self.first_odd_row or row
        if text.startswith('"') or f'{self.delimiter}"' in text:
            self.open_cells = True


def _records(
    first_row: int, lines: Iterator[str], delimiter: str, name: str
) -> Iterator[_Csv]:
    """Parse records, and refuse them where the quotes can not be right."""
    quotes = _Quotes(delimiter=delimiter)
    taken: list[str] = []
    reader = csv.reader(_kept(lines, taken), delimiter=delimiter, strict=True)
    row = first_row - 1
    try:
        for row, cells in enumerate(reader, first_row):
            text = "".join(taken)
            if '"' in text:
                quotes.add(row, text)
            yield row, cells, taken
            taken.clear()
    except csv.Error as error:
        what = str(error).replace("\t", "tab")
        raise _damage(name, row + 1, what) from error
    if quotes.are_odd and quotes.open_cells:
        raise _damage(name, quotes.first_odd_row, "a quote too many or too few")


def _damage(name: str, row: int, what: str) -> InputError:
    remedy = "look for a quote that is never closed from there on"
    if "limit" in what:
        remedy = f"{remedy}, or shorten the cell"
    return InputError(f"{name}: row {row}: {what}; {remedy}")


def _kept(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        if len(taken) == _MOST_LINES:
            raise csv.Error(f"it goes on for more than {_MOST_LINES} lines")
        taken.append(line)
        yield line


def _csv_rows(table: _Table, records: Iterator[_Csv]) -> Iterator[Item | Problem]:
    for row, cells, taken in records:
        if len(taken) > 1:
            own = cells[table.column] if table.column < len(cells) else ""
            _refuse_swallowed(table, row, taken, own=own.strip(BLANK))
        item = _csv_row(table, row, cells)
        if isinstance(item, Item) or any(cell.strip(BLANK) for cell in cells):
            yield item


def _refuse_swallowed(
    table: _Table, row: int, taken: Sequence[str], *, own: str
) -> None:
    """Refuse a record in whose quotes stands what looks like a row of its own.

    Raises:
        InputError: One of its lines has all the cells, and another id such as its
            own, or its own has several lines.
    """
    width = len(table.header)
    parts = (line.split(table.delimiter) for line in taken if len(taken) > 1)
    ids = (
        cells[at].strip(BLANK + '"')
        for cells in parts
        for at in (table.column, table.column - width)  # from the left, the right
        if len(cells) >= width
    )
    if "\n" in own or any(id_ != own and _is_like(id_, own) for id_ in ids):
        raise _damage(table.name, row, "a quoted cell seems to hold whole rows")


def _is_like(id_: str, own: str) -> bool:
    return fault_of(id_) is None and _numbers_in(id_) >= _numbers_in(own)


def _numbers_in(text: str) -> int:
    """Rank a text: words alone, words and digits, digits alone."""
    return text.isdecimal() + any(map(str.isdecimal, text))


def _csv_row(table: _Table, row: int, cells: Sequence[str]) -> Item | Problem:
    if len(cells) != len(table.header) and not _fits(table, cells):
        remedy = "quote cells that hold the delimiter, so that no cell is shifted"
        reason = f"{len(cells)} cells where the heading has {len(table.header)}"
        return Problem(row=row, reason=reason, remedy=remedy)
    text = cells[table.column]
    if text == table.header[table.column]:
        reason = f"{shown(text)} is the heading once more"
        return Problem(row=row, reason=reason, remedy="delete the row")
    return as_item(row, text, None if table.sort is None else cells[table.sort])


def _fits(table: _Table, cells: Sequence[str]) -> bool:
    """Tell whether only empty cells are too many, and the id is where it belongs.

    A row of which an unquoted delimiter shifted the end, and whose last cell is
    empty, looks the same, unless the id comes first or is the only number around.
    """
    surplus = len(cells) - len(table.header)
    if surplus < 0 or any(cell.strip(BLANK) for cell in cells[-surplus:]):
        return False
    near = cells[table.column : table.column + surplus + 1]
    are_numbers = [cell.strip(BLANK).isdecimal() for cell in near]
    return table.column == 0 or (are_numbers[0] and sum(are_numbers) == 1)
