"""Tell whether the last row of an input was cut short, as by a producer that died."""

import re
from collections import Counter
from enum import StrEnum
from functools import partial
from itertools import islice

from bulkpause.ids import WHITESPACE
from bulkpause.items import Items


_NO_LINE_END = "may be cut short: the last line has no line end"
_CUT_ID = (
    f"{_NO_LINE_END}, its id is shorter than others",
    "export again, or end the line if the id is whole",
)
_CUT_ROW = (
    f"{_NO_LINE_END}, and fewer cells than the rows above",
    "export again, or end the line if the row is whole",
)
_CUT_AMOUNT = (
    f"{_NO_LINE_END}, and its value to sort by is shorter than others",
    "export again, or end the line if the value is whole",
)
#: So many values show how many decimals all have.
_FEWEST_ALIKE = 2
#: Three digits may be thousands.
_decimals = partial(re.fullmatch, r".*[0-9][.,]([0-9]{1,2})", flags=re.DOTALL)
_is_number = partial(re.fullmatch, r"[-+0-9., ']*")


class End(StrEnum):
    """How an input ends."""

    #: With a line end, or in no other doubt.
    WHOLE = "whole"
    #: With the last id, without a line end.
    IN_ID = "in_id"
    #: With the last value to sort by, without a line end.
    IN_AMOUNT = "in_amount"
    #: With a row of fewer cells than most others, without a line end.
    IN_ROW = "in_row"


def why_cut(items: Items, end: End) -> tuple[str, str] | None:
    """Say why the last item may be cut short, and the remedy. None if it is whole.

    - A row of fewer cells than others is.
    - An id is if no other has its length, and at least as many are longer as are
      shorter.
    - A value to sort by is if all others have as many decimals, and it has fewer, or if
      it is the only one that is blank.
    """
    match end:
        case End.IN_ROW:
            return _CUT_ROW
        case End.IN_ID if _is_id_cut(items):
            return _CUT_ID
        case End.IN_AMOUNT if _is_amount_cut(items):
            return _CUT_AMOUNT
        case _:
            return None


def _is_id_cut(items: Items) -> bool:
    length = len(items[-1].id)
    lengths = Counter(map(len, items.ids()))
    longer = sum(count for other, count in lengths.items() if other > length)
    others = len(items) - 1
    return lengths[length] == 1 and 0 < others <= 2 * longer


def _is_amount_cut(items: Items) -> bool:
    last = (items[-1].sort_text or "").strip(WHITESPACE)
    above = (text or "" for text in islice(items.sort_texts(), len(items) - 1))
    others = list(filter(None, (text.strip(WHITESPACE) for text in above)))
    if len(others) < _FEWEST_ALIKE:
        return False
    if not last:
        return len(others) == len(items) - 1
    usual = _count_decimals(others[0])
    return (
        0 < usual != _count_decimals(last)
        and _is_number(last) is not None
        and all(_count_decimals(text) == usual for text in others)
    )


def _count_decimals(text: str) -> int:
    match = _decimals(text)
    return len(match[1]) if match else 0
