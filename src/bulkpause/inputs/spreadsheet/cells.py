"""The text of a cell, or why it cannot be an id."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import cast

from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.number_shape import ProgramNumber
from bulkpause.inputs.spreadsheet.facts import Mark


#: What the reader gives for a cell.
Value = int | float | str | bool | time | date | datetime | timedelta

#: Spreadsheets keep 15 digits of a number.
_FIRST_INEXACT = 10**15
_ROUNDED = "is a number that a spreadsheet may have rounded, not an id"
_SEVERAL_LINES = "holds more than one line or a tab"
_AS_TEXT = "set the id column to Text and re-enter the ids"
#: Sorts as no number, in place of a text that may be one.
_NO_RESULT = "(no number)"
_SAVE_RESULTS = "open the workbook in a spreadsheet program and save it"


def texts_of(rows: Sequence[Sequence[Value]]) -> Iterator[Sequence[str]]:
    """Give the texts of the cells of some rows, all of one length."""
    return zip(*map(texts_of_column, zip(*rows, strict=True)), strict=True)


def texts_of_column(values: Sequence[Value]) -> Sequence[str]:
    """Return the texts of a column, at once where it holds only texts or only ids.

    A million rows are read, and most columns are such in most of them.
    """
    kinds = set(map(type, values))
    if kinds == {str}:
        return cast(Sequence[str], values)
    if kinds == {float} and (texts := _texts_of_numbers(cast(list[float], values))):
        return texts
    return list(map(text_of, values))


def _texts_of_numbers(numbers: Sequence[float]) -> list[str] | None:
    """Return the texts of numbers. None if one is rounded or written with an exponent."""
    if are_exact_integers(numbers):
        return list(map(str, map(int, numbers)))
    if not -_FIRST_INEXACT < min(numbers) <= max(numbers) < _FIRST_INEXACT:
        return None
    texts = list(map(repr, numbers))
    # As in `1e-07`, and in `nan`, which compares as it likes.
    if not {"e", "n"}.isdisjoint("".join(texts)):
        return None
    return [
        str(int(number)) if text.endswith(".0") else ProgramNumber(text)
        for number, text in zip(numbers, texts, strict=True)
    ]


def are_exact_integers(numbers: Sequence[float]) -> bool:
    """Return whether all numbers are whole, and none may have been rounded."""
    return (
        min(numbers) > -_FIRST_INEXACT
        and max(numbers) < _FIRST_INEXACT
        and all(map(float.is_integer, numbers))
    )


def text_of(value: Value) -> str:
    """Return the text of a cell."""
    if type(value) is str:
        return value
    return _number(value) if type(value) is float else _other(value)


def marked(
    texts: Sequence[str],
    values: Sequence[Value],
    marks: Iterable[tuple[int, Mark]],
    *,
    columns_with_results: AbstractSet[int],
) -> list[str]:
    """Return the cells of a row, where some values are not what their reader sees.

    Args:
        texts: The texts of the values.
        values: What the reader gave.
        marks: The marked cells by their place in the row.
        columns_with_results: Places at which the 0 of a formula is its result.
    """
    cells = list(texts)
    for column, mark in marks:
        if 0 <= column < len(cells):
            is_result = values[column] == 0 and column in columns_with_results
            cells[column] = _marked(
                cells[column], values[column], mark, zero_is_result=is_result
            )
    return cells


def _number(value: float) -> str:
    if value.is_integer():
        text = str(int(value))
        return (
            text if abs(value) < _FIRST_INEXACT else BadCell(text, _ROUNDED, _AS_TEXT)
        )
    text = repr(value)
    # Never with an exponent, since it may be a value to sort by.
    return ProgramNumber(text if "e" not in text else format(Decimal(text), "f"))


def _other(value: Value) -> str:
    match value:
        case bool():
            return BadCell(str(value).upper(), "is a truth value, not an id", _AS_TEXT)
        case int():
            return _number(float(value))
        case date():
            return BadCell(str(value), "is a date, not an id", _AS_TEXT)
        case time() | timedelta():
            return BadCell(str(value), "is a time, not an id", _AS_TEXT)
        case _:
            return str(value)


def _marked(text: str, value: Value, mark: Mark, *, zero_is_result: bool) -> str:
    if mark.error is not None:
        remedy = "correct the formula, or delete the row"
        return BadCell(
            mark.error, "is an error, not an id", remedy, sort_text=_NO_RESULT
        )
    if mark.is_covered:
        # Mostly nothing is there.
        return _covered(text) if text.strip() else text
    if mark.has_breaks:
        remedy = "put each id in a row of its own"
        return BadCell(text, _SEVERAL_LINES, remedy, sort_text=_NO_RESULT)
    if mark.is_formula and value in {"", 0}:
        # 0 is what programs write that do not compute results.
        return BadCell(
            text or "=",
            "is a formula without a saved result, not an id",
            _SAVE_RESULTS,
            sort_text=_amount(text, mark) if zero_is_result else _NO_RESULT,
        )
    if isinstance(value, int | float) and (detail := _misleading(text, mark)):
        return BadCell(text, detail, _AS_TEXT, sort_text=_amount(text, mark))
    return text


def _covered(text: str) -> BadCell:
    detail = "is hidden under a merged cell, which shows another value"
    remedy = "split the merged cells, and delete what is not to be there"
    return BadCell(text, detail, remedy, sort_text=_NO_RESULT)


def _amount(text: str, mark: Mark) -> str:
    """Return a number with its unit, so that other units are not sorted with it."""
    if mark.is_percentage:
        return ProgramNumber(f"{Decimal(text) * 100:f}%")
    return ProgramNumber(f"{text} {mark.unit}" if mark.unit else text)


def _misleading(text: str, mark: Mark) -> str | None:
    """Return how a number is shown otherwise than it is."""
    if mark.shown_digits > len(text):
        return "is a number that is shown with zeros before it, not an id"
    if mark.is_percentage:
        return "is a percentage, not an id"
    if mark.is_money:
        return "is an amount of money, not an id"
    if mark.has_added_text:
        return "is a number that is shown with other characters, not an id"
    return None
