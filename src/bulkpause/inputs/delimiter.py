"""Detect the delimiter of a CSV from its heading, which may stand below titles."""

import csv
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice

from bulkpause.ids import WHITESPACE, why_invalid
from bulkpause.inputs.heading import MOST_TITLES, is_heading
from bulkpause.inputs.lookahead import look_ahead


#: Delimiters that are detected. A `sep=` line can name any other.
DELIMITERS = ",;\t|"
#: The heading is looked for in this many lines.
_MOST_LINES = 1000

_is_separator_line = partial(
    re.fullmatch, r'"?sep=([!#-/:-@\[-`{-~\t])"?\s*', flags=re.IGNORECASE
)


def detect_delimiter(
    lines: Iterator[str], column: str | None
) -> tuple[str, Iterator[str]]:
    """Return the delimiter, and all lines but a `sep=` line.

    Bars before and behind headings, which wikis double, become single ones. A `sep=`
    line decides. Otherwise it is the delimiter that makes an id column
    appear in the highest row, or else the most columns.

    Args:
        lines: The lines from the first row on.
        column: The name of the id column, if the user gave one.
    """
    head, lines = look_ahead(lines, _MOST_LINES, weigh=len)
    if separator := _is_separator_line(head[0]):
        return separator[1], islice(lines, 1, None)
    if head[0].startswith("||") and head[0].rstrip(WHITESPACE).endswith("||"):
        head[0] = head[0].replace("||", "|")
        lines = chain([head[0]], islice(lines, 1, None))

    def score(delimiter: str) -> tuple[bool, int, int]:
        return _score(head, delimiter, column)

    return max(DELIMITERS, key=score), lines


def has_heading_below(
    lines: Iterator[str], column: str | None
) -> tuple[bool, Iterator[str]]:
    """Return whether lines that look like a list are titles of a CSV, and all lines.

    They are if the first holds no id, and a row below it is a heading of several cells.
    """
    head, lines = look_ahead(lines, _MOST_LINES, weigh=len)
    if why_invalid(head[0].strip(WHITESPACE)) is None:
        return False, lines
    scores = (_score(head, delimiter, column) for delimiter in DELIMITERS)
    return any(is_found and cells > 1 for is_found, _, cells in scores), lines


def _score(
    lines: list[str], delimiter: str, column: str | None
) -> tuple[bool, int, int]:
    """Rate a delimiter: whether the heading appears, how high, and the most columns."""
    most_cells = 0
    for place, cells in enumerate(_first_records(lines, delimiter)):
        if is_heading(cells, column, is_first=place == 0):
            return True, -place, len(cells)
        most_cells = max(most_cells, len(cells))
    return False, 0, most_cells


def _first_records(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    """Parse the rows that may be the heading, up to an error."""
    try:
        yield from islice(
            filter(any, csv.reader(lines, delimiter=delimiter)), MOST_TITLES + 1
        )
    except csv.Error:
        return


def split_cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, or an empty list if parsing fails."""
    return next(_first_records([line], delimiter), [])
