"""Lists of the simulator over loopback, judged by its ledger."""

from typing import Any

import pytest

from bulkpause.api.credentials import Token
from bulkpause.connection import Connection
from bulkpause.errors import GuardRailError, StoppedError, TokenError
from bulkpause.lister import Listed, Lister
from bulkpause.listing.filters import Filters
from bulkpause.model import Limit
from bulkpause.settings import Settings
from bulkpause.simulator import (
    Behaviour,
    Campaign,
    Fault,
    Lists,
    Simulator,
    Window,
    make_campaigns,
)


pytestmark = pytest.mark.anyio

#: Windows that hold no list up, and the limits that keep to them.
WIDE = Window(limit=100, period_s=0.2)
RUNNING = Filters(statuses=("running",))


def behaviour(count: int = 0, **options: Any) -> Behaviour:
    lists = Lists(
        **{name: options.pop(name) for name in list(options) if hasattr(Lists(), name)}
    )
    usual = {
        "windows": (WIDE,),
        "campaigns": make_campaigns(count),
        "token": "good",
        "lists": lists,
    }
    return Behaviour(**{**usual, **options})


async def listed(
    simulator: Simulator,
    filters: Filters = RUNNING,
    *,
    bearer: str = "good",
    timeout_s: float = 60.0,
    **options: Any,
) -> Listed:
    settings = Settings(
        base_url=simulator.base_url,
        limits=(Limit(WIDE.limit, WIDE.period_s),),
        timeout_s=timeout_s,
    )
    async with Connection(Token(bearer), settings) as connection:
        lister = Lister(
            fetcher=connection.client,
            gate=connection.gate,
            filters=filters,
            give_up_after_s=2.0,
            request_ids=connection.request_ids,
            **options,
        )
        return await lister.read()


async def list_of(
    count: int, filters: Filters = RUNNING, **options: Any
) -> tuple[Listed, Simulator]:
    async with Simulator(behaviour(count, **options)) as simulator:
        return await listed(simulator, filters), simulator


def ids(result: Listed) -> list[str]:
    return [one.id for one in result.campaigns]


def made(count: int) -> list[str]:
    return [one.id for one in make_campaigns(count)]


@pytest.mark.parametrize(
    # With a filter, one page more shows that it leaves out no campaign.
    ("filters", "requests"),
    [(Filters(), 20), (RUNNING, 21)],
    ids=["all", "running"],
)
async def test_1000_campaigns_take_pages_and_one_sweep(
    filters: Filters, requests: int
) -> None:
    result, simulator = await list_of(1000, filters)

    assert result.is_whole
    assert ids(result) == made(1000)
    assert len(simulator.ledger) == result.requests == requests
    assert {entry.action for entry in simulator.ledger} == {"list"}
    assert simulator.ledger.rate_limited() == []


async def test_20000_campaigns_are_listed() -> None:
    result, simulator = await list_of(20_000, Filters(), windows=())

    assert (result.is_whole, len(set(ids(result)))) == (True, 20_000)
    assert len(simulator.ledger) == 400


async def test_fields_of_campaigns_are_read() -> None:
    campaign = Campaign(
        id="7",
        name="Sale",
        status="scheduled",
        labels=("de", "sale"),
        scheduled_time="2035-01-01 08:00:00",
    )
    for form in ("array", "string"):
        result, _ = await list_of(0, Filters(), campaigns=(campaign,), label_form=form)

        [one] = result.campaigns
        assert one.as_dict() == {
            "id": "7",
            "name": "Sale",
            "status": "scheduled",
            "labels": ("de", "sale"),
            "scheduled_time": "2035-01-01 08:00:00",
            "create_time": "2024-10-06 10:00:00",
        }


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ({"max_page_size": 50}, 8),
        ({"max_page_size": 30}, 14),
        ({"max_page_size": 50, "oversize": "400"}, 9),
        ({"total": "string"}, 4),
        ({"ignored": frozenset({"sort"})}, 5),
        ({"ignored": frozenset({"fields"})}, 4),
    ],
    ids=["cut", "cut to 30", "refused", "text total", "unsorted", "whole items"],
)
async def test_open_points_of_the_api_are_no_matter(
    options: dict[str, Any], requests: int
) -> None:
    result, simulator = await list_of(200, Filters(), **options)

    assert (result.is_whole, ids(result)) == (True, made(200))
    assert len(simulator.ledger) == requests


@pytest.mark.parametrize("total", ["page", "none"])
async def test_list_without_true_total_is_in_doubt(total: str) -> None:
    result, _ = await list_of(300, total=total)

    assert not result.is_whole
    assert ids(result) == made(300)


async def test_total_that_is_too_large_is_in_doubt() -> None:
    result, _ = await list_of(150, total_offset=1)

    assert result.doubt == "the API says 151 campaigns, and lists 150"


