"""The heading of a table: the columns of the ids, names, statuses and sort values."""

from collections.abc import Sequence

from bulkpause._value import value
from bulkpause.ids import WHITESPACE
from bulkpause.inputs.columns import (
    ACCOUNT_COLUMNS,
    ID_FLAG,
    NAME_COLUMNS,
    STATUS_COLUMNS,
    TIME_COLUMN,
    find_column,
    find_currency_column,
    find_known_column,
    has_column,
    is_found,
    why_no_columns,
)
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import ReadError, Table


#: No sheet has more columns.
MOST_COLUMNS = 16_384
#: The heading is looked for in this many rows that are not blank.
MOST_TITLES = 100
#: A row below the first with a number of this many digits holds data, not headings.
_FEWEST_DIGITS_OF_DATA = 5


@value
class Heading:
    """A heading, and the indexes of the columns that are used.

    Attributes:
        row: The number of its row.
        cells: Its cells.
        id_index: The column of the ids.
        name_index: The column of the names, if there is one.
        status_index: The column of the statuses, if there is one.
        time_index: The column of the scheduled times, if there is one.
        sort_index: The column of the values to sort by, if one was named.
        currency_index: The column of their currency, if there is one.
        account_index: The column of the accounts, if a run has several.
        unused_account_index: The column of the accounts, if a run has but one.
        error: Why columns that the user named cannot be used.
    """

    row: int
    cells: tuple[str, ...]
    id_index: int
    name_index: int | None = None
    status_index: int | None = None
    time_index: int | None = None
    sort_index: int | None = None
    currency_index: int | None = None
    account_index: int | None = None
    unused_account_index: int | None = None
    error: ReadError | None = None

    def id_text(self, cells: Sequence[str]) -> str:
        """Return the text of a row's id cell; empty if the cell is missing."""
        index = self.id_index
        return cells[index].strip(WHITESPACE) if index < len(cells) else ""

    def note_in(self, table: Table) -> None:
        """Note the headings of the ids, names, statuses and accounts."""
        table.id_column = self._title(self.id_index)
        table.name_column = self._title(self.name_index)
        table.status_column = self._title(self.status_index)
        table.unused_account_column = self._title(self.unused_account_index)

    def _title(self, index: int | None) -> str | None:
        # A heading may have several lines, and blanks between its words.
        return None if index is None else " ".join(self.cells[index].split())


def is_heading(cells: Sequence[str], wanted: str | None, *, is_first: bool) -> bool:
    """Return whether a row has the id column, and may be the heading.

    Below the first row, a row with a long number holds data: a name may be `ID`.

    Args:
        cells: The cells of the row.
        wanted: The name of the id column, if the user gave one.
        is_first: Whether no row stands above it.
    """
    return has_column(cells, wanted) and (
        is_first or wanted is not None or not any(map(is_long_number, cells))
    )


def is_long_number(cell: str) -> bool:
    """Return whether a cell may be an id or another value, and is no title."""
    text = cell.strip(WHITESPACE)
    return text.isdecimal() and len(text) >= _FEWEST_DIGITS_OF_DATA


def make_heading(row: int, cells: Sequence[str], layout: Layout) -> Heading:
    """Find the columns in the cells of the heading.

    Raises:
        ReadError: More than one column matches the id column.
    """
    columns = tuple(cells)
    error = why_unusable(row, columns, layout)
    if error is not None and not is_found(columns, layout.column):
        raise error
    id_index = find_column(columns, layout.column)
    name_index = _named_index(columns, layout.name_column)
    if layout.name_column is None:
        name_index = find_known_column(columns, NAME_COLUMNS, other_than=id_index)
    return Heading(
        row=row,
        cells=columns,
        id_index=id_index,
        name_index=name_index,
        status_index=find_known_column(columns, STATUS_COLUMNS, other_than=id_index),
        time_index=find_known_column(columns, (TIME_COLUMN,), other_than=id_index),
        sort_index=_named_index(columns, layout.sort_column),
        currency_index=find_currency_column(
            columns, layout.sort_column, other_than=id_index
        ),
        account_index=_account_index(columns, layout, other_than=id_index),
        unused_account_index=None
        if layout.accounts is not None
        else find_known_column(columns, ACCOUNT_COLUMNS, other_than=id_index),
        error=error,
    )


def _account_index(
    columns: tuple[str, ...], layout: Layout, *, other_than: int
) -> int | None:
    if layout.accounts is None:
        return None
    if layout.account_column is not None:
        return _named_index(columns, layout.account_column)
    return find_known_column(columns, ACCOUNT_COLUMNS, other_than=other_than)


def why_unusable(
    row: int, columns: tuple[str, ...], layout: Layout
) -> ReadError | None:
    """Name all columns that are needed and not found, or found more than once."""
    named = {
        "--name-column": layout.name_column,
        "--account-column": layout.account_column,
        "--order-by": layout.sort_column,
    }
    needed = {ID_FLAG: layout.column} | {
        flag: name for flag, name in named.items() if name is not None
    }
    missing = {
        flag: name for flag, name in needed.items() if not is_found(columns, name)
    }
    if not missing:
        return None
    detail, remedy = why_no_columns(columns, missing)
    return ReadError(detail, remedy, row=row)


def _named_index(columns: tuple[str, ...], wanted: str | None) -> int | None:
    if wanted is None or not is_found(columns, wanted):
        return None
    return find_column(columns, wanted)
