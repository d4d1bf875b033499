import random
from collections.abc import Callable
from typing import Any

import pytest

from bulkpause.simulator import Campaign, Lists, make_campaigns
from bulkpause.simulator.campaigns import Campaigns
from bulkpause.simulator.listing import Listing, ListRequestError


Answer = Callable[[str], dict[str, Any]]

MIXED = (
    Campaign(
        id="1",
        name="Sale DE",
        status="running",
        labels=("de", "sale"),
        create_time="2026-01-03 00:00:00",
    ),
    Campaign(
        id="2",
        name="Sale FR",
        status="scheduled",
        labels=("fr",),
        scheduled_time="2026-02-01 10:00:00",
        create_time="2026-01-02 00:00:00",
    ),
    Campaign(
        id="3",
        name="News",
        status="paused",
        description="for the sale",
        create_time="2026-01-01 00:00:00",
    ),
)


def listing(*campaigns: Campaign, **options: Any) -> Answer:
    account = Campaigns(campaigns or MIXED)
    answers = Listing(Lists(**options), random.Random(1))
    return lambda query: answers.answer(query, account)


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


def test_last_10_created_are_listed_by_default() -> None:
    answer = listing(*make_campaigns(31))("")

    assert answer["total"] == 31
    assert len(answer["items"]) == 10
    assert ids(answer)[0] == "1000031"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=paused", ["3"]),
        ("status=eq:paused", ["3"]),
        ("status=neq:paused", ["1", "2"]),
        ("status=in:running,scheduled", ["1", "2"]),
        ("status=nin:running,scheduled", ["3"]),
        ("labels=de", ["1"]),
        ("labels=in:de,fr", ["1", "2"]),
        ("labels=neq:de", ["2", "3"]),
        ("create_time=gte:2026-01-02%2000:00:00", ["1", "2"]),
        ("create_time=gt:2026-01-01+00:00:00&create_time=lt:2026-01-03", ["2"]),
        ("create_time=lte:2026-01-01%2000:00:00", ["3"]),
        ("scheduled_time=2026-02-01 10:00:00", ["2"]),
        ("q=sale", ["1", "2", "3"]),
        ("q=SALE&q_fields=name", ["1", "2"]),
        ("q=sale&status=paused", ["3"]),
        ("no_such_field=7", ["1", "2", "3"]),
        ("sort=create_time", ["3", "2", "1"]),
        ("sort=name,-create_time", ["3", "1", "2"]),
        ("page=2,2", ["3"]),
        ("page=9", []),
    ],
)
def test_query_selects_and_orders(query: str, expected: list[str]) -> None:
    answer = listing()(query)

    assert ids(answer) == expected


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=1,0",
        "page=x",
        "status=near:running",
        "sort=id",
        "q=x&q_fields=id",
    ],
)
def test_invalid_query_is_refused(query: str) -> None:
    with pytest.raises(ListRequestError):
        listing()(query)


@pytest.mark.parametrize(
    ("total", "expected"), [("number", 3), ("string", "3"), ("page", 2), ("none", None)]
)
def test_total_is_as_configured(total: str, expected: object) -> None:
    assert listing(total=total)("page=1,2").get("total") == expected


def test_wrong_total_is_as_configured() -> None:
    assert listing(total_offset=-2)("")["total"] == 1


def test_large_page_is_cut_or_refused() -> None:
    assert ids(listing(max_page_size=2)("page=1,50")) == ["1", "2"]
    with pytest.raises(ListRequestError, match="at most 2"):
        listing(max_page_size=2, oversize="400")("page=1,50")


def test_ignored_parameters_have_no_effect() -> None:
    answer = listing(ignored=frozenset({"status"}))("status=paused&q=fr")

    assert ids(answer) == ["2"]


def test_fields_choose_what_is_shown() -> None:
    [item] = listing()("status=paused&fields=id,name")["items"]

    assert item == {"id": "3", "name": "News"}


def test_hidden_fields_are_not_shown() -> None:
    answer = listing(hidden_fields=frozenset({"status"}))("fields=id,status")

    assert answer["items"][0] == {"id": "1"}


@pytest.mark.parametrize(
    ("form", "expected"), [("array", ["de", "sale"]), ("string", "de,sale")]
)
def test_labels_have_configured_form(form: str, expected: object) -> None:
    assert listing(label_form=form)("")["items"][0]["labels"] == expected


def test_ties_come_in_any_order() -> None:
    same = [Campaign(id=str(number)) for number in range(20)]
    answer = listing(*same, shuffles_ties=True)

    assert ids(answer("page=1,20")) != ids(answer("page=1,20"))
    assert sorted(ids(answer("page=1,20"))) == sorted(one.id for one in same)


def test_changes_come_before_their_request() -> None:
    new = Campaign(id="4", create_time="2026-01-04 00:00:00")
    answer = listing(changes={2: (new, "1")})

    assert [ids(answer("")) for _ in range(2)] == [["1", "2", "3"], ["4", "2", "3"]]


def test_rotten_items_are_on_each_page() -> None:
    assert listing(rotten=(7, {"id": None}))("page=9")["items"] == [7, {"id": None}]


@pytest.mark.parametrize(
    "options",
    [
        {"total": "roman"},
        {"oversize": "500"},
        {"label_form": "set"},
        {"max_page_size": 0},
    ],
)
def test_invalid_list_option_is_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Lists(**options)


def test_made_campaigns_differ_in_turn() -> None:
    made = make_campaigns(
        4,
        statuses=("running", "scheduled"),
        labels=("a", "b", "c"),
        scheduled_times={"scheduled": "2030-01-01 00:00:00"},
    )

    assert [one.id for one in made] == ["1000001", "1000002", "1000003", "1000004"]
    assert [one.scheduled_time for one in made[:2]] == [None, "2030-01-01 00:00:00"]
    assert [one.labels for one in made] == [("a",), ("b",), ("c",), ("a",)]
    assert len({one.create_time for one in made}) == 2
