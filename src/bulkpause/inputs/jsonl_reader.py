"""Read rows from JSON lines: one object or one bare id per line."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NoReturn

from bulkpause._text import quote
from bulkpause.ids import WHITESPACE, parse_item
from bulkpause.inputs.columns import RowError, find_column, has_column
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import ReadError
from bulkpause.model import InvalidRow, Item


#: From here on, programs that read numbers as doubles round integers.
_INEXACT_FROM = 2**53
_ONE_PER_LINE = 'write one {"id": "1000248"} or "1000248" per line'


def read_jsonl(
    first_row: int, lines: Iterator[str], *, layout: Layout
) -> Iterator[Item | InvalidRow]:
    """Read rows lazily.

    Raises:
        ReadError: At once: the input is a JSON array. After the last row: no row has
            the key to sort by.
    """
    line = next(lines)
    if line.lstrip(WHITESPACE).startswith("["):
        remedy = "write each element on its own line"
        raise ReadError("a JSON array is not supported", remedy, row=first_row)
    return _rows(first_row, chain([line], lines), layout)


def _rows(
    first_row: int, lines: Iterator[str], layout: Layout
) -> Iterator[Item | InvalidRow]:
    has_sort_value = layout.sort_column is None
    for row, line in enumerate(lines, first_row):
        if text := line.strip(WHITESPACE):
            item = _parse_row(row, text, layout)
            if isinstance(item, Item) and item.sort_text is not None:
                has_sort_value = True
            yield item
    if not has_sort_value:
        reason = f"no row has a value for {quote(layout.sort_column or '')}"
        raise ReadError(reason, "name another key with --order-by")


def _parse_row(row: int, text: str, layout: Layout) -> Item | InvalidRow:
    try:
        id_, sort_text = _fields(_decode(text), layout)
        return parse_item(row, _id_text(id_), sort_text)
    except RowError as error:
        return InvalidRow(row=row, detail=str(error), remedy=error.remedy)
    except (ValueError, RecursionError):
        return InvalidRow(row=row, detail="not valid JSON", remedy=_ONE_PER_LINE)


class _Number(str):
    """A JSON number as it is written, before any rounding."""

    __slots__ = ()


class _Integer(_Number):
    __slots__ = ()


class _ObjectWithRepeatedKey(dict[str, object]):
    """A JSON object in which a key occurs more than once."""

    repeated_key: str


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    ambiguous = _ObjectWithRepeatedKey(fields)
    ambiguous.repeated_key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return ambiguous


def _reject_constant(text: str) -> NoReturn:
    """Reject NaN and Infinity, which Python's decoder accepts and JSON does not."""
    raise ValueError(text)


_decode = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_Integer,
    parse_float=_Number,
    parse_constant=_reject_constant,
).decode


def _fields(value: object, layout: Layout) -> tuple[object, str | None]:
    """Return the id and the sort value of a row. A bare id has no sort value."""
    if not isinstance(value, dict):
        return value, None
    if isinstance(value, _ObjectWithRepeatedKey):
        reason = f"the key {quote(value.repeated_key)} occurs more than once"
        raise RowError(reason, "keep one of them")
    return _value(value, layout.column), _sort_text(value, layout.sort_column)


def _value(fields: dict[str, object], wanted: str | None) -> object:
    keys = tuple(fields)
    return fields[keys[find_column(keys, wanted)]]


def _sort_text(fields: dict[str, object], wanted: str | None) -> str | None:
    if wanted is None or not has_column(tuple(fields), wanted):
        return None
    value = _value(fields, wanted)
    return str(value) if isinstance(value, str) else None


def _id_text(value: object) -> str:
    if isinstance(value, _Number):
        _check_is_exact(value)
    if isinstance(value, str):
        return str(value)
    kinds = {bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a list or an object")
    raise RowError(f"{kind} is not a valid id", _ONE_PER_LINE)


def _check_is_exact(number: _Number) -> None:
    if not isinstance(number, _Integer):
        reason = "is not an integer"
    elif abs(int(number[:20])) >= _INEXACT_FROM:
        reason = "is too large to be exact"
    else:
        return
    raise RowError(f"the number {quote(number)} {reason}", "export the id as a string")
