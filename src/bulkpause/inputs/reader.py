"""Detect the format of an input and read its rows.

Three formats are read: CSV with a header (comma, semicolon, tab or bar), JSON (objects
or bare ids, one per line or in an array), and plain lists of ids. Rows are numbered as a
spreadsheet or an editor numbers them: from 1, counting the header and blank rows. A
`sep=;` line does not count, because spreadsheets hide it. In a JSON array, the number of
the element counts.

A row without a valid id becomes an `InvalidRow`. If it is not clear where rows begin
and end, as after an unclosed quote, reading stops with an `ReadError`: rows that
disappeared inside the quote cannot be reported one by one.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import PurePath

from bulkpause._text import display_name, quote
from bulkpause._value import state
from bulkpause.ids import WHITESPACE
from bulkpause.inputs.accounts import check_accounts
from bulkpause.inputs.columns import has_column
from bulkpause.inputs.delimiter import DELIMITERS, has_heading_below, split_cells
from bulkpause.inputs.files import is_archive, lines_of, open_binary
from bulkpause.inputs.id_column import judge_column
from bulkpause.inputs.last_row import End
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.list_reader import (
    count_commented_ids,
    is_comment,
    is_id_list,
    read_list,
)
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Row


_FORMATS_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}


def load_input(path: str, layout: Layout) -> Input:
    """Read an input whole. What is wrong with it is part of the result.

    Args:
        path: Its path, or `-` for standard input.
        layout: What the user said about it.
    """
    table = Table()
    last_line = _LastLine()
    table.fill(_batches_of(path, layout, table, last_line))
    if not layout.takes_any_id:
        end, footers = last_line.end_of(table), table.footer_rows
        table.judge(partial(judge_column, end=end, footer_rows=footers))
    check_accounts(table, layout)
    return Input(name=display_name(path), table=table)


@state
class _LastLine:
    """The last line of an input that was read whole."""

    text: str = "\n"

    def note(self, line: str) -> None:
        """Keep the line."""
        self.text = line

    def end_of(self, table: Table) -> End:
        """Tell how the input ends: without a line end, it may have been cut short."""
        if table.error is not None or not table.rows or self.text.endswith("\n"):
            return End.WHOLE
        if table.ends_early:
            return End.IN_ROW
        last = table.rows[-1]
        if not isinstance(last, Item):
            return End.WHOLE
        if self.text.endswith(last.id):
            return End.IN_ID
        return End.IN_AMOUNT if self._ends_with(last.sort_text) else End.WHOLE

    def _ends_with(self, sort_text: str | None) -> bool:
        """Return whether the last cell is the value to sort by, be it blank."""
        text = self.text.rstrip(WHITESPACE.replace("\t", ""))
        if sort_text is None:
            return False
        return text.endswith(sort_text.strip(WHITESPACE) or tuple(DELIMITERS))


def _batches_of(
    path: str, layout: Layout, table: Table, last_line: _LastLine
) -> Iterator[Sequence[Row]]:
    with open_binary(path) as data:
        if is_archive(data):
            # An import of its own: most inputs are text.
            from bulkpause.inputs.spreadsheet.reader import (  # noqa: PLC0415
                read_workbook,
            )

            yield from read_workbook(data, layout=layout, table=table)
        elif layout.sheet is not None:
            detail = f"a text file, which has no sheet {quote(layout.sheet)}"
            raise ReadError(detail, "leave out --sheet")
        else:
            lines = lines_of(data, on_last=last_line.note)
            yield from _read(lines, name=path, layout=layout, table=table)


def read(
    lines: Iterator[str], *, name: str, layout: Layout, table: Table | None = None
) -> Iterator[Item | InvalidRow]:
    """Detect the format at once, and read rows lazily.

    Blank lines and comments (lines such as `# note`) before the first row are
    skipped.

    Args:
        lines: The lines with their line ends.
        name: The path of the input, for its suffix and for messages.
        layout: The format and columns that the user named.
        table: Its columns and statuses are filled in, not its rows; None if nobody
            wants to know them.

    Raises:
        ReadError: At once or while rows are read: the input is empty, has no id
            column or several, or it is not clear where its rows begin and end.
    """
    batches = _read(lines, name=name, layout=layout, table=table or Table())
    return chain.from_iterable(batches)


def _read(
    lines: Iterator[str], *, name: str, layout: Layout, table: Table
) -> Iterator[Sequence[Row]]:
    first_row, line = find_first_row(lines, layout.column, table)
    if not line:
        raise ReadError("the input is empty", "add the ids to pause")
    lines = chain([line], lines)
    format_ = layout.format or detect_format(name, line, layout.column)
    if format_ is Format.LINES and layout.format is None:
        is_csv, lines = has_heading_below(lines, layout.column)
        format_ = Format.CSV if is_csv else format_
    # Each format is imported on use: most runs have one.
    match format_:
        case Format.CSV:
            from bulkpause.inputs.csv_reader import read_csv  # noqa: PLC0415

            return read_csv(first_row, lines, layout=layout, table=table)
        case Format.JSONL:
            if layout.format is None:
                _check_is_json(first_row, line, layout.column)
            from bulkpause.inputs.jsonl_reader import read_json  # noqa: PLC0415

            return read_json(first_row, lines, layout=layout, table=table)
        case Format.LINES:
            return read_list(first_row, lines, layout=layout, table=table)


def find_first_row(
    lines: Iterator[str], column: str | None, table: Table
) -> tuple[int, str]:
    """Skip blank lines and comments. Return the number and text of the line after.

    The ids in the comments are counted in `table`. A header that begins with `#` is not
    a comment. At the end of the input, the result is `(0, "")`.
    """
    for row, line in enumerate(lines, 1):
        text = line.strip(WHITESPACE)
        is_blank = not text.strip(WHITESPACE + DELIMITERS)
        if is_blank:
            continue
        if not is_comment(text) or _is_header(text, column):
            return row, line
        table.commented_ids += count_commented_ids(text)
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
    if is_id_list(text):
        return Format.LINES
    if text.startswith(("{", "[")) or re.fullmatch(r'"[^",;|\t]*"', text):
        return Format.JSONL
    if any(delimiter in text for delimiter in DELIMITERS) or text.count('"') == 1:
        return Format.CSV
    return Format.LINES


def _check_is_json(row: int, line: str, column: str | None) -> None:
    """Check that the first line of a file with the suffix of JSON is not CSV or a list.

    Raises:
        ReadError: It is.
    """
    from bulkpause.inputs.json_text import is_json  # noqa: PLC0415

    text = line.strip(WHITESPACE)
    if is_json(text):
        return
    if _is_header(text, column):
        raise ReadError("not JSON, but what may be CSV", "pass --format csv", row=row)
    if is_id_list(text):
        raise ReadError("not JSON, but a list", "pass --format lines", row=row)


def _is_header(text: str, column: str | None) -> bool:
    return any(
        has_column(split_cells(text, delimiter), column) for delimiter in DELIMITERS
    )
