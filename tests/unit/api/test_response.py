"""A response is parsed to short, safe texts, whatever its bytes are."""

from collections.abc import Iterable
from dataclasses import astuple
from datetime import UTC, datetime
from math import inf
from unicodedata import category

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from bulkpause.api.redaction import Redactor
from bulkpause.api.response import TRACE_HEADERS, ParsedResponse, parse_response


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SECRET = "s3cret/canary+token=="
EMPTY = ParsedResponse(
    title=None,
    message=None,
    trace_id=None,
    campaign_status=None,
    company_id=None,
    scheduled_time=None,
    update_time=None,
    served_at=None,
    is_campaign_missing=False,
    rate_limit=None,
    retry_after_s=None,
)


def parse(body: object, headers: Iterable[tuple[str, str]] = ()) -> ParsedResponse:
    return parse_response(
        CIMultiDictProxy(CIMultiDict(headers)),
        body if isinstance(body, bytes) else orjson.dumps(body),
        id_="7",
        now=lambda: NOW,
        redact=Redactor([SECRET]).redact,
    )


def texts(parsed: ParsedResponse) -> list[str]:
    return [text for text in astuple(parsed) if isinstance(text, str)]


def test_half_a_character_hides_no_status() -> None:
    headers = CIMultiDictProxy(CIMultiDict[str]())
    parsed = parse_response(
        headers,
        rb'{"items": [{"id": "7", "status": "paused", "name": "sale \ud83d"}]}',
        id_="7",
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        redact=str,
    )

    assert parsed.campaign_status == "paused"


def test_placeholder_is_no_trace_id() -> None:
    """The documented 401 of the token check has one."""
    assert parse({"trace_id": "{}"}).trace_id is None
    in_header = [(TRACE_HEADERS[0], "t-1")]
    assert parse({"trace_id": "{}"}, in_header).trace_id == "t-1"


def test_empty_response_has_no_fields() -> None:
    assert parse(b"") == EMPTY


ECHOES = {
    "alone": SECRET,
    "in a header": f"Authorization: Bearer {SECRET}, was that it?",
    "twice": f"{SECRET}{SECRET}",
    "in a URL": "/login?token=s3cret%2Fcanary%2Btoken%3D%3D",
    "where the text is cut": "x" * 490 + SECRET,
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_echoed_token_is_redacted(echo: str) -> None:
    fields = {"title": echo, "message": echo, "trace_id": echo}
    items = [{"id": "7", "status": echo}]
    for parsed in (
        parse({**fields, "items": items}),
        *(parse(b"", [(name, echo)]) for name in TRACE_HEADERS),
    ):
        assert texts(parsed)
        for text in texts(parsed):
            assert "…" in text
            assert "s3cret" not in text


def test_text_around_echoed_token_is_kept() -> None:
    assert parse({"message": f"no {SECRET}!"}).message == "no …!"


_HEADER_NAMES = st.sampled_from(
    [
        *TRACE_HEADERS,
        "Retry-After",
        "Date",
        *(f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset")),
    ]
)
#: As aiohttp decodes them: bytes that are not valid UTF-8 become surrogates.
_HEADER_VALUES = st.binary(max_size=40).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
_MEANINGFUL_VALUES = st.sampled_from(
    ["1", "0", "-1", "10", "60", "9" * 50, "Sun, 22 Nov 2026 12:01:30 GMT", "paused"]
)
_HEADERS = st.lists(
    st.tuples(_HEADER_NAMES, _HEADER_VALUES | _MEANINGFUL_VALUES), max_size=12
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["7", "paused", "running", SECRET, 7])
)
_KEYS = st.sampled_from(
    ["title", "message", "trace_id", "items", "id", "status", "total", "code"]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5)
    ),
    max_leaves=20,
)
_BODIES = st.binary(max_size=200) | _VALUES.map(orjson.dumps)


@st.composite
def _truncated(draw: st.DrawFn) -> bytes:
    body = draw(_BODIES)
    return body[: draw(st.integers(0, len(body)))]


@given(headers=_HEADERS, body=_BODIES | _truncated())
def test_any_response_is_parsed_to_safe_text(
    headers: list[tuple[str, str]], body: bytes
) -> None:
    parsed = parse(body, headers)

    for text in texts(parsed):
        assert len(text) <= 500
        assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & set(map(category, text))
        assert SECRET not in text
        orjson.dumps(text)
    assert parsed.retry_after_s is None or -1 <= parsed.retry_after_s < inf
    rate_limit = parsed.rate_limit
    if rate_limit is not None:
        assert 0 <= rate_limit.remaining <= rate_limit.limit


@given(body=_BODIES | _truncated())
def test_paused_status_comes_only_from_matching_item(body: bytes) -> None:
    if parse(body).campaign_status == "paused":
        items = orjson.loads(body)["items"]
        assert {"paused"} <= {
            item["status"]
            for item in items
            if isinstance(item, dict) and str(item.get("id")) == "7"
        }


@pytest.mark.parametrize(
    ("body", "is_missing"),
    [
        ({"total": 0, "items": []}, True),
        ({"total": 1, "items": [{"id": "8", "status": "paused"}]}, True),
        ({"total": 1, "items": [{"id": "7"}]}, False),
        ({"total": 1, "items": [{"id": 7, "status": "paused"}]}, False),
        ({"items": None}, False),
        ({}, False),
        ([], False),
        (b"<html>please log in</html>", False),
    ],
)
def test_only_list_of_others_shows_that_campaign_is_missing(
    body: object, is_missing: bool
) -> None:
    assert parse(body).is_campaign_missing is is_missing


_ITEM = '{"id": "7", "status": "paused"}'


@pytest.mark.parametrize(
    "body",
    [
        '{"items": [{"id": "7", "status": "running"}, %s]}',
        '{"items": [%s, {"id": 7, "status": "running"}]}',
        '{"total": 0, "items": [%s]}',
        '{"total": "0", "items": [{"id": "8"}]}',
        '{"items": [{"id": "7", "status": "running", "status": "paused"}]}',
        '{"items": [{"id": "8", "id": "7", "status": "paused"}]}',
        '{"items": [], "items": [%s]}',
        '{"items": [%s], "items": []}',
        '{"total": 0, "total": 1, "items": [%s]}',
    ],
)
def test_contradictory_read_shows_nothing(body: str) -> None:
    parsed = parse(body.replace("%s", _ITEM).encode())
    assert parsed.is_contradictory
    assert (parsed.campaign_status, parsed.is_campaign_missing) == (None, False)


@pytest.mark.parametrize(
    "body",
    [
        '{"total": 2, "items": [%s, %s]}',
        '{"total": 2, "items": [{"id": "8", "status": "running"}, %s]}',
        '{"total": 1, "total": 1, "items": [%s]}',
        '{"items": [%s], "links": {"next": "a", "next": "b"}}',
    ],
)
def test_repetition_is_no_contradiction(body: str) -> None:
    parsed = parse(body.replace("%s", _ITEM).encode())
    assert not parsed.is_contradictory
    assert parsed.campaign_status == "paused"
