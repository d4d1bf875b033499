"""Say what a table without a heading may be, and what helps."""

import re
import shlex
from collections.abc import Sequence
from itertools import chain

from bulkpause._text import on_one_line
from bulkpause.ids import WHITESPACE
from bulkpause.inputs.address import is_address
from bulkpause.inputs.cells import CellRecord
from bulkpause.inputs.columns import (
    ID_FLAG,
    column_that_may_hold_ids,
    why_no_columns,
)
from bulkpause.inputs.heading import is_long_number, why_unusable
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import ReadError


#: The first row of a query or of the values in it: `('1000248', 'Sale'),`.
_is_sql = re.compile(
    r"""\s*(?:\(\s*['"0-9]
      | (?:insert\s+into|replace\s+into|update|delete\s+from|select|with|values)\b)""",
    re.IGNORECASE | re.VERBOSE,
).match
_has_long_number = re.compile(r"[0-9]{5}").search
_JSON = "no heading, but what may be JSON", "pass --format jsonl"
_IDS_ALONE = "write its ids alone, one per line"
_SQL = "SQL, not a table", _IDS_ALONE
_MESSAGE = "no heading, but what may be a message", _IDS_ALONE
_ADDRESSES = (
    "no id column, but addresses",
    "write the id of each address alone, under a heading such as campaign_id",
)


def no_heading(
    titles: Sequence[CellRecord], layout: Layout, *, may_be_list: bool
) -> ReadError:
    """Make the error of a table without a heading.

    Args:
        titles: The number and the cells of its first rows.
        layout: The columns that the user named.
        may_be_list: Whether the rows could be read as a plain list instead.
    """
    if not titles:
        return ReadError("the input is empty", "add the ids to pause")
    if may_be_list and (fault := _why_no_table(titles)) is not None:
        return ReadError(*fault, row=titles[0][0])
    return _other_heading(titles, layout) or _of_widest(
        titles, layout, may_be_list=may_be_list
    )


def _why_no_table(titles: Sequence[CellRecord]) -> tuple[str, str] | None:
    """Say what a text without a heading may be instead of a table, and what helps."""
    cells = titles[0][1]
    if cells[0].lstrip(WHITESPACE).startswith(("{", "[")):
        return _JSON
    if _is_sql(" ".join(cells)):
        return _SQL
    return _MESSAGE if _may_be_message(titles) else None


def _may_be_message(titles: Sequence[CellRecord]) -> bool:
    """Return whether few of the rows have several cells, and any has a long number."""
    several = sum(_count_filled(cells) > 1 for _, cells in titles)
    has_number = any(map(_has_long_number, _cells_of(titles)))
    return 0 < 2 * several < len(titles) and has_number


def _other_heading(titles: Sequence[CellRecord], layout: Layout) -> ReadError | None:
    """Make the error of a heading of what may be ids, or of addresses with ids."""
    if layout.column is not None:
        return None
    for row, cells in titles:
        title = column_that_may_hold_ids(cells)
        if title is not None and not any(map(is_long_number, cells)):
            detail, _ = why_no_columns(tuple(cells), {ID_FLAG: None})
            column = f"{ID_FLAG} {shlex.quote(on_one_line(title))}"
            remedy = f"pass {column} if the ids are in it"
            return ReadError(detail, remedy, row=row)
    has_address = any(map(is_address, _cells_of(titles)))
    return ReadError(*_ADDRESSES, row=titles[0][0]) if has_address else None


def _of_widest(
    titles: Sequence[CellRecord], layout: Layout, *, may_be_list: bool
) -> ReadError:
    """Make the error that names the widest row."""
    row, cells = max(titles, key=lambda title: _count_filled(title[1]))
    error = why_unusable(row, tuple(cells), layout)
    if error is not None and not any(
        cell.strip(WHITESPACE).isdecimal() for cell in cells
    ):
        return error
    detail, _ = why_no_columns(tuple(cells), {ID_FLAG: layout.column})
    remedy = "add a heading such as campaign_id"
    if len(cells) == 1 and may_be_list:
        remedy = f"{remedy}, or pass --format lines"
    return ReadError(detail, remedy, row=row)


def _count_filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _cells_of(titles: Sequence[CellRecord]) -> Sequence[str]:
    return list(chain.from_iterable(cells for _, cells in titles))
