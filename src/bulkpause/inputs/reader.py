"""Lines of a file → items and row problems, each with its row number.

Three layouts are read: CSV with a header (comma, semicolon, tab or bar), JSON lines
(objects or bare ids), and plain lines of ids. Rows are numbered as the reader's
spreadsheet or editor numbers them: from 1, the header and blank rows included, a
`sep=;` line that spreadsheets hide left out.

A row without a usable id is a `InvalidRow`. What makes it doubtful where rows begin
and end (a quote that is never closed) is an `InputError`, because rows that were
swallowed cannot be reported one by one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import PurePath

from bulkpause._text import display_name
from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item, fault_of
from bulkpause.inputs.columns import Columns, has_column
from bulkpause.inputs.csv_reader import DELIMITERS, cells_of, read_csv
from bulkpause.inputs.jsonl_reader import read_json
from bulkpause.model import InvalidRow, Item


class Format(StrEnum):
    """How the rows of an input are written."""

    CSV = "csv"
    JSONL = "jsonl"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Columns):
    """What to look for in an input; None where the input itself shall tell."""

    format: Format | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows of an input, to be read once, and how they are read."""

    format: Format
    column: str | None
    delimiter: str | None
    rows: Iterator[Item | InvalidRow]


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}


def read(lines: Iterator[str], *, name: str, layout: Layout) -> Source:
    """Tell the format of an input and read it, row by row, as it is asked for.

    Blank lines and remarks (lines that begin with `#`) above the first row are
    passed over.

    Args:
        lines: The lines with their line ends.
        name: The input's path, for its suffix and for messages.
        layout: What is known of the input beforehand.

    Raises:
        InputError: At once or while rows are read: it is empty, or has no column of
            ids, or several, or its rows cannot be told apart.
    """
    first_row, line = _first(lines, layout.column)
    if not line:
        raise InputError(f"{display_name(name)}: it is empty; fill in the ids to pause")
    format_ = layout.format or _format_of(name, line, layout.column)
    read_as = {
        Format.CSV: _read_csv,
        Format.JSONL: _read_json,
        Format.LINES: _read_plain,
    }[format_]
    return read_as(first_row, chain([line], lines), display_name(name), layout)


def _first(lines: Iterator[str], column: str | None) -> tuple[int, str]:
    for row, line in enumerate(lines, 1):
        text = line.strip(BLANK)
        is_blank = not text.strip(BLANK + DELIMITERS)
        if not is_blank and (not _is_remark(text) or _is_heading(text, column)):
            return row, line
    return 0, ""


def _is_remark(text: str) -> bool:
    """Tell a remark from an id with a number sign, which nobody may lose."""
    return text.startswith("#") and fault_of(text[1:]) is not None


def _is_heading(text: str, column: str | None) -> bool:
    return any(has_column(cells_of([text], mark), column) for mark in DELIMITERS)


def _format_of(name: str, first_line: str, column: str | None) -> Format:
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    if known := _BY_SUFFIX.get(suffix):
        return known
    text = first_line.strip(BLANK)
    if _is_heading(text, column):
        return Format.CSV
    if text.startswith(("{", "[")) or re.fullmatch(r'"[^",;|\t]*"', text):
        return Format.JSONL
    if any(mark in text for mark in DELIMITERS) or text.count('"') == 1:
        return Format.CSV
    return Format.LINES


def _read_csv(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    table, rows = read_csv(first_row, lines, name=name, columns=layout)
    column = table.header[table.column].strip(BLANK)
    return Source(
        format=Format.CSV, column=column, delimiter=table.delimiter, rows=rows
    )


def _read_json(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    rows = read_json(first_row, lines, name=name, columns=layout)
    return Source(format=Format.JSONL, column=layout.column, delimiter=None, rows=rows)


def _read_plain(
    first_row: int, lines: Iterator[str], name: str, layout: Layout
) -> Source:
    if layout.column is not None or layout.sort_column is not None:
        what = "a plain list has no columns"
        raise InputError(f"{name}: {what}; leave the column out, or name the --format")
    rows = _plain_rows(first_row, lines)
    return Source(format=Format.LINES, column=None, delimiter=None, rows=rows)


def _plain_rows(first_row: int, lines: Iterator[str]) -> Iterator[Item | InvalidRow]:
    for row, line in enumerate(lines, first_row):
        text = line.strip(BLANK)
        if text and not _is_remark(text):
            yield as_item(row, text)