async def test_items_that_move_between_pages_are_found() -> None:
    changes = {2: ("1000001",), 4: ("1000002", Campaign(id="9"))}
    result, _ = await list_of(300, max_page_size=50, changes=changes)

    assert result.is_whole
    assert set(ids(result)) == {"9", *made(300)} - {"1000001", "1000002"}


async def test_rotten_items_leave_list_in_doubt() -> None:
    result, _ = await list_of(20, rotten=(7, {"id": "../x"}), total_offset=2)

    assert ids(result) == made(20)
    assert result.doubt is not None
    assert "without a valid id" in result.doubt


async def test_items_twice_are_listed_once() -> None:
    twice = tuple(one.fields() for one in make_campaigns(2))
    result, _ = await list_of(20, rotten=twice)

    assert (result.is_whole, ids(result)) == (True, made(20))


@pytest.mark.parametrize(
    ("filters", "parameter", "option"),
    [
        (RUNNING, "status", "--status"),
        (Filters(labels=("shoes",)), "labels", "--label"),
        (Filters(name="sale"), "q", "--name"),
    ],
    ids=["status", "label", "name"],
)
async def test_ignored_filter_is_refused(
    filters: Filters, parameter: str, option: str
) -> None:
    campaigns = (Campaign(id="7", status="paused"),)
    with pytest.raises(GuardRailError, match=f"does not fit {option} .*nothing was"):
        await list_of(0, filters, campaigns=campaigns, ignored=frozenset({parameter}))


@pytest.mark.parametrize(
    "filters",
    [RUNNING, Filters(statuses=("running", "scheduled"))],
    ids=["one", "several"],
)
async def test_misread_filter_is_no_empty_list(filters: Filters) -> None:
    campaigns = (Campaign(id="7", name="Sale", status="RUNNING"),)
    with pytest.raises(GuardRailError, match=r"not list 7 for .* --filter-here"):
        await list_of(0, filters, campaigns=campaigns)


async def test_partly_misread_filter_is_noticed() -> None:
    """One of two words is understood: the list looks whole, and is not."""
    campaigns = (
        *make_campaigns(250),
        Campaign(id="7", status="SCHEDULED"),
        Campaign(id="8", status="Scheduled"),
    )
    filters = Filters(statuses=("running", "scheduled"))
    match = r"does not list 7 and 1 more for this filter, although they fit"
    with pytest.raises(GuardRailError, match=match):
        await list_of(0, filters, campaigns=campaigns)
    async with Simulator(behaviour(campaigns=campaigns)) as simulator:
        here = await listed(simulator, filters, chooses_here=True)
        trusted = await listed(simulator, filters, trusts_filter=True)
    assert (len(here.campaigns), len(trusted.campaigns)) == (252, 250)


async def test_filter_is_compared_with_all_pages() -> None:
    campaigns = make_campaigns(250, statuses=("running", "paused"))
    async with Simulator(behaviour(campaigns=campaigns)) as simulator:
        result = await listed(simulator)
        pages = [entry.raw_path for entry in simulator.ledger]
        trusted = await listed(simulator, trusts_filter=True)

    assert (result.is_whole, len(result.campaigns)) == (True, 125)
    assert ["status=" in path for path in pages] == [True] * 4 + [False] * 3
    assert (trusted.campaigns, trusted.requests) == (result.campaigns, 4)


async def test_campaign_that_comes_to_fit_is_listed() -> None:
    """It fits since the list was read, and so was not left out by the filter."""
    changes = {3: (Campaign(id="7", status="running"),)}
    campaigns = (Campaign(id="7", status="paused"), Campaign(id="8"))
    result, simulator = await list_of(0, campaigns=campaigns, changes=changes)

    assert (result.is_whole, sorted(ids(result))) == (True, ["7", "8"])
    assert len(simulator.ledger) == 5


async def test_outage_leaves_filter_in_doubt() -> None:
    script = (None, None, *[Fault.INTERNAL_ERROR] * 50)
    campaigns = make_campaigns(10, statuses=("running", "paused"))
    result, _ = await list_of(0, campaigns=campaigns, script=script)

    assert len(result.campaigns) == 5
    assert result.doubt is not None
    assert result.doubt.startswith("whether the API's filter leaves out any is not")


async def test_empty_list_takes_one_page_more() -> None:
    campaigns = (Campaign(id="7", status="paused"),)
    script = (None, None, Fault.UNAVAILABLE)
    result, simulator = await list_of(0, campaigns=campaigns, script=script)

    assert (result.is_whole, ids(result)) == (True, [])
    assert "status=" not in simulator.ledger[-1].raw_path
    assert len(simulator.ledger) == 4


async def test_outage_leaves_empty_list_in_doubt() -> None:
    script = (None, None, *[Fault.INTERNAL_ERROR] * 50)
    with pytest.raises(StoppedError, match="no campaign was listed"):
        await list_of(0, script=script)


