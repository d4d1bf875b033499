"""Rows of a sheet that are blank but for formulas whose result is an empty text.

A list that looks up its ids may be prepared for more rows than it has. Or the look-up
fails, and says so by an empty text: its ids are missing then.
"""

from collections.abc import Iterator

from bulkpause._text import format_count
from bulkpause.inputs.cells import is_blank
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.spreadsheet.facts import Codes
from bulkpause.inputs.table import ReadError, Table


def count_empty_results(
    batches: Iterator[RowBatch], empty_results: Codes, table: Table
) -> Iterator[RowBatch]:
    """Give all rows, and count those that hold nothing but empty results.

    Args:
        batches: All rows, some at once.
        empty_results: The rows with such a formula. Those after the last value are not
            among the rows, and blank.
        table: Its `empty_results` is set here, at the end.
    """
    filled = 0
    for batch in batches:
        filled += sum(
            empty_results[row] and not is_blank(cells) for row, cells in batch.records()
        )
        yield batch
    table.empty_results = empty_results.count() - filled


def only_empty_results(table: Table) -> ReadError:
    """Refuse a list of which nothing else is left: that it has no ids is no result."""
    rows = format_count(table.empty_results, "row")
    return ReadError(
        f"{rows} of formulas with an empty result, and no id",
        "correct the formulas, or open the workbook in a spreadsheet program and save it",
    )
