"""Decode many lines of JSON at once, where no value needs to be seen as it is written.

`json_text` keeps numbers as they are written and notices repeated keys, which takes
several times as long as to decode them alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter

import orjson

from bulkpause.inputs.json_text import JsonInteger, JsonNumber


_NESTED = frozenset({list, dict})


def columns_without_checks(
    lines: Sequence[str], keys: tuple[str, ...]
) -> dict[str, Sequence[object]] | None:
    """Decode lines that are objects with these keys, each of them once.

    Returns the values by key. None if there is another line, or if it is not certain
    that no key is repeated. All numbers are as `orjson` gives them.
    """
    try:
        objects = list(map(orjson.loads, lines))
        if set(map(type, objects)) != {dict} or set(map(len, objects)) != {len(keys)}:
            return None
        columns = {key: _values_of(key, objects) for key in keys}
    except (orjson.JSONDecodeError, KeyError):
        return None
    text = "".join(lines)
    # Of a key that is repeated, and of keys further in, there are more colons.
    has_more_keys = text.count('":') != len(objects) * len(keys)
    return None if has_more_keys or _may_have_apart_colon(text) else columns


def _values_of(key: str, objects: Iterable[dict[str, object]]) -> Sequence[object]:
    return list(map(itemgetter(key), objects))


def _may_have_apart_colon(text: str) -> bool:
    """Return whether a blank stands behind a quote, as it does before such a colon."""
    return any(f'"{blank}' in text for blank in " \t\r")


def has_nested_values(columns: Mapping[str, Sequence[object]]) -> bool:
    """Return whether any value is a list or an object."""
    return not _NESTED.isdisjoint(map(type, chain.from_iterable(columns.values())))


def numbers_as_written(
    lines: Sequence[str], key: str, values: Sequence[object]
) -> list[str | None] | None:
    """Return the numbers and texts under a key as they are written in its lines.

    None if another value is among them, or a text is written with a backslash.

    Args:
        lines: The lines, of which each has the key once.
        key: The key.
        values: What `orjson` gives for it.
    """
    text = "".join(lines)
    kinds = set(map(type, values))
    if "\\" in text or not kinds <= {int, float, str, type(None)}:
        return None
    # Without backslashes, a quote begins or ends a text: this finds keys alone.
    written = re.findall(rf'"{re.escape(key)}":[ \t]*([^,}}\s]+)', text)
    if kinds == {float}:
        # The usual case of amounts.
        return list(map(JsonNumber, written))
    return [
        _as_written(value, number)
        for value, number in zip(values, written, strict=True)
    ]


def _as_written(value: object, number: str) -> str | None:
    match value:
        case int():
            return JsonInteger(number)
        case float():
            return JsonNumber(number)
        case str():
            return value
        case _:
            return None
