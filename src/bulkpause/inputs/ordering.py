"""Which campaign goes first: by a column, numbers as numbers, missing ones last.

Numbers may carry thousands separators and currency signs. Which mark is the decimal
one is told by the column as a whole; where nothing tells, it is the point.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bulkpause.errors import SettingsError
from bulkpause.model import Item


@dataclass(frozen=True, slots=True)
class Order:
    """A column to order by, and which end comes first."""

    column: str
    is_descending: bool = False

    def __str__(self) -> str:
        return f"{self.column}:desc" if self.is_descending else self.column


_SPACE = (
    r"[\s'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}]"
)
_MINUS = "[-+\N{MINUS SIGN}]"
_SIGN = r"[^\w\s.,+()'\N{MINUS SIGN}-]"
#: A number in groups or in one piece, a currency before or after it, a sign.
_AMOUNT = re.compile(
    rf"""
    (?P<negative>\()? (?P<sign>{_MINUS}?) (?:[^\W\d_]{{1,3}}\.?)? {_SPACE}* {_SIGN}?
    {_SPACE}* (?P<late_sign>{_MINUS}?)
    (?P<number> \d{{1,3}}(?:(?:[.,]|{_SPACE})\d{{2,3}})+(?:[.,]\d*)?
              | \d+(?:[.,]\d*)? | [.,]\d+ )
    (?P<exponent> [eE][-+]?\d{{1,3}} )?
    {_SPACE}* {_SIGN}? (?:\s[^\W\d_]{{1,3}}\.?)? \)?
    """,
    re.VERBOSE,
).fullmatch
#: Groups of three digits, of two and three as in India, or of none.
_GROUPS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}|\d*").fullmatch
_NEGATIVE = frozenset({"(", "-", "\N{MINUS SIGN}"})


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
        mark: The decimal mark of its column. A number that can only be meant
            otherwise, such as `1,5` where it is the point, is read as it is meant.
    """
    if (match := _AMOUNT(text.strip())) is None:
        return None
    bare = _bare(match)
    own = _told_mark(bare)
    digits = _without_groups(bare, own or mark)
    if digits is None:
        return None
    signs = {match["negative"], match["sign"], match["late_sign"]}
    size = float(digits + (match["exponent"] or ""))
    return -size if signs & _NEGATIVE else size


def decimal_mark(texts: Iterable[str]) -> str:
    """Tell the decimal mark of a column, `.` or `,`: that of most of its numbers."""
    matches = (_AMOUNT(text.strip()) for text in texts)
    votes = Counter(_told_mark(_bare(match)) for match in matches if match is not None)
    return "," if votes[","] > votes["."] else "."


def _told_mark(bare: str) -> str | None:
    """Give the decimal mark if the number alone tells it: `1,234` does not."""
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0:
        return None
    mark = bare[last]
    other = "," if mark == "." else "."
    if bare.count(mark) > 1:
        return other
    could_be_a_group = len(bare) - last - 1 == 3 and 1 <= last <= 3 and bare[0] != "0"
    return None if could_be_a_group and other not in bare else mark


def _without_groups(bare: str, mark: str) -> str | None:
    whole, point, part = bare.partition(mark)
    whole = whole.replace("." if mark == "," else ",", ",")
    if not _GROUPS(whole) or (part and not part.isdecimal()):
        return None
    return whole.replace(",", "") + (f".{part}" if point else "")


def _bare(match: re.Match[str]) -> str:
    return re.sub(_SPACE, "", match["number"])
