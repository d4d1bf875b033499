"""The shape of a number as people write it: where its digits, marks and unit are."""

import re
from collections.abc import Sequence
from unicodedata import category

from bulkpause._value import value


#: Doubles keep so many digits; longer numbers could not be told apart.
_EXACT_DIGITS = 15
_DIGITS_OF_DOUBLE = 17
_LONGEST_CHARS = 64
LONGEST_UNIT_CHARS = 5

#: All digits but 0 become 1: a number that begins with 0 has no thousands.
_ONES = str.maketrans("23456789", "1" * 8)
#: Spaces and apostrophes are one separator each, however they are typed.
_PLAIN_MARKS = str.maketrans(
    dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}", " ")
    | {"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MINUS SIGN}": "-"}
)
_MARKS = ",. '"
#: Currency signs, also in an encoding that is not UTF-8, as of an old Excel.
_SIGNS = frozenset({"Sc", "Cs"})
_IS_FRACTION = re.compile(r"-?[01]+\.[01]+").fullmatch
_IS_EXPONENTIAL = re.compile(
    r"-?[01]+(?P<fraction>\.[01]+)?[eE][-+]?[01]{1,2}"
).fullmatch
#: As in `1'200.-`, Swiss for a whole number of francs.
_NO_FRACTION = re.compile(r"([.,])[-\N{EN DASH}\N{EM DASH}]{1,2}").match
#: Groups of three digits, or with commas as in India.
_ARE_GROUPS = re.compile(
    r"[01]{1,3}(?:([., '])[01]{3})(?:\1[01]{3})*|[01]{1,2}(?:,[01]{2})+,[01]{3}"
).fullmatch


class ProgramNumber(str):
    """A number as a program gives it: a point, if any, begins its fraction.

    A unit may follow it.
    """

    __slots__ = ()


_is_currency_code = re.compile(r"[A-Za-z]{3}").fullmatch
_is_bare_number = re.compile(r"[-+]?[0-9][0-9.,' ]*").fullmatch


def with_currency(text: str, currency: str) -> str:
    """Put a currency behind a number that has no unit, so that others are told apart."""
    if not _is_currency_code(currency) or not _is_bare_number(text):
        return text
    kind = ProgramNumber if isinstance(text, ProgramNumber) else str
    return kind(f"{text} {currency.upper()}")


@value
class Marks:
    """What the marks in a number can only be.

    Attributes:
        decimal_mark: The mark that can only be that of a fraction.
        separator: The mark that can only be that of thousands.
        open_mark: The mark that may be either, as in `1,234`.
    """

    decimal_mark: str | None = None
    separator: str | None = None
    open_mark: str | None = None


@value
class NumberShape:
    """How the values of one shape are written.

    Attributes:
        unit: The currency or another unit; empty without one.
        start: Where the number begins in a value.
        end: Where it ends.
        is_negative: Whether a minus stands before it.
        is_python: Whether Python reads it as it is, which is usual and fast.
        marks: What its marks can only be.
    """

    unit: str = ""
    start: int = 0
    end: int
    number: str
    is_negative: bool = False
    is_python: bool = False
    marks: Marks

    def value_of(self, text: str, decimal_mark: str) -> float:
        """Read a value of this shape."""
        if self.is_python:
            return float(text)
        digits = text[self.start : self.end].translate(_PLAIN_MARKS)
        for mark in _MARKS:
            if mark != decimal_mark:
                digits = digits.replace(mark, "")
        size = float(digits.replace(decimal_mark, "."))
        return -size if self.is_negative else size

    def count_decimals(self, decimal_mark: str) -> int:
        """Count the digits of the fraction."""
        return len(self.number.partition(decimal_mark)[2])


_READ_BY_PYTHON = (Marks(), Marks(decimal_mark="."))


def shapes_of(texts: Sequence[str]) -> list[str]:
    """Give the shapes of values: each value with all digits but 0 as 1."""
    shapes = "\n".join(texts).translate(_ONES).split("\n")
    # A value may have a line end in it.
    are_one_each = len(shapes) == len(texts)
    return shapes if are_one_each else [text.translate(_ONES) for text in texts]


