"""Lines of a file → items and row problems, each with its row number.

Three layouts are read: CSV with a header (comma, semicolon, tab or bar), JSON lines
(objects or bare ids), and plain lines of ids. Rows are numbered as the reader's
spreadsheet or editor numbers them: from 1, the header and blank rows included.

A row without a usable id is a `Problem`. What makes it doubtful where rows begin
and end (a quote that is never closed) is an `InputError`, because rows that were
swallowed can not be reported one by one.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import PurePath
from typing import NoReturn

from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item, fault_of, shown
from bulkpause.model import Item, Problem


class Format(StrEnum):
    """How the rows of an input are written."""

    CSV = "csv"
    JSONL = "jsonl"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What to look for in an input; None where the input itself shall tell."""

    format: Format | None = None
    column: str | None = None
    sort_column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows of an input, to be read once, and how they are read."""

    format: Format
    column: str | None
    delimiter: str | None
    rows: Iterator[Item | Problem]


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}
_ID_COLUMNS = frozenset({"id", "campaign_id", "campaignid"})
_DELIMITERS = ",;\t|"
#: Integers from here on lose digits in programs that read numbers as doubles.
_INEXACT_FROM = 2**53


def read(lines: Iterator[str], *, name: str, layout: Layout) -> Source:
    """Tell the format of an input and read it, row by row, as it is asked for.

    Args:
        lines: The lines with their line ends.
        name: The input's path, for its suffix and for messages.
        layout: What is known of the input beforehand.

    Raises:
        InputError: At once or while rows are read: it is empty, or has no column of
            ids, or several, or its rows can not be told apart.
    """
    numbered = ((row, line) for row, line in enumerate(lines, 1))
    first = next(((row, line) for row, line in numbered if line.strip(BLANK)), None)
    if first is None:
        raise InputError(f"{name}: it is empty; nothing was sent")
    rest = chain([first], numbered)
    format_ = layout.format or _format_of(name, first[1])
    if format_ is Format.CSV:
        return _read_csv(rest, name=name, layout=layout)
    if format_ is Format.LINES and layout.sort_column is not None:
        raise InputError(f"{name}: a plain list has no column to order by")
    one_row = _json_row if format_ is Format.JSONL else _plain_row
    rows = (
        one_row(row, line.strip(BLANK), layout)
        for row, line in rest
        if line.strip(BLANK) and not _is_comment(format_, line)
    )
    column = layout.column if format_ is Format.JSONL else None
    return Source(format=format_, column=column, delimiter=None, rows=rows)


def _format_of(name: str, first_line: str) -> Format:
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    if known := _BY_SUFFIX.get(suffix):
        return known
    text = first_line.strip(BLANK)
    if text.startswith(("{", "[")) or (_is_json_text(text) and not _names_ids(text)):
        return Format.JSONL
    if any(mark in text for mark in _DELIMITERS) or _names_ids(text):
        return Format.CSV
    return Format.LINES


def _is_json_text(text: str) -> bool:
    return re.fullmatch(r'"[^",;|\t]*"', text) is not None


def _is_comment(format_: Format, line: str) -> bool:
    return format_ is Format.LINES and line.startswith("#")


# Plain lines


def _plain_row(row: int, text: str, layout: Layout) -> Item | Problem:
    del layout
    if _names_ids(text):
        remedy = "read the file with --format csv or delete the line"
        return Problem(row=row, reason=f"{shown(text)} is a heading", remedy=remedy)
    return as_item(row, text)


def _normal(column: str) -> str:
    return re.sub(r"[\s_-]+", "_", column.strip(BLANK + '"').casefold())


def _names_ids(text: str) -> bool:
    return _normal(text) in _ID_COLUMNS


# JSON lines


class _Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


class _Integer(_Number):
    __slots__ = ()


class _RowError(ValueError):
    """A row that is no JSON, or not the JSON that we can use."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1)
        raise _RowError(f"the key {shown(twice)} stands there twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise _RowError(f"{text} is no JSON")


_decode = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_Integer,
    parse_float=_Number,
    parse_constant=_no_constant,
).decode


def _json_row(row: int, text: str, layout: Layout) -> Item | Problem:
    try:
        value = _decode(text)
        id_, sort_text = _fields(value, layout)
        return as_item(row, _id_text(id_), sort_text)
    except _RowError as error:
        remedy = 'write one {"id": "…"} or one "id" a line'
        return Problem(row=row, reason=str(error), remedy=remedy)
    except (ValueError, RecursionError):
        remedy = 'write one {"id": "…"} or one "id" a line'
        return Problem(row=row, reason="not a line of JSON", remedy=remedy)


def _fields(value: object, layout: Layout) -> tuple[object, str | None]:
    if not isinstance(value, dict):
        return value, None
    columns = list(value)
    at = _position(columns, layout.column)
    sort_text = None
    if layout.sort_column is not None:
        sort_value = value.get(layout.sort_column)
        sort_text = sort_value if isinstance(sort_value, str) else None
    return value[columns[at]], sort_text


