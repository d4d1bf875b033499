"""How the cells of a CSV are written."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from bulkpause._value import value


_is_blank_before_quote = re.compile(' +"').match


@value
class Dialect:
    """How the cells of a CSV are written.

    Attributes:
        delimiter: What separates them.
        skips_blanks: Whether blanks before a cell, as in `1, "a, b"`, are no part of it.
    """

    delimiter: str
    skips_blanks: bool = False

    def parse(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Give the cells of each record. Raises `csv.Error` where quotes are in doubt."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            skipinitialspace=self.skips_blanks,
            strict=True,
        )


def detect_dialect(lines: Sequence[str], delimiter: str) -> Dialect:
    """Tell by the first lines whether blanks stand before cells in quotes.

    They do only if all of the lines can be read so, and no row becomes wider.
    """
    plain = Dialect(delimiter=delimiter)
    skipping = Dialect(delimiter=delimiter, skips_blanks=True)
    cells = _records(plain, lines)
    if not any(map(_is_blank_before_quote, chain.from_iterable(cells))):
        return plain
    widest = max(map(len, _records(skipping, lines)), default=0)
    return skipping if 0 < widest <= max(map(len, cells)) else plain


def _records(dialect: Dialect, lines: Sequence[str]) -> list[list[str]]:
    """Parse lines. No records if they cannot be read so."""
    try:
        return list(dialect.parse(lines))
    except csv.Error:
        return []
