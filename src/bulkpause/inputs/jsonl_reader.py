"""Read rows from JSON: one object or bare id per line, or one value over all lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.files import LONGEST_LINE_CHARS
from bulkpause.inputs.json_campaigns import DEEPEST_ARRAY
from bulkpause.inputs.json_document import read_document
from bulkpause.inputs.json_keys import has_id
from bulkpause.inputs.json_row import ONE_PER_LINE, JsonRows
from bulkpause.inputs.json_text import NotJsonError, decode
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.line_batches import LineBatches
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Row


#: A list below `DEEPEST_ARRAY` is looked for too, to refuse it as what it is.
_DEEPEST_LOOK = 8 * DEEPEST_ARRAY


def read_json(
    first_row: int, lines: Iterator[str], *, layout: Layout, table: Table
) -> Iterator[Sequence[Row]]:
    """Read rows lazily, some at once.

    An array, an object around an array, and an object over several lines are read as
    one value; all else line by line.

    Args:
        first_row: The number of the first line.
        lines: The lines, of which the first is not blank.
        layout: The keys that the user named.
        table: Its keys and statuses are filled in, not its rows.

    Raises:
        ReadError: While rows are read: it is a result log, a line is too long, or
            `read_document` raises it. After the last row: no row has a key that the
            user named.
    """
    line = next(lines)
    is_document = _begins_document(line)
    taken = [line]
    if not is_document and _may_hold_array(line, layout):
        taken.extend(_up_to_next_text(lines))
        is_document = all(map(_is_blank, taken[1:]))
    lines = chain(taken, lines)
    if is_document:
        document = read_document(first_row, lines, layout=layout, table=table)
        yield from ([row] for row in document)
    else:
        yield from _read_lines(first_row, lines, JsonRows(layout, table))


def _read_lines(
    first_row: int, lines: Iterator[str], rows: JsonRows
) -> Iterator[Sequence[Row]]:
    # Its keys tell how those below it are read at once.
    yield from ([one] for one in _read_one_by_one(first_row, islice(lines, 1), rows))
    row = first_row + 1
    batches = LineBatches(lines)
    while batch := batches.take():
        items = rows.read_without_checks(row, batch)
        if items is None:
            yield from ([one] for one in _read_one_by_one(row, batch, rows))
        else:
            yield items
        row += len(batch)
    rows.check_named_keys()


def _read_one_by_one(
    first_row: int, lines: Iterable[str], rows: JsonRows
) -> Iterator[Item | InvalidRow]:
    for row, line in enumerate(lines, first_row):
        if len(line) >= LONGEST_LINE_CHARS:
            raise ReadError("the line is too long", "write one row per line", row=row)
        if text := line.strip(WHITESPACE):
            yield _row_of_line(row, text, rows)


def _row_of_line(row: int, text: str, rows: JsonRows) -> Item | InvalidRow:
    try:
        value = decode(text)
    except NotJsonError:
        return InvalidRow(row=row, detail="not valid JSON", remedy=ONE_PER_LINE)
    return rows.row_of(row, value)


def _begins_document(line: str) -> bool:
    """Return whether a line is the first of a value over several lines, or an array."""
    text = line.strip(WHITESPACE)
    if text.startswith("[") or len(line) >= LONGEST_LINE_CHARS:
        return True
    # So ends a line of indented JSON. A line that was cut short ends in the middle.
    return text.startswith("{") and text.endswith(("{", "[", ",", ":"))


def _may_hold_array(line: str, layout: Layout) -> bool:
    """Return whether a line is an object without an id, with an array in it.

    An object that is cut short may have been one.
    """
    text = line.strip(WHITESPACE)
    try:
        value = decode(text)
    except NotJsonError:
        return text.startswith("{") and "[" in text
    return (
        isinstance(value, dict)
        and not has_id(value, layout)
        and _holds_array(value, _DEEPEST_LOOK)
    )


def _holds_array(fields: Mapping[str, object], depth: int) -> bool:
    return depth > 0 and any(
        isinstance(value, list)
        or (isinstance(value, dict) and _holds_array(value, depth - 1))
        for value in fields.values()
    )


def _up_to_next_text(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if not _is_blank(line):
            return


def _is_blank(line: str) -> bool:
    return not line.strip(WHITESPACE)
