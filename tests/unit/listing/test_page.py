import orjson
import pytest

from bulkpause.listing.campaign import Campaign, parse_campaign
from bulkpause.listing.page import parse_page


def body(*items: object, **fields: object) -> bytes:
    return orjson.dumps({"items": items, **fields})


def test_campaign_has_documented_fields() -> None:
    item = {
        "id": "1000248",
        "name": "Sale",
        "status": "running",
        "labels": ["de", "sale"],
        "scheduled_time": None,
        "create_time": "2024-10-06 10:00:00",
        "company_id": "1000000",
    }

    assert parse_campaign(item) == Campaign(
        id="1000248",
        name="Sale",
        status="running",
        labels=("de", "sale"),
        create_time="2024-10-06 10:00:00",
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("de, sale,", ("de", "sale")), ("", ()), (None, ()), ([1, "de"], ("de",))],
)
def test_labels_have_two_forms(labels: object, expected: tuple[str, ...]) -> None:
    campaign = parse_campaign({"id": "7", "labels": labels})

    assert campaign is not None
    assert campaign.labels == expected


@pytest.mark.parametrize(
    "item",
    [
        7,
        None,
        "1000248",
        [],
        {},
        {"id": None},
        {"id": ""},
        {"id": True},
        {"id": 1.5},
        {"id": 2**53},
        {"id": -7},
        {"id": "../7"},
        {"id": "7 "},
        {"id": "7" * 65},
    ],
)
def test_item_without_valid_id_is_invalid(item: object) -> None:
    page = parse_page(body(item, {"id": 8}))

    assert page is not None
    assert ([one.id for one in page.campaigns], page.invalid) == (["8"], 1)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (50, 50),
        ("75", 75),
        (0, 0),
        (-1, None),
        (True, None),
        (5.5, None),
        ("many", None),
        (None, None),
    ],
)
def test_total_may_be_text(total: object, expected: int | None) -> None:
    page = parse_page(body(total=total))

    assert page is not None
    assert page.total == expected


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"7", b"{}", b'{"items":{}}', b'{"items":[', b"<html>"]
)
def test_body_without_list_is_no_page(text: bytes) -> None:
    assert parse_page(text) is None


def test_half_a_character_leaves_page_readable() -> None:
    page = parse_page(rb'{"total": 1, "items": [{"id": "7", "name": "sale \ud83d"}]}')

    assert page is not None
    [campaign] = page.campaigns
    assert (campaign.id, campaign.name) == ("7", "sale \ufffd")


@pytest.mark.parametrize(
    "text",
    [
        rb'{"items": [], "a": "\ud83d", "b": NaN}',
        b'{"a": "\\ud83d", "items": ' + b"[" * 100_000,
        b'{"items": [], "a": "\\ud83d\xff"}',
    ],
    ids=["constant", "nested", "bytes"],
)
def test_other_faults_are_still_no_page(text: bytes) -> None:
    assert parse_page(text) is None


def test_created_at_is_in_gmt() -> None:
    campaign = Campaign(id="7", create_time="2024-10-06 10:00:00")

    assert campaign.created_at is not None
    assert campaign.created_at.isoformat() == "2024-10-06T10:00:00+00:00"
    assert Campaign(id="7", create_time="soon").created_at is None


@pytest.mark.parametrize("statuses", [("paused", "running"), ("running", "paused")])
def test_campaign_with_two_statuses_has_none(statuses: tuple[str, str]) -> None:
    twice = [{"id": "7", "status": status} for status in statuses]
    page = parse_page(body(*twice, {"id": "8", "status": "paused"}))

    assert page is not None
    assert {one.id: one.status for one in page.campaigns} == {"7": None, "8": "paused"}
    assert page.contradiction == "the API lists 7 with two statuses on one page"


def test_same_campaign_twice_is_no_contradiction() -> None:
    page = parse_page(body(*[{"id": "7", "status": "paused"}] * 2))

    assert page is not None
    assert page.contradiction is None


@pytest.mark.parametrize(
    ("total", "items", "is_clear"),
    [
        (2, ({"id": "7"}, {"id": "8"}), True),
        (2, ({"id": "7"}, {"id": "8"}, {"id": "8"}), True),
        (2, ({"id": "7"}, {"id": "8"}, {"id": "9"}), False),
        (2, ({"id": "7"}, {"id": "8"}, {"id": "8 "}), False),
        (0, ({"id": "7"},), False),
        (None, ({"id": "7"},), True),
    ],
)
def test_page_longer_than_total_contradicts_itself(
    total: int | None, items: tuple[object, ...], *, is_clear: bool
) -> None:
    page = parse_page(body(*items, total=total))

    assert page is not None
    assert (page.contradiction is None) is is_clear


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b'{"items":[{"id":"7","status":"running","status":"paused"}]}', "status"),
        (b'{"total":0,"total":1,"items":[{"id":"7","status":"paused"}]}', "total"),
    ],
)
def test_key_with_two_values_is_a_contradiction(text: bytes, key: str) -> None:
    page = parse_page(text)

    assert page is not None
    assert page.total is None
    assert {one.status for one in page.campaigns} <= {None, "paused"}
    assert page.contradiction == f"the API's answer has two values for one key: {key}"
