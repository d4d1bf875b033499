"""Read rows from CSV, and refuse files in which a quote has joined rows.

A row without a valid id becomes an `InvalidRow`. A record whose quotes may contain
other rows is an `ReadError`, because those rows could not be reported one by one.

The order of this module: the rows of a table, then the checks for joined rows, then
the records that `csv` parses, then the delimiter.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from bulkpause._text import format_count
from bulkpause.ids import WHITESPACE, parse_item, why_invalid
from bulkpause.inputs.columns import RowError, find_column, has_column
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import ReadError
from bulkpause.model import InvalidRow, Item


#: Delimiters that are detected. A `sep=` line can name any other.
DELIMITERS = ",;\t|"
#: A header or a record with more lines than this has an unclosed quote.
_MOST_LINES = 1000

_is_separator_line = re.compile(
    r'"?sep=([!#-/:-@\[-`{-~\t])"?\s*', re.IGNORECASE
).fullmatch
_is_number = re.compile(r'\s*(?:[0-9]+|"[0-9]+")\s*').fullmatch

_HOLDS_ROWS = "a quoted cell seems to contain whole rows"


#: A row number, the cells, and the physical lines, valid until the next record is read.
#: A plain tuple: a named tuple makes reading a fifth slower.
_CsvRecord = tuple[int, list[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The header of a CSV, and the indexes of the id and sort columns."""

    delimiter: str
    header: tuple[str, ...]
    id_column: int
    sort_column: int | None


def read_csv(
    first_row: int, lines: Iterator[str], *, layout: Layout
) -> Iterator[Item | InvalidRow]:
    """Read the header at once, and rows lazily.

    Raises:
        ReadError: At once or while rows are read: the id column or the sort column
            is missing or ambiguous, or it is not clear where rows begin and end.
    """
    delimiter, lines = detect_delimiter(lines, layout.column)
    records = _parse_records(first_row, lines, delimiter)
    empty: _CsvRecord = first_row, [], []
    row, header, header_lines = next(
        (record for record in records if any(record[1])), empty
    )
    table = _table(row, delimiter, tuple(header), layout)
    _check_header_holds_no_row(table, row, header_lines)
    return _rows(table, records)


def _table(row: int, delimiter: str, header: tuple[str, ...], layout: Layout) -> _Table:
    return _Table(
        delimiter=delimiter,
        header=header,
        id_column=_id_column(header, layout.column, row),
        sort_column=_sort_column(header, layout.sort_column, row),
    )


def _id_column(header: tuple[str, ...], wanted: str | None, row: int) -> int:
    try:
        return find_column(header, wanted)
    except RowError as error:
        remedy = f"{error.remedy}, or delete the lines above the header"
        if any(cell.strip(WHITESPACE).isdecimal() for cell in header):
            remedy = "add a header"
            if len(header) == 1:
                remedy = f"{remedy}, or pass --format lines"
        raise ReadError(str(error), remedy, row=row) from error


def _sort_column(header: tuple[str, ...], wanted: str | None, row: int) -> int | None:
    if wanted is None:
        return None
    try:
        return find_column(header, wanted)
    except RowError as error:
        remedy = "name another column with --order-by"
        raise ReadError(str(error), remedy, row=row) from error


def _rows(table: _Table, records: Iterator[_CsvRecord]) -> Iterator[Item | InvalidRow]:
    for row, cells, lines in records:
        if len(lines) > 1:
            _check_record_holds_no_row(table, row, cells, lines)
        item = _parse_row(table, row, cells)
        if _has_unopened_quote(table, lines):
            item = InvalidRow(
                row=row,
                detail="a closing quote without an opening quote",
                remedy="quote the whole cell and double the quotes in it",
            )
        if isinstance(item, Item) or any(cell.strip(WHITESPACE) for cell in cells):
            yield item


def _parse_row(table: _Table, row: int, cells: Sequence[str]) -> Item | InvalidRow:
    if len(cells) != len(table.header) and not _has_only_empty_surplus(table, cells):
        cell_count = format_count(len(cells), "cell")
        reason = f"{cell_count}, but the header has {len(table.header)}"
        remedy = "put quotes around cells that contain the delimiter"
        return InvalidRow(row=row, detail=reason, remedy=remedy)
    text = cells[table.id_column]
    if text == table.header[table.id_column]:
        return InvalidRow(
            row=row, detail="repeats the header", remedy="delete the row", value=text
        )
    sort = table.sort_column
    return parse_item(row, text, None if sort is None else cells[sort])


def _has_only_empty_surplus(table: _Table, cells: Sequence[str]) -> bool:
    """Return whether all cells beyond the header are empty and the id is in its column.

    An unquoted delimiter that shifts cells to the right looks the same if the last
    cell is empty. It is ruled out only if the id comes first, or is the only number
    among the cells to which it could have been shifted.
    """
    surplus = len(cells) - len(table.header)
    if surplus < 0 or any(cell.strip(WHITESPACE) for cell in cells[-surplus:]):
        return False
    candidates = cells[table.id_column : table.id_column + surplus + 1]
    are_numbers = [cell.strip(WHITESPACE).isdecimal() for cell in candidates]
    return table.id_column == 0 or (are_numbers[0] and sum(are_numbers) == 1)


def _has_unopened_quote(table: _Table, lines: Sequence[str]) -> bool:
    """Return whether a quote ends a cell that no quote began, as after lost text."""
    text = "".join(lines)
    ends_a_cell = f'"{table.delimiter}' in text or text.rstrip(WHITESPACE).endswith('"')
    return text.count('"') % 2 == 1 and ends_a_cell


