"""Lines of a CSV → its records, refused where the quotes can not be right."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from bulkpause.columns import has_column
from bulkpause.errors import InputError


#: What may stand between cells, unless a `sep=` line names another.
DELIMITERS = ",;\t|"
#: A record: its row, its cells, and the lines it was made of, until the next one.
CsvRecord = tuple[int, list[str], list[str]]

_SEPARATOR_LINE = re.compile(
    r'"?sep=([!#-/:-@\[-`{-~\t])"?\s*', re.IGNORECASE
).fullmatch
#: A heading or a record of more lines than this has a quote that is never closed.
_MOST_LINES = 1000


def delimited(lines: Iterator[str], column: str | None) -> tuple[str, Iterator[str]]:
    """Tell the delimiter, and give it with the lines from the heading on."""
    heading = _heading(lines)
    if stated := _SEPARATOR_LINE(heading[0]):
        return stated[1], chain(heading[1:], lines)
    return _delimiter_of(heading, column), chain(heading, lines)


def _heading(lines: Iterator[str]) -> list[str]:
    """Take lines until every quote is closed."""
    heading: list[str] = []
    quotes = 0
    for line in islice(lines, _MOST_LINES):
        heading.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            break
    return heading


def _delimiter_of(heading: Sequence[str], column: str | None) -> str:
    """Choose the delimiter that brings an id column to light, else most columns."""

    def worth(delimiter: str) -> tuple[bool, int]:
        cells = cells_of(heading, delimiter)
        return has_column(cells, column), len(cells)

    return max(DELIMITERS, key=worth)


def cells_of(lines: Iterable[str], delimiter: str) -> list[str]:
    """Take the cells of the first record; none where it can not be parsed."""
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


@dataclass(slots=True, kw_only=True)
class _Quotes:
    """Counts the quotes of a CSV, to tell whether one is missing.

    One quote more or less joins or cuts rows without an error, and leaves an odd
    number of quotes. That is no harm where none of them opens a cell.
    """

    delimiter: str
    are_odd: bool = False
    open_cells: bool = False
    first_odd_row: int = 0

    def add(self, row: int, text: str) -> None:
        if text.count('"') % 2:
            self.are_odd = not self.are_odd
            self.first_odd_row = self.first_odd_row or row
        if text.startswith('"') or f'{self.delimiter}"' in text:
            self.open_cells = True


def records(
    first_row: int, lines: Iterator[str], delimiter: str, name: str
) -> Iterator[CsvRecord]:
    """Parse records, and refuse them where the quotes can not be right.

    Raises:
        InputError: While records are read: one is too long, or a quote is missing.
    """
    quotes = _Quotes(delimiter=delimiter)
    taken: list[str] = []
    reader = csv.reader(_kept(lines, taken), delimiter=delimiter, strict=True)
    row = first_row - 1
    try:
        for row, cells in enumerate(reader, first_row):
            text = "".join(taken)
            if '"' in text:
                quotes.add(row, text)
            yield row, cells, taken
            taken.clear()
    except csv.Error as error:
        what = str(error).replace("\t", "tab")
        raise damage(name, row + 1, what) from error
    if quotes.are_odd and quotes.open_cells:
        raise damage(name, quotes.first_odd_row, "a quote too many or too few")


def damage(name: str, row: int, what: str) -> InputError:
    """Say from which row on rows can not be told apart."""
    remedy = "look for a quote that is never closed from there on"
    if "limit" in what:
        remedy = f"{remedy}, or shorten the cell"
    return InputError(f"{name}: row {row}: {what}; {remedy}")


def _kept(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        if len(taken) == _MOST_LINES:
            raise csv.Error(f"it goes on for more than {_MOST_LINES} lines")
        taken.append(line)
        yield line
