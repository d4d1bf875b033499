"""Some rows of a table, to be read by row or by column."""

from collections.abc import Iterator, Sequence
from itertools import chain

from bulkpause.inputs.cells import CellRecord


class RowBatch:
    """Rows that follow one another.

    A million rows are read faster by the few columns that are used.

    Args:
        first_row: The number of the first of them.
        rows: Their cells.
    """

    def __init__(self, first_row: int, rows: Sequence[Sequence[str]]) -> None:
        self._first_row = first_row
        self._rows = rows
        self._columns: list[Sequence[str]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def numbers(self) -> range:
        """The numbers of the rows."""
        return range(self._first_row, self._first_row + len(self))

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """The cells of each row."""
        return self._rows

    @property
    def size_chars(self) -> int:
        """The length of all cells together."""
        return sum(map(len, chain.from_iterable(self.rows)))

    def records(self) -> Iterator[CellRecord]:
        """Give the number and the cells of each row."""
        return enumerate(self.rows, self._first_row)

    def from_row(self, place: int) -> "RowBatch":
        """Return the rows from a place on, of which the first is 0."""
        return RowBatch(self._first_row + place, self.rows[place:])

    def last(self, count: int) -> Sequence[Sequence[str]]:
        """Return the cells of the last rows."""
        return self._rows[-count:]

    def has_width(self, width: int) -> bool:
        """Return whether each row has so many cells."""
        return set(map(len, self._rows)) == {width}

    def column(self, index: int) -> Sequence[str]:
        """Return a cell of each row. All rows must be wide enough."""
        if self._columns is None:
            self._columns = list(zip(*self._rows, strict=False))
        return self._columns[index]
