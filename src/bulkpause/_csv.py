"""Write CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat

from bulkpause._repeated import is_repeated


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


def csv_of_columns(columns: Sequence[Sequence[object]]) -> str:
    """Write rows of at least two columns as `csv_text` does, without its writer.

    It looks at each cell for what needs quotes, which takes three times as long. Here
    all are looked at together; if one may need quotes, the writer writes them.
    """
    rows = len(columns[0])
    text = "\n".join(map(",".join, zip(*_cells(columns), strict=True)))
    if (
        '"' in text
        or "\r" in text
        or text.count("\n") != rows - 1
        or text.count(",") != rows * (len(columns) - 1)
    ):
        return csv_text(zip(*columns, strict=True))
    return f"{text}\n"


def _cells(columns: Sequence[Sequence[object]]) -> Iterator[Iterable[str]]:
    """Write columns as texts; repeated ones side by side as one."""
    for are_repeated, group in groupby(columns, key=is_repeated):
        if are_repeated:
            together = list(group)
            cells = [_cell(column[0]) for column in together]
            yield repeat(",".join(cells), len(together[0]))
        else:
            for column in group:
                # Calls of `_cell` would take longer than the rest.
                yield map(_cell if None in column else str, column)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
