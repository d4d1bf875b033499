"""Tell whether the id of a row may stand in another cell than the heading says.

A delimiter that is missing, or one too many, moves the cells of a row, and a line break
outside quotes cuts it in two. If trailing cells are missing too, the number of cells
does not show it.
"""

from collections import Counter
from collections.abc import Sequence
from math import inf

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.heading import Heading


class Alignment:
    """Compares the ids of rows with those of the first rows, by their length.

    Only ids that are numbers are compared.

    Args:
        heading: The heading of the table.
        first_rows: The cells of its first rows.

    Attributes:
        checked_below: Rows with fewer cells than this can be doubtful.
    """

    def __init__(self, heading: Heading, first_rows: Sequence[Sequence[str]]) -> None:
        self._index = heading.id_index
        self._width = len(heading.cells)
        # Nothing can move an id out of the first column of a whole row.
        self.checked_below: float = self._width if self._index == 0 else inf
        full_rows = [cells for cells in first_rows if len(cells) >= self._width]
        ids = (_text_at(cells, self._index) for cells in full_rows or first_rows)
        self._lengths = Counter(len(id_) for id_ in ids if id_.isdecimal())
        self._usual = max(self._lengths, key=self._lengths.__getitem__, default=0)

    def is_doubtful(self, cells: Sequence[str]) -> bool:
        """Return whether the id of a row may not be one.

        It follows a comma inside a text; or its length is unusual, and another cell is
        more like the ids of the column; or no id is as long, and the row has fewer
        cells than the heading.
        """
        if self._index > 0 and self._follows_comma(cells):
            return True
        id_ = _text_at(cells, self._index)
        if len(id_) == self._usual or not id_.isdecimal():
            return False
        known = self._lengths[len(id_)]
        beside = cells[self._index + 1 :]
        if len(cells) < self._width:
            if self._usual and not known:
                return True
            # Only a missing delimiter moves cells to the left.
            beside = [*cells[: self._index], *beside]
        return self._index > 0 and self._likeness(beside) > known

    def _likeness(self, beside: Sequence[str]) -> int:
        """Count the ids that are as long as a number in one of the cells."""
        texts = (cell.strip(WHITESPACE) for cell in beside)
        numbers = (text for text in texts if text.isdecimal())
        return max((self._lengths[len(number)] for number in numbers), default=0)

    def _follows_comma(self, cells: Sequence[str]) -> bool:
        """Return whether the id looks like the rest of a text, before a longer number.

        As in `Sale, 2024,1000248`: only the comma inside a text has a blank after it.
        """
        if not cells[self._index].startswith(" ") or len(cells) < self._index + 2:
            return False
        beside = cells[self._index + 1]
        return beside.isdecimal() and len(beside) > len(_text_at(cells, self._index))


def _text_at(cells: Sequence[str], index: int) -> str:
    return cells[index].strip(WHITESPACE) if index < len(cells) else ""
