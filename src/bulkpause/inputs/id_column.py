"""Judge the ids of a column together, where one of them alone tells nothing."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from math import e, log2, ulp

from bulkpause.inputs.last_row import End, why_cut
from bulkpause.items import Items
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Row, Rows


#: Spreadsheets keep this many digits of a number, and replace the others with zeros.
_EXACT_DIGITS = 15
#: JavaScript writes larger numbers with an exponent.
_LONGEST_PLAIN_DIGITS = 21
#: Numbers that do not all end in zero are taken for rounded if the probability that they
#: look so by chance is below 2 to the power of minus this.
_ENOUGH_BITS = 10
#: So many numbers that are all doubles were stored so.
_FEWEST_DOUBLES = 5
#: So many numbers show that some were rounded, or what length the ids have.
_FEWEST_ALIKE = 3
#: A shorter number may be the sum of the others by chance.
_FEWEST_DIGITS_OF_SUM = 5
#: Ids of fewer digits may have grown to twice as many.
_FEWEST_DIGITS_OF_JOINED = 4

_has_digit = re.compile(r"[0-9]").search
_has_long_number = re.compile(r"[0-9]{5}").search

#: The number of digits of an id that is not a number.
_NO_NUMBER = -1

_ROUNDED = (
    "is a number rounded by a spreadsheet or another program, not an id",
    "set the id column to Text and export again, or pass --any-id if it is right",
)
_JOINED = (
    "is as long as several ids of its column: lines may be joined",
    "split it, or pass --any-id if it is right",
)
_WORD = (
    "has no digit, but other ids of its column are numbers",
    "delete or correct it, or pass --any-id if it is right",
)
_WORD_OF_MESSAGE = (
    "has no digit, but other rows hold numbers",
    "delete or correct it, or pass --any-id if it is right",
)
_FOOTER = (
    "seems to be the sum or the number of the rows above it",
    "delete the row, or pass --any-id if it is right",
)
_NOT_A_NUMBER = (
    "is not a number, as the ids of its column are",
    "delete or correct it, or pass --any-id if it is right",
)


def judge_column(
    rows: Rows,
    *,
    end: End,
    footer_rows: Collection[int] = (),
) -> Rows:
    """Make invalid rows of ids that look wrong among the others. Keep all other rows.

    - A number of 16 digits or more is rounded if all such numbers of the column look
      as if a program had rounded them. Some of them are if more end in the zeros of a
      spreadsheet than chance explains.
    - In a column of numbers of one length, give or take one digit, a number as long as
      several of them is invalid.
    - In a column of numbers, an id that is not a number is invalid. A column of numbers
      has at least two, and at most a third of its ids are something else.
    - Words without a digit are invalid among numbers, unless other ids have both
      letters and digits. They are beside invalid rows with numbers, too, as in a
      message.
    - The last row is invalid if its line seems to be cut short.
    - A last row that its table shows to be a sum is invalid, and so is a number that
      is the sum of all others.

    An id that is merely much shorter than the others is kept: ids grow longer in time.

    Args:
        rows: The rows of one input, in its order.
        end: How the input ends.
        footer_rows: The numbers of the last rows that seem to be sums.
    """
    items = rows.items
    # Counted once, and looked at in most columns: a million ids are judged.
    counts = items.count_lengths_of_numbers()
    others = len(items) - counts.total()
    reasons = dict.fromkeys(_rounded_ids(items, counts), _ROUNDED)
    reasons |= dict.fromkeys(_words_among_numbers(items, others), _WORD)
    if rows.invalid:
        reasons |= dict.fromkeys(_words_of_message(rows, items), _WORD_OF_MESSAGE)
    reasons |= dict.fromkeys(_ids_among_numbers(items, others), _NOT_A_NUMBER)
    reasons |= dict.fromkeys(_joined_ids(items, counts), _JOINED)
    judged = _judged(rows, reasons) if reasons else rows
    if items and isinstance(last := rows[-1], Item) and (cut := why_cut(items, end)):
        judged = judged.with_last(_refused(last, cut))
    if _ends_in_sum(items, counts):
        footer_rows = {*footer_rows, items[-1].row}
    return _without_footers(judged, footer_rows) if footer_rows else judged


def _judged(rows: Rows, reasons: Mapping[str, tuple[str, str]]) -> Rows:
    """Make invalid rows of the items with some ids."""

    def judge(row: Row) -> Row:
        if isinstance(row, Item) and (reason := reasons.get(row.id)) is not None:
            return _refused(row, reason)
        return row

    return rows.replaced(judge, lambda block: not reasons.keys().isdisjoint(block.ids))


def _without_footers(rows: Rows, numbers: Collection[int]) -> Rows:
    def judge(row: Row) -> Row:
        if isinstance(row, Item) and row.row in numbers:
            return _refused(row, _FOOTER)
        return row

    return rows.replaced(
        judge, lambda block: any(map(block.rows.__contains__, numbers))
    )


def _refused(item: Item, reason: tuple[str, str]) -> InvalidRow:
    detail, remedy = reason
    return InvalidRow(row=item.row, detail=detail, remedy=remedy, value=item.id)


def _ends_in_sum(items: Items, counts: Counter[int]) -> bool:
    """Return whether the last id is the sum of all others, which are numbers too.

    Args:
        items: The items of the column.
        counts: How many of them are numbers of each length.
    """
    if counts.total() < max(_FEWEST_ALIKE, len(items)):
        return False
    last = items[-1].id
    if not _FEWEST_DIGITS_OF_SUM <= len(last) <= _EXACT_DIGITS:
        return False
    others = counts - Counter([len(last)])
    # What the lengths alone rule out, which is usual, need not be added up.
    most = sum(count * 10**length for length, count in others.items())
    if not most // 10 <= int(last) < most:
        return False
    return sum(map(int, islice(items.ids(), len(items) - 1))) == int(last)


def _digits_of(id_: str) -> int:
    return len(id_) if id_.isdecimal() else _NO_NUMBER


def _ids_among_numbers(items: Items, others: int) -> Sequence[str]:
    """Return the ids that are not numbers, if the column is one of numbers.

    Args:
        items: The items of the column.
        others: How many of them are not numbers.
    """
    numbers = len(items) - others
    if not others or numbers < max(2, 2 * others):
        return ()
    return [id_ for id_ in items.ids() if not id_.isdecimal()]


def _words_among_numbers(items: Items, others: int) -> Sequence[str]:
    """Return the ids that are not numbers, if none of them has a digit.

    Among ids of letters and digits, words may be ids too.

    Args:
        items: The items of the column.
        others: How many of them are not numbers.
    """
    if not others or others == len(items):
        return ()
    texts = [id_ for id_ in items.ids() if not id_.isdecimal()]
    return () if any(map(_has_digit, texts)) else texts


def _words_of_message(rows: Rows, items: Items) -> Sequence[str]:
    """Return the ids if none has a digit, and an invalid row holds a long number."""
    if any(map(_has_digit, items.ids())):
        return ()
    values = (row.value or "" for row in rows.invalid)
    return list(items.ids()) if any(map(_has_long_number, values)) else ()


def _joined_ids(items: Items, counts: Counter[int]) -> Sequence[str]:
    """Return the numbers that may be several of a column whose numbers have one length.

    There are fewer of them than of the others: else they are ids of a second kind.

    Args:
        items: The items of the column.
        counts: How many of them are numbers of each length.
    """
    shortest = min(counts, default=0)
    others = {length for length in counts if length < 2 * shortest}
    alike = sum(counts[length] for length in others)
    longer = counts.total() - alike
    if shortest < _FEWEST_DIGITS_OF_JOINED or max(others) - shortest > 1:
        return ()
    if alike < max(_FEWEST_ALIKE, longer + 1):
        return ()
    longest = max(others)
    joined = {
        length
        for length in counts.keys() - others
        if length // shortest * longest >= length
    }
    if not joined:
        return ()
    return [id_ for id_ in items.ids() if _digits_of(id_) in joined]


def _rounded_ids(items: Items, counts: Counter[int]) -> Sequence[str]:
    """Return the long numbers that were rounded: all that may be, some, or none."""
    if max(counts, default=0) <= _EXACT_DIGITS:
        return ()
    numbers = [id_ for id_ in items.ids() if _digits_of(id_) > _EXACT_DIGITS]
    rounded = list(filter(_looks_rounded_by_spreadsheet, numbers))
    if len(rounded) == len(numbers) or _are_more_than_chance(rounded, numbers):
        return rounded
    return _ids_rounded_by_javascript(numbers)


def _looks_rounded_by_spreadsheet(number: str) -> bool:
    # A spreadsheet would have left out zeros in front.
    return number[0] != "0" and not number[_EXACT_DIGITS:].strip("0")


def _are_more_than_chance(rounded: Sequence[str], numbers: Sequence[str]) -> bool:
    """Return whether too many numbers end in zeros behind the digits that are kept.

    The probability of this many is bounded as Chernoff does, in bits.
    """
    count = len(rounded)
    expected = sum(10.0 ** (_EXACT_DIGITS - len(number)) for number in numbers)
    if count < _FEWEST_ALIKE or count <= expected:
        return False
    bits = count * log2(count / expected) - (count - expected) * log2(e)
    return bits >= _ENOUGH_BITS


def _ids_rounded_by_javascript(numbers: Sequence[str]) -> Sequence[str]:
    """Return the numbers from 2^53 on, if JavaScript can have written all numbers.

    By chance, one of them looks so with a probability of 1 to the distance of doubles.
    """
    if not all(map(_is_shortest_double, numbers)):
        return _ids_rounded_to_doubles(numbers)
    inexact = [number for number in numbers if ulp(float(number)) > 1]
    bits = sum(log2(ulp(float(number))) for number in inexact)
    end_in_zero = all(number.endswith("0") for number in inexact)
    return inexact if end_in_zero or bits >= _ENOUGH_BITS else ()


def _ids_rounded_to_doubles(numbers: Sequence[str]) -> Sequence[str]:
    """Return the numbers from 2^53 on, if a program stored all of them as doubles.

    As pandas does to a column with blank cells. All are multiples of the distance of
    doubles then, but not of more: else they are ids that count in larger steps.
    """
    inexact = [int(number) for number in numbers if ulp(float(number)) > 1]
    if len(inexact) < _FEWEST_DOUBLES or any(one != int(float(one)) for one in inexact):
        return ()
    bits = sum(log2(ulp(float(one))) for one in inexact)
    is_any_odd = any(one // int(ulp(float(one))) % 2 for one in inexact)
    if bits < _ENOUGH_BITS or not is_any_odd:
        return ()
    return [number for number in numbers if ulp(float(number)) > 1]


def _is_shortest_double(number: str) -> bool:
    """Return whether JavaScript writes a number so: the fewest digits, then zeros."""
    if len(number) > _LONGEST_PLAIN_DIGITS:
        return False
    from decimal import Decimal  # noqa: PLC0415 (on use: few ids are so long)

    return f"{Decimal(repr(float(number))):f}".removesuffix(".0") == number
