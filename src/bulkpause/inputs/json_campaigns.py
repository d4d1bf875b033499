"""Tell by its keys which part of a JSON value holds campaigns, and which does not."""

import re
import shlex
from collections.abc import Mapping

from bulkpause.inputs.columns import RowError, has_column
from bulkpause.inputs.json_keys import field


#: Lists are looked for in objects up to this many levels deep.
DEEPEST_ARRAY = 8
#: Keys of lists, such as labels, that answers have beside or in campaigns.
_OTHER_THINGS = frozenset({
    *("columns", "details", "error", "errors", "fields", "headers", "labels", "links"),
    *("messages", "notes", "notices", "permissions", "tags", "warnings"),
})  # fmt: skip


def check_is_campaign(fields: Mapping[str, object], key: str) -> None:
    """Check that an object with an id is not about something else than a campaign.

    Raises:
        RowError: It holds a campaign with an id of its own, or a list of campaigns.
    """
    nested = {
        name: value for name, value in fields.items() if isinstance(value, dict | list)
    }
    if not nested:
        return
    if _holds_campaigns(nested, DEEPEST_ARRAY):
        raise RowError(*why_around_campaigns(key))
    for name, value in nested.items():
        if name.casefold() == "campaign" and isinstance(value, dict) and _is_row(value):
            path = shlex.quote(f"{name}.{field(value, None)[0]}")
            detail = "has an id, and a campaign in it that has an id too"
            raise RowError(detail, f"pass --column {path}, or {_own_id(key)}")


def why_around_campaigns(key: str) -> tuple[str, str]:
    """Say why an object with an id under a key may not be the campaign, and a remedy."""
    detail = "has an id, and a list in it that may be the campaigns"
    return detail, f"write that list alone if it is, or pass {_own_id(key)}"


def _own_id(key: str) -> str:
    return f"--column {shlex.quote(key)} if the object's own id is meant"


def _holds_campaigns(fields: Mapping[str, object], depth: int) -> bool:
    """Return whether a list in an object may be the campaigns that are meant."""
    return depth > 0 and any(
        _is_list_of_campaigns(key, value)
        if isinstance(value, list)
        else isinstance(value, dict) and _holds_campaigns(value, depth - 1)
        for key, value in fields.items()
    )


def _is_list_of_campaigns(key: str, value: list[object]) -> bool:
    if is_of_something_else(key):
        return False
    return bool(value) and (is_of_campaigns(key) or any(map(_is_row, value)))


def is_of_campaigns(key: str) -> bool:
    """Return whether the key of a list says that it holds campaigns."""
    return "campaign" in key.casefold()


_is_key_of_ids = re.compile(
    r"(?:.*campaign[_-]?)?ids?|.*campaigns?", re.IGNORECASE | re.DOTALL
).fullmatch


def is_of_ids(key: str) -> bool:
    """Return whether the key of a list says that its bare values are ids."""
    return _is_key_of_ids(key) is not None


def is_of_something_else(key: str) -> bool:
    """Return whether the key of a list says that it holds no campaigns."""
    return key.casefold() in _OTHER_THINGS


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and has_column(tuple(value), None)
