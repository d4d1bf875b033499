"""Records of a CSV → items and row problems.

A row without a usable id is a `Problem`. A record in whose quotes other rows may
stand is an `InputError`, because those could not be reported one by one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulkpause.columns import Columns, RowError, position
from bulkpause.csv_records import CsvRecord, damage, delimited, records
from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item, fault_of, shown
from bulkpause.model import Item, Problem


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
) -> tuple[Table, Iterator[Item | Problem]]:
    """Read the heading at once, and the rows as they are asked for.

    Raises:
        InputError: At once or while rows are read: there is no one column of ids or
            to sort by, or the rows can not be told apart.
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


def _rows(table: Table, found: Iterator[CsvRecord]) -> Iterator[Item | Problem]:
    for row, cells, taken in found:
        if len(taken) > 1:
            own = cells[table.column] if table.column < len(cells) else ""
            _refuse_swallowed(table, row, taken, own.strip(BLANK))
        item = _row(table, row, cells)
        if _has_half_a_pair(table, taken):
            item = Problem(row=row, reason=_HALF_A_PAIR, remedy=_QUOTE_WHOLE)
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


def _row(table: Table, row: int, cells: Sequence[str]) -> Item | Problem:
    if len(cells) != len(table.header) and not _fits(table, cells):
        remedy = "quote cells that hold the delimiter, so that no cell is shifted"
        reason = f"{len(cells)} cells where the heading has {len(table.header)}"
        return Problem(row=row, reason=reason, remedy=remedy)
    text = cells[table.column]
    if text == table.header[table.column]:
        reason = f"{shown(text)} is the heading once more"
        return Problem(row=row, reason=reason, remedy="delete the row")
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
