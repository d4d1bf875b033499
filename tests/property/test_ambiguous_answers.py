"""Thousands of ids, and a server whose responses often do not show what it did."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkpause import Limit, Pauser, Record, RetryPolicy, Settings, Status
from bulkpause.engine.policy import MAX_READ_BACKS
from bulkpause.journal.platform import SYSTEM
from bulkpause.vocabulary import Action
from tests.support.fakes import (
    FakeServer,
    Fault,
    client_replaced_by,
    disagreements,
    ids,
    random_faults,
)
from tests.support.nightly import IS_NIGHTLY
from tests.support.records import until_stopped
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


pytestmark = pytest.mark.unmeasured

IDS = ids(10_000 if IS_NIGHTLY else 2_500)
MAX_ATTEMPTS = 4
#: 30 % of the responses are lost and 10 % are a 500, always after the server acted.
FAULTS_AFTER_ACTING = {Fault.LOST_AFTER: 0.3, Fault.ERROR_AFTER: 0.1}
#: The same faults, half of them before the server acted, and some unsent requests.
MIXED_FAULTS = {
    Fault.LOST_AFTER: 0.15,
    Fault.LOST_BEFORE: 0.15,
    Fault.ERROR_AFTER: 0.05,
    Fault.ERROR_BEFORE: 0.05,
    Fault.NOT_SENT: 0.05,
}
READ_BACK_FAULTS = {Fault.LOST_AFTER: 0.2, Fault.ERROR_BEFORE: 0.1}
#: Some campaigns are already paused, and some cannot be paused.
STATUSES = {
    **dict.fromkeys(IDS[::17], "paused"),
    **dict.fromkeys(IDS[5::19], "draft"),
}
FinishedRun = tuple[FakeServer, dict[str, Record]]


@pytest.fixture(scope="module", autouse=True)
def _quick_disk() -> Iterator[None]:
    """Skip the disk syncs: these tests are not about the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SYSTEM, "sync_data", lambda _: None)
        yield


def pause_all(
    server: FakeServer, log: Path, *, resume: bool = False
) -> dict[str, Record]:
    records: dict[str, Record] = {}

    async def run() -> None:
        settings = Settings(
            limits=(Limit(500, 1.0),),
            max_in_flight=50,
            retry_policy=RetryPolicy(max_attempts=MAX_ATTEMPTS),
        )
        async with Pauser(
            "token", settings, log=log, resume=resume, now=wall_clock
        ) as pauser:
            async for record in until_stopped(pauser.pause(IDS)):
                assert record.id not in records
                records[record.id or ""] = record

    with client_replaced_by(server):
        run_on_virtual_time(run())
    return records


@pytest.fixture(
    scope="module",
    params=[FAULTS_AFTER_ACTING, MIXED_FAULTS],
    ids=["faults-after-acting", "mixed-faults"],
)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> FinishedRun:
    """Run once for all the tests of the finished run."""
    server = FakeServer(
        statuses=STATUSES, fault_of=random_faults(request.param, READ_BACK_FAULTS)
    )
    return server, pause_all(server, tmp_path_factory.mktemp("run") / "log")


@pytest.mark.slow
def test_records_agree_with_server(finished: FinishedRun) -> None:
    server, records = finished
    assert sorted(records, key=int) == IDS
    assert disagreements(records.values(), server) == []


def test_unknown_ids_are_few(finished: FinishedRun) -> None:
    _, records = finished
    unknown = [r for r in records.values() if r.status is Status.UNKNOWN]
    assert 0 < len(unknown) < len(IDS) * 0.02


def test_campaign_paused_before_is_already_paused(
    finished: FinishedRun,
) -> None:
    server, records = finished
    acted = {call.id for call in server.calls if call.acted}
    already = {
        id_ for id_, record in records.items() if record.status is Status.ALREADY_PAUSED
    }
    assert already
    assert not already & acted


def test_requests_per_id_stay_within_maximum(finished: FinishedRun) -> None:
    server, _ = finished
    sent = Counter((call.action, call.id) for call in server.calls)
    most = {Action.PAUSE: MAX_ATTEMPTS, Action.READ: MAX_READ_BACKS}
    exceeding = {key for key, times in sent.items() if times > most[key[0]]}
    # A request that fails during an outage does not count as an attempt.
    assert len(exceeding) <= 10


@pytest.mark.slow
def test_second_run_settles_ids_left_open(tmp_path: Path) -> None:
    server = FakeServer(
        statuses=STATUSES, fault_of=random_faults(MIXED_FAULTS, READ_BACK_FAULTS)
    )
    first = pause_all(server, tmp_path / "log")
    before = len(server.calls)
    server.fault_of = random_faults({}, {})
    second = pause_all(server, tmp_path / "log", resume=True)
    unfinished = {
        id_
        for id_, record in first.items()
        if record.status in {Status.UNKNOWN, Status.FAILED}
    }
    assert set(second) == unfinished
    assert {call.id for call in server.calls[before:]} == unfinished
    final = {**first, **second}
    assert disagreements(final.values(), server) == []
    statuses = {record.status for record in final.values()}
    assert not {Status.UNKNOWN, Status.FAILED} & statuses
