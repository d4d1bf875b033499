"""Thousands of ids, and a server whose answers often say nothing about what it did."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkpause import Limit, Pauser, Record, RetryPolicy, Settings, Status
from tests.support.fakes import (
    FakeServer,
    Fate,
    disagreements,
    drawn,
    ids,
    in_place_of_the_client,
    on_virtual_time,
    wall_clock,
)
from tests.support.nightly import IS_NIGHTLY


pytestmark = pytest.mark.unmeasured

IDS = ids(10_000 if IS_NIGHTLY else 2_500)
MAX_ATTEMPTS = 4
#: 30 % of the answers are lost, 10 % are 500, always after the server acted.
ACTED = {Fate.LOST_AFTER: 0.3, Fate.ERROR_AFTER: 0.1}
#: The same faults, half of them before it acted, and some requests never sent.
UNSURE = {
    Fate.LOST_AFTER: 0.15,
    Fate.LOST_BEFORE: 0.15,
    Fate.ERROR_AFTER: 0.05,
    Fate.ERROR_BEFORE: 0.05,
    Fate.NOT_SENT: 0.05,
}
VIEWS = {Fate.LOST_AFTER: 0.2, Fate.ERROR_BEFORE: 0.1}
#: Some campaigns are paused already, some cannot be.
STATUSES = {
    **dict.fromkeys(IDS[::17], "paused"),
    **dict.fromkeys(IDS[5::19], "draft"),
}
Ended = tuple[FakeServer, dict[str, Record]]


@pytest.fixture(scope="module", autouse=True)
def _quick_disk() -> Iterator[None]:
    """Leave out the syncs: nothing here is about the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda _: None)
        yield


def pause_all(
    server: FakeServer, log: Path, *, is_resumed: bool = False
) -> dict[str, Record]:
    records: dict[str, Record] = {}

    async def run() -> None:
        settings = Settings(
            limits=(Limit(500, 1.0),),
            max_in_flight=50,
            retry_policy=RetryPolicy(max_attempts=MAX_ATTEMPTS),
        )
        async with Pauser(
            "token", settings, log=log, is_resumed=is_resumed, now=wall_clock
        ) as pauser:
            async for record in pauser.pause(IDS):
                assert record.id not in records
                records[record.id or ""] = record

    with in_place_of_the_client(server):
        on_virtual_time(run())
    return records


@pytest.fixture(scope="module", params=[ACTED, UNSURE], ids=["acted", "unsure"])
def ended(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Ended:
    """Run once for all that is asked about the end of it."""
    server = FakeServer(statuses=STATUSES, fate=drawn(request.param, VIEWS))
    return server, pause_all(server, tmp_path_factory.mktemp("run") / "log")


def test_no_record_disagrees_with_the_server(ended: Ended) -> None:
    server, records = ended
    assert sorted(records, key=int) == IDS
    assert disagreements(records.values(), server) == []


def test_what_could_not_be_read_back_is_rare_and_not_hidden(ended: Ended) -> None:
    _, records = ended
    unknown = [one for one in records.values() if one.status is Status.UNKNOWN]
    assert 0 < len(unknown) < len(IDS) * 0.02


def test_a_campaign_that_was_paused_before_is_not_called_paused_by_us(
    ended: Ended,
) -> None:
    server, records = ended
    acted = {call.id for call in server.calls if call.acted}
    already = {id_ for id_, one in records.items() if one.status == "already_paused"}
    assert already
    assert not already & acted


def test_no_id_is_sent_more_often_than_allowed(ended: Ended) -> None:
    server, _ = ended
    sent = Counter((call.action, call.id) for call in server.calls)
    often = {key for key, times in sent.items() if times > MAX_ATTEMPTS}
    # A probe of a server that seems to be out is not held against its id.
    assert len(often) <= 10


def test_a_second_run_settles_what_the_first_one_could_not(tmp_path: Path) -> None:
    server = FakeServer(statuses=STATUSES, fate=drawn(UNSURE, VIEWS))
    first = pause_all(server, tmp_path / "log")
    before = len(server.calls)
    server.fate = drawn({}, {})
    second = pause_all(server, tmp_path / "log", is_resumed=True)
    unfinished = {
        id_
        for id_, record in first.items()
        if record.status in {Status.UNKNOWN, Status.FAILED}
    }
    assert set(second) == unfinished
    assert {call.id for call in server.calls[before:]} == unfinished
    last = {**first, **second}
    assert disagreements(last.values(), server) == []
    assert not {Status.UNKNOWN, Status.FAILED} & {one.status for one in last.values()}
