"""Read the rows of a table of cells: CSV, or the sheet of a spreadsheet."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from bulkpause.ids import WHITESPACE, why_invalid
from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.cells import (
    LONGEST_NAME,
    CellRecord,
    is_blank,
    texts_of_column,
)
from bulkpause.inputs.currencies import with_currencies
from bulkpause.inputs.footer import Footer
from bulkpause.inputs.heading import (
    MOST_TITLES,
    Heading,
    is_heading,
    is_long_number,
    make_heading,
)
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.lookahead import look_ahead
from bulkpause.inputs.missing_heading import no_heading
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.row_reader import RowReader
from bulkpause.inputs.table import Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Row


#: The ids of this many first rows show what the ids of a column are like.
_MOST_COMPARED = 100


def read_cells(
    batches: Iterator[RowBatch],
    *,
    layout: Layout,
    table: Table,
    titles_are_invalid: bool,
    move_back: str,
) -> Iterator[Sequence[Row]]:
    """Find the heading, note its columns in `table`, and read the rows lazily.

    Blank rows are skipped.

    Args:
        batches: All rows, from the top.
        layout: The columns that the user named.
        table: Its columns and statuses are filled in, not its rows.
        titles_are_invalid: Whether rows above the heading are invalid rows. Else only
            those that may hold an id.
        move_back: How to move the cells of a row back into their columns.

    Raises:
        ReadError: While rows are read: no row is a heading, the heading has several id
            columns, or the heading of another table follows. After the last row: a
            column that the user named is missing.
    """
    rest: list[RowBatch] = []
    titles, heading = find_heading(_one_by_one(batches, rest), layout)
    heading.note_in(table)
    yield title_rows(titles, heading, are_invalid=titles_are_invalid)
    below = chain(rest, batches)
    yield from rows_below(heading, below, table, layout, move_back=move_back)


def _one_by_one(
    batches: Iterator[RowBatch], rest: list[RowBatch]
) -> Iterator[CellRecord]:
    """Give single records. Those of their batch that were not taken are in `rest`."""
    for batch in batches:
        for place, record in enumerate(batch.records(), 1):
            rest[:] = [batch.from_row(place)]
            yield record


def find_heading(
    records: Iterator[CellRecord], layout: Layout, *, may_be_list: bool = False
) -> tuple[list[CellRecord], Heading]:
    """Take the records up to the heading. Return those above it, and the heading.

    Args:
        records: The number and the cells of each row, from the top.
        layout: The columns that the user named.
        may_be_list: Whether the rows could be read as a plain list instead.

    Raises:
        ReadError: No row is a heading, or it has several id columns.
    """
    titles: list[CellRecord] = []
    filled = (record for record in records if not is_blank(record[1]))
    for row, cells in islice(filled, MOST_TITLES + 1):
        if is_heading(cells, layout.column, is_first=not titles):
            return titles, make_heading(row, cells, layout)
        titles.append((row, [cell[:LONGEST_NAME] for cell in cells]))
    raise no_heading(titles, layout, may_be_list=may_be_list)


def title_rows(
    titles: Sequence[CellRecord], heading: Heading, *, are_invalid: bool
) -> Sequence[InvalidRow]:
    """Give invalid rows for those above the heading that are not to be skipped."""
    return [
        InvalidRow(
            row=row,
            detail="stands above the heading",
            remedy="delete it or pass --skip-invalid",
            value=next(filter(None, (cell.strip(WHITESPACE) for cell in cells))),
        )
        for row, cells in titles
        if are_invalid or _may_hold_id(heading, cells)
    ]


def _may_hold_id(heading: Heading, cells: Sequence[str]) -> bool:
    """Return whether a row may belong to a table: its heading may have been missed."""
    id_ = heading.id_text(cells)
    is_id = why_invalid(id_) is None and any(map(str.isdecimal, id_))
    return is_id or any(map(is_long_number, cells))


def rows_below(
    heading: Heading,
    batches: Iterator[RowBatch],
    table: Table,
    layout: Layout,
    *,
    move_back: str,
) -> Iterator[Sequence[Row]]:
    """Read the rows below the heading, and note the statuses of the items.

    Batches are read at once where no row of them needs a check.

    Raises:
        ReadError: While rows are read: the heading of another table follows. After the
            last row: a column that the user named is missing.
    """
    if heading.sort_index is not None and heading.currency_index is not None:
        batches = with_currencies(batches, heading.sort_index, heading.currency_index)
    first, batches = look_ahead(batches, _MOST_COMPARED, weigh=_weigh, size=len)
    first_rows = chain.from_iterable(batch.rows for batch in first)
    alignment = Alignment(heading, list(islice(first_rows, _MOST_COMPARED)))
    reader = RowReader(heading, alignment, layout, move_back=move_back)
    footer = Footer(heading=heading)
    cells: Sequence[str] = heading.cells
    for batch in filter(None, batches):
        (cells,) = batch.last(1)
        items = reader.read_without_checks(batch)
        if items is None:
            yield from _read_one_by_one(reader, batch, footer, table)
        else:
            _note(items, batch, footer, table)
            yield items
    table.footer_rows = footer.rows()
    table.ends_early = alignment.ends_early(cells) and not is_blank(cells)
    if heading.error is not None:
        raise heading.error


def _read_one_by_one(
    reader: RowReader, batch: RowBatch, footer: Footer, table: Table
) -> Iterator[Sequence[Row]]:
    for row, cells in batch.records():
        item = reader.read(row, cells)
        if isinstance(item, Item):
            _note([item], RowBatch(row, [cells]), footer, table)
        if item is not None:
            yield [item]


def _note(items: Sequence[Item], batch: RowBatch, footer: Footer, table: Table) -> None:
    """Note items and the cells of their rows."""
    footer.note(items, batch)
    width = len(batch.last(1)[0])
    table.note(
        items,
        batch.numbers,
        _texts_at(batch, footer.heading.status_index, width),
        _texts_at(batch, footer.heading.time_index, width),
    )


def _texts_at(
    batch: RowBatch, index: int | None, width: int
) -> Sequence[str | None] | None:
    if index is None or index >= width:
        return None
    return texts_of_column(batch.column(index))


def _weigh(batch: RowBatch) -> int:
    return batch.size_chars
