"""Find rows that an unclosed quote has joined to another.

A quoted cell may have several lines. It cannot be told from rows between two quotes
that do not belong together, if one of its lines could be a row: split at the delimiter,
it has another id, like that of the record, at the id's place. In a line with fewer
cells than the heading, which may be a part of a row, that id must also be about as long
as the record's. It may also be of another kind that the ids of the column are of.
"""

from collections.abc import Iterator, Sequence

from bulkpause.ids import WHITESPACE, why_invalid
from bulkpause.inputs.heading import Heading
from bulkpause.inputs.id_kind import IdKind, digit_rank


def find_joined_ids(
    heading: Heading,
    delimiter: str,
    own_id: str,
    lines: Sequence[str],
    *,
    is_broken: bool,
    column_ids: IdKind,
) -> list[str]:
    """Return the ids in the lines of a record that could be rows, each once.

    Args:
        heading: The heading of the table.
        delimiter: What separates the cells.
        own_id: The record's own id, valid or not.
        lines: The physical lines of the record.
        is_broken: Whether a quote is missing for sure. Any cell that is like the own id,
            or any number if that is not valid, is one of another row then.
        column_ids: What the ids of the column are like.
    """
    found: dict[str, None] = {}
    for line in lines:
        cells = [cell.strip(WHITESPACE) for cell in line.split(delimiter)]
        is_whole = len(cells) >= len(heading.cells)
        if is_broken:
            # The own id may be in pieces: its length says nothing then.
            is_whole = why_invalid(own_id) is not None
        for cell in cells if is_broken else _cells_at_id(heading, cells):
            is_like_own = _is_like(cell, own_id, is_whole=is_whole)
            if is_like_own or _is_of_column(cell, own_id, column_ids):
                found[cell.strip('"')] = None
    return list(found)


def _cells_at_id(heading: Heading, cells: Sequence[str]) -> Iterator[str]:
    """Give the cells at the id's place, counted from the left and from the right.

    A part of a row needs a cell beside it: a number alone on its line is a note.
    """
    index, width = heading.id_index, len(heading.cells)
    if len(cells) >= min(index + 2, width):
        yield cells[index]
    if len(cells) >= min(width - index + 1, width):
        yield cells[index - width]


def _is_like(cell: str, own_id: str, *, is_whole: bool) -> bool:
    """Return whether a cell may be the id of another row."""
    id_ = cell.strip('"')
    if id_ == own_id or digit_rank(id_) < digit_rank(own_id):
        return False
    is_as_long = own_id != "" and abs(len(id_) - len(own_id)) <= 1
    # The last line of a note ends with a quote that it does not begin with.
    is_part = is_as_long and cell.count('"') != 1
    return (is_whole or is_part) and why_invalid(id_) is None


def _is_of_column(cell: str, own_id: str, column_ids: IdKind) -> bool:
    """Return whether a cell may be the id of another row, of another kind than its own."""
    id_ = cell.strip('"')
    return id_ != own_id and cell.count('"') != 1 and column_ids.resembles(id_)


def has_joined_rows(delimiter: str, lines: Sequence[str]) -> bool:
    """Return whether a line of a heading, but the first, looks like a row.

    It has several cells, and one of them is a number.
    """
    rows = [line.split(delimiter) for line in lines[1:]]
    return any(_is_number(cell) for cells in rows if len(cells) > 1 for cell in cells)


def _is_number(cell: str) -> bool:
    return cell.strip(WHITESPACE).strip('"').isdecimal()
