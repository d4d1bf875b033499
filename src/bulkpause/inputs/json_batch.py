"""Decode many lines of JSON at once, where no value needs to be seen as it is written.

`json_text` keeps numbers as they are written and notices repeated keys, which takes
several times as long as to decode them alone.
"""

import re
from collections.abc import Sequence
from itertools import chain

import orjson

from bulkpause.inputs.json_text import JsonInteger, JsonNumber


_NESTED = frozenset({list, dict})
_has_apart_colon = re.compile(r'"[ \t\r]+:').search


def objects_without_checks(
    lines: Sequence[str], keys: tuple[str, ...]
) -> list[dict[str, object]] | None:
    """Decode lines that are objects with these keys in this order, each of them once.

    None if there is another line, or if it is not certain that no key is repeated. All
    numbers are as `orjson` gives them.
    """
    try:
        values = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        return None
    if set(map(type, values)) != {dict} or set(map(tuple, values)) != {keys}:
        return None
    text = "".join(lines)
    # Of a key that is repeated, and of keys further in, there are more colons.
    has_more_keys = text.count('":') != len(values) * len(keys)
    return None if has_more_keys or _has_apart_colon(text) else values


def has_nested_values(objects: Sequence[dict[str, object]]) -> bool:
    """Return whether a value of any object is a list or an object."""
    kinds = set(map(type, chain.from_iterable(map(dict.values, objects))))
    return not _NESTED.isdisjoint(kinds)


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
    if "\\" in text or not set(map(type, values)) <= {int, float, str, type(None)}:
        return None
    # Without backslashes, a quote begins or ends a text: this finds keys alone.
    written = re.findall(rf'"{re.escape(key)}":[ \t]*([^,}}\s]+)', text)
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
