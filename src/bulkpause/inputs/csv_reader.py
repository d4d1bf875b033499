"""Records of a CSV → items and row problems.

A row without a usable id is a `InvalidRow`. A record in whose quotes other rows may
stand is an `InputError`, because those could not be reported one by one.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from bulkpause._text import quote
from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item, fault_of
from bulkpause.inputs.columns import Columns, RowError, has_column, position
from bulkpause.model import InvalidRow, Item


#: What may stand between cells, unless a `sep=` line names another.
DELIMITERS = ",;\t|"


#: A record: its row, its cells, and the lines it was made of, until the next one.
CsvRecord = tuple[int, list[str], list[str]]


_SEPARATOR_LINE = re.compile(
    r'"?sep=([!#-/:-@\[-`{-~\t])"?\s*', re.IGNORECASE
).fullmatch


#: A heading or a record of more lines than this has a quote that is never closed.
_MOST_LINES = 1000


def delimited(lines: Iterator[str], column: str | None) -> tuple[str, Iterator[str]]:
    """Tell the delimiter, and give it with the lines from the heading on."""
    heading = _heading(lines)
    if stated := _SEPARATOR_LINE(heading[0]):
        return stated[1], chain(heading[1:], lines)
    return _delimiter_of(heading, column), chain(heading, lines)


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
        cells = cells_of(heading, delimiter)
        return has_column(cells, column), len(cells)

    return max(DELIMITERS, key=worth)


def cells_of(lines: Iterable[str], delimiter: str) -> list[str]:
    """Take the cells of the first record; none where it cannot be parsed."""
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


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


def records(
    first_row: int, lines: Iterator[str], delimiter: str, name: str
) -> Iterator[CsvRecord]:
    """Parse records, and refuse them where the quotes cannot be right.

    Raises:
        InputError: While records are read: one is too long, or a quote is missing.
    """
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
        raise damage(name, row + 1, what) from error
    if quotes.are_odd and quotes.open_cells:
        raise damage(name, quotes.first_odd_row, "a quote too many or too few")


def damage(name: str, row: int, what: str) -> InputError:
    """Say from which row on rows cannot be told apart."""
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


_HALF_A_PAIR = "a quote ends a cell that none begins"
_QUOTE_WHOLE = "put the cell in quotes and double those in it"
_is_number = re.compile(r'\s*(?:[0-9]+|"[0-9]+")\s*').fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where the ids of a CSV stand."""

    name: str
    delimiter: str
    header: tuple[str, ...]
    column: int
    sort: int | None


def read_csv(
    first_row: int, lines: Iterator[str], *, name: str, columns: Columns
) -> tuple[Table, Iterator[Item | InvalidRow]]:
    """Read the heading at once, and the rows as they are asked for.

    Raises:
        InputError: At once or while rows are read: there is no one column of ids or
            to sort by, or the rows cannot be told apart.
    """
    delimiter, lines = delimited(lines, columns.column)
    found = records(first_row, lines, delimiter, name)
    blank: CsvRecord = first_row, [], []
    row, header, taken = next((record for record in found if any(record[1])), blank)
    table = _table(name, row, delimiter, tuple(header), columns)
    _refuse_swallowed_below(table, row, taken)
    return table, _rows(table, found)


def _table(
    name: str, row: int, delimiter: str, header: tuple[str, ...], columns: Columns
) -> Table:
    place = f"{name}: row {row}"
    column = _column(header, columns.column, place)
    sort = _sort_column(header, columns.sort_column, place)
    return Table(
        name=name, delimiter=delimiter, header=header, column=column, sort=sort
    )


def _column(header: tuple[str, ...], wanted: str | None, place: str) -> int:
    try:
        return position(header, wanted)
    except RowError as error:
        remedy = f"{error.remedy}, or delete what stands above the heading"
        if any(cell.strip(BLANK).isdecimal() for cell in header):
            remedy = "give the file a heading"
            if len(header) == 1:
                remedy = f"{remedy}, or read it with --format lines"
        raise InputError(f"{place}: {error}; {remedy}") from error


