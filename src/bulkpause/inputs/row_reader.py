"""Read the rows below a heading one by one."""

from collections.abc import Sequence
from dataclasses import replace

from bulkpause.ids import WHITESPACE, are_plain_numbers, parse_item
from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.cells import (
    BadCell,
    is_blank,
    sort_text_at,
    text_at,
    texts_of_column,
)
from bulkpause.inputs.columns import is_title_of_ids
from bulkpause.inputs.heading import Heading, is_heading
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.table import ReadError
from bulkpause.item_block import ItemBlock
from bulkpause.model import InvalidRow, Item


#: Fewer rows are read one by one.
_FEWEST_AT_ONCE = 8
_SAVE_APART = "save the tables as files of their own"


class RowReader:
    """Makes the items and invalid rows of a table.

    Args:
        heading: The heading of the table.
        alignment: Tells whether the id of a row may stand in another cell.
        layout: The columns that the user named.
        move_back: How to move the cells of a row back into their columns.
    """

    def __init__(
        self,
        heading: Heading,
        alignment: Alignment,
        layout: Layout,
        *,
        move_back: str,
    ) -> None:
        self._heading = heading
        self._alignment = alignment
        self._layout = layout
        self._move_back = move_back
        self._width = len(heading.cells)
        self._id_index = heading.id_index
        self._name_index = heading.name_index
        self._sort_index = heading.sort_index
        self._account_index = heading.account_index
        self._plain_lengths = alignment.plain_lengths
        self._is_below_cut = False

    def read(self, row: int, cells: Sequence[str]) -> Item | InvalidRow | None:
        """Read a row: an item, an invalid row, or None if it is blank.

        Raises:
            ReadError: It is the heading of another table.
        """
        item = self._judged_row(row, cells)
        if item is not None and self._account_index is not None:
            item = replace(item, account=text_at(cells, self._account_index))
        is_cut = self._alignment.is_cut_in_two(self._heading.id_text(cells), cells)
        self._is_below_cut = is_cut
        # The row below is looked at closely, however plain its id is.
        self._plain_lengths = frozenset() if is_cut else self._alignment.plain_lengths
        return item

    def read_without_checks(self, batch: RowBatch) -> ItemBlock | None:
        """Read rows at once. None if one of them needs a check, as `read` does it.

        A number of a usual length in a whole row needs none, and a million rows have
        one.
        """
        if len(batch) < _FEWEST_AT_ONCE or self._account_index is not None:
            return None
        if not batch.has_width(self._width):
            return None
        ids = batch.column(self._id_index)
        sort_texts = (
            None if self._sort_index is None else batch.column(self._sort_index)
        )
        if not self._are_plain(ids) or _has_bad_cell(sort_texts or ()):
            return None
        names = None
        if self._name_index is not None:
            names = texts_of_column(batch.column(self._name_index))
        return ItemBlock(ids, batch.numbers, names, sort_texts)

    def _are_plain(self, ids: Sequence[str]) -> bool:
        """Return whether all ids are numbers of usual lengths, none with a 0 in front."""
        return (
            self._plain_lengths.issuperset(map(len, ids))
            and are_plain_numbers(ids)
            and set(map(type, ids)) == {str}
        )

    def _judged_row(self, row: int, cells: Sequence[str]) -> Item | InvalidRow | None:
        item = self._row_of(row, cells)
        if not _has_digit_id(item) and self._is_other_heading(cells):
            raise ReadError("a second heading", _SAVE_APART, row=row)
        if isinstance(item, Item):
            return self._judged(item, cells)
        return None if is_blank(cells) else item

    def _is_other_heading(self, cells: Sequence[str]) -> bool:
        """Return whether a row is the heading of another table, with other columns."""
        index = self._id_index
        if _filled(cells) == _filled(self._heading.cells):
            return False
        id_text = self._heading.id_text(cells)
        if not id_text and self._has_only_a_name(cells):
            return False
        if is_title_of_ids(id_text):
            return True
        others = [*cells[:index], *cells[index + 1 :]]
        return is_heading(others, self._layout.column, is_first=False)

    def _has_only_a_name(self, cells: Sequence[str]) -> bool:
        """Return whether a row holds the name `ID` alone, as a campaign may have."""
        name = text_at(cells, self._name_index)
        return name is not None and [name.casefold(), _filled(cells)] == ["id", [name]]

    def _judged(self, item: Item, cells: Sequence[str]) -> Item | InvalidRow:
        is_whole = self._alignment.checked_below <= len(cells) <= self._width
        if self._layout.takes_any_id:
            return item
        doubt = None if is_whole else self._alignment.why_doubtful(cells)
        if doubt is None and self._is_below_cut:
            doubt = self._alignment.why_rest_of_cut_id(item.id)
        if doubt is None:
            return item
        return InvalidRow(
            row=item.row,
            detail=doubt,
            remedy=f"{self._move_back}, or pass --any-id",
            value=item.id,
        )

    def _row_of(self, row: int, cells: Sequence[str]) -> Item | InvalidRow:
        heading, width, index = self._heading, self._width, self._id_index
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
            remedy = "delete the row"
            return InvalidRow(
                row=row, detail="repeats the heading", remedy=remedy, value=text
            )
        name = text_at(cells, self._name_index)
        return parse_item(row, text, sort_text_at(cells, self._sort_index), name)


def _has_bad_cell(cells: Sequence[str]) -> bool:
    return any(issubclass(kind, BadCell) for kind in set(map(type, cells)))


def _filled(cells: Sequence[str]) -> list[str]:
    """Return the texts of the cells that have one."""
    return list(filter(None, (cell.strip(WHITESPACE) for cell in cells)))


def _has_digit_id(item: Item | InvalidRow) -> bool:
    """Return whether a row has an id that no heading is, as in `cmp-1` or `1000248`."""
    return isinstance(item, Item) and any(map(str.isdecimal, item.id))


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
