"""Write campaigns as CSV or JSON lines, which `run` reads and spreadsheets open safely."""

from collections.abc import Iterable, Iterator

from bulkpause._csv import csv_text, without_formula
from bulkpause._json import to_json
from bulkpause._text import on_one_line
from bulkpause.listing.campaign import FIELDS, Campaign


def as_jsonl(campaigns: Iterable[Campaign]) -> Iterator[str]:
    """Write campaigns as JSON lines."""
    for campaign in campaigns:
        yield f"{to_json(campaign.as_dict())}\n"


def as_csv(
    campaigns: Iterable[Campaign], *, has_accounts: bool = False
) -> Iterator[str]:
    """Write campaigns as CSV lines, after a header line. Labels are joined by commas.

    Args:
        campaigns: The campaigns.
        has_accounts: Whether each has an account, which is the first column then.
    """
    names = ("account", *FIELDS) if has_accounts else FIELDS
    yield csv_text([names])
    for campaign in campaigns:
        fields = campaign.as_dict() | {"labels": ",".join(campaign.labels)}
        yield csv_text([[_cell(fields[name]) for name in names]])


def _cell(value: object) -> object:
    return without_formula(on_one_line(value)) if isinstance(value, str) else value
