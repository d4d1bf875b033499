"""Find what a JSON object says of its campaign, by its keys and paths of keys."""

from collections.abc import Mapping
from functools import lru_cache

from bulkpause._text import quote
from bulkpause.ids import WHITESPACE
from bulkpause.inputs.columns import (
    ACCOUNT_COLUMNS,
    NAME_COLUMNS,
    STATUS_COLUMNS,
    RowError,
    find_column,
    find_currency_column,
    find_known_column,
    has_column,
)
from bulkpause.inputs.json_text import ObjectWithRepeatedKey
from bulkpause.inputs.layout import Layout


def has_id(fields: Mapping[str, object], layout: Layout) -> bool:
    """Return whether an object has the key of the ids."""
    return key_of_id(fields, layout) is not None


def key_of_id(fields: Mapping[str, object], layout: Layout) -> str | None:
    """Return the key of the ids, or its path; None if an object has none."""
    try:
        return field(dict(fields), layout.column)[0]
    except RowError:
        return None


def find_beside(
    fields: dict[str, object], path: str
) -> tuple[dict[str, object], str | None, str | None]:
    """Return the object with the name and the status of an id, and their keys.

    They stand beside the id. Around it they count only where no other id stands.
    """
    owner, before = owner_of(fields, path)
    name, status = _known_keys(tuple(owner), path.removeprefix(before))
    if owner is fields or name or status or has_column(tuple(fields), None):
        return owner, name, status
    return fields, *_known_keys(tuple(fields), path)


# The cache is small because each row of a hostile feed may have long keys of its own.
@lru_cache(maxsize=32)
def _known_keys(keys: tuple[str, ...], id_key: str) -> tuple[str | None, str | None]:
    """Return the keys of the name and of the status."""
    id_index = keys.index(id_key) if id_key in keys else None
    name = find_known_column(keys, NAME_COLUMNS, other_than=id_index)
    status = find_known_column(keys, STATUS_COLUMNS, other_than=id_index)
    return (
        None if name is None else keys[name],
        None if status is None else keys[status],
    )


def known_account(fields: dict[str, object]) -> object:
    """Return the value under the key of the account; None without one."""
    key = _key_of_account(fields)
    return None if key is None else fields[key]


def unused_account_key(
    fields: dict[str, object], beside: dict[str, object]
) -> str | None:
    """Return the key of the account that a run with several would use, if any.

    Args:
        fields: An object with an id.
        beside: The object in it that the id stands in.
    """
    for owner in (beside, fields):
        key = _key_of_account(owner)
        if key is not None and isinstance(owner[key], str | None):
            return key
    return None


def _key_of_account(fields: dict[str, object]) -> str | None:
    keys = tuple(fields)
    index = find_known_column(keys, ACCOUNT_COLUMNS, other_than=None)
    return None if index is None else keys[index]


def check_keys(fields: dict[str, object]) -> None:
    """Refuse an object that has a key twice.

    Raises:
        RowError: It has.
    """
    if isinstance(fields, ObjectWithRepeatedKey):
        reason = f"the key {quote(fields.repeated_key)} occurs more than once"
        raise RowError(reason, "keep one of them")


def id_field(fields: dict[str, object], wanted: str | None) -> tuple[str, object]:
    """Return the key, or the path of keys, of the id, and its value.

    Raises:
        RowError: None matches, or more than one.
    """
    try:
        return field(fields, wanted)
    except RowError as error:
        if wanted is None and (path := _path_of_nested_id(fields)) is not None:
            remedy = f"pass --column {path}"
            raise RowError(str(error), remedy) from error
        raise


def _path_of_nested_id(fields: dict[str, object]) -> str | None:
    if has_column(tuple(fields), None):
        return None
    for key, inner in fields.items():
        if isinstance(inner, dict) and has_column(tuple(inner), None):
            path = f"{key}.{field(inner, None)[0]}"
            return path if path.isprintable() and path.isascii() else None
    return None


def field(fields: dict[str, object], wanted: str | None) -> tuple[str, object]:
    """Return the key, or the path of keys, that matches, and its value.

    Raises:
        RowError: None matches, or more than one.
    """
    keys = tuple(fields)
    if wanted is not None and "." in wanted and not has_column(keys, wanted):
        outer, _, rest = wanted.partition(".")
        if has_column(keys, outer):
            key = keys[find_column(keys, outer)]
            inner = fields[key]
            if isinstance(inner, dict):
                check_keys(inner)
                path, value = field(inner, rest)
                return f"{key}.{path}", value
    key = keys[find_column(keys, wanted)]
    return key, fields[key]


def optional_field(fields: dict[str, object], wanted: str) -> tuple[str | None, object]:
    """Return the key that matches and its value, or None and None."""
    try:
        return field(fields, wanted)
    except RowError:
        return None, None


def owner_of(fields: dict[str, object], path: str) -> tuple[dict[str, object], str]:
    """Return the object in which the last key of a path stands, and the path before."""
    before = ""
    while path not in fields:
        outer, _, path = path.partition(".")
        before = f"{before}{outer}."
        inner = fields.get(outer)
        if not isinstance(inner, dict):
            break
        fields = inner
    return fields, before


def currency_of(fields: dict[str, object], path: str) -> str:
    """Return the currency beside an amount, or else beside what holds it; or nothing."""
    for owner in (owner_of(fields, path)[0], fields):
        keys = tuple(owner)
        index = find_currency_column(keys, path, other_than=None)
        if index is not None and (text := text_of(owner[keys[index]])):
            return text.strip(WHITESPACE)
    return ""


def text_of(value: object) -> str | None:
    """Return a text, without what JSON knew of it; None for any other value."""
    return str(value) if isinstance(value, str) else None
