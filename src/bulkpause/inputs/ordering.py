"""Sort items by a column of amounts, blanks last."""

import re
from array import array
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, cast

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError


if TYPE_CHECKING:
    # Every command takes options, and few read amounts.
    from bulkpause.inputs.amounts import Amounts


class DecimalMark(StrEnum):
    """The mark before the fraction of a number."""

    POINT = "point"
    COMMA = "comma"

    @property
    def character(self) -> str:
        """The mark itself."""
        return "." if self is DecimalMark.POINT else ","


#: Words that people write for a direction, which a column's name does not end with.
_DESCENDING = frozenset({"desc", "down", "dsc", "descending", "highest", "reverse"})
_ASCENDING = frozenset({"asc", "up", "ascending", "lowest"})
_MISTAKEN = partial(
    re.fullmatch,
    rf"(.*?)(?::\s*|\s+)({'|'.join(sorted(_DESCENDING | _ASCENDING))})",
    flags=re.IGNORECASE,
)


@value(kw_only=False)
class Order:
    """The column to sort by, and whether the highest value comes first."""

    column: str
    is_descending: bool = False

    def __str__(self) -> str:
        if self.is_descending:
            return f"{self.column}:desc"
        # A name that ends like a direction needs one, to be read as a name.
        is_ambiguous = _MISTAKEN(self.column) is not None
        return f"{self.column}:asc" if is_ambiguous else self.column


def parse_order(text: str) -> Order:
    """Parse `spend`, `spend:asc` or `spend:desc`.

    Raises:
        SettingsError: It does not name a column.
    """
    column, colon, direction = text.rpartition(":")
    direction = direction.lower()
    if not colon or direction not in {"asc", "desc"}:
        column, direction = text, "asc"
        if (found := _MISTAKEN(text)) is not None:
            raise SettingsError(_remedy(*found.groups()))
    if not column.strip():
        raise SettingsError("name a column to sort by, such as spend:desc")
    return Order(column, is_descending=direction == "desc")


def _remedy(column: str, word: str) -> str:
    is_descending = word.lower() in _DESCENDING
    end = "highest" if is_descending else "lowest"
    wanted = quote(str(Order(column or "spend", is_descending=is_descending)))
    return f"{quote(word)} is not a direction; for the {end} first, write {wanted}"


def ordered_places(amounts: "Amounts", order: Order) -> Sequence[int]:
    """Return the places of items sorted by their amounts. Equal ones keep their order.

    Args:
        amounts: The values of the items, without faults.
        order: Whether the highest value comes first.
    """
    values = amounts.values
    places: Sequence[int] = range(len(values))
    blanks: Sequence[int] = ()
    if None in values:
        blanks = [place for place in places if values[place] is None]
        places = [place for place in places if values[place] is not None]
    value_at = cast(Callable[[int], float], values.__getitem__)
    numbers = sorted(places, key=value_at, reverse=order.is_descending)
    return array("L", chain(numbers, blanks))
