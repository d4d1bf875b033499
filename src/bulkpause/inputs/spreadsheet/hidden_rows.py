"""What becomes of the rows that a sheet hides."""

import re
from collections.abc import Iterator
from itertools import chain

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.layout import HiddenRows, Layout
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.spreadsheet.facts import SheetFacts
from bulkpause.inputs.table import HiddenCount, ReadError, Table


_ROWS_OF_RANGE = re.compile(r"[A-Z]+([0-9]+):[A-Z]+([0-9]+)").fullmatch
_REMEDY = "--hidden-rows skip leaves them out, --hidden-rows pause includes them"


def shown_rows(
    batches: Iterator[RowBatch],
    facts: SheetFacts,
    *,
    layout: Layout,
    table: Table,
) -> Iterator[RowBatch]:
    """Give the rows of a sheet, and count those below the heading that are hidden.

    Blank rows do not count. A hidden column hides no campaign: it is read as others.

    Args:
        batches: All rows, some at once.
        facts: Which of them are hidden.
        layout: What the user said about hidden rows.
        table: Its `id_column` is set once the heading was read. Its `hidden` is set
            here.

    Raises:
        ReadError: After the last row: rows are hidden, and the user said nothing.
    """
    if not facts.hides_rows():
        yield from batches
        return
    rows = 0
    hidden: list[int] = []
    # One by one: the first of them make the heading known.
    for row, cells in chain.from_iterable(batch.records() for batch in batches):
        is_hidden = facts.is_hidden(row) and table.id_column is not None
        if any(cell.strip(WHITESPACE) for cell in cells):
            rows += table.id_column is not None
            if is_hidden:
                hidden.append(row)
        if not is_hidden or layout.hidden_rows is not HiddenRows.SKIP:
            yield RowBatch(row, [cells])
    if not hidden:
        return
    range_ = _covering(facts.filter_range, hidden)
    if layout.hidden_rows is None:
        raise _refusal(len(hidden), rows, range_)
    table.hidden = HiddenCount(
        rows=len(hidden),
        filter_range=range_,
        are_skipped=layout.hidden_rows is HiddenRows.SKIP,
    )


def _covering(range_: str | None, hidden: list[int]) -> str | None:
    """Return the range of a filter if all hidden rows lie in it."""
    match = _ROWS_OF_RANGE(range_ or "")
    if match and int(match[1]) <= hidden[0] and hidden[-1] <= int(match[2]):
        return range_
    return None


def _refusal(hidden: int, rows: int, range_: str | None) -> ReadError:
    verb = "is" if hidden == 1 else "are"
    cause = f" by the filter {range_}" if range_ else ""
    noun = "row" if rows == 1 else "rows"
    return ReadError(f"{hidden} of {rows} {noun} {verb} hidden{cause}", _REMEDY)
