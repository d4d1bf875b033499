"""Sort items by a column: numbers as numbers, missing values last.

Numbers may have thousands separators and currency signs. The column as a whole decides
whether its decimal mark is the point or the comma; if it leaves that open, it is the
point.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bulkpause.errors import SettingsError
from bulkpause.model import Item


@dataclass(frozen=True, slots=True)
class Order:
    """The column to sort by, and whether the highest value comes first."""

    column: str
    is_descending: bool = False

    def __str__(self) -> str:
        return f"{self.column}:desc" if self.is_descending else self.column


_SPACE = (
    r"[\s'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}]"
)
_MINUS = "[-+\N{MINUS SIGN}]"
_CURRENCY_SIGN = r"[^\w\s.,+()'\N{MINUS SIGN}-]"
#: A number with or without digit groups, a currency before or after it, and a sign.
_AMOUNT = re.compile(
    rf"""
    (?P<negative>\()? (?P<sign>{_MINUS}?) (?:[^\W\d_]{{1,3}}\.?)? {_SPACE}*
    {_CURRENCY_SIGN}? {_SPACE}* (?P<late_sign>{_MINUS}?)
    (?P<number> \d{{1,3}}(?:(?:[.,]|{_SPACE})\d{{2,3}})+(?:[.,]\d*)?
              | \d+(?:[.,]\d*)? | [.,]\d+ )
    (?P<exponent> [eE][-+]?\d{{1,3}} )?
    {_SPACE}* {_CURRENCY_SIGN}? (?:\s[^\W\d_]{{1,3}}\.?)? \)?
    """,
    re.VERBOSE,
).fullmatch
#: Groups of three digits, groups of two and three as in India, or no groups.
_GROUPS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}|\d*").fullmatch
_NEGATIVE = frozenset({"(", "-", "\N{MINUS SIGN}"})


def parse_order(text: str) -> Order:
    """Parse `spend`, `spend:asc` or `spend:desc`.

    Raises:
        SettingsError: It does not name a column.
    """
    column, colon, direction = text.rpartition(":")
    if not colon or direction not in {"asc", "desc"}:
        column, direction = text, "asc"
    if not column:
        raise SettingsError("name a column to sort by, such as spend:desc")
    return Order(column, is_descending=direction == "desc")


def ordered(items: Sequence[Item], order: Order) -> list[Item]:
    """Return the items sorted by `order`. Equal values keep their order.

    Numbers come before texts, and both come before items without a value.
    """
    mark = detect_decimal_mark(item.sort_text or "" for item in items)
    numbers: list[tuple[float, Item]] = []
    texts: list[tuple[str, Item]] = []
    missing: list[Item] = []
    for item in items:
        text = (item.sort_text or "").strip()
        number = parse_amount(text, mark)
        if number is not None:
            numbers.append((number, item))
        elif text:
            texts.append((text.casefold(), item))
        else:
            missing.append(item)
    numbers.sort(key=lambda pair: pair[0], reverse=order.is_descending)
    texts.sort(key=lambda pair: pair[0], reverse=order.is_descending)
    return [*(item for _, item in numbers), *(item for _, item in texts), *missing]


def parse_amount(text: str, decimal_mark: str = ".") -> float | None:
    """Parse a number as people write it. Return None if `text` is not a number.

    Args:
        text: Such as `1,234.50`, `$ 12`, `1.234,50 €`, or `(12.00)` for a negative.
        decimal_mark: The decimal mark of the column. A number that contradicts it,
            such as `1,5` where it is the point, keeps its own mark.
    """
    if (match := _AMOUNT(text.strip())) is None:
        return None
    number = _without_spaces(match)
    digits = _without_groups(number, _own_decimal_mark(number) or decimal_mark)
    if digits is None:
        return None
    signs = {match["negative"], match["sign"], match["late_sign"]}
    size = float(digits + (match["exponent"] or ""))
    return -size if signs & _NEGATIVE else size


def detect_decimal_mark(texts: Iterable[str]) -> str:
    """Return the decimal mark of most numbers in a column, `.` or `,`."""
    matches = (_AMOUNT(text.strip()) for text in texts)
    votes = Counter(
        _own_decimal_mark(_without_spaces(match))
        for match in matches
        if match is not None
    )
    return "," if votes[","] > votes["."] else "."


def _own_decimal_mark(number: str) -> str | None:
    """Return the decimal mark if the number alone shows it: `1,234` does not."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return None
    mark = number[last]
    other = "," if mark == "." else "."
    if number.count(mark) > 1:
        return other
    is_before_three_digits = len(number) - last - 1 == 3
    may_separate_thousands = (
        is_before_three_digits and 1 <= last <= 3 and number[0] != "0"
    )
    return None if may_separate_thousands and other not in number else mark


def _without_groups(number: str, decimal_mark: str) -> str | None:
    """Remove thousands separators. Return None if they are in wrong places."""
    whole, mark, fraction = number.partition(decimal_mark)
    whole = whole.replace("." if decimal_mark == "," else ",", ",")
    if not _GROUPS(whole) or (fraction and not fraction.isdecimal()):
        return None
    return whole.replace(",", "") + (f".{fraction}" if mark else "")


def _without_spaces(match: re.Match[str]) -> str:
    return re.sub(_SPACE, "", match["number"])
