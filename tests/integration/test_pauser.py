"""The public face for programs, against the stand-in over loopback."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

import bulkpause
from bulkpause import (
    Pauser,
    Record,
    RetryPolicy,
    Settings,
    SettingsError,
    Status,
    TokenError,
    Verify,
)
from bulkpause.model import Attempt
from bulkpause.simulator import Behaviour, Fault, Simulator


pytestmark = pytest.mark.anyio


@asynccontextmanager
async def pausing(
    *, log: Path | None = None, settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Pauser, Simulator]]:
    """Connect a pauser without limits to a stand-in without limits."""
    simulator = Simulator(Behaviour(**{"windows": (), **options}))
    async with simulator:
        wanted = {"base_url": simulator.base_url, "limits": (), **(settings or {})}
        async with Pauser("good", Settings(**wanted), log=log) as pauser:
            yield pauser, simulator


async def until(happened: Any) -> None:
    with anyio.fail_after(10):
        while not happened():
            await anyio.sleep(0.005)


def tasks() -> set[str]:
    """Name what runs on this loop, the connections of the stand-in apart."""
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    names = {getattr(coroutine, "__qualname__", "") for coroutine in coroutines}
    return {name for name in names if not name.startswith("RequestHandler.")}


def test_the_public_names_are_frozen() -> None:
    assert bulkpause.__all__ == [
        "BulkpauseError",
        "InputError",
        "Item",
        "Limit",
        "LogError",
        "LogHeldError",
        "Pauser",
        "Record",
        "RetryPolicy",
        "Settings",
        "SettingsError",
        "Status",
        "Token",
        "TokenError",
        "Verify",
    ]


async def test_each_id_gets_a_typed_record() -> None:
    async with pausing(statuses={"2": "draft"}) as (pauser, simulator):
        records = {record.id: record async for record in pauser.pause(["1", "2"])}
    assert all(type(record) is Record for record in records.values())
    assert records["1"].status is Status.PAUSED
    assert records["2"].status is Status.NOT_PAUSABLE
    assert records["2"].campaign_status == "draft"
    assert records["2"].trace_id == simulator.ledger.of("2")[0].trace_id
    assert simulator.ledger.paused_ids() == {"1"}


async def test_records_come_as_they_are_final() -> None:
    async with pausing(scripts={"1": (Fault.HANG,)}) as (pauser, simulator):
        with anyio.fail_after(5):
            async for record in pauser.pause(["1", "2"]):
                assert record.id == "2"
                break
        assert [entry.http_status for entry in simulator.ledger.of("1")] == [None]


async def test_a_record_is_in_the_log_before_it_is_given(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, _):
        async for record in pauser.pause(["1", "2", "3"]):
            logged = [
                orjson.loads(line)["id"] for line in log.read_bytes().splitlines()
            ]
            assert record.id in logged


async def test_the_log_says_what_the_records_say(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, _):
        given = [record async for record in pauser.pause(["1", "2", "no id"])]
    written = [
        line.rpartition(b',"crc32":')[0] for line in log.read_bytes().splitlines()
    ]
    assert written == [orjson.dumps(record)[:-1] for record in given]


async def test_a_repeated_id_is_paused_once() -> None:
    async with pausing() as (pauser, simulator):
        records = [record async for record in pauser.pause(["1", "2", "1"])]
    assert sorted(str(record.id) for record in records) == ["1", "2"]
    assert sorted(simulator.ledger.acted_ids()) == ["1", "2"]


async def test_what_is_no_id_is_invalid_and_never_sent() -> None:
    texts = ["../../cancel", "1.2E+17", "", "3"]
    async with pausing() as (pauser, simulator):
        records = [record async for record in pauser.pause(texts)]
    invalid = [record for record in records if record.status is Status.INVALID]
    assert [(record.id, record.row) for record in invalid] == [
        (None, 1),
        (None, 2),
        (None, 3),
    ]
    assert all(record.error for record in invalid)
    assert [entry.id for entry in simulator.ledger] == ["3"]


async def test_a_stop_sends_nothing_new_and_records_what_is_open() -> None:
    async with pausing(latency_s=0.05, settings={"max_in_flight": 2}) as (pauser, sim):
        records = []
        async for record in pauser.pause([str(n) for n in range(50)]):
            records.append(record)
            pauser.stop("enough")
        assert pauser.stopped is not None
    assert pauser.stopped.detail == "enough"
    assert {record.id for record in records} == sim.ledger.paused_ids()
    assert len(records) < 10


async def test_a_stop_before_the_first_id_sends_nothing() -> None:
    async with pausing() as (pauser, simulator):
        pauser.stop("never mind")
        assert [record async for record in pauser.pause(["1"])] == []
    assert len(simulator.ledger) == 0


def attempts_in_memory() -> int:
    gc.collect()
    return sum(type(one) is Attempt for one in gc.get_objects())


async def test_what_is_done_is_let_go() -> None:
    before = attempts_in_memory()
    async with pausing() as (pauser, _):
        records = pauser.pause([str(n) for n in range(100)])
        for _ in range(100):
            await anext(records)
        kept = attempts_in_memory() - before
        await records.aclose()
    assert kept <= 2 * pauser.settings.in_flight


async def test_leaving_the_loop_early_leaves_nothing_running() -> None:
    async with Simulator(Behaviour(windows=(), latency_s=0.02)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=2)
        before = tasks()
        async with Pauser("good", settings) as pauser:
            async for _ in pauser.pause([str(n) for n in range(500)]):
                break
        sent = len(simulator.ledger)
        await anyio.sleep(0.1)
        assert tasks() == before
        assert len(simulator.ledger) <= sent + settings.in_flight


async def test_leaving_the_loop_early_with_a_log_keeps_the_log_whole(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log, latency_s=0.02) as (pauser, _):
        async for _record in pauser.pause([str(n) for n in range(100)]):
            break
    logged = log.read_bytes()
    await anyio.sleep(0.1)
    assert log.read_bytes() == logged
    assert all(orjson.loads(line)["id"] for line in logged.splitlines())


async def test_leaving_with_the_records_in_hand_leaves_nothing_running() -> None:
    async with Simulator(Behaviour(windows=(), latency_s=0.02)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=2)
        before = tasks()
        async with Pauser("good", settings) as pauser:
            records = pauser.pause([str(n) for n in range(500)])
            async for _ in records:
                break
        assert tasks() == before
        await records.aclose()


async def test_a_cancelled_caller_leaves_nothing_running() -> None:
    async with Simulator(Behaviour(windows=(), always=Fault.HANG)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        before = tasks()

        async def pause_all() -> None:
            async with Pauser("good", settings) as pauser:
                async for _ in pauser.pause(["1", "2"]):
                    raise AssertionError("the server never answers")

        caller = asyncio.create_task(pause_all())
        await until(lambda: len(simulator.ledger) == 2)
        caller.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
        assert tasks() == before


async def test_an_error_in_the_loop_comes_out_as_it_is() -> None:
    async def pause_all() -> None:
        async with pausing() as (pauser, _):
            async for _record in pauser.pause(["1", "2"]):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await pause_all()


async def test_two_lists_can_be_paused_one_after_the_other() -> None:
    async with pausing() as (pauser, simulator):
        first = [record.id async for record in pauser.pause(["1", "2"])]
        second = [record.id async for record in pauser.pause(["3"])]
    assert (sorted(map(str, first)), second) == (["1", "2"], ["3"])
    assert len({entry.request_id for entry in simulator.ledger}) == 3


async def test_rules_can_be_given() -> None:
    retry_policy = RetryPolicy(max_attempts=1, verify=Verify.NONE)
    async with pausing(always=Fault.LOST, settings={"retry_policy": retry_policy}) as (
        pauser,
        sim,
    ):
        records = [record async for record in pauser.pause(["1"])]
    assert [record.status for record in records] == [Status.UNKNOWN]
    assert len(sim.ledger) == 1


async def test_a_token_that_is_refused_stops_the_run() -> None:
    async with pausing(token="another") as (pauser, simulator):
        assert [record async for record in pauser.pause(["1"])] == []
        assert pauser.stopped is not None
    assert "refused the token" in pauser.stopped.detail
    assert simulator.ledger.acted_ids() == []


async def test_a_log_that_exists_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.touch()
    with pytest.raises(SettingsError, match="exists"):
        async with Pauser("good", log=log):
            pass


def test_a_token_that_is_empty_is_refused() -> None:
    with pytest.raises(TokenError):
        Pauser("")


def test_an_address_in_the_clear_is_refused() -> None:
    with pytest.raises(SettingsError, match="https"):
        Settings(base_url="http://api.ocamba.com")