def _id_text(value: object) -> str:
    if isinstance(value, _Integer) and abs(int(value[:20])) >= _INEXACT_FROM:
        raise _RowError(f"the number {shown(value)} is too large to be exact")
    if isinstance(value, _Number) and not isinstance(value, _Integer):
        raise _RowError(f"the number {shown(value)} is no id")
    if isinstance(value, str):
        return str(value)
    kinds = {list: "a list", dict: "an object", bool: "true or false"}
    raise _RowError(f"{kinds.get(type(value), 'null')} is no id")


# CSV


def _read_csv(
    numbered: Iterator[tuple[int, str]], *, name: str, layout: Layout
) -> Source:
    first_row, line = next(numbered)
    delimiter = None
    if match := re.fullmatch(r"sep=(.)\n?", line, re.IGNORECASE):
        delimiter = match[1]
        first_row, line = next(numbered, (first_row, ""))
    delimiter = delimiter or _delimiter_of(line, layout.column)
    records = _records(first_row, chain([(first_row, line)], numbered), delimiter, name)
    _, header = next(records, (first_row, []))
    column = _column(header, layout.column, name)
    sort = None
    if layout.sort_column is not None:
        sort = _column(header, layout.sort_column, name)
    rows = _csv_rows(records, len(header), column, sort)
    shown_column = header[column].strip(BLANK)
    return Source(
        format=Format.CSV, column=shown_column, delimiter=delimiter, rows=rows
    )


def _delimiter_of(header: str, column: str | None) -> str:
    """Choose the delimiter that brings an id column to light, else most columns."""

    def worth(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        wanted = _ID_COLUMNS if column is None else {_normal(column)}
        return any(_normal(cell) in wanted for cell in cells), len(cells)

    return max(_DELIMITERS, key=worth)


def _records(
    first_row: int, numbered: Iterable[tuple[int, str]], delimiter: str, name: str
) -> Iterator[tuple[int, list[str]]]:
    """Parse records, and refuse those that seem to have swallowed others."""
    reader = csv.reader(
        (line for _, line in numbered), delimiter=delimiter, strict=True
    )
    remedy = "look for a quote that is never closed from there on"
    row, width, lines_read = first_row - 1, 0, 0
    try:
        for row, cells in enumerate(reader, first_row):
            width = width or len(cells)
            is_one_line = reader.line_num == lines_read + 1
            if not is_one_line and _swallowed(cells, delimiter, width):
                swallowed = f"{name}: row {row}: a quoted cell holds whole rows"
                raise InputError(f"{swallowed}; {remedy}")
            lines_read = reader.line_num
            yield row, cells
    except csv.Error as error:
        raise InputError(f"{name}: row {row + 1}: {error}; {remedy}") from error


def _swallowed(cells: Sequence[str], delimiter: str, width: int) -> bool:
    """Tell whether a line inside a quoted cell looks like a row of its own."""
    inner = (line for cell in cells for line in cell.split("\n")[1:])
    return width > 1 and any(line.count(delimiter) >= width - 1 for line in inner)


def _csv_rows(
    records: Iterator[tuple[int, list[str]]], width: int, column: int, sort: int | None
) -> Iterator[Item | Problem]:
    for row, cells in records:
        if len(cells) != width and not _fits(cells, width):
            if any(cell.strip(BLANK) for cell in cells):
                yield _ragged(row, len(cells), width)
        elif not cells[column] and not any(cell.strip(BLANK) for cell in cells):
            continue
        else:
            yield as_item(row, cells[column], None if sort is None else cells[sort])


def _fits(cells: Sequence[str], width: int) -> bool:
    """Tell whether only empty cells are too many."""
    return len(cells) > width and not any(cell.strip(BLANK) for cell in cells[width:])


def _ragged(row: int, found: int, width: int) -> Problem:
    remedy = "quote cells that hold the delimiter, so that no cell is shifted"
    reason = f"{found} cells where the heading has {width}"
    return Problem(row=row, reason=reason, remedy=remedy)


def _column(header: Sequence[str], wanted: str | None, name: str) -> int:
    try:
        return _position(header, wanted)
    except _RowError as error:
        remedy = "name one with --column"
        if any(fault_of(cell) is None and cell[0].isdigit() for cell in header):
            remedy = "give the file a heading, or read it with --format lines"
        raise InputError(f"{name}: {error}; {remedy}") from error


def _position(columns: Sequence[str], wanted: str | None) -> int:
    """Find the one column that is meant. Spelling beats folded case and spaces."""
    exact = [at for at, column in enumerate(columns) if column.strip(BLANK) == wanted]
    names = _ID_COLUMNS if wanted is None else {_normal(wanted)}
    found = exact or [at for at, col in enumerate(columns) if _normal(col) in names]
    if len(found) == 1:
        return found[0]
    there = ", ".join(shown(column) for column in columns[:12])
    sought = "of ids" if wanted is None else shown(wanted)
    count = "no" if not found else "more than one"
    raise _RowError(f"{count} column {sought} among {there}")
