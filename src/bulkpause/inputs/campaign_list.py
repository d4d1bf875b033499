"""Read a list of campaigns for a program, with what is wrong with it as an error."""

import os
from collections.abc import Iterator

from bulkpause._text import format_count
from bulkpause._value import value
from bulkpause.errors import InputError
from bulkpause.inputs.keyword_words import in_keywords
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.inputs.table import HiddenCount
from bulkpause.model import InvalidRow, Item


@value(frozen=True)
class CampaignList:
    """The rows of an input, and its columns. Iterating gives the rows in their order.

    Attributes:
        name: The name of the input in messages.
        rows: The items and invalid rows.
        id_column: The heading of the ids; None if they have none.
        name_column: The heading of the names, if there is such a column.
        sheet: The name of the sheet, if the input is a spreadsheet.
        hidden: The rows that a spreadsheet hides; None if there are none.
    """

    name: str
    rows: tuple[Item | InvalidRow, ...]
    id_column: str | None
    name_column: str | None
    sheet: str | None
    hidden: HiddenCount | None

    def __iter__(self) -> Iterator[Item | InvalidRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def items(self) -> tuple[Item, ...]:
        """The rows with a valid id."""
        return tuple(row for row in self.rows if isinstance(row, Item))

    @property
    def invalid_rows(self) -> tuple[InvalidRow, ...]:
        """The rows without one."""
        return tuple(row for row in self.rows if isinstance(row, InvalidRow))


def read_input(
    path: str | os.PathLike[str],
    layout: Layout | None = None,
    *,
    skip_invalid: bool = False,
) -> CampaignList:
    """Read a spreadsheet, a CSV or JSON file or a plain list whole, and check its ids.

    Args:
        path: Its path, or `-` for standard input.
        layout: Its format, columns and sheet; None detects them.
        skip_invalid: Keep invalid rows in the list, which are never sent, instead of
            refusing it.

    Raises:
        InputError: It cannot be read, or has invalid rows, which are the `rows` of the
            error.
    """
    read = load_input(os.fspath(path), layout or Layout())
    table = read.table
    if table.error is not None:
        reason = in_keywords(str(table.error))
        raise InputError(f"{read.name}: {reason}; nothing was sent")
    found = CampaignList(
        name=read.name,
        rows=tuple(table.rows),
        id_column=table.id_column,
        name_column=table.name_column,
        sheet=table.sheet,
        hidden=table.hidden,
    )
    if (invalid := found.invalid_rows) and not skip_invalid:
        raise InputError(_refusal(found.name, len(found), invalid), rows=invalid)
    return found


def _refusal(name: str, count: int, invalid: tuple[InvalidRow, ...]) -> str:
    return (
        f"{name}: {len(invalid)} of {format_count(count, 'row')} cannot be used, the "
        f"first is {in_keywords(str(invalid[0]))}; nothing was sent. Fix these rows, or pass "
        "skip_invalid=True to leave them out."
    )