def parse_shape(text: str) -> NumberShape | None:
    """Find the parts of a shape. None if it is not the shape of a number."""
    if len(text) > _LONGEST_CHARS:
        return None
    text = text.translate(_PLAIN_MARKS)
    if (match := _IS_EXPONENTIAL(text)) is not None:
        mark = None if match["fraction"] is None else "."
        marks = Marks(decimal_mark=mark)
        return NumberShape(end=len(text), number="", is_python=True, marks=marks)
    return _parse_plain(text)


def _parse_plain(text: str) -> NumberShape | None:
    start, end = _span_of_digits(text)
    number = text[start:end]
    # Some programs fill a fraction up with zeros.
    counted = number.rstrip("0") if _IS_FRACTION(text) else number
    if not number or _count_digits(counted) > _most_digits(text):
        return None
    sign, before = _split_sign(text[:start].strip())
    whole_mark, after = _split_whole_mark(text[end:].strip())
    marks = _marks_of(number, whole_mark)
    if marks is None or (before and after) or not _is_unit(before or after):
        return None
    return NumberShape(
        unit=before or after,
        start=start,
        end=end,
        number=number,
        is_negative=sign == "-",
        is_python=number == text and marks in _READ_BY_PYTHON,
        marks=marks,
    )


def _count_digits(number: str) -> int:
    """Count the digits that matter: zeros in front do not."""
    return sum(map(str.isdigit, number.lstrip("0., '")))


def _most_digits(text: str) -> int:
    # Programs write the sum of two fractions with all digits of a double.
    return _DIGITS_OF_DOUBLE if _IS_FRACTION(text) else _EXACT_DIGITS


def _span_of_digits(text: str) -> tuple[int, int]:
    """Find the number from its first to its last digit, and a decimal mark before."""
    digits = [at for at, character in enumerate(text) if character in "01"]
    if not digits:
        return 0, 0
    start, end = digits[0], digits[-1] + 1
    begins_with_mark = text[:start].endswith((".", ","))
    is_of_unit = start > 1 and text[start - 2].isalpha()
    return start - (begins_with_mark and not is_of_unit), end


def _split_sign(text: str) -> tuple[str, str]:
    """Split a sign from the currency beside it, as in `-$` and `$-`."""
    if text.startswith(("-", "+")):
        return text[0], text[1:].strip()
    if text.endswith(("-", "+")):
        return text[-1], text[:-1].strip()
    return "", text


def _split_whole_mark(text: str) -> tuple[str | None, str]:
    """Split the mark of `1'200.-`, which says that there is no fraction."""
    if (match := _NO_FRACTION(text)) is None:
        return None, text
    return match[1], text[match.end() :].strip()


def _is_unit(text: str) -> bool:
    """Check whether a text is empty, a percent sign, a currency or an abbreviation."""
    name = text.removesuffix(".") if len(text) > 1 else text
    is_short = len(name) <= LONGEST_UNIT_CHARS
    return is_short and all(
        character.isalpha() or character == "%" or category(character) in _SIGNS
        for character in name
    )


def _marks_of(number: str, whole_mark: str | None) -> Marks | None:
    """Find out what the marks in a number can only be. None if it is no number."""
    last = number.lstrip("01")
    if not last:
        return Marks(decimal_mark=whole_mark)
    head, mark, fraction = _split_at_last_mark(number)
    if whole_mark is not None:
        separator = _separator_of(number)
        is_clear = separator not in {None, whole_mark}
        return Marks(decimal_mark=whole_mark, separator=separator) if is_clear else None
    if mark in head or mark not in ".,":
        separator = _separator_of(number)
        return None if separator is None else Marks(separator=separator)
    if not head.strip("01"):
        may_be_thousands = _ARE_GROUPS(number) and not head.startswith("0")
        return Marks(open_mark=mark) if may_be_thousands else Marks(decimal_mark=mark)
    separator = _separator_of(head)
    is_clear = separator is not None and fraction.isdecimal()
    return Marks(decimal_mark=mark, separator=separator) if is_clear else None


def _split_at_last_mark(number: str) -> tuple[str, str, str]:
    head = number.rstrip("01")
    return head[:-1], head[-1], number[len(head) :]


def _separator_of(number: str) -> str | None:
    """Give the separator of thousands. None if the digits are not in such groups."""
    match = _ARE_GROUPS(number)
    return None if match is None else match[1] or ","
