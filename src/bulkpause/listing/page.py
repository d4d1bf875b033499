"""Read one page of a list from the body of a response."""

import re
from collections.abc import Callable

from bulkpause._json import parse_json
from bulkpause._value import value
from bulkpause.listing.campaign import Campaign, as_it_is, parse_campaign


@value
class Page:
    """One page of a list.

    Attributes:
        total: How many campaigns the list has, by the API's word; None without one.
        campaigns: Those of the page.
        invalid: How many items of the page have no valid id.
        company_id: The company of the first campaign, if the page shows it.
    """

    total: int | None
    campaigns: tuple[Campaign, ...]
    invalid: int = 0
    company_id: str | None = None

    @property
    def length(self) -> int:
        """The number of items."""
        return len(self.campaigns) + self.invalid


def parse_page(body: bytes, redact: Callable[[str], str] = as_it_is) -> Page | None:
    """Read a page; None if the body is not a list of campaigns.

    Args:
        body: The body of the response.
        redact: Removes secrets from a text.
    """
    try:
        fields = parse_json(body)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("items"), list):
        return None
    items = fields["items"]
    parsed = [parse_campaign(item, redact) for item in items]
    campaigns = tuple(one for one in parsed if one is not None)
    return Page(
        total=_total(fields.get("total")),
        campaigns=campaigns,
        invalid=len(items) - len(campaigns),
        company_id=_company_of(items, redact),
    )


def _company_of(items: list[object], redact: Callable[[str], str]) -> str | None:
    first = items[0] if items else None
    value = first.get("company_id") if isinstance(first, dict) else None
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    return redact(str(value)) if is_id else None


def _total(value: object) -> int | None:
    """Read a total, which may be a text."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,12}", value.strip()):
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and isinstance(value, int) and value >= 0 else None
