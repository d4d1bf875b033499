"""Parse the headers and the body of a response.

Nothing is raised, whatever the bytes are: a field that cannot be read is None. Texts
of the server are cut short, and characters that could control a terminal are replaced.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from multidict import CIMultiDictProxy

from bulkpause._json import parse_doubtful_json, parse_json
from bulkpause._text import sanitize
from bulkpause._value import value
from bulkpause.model import RateLimitHeaders


#: Headers in which servers report the id under which they log a request.
TRACE_HEADERS = ("X-Trace-Id", "Trace-Id", "X-Correlation-Id", "X-Amzn-Trace-Id")

_MAX_TEXT_CHARACTERS = 500
#: Longer than any wait. A larger `Retry-After` may not fit a float.
_MAX_RETRY_AFTER_S = 1e9
#: The keys by which it is known what a campaign is. One that an answer names twice, with
#: different values, leaves that open.
_DECISIVE = frozenset(
    {"items", "total", "id", "status", "company_id", "scheduled_time", "update_time"}
)
#: No known rate limit has a window longer than a day.
_MAX_RESET_S = 86_400


@value(slots=False)
class ParsedResponse:
    """The fields of a response except its HTTP status; None where one is missing.

    `is_campaign_missing` says that it is a list without the requested campaign,
    `is_contradictory` that it is one which contradicts itself: nothing is taken from it.
    """

    title: str | None = None
    message: str | None = None
    trace_id: str | None = None
    campaign_status: str | None = None
    company_id: str | None = None
    scheduled_time: str | None = None
    update_time: str | None = None
    served_at: datetime | None = None
    is_campaign_missing: bool = False
    is_contradictory: bool = False
    rate_limit: RateLimitHeaders | None = None
    retry_after_s: float | None = None


_NOTHING = ParsedResponse()


def parse_response(
    headers: CIMultiDictProxy[str] | None,
    body: bytes,
    *,
    id_: str,
    now: Callable[[], datetime],
    redact: Callable[[str], str],
) -> ParsedResponse:
    """Parse the headers and the body of the response to a request for an id.

    Args:
        headers: As they were received; None without a response.
        body: As much of it as was read.
        id_: The campaign that was requested.
        now: The wall clock, for `Retry-After` dates.
        redact: Removes secrets from a text.
    """
    if headers is None or not (headers or body):
        return _NOTHING
    fields = _decoded(body)
    shown = _shown(fields, body, id_)
    campaign = shown.campaign

    def text(value: object) -> str | None:
        return clean(redact(value)) if isinstance(value, str) else None

    return ParsedResponse(
        title=text(fields.get("title")),
        message=text(fields.get("message")),
        trace_id=text(_trace_id(fields, headers)),
        campaign_status=text((campaign or {}).get("status")),
        company_id=text(_id_text((campaign or {}).get("company_id"))),
        scheduled_time=text(_written((campaign or {}).get("scheduled_time"))),
        update_time=text(_written((campaign or {}).get("update_time"))),
        served_at=(None if campaign is None else http_date(headers.get("Date", ""))),
        is_campaign_missing=shown.is_missing,
        is_contradictory=shown.is_contradictory,
        rate_limit=_rate_limit(headers),
        retry_after_s=_retry_after_s(headers, now),
    )


def clean(text: str) -> str:
    """Cut a server's text short and replace what could control a terminal."""
    return sanitize(text[:_MAX_TEXT_CHARACTERS])


def _decoded(body: bytes) -> dict[str, object]:
    if not body:
        return {}
    try:
        value = parse_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _trace_id(fields: Mapping[str, object], headers: Mapping[str, str]) -> object:
    in_headers = (headers.get(name) for name in TRACE_HEADERS)
    candidates = (fields.get("trace_id"), *in_headers)
    return next(filter(_is_trace_id, candidates), None)


def _is_trace_id(value: object) -> bool:
    """Tell an id from a placeholder that the server left empty, such as `{}`."""
    return isinstance(value, str) and any(map(str.isalnum, value))


class _Shown(NamedTuple):
    """What a list shows of the requested campaign."""

    campaign: Mapping[str, object] | None = None
    is_missing: bool = False
    is_contradictory: bool = False


#: What the answers to pauses show.
_NO_LIST = _Shown()


def _shown(fields: Mapping[str, object], body: bytes, id_: str) -> _Shown:
    """Find the requested campaign in a list; any other campaign is skipped."""
    items = fields.get("items")
    if not isinstance(items, list):
        return _NO_LIST
    found = [
        item for item in items if isinstance(item, dict) and str(item.get("id")) == id_
    ]
    if _is_contradictory(body, fields.get("total"), items, found):
        return _Shown(is_contradictory=True)
    return _Shown(found[0]) if found else _Shown(is_missing=True)


def _is_contradictory(
    body: bytes,
    total: object,
    items: list[object],
    found: Sequence[Mapping[str, object]],
) -> bool:
    """Tell whether a list says two things of the requested campaign.

    Args:
        body: What was decoded.
        total: How many campaigns there are, by the list itself.
        items: What it lists.
        found: The items of the campaign.
    """
    is_one_too_many = bool(items) and str(total) == "0"
    if is_one_too_many or any(one != found[0] for one in found):
        return True
    try:
        _, doubled = parse_doubtful_json(body)
    except ValueError:  # such as a number that is too long
        return True
    return not doubled.isdisjoint(_DECISIVE)


def _id_text(value: object) -> object:
    """Give an id as text, as which the API usually has it."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _written(value: object) -> object:
    """Give a time as text, whatever it is: one that is no text is there all the same."""
    return value if value is None else str(value)


def _rate_limit(headers: CIMultiDictProxy[str]) -> RateLimitHeaders | None:
    """Read the X-RateLimit headers if each occurs once and together they make sense."""
    numbers: list[int] = []
    for name in ("Limit", "Remaining", "Reset"):
        values = headers.getall(f"X-RateLimit-{name}", [])
        if len(values) != 1 or not re.fullmatch("[0-9]{1,9}", values[0]):
            return None
        numbers.append(int(values[0]))
    limit, remaining, reset_s = numbers
    if not remaining <= limit or limit == 0 or reset_s > _MAX_RESET_S:
        return None
    return RateLimitHeaders(limit=limit, remaining=remaining, reset_s=reset_s)


def _retry_after_s(
    headers: Mapping[str, str], now: Callable[[], datetime]
) -> float | None:
    """Read `Retry-After` in seconds or as a date; -1 has a meaning of its own."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if re.fullmatch("[0-9]+|-1", text):
        return min(float(text), _MAX_RETRY_AFTER_S)
    if (retry_at := http_date(text)) is None:
        return None
    # The server's clock decides, where it is known: ours may differ from it.
    server_now = http_date(headers.get("Date", "")) or now()
    return max(0.0, (retry_at - server_now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Parse an HTTP date; None if it is not valid or its time zone is not known."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None and "," not in text:
        # The form of `asctime`, which is in GMT without saying so.
        # https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
        return date.replace(tzinfo=UTC)
    return date if date.tzinfo else None
