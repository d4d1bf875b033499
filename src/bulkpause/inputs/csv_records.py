"""Parse the records of a CSV, and keep the lines that each was written in."""

import csv
from collections.abc import Generator, Iterator, Sequence

from bulkpause.inputs.cells import CellRecord
from bulkpause.inputs.dialect import Dialect
from bulkpause.inputs.table import ReadError


#: A cell of up to this many characters is read.
LONGEST_CELL_CHARS = 1 << 20
#: A record with more lines than this has an unclosed quote.
MOST_LINES = 1000
#: A record is kept in memory while it is parsed.
_LONGEST_RECORD_CHARS = 16 << 20

# There is one limit for the whole process. To raise it does no harm to others.
csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL_CHARS))


class CsvRecords:
    """An iterator over the number and the cells of each record.

    Iteration raises a `ReadError` where it is not clear where a record ends.

    Attributes:
        delimiter: What separates the cells.
        lines: The physical lines of the record that was given last.
        lines_taken: How many lines all records so far were written in.
    """

    def __init__(self, first_row: int, lines: Iterator[str], dialect: Dialect) -> None:
        self.delimiter = dialect.delimiter
        self._dialect = dialect
        self.lines: list[str] = []
        self.lines_taken = 0
        self._records = self._parse(first_row, lines)

    def __iter__(self) -> Iterator[CellRecord]:
        return self._records

    def close(self) -> None:
        """Let go of all lines, which are in a cycle with this object."""
        self._records.close()

    def _parse(
        self, first_row: int, lines: Iterator[str]
    ) -> Generator[CellRecord, None, None]:
        collected = self._collect(lines)
        row = first_row - 1
        try:
            for row, cells in enumerate(self._dialect.parse(collected), first_row):
                yield row, cells
                self.lines.clear()
        except csv.Error as error:
            raise _structure_error(row + 1, str(error)) from error

    def _collect(self, lines: Iterator[str]) -> Iterator[str]:
        """Pass lines to the parser, and keep those of the record that it parses."""
        record = self.lines
        chars = 0
        for line in lines:
            if record:
                chars += len(line)
                _check_size(len(record) + 1, chars)
            else:
                chars = len(line)
            record.append(line)
            self.lines_taken += 1
            yield line


def parse_whole_lines(lines: Sequence[str], dialect: Dialect) -> list[list[str]] | None:
    """Parse lines at once. None unless each is a record with paired quotes, if any."""
    try:
        records = list(dialect.parse(lines))
    except csv.Error:
        return None
    if len(records) != len(lines):
        return None
    quoted = [line for line in lines if '"' in line]
    return None if any(line.count('"') % 2 for line in quoted) else records


def _check_size(lines: int, chars: int) -> None:
    if lines > MOST_LINES:
        raise csv.Error(f"a record of more than {MOST_LINES} lines")
    if chars > _LONGEST_RECORD_CHARS:
        raise csv.Error("a record beyond the limit of 16 MiB")


def _structure_error(row: int, reason: str) -> ReadError:
    """Make the error of a CSV whose rows are not clear from `row` on."""
    remedy = "look for an unclosed quote from this row on"
    if "limit" in reason:
        remedy = f"{remedy}, or shorten the cell"
    return ReadError(reason.replace("\t", "tab"), remedy, row=row)
