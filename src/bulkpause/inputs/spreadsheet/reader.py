"""Read the rows of a workbook with python-calamine, after a check of our own."""

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import chain, islice, repeat
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from bulkpause._shell import install_command
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.spreadsheet.cells import Value, marked
from bulkpause.inputs.spreadsheet.checked_sheet import CheckedSheet, check_sheet
from bulkpause.inputs.spreadsheet.empty_results import (
    count_empty_results,
    only_empty_results,
)
from bulkpause.inputs.spreadsheet.facts import Marks
from bulkpause.inputs.spreadsheet.hidden_rows import shown_rows
from bulkpause.inputs.spreadsheet.refusals import damaged, too_large
from bulkpause.inputs.spreadsheet.value_batch import ValueBatch
from bulkpause.inputs.table import ReadError, Table
from bulkpause.inputs.tabular import read_cells
from bulkpause.rows import Row


if TYPE_CHECKING:
    from python_calamine import CalamineSheet


#: Of a workbook from a pipe, which is kept in a file, since its directory comes last.
MOST_PIPED_BYTES = 512 << 20
_COPY_BYTES = 1 << 20
#: Rows are turned into texts together, column by column.
_CELLS_AT_ONCE = 20_000
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_EXTRA_MISSING = "a spreadsheet, and the extra that reads it is not installed"


def read_workbook(
    file: BinaryIO, *, layout: Layout, table: Table
) -> Iterator[Sequence[Row]]:
    """Read the rows of one sheet of a workbook, some at once.

    Args:
        file: The workbook. It need not be seekable.
        layout: The sheet, the columns and what to do with hidden rows.
        table: All but its rows is filled in.

    Raises:
        ReadError: While rows are read: the workbook cannot be read, it is not clear
            which sheet is meant, or rows of it are hidden.
    """
    _require_extra()
    sheet, cells = _load(file, layout.sheet)
    table.sheet = sheet.name
    batches = _batches(cells, sheet.facts.marks)
    if empty_results := sheet.facts.empty_results:
        batches = count_empty_results(batches, empty_results, table)
    shown = shown_rows(batches, sheet.facts, layout=layout, table=table)
    has_rows = False
    for rows in read_cells(
        shown,
        layout=layout,
        table=table,
        titles_are_invalid=False,
        move_back="move the cells of the row back into their columns",
    ):
        has_rows = has_rows or bool(rows)
        yield rows
    if table.empty_results and not has_rows:
        raise only_empty_results(table)


def _load(file: BinaryIO, wanted: str | None) -> tuple[CheckedSheet, "CalamineSheet"]:
    with (
        _as_read_errors(),
        tempfile.TemporaryDirectory() as folder,
        _seekable(file) as workbook,
    ):
        sheet = check_sheet(workbook, Path(folder), wanted)
        return sheet, _cells_of(sheet)


def _require_extra() -> None:
    try:
        import_module("python_calamine")
    except ImportError as error:
        remedy = f"run {install_command('xlsx')}"
        raise ReadError(_EXTRA_MISSING, remedy) from error


@contextmanager
def _as_read_errors() -> Iterator[None]:
    """Turn the faults of the input and of temporary files into errors with remedies."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        if error.errno not in _FULL:
            raise ReadError(reason, "check the path") from error
        raise ReadError(
            f"{reason}, while it was copied to {tempfile.gettempdir()}",
            "make room there, or set TMPDIR to another folder",
        ) from error


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, _Bounded(copy), _COPY_BYTES)
        # On Windows it is a wrapper, which has the same methods.
        yield cast(BinaryIO, copy)


class _Bounded:
    """A file that takes no more than a workbook may have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        if self._file.tell() + len(data) > MOST_PIPED_BYTES:
            raise too_large(f"more than {MOST_PIPED_BYTES >> 20} MiB")
        self._file.write(data)


def _batches(cells: "CalamineSheet", marks: Marks) -> Iterator[RowBatch]:
    """Give all rows, from the top.

    The reader of cells ends with the last value. Formulas whose results were not saved
    may follow, and may be ids.
    """
    read: Iterator[list[Value]] = iter(())
    left, width, height = 0, marks.formula_width, 0
    if cells.start is not None:
        left, width, height = cells.start[1], cells.width, cells.total_height
        read = cells.iter_rows()
    without_values: list[Value] = [""] * width
    rows = chain(read, repeat(without_values, max(0, marks.last_formula_row - height)))
    count = max(1, _CELLS_AT_ONCE // max(1, width))
    first_row = 1
    while values := _taken(rows, count):
        batch = ValueBatch(first_row, values)
        first_row += len(values)
        # Without marks, as is usual, columns that are not used stay as they are.
        yield _marked(batch, values, marks, left) if marks else batch


def _marked(
    batch: RowBatch, values: Sequence[list[Value]], marks: Marks, left: int
) -> RowBatch:
    """Put bad cells where a mark says so, in a sheet that begins at a column."""
    results = {column - left for column in marks.columns_with_results}
    rows = list(batch.rows)
    for at, (row, texts) in enumerate(batch.records()):
        places = [(column - left, mark) for column, mark in marks.of_row(row)]
        if places:
            rows[at] = marked(texts, values[at], places, columns_with_results=results)
    return RowBatch(batch.numbers.start, rows)


def _taken(rows: Iterator[list[Value]], count: int) -> list[list[Value]]:
    with _panics_as_damage():
        return list(islice(rows, count))


def _cells_of(sheet: CheckedSheet) -> "CalamineSheet":
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415

    try:
        with _panics_as_damage(), CalamineWorkbook.from_path(sheet.path) as workbook:
            return workbook.get_sheet_by_name(sheet.key)
    except CalamineError as error:
        raise damaged() from error


@contextmanager
def _panics_as_damage() -> Iterator[None]:
    """Turn a panic of the library into an error. It is no `Exception`."""
    try:
        yield
    except BaseException as error:
        # It has no public name.
        if type(error).__name__ != "PanicException":
            raise
        raise damaged() from error
