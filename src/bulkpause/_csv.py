"""Write CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence


#: The characters that begin a formula, full-width forms included, at the start of a
#: cell. A spreadsheet may also split cells at semicolons.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""((?:^|;)[\s"']*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])""")


def without_formula(text: str) -> str:
    """Put an apostrophe before a formula, so that a spreadsheet shows it."""
    if text[:1].isalnum() and ";" not in text:  # as most texts: no formula begins
        return text
    return _FORMULA.sub(r"\1'", text)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Write rows as lines of CSV. None is an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