async def test_new_status_word_is_listed() -> None:
    campaigns = (Campaign(id="7", status="archived"),)
    filters = Filters(statuses=("archived",))

    result, _ = await list_of(0, filters, campaigns=campaigns)
    assert ids(result) == ["7"]
    async with Simulator(behaviour(3)) as simulator:
        result = await listed(simulator, filters, chooses_here=True)
    assert (result.is_whole, ids(result)) == (True, [])


async def test_status_that_is_not_shown_is_refused() -> None:
    with pytest.raises(GuardRailError, match="it has no status"):
        await list_of(3, hidden_fields=frozenset({"status"}))


async def test_ignored_filter_can_be_applied_here() -> None:
    campaigns = make_campaigns(250, labels=("shoes", "sale"))
    ignoring = behaviour(campaigns=campaigns, ignored=frozenset({"labels"}))
    async with Simulator(ignoring) as simulator:
        result = await listed(simulator, Filters(labels=("shoes",)), chooses_here=True)

    assert result.is_whole
    assert ids(result) == made(250)[::2]
    assert not any("labels=" in one.raw_path for one in simulator.ledger)


FAULTS = [
    Fault.INTERNAL_ERROR,
    Fault.BAD_GATEWAY,
    Fault.UNAVAILABLE,
    Fault.RESET_BEFORE,
    Fault.LOST,
    Fault.RATE_LIMITED,
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_page_that_fails_is_asked_for_again(fault: Fault) -> None:
    script = (None, fault, None, fault)
    result, simulator = await list_of(
        300, Filters(), script=script, rate_limited_retry_after=0
    )

    assert (result.is_whole, ids(result)) == (True, made(300))
    assert len(simulator.ledger) == 8


async def test_page_that_hangs_ends_at_timeout() -> None:
    async with Simulator(behaviour(150, script=(Fault.HANG,))) as simulator:
        result = await listed(simulator, timeout_s=2.0)

    assert result.is_whole
    assert simulator.ledger[0].fault is Fault.HANG


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.NOT_FOUND, Fault.REDIRECT])
async def test_refused_list_says_why(fault: Fault) -> None:
    with pytest.raises(StoppedError, match=f"HTTP {fault}.*no campaign was listed"):
        await list_of(10, script=(fault,))


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.BAD_REQUEST])
async def test_page_refused_later_leaves_list_in_doubt(fault: Fault) -> None:
    result, _ = await list_of(300, script=(None, fault))

    assert ids(result) == made(100)
    assert result.doubt is not None
    assert f"HTTP {fault}" in result.doubt


async def test_outage_ends_list() -> None:
    with pytest.raises(StoppedError, match="no valid response for 2 s"):
        await list_of(10, always=Fault.INTERNAL_ERROR, trace="none")


async def test_endless_429_ends_list() -> None:
    with pytest.raises(StoppedError, match="last error: HTTP 429"):
        await list_of(10, always=Fault.RATE_LIMITED, rate_limited_retry_after=0)


async def test_long_retry_after_ends_list_at_once() -> None:
    fault = Fault.UNAVAILABLE
    with pytest.raises(StoppedError, match="asks to wait 3600 s"):
        await list_of(10, always=fault, unavailable_retry_after=3600)


async def test_answer_that_is_no_list_ends_it() -> None:
    with pytest.raises(StoppedError, match="not a list of campaigns"):
        await list_of(10, always=Fault.OK_200)


async def test_rejected_token_ends_list() -> None:
    async with Simulator(behaviour(10)) as simulator:
        with pytest.raises(TokenError, match="rejected the token"):
            await listed(simulator, bearer="bad")

    assert len(simulator.ledger) == 1


async def test_token_in_names_is_removed() -> None:
    token = "good-secret-token"
    campaign = Campaign(id="7", name=f"Echo {token}", labels=(token,))
    echoing = behaviour(campaigns=(campaign, Campaign(id=token)), token=token)
    async with Simulator(echoing) as simulator:
        result = await listed(simulator, bearer=token)

    [one] = result.campaigns
    assert (one.name, one.labels) == ("Echo …", ("…",))
    assert not result.is_whole


async def test_snapshot_tells_how_far_it_is() -> None:
    snapshots = []

    class Watching:
        """Fetches pages, and looks at the lister after each."""

        def __init__(self, connection: Connection) -> None:
            self.fetch_page = connection.client.fetch
            self.redact = connection.client.redact
            self.lister: Lister

        async def fetch(self, *arguments: Any) -> Any:
            snapshots.append(self.lister.snapshot())
            return await self.fetch_page(*arguments)

    async with Simulator(behaviour(250)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Connection(Token("good"), settings) as connection:
            fetcher = Watching(connection)
            fetcher.lister = Lister(
                fetcher=fetcher,
                gate=connection.gate,
                filters=RUNNING,
                request_ids=connection.request_ids,
            )
            await fetcher.lister.read()

    assert [(one.read, one.total, one.sweep) for one in snapshots[:4]] == [
        (0, None, 1),
        (100, 250, 1),
        (200, 250, 1),
        (0, 250, 2),
    ]
