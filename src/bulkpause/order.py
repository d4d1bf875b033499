"""Which campaign goes first: by a column, numbers as numbers, missing ones last.

Numbers may carry thousands separators and currency signs. Which mark is the decimal
one is told by the column as a whole; where nothing tells, it is the point.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bulkpause.errors import SettingsError
from bulkpause.model import Item


@dataclass(frozen=True, slots=True)
class Order:
    """A column to order by, and which end comes first."""

    column: str
    is_descending: bool = False


_SPACE = (
    r"[\s'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}]"
)
_SIGN = r"[^\w\s.,+()'-]"
#: A number in groups or in one piece, a currency before or after it, a sign.
_AMOUNT = re.compile(
    rf"""
    (?P<negative>\()? (?P<sign>[-+]?) (?:[^\W\d_]{{1,3}}\.?)? {_SPACE}* {_SIGN}?
    {_SPACE}* (?P<late_sign>[-+]?)
    (?P<number> \d{{1,3}}(?:(?:[.,]|{_SPACE})\d{{2,3}})+(?:[.,]\d*)?
              | \d+(?:[.,]\d*)? | [.,]\d+ )
    {_SPACE}* {_SIGN}? (?:\s[^\W\d_]{{1,3}}\.?)? \)?
    """,
    re.VERBOSE,
).fullmatch


def parse_order(text: str) -> Order:
    """Read `spend`, `spend:asc` or `spend:desc`.

    Raises:
        SettingsError: It names no column.
    """
    column, colon, end = text.rpartition(":")
    if not colon or end not in {"asc", "desc"}:
        column, end = text, "asc"
    if not column:
        raise SettingsError("name a column to order by, such as spend:desc")
    return Order(column, is_descending=end == "desc")


def ordered(items: Sequence[Item], order: Order) -> list[Item]:
    """Put items in order. Those that compare equal stay as they are.

    Numbers come before texts, and both before items without a value.
    """
    mark = decimal_mark(item.sort_text or "" for item in items)
    numbers: list[tuple[float, Item]] = []
    texts: list[tuple[str, Item]] = []
    missing: list[Item] = []
    for item in items:
        text = (item.sort_text or "").strip()
        number = amount(text, mark)
        if number is not None:
            numbers.append((number, item))
        elif text:
            texts.append((text.casefold(), item))
        else:
            missing.append(item)
    numbers.sort(key=lambda pair: pair[0], reverse=order.is_descending)
    texts.sort(key=lambda pair: pair[0], reverse=order.is_descending)
    return [*(item for _, item in numbers), *(item for _, item in texts), *missing]


def amount(text: str, mark: str = ".") -> float | None:
    """Read a number as a person writes it; None if it is none.

    Args:
        text: Such as `1,234.50`, `$ 12`, `1.234,50 €`, `(12.00)` for a negative one.
        mark: The decimal mark.
    """
    if (match := _AMOUNT(text.strip())) is None:
        return None
    grouping = "," if mark == "." else "."
    digits = _bare(match).replace(grouping, "").replace(mark, ".")
    if digits.count(".") > 1:
        return None
    signs = (match["negative"], match["sign"], match["late_sign"])
    return -float(digits) if "(" in signs or "-" in signs else float(digits)


def decimal_mark(texts: Iterable[str]) -> str:
    """Tell the decimal mark of a column: `.` or `,`."""
    for text in texts:
        if (match := _AMOUNT(text.strip())) is None:
            continue
        bare = _bare(match)
        last = max(bare.rfind("."), bare.rfind(","))
        if last < 0:
            continue
        mark, other = bare[last], "," if bare[last] == "." else "."
        if bare.count(mark) > 1:
            return other
        if other in bare or len(bare) - last - 1 != 3:
            return mark
    return "."


def _bare(match: re.Match[str]) -> str:
    return re.sub(_SPACE, "", match["number"])
