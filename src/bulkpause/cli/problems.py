"""Describe all that is wrong with the inputs of a command, grouped by fault.

Rows with the same fault and remedy are one group, since a spreadsheet that mangled one
id has usually mangled thousands.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from bulkpause._text import format_count, replace_surrogates
from bulkpause._value import value
from bulkpause.inputs.table import Input, ReadError
from bulkpause.model import InvalidRow


#: At most this many rows of a fault are shown; the others are counted.
ROWS_SHOWN = 10
#: At most this many faults of an input are shown; the others are counted.
FAULTS_SHOWN = 20
#: A longer value is cut to this many characters.
_LONGEST_VALUE = 40
#: Ends a remedy that is not to be given twice.
_OR_SKIP = " or pass --skip-invalid"
#: Stands for a blank at which a line must not be broken.
_GLUE = "\N{NO-BREAK SPACE}"


@value
class Problems:
    """What is wrong with one input, or with the order of all.

    Attributes:
        source: The name of the input, or the option that orders them.
        rows: The rows that cannot be used.
        total: The number of rows that were read.
        error: Why the input, or what follows these rows, cannot be read.
        can_be_skipped: Whether `--skip-invalid` leaves the rows out.
    """

    source: str
    rows: tuple[InvalidRow, ...] = ()
    total: int = 0
    error: ReadError | None = None
    can_be_skipped: bool = True

    @property
    def is_fatal(self) -> bool:
        """Whether nothing can be sent, even with `--skip-invalid`."""
        return self.error is not None or not self.can_be_skipped

    @property
    def headline(self) -> str:
        """Say how much cannot be used."""
        if not self.rows:
            return f"{self.source}: {self.error}"
        of_total = f"{len(self.rows)} of {format_count(self.total, 'row')}"
        rest = "" if self.error is None else ", and the rest cannot be read"
        return f"{self.source}: {of_total} cannot be used{rest}"

    @property
    def headline_of_skipped(self) -> str:
        """Say how much is left out, since `--skip-invalid` was given."""
        return f"{self.headline} and {'is' if len(self.rows) == 1 else 'are'} left out"

    def as_dicts(self) -> Iterator[dict[str, object]]:
        """Give each problem in values that JSON can carry."""
        for row in self.rows:
            yield {
                "input": row.source or self.source,
                "row": row.row,
                "value": row.value and replace_surrogates(row.value),
                "reason": row.reason,
                "remedy": row.remedy,
            }
        if self.error is not None:
            yield {
                "input": self.source,
                "row": self.error.row,
                "value": None,
                "reason": self.error.detail,
                "remedy": self.error.remedy,
            }


def problems_of(inputs: Iterable[Input]) -> Iterator[Problems]:
    """Collect what is wrong with each input, if anything is."""
    for one in inputs:
        rows = tuple(one.table.rows.invalid)
        if rows or one.table.error is not None:
            yield Problems(
                source=one.name,
                rows=rows,
                total=len(one.table.rows),
                error=one.table.error,
            )


def problem_lines(
    problems: Problems, *, width: int, are_left_out: bool = False
) -> Iterator[str]:
    """Describe problems: a headline, then each fault with its rows and its remedy.

    Args:
        problems: What is wrong with one input.
        width: The columns at which lines are wrapped, at words.
        are_left_out: Whether the rows are left out, as `--skip-invalid` says.
    """
    headline = problems.headline
    if are_left_out:
        headline = f"warning: {problems.headline_of_skipped}"
    yield from _wrapped(headline, 0, width)
    faults = _grouped(problems.rows)
    for rows in faults[:FAULTS_SHOWN]:
        yield from _fault_lines(rows, width, can_skip=not are_left_out)
    if hidden := faults[FAULTS_SHOWN:]:
        count = format_count(sum(map(len, hidden)), "row")
        yield from _wrapped(f"and {count} with other faults", 2, width)
    if problems.rows and (error := problems.error) is not None:
        place = "" if error.row is None else f"row {error.row}: "
        yield from _wrapped(f"{place}{error.detail}", 2, width)
        yield from _wrapped(error.remedy, 4, width)


def closing_line(problems: Sequence[Problems], *, leaves_ids: bool = True) -> str:
    """Say that nothing was sent, and what helps against all problems.

    Args:
        problems: What is wrong with the inputs.
        leaves_ids: Whether there are ids in rows with which nothing is wrong.
    """
    if any(one.is_fatal for one in problems):
        return "nothing was sent"
    if not leaves_ids:
        rows = sum(len(one.rows) for one in problems)
        return f"nothing was sent. Fix {'this row' if rows == 1 else 'these rows'}."
    return "nothing was sent. Fix these rows, or pass --skip-invalid to leave them out."


def error_object(
    code: int, message: str, problems: Sequence[Problems] = ()
) -> dict[str, object]:
    """Give the exit code of a command, its reason and all problems, for JSON."""
    if problems:
        headlines = "; ".join(one.headline for one in problems)
        message = f"{headlines}; nothing was sent"
    rows = [row for one in problems for row in one.as_dicts()]
    return {"error": {"code": code, "message": message, "rows": rows}}


def _grouped(rows: Iterable[InvalidRow]) -> list[list[InvalidRow]]:
    """Group rows by fault and remedy, in the order of their first rows."""
    groups: dict[tuple[str, str, bool], list[InvalidRow]] = {}
    for row in rows:
        key = (row.detail, row.remedy, row.value is None)
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def _fault_lines(
    rows: Sequence[InvalidRow], width: int, *, can_skip: bool
) -> Iterator[str]:
    first = rows[0]
    each = "" if first.value is None else "each "
    if len(rows) == 1:
        yield from _wrapped(f"{_place(first, ':')} {first.detail}", 2, width)
    else:
        yield from _wrapped(f"{len(rows)} rows: {each}{first.detail}", 2, width)
        yield from _wrapped(_places(rows), 4, width)
    remedy = first.remedy if can_skip else first.remedy.removesuffix(_OR_SKIP)
    yield from _wrapped(remedy, 4, width)


def _places(rows: Sequence[InvalidRow]) -> str:
    """List the first rows with their values, and count the others."""
    shown = rows[:ROWS_SHOWN]
    if all(row.value is None and row.source is None for row in shown):
        text = f"rows {', '.join(str(row.row) for row in shown)}"
    else:
        text = ", ".join(map(_place, shown))
    more = len(rows) - len(shown)
    return f"{text} {_glued(f'and {more} more')}" if more else text


def _place(row: InvalidRow, mark: str = "") -> str:
    """Name a row, with its value if it has one: `row 15 '1-Mai'`."""
    source = "" if row.source is None else f" of {row.source}"
    value = "" if row.value is None else f" {_value(row.value)}"
    return _glued(f"row {row.row}{source}{mark}{value}")


def _glued(text: str) -> str:
    """Keep a text on one line."""
    return text.replace(" ", _GLUE)


def _value(text: str) -> str:
    """Quote a value as a literal: invisible characters are escaped, letters are not."""
    cut = text[:_LONGEST_VALUE]
    return repr(cut) if cut == text else f"{cut!r}..."


def _wrapped(text: str, indent: int, width: int) -> Iterator[str]:
    """Wrap a text at its words. Each further line is indented by two columns more."""
    lines = wrap(
        text,
        max(width, 40),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if indent == 4 else indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        yield line.replace(_GLUE, " ")
