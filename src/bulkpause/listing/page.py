"""Read one page of a list from the body of a response."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from bulkpause._json import parse_doubtful_json
from bulkpause._value import value
from bulkpause.listing.campaign import FIELDS, Campaign, as_it_is, parse_campaign


#: The keys by which it is known what a list holds.
_DECISIVE = frozenset({"items", "total", *FIELDS})


@value
class Page:
    """One page of a list.

    Attributes:
        total: How many campaigns the list has, by the API's word; None without one.
        campaigns: Those of the page.
        invalid: How many items of the page have no valid id.
        company_id: The company of the first campaign, if the page shows it.
        contradiction: In what the page contradicts itself; None if it does not. A
            campaign with two statuses has none.
    """

    total: int | None
    campaigns: tuple[Campaign, ...]
    invalid: int = 0
    company_id: str | None = None
    contradiction: str | None = None

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
        fields, doubled = parse_doubtful_json(body)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("items"), list):
        return None
    items = fields["items"]
    parsed = [parse_campaign(item, redact) for item in items]
    campaigns = [one for one in parsed if one is not None]
    total = _total(fields.get("total"))
    torn = _ids_with_two_statuses(campaigns)
    invalid = len(items) - len(campaigns)
    # An API may list a campaign twice, and count it once.
    count = len({one.id for one in campaigns}) + invalid
    return Page(
        total=total,
        campaigns=without_status(campaigns, torn),
        invalid=invalid,
        company_id=_company_of(items, redact),
        contradiction=two_statuses(torn, "on one page")
        or _two_values(doubled & _DECISIVE)
        or _too_many(count, total),
    )


def without_status(
    campaigns: Iterable[Campaign], ids: Collection[str]
) -> tuple[Campaign, ...]:
    """Take the status from the campaigns with these ids: it is not certain."""
    return tuple(
        replace(one, status=None) if one.id in ids else one for one in campaigns
    )


def two_statuses(ids: Sequence[str], where: str) -> str | None:
    """Say that campaigns are listed with two statuses; None without ids."""
    if not ids:
        return None
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"the API lists {ids[0]}{more} with two statuses {where}"


def _ids_with_two_statuses(campaigns: Iterable[Campaign]) -> list[str]:
    """Find the campaigns that the page lists twice, each time in another status."""
    first: dict[str, str | None] = {}
    found = (
        one.id
        for one in campaigns
        if first.setdefault(one.id, one.status) != one.status
    )
    return list(dict.fromkeys(found))


def _two_values(doubled: Iterable[str]) -> str | None:
    names = ", ".join(sorted(doubled))
    return f"the API's answer has two values for one key: {names}" if names else None


def _too_many(count: int, total: int | None) -> str | None:
    if total is None or count <= total:
        return None
    return f"the API says {total} campaigns, and lists {count} on one page"


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
