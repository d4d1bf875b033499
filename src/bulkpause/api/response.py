"""The head and the body of an answer → what is kept of them.

Whatever the bytes are, nothing is raised: what cannot be read is not there. Foreign
words are cut short and can steer no terminal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import orjson
from multidict import CIMultiDictProxy

from bulkpause._text import sanitize
from bulkpause.model import RateLimitHeaders


#: Where servers put the id under which they log a request.
TRACE_HEADERS = ("X-Trace-Id", "Trace-Id", "X-Correlation-Id", "X-Amzn-Trace-Id")

_LONGEST_TEXT = 500
#: More seconds than any wait, for a `Retry-After` that no float holds.
_LONGEST_RETRY_AFTER_S = 1e9
#: No rate limit is known whose window is longer than a day.
_LONGEST_RESET_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedResponse:
    """What a server said beside the status, as far as it could be read."""

    title: str | None
    message: str | None
    trace_id: str | None
    campaign_status: str | None
    rate_limit: RateLimitHeaders | None
    retry_after_s: float | None


def parse_response(
    headers: CIMultiDictProxy[str],
    body: bytes,
    *,
    id_: str,
    now: Callable[[], datetime],
    hide: Callable[[str], str],
) -> ParsedResponse:
    """Read the headers and the body of an answer to a request for an id.

    Args:
        headers: As they came.
        body: As much of it as was read.
        id_: The campaign that was asked for.
        now: The wall clock, for `Retry-After` dates.
        hide: Takes out of a text what must not be kept.
    """
    told = _decoded(body)

    def text(value: object) -> str | None:
        return clean(hide(value)) if isinstance(value, str) else None

    return ParsedResponse(
        title=text(told.get("title")),
        message=text(told.get("message")),
        trace_id=text(_trace_id(told, headers)),
        campaign_status=text(_campaign_status(told, id_)),
        rate_limit=_rate_limit(headers),
        retry_after_s=_retry_after_s(headers, now),
    )


def clean(text: str) -> str:
    """Cut a foreign text short and take out what could steer a terminal."""
    return sanitize(text[:_LONGEST_TEXT])


def _decoded(body: bytes) -> dict[str, object]:
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _trace_id(body: Mapping[str, object], headers: Mapping[str, str]) -> object:
    in_headers = (headers.get(name) for name in TRACE_HEADERS)
    found = (body.get("trace_id"), *in_headers)
    return next((text for text in found if text and isinstance(text, str)), None)


def _campaign_status(body: Mapping[str, object], id_: str) -> object:
    """Find the status of the campaign that was asked for, and of no other."""
    items = body.get("items")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and str(item.get("id")) == id_:
            return item.get("status")
    return None


def _rate_limit(headers: CIMultiDictProxy[str]) -> RateLimitHeaders | None:
    """Read the server's word on a window, if it is said once and makes sense."""
    numbers: list[int] = []
    for name in ("Limit", "Remaining", "Reset"):
        texts = headers.getall(f"X-RateLimit-{name}", [])
        if len(texts) != 1 or not re.fullmatch("[0-9]{1,9}", texts[0]):
            return None
        numbers.append(int(texts[0]))
    limit, remaining, reset_s = numbers
    if not remaining <= limit or limit == 0 or reset_s > _LONGEST_RESET_S:
        return None
    return RateLimitHeaders(limit=limit, remaining=remaining, reset_s=reset_s)


def _retry_after_s(
    headers: Mapping[str, str], now: Callable[[], datetime]
) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if re.fullmatch("[0-9]+|-1", text):
        return min(float(text), _LONGEST_RETRY_AFTER_S)
    if (at := _moment(text)) is None:
        return None
    since = _moment(headers.get("Date", "")) or now()
    return max(0.0, (at - since).total_seconds())


def _moment(text: str) -> datetime | None:
    """Read an HTTP date; None where it is none, or does not name its zone."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None