def _check_header_holds_no_row(table: _Table, row: int, lines: Sequence[str]) -> None:
    """Check that no line inside the quotes of the header looks like a row.

    Raises:
        ReadError: A line has several cells, and one of them is a number.
    """
    rows = [line.split(table.delimiter) for line in lines[1:]]
    if any(_is_number(cell) for cells in rows if len(cells) > 1 for cell in cells):
        raise _structure_error(row, _HOLDS_ROWS)


def _check_record_holds_no_row(
    table: _Table, row: int, cells: Sequence[str], lines: Sequence[str]
) -> None:
    """Check that no line inside the quotes of a record looks like a row.

    Raises:
        ReadError: The id of the record has several lines, or one of its lines has
            another such id at the place where a row, or the part of a row up to a
            line break, has its id.
    """
    id_cell = cells[table.id_column] if table.id_column < len(cells) else ""
    own_id = id_cell.strip(WHITESPACE)
    if "\n" in own_id or any(_looks_like_row(table, line, own_id) for line in lines):
        raise _structure_error(row, _HOLDS_ROWS)


def _looks_like_row(table: _Table, line: str, own_id: str) -> bool:
    cells = line.split(table.delimiter)
    width = len(table.header)
    # The line may be the left or the right part of a row. Counted from the left, the id
    # needs a cell after it; counted from the right, a cell before it.
    places = (
        (table.id_column, table.id_column + 2),
        (table.id_column - width, width - table.id_column + 1),
    )
    return any(
        _looks_like_id(
            cells[index].strip(WHITESPACE), own_id, is_whole_row=len(cells) >= width
        )
        for index, fewest in places
        if len(cells) >= min(fewest, width)
    )


def _looks_like_id(cell: str, own_id: str, *, is_whole_row: bool) -> bool:
    """Return whether a cell may be the id of another row.

    In a part of a row, the cell must be about as long as the record's own id.
    """
    id_ = cell.strip('"')
    is_similar = id_ != own_id and _digit_rank(id_) >= _digit_rank(own_id)
    is_as_long = own_id != "" and abs(len(id_) - len(own_id)) <= 1
    is_likely = is_whole_row or (is_as_long and cell.count('"') != 1)
    return is_similar and is_likely and why_invalid(id_) is None


def _digit_rank(text: str) -> int:
    """Rank a text: 0 without digits, 1 with some, 2 with digits only."""
    return text.isdecimal() + any(map(str.isdecimal, text))


@dataclass(slots=True, kw_only=True)
class _QuoteCount:
    """Counts the quotes of a CSV, to notice that one is missing.

    One quote more or less joins or splits rows without a parsing error, and makes the
    number of quotes odd. An odd number is harmless if no quote opens a cell, as in
    `5" screen`.
    """

    delimiter: str
    is_odd: bool = False
    opens_cells: bool = False
    first_odd_row: int = 0

    def add(self, row: int, text: str) -> None:
        if text.count('"') % 2:
            self.is_odd = not self.is_odd
            self.first_odd_row = self.first_odd_row or row
        if text.startswith('"') or f'{self.delimiter}"' in text:
            self.opens_cells = True


def _parse_records(
    first_row: int, lines: Iterator[str], delimiter: str
) -> Iterator[_CsvRecord]:
    """Parse records lazily.

    Raises:
        ReadError: While records are read: one is too long, or a quote is missing.
    """
    quotes = _QuoteCount(delimiter=delimiter)
    record_lines: list[str] = []
    reader = csv.reader(
        _collect_lines(lines, record_lines), delimiter=delimiter, strict=True
    )
    row = first_row - 1
    try:
        for row, cells in enumerate(reader, first_row):
            text = "".join(record_lines)
            if '"' in text:
                quotes.add(row, text)
            yield row, cells, record_lines
            record_lines.clear()
    except csv.Error as error:
        reason = str(error).replace("\t", "tab")
        raise _structure_error(row + 1, reason) from error
    if quotes.is_odd and quotes.opens_cells:
        raise _structure_error(quotes.first_odd_row, "an unpaired quote")


def _collect_lines(lines: Iterator[str], record_lines: list[str]) -> Iterator[str]:
    """Pass lines to the parser, and keep those of the record that it parses."""
    for line in lines:
        if len(record_lines) == _MOST_LINES:
            raise csv.Error(f"a record of more than {_MOST_LINES} lines")
        record_lines.append(line)
        yield line


def _structure_error(row: int, reason: str) -> ReadError:
    """Make the fault for a file whose rows are not clear from `row` on."""
    remedy = "look for an unclosed quote from this row on"
    if "limit" in reason:
        remedy = f"{remedy}, or shorten the cell"
    return ReadError(reason, remedy, row=row)


def detect_delimiter(
    lines: Iterator[str], column: str | None
) -> tuple[str, Iterator[str]]:
    """Return the delimiter, and the lines from the header on.

    A `sep=` line decides. Otherwise it is the delimiter that makes an id column
    appear in the header, or else the most columns.
    """
    header = _header_lines(lines)
    if separator := _is_separator_line(header[0]):
        return separator[1], chain(header[1:], lines)

    def score(delimiter: str) -> tuple[bool, int]:
        cells = split_cells(header, delimiter)
        return has_column(cells, column), len(cells)

    return max(DELIMITERS, key=score), chain(header, lines)


def _header_lines(lines: Iterator[str]) -> list[str]:
    """Take lines until every quote is closed."""
    header: list[str] = []
    quotes = 0
    for line in islice(lines, _MOST_LINES):
        header.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            break
    return header


def split_cells(lines: Iterable[str], delimiter: str) -> list[str]:
    """Return the cells of the first record, or an empty list if parsing fails."""
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []
