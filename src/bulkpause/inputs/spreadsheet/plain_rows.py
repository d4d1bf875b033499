"""Patterns of the rows of an `.xlsx` sheet as programs write them.

Most rows are plain. They are matched as text, which is faster than to parse them.
"""

import re
from collections.abc import Mapping

from bulkpause.inputs.spreadsheet.facts import Mark


#: A row that is not hidden, with cells that hold numbers and texts, all in that row,
#: and none in the place of the one before.
PLAIN_ROWS = re.compile(
    rb"""
    (?:
      <row\ r="(?P<row>[1-9][0-9]{0,6})"
      (?:\ (?:hidden="(?:0|false)"|(?!hidden|r=|ht="0)[A-Za-z0-9:]++="[^"<&]*+"))*+
      (?:
        >
        (?:
          <c\ r="(?P<column>[A-Z]{1,3}+)(?P=row)"
          (?:
            (?:
              \ s="[0-9]{1,5}+"(?:\ t="(?:s|n|str|b)")?+
              | \ t="(?:s|n|str|b)"(?:\ s="[0-9]{1,5}+")?+
            )?+
            ><v>[^<&]*+</v></c>
          |
            (?:
              \ s="[0-9]{1,5}+"(?:\ t="(?:s|n|str|inlineStr|b)")?+
              | \ t="(?:s|n|str|inlineStr|b)"(?:\ s="[0-9]{1,5}+")?+
            )?+
            (?: /> | >(?:<v/>|<is><t[^<>]*+>[^<]*+</t></is>)?+</c> )
          )
          (?!<c\ r="(?P=column)[0-9])
        )*+
        </row>
        | />
      )
      [ \t\r\n]*+
    )++
    """,
    re.VERBOSE,
)
row_numbers = re.compile(rb'<row r="([0-9]++)"').findall
text_indexes = re.compile(rb't="s"[^/>]*+><v>([^<]*+)<').findall
_match_row_number = re.compile(rb'<row r="([0-9]++)"').match


def last_filled_row(run: bytes) -> int:
    """Return the number of the last row that has a cell with something in it."""
    cell_end = run.rfind(b"</c>")
    row = _match_row_number(run, run.rfind(b"<row", 0, max(cell_end, 0)))
    return int(row[1]) if row and cell_end >= 0 else 0


def pattern_of_columns_beyond(last: str) -> re.Pattern[bytes]:
    """Match filled cells in a column to the right of the column `last`."""
    longer = f"[A-Z]{{{len(last) + 1},}}+"
    greater = [
        f"{last[:place]}[{chr(ord(letter) + 1)}-Z][A-Z]{{{len(last) - place - 1}}}"
        for place, letter in enumerate(last)
        if letter != "Z"
    ]
    beyond = "|".join([longer, *greater])
    return re.compile(f'<c r="({beyond})[0-9]++"[^/>]*+>'.encode())


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
