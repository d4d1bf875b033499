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


def csv_of_columns(columns: Sequence[Sequence[object]]) -> str:
    """Write rows of at least two columns as `csv_text` does, without its writer.

    It looks at each cell for what needs quotes, which takes three times as long. Here
    all are looked at together; if one may need quotes, the writer writes them.
    """
    cells, rows = list(map(_cells, columns)), len(columns[0])
    text = "\n".join(map(",".join, zip(*cells, strict=True)))
    if (
        '"' in text
        or "\r" in text
        or text.count("\n") != rows - 1
        or text.count(",") != rows * (len(columns) - 1)
    ):
        return csv_text(zip(*columns, strict=True))
    return f"{text}\n"


def _cells(column: Sequence[object]) -> list[str]:
    """Write the values of a column as texts, once if all are the same."""
    first, count = column[0], len(column)
    if column.count(first) == count:
        return ["" if first is None else str(first)] * count
    if None in column:
        return ["" if value is None else str(value) for value in column]
    return list(map(str, column))
