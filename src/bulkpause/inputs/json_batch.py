"""Decode many lines of JSON at once, where no value needs to be seen as it is written.

`json_text` keeps numbers as they are written and notices repeated keys, which takes
several times as long as to decode them alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import cast

import orjson

from bulkpause.inputs.json_text import JsonInteger, JsonNumber
from bulkpause.text_column import TextColumn


_NESTED = frozenset({list, dict})
_TEXTS = frozenset({str, type(None)})


class JsonColumns:
    """The values of many objects with the same keys.

    Args:
        values: The values by key.
    """

    def __init__(self, values: Mapping[str, Sequence[object]]) -> None:
        self._values = values
        self._kinds = {key: set(map(type, column)) for key, column in values.items()}

    @property
    def are_flat(self) -> bool:
        """Whether no value is a list or an object."""
        return all(map(_NESTED.isdisjoint, self._kinds.values()))

    def objects(self) -> Iterator[dict[str, object]]:
        """Give the objects."""
        for values in zip(*self._values.values(), strict=True):
            yield dict(zip(self._values, values, strict=True))

    def column(self, key: str) -> Sequence[object]:
        """Return the values under a key."""
        return self._values[key]

    def kinds(self, key: str) -> AbstractSet[type]:
        """Return the types of the values under a key."""
        return self._kinds[key]

    def holds_texts(self, key: str | None) -> bool:
        """Return whether all values under a key are texts or null; so if none has it."""
        return key is None or self._kinds.get(key, _TEXTS) <= _TEXTS

    def texts(self, key: str | None) -> Sequence[str | None] | None:
        """Return the texts under a key. None without the key."""
        if key is None:
            return None  # not "", which may be a key
        return cast("Sequence[str | None] | None", self._values.get(key))


def columns_without_checks(
    lines: Sequence[str], keys: tuple[str, ...]
) -> JsonColumns | None:
    """Decode lines that are objects with these keys, each of them once.

    None if there is another line, or if it is not certain that no key is repeated. All
    numbers are as `orjson` gives them.
    """
    text = "".join(lines)
    if _has_more_keys(text, len(lines) * len(keys)):
        return None
    try:
        columns = _columns_of_flat(lines, keys)
        if columns is None or not columns.are_flat:
            columns = _columns_of(list(map(orjson.loads, lines)), keys)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return columns


def _columns_of_flat(lines: Sequence[str], keys: tuple[str, ...]) -> JsonColumns | None:
    """Decode lines at once that all begin with a brace, where no value is nested.

    Then each of them is one object: a brace begins each object, and each line. With
    nested values the result is not certain.
    """
    if "" in lines or set(map(itemgetter(0), lines)) != {"{"}:
        return None
    objects = orjson.loads(f"[{','.join(lines)}]")
    return _columns_of(objects, keys) if len(objects) == len(lines) else None


def _columns_of(
    objects: Sequence[dict[str, object]], keys: tuple[str, ...]
) -> JsonColumns:
    """Return the values by key.

    Raises:
        KeyError: An object lacks a key.
        TypeError: A value is no object.
    """
    if len(keys) == 1:
        return JsonColumns({keys[0]: list(map(itemgetter(*keys), objects))})
    columns = zip(*map(itemgetter(*keys), objects), strict=False)
    return JsonColumns(dict(zip(keys, columns, strict=True)))


def _has_more_keys(text: str, count: int) -> bool:
    """Return whether there may be more keys than so many, as where one is repeated."""
    # In most feeds no colon is in a text: each stands behind a key.
    if text.count(":") == count:
        return False
    return text.count('":') != count or _may_have_apart_colon(text)


def _may_have_apart_colon(text: str) -> bool:
    """Return whether a blank stands behind a quote, as it does before such a colon."""
    return any(f'"{blank}' in text for blank in " \t\r")


def numbers_as_written(
    lines: Sequence[str], key: str, columns: JsonColumns
) -> TextColumn | None:
    """Return the numbers and texts under a key as they are written in its lines.

    None if another value is among them, or a text is written with a backslash.

    Args:
        lines: The lines, of which each has the key once.
        key: The key.
        columns: What `orjson` gives for them.
    """
    text = "".join(lines)
    kinds = columns.kinds(key)
    if "\\" in text or not kinds <= {int, float, str, type(None)}:
        return None
    # Without backslashes, a quote begins or ends a text: this finds keys alone.
    are_numbers = kinds == {float}
    value = "[-+.0-9eE]+" if are_numbers else r"[^,}\s]+"
    written = re.findall(rf'"{re.escape(key)}":[ \t]*({value})', text)
    if len(written) != len(lines):
        return None
    if are_numbers:
        # The usual case of amounts.
        return TextColumn(written, JsonNumber)
    pairs = zip(columns.column(key), written, strict=True)
    return TextColumn([_as_written(value, number) for value, number in pairs])


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
