"""Whatever an API lists, reading it ends, and only valid ids come out."""

import re
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.listing.campaign import Campaign
from bulkpause.listing.export import as_csv, as_jsonl
from bulkpause.listing.filters import Filters
from bulkpause.listing.page import Page, parse_page
from bulkpause.listing.sweeps import MAX_SWEEPS, Sweeps


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
FIELDS = ("id", "name", "status", "labels", "scheduled_time", "create_time")
ITEMS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
#: Pages of an API that keeps no rule at all, and then of an empty one.
PAGES = st.lists(
    st.builds(
        lambda total, ids, invalid: Page(
            total=total,
            campaigns=tuple(Campaign(id=str(id_)) for id_ in ids),
            invalid=invalid,
        ),
        st.none() | st.integers(0, 40),
        st.lists(st.integers(1, 30), max_size=12),
        st.integers(0, 2),
    ),
    max_size=60,
)


@given(st.lists(ITEMS, max_size=5), VALUES)
def test_any_list_is_read_without_error(items: list[Any], total: Any) -> None:
    page = parse_page(orjson.dumps({"items": items, "total": total}))

    assert page is not None
    assert page.length == len(items)
    for campaign in page.campaigns:
        assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", campaign.id)
        Filters(statuses=("running",)).misfit(campaign)
    jsonl = "".join(as_jsonl(page.campaigns))
    assert jsonl.isascii() or jsonl.replace("\n", "").isprintable()
    assert [orjson.loads(line)["id"] for line in jsonl.splitlines()] == [
        one.id for one in page.campaigns
    ]
    "".join(as_csv(page.campaigns)).encode()


@given(st.binary(max_size=50))
def test_any_bytes_are_read_without_error(body: bytes) -> None:
    parse_page(body)


@settings(max_examples=300)
@given(PAGES, st.integers(1, 12))
def test_sweeps_end_whatever_is_listed(pages: list[Page], size: int) -> None:
    sweeps, asked = Sweeps(size), 0
    while not sweeps.is_over:
        page = pages[asked] if asked < len(pages) else Page(total=0, campaigns=())
        sweeps.add(page)
        asked += 1
        assert asked < len(pages) + 3 * MAX_SWEEPS

    assert sweeps.is_whole is (sweeps.doubt is None)
    if sweeps.is_whole:
        assert len(sweeps.campaigns()) == sweeps.total
