"""Read the rows of a table of cells: CSV, or the sheet of a spreadsheet."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Self

from bulkpause.ids import WHITESPACE, parse_item, why_invalid
from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.columns import why_no_column
from bulkpause.inputs.heading import (
    MOST_TITLES,
    Heading,
    is_heading,
    is_long_number,
    make_heading,
)
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.lookahead import look_ahead
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item


#: The number of a row, and its cells.
CellRecord = tuple[int, Sequence[str]]

#: A longer name, or word of a status, is cut.
LONGEST_NAME = 200
#: The ids of this many first rows show what the ids of a column are like.
_MOST_COMPARED = 100
_SAVE_APART = "save the tables as files of their own"


class BadCell(str):
    """The text of a cell that cannot be an id, such as `#N/A`.

    Attributes:
        detail: What is wrong with it, as in `InvalidRow`.
        remedy: What to do about it.
        sort_text: The text of the cell as a value to sort by, if it is another.
    """

    __slots__ = ("detail", "remedy", "sort_text")

    detail: str
    remedy: str
    sort_text: str

    def __new__(
        cls, text: str, detail: str, remedy: str, *, sort_text: str | None = None
    ) -> Self:
        cell = super().__new__(cls, text)
        cell.sort_text = text if sort_text is None else sort_text
        cell.detail = detail
        cell.remedy = remedy
        return cell


def read_cells(
    records: Iterator[CellRecord],
    *,
    layout: Layout,
    table: Table,
    titles_are_invalid: bool,
) -> Iterator[Item | InvalidRow]:
    """Find the heading, note its columns in `table`, and read the rows lazily.

    Blank rows are skipped.

    Args:
        records: The number and the cells of each row, from the top.
        layout: The columns that the user named.
        table: Its columns and statuses are filled in, not its rows.
        titles_are_invalid: Whether rows above the heading are invalid rows. Else only
            those that may hold an id.

    Raises:
        ReadError: While rows are read: no row is a heading, the heading has several id
            columns, or the heading of another table follows. After the last row: a
            column that the user named is missing.
    """
    titles, heading = find_heading(records, layout)
    heading.note_in(table)
    yield from title_rows(titles, heading, are_invalid=titles_are_invalid)
    yield from rows_below(heading, records, table, layout)


def find_heading(
    records: Iterator[CellRecord], layout: Layout, *, may_be_list: bool = False
) -> tuple[list[CellRecord], Heading]:
    """Take the records up to the heading. Return those above it, and the heading.

    Args:
        records: The number and the cells of each row, from the top.
        layout: The columns that the user named.
        may_be_list: Whether the rows could be read as a plain list instead.

    Raises:
        ReadError: No row is a heading, or it has several id columns.
    """
    titles: list[CellRecord] = []
    for row, cells in islice(filter(_is_not_blank, records), MOST_TITLES + 1):
        if is_heading(cells, layout.column, is_first=not titles):
            return titles, make_heading(row, cells, layout)
        titles.append((row, [cell[:LONGEST_NAME] for cell in cells]))
    raise _no_heading(titles, layout.column, may_be_list=may_be_list)


def _is_not_blank(record: CellRecord) -> bool:
    return any(cell.strip(WHITESPACE) for cell in record[1])


def _no_heading(
    titles: list[CellRecord], wanted: str | None, *, may_be_list: bool
) -> ReadError:
    """Make the error of a table without a heading. It names the widest row."""
    if not titles:
        return ReadError("the input is empty", "add the ids to pause")
    row, cells = max(titles, key=lambda title: sum(map(bool, title[1])))
    reason, remedy = why_no_column(tuple(cells), wanted)
    if any(cell.strip(WHITESPACE).isdecimal() for cell in cells):
        remedy = "add a heading such as campaign_id"
        if len(cells) == 1 and may_be_list:
            remedy = f"{remedy}, or pass --format lines"
    return ReadError(reason, remedy, row=row)


def title_rows(
    titles: Sequence[CellRecord], heading: Heading, *, are_invalid: bool
) -> Iterator[InvalidRow]:
    """Give invalid rows for those above the heading that are not to be skipped."""
    for row, cells in titles:
        if are_invalid or _may_hold_id(heading, cells):
            yield InvalidRow(
                row=row,
                detail="stands above the heading",
                remedy="delete it or pass --skip-invalid",
                value=next(filter(None, (cell.strip(WHITESPACE) for cell in cells))),
            )


def _may_hold_id(heading: Heading, cells: Sequence[str]) -> bool:
    """Return whether a row may belong to a table: its heading may have been missed."""
    id_ = heading.id_text(cells)
    is_id = why_invalid(id_) is None and any(map(str.isdecimal, id_))
    return is_id or any(map(is_long_number, cells))


def rows_below(
    heading: Heading, records: Iterator[CellRecord], table: Table, layout: Layout
) -> Iterator[Item | InvalidRow]:
    """Read the rows below the heading, and count the statuses of the items.

    Raises:
        ReadError: While rows are read: the heading of another table follows. After the
            last row: a column that the user named is missing.
    """
    first_rows, records = look_ahead(records, _MOST_COMPARED, weigh=_weigh)
    alignment = Alignment(heading, [cells for _, cells in first_rows])
    width, checked_below = len(heading.cells), alignment.checked_below
    has_status = heading.status_index is not None
    for row, cells in records:
        item = _row_of(heading, row, cells)
        # The usual case first: a million rows are checked one by one.
        is_number = isinstance(item, Item) and item.id.isdecimal()
        if not is_number and _is_other_heading(heading, cells, layout):
            raise ReadError("a second heading", _SAVE_APART, row=row)
        if isinstance(item, Item):
            is_checked = len(cells) < checked_below or len(cells) > width
            if is_checked and not layout.takes_any_id:
                item = _judged(item, alignment.why_doubtful(cells))
            if has_status and isinstance(item, Item):
                _count_status(table, _text_at(cells, heading.status_index))
            yield item
        elif _is_not_blank((row, cells)):
            yield item
    if heading.error is not None:
        raise heading.error


def _weigh(record: CellRecord) -> int:
    return sum(map(len, record[1]))


def _is_other_heading(heading: Heading, cells: Sequence[str], layout: Layout) -> bool:
    """Return whether a row is the heading of another table, with other columns."""
    index = heading.id_index
    text = cells[index] if index < len(cells) else ""
    if any(map(str.isdecimal, text)) or text == heading.cells[index]:
        return False
    others = [*cells[:index], *cells[index + 1 :]]
    return text != "" and is_heading(others, layout.column, is_first=False)


def _count_status(table: Table, status: str | None) -> None:
    if status is not None:
        table.statuses[status] += 1


def _judged(item: Item, doubt: str | None) -> Item | InvalidRow:
    if doubt is None:
        return item
    return InvalidRow(
        row=item.row,
        detail=doubt,
        remedy="put quotes around cells with delimiters or line breaks, or pass --any-id",
        value=item.id,
    )


def _row_of(heading: Heading, row: int, cells: Sequence[str]) -> Item | InvalidRow:
    width, index = len(heading.cells), heading.id_index
    if len(cells) > width and not _has_only_empty_surplus(heading, cells):
        return InvalidRow(
            row=row,
            detail=f"more cells than the {width} of the heading",
            remedy="put quotes around cells that contain the delimiter",
        )
    text = cells[index] if index < len(cells) else ""
    if isinstance(text, BadCell):
        return InvalidRow(
            row=row, detail=text.detail, remedy=text.remedy, value=text or None
        )
    if text == heading.cells[index]:
        return InvalidRow(
            row=row, detail="repeats the heading", remedy="delete the row", value=text
        )
    sort_text = None
    if heading.sort_index is not None:
        sort_text = _sort_text_at(cells, heading.sort_index)
    return parse_item(row, text, sort_text, _text_at(cells, heading.name_index))


def _sort_text_at(cells: Sequence[str], index: int) -> str:
    cell = cells[index] if index < len(cells) else ""
    return cell.sort_text if isinstance(cell, BadCell) else cell


def _text_at(cells: Sequence[str], index: int | None) -> str | None:
    """Return the text of a cell for people; None if it is blank or missing."""
    if index is None or index >= len(cells):
        return None
    return cells[index].strip(WHITESPACE)[:LONGEST_NAME] or None


def _has_only_empty_surplus(heading: Heading, cells: Sequence[str]) -> bool:
    """Return whether all cells beyond the heading are empty and the id is in its column.

    An unquoted delimiter that shifts cells to the right looks the same if the last
    cell is empty. It is ruled out only if the id comes first, or is the only number
    among the cells to which it could have been shifted.
    """
    surplus = len(cells) - len(heading.cells)
    if any(cell.strip(WHITESPACE) for cell in cells[-surplus:]):
        return False
    candidates = cells[heading.id_index : heading.id_index + surplus + 1]
    are_numbers = [cell.strip(WHITESPACE).isdecimal() for cell in candidates]
    return heading.id_index == 0 or (are_numbers[0] and sum(are_numbers) == 1)
