"""Detect the format of an input and read its rows.

Three formats are read: CSV with a header (comma, semicolon, tab or bar), JSON lines
(objects or bare ids), and plain lists with one id per line. Rows are numbered as a
spreadsheet or an editor numbers them: from 1, counting the header and blank rows. A
`sep=;` line does not count, because spreadsheets hide it.

A row without a valid id becomes an `InvalidRow`. If it is not clear where rows begin
and end, as after an unclosed quote, reading stops with an `ReadError`: rows that
disappeared inside the quote cannot be reported one by one.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import PurePath

from bulkpause._text import display_name
from bulkpause.ids import WHITESPACE, parse_item, why_invalid
from bulkpause.inputs.columns import has_column
from bulkpause.inputs.csv_reader import DELIMITERS, read_csv, split_cells
from bulkpause.inputs.files import is_archive, lines_of, open_binary
from bulkpause.inputs.jsonl_reader import read_jsonl
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow, Item


_FORMATS_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}


def read_input(path: str, layout: Layout) -> Input:
    """Read an input whole. What is wrong with it is part of the result.

    Args:
        path: Its path, or `-` for standard input.
        layout: What the user said about it.
    """
    table = Table()
    table.fill(_rows_of(path, layout, table))
    return Input(name=display_name(path), table=table)


def _rows_of(path: str, layout: Layout, table: Table) -> Iterator[Item | InvalidRow]:
    with open_binary(path) as data:
        if is_archive(data):
            # An import of its own: most inputs are text.
            from bulkpause.inputs.spreadsheet.reader import (  # noqa: PLC0415
                read_workbook,
            )

            yield from read_workbook(data, layout=layout, table=table)
        else:
            yield from read(lines_of(data), name=path, layout=layout)


def read(
    lines: Iterator[str], *, name: str, layout: Layout
) -> Iterator[Item | InvalidRow]:
    """Detect the format at once, and read rows lazily.

    Blank lines and comments (lines such as `# note`) before the first row are
    skipped.

    Args:
        lines: The lines with their line ends.
        name: The path of the input, for its suffix and for messages.
        layout: The format and columns that the user named.

    Raises:
        ReadError: At once or while rows are read: the input is empty, has no id
            column or several, or it is not clear where its rows begin and end.
    """
    first_row, line = find_first_row(lines, layout.column)
    if not line:
        raise ReadError("the input is empty", "add the ids to pause")
    lines = chain([line], lines)
    match layout.format or detect_format(name, line, layout.column):
        case Format.CSV:
            return read_csv(first_row, lines, layout=layout)
        case Format.JSONL:
            return read_jsonl(first_row, lines, layout=layout)
        case Format.LINES:
            return _read_list(first_row, lines, layout)


def find_first_row(lines: Iterator[str], column: str | None) -> tuple[int, str]:
    """Skip blank lines and comments. Return the number and text of the line after.

    A header that begins with `#` is not a comment. At the end of the input, the
    result is `(0, "")`.
    """
    for row, line in enumerate(lines, 1):
        text = line.strip(WHITESPACE)
        is_blank = not text.strip(WHITESPACE + DELIMITERS)
        if not is_blank and (not _is_comment(text) or _is_header(text, column)):
            return row, line
    return 0, ""


def detect_format(name: str, first_line: str, column: str | None = None) -> Format:
    """Detect the format from the suffix of `name`, else from the first row.

    Args:
        name: The path of the input. A suffix `.gz` is ignored.
        first_line: The first line that is neither blank nor a comment.
        column: The name of the id column, if the user gave one.
    """
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    if by_suffix := _FORMATS_BY_SUFFIX.get(suffix):
        return by_suffix
    text = first_line.strip(WHITESPACE)
    if _is_header(text, column):
        return Format.CSV
    if text.startswith(("{", "[")) or re.fullmatch(r'"[^",;|\t]*"', text):
        return Format.JSONL
    if any(delimiter in text for delimiter in DELIMITERS) or text.count('"') == 1:
        return Format.CSV
    return Format.LINES


def _is_comment(text: str) -> bool:
    # `#1000248` may be an id with a number sign. It must not be skipped silently.
    return text.startswith("#") and why_invalid(text[1:]) is not None


def _is_header(text: str, column: str | None) -> bool:
    return any(
        has_column(split_cells([text], delimiter), column) for delimiter in DELIMITERS
    )


def _read_list(
    first_row: int, lines: Iterator[str], layout: Layout
) -> Iterator[Item | InvalidRow]:
    if layout.column is not None or layout.sort_column is not None:
        remedy = "leave out --column and --order-by, or pass --format"
        raise ReadError("a plain list has no columns", remedy)
    return _list_rows(first_row, lines)


def _list_rows(first_row: int, lines: Iterator[str]) -> Iterator[Item | InvalidRow]:
    for row, line in enumerate(lines, first_row):
        text = line.strip(WHITESPACE)
        if text and not _is_comment(text):
            yield parse_item(row, text)
