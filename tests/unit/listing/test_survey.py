"""One sweep of all campaigns shows what a filter has left out."""

from dataclasses import replace

import pytest

from bulkpause.listing.campaign import Campaign
from bulkpause.listing.filters import Filters
from bulkpause.listing.page import Page
from bulkpause.listing.survey import Survey


RUNNING = Filters(statuses=("running",))


def page(total: int | None, *ids: str, status: str = "running") -> Page:
    campaigns = tuple(Campaign(id=id_, status=status) for id_ in ids)
    return Page(total=total, campaigns=campaigns)


def survey(*pages: Page, listed: tuple[str, ...] = (), size: int = 2) -> Survey:
    found = Survey(RUNNING, set(listed), size)
    for one in pages:
        assert not found.is_over
        found.add(one)
    return found


def test_what_fits_and_is_not_listed_is_hidden() -> None:
    found = survey(page(3, "1", "2"), page(3, "3", status="paused"), listed=("1",))
    assert [one.id for one in found.hidden] == ["2"]
    assert (found.is_over, found.doubt) == (True, None)


def test_list_of_all_campaigns_hides_none() -> None:
    found = survey(page(3, "1", "2"), listed=("1", "2", "3"))
    assert (found.is_over, found.doubt, found.hidden) == (True, None, [])


def test_pages_that_are_cut_are_counted_anew() -> None:
    found = survey(page(3, "1"), size=100)
    assert (found.request.number, found.request.size) == (2, 1)
    assert found.pages_left() == 2


@pytest.mark.parametrize(
    "last", [page(9), page(9, "1", "2")], ids=["empty", "repeated"]
)
def test_pages_that_end_early_are_a_doubt(last: Page) -> None:
    found = survey(page(9, "1", "2"), last)
    assert found.is_over
    assert found.doubt == (
        "2 campaigns of 9 could be read to see whether the API's filter leaves out any"
    )


def test_unknown_total_is_a_doubt() -> None:
    found = survey(page(None, "1"), page(None))
    assert found.is_over
    assert "does not say how many campaigns there are; 1 were" in (found.doubt or "")


def test_stop_is_a_doubt() -> None:
    found = survey(page(9, "1", "2"))
    found.stop("HTTP 503")
    assert (found.is_over, found.pages_left()) == (True, 0)
    assert (found.doubt or "").endswith("is not known: HTTP 503")


def test_page_that_contradicts_itself_is_a_doubt() -> None:
    found = survey(replace(page(2, "1", "2"), contradiction="two statuses"))
    assert (found.is_over, found.doubt) == (True, "two statuses")


def test_item_without_id_leaves_filter_in_doubt() -> None:
    found = survey(replace(page(2, "1", "2"), invalid=1), listed=("1", "2"))
    assert (found.is_over, found.hidden) == (True, [])
    assert found.doubt == "the API lists campaigns without a valid id"


def test_two_statuses_leave_filter_in_doubt() -> None:
    pages = (page(3, "1", "2", status="paused"), page(3, "2", "3"))
    found = survey(*pages, listed=("3",))
    assert found.doubt == "the API lists 2 with two statuses on different pages"
