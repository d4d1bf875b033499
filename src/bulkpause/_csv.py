"""Write lines of CSV that a spreadsheet opens without running anything in them."""

import csv
import io
import re
from collections.abc import Iterable


#: The characters that begin a formula, full-width forms included, at the start of a
#: cell. A spreadsheet may also split cells at semicolons.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")


def cell(value: object) -> str:
    """Write a cell. An apostrophe before a formula makes a spreadsheet show it."""
    text = "" if value is None else str(value)
    return _FORMULA.sub(r"\1'", text)


def line(cells: Iterable[str]) -> str:
    """Write a line of cells, with its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
