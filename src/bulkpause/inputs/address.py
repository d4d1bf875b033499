"""Find the id in the address of a campaign, as a browser shows it."""

import re
from functools import partial
from itertools import pairwise
from urllib.parse import unquote

from bulkpause.ids import why_invalid


_ADDRESS = partial(re.match, r"[a-z][a-z0-9+.-]*://", flags=re.IGNORECASE)
_CAMPAIGN = partial(re.fullmatch, r"campaigns?", flags=re.IGNORECASE)
_CAMPAIGN_ID = partial(re.fullmatch, r"campaign_?id=(.*)", flags=re.IGNORECASE)
_OWN_ID = partial(re.fullmatch, r"id=(.*)", flags=re.IGNORECASE)


def is_address(word: str) -> bool:
    """Tell whether a word begins as a URL does."""
    return _ADDRESS(word) is not None


def id_in_address(word: str) -> str | None:
    """Find the id in the address of a campaign; None if it is no address, or has none.

    Only an id behind `campaign/`, `campaigns/` or `campaign_id=` is certainly meant, or
    the only one behind `id=`, wherever in the address it stands.
    """
    if not is_address(word):
        return None
    parts = re.split("[/?#&]", unquote(word.partition("://")[2]))[1:]
    found = [after for before, after in pairwise(parts) if _CAMPAIGN(before)]
    found += [match[1] for part in parts if (match := _CAMPAIGN_ID(part))]
    own = [match[1] for part in parts if (match := _OWN_ID(part))]
    ids = set(filter(_is_valid_id, found)) or set(filter(_is_valid_id, own))
    return ids.pop() if len(ids) == 1 else None


def _is_valid_id(text: str) -> bool:
    return any(map(str.isdecimal, text)) and why_invalid(text) is None
