"""Some rows of a sheet, of which only the columns that are used become texts."""

from collections.abc import Sequence
from operator import itemgetter

from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.spreadsheet.cells import Value, texts_of, texts_of_column


class ValueBatch(RowBatch):
    """Rows as the reader of cells gives them: all of one width.

    Args:
        first_row: The number of the first of them.
        values: Their values.
    """

    def __init__(self, first_row: int, values: Sequence[Sequence[Value]]) -> None:
        super().__init__(first_row, ())
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """The texts of the cells of each row."""
        if not self._rows:
            self._rows = list(texts_of(self._values))
        return self._rows

    def last(self, count: int) -> Sequence[Sequence[str]]:
        """Return the texts of the cells of the last rows."""
        return list(texts_of(self._values[-count:]))

    def has_width(self, width: int) -> bool:
        """Return whether each row has so many cells."""
        return len(self._values[0]) == width

    def column(self, index: int) -> Sequence[str]:
        """Return the text of a cell of each row."""
        return texts_of_column(list(map(itemgetter(index), self._values)))
