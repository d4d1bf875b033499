"""JSON lines → items and row problems."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NoReturn

from bulkpause._text import quote
from bulkpause.errors import InputError
from bulkpause.ids import BLANK, as_item
from bulkpause.inputs.columns import Columns, RowError, has_column, position
from bulkpause.model import InvalidRow, Item


#: Integers from here on lose digits in programs that read numbers as doubles.
_INEXACT_FROM = 2**53
_ONE_A_LINE = 'write one {"id": "1000248"} or one "1000248" a line'


def read_json(
    first_row: int, lines: Iterator[str], *, name: str, columns: Columns
) -> Iterator[Item | InvalidRow]:
    """Read rows as they are asked for.

    Raises:
        InputError: At once: it is an array. After the last row: none has the key to
            sort by.
    """
    line = next(lines)
    if line.lstrip(BLANK).startswith("["):
        what = f"row {first_row}: a JSON array is not read"
        raise InputError(f"{name}: {what}; write each of its elements on its own line")
    return _rows(first_row, chain([line], lines), name, columns)


def _rows(
    first_row: int, lines: Iterator[str], name: str, columns: Columns
) -> Iterator[Item | InvalidRow]:
    is_sorted = columns.sort_column is None
    for row, line in enumerate(lines, first_row):
        if text := line.strip(BLANK):
            item = _row(row, text, columns)
            if isinstance(item, Item) and item.sort_text is not None:
                is_sorted = True
            yield item
    if not is_sorted:
        what = f"no row has a value under {quote(columns.sort_column or '')}"
        raise InputError(f"{name}: {what}; name another key to order by")


def _row(row: int, text: str, columns: Columns) -> Item | InvalidRow:
    try:
        id_, sort_text = _fields(_decode(text), columns)
        return as_item(row, _id_text(id_), sort_text)
    except RowError as error:
        return InvalidRow(row=row, detail=str(error), remedy=error.remedy)
    except (ValueError, RecursionError):
        return InvalidRow(row=row, detail="not a line of JSON", remedy=_ONE_A_LINE)


class _Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


class _Integer(_Number):
    __slots__ = ()


class _Ambiguous(dict[str, object]):
    """A JSON object in which a key stands twice."""

    repeated: str


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    ambiguous = _Ambiguous(found)
    ambiguous.repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return ambiguous


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


_decode = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_Integer,
    parse_float=_Number,
    parse_constant=_no_constant,
).decode


def _fields(value: object, columns: Columns) -> tuple[object, str | None]:
    """Take the id, and what to sort by; a bare id has no keys to choose from."""
    if not isinstance(value, dict):
        return value, None
    if isinstance(value, _Ambiguous):
        reason = f"the key {quote(value.repeated)} stands there twice"
        raise RowError(reason, "leave one of them out")
    return _value(value, columns.column), _sort_text(value, columns.sort_column)


def _value(row: dict[str, object], wanted: str | None) -> object:
    keys = tuple(row)
    return row[keys[position(keys, wanted)]]


def _sort_text(row: dict[str, object], wanted: str | None) -> str | None:
    if wanted is None or not has_column(tuple(row), wanted):
        return None
    value = _value(row, wanted)
    return str(value) if isinstance(value, str) else None


def _id_text(value: object) -> str:
    if isinstance(value, _Number):
        _refuse_inexact(value)
    if isinstance(value, str):
        return str(value)
    kinds = {bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a list or an object")
    raise RowError(f"{kind} is no id", _ONE_A_LINE)


def _refuse_inexact(number: _Number) -> None:
    if not isinstance(number, _Integer):
        fault = "is no integer, hence no id"
    elif abs(int(number[:20])) >= _INEXACT_FROM:
        fault = "is too large to be exact"
    else:
        return
    remedy = "write the id as a string where it is made"
    raise RowError(f"the number {quote(number)} {fault}", remedy)
