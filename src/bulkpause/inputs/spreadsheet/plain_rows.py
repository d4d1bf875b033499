"""Patterns of the rows of an `.xlsx` sheet as programs write them.

Most rows are plain. They are matched as text, which is faster than to parse them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from bulkpause.inputs.spreadsheet.facts import Mark


#: More columns would take long to compile.
MOST_COLUMNS_OF_PLAIN_ROWS = 256

_ROWS = r"""
    (?:
      <row\ r="(?P<row>[1-9][0-9]{{0,6}})"
      (?:\ (?:hidden="(?:0|false)"|(?!hidden|r=|ht="0)[A-Za-z0-9:]++="[^"<&]*+"))*+
      (?: > {cells} </row> | /> )
      [ \t\r\n]*+
    )++
    """
_CELL = r"""(?: <c\ r="{column}(?P=row)" {rest} )?+"""
_ATTRIBUTES = r"""
    (?:
      \ s="[0-9]{{1,5}}+"(?:\ t="(?:{types})")?+
      | \ t="(?:{types})"(?:\ s="[0-9]{{1,5}}+")?+
    )?+
    """
_OF_VALUE = _ATTRIBUTES.format(types="s|n|str|b")
_OF_ANY = _ATTRIBUTES.format(types="s|n|str|inlineStr|b")
_BLANK = f"{_OF_ANY} />"
_FILLED = rf"""
    (?:
      {_OF_VALUE} > (?: <v>[^<&]*+</v></c> )
      | {_OF_ANY} (?: /> | >(?:<v/>|<is><t[^<>]*+>[^<]*+</t></is>)?+</c> )
    )
    """


@lru_cache(maxsize=16)
def pattern_of_plain_rows(filled: int, columns: int) -> re.Pattern[bytes]:
    """Match rows that are not hidden, with cells that hold numbers and texts.

    All cells are in that row, in the order of their columns, and no two in one place.

    Args:
        filled: The first so many columns may be filled.
        columns: So many columns may have cells, those behind the filled ones blank.
    """
    cells = "".join(
        _CELL.format(
            column=_letters(column), rest=_FILLED if column < filled else _BLANK
        )
        for column in range(min(columns, MOST_COLUMNS_OF_PLAIN_ROWS))
    )
    return re.compile(_ROWS.format(cells=cells).encode(), re.VERBOSE)


def _letters(column: int) -> str:
    """Return the letters of a column, which are counted from 0."""
    first, last = divmod(column, 26)
    return f"{_letters(first - 1) if first else ''}{chr(ord('A') + last)}"


row_numbers = re.compile(rb'<row r="([0-9]++)"').findall
text_indexes = re.compile(rb't="s"[^/>]*+><v>([^<]*+)<').findall
_match_row_number = re.compile(rb'<row r="([0-9]++)"').match


def last_filled_row(run: bytes) -> int:
    """Return the number of the last row that has a cell with something in it."""
    cell_end = run.rfind(b"</c>")
    row = _match_row_number(run, run.rfind(b"<row", 0, max(cell_end, 0)))
    return int(row[1]) if row and cell_end >= 0 else 0


def pattern_of_styled_numbers(
    styles: Mapping[str, Mark],
) -> re.Pattern[bytes] | None:
    if not styles:
        return None
    numbers = "|".join(map(re.escape, styles)).encode()
    return re.compile(
        rb'<c r="([A-Z]++)([0-9]++)"(?: t="[A-Za-z]++")? s="('
        + numbers
        + rb')"[^/>]*+>'
    )
