"""Find values to sort by that a comma without quotes cuts in two, as in `1,234`.

Its row has more cells than the heading has titles then. Where headings are blank, that
is not seen by their number.
"""

import re
from collections.abc import Iterator, Sequence

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.heading import Heading
from bulkpause.inputs.row_batch import RowBatch


_is_head = re.compile(r"[^0-9]*[0-9]{1,3}").fullmatch
_is_rest = re.compile(r"[0-9]{3}(?:\.[0-9]*)?[^0-9]*").fullmatch
_MAY_BE_ONE = "has a cell under a blank heading: a comma may have cut its value in two"
_ADD_QUOTES = "put quotes around values with a comma, or leave out --order-by"


def without_split_amounts(
    batches: Iterator[RowBatch], heading: Heading
) -> Iterator[RowBatch]:
    """Replace the ids of rows whose value to sort by may be cut in two by bad cells.

    Args:
        batches: The rows of a CSV whose cells are separated by commas.
        heading: Its heading, with a column to sort by.
    """
    blank = _blank_behind(heading)
    if blank is None:
        yield from batches
        return
    for batch in batches:
        rows = [
            _with_bad_id(heading, cells) if _is_cut(heading, cells, blank) else cells
            for cells in batch.rows
        ]
        yield RowBatch(batch.numbers.start, rows)


def _blank_behind(heading: Heading) -> int | None:
    """Return the first column with a blank heading behind the values to sort by."""
    if heading.sort_index is None:
        return None
    titles = enumerate(heading.cells)
    blanks = (index for index, title in titles if not title.strip(WHITESPACE))
    return next((index for index in blanks if index > heading.sort_index), None)


def _is_cut(heading: Heading, cells: Sequence[str], blank: int) -> bool:
    if len(cells) <= blank or not cells[blank].strip(WHITESPACE):
        return False
    index = heading.sort_index or 0
    head, rest = (cell.strip(WHITESPACE) for cell in cells[index : index + 2])
    return _is_head(head) is not None and _is_rest(rest) is not None


def _with_bad_id(heading: Heading, cells: Sequence[str]) -> Sequence[str]:
    texts = list(cells)
    id_ = texts[heading.id_index]
    texts[heading.id_index] = BadCell(id_.strip(WHITESPACE), _MAY_BE_ONE, _ADD_QUOTES)
    return texts
