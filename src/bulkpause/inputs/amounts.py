"""Read a column of amounts: numbers of one notation in one unit.

The column as a whole decides which mark separates thousands and which the fraction. A
column that leaves it open, that mixes notations or units, or that holds anything but
numbers and blanks is refused: a wrong order pauses the wrong campaign first.

Values that differ in their digits only have the same *shape*, such as `9.99 EUR` and
`1.50 EUR`. Each shape is looked at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from math import fsum
from typing import NamedTuple

from bulkpause._text import replace_surrogates
from bulkpause._value import value
from bulkpause.ids import EXACT_DIGITS, WHITESPACE
from bulkpause.inputs.number_shape import (
    NumberShape,
    ProgramNumber,
    parse_shape,
    shapes_of,
)
from bulkpause.items import Items
from bulkpause.model import InvalidRow, Item
from bulkpause.text_column import TextColumn


_ONE_NOTATION = (
    "is not written like most values",
    "write all values in one way, or leave out --order-by",
)
_ONE_UNIT = (
    "is not in the unit of most values",
    "convert all values to one unit, or leave out --order-by",
)
_NO_NUMBER = (
    "is not a number to sort by",
    "enter a number or empty the cell, or leave out --order-by",
)
_OPEN_MARK = (
    "may be thousands or a fraction",
    "say which with --decimal-mark point or --decimal-mark comma",
)


class _Key(NamedTuple):
    """What values have in common that are read alike.

    Attributes:
        shape: Their shape.
        is_of_program: Whether a program gave them as numbers. Their point says nothing
            about how people write the others.
    """

    shape: str
    is_of_program: bool


#: What is wrong with the values of a key, and the remedy.
_Fault = tuple[str, str]


_BLANK = _Key("", is_of_program=False)


@value
class _Part:
    """Some values of a column. Their texts are made twice, and not kept for all.

    Attributes:
        column: The values as they were found.
    """

    column: TextColumn

    def texts(self) -> Sequence[str]:
        """Give the values without blanks around them."""
        return self.column.stripped(WHITESPACE)

    @property
    def is_of_program(self) -> bool | None:
        """Whether a program gave all of them as numbers; None if only some."""
        kind = self.column.kind
        return None if kind is None else issubclass(kind, ProgramNumber)

    def count_keys(self) -> Counter[_Key]:
        """Count the values of each key."""
        if self.is_of_program is None:
            return Counter(key for key, _ in self.pairs())
        counts = Counter(shapes_of(self.texts()))
        blanks = counts.pop("", 0)
        keys = map(_Key, counts, repeat(self.is_of_program))
        return Counter(
            dict(zip(keys, counts.values(), strict=False)) | {_BLANK: blanks}
        )

    def pairs(self) -> Iterator[tuple[_Key, str]]:
        """Give the key and the text of each value."""
        texts = self.texts()
        of_program: Iterable[bool] = repeat(bool(self.is_of_program))
        if self.is_of_program is None:
            found = self.column.texts()
            of_program = (isinstance(text, ProgramNumber) for text in found)
        return zip(map(_Key, shapes_of(texts), of_program), texts, strict=True)

    def floats(self) -> Iterable[float | None]:
        """Read the values, all of which Python reads as they are, or are blank."""
        texts = self.texts()
        if "" in texts:
            return [float(text) if text else None for text in texts]
        return map(float, texts)


@value
class Amounts:
    """A column of amounts.

    Attributes:
        values: One for each item; None for a blank.
        unit: The unit of all of them, such as `EUR` or `$`; None without one.
        decimals: The most digits of a fraction.
        faults: The rows that keep the column from being sorted. If there are any,
            nothing is sent, not even with `--skip-invalid`.
        has_several_units: Whether inputs differ in it, so that nothing is sent either.
    """

    values: Sequence[float | None] = ()
    unit: str | None = None
    decimals: int = 0
    faults: Sequence[InvalidRow] = ()
    has_several_units: bool = False

    def add_up(self) -> "Total":
        """Add up the values."""
        # Zeros add nothing either.
        total = fsum(filter(None, self.values))
        decimals = _exact_decimals(total, self.decimals)
        return Total(
            sum=round(total, decimals),
            unit=self.unit,
            decimals=decimals,
            blanks=self.values.count(None),
        )


@value
class Total:
    """The sum of a column of amounts, without its values.

    Attributes:
        sum: The sum of all values.
        unit: The unit of all of them; None without one.
        decimals: The most digits of a fraction.
        blanks: The number of blank cells.
    """

    sum: float
    unit: str | None
    decimals: int
    blanks: int

    def __str__(self) -> str:
        text = f"{self.sum:,.{self.decimals}f}"
        return text if self.unit is None else f"{text} {self.unit}"


@value
class _Notation:
    """How most values of a column are written.

    Attributes:
        decimal_mark: The mark before a fraction; None if the column leaves it open.
        separator: The mark between thousands; None if there is none.
        unit: The unit, in lower case if it is longer than a letter; empty without one.
    """

    decimal_mark: str | None
    separator: str | None
    unit: str


def _exact_decimals(total: float, decimals: int) -> int:
    """Return how many of so many decimals a double keeps; the others are dust."""
    exact = max(0, EXACT_DIGITS - len(str(int(abs(total)))))
    if decimals <= exact:
        return decimals
    fraction = f"{total:.{exact}f}".partition(".")[2]
    return len(fraction.rstrip("0"))


def read_amounts(
    items: Sequence[Item],
    decimal_mark: str | None = None,
    *,
    source: str | None = None,
) -> Amounts:
    """Read the sort values of items as one column.

    Args:
        items: The items; one without a sort value is blank.
        decimal_mark: `.` or `,` if the user named it.
        source: The name of their input, if there are several.
    """
    parts = [_Part(column=column) for column in Items.of(items).sort_columns()]
    counts: Counter[_Key] = Counter()
    for part in parts:
        counts.update(part.count_keys())
    counts.pop(_BLANK, None)
    shapes = {key: parse_shape(key.shape) for key in counts}
    numbers = {key: shape for key, shape in shapes.items() if shape is not None}
    notation = _notation_of(numbers, counts, decimal_mark)
    faults = {
        key: fault
        for key, shape in shapes.items()
        if (fault := _fault_of(key, shape, notation)) is not None
    }
    if faults:
        pairs = chain.from_iterable(part.pairs() for part in parts)
        return Amounts(faults=tuple(_faulty_rows(items, pairs, faults, source)))
    return _convert(parts, numbers, notation.decimal_mark or ".")


def join_amounts(
    items: Sequence[Item], columns: Sequence[Sequence[Item]], parts: Sequence[Amounts]
) -> Amounts:
    """Make one column of those of several inputs, each of which has its own notation.

    Args:
        items: All items, in their order.
        columns: The items of each input.
        parts: The amounts of each input.
    """
    faults = [fault for part in parts for fault in part.faults]
    if faults:
        return Amounts(faults=tuple(faults))
    values = {
        id(item): value
        for column, part in zip(columns, parts, strict=True)
        for item, value in zip(column, part.values, strict=True)
    }
    units = [part.unit for part in parts if any(map(_is_value, part.values))]
    return Amounts(
        values=[values[id(item)] for item in items],
        unit=units[0] if units else None,
        decimals=max((part.decimals for part in parts), default=0),
        has_several_units=len({_unit_key(unit or "") for unit in units}) > 1,
    )


def _is_value(value: float | None) -> bool:
    return value is not None


def _faulty_rows(
    items: Sequence[Item],
    texts: Iterable[tuple[_Key, str]],
    faults: Mapping[_Key, _Fault],
    source: str | None,
) -> Iterator[InvalidRow]:
    for item, (key, text) in zip(items, texts, strict=True):
        if (fault := faults.get(key)) is not None:
            detail, remedy = fault
            yield InvalidRow(
                row=item.row,
                detail=detail,
                remedy=remedy,
                value=text,
                source=source,
            )


def _notation_of(
    numbers: Mapping[_Key, NumberShape],
    counts: Mapping[_Key, int],
    named: str | None,
) -> _Notation:
    decimal_marks, separators, units = Counter[str](), Counter[str](), Counter[str]()
    for key, shape in numbers.items():
        units[_unit_key(shape.unit)] += counts[key]
        if key.is_of_program:
            continue
        if shape.marks.decimal_mark is not None:
            decimal_marks[shape.marks.decimal_mark] += counts[key]
        if shape.marks.separator is not None:
            separators[shape.marks.separator] += counts[key]
    decimal_mark = named or _most_common(decimal_marks)
    separators.pop(decimal_mark or "", None)
    separator = _most_common(separators)
    if decimal_mark is None and separator in {".", ","}:
        decimal_mark = "." if separator == "," else ","
    return _Notation(
        decimal_mark=decimal_mark,
        separator=separator,
        unit=_most_common(units) or "",
    )


def _unit_key(unit: str) -> str:
    """Give what is the same for spellings of a unit. `m` and `M` are two."""
    return unit.casefold() if len(unit) > 1 else unit


def _most_common(counts: Counter[str]) -> str | None:
    return next((text for text, _ in counts.most_common(1)), None)


def _fault_of(
    key: _Key, shape: NumberShape | None, notation: _Notation
) -> _Fault | None:
    """Tell what keeps the values of a key from being compared with the others."""
    if shape is None:
        return _NO_NUMBER
    if _unit_key(shape.unit) != notation.unit:
        return _ONE_UNIT
    if key.is_of_program:
        return None
    if shape.marks.open_mark is not None:
        return _fault_of_open(shape.marks.open_mark, notation)
    is_other = shape.marks.decimal_mark not in {None, notation.decimal_mark} or (
        shape.marks.separator not in {None, notation.separator}
    )
    return _ONE_NOTATION if is_other else None


def _fault_of_open(mark: str, notation: _Notation) -> _Fault | None:
    """Tell whether a mark before three digits can only be one thing in this column."""
    if notation.decimal_mark is None:
        return _OPEN_MARK
    is_decimal = mark == notation.decimal_mark
    is_separator = notation.separator in {None, mark}
    return None if is_decimal or is_separator else _ONE_NOTATION


def _value_of(
    key: _Key, text: str, numbers: Mapping[_Key, NumberShape], decimal_mark: str
) -> float | None:
    shape = numbers.get(key)
    mark = "." if key.is_of_program else decimal_mark
    return None if shape is None else shape.value_of(text, mark)


def _convert(
    parts: Sequence[_Part],
    numbers: Mapping[_Key, NumberShape],
    decimal_mark: str,
) -> Amounts:
    values: list[float | None]
    if all(shape.is_python for shape in numbers.values()):
        # The usual case: each value that is not blank is one of these.
        values = list(chain.from_iterable(part.floats() for part in parts))
    else:
        pairs = chain.from_iterable(part.pairs() for part in parts)
        values = [_value_of(key, text, numbers, decimal_mark) for key, text in pairs]
    units = (replace_surrogates(shape.unit) for shape in numbers.values() if shape.unit)
    decimals = (
        shape.count_decimals("." if key.is_of_program else decimal_mark)
        for key, shape in numbers.items()
    )
    return Amounts(
        values=values, unit=next(units, None), decimals=max(decimals, default=0)
    )
