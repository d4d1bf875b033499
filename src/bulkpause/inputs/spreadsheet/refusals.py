"""Why a workbook cannot be read, and what to do about it."""

from bulkpause.inputs.heading import MOST_COLUMNS
from bulkpause.inputs.table import ReadError


#: The most rows that a sheet has.
MOST_ROWS = 1 << 20
#: The most cells of a sheet, counted as a rectangle from its first corner: a reader
#: holds each of them, empty ones too, in up to 100 bytes.
MOST_CELLS = 5_000_000
#: The most bytes of text that all cells of a sheet may hold.
MOST_TEXT_BYTES = 512 << 20

SAVE_AS_XLSX = "open it in a spreadsheet program and save it as .xlsx"
_SAVE_AGAIN = "open it in a spreadsheet program and save it again"
_MAKE_SMALLER = (
    "delete the rows and columns that are not needed, or export it as CSV (UTF-8)"
)


def damaged() -> ReadError:
    """Make the error of a workbook that breaks the rules of its format."""
    return ReadError("the workbook is damaged", _SAVE_AGAIN)


def too_large(what: str) -> ReadError:
    """Make the error of a workbook that holds more of something than is read."""
    return ReadError(f"the workbook has {what}", _MAKE_SMALLER)


def check_corner(rows: int, columns: int) -> None:
    """Check the size of a sheet, counted from its first corner.

    Raises:
        ReadError: It lies outside a sheet, or holds more than `MOST_CELLS`.
    """
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise damaged()
    if rows * columns > MOST_CELLS:
        raise too_large(f"a cell in row {rows} and one in column {columns}")


def check_text(size_bytes: int) -> None:
    """Check the size of the text in all cells.

    Raises:
        ReadError: It is more than `MOST_TEXT_BYTES`.
    """
    if size_bytes > MOST_TEXT_BYTES:
        raise too_large(f"more than {MOST_TEXT_BYTES >> 20} MiB of text")