def _sort_column(header: tuple[str, ...], wanted: str | None, place: str) -> int | None:
    if wanted is None:
        return None
    try:
        return position(header, wanted)
    except RowError as error:
        raise InputError(f"{place}: {error}; name another to order by") from error


def _rows(table: Table, found: Iterator[CsvRecord]) -> Iterator[Item | InvalidRow]:
    for row, cells, taken in found:
        if len(taken) > 1:
            own = cells[table.column] if table.column < len(cells) else ""
            _refuse_swallowed(table, row, taken, own.strip(BLANK))
        item = _row(table, row, cells)
        if _has_half_a_pair(table, taken):
            item = InvalidRow(row=row, detail=_HALF_A_PAIR, remedy=_QUOTE_WHOLE)
        if isinstance(item, Item) or any(cell.strip(BLANK) for cell in cells):
            yield item


def _refuse_swallowed_below(table: Table, row: int, taken: Sequence[str]) -> None:
    """Refuse a heading in whose quotes stands a number among other cells.

    Raises:
        InputError: There is one.
    """
    below = [line.split(table.delimiter) for line in taken[1:]]
    if any(_is_number(cell) for cells in below if len(cells) > 1 for cell in cells):
        raise damage(table.name, row, "a quoted cell seems to hold whole rows")


def _has_half_a_pair(table: Table, taken: Sequence[str]) -> bool:
    """Tell whether a quote ends a cell that none began: what stood before is gone."""
    text = "".join(taken)
    is_at_an_end = f'"{table.delimiter}' in text or text.rstrip(BLANK).endswith('"')
    return text.count('"') % 2 == 1 and is_at_an_end


def _refuse_swallowed(table: Table, row: int, taken: Sequence[str], own: str) -> None:
    """Refuse a record in whose quotes stands what looks like a row of its own.

    Raises:
        InputError: One of its lines has another id such as its own where a row, or
            the part of a row up to a line break, has it; or its own has several lines.
    """
    if "\n" in own or any(_holds_a_row(table, one, own) for one in taken):
        raise damage(table.name, row, "a quoted cell seems to hold whole rows")


def _holds_a_row(table: Table, line: str, own: str) -> bool:
    cells = line.split(table.delimiter)
    width = len(table.header)
    # From the left with a cell behind it, from the right with one before it.
    places = (
        (table.column, table.column + 2),
        (table.column - width, width - table.column + 1),
    )
    return any(
        _is_like(cells[at].strip(BLANK), own, is_whole=len(cells) >= width)
        for at, fewest in places
        if len(cells) >= min(fewest, width)
    )


def _is_like(cell: str, own: str, *, is_whole: bool) -> bool:
    """Tell whether a cell may be the id of another row. Of parts less is believed."""
    id_ = cell.strip('"')
    is_of_its_kind = id_ != own and _numbers_in(id_) >= _numbers_in(own)
    is_as_long = own != "" and abs(len(id_) - len(own)) <= 1
    is_believed = is_whole or (is_as_long and cell.count('"') != 1)
    return is_of_its_kind and is_believed and fault_of(id_) is None


def _numbers_in(text: str) -> int:
    """Rank a text: words alone, words and digits, digits alone."""
    return text.isdecimal() + any(map(str.isdecimal, text))


def _row(table: Table, row: int, cells: Sequence[str]) -> Item | InvalidRow:
    if len(cells) != len(table.header) and not _fits(table, cells):
        remedy = "quote cells that hold the delimiter, so that no cell is shifted"
        reason = f"{len(cells)} cells where the heading has {len(table.header)}"
        return InvalidRow(row=row, detail=reason, remedy=remedy)
    text = cells[table.column]
    if text == table.header[table.column]:
        reason = f"{quote(text)} is the heading once more"
        return InvalidRow(row=row, detail=reason, remedy="delete the row")
    return as_item(row, text, None if table.sort is None else cells[table.sort])


def _fits(table: Table, cells: Sequence[str]) -> bool:
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
