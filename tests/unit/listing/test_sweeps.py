"""Sweeps over a server that the test owns, and that may change between two pages."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from bulkpause.listing.campaign import Campaign
from bulkpause.listing.page import Page
from bulkpause.listing.sweeps import MAX_SWEEPS, PageRequest, Sweeps
from tests.support.nightly import IS_NIGHTLY


def campaigns(count: int, first: int = 1) -> list[Campaign]:
    """Make campaigns of which three in a row are created in the same second."""
    return [
        Campaign(id=str(first + n), create_time=f"2026-01-01 {n // 3:06}")
        for n in range(count)
    ]


@dataclass
class Server:
    """Gives pages of campaigns.

    Attributes:
        before: Called with the server before each page.
        most: The most items of a page.
        contradictions: In what pages contradict themselves, by their number from 1.
        total: What the total says of the number of campaigns.
        obeys_sort: Whether the order can be turned round.
        shuffles_ties: Whether equal times come in any order.
    """

    campaigns: list[Campaign]
    before: Callable[["Server"], None] = lambda _: None
    most: int | None = None
    total: Callable[[int, int], int | None] = lambda count, _: count
    obeys_sort: bool = True
    shuffles_ties: bool = False
    invalid: int = 0
    contradictions: Mapping[int, str] = field(default_factory=dict)
    pages: list[PageRequest] = field(default_factory=list)
    source: random.Random = field(default_factory=lambda: random.Random(1))

    def page(self, request: PageRequest) -> Page:
        self.pages.append(request)
        self.before(self)
        ordered = list(self.campaigns)
        if self.shuffles_ties:
            self.source.shuffle(ordered)
        ordered.sort(
            key=lambda one: one.create_time or "",
            reverse=request.is_newest_first and self.obeys_sort,
        )
        size = min(request.size, self.most or request.size)
        page = ordered[(request.number - 1) * size : request.number * size]
        return Page(
            total=self.total(len(ordered), len(page)),
            campaigns=tuple(page),
            invalid=self.invalid,
            contradiction=self.contradictions.get(len(self.pages)),
        )


def swept(server: Server, page_size: int = 50) -> Sweeps:
    sweeps = Sweeps(page_size)
    while not sweeps.is_over:
        sweeps.add(server.page(sweeps.request))
    return sweeps


def ids(sweeps: Sweeps) -> list[str]:
    return [one.id for one in sweeps.campaigns()]


WRONG_TOTALS: dict[str, Callable[[int, int], int | None]] = {
    "of the page": lambda _, page: page,
    "one less": lambda count, _: count - 1,
    "a third": lambda count, _: count // 3,
    "one more": lambda count, _: count + 1,
    "none": lambda _, __: None,
    "zero": lambda _, __: 0,
}


@pytest.mark.parametrize("count", [0, 1, 49, 51, 999, 1000, 1001])
def test_list_that_rests_takes_two_sweeps(count: int) -> None:
    server = Server(campaigns(count))

    sweeps = swept(server)

    assert sweeps.is_whole
    assert sorted(map(int, ids(sweeps))) == list(range(1, count + 1))
    assert len(server.pages) == 2 * max(1, -(-count // 50))


def test_campaigns_come_oldest_first() -> None:
    sweeps = swept(Server(campaigns(120)[::-1]))

    times = [one.create_time for one in sweeps.campaigns()]
    assert times == sorted(map(str, times))


def test_one_full_page_is_probed() -> None:
    server = Server(campaigns(50))

    assert swept(server).is_whole
    assert [request.number for request in server.pages] == [1, 1, 2]


@pytest.mark.parametrize("most", [7, 10, 49])
def test_page_size_that_server_cuts_is_taken_over(most: int) -> None:
    server = Server(campaigns(200), most=most)

    sweeps = swept(server)

    assert (sweeps.is_whole, len(ids(sweeps))) == (True, 200)
    assert {request.size for request in server.pages[1:]} == {most}
    assert len(server.pages) == 2 * -(-200 // most)


@pytest.mark.parametrize("total", WRONG_TOTALS.values(), ids=WRONG_TOTALS.keys())
@pytest.mark.parametrize("obeys_sort", [True, False])
def test_wrong_total_is_never_whole(
    total: Callable[[int, int], int | None], obeys_sort: bool
) -> None:
    server = Server(campaigns(333), total=total, obeys_sort=obeys_sort)

    sweeps = swept(server)

    assert not sweeps.is_whole
    assert sweeps.doubt is not None
    assert len(ids(sweeps)) == 333


def test_order_that_cannot_be_turned_is_read_whole() -> None:
    sweeps = swept(Server(campaigns(1000), obeys_sort=False))

    assert (sweeps.is_whole, len(ids(sweeps))) == (True, 1000)


def test_ties_in_any_order_are_found() -> None:
    for seed in range(20):
        server = Server(campaigns(300), shuffles_ties=True, source=random.Random(seed))

        sweeps = swept(server)

        assert (sweeps.is_whole, len(set(ids(sweeps)))) == (True, 300)


def test_campaign_that_moves_to_read_page_is_found() -> None:
    def pause_once(server: Server) -> None:
        if len(server.pages) == 2:
            del server.campaigns[0]  # the 51st moves to the first page

    sweeps = swept(Server(campaigns(200), before=pause_once))

    assert (sweeps.is_whole, len(ids(sweeps))) == (True, 199)
    assert "51" in ids(sweeps)


def test_campaign_that_left_is_not_listed() -> None:
    def leave(server: Server) -> None:
        if len(server.pages) == 5:
            del server.campaigns[10]

    sweeps = swept(Server(campaigns(200), before=leave))

    assert sweeps.is_whole
    assert "11" not in ids(sweeps)


def test_one_leaves_and_one_comes_between_pages() -> None:
    def swap(server: Server) -> None:
        if len(server.pages) == 2:
            del server.campaigns[0]
            server.campaigns.append(Campaign(id="new", create_time="2026-01-02"))

    server = Server(campaigns(200), before=swap)
    sweeps = swept(server)

    assert sweeps.is_whole
    assert set(ids(sweeps)) == {one.id for one in server.campaigns}


def test_restless_list_ends_incomplete() -> None:
    def churn(server: Server) -> None:
        del server.campaigns[0]
        server.campaigns += campaigns(1, first=1000 + len(server.pages))

    server = Server(campaigns(200), before=churn)
    sweeps = swept(server)

    assert not sweeps.is_whole
    assert sweeps.sweeps <= MAX_SWEEPS
    assert sweeps.doubt is not None
    assert len(server.pages) < 100


def test_changing_list_is_never_short_if_whole() -> None:
    for seed in range(2_000 if IS_NIGHTLY else 40):
        source = random.Random(seed)
        rate = source.choice([0.02, 0.1, 0.5])

        def change(server: Server, source: random.Random = source) -> None:
            if source.random() < rate:  # noqa: B023 (of this round)
                del server.campaigns[source.randrange(len(server.campaigns))]
            if source.random() < rate / 2:  # noqa: B023 (of this round)
                server.campaigns += campaigns(1, first=10_000 + len(server.pages))

        server = Server(campaigns(500), before=change, source=source)
        sweeps = swept(server)

        here = {one.id for one in server.campaigns}
        # Those that came with the last pages are nobody's fault.
        missed = here - set(ids(sweeps)) - {f"{10_000 + n}" for n in range(500)}
        assert not (sweeps.is_whole and missed), seed


def fed(*pages: tuple[int, range]) -> Sweeps:
    """Take pages of ten: the total of each, and its ids."""
    sweeps = Sweeps(10)
    for total, numbers in pages:
        found = tuple(Campaign(id=str(number)) for number in numbers)
        sweeps.add(Page(total=total, campaigns=found))
    return sweeps


def test_sweep_with_news_is_not_the_last() -> None:
    twice = [(15, range(10)), (15, range(9, 14))]
    found_all = [(15, range(5, 15)), (15, range(5))]

    assert not fed(*twice, *found_all).is_over
    assert fed(*twice, *found_all, (15, range(10)), (15, range(10, 15))).is_whole


def test_total_that_moves_within_sweep_needs_another() -> None:
    up = [range(10), range(10, 20), range(20, 25)]
    down = [range(15, 25), range(5, 15), range(5)]
    first = [(25, one) for one in up]

    sweeps = fed(*first, (25, down[0]), (26, down[1]), (25, down[2]))

    assert not sweeps.is_over
    assert fed(*first, *((25, one) for one in down)).is_whole


def test_server_that_ignores_page_is_incomplete() -> None:
    first = campaigns(50)
    sweeps, pages = Sweeps(50), 0
    while not sweeps.is_over:
        sweeps.add(Page(total=1000, campaigns=tuple(first)))
        pages += 1

    assert not sweeps.is_whole
    assert pages < 20


def test_items_without_id_leave_list_incomplete() -> None:
    sweeps = swept(Server(campaigns(20), invalid=1, total=lambda count, _: count + 1))

    assert sweeps.doubt is not None
    assert "without a valid id" in sweeps.doubt


def test_items_without_id_count_beside_total() -> None:
    sweeps = swept(Server(campaigns(20), invalid=1))

    assert (sweeps.is_whole, len(ids(sweeps))) == (False, 20)
    assert sweeps.doubt is not None
    assert "without a valid id" in sweeps.doubt


def test_smaller_pages_begin_anew() -> None:
    sweeps = Sweeps(100)

    assert [sweeps.halve_page() for _ in range(5)] == [True] * 4 + [False]
    assert sweeps.request == PageRequest(1, 10, is_newest_first=False)


def test_request_names_page_and_order() -> None:
    request = PageRequest(3, 100, is_newest_first=True)

    assert request.parameters() == (
        ("sort", "-create_time,-name"),
        ("page", "3,100"),
    )


def test_contradiction_of_one_sweep_may_heal() -> None:
    sweeps = swept(Server(campaigns(80), contradictions={2: "once"}))

    assert (sweeps.is_whole, sweeps.sweeps, len(ids(sweeps))) == (True, 3, 80)


def test_list_that_contradicts_itself_is_not_whole() -> None:
    every = dict.fromkeys(range(1, 100), "always")
    sweeps = swept(Server(campaigns(80), contradictions=every))

    assert (sweeps.is_whole, sweeps.doubt) == (False, "always")


def swept_with_two_statuses(torn_sweeps: int) -> Sweeps:
    """Take three campaigns of which 7 is on two pages of the first sweeps."""
    clean = [("7", "paused"), ("8", "paused"), ("9", "paused")]
    torn = [("7", "running"), *clean[1:], ("7", "paused")]
    sweeps = Sweeps(2)
    while not sweeps.is_over:
        listed = torn if sweeps.sweeps <= torn_sweeps else clean
        end = 2 * sweeps.request.number
        found = tuple(
            Campaign(id=id_, status=one) for id_, one in listed[end - 2 : end]
        )
        sweeps.add(Page(total=3, campaigns=found))
    return sweeps


def test_two_statuses_on_different_pages_are_none() -> None:
    sweeps = swept_with_two_statuses(MAX_SWEEPS)

    statuses = {one.id: one.status for one in sweeps.campaigns()}
    assert statuses == {"7": None, "8": "paused", "9": "paused"}
    assert sweeps.doubt == "the API lists 7 with two statuses on different pages"


def test_clean_sweeps_settle_two_statuses() -> None:
    sweeps = swept_with_two_statuses(1)

    assert (sweeps.is_whole, sweeps.sweeps) == (True, 3)
    assert {one.status for one in sweeps.campaigns()} == {"paused"}
