"""Tell whether the id of a row may stand in another cell than the heading says.

A delimiter that is missing, or one too many, moves the cells of a row, and a line break
outside quotes cuts it in two. If trailing cells are missing too, the number of cells
does not show it.
"""

from collections.abc import Iterable, Sequence
from math import inf

from bulkpause.ids import EXACT_DIGITS, WHITESPACE
from bulkpause.inputs.heading import Heading
from bulkpause.inputs.id_kind import IdKind, digit_rank


_UNLIKE = "is unlike the ids of this column, and its row may have moved cells"
_LOST_CELL = "is in a row with fewer cells than others, and may be another cell of it"
_NO_COLUMNS = "is in a row with fewer cells than the heading, some of which are blank"
_LABELED = "is in a row with fewer cells than the heading, behind a label with a colon"
_REST = (
    "is short and below a row with a short id alone: a line break may have cut an id"
)
_SURPLUS_ID = "is in a row with more cells than others, and another cell is like an id"


class Alignment:
    """Compares rows with the first rows, and their ids with the ids of those.

    Args:
        heading: The heading of the table.
        first_rows: The cells of its first rows.

    Attributes:
        checked_below: Whole rows of fewer cells than this can be doubtful.
        ids: What the ids of the first rows are like.
        plain_lengths: A number of one of these lengths, in a whole row, cannot be
            doubtful.
    """

    def __init__(self, heading: Heading, first_rows: Sequence[Sequence[str]]) -> None:
        self._heading = heading
        self._index = heading.id_index
        self._width = len(heading.cells)
        self._titled = _filled_width(heading.cells)
        # Nothing can move an id out of the first column of a whole row.
        self.checked_below: float = self._width if self._index == 0 else inf
        whole = [cells for cells in first_rows if len(cells) == self._width]
        # Where no row is as wide as the heading, blank headings may be no columns.
        self._may_lack_columns = not whole and not all(heading.cells[: self._index])
        full = whole or [cells for cells in first_rows if len(cells) > self._width]
        self.ids = IdKind(map(heading.id_text, full or first_rows))
        self.plain_lengths = self._plain_lengths()
        self._last_of_first = first_rows[-1] if first_rows else None
        self._rows = len(first_rows)
        self._surplus_rows = sum(len(cells) > self._width for cells in first_rows)
        self._rows_ending_blank = sum(
            _filled_width(cells) < self._width for cells in first_rows
        )

    def _plain_lengths(self) -> frozenset[int]:
        lengths = frozenset(range(1, EXACT_DIGITS + 1))
        if self._index == 0:
            return lengths
        if self._titled < self._width:
            return frozenset()
        return frozenset(filter(self.ids.has_usual_length, lengths))

    def has_lost_cells(self, cells: Sequence[str]) -> bool:
        """Return whether a row has fewer cells than the heading, unlike most others.

        Where at least half of the rows end with blank or missing cells, a program has
        left out blank cells at their ends.
        """
        return len(cells) < self._width and self._rows_ending_blank * 2 < self._rows

    def ends_early(self, last: Sequence[str]) -> bool:
        """Return whether the last row has fewer cells than most rows before it.

        The heading counts where it is the only one.
        """
        is_counted = last is self._last_of_first
        rows = self._rows - is_counted
        ending_blank = self._rows_ending_blank - is_counted
        if not rows:
            return len(last) < self._titled
        return len(last) < self._width and ending_blank * 2 < rows

    def is_cut_in_two(self, id_: str, cells: Sequence[str]) -> bool:
        """Return whether a row may be the first part of an id that a line break cut."""
        is_alone = self._index == 0 and len(cells) == 1 and self.has_lost_cells(cells)
        return is_alone and id_ != "" and self.ids.is_short(id_)

    def why_rest_of_cut_id(self, id_: str) -> str | None:
        """Return why the id below such a row is doubtful: it is short too."""
        return _REST if self.ids.is_short(id_) else None

    def why_doubtful(self, cells: Sequence[str]) -> str | None:
        """Return why the id of a row may not be one, as a detail of an invalid row."""
        id_ = self._heading.id_text(cells)
        if len(cells) > self._width:
            return self._why_surplus_is_doubtful(id_, cells)
        if self._index > 0 and self._is_moved_right(id_, cells):
            return _UNLIKE
        return None if len(cells) == self._width else self._why_short(id_, cells)

    def _why_short(self, id_: str, cells: Sequence[str]) -> str | None:
        """Return why the id of a row with fewer cells than the heading is doubtful."""
        if self._may_lack_columns:
            return _NO_COLUMNS
        if not self.ids.includes(id_) or self.is_cut_in_two(id_, cells):
            return _UNLIKE
        if any(cell.rstrip(WHITESPACE).endswith(":") for cell in cells[: self._index]):
            return _LABELED
        # Only a missing delimiter moves cells to the left.
        if self._index > 0 and self._is_less_like(id_, cells[: self._index]):
            return _UNLIKE
        return _LOST_CELL if self._index and self.has_lost_cells(cells) else None

    def _why_surplus_is_doubtful(self, id_: str, cells: Sequence[str]) -> str | None:
        if self._index > 0 and not self.ids.includes(id_):
            return _UNLIKE
        others = [*cells[: self._index], *cells[self._index + 1 :]]
        is_only_one = self._surplus_rows <= 1
        return _SURPLUS_ID if is_only_one and any(self._like_ids(others)) else None

    def _is_moved_right(self, id_: str, cells: Sequence[str]) -> bool:
        """Return whether a comma in a text before the id seems to have moved it."""
        if self._follows_comma(id_, cells):
            return True
        beyond = cells[self._titled :]
        if any(cell.strip(WHITESPACE) for cell in beyond) and not self.ids.includes(
            id_
        ):
            return True
        return self._is_less_like(id_, cells[self._index + 1 :])

    def _is_less_like(self, id_: str, others: Sequence[str]) -> bool:
        """Return whether another cell is more like the ids than the id of the row."""
        own_count = self.ids.count_like(id_)
        if own_count * 2 >= self.ids.count:
            return False
        counts = map(self.ids.count_like, self._like_ids(others))
        return max(counts, default=0) > own_count

    def _like_ids(self, cells: Sequence[str]) -> Iterable[str]:
        return filter(self.ids.resembles, (cell.strip(WHITESPACE) for cell in cells))

    def _follows_comma(self, id_: str, cells: Sequence[str]) -> bool:
        """Return whether the id looks like the rest of a text, before the true id.

        As in `Sale, 2024,1000248`: only the comma inside a text has a blank after it.
        The true id is a longer number, or at least as much like the ids.
        """
        if not cells[self._index].startswith(" ") or len(cells) < self._index + 2:
            return False
        beside = cells[self._index + 1]
        if id_.isdecimal() and beside.isdecimal():
            return len(beside) > len(id_)
        return (
            digit_rank(beside) > 0
            and not beside.startswith(" ")
            and self.ids.includes(beside)
            and self.ids.count_like(beside) >= self.ids.count_like(id_)
        )


def _filled_width(cells: Sequence[str]) -> int:
    """Return the number of cells without the blank ones at the end."""
    width = len(cells)
    while width and not cells[width - 1].strip(WHITESPACE):
        width -= 1
    return width
