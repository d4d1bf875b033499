"""Read rows from CSV, and name those of which it is not clear where they end."""

from collections.abc import Iterator, Sequence
from itertools import chain

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.cells import LONGEST_NAME, BadCell
from bulkpause.inputs.csv_records import CsvRecords, parse_whole_lines
from bulkpause.inputs.delimiter import detect_delimiter
from bulkpause.inputs.dialect import Dialect, detect_dialect
from bulkpause.inputs.heading import MOST_COLUMNS, Heading
from bulkpause.inputs.id_kind import IdKind
from bulkpause.inputs.joined_rows import find_joined_ids, has_joined_rows
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.line_batches import LineBatches
from bulkpause.inputs.lookahead import look_ahead
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.split_amounts import without_split_amounts
from bulkpause.inputs.table import ReadError, Table
from bulkpause.inputs.tabular import find_heading, rows_below, title_rows
from bulkpause.rows import Row


_ADD_QUOTES = "put quotes around cells with delimiters or line breaks"
#: The ids of this many first lines show what the ids of the column are like.
_MOST_COMPARED = 1000
_HOLDS_ROWS = "is in a row with a quoted cell that seems to hold rows"
_FIND_QUOTE = (
    "look for an unclosed quote, or pass --multiline-cells if the cell is whole"
)


def read_csv(
    first_row: int, lines: Iterator[str], *, layout: Layout, table: Table
) -> Iterator[Sequence[Row]]:
    """Read rows lazily, some at once, and note the columns and statuses in `table`.

    A row of several lines of which some could be rows is not read: its id and theirs
    become invalid rows.

    Args:
        first_row: The number of the first row.
        lines: The lines from that row on.
        layout: The columns that the user named.
        table: Its columns and statuses are filled in, not its rows.

    Raises:
        ReadError: While rows are read: the heading is missing or ambiguous, or it is
            not clear where rows begin and end. After the last row: a column that the
            user named is missing.
    """
    delimiter, lines = detect_delimiter(lines, layout.column)
    first_lines, lines = look_ahead(lines, _MOST_COMPARED, weigh=len)
    dialect = detect_dialect(first_lines, delimiter)
    records = CsvRecords(first_row, lines, dialect)
    titles, heading = find_heading(iter(records), layout, may_be_list=True)
    if len(heading.cells) > MOST_COLUMNS:
        reason = f"the heading has more than {MOST_COLUMNS} cells"
        raise ReadError(reason, "export fewer columns", row=heading.row)
    if not layout.has_multiline_cells and has_joined_rows(delimiter, records.lines):
        reason = "the heading has a quoted cell that seems to hold rows"
        raise ReadError(reason, _FIND_QUOTE, row=heading.row)
    heading.note_in(table)
    yield title_rows(titles, heading, are_invalid=True)
    column_ids = _ids_of_lines(first_lines, heading, delimiter)
    below = _batches_below(heading, lines, dialect, layout, column_ids)
    if delimiter == ",":
        below = without_split_amounts(below, heading)
    yield from rows_below(heading, below, table, layout, move_back=_ADD_QUOTES)


def _ids_of_lines(lines: Sequence[str], heading: Heading, delimiter: str) -> IdKind:
    """Tell what the ids in lines are like that are whole rows, if any is."""
    rows = (line.split(delimiter) for line in lines if '"' not in line)
    width = len(heading.cells)
    return IdKind(heading.id_text(cells) for cells in rows if len(cells) == width)


def _batches_below(
    heading: Heading,
    lines: Iterator[str],
    dialect: Dialect,
    layout: Layout,
    column_ids: IdKind,
) -> Iterator[RowBatch]:
    """Give the records below the heading: at once those that are one line each."""
    row = heading.row + 1
    batches = LineBatches(lines)
    while batch := batches.take():
        cells = parse_whole_lines(batch, dialect)
        if cells is not None:
            yield RowBatch(row, cells)
            row += len(cells)
            continue
        records = CsvRecords(row, chain(batch, batches.rest()), dialect)
        for one in _checked(heading, records, layout, column_ids, len(batch)):
            yield one
            row = one.numbers.stop
        records.close()


def _checked(
    heading: Heading,
    records: CsvRecords,
    layout: Layout,
    column_ids: IdKind,
    lines: int,
) -> Iterator[RowBatch]:
    """Give the records that begin in the first so many lines, one by one.

    Records whose quotes are in doubt are replaced by bad cells.
    """
    before_id = [""] * heading.id_index
    for row, cells in records:
        bad_cells = _bad_cells(heading, records, cells, layout, column_ids)
        rows: list[Sequence[str]] = [[*before_id, cell] for cell in bad_cells]
        for one in rows or [cells]:
            yield RowBatch(row, [one])
        if records.lines_taken >= lines:
            return


def _bad_cells(
    heading: Heading,
    records: CsvRecords,
    cells: Sequence[str],
    layout: Layout,
    column_ids: IdKind,
) -> list[BadCell]:
    """Make a bad cell for each id that cannot be told from others by its quotes."""
    lines = records.lines
    is_broken = _has_unopened_quote(records.delimiter, lines)
    if len(lines) > 1 and not layout.has_multiline_cells:
        own_id = heading.id_text(cells)
        joined = find_joined_ids(
            heading,
            records.delimiter,
            own_id,
            lines,
            is_broken=is_broken,
            column_ids=column_ids,
        )
        if joined:
            ids = [own_id, *joined] if own_id else joined
            return [BadCell(id_, _HOLDS_ROWS, _FIND_QUOTE) for id_ in ids]
    return [_unopened_cell(lines)] if is_broken else []


def _has_unopened_quote(delimiter: str, lines: Sequence[str]) -> bool:
    """Return whether a quote ends a cell that no quote began, as after lost text."""
    text = "".join(lines)
    ends_a_cell = f'"{delimiter}' in text or text.rstrip(WHITESPACE).endswith('"')
    return text.count('"') % 2 == 1 and ends_a_cell


def _unopened_cell(lines: Sequence[str]) -> BadCell:
    return BadCell(
        lines[0].strip(WHITESPACE)[:LONGEST_NAME],
        detail="has a closing quote without an opening quote",
        remedy="quote the whole cell and double the quotes in it",
    )
