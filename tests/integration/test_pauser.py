"""The public API for programs, against the simulator over loopback."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from bulkpause import (
    GuardRailError,
    GuardRails,
    InputError,
    InvalidRow,
    Item,
    Pauser,
    Plan,
    Record,
    RetryPolicy,
    Settings,
    SettingsError,
    Status,
    StopCause,
    StoppedError,
    TokenError,
    Verify,
)
from bulkpause.errors import LogError
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_log, read_recovery
from bulkpause.model import Attempt, Limit
from bulkpause.pauser import reuse_loaded_log
from bulkpause.plan import make_plan
from bulkpause.simulator import Behaviour, Fault, Simulator
from tests.support.log_records import latest_by_id


pytestmark = pytest.mark.anyio


@asynccontextmanager
async def pausing(
    *, log: Path | None = None, settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Pauser, Simulator]]:
    """Connect a pauser without limits to a simulator without limits."""
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
    """Name the tasks of this loop except the simulator's connections."""
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    names = {getattr(coroutine, "__qualname__", "") for coroutine in coroutines}
    return {name for name in names if not name.startswith("RequestHandler.")}


async def test_each_id_gets_record() -> None:
    async with pausing(statuses={"2": "draft"}) as (pauser, simulator):
        records = {record.id: record async for record in pauser.pause(["1", "2"])}
    assert all(type(record) is Record for record in records.values())
    assert records["1"].status is Status.PAUSED
    assert records["2"].status is Status.NOT_PAUSABLE
    assert records["2"].campaign_status == "draft"
    assert records["2"].trace_id == simulator.ledger.of("2")[0].trace_id
    assert simulator.ledger.paused_ids() == {"1"}


async def test_record_is_given_when_final() -> None:
    async with pausing(scripts={"1": (Fault.HANG,)}) as (pauser, simulator):
        with anyio.fail_after(5):
            async for record in pauser.pause(["1", "2"]):
                assert record.id == "2"
                break
        assert [entry.http_status for entry in simulator.ledger.of("1")] == [None]


async def test_record_is_logged_before_given(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, _):
        async for record in pauser.pause(["1", "2", "3"]):
            logged = [
                orjson.loads(line)["id"] for line in log.read_bytes().splitlines()
            ]
            assert record.id in logged


async def test_log_lines_equal_given_records(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, _):
        given = [record async for record in pauser.pause(["1", "2", "not an id"])]
    written = [
        line.rpartition(b',"crc32":')[0] for line in log.read_bytes().splitlines()
    ]
    assert written == [orjson.dumps(record)[:-1] for record in given]


async def test_duplicate_id_is_paused_once() -> None:
    async with pausing() as (pauser, simulator):
        records = [record async for record in pauser.pause(["1", "2", "1"])]
    assert sorted(str(record.id) for record in records) == ["1", "2"]
    assert sorted(simulator.ledger.acted_ids()) == ["1", "2"]


async def test_invalid_id_is_recorded_and_never_sent() -> None:
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


async def test_stop_records_requests_in_flight_only() -> None:
    async with pausing(latency_s=0.05, settings={"max_in_flight": 2}) as (pauser, sim):
        records: list[Record] = []

        async def pause_until_stopped() -> None:
            async for record in pauser.pause([str(1001 + n) for n in range(50)]):
                records.append(record)
                pauser.stop("enough")

        with pytest.raises(
            StoppedError, match=r"^stopped: enough; \d+ ids without a result$"
        ):
            await pause_until_stopped()
        assert pauser.stopped is not None
    assert pauser.stopped.detail == "enough"
    assert {record.id for record in records} == sim.ledger.paused_ids()
    assert len(records) < 10


async def test_stop_before_first_id_sends_nothing() -> None:
    async with pausing() as (pauser, simulator):
        pauser.stop("never mind")
        with pytest.raises(StoppedError, match="never mind; 1 id without a result"):
            await anext(pauser.pause(["1"]))
    assert len(simulator.ledger) == 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def recorded_in(log: Path) -> set[str]:
    return {orjson.loads(line)["id"] for line in log.read_bytes().splitlines()}


def attempts_in_memory() -> int:
    gc.collect()
    return sum(type(one) is Attempt for one in gc.get_objects())


async def test_finished_attempts_are_freed() -> None:
    before = attempts_in_memory()
    async with pausing() as (pauser, _):
        records = pauser.pause([str(1001 + n) for n in range(100)])
        for _ in range(100):
            await anext(records)
        kept = attempts_in_memory() - before
        await records.aclose()
    assert kept <= 2 * pauser.settings.in_flight


async def test_early_loop_exit_leaves_no_task() -> None:
    async with Simulator(Behaviour(windows=(), latency_s=0.02)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=2)
        before = tasks()
        async with Pauser("good", settings) as pauser:
            async for _ in pauser.pause([str(1001 + n) for n in range(500)]):
                break
        sent = len(simulator.ledger)
        await anyio.sleep(0.1)
        assert tasks() == before
        assert len(simulator.ledger) <= sent + settings.in_flight


async def test_early_loop_exit_keeps_log_complete(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log, latency_s=0.02) as (pauser, _):
        async for _record in pauser.pause([str(1001 + n) for n in range(100)]):
            break
    logged = log.read_bytes()
    await anyio.sleep(0.1)
    assert log.read_bytes() == logged
    assert all(orjson.loads(line)["id"] for line in logged.splitlines())


async def test_open_record_iterator_leaves_no_task() -> None:
    async with Simulator(Behaviour(windows=(), latency_s=0.02)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=2)
        before = tasks()
        async with Pauser("good", settings) as pauser:
            records = pauser.pause([str(1001 + n) for n in range(500)])
            async for _ in records:
                break
        assert tasks() == before
        await records.aclose()


async def test_cancelled_caller_leaves_no_task() -> None:
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


async def test_error_in_loop_is_raised_unchanged() -> None:
    async def pause_all() -> None:
        async with pausing() as (pauser, _):
            async for _record in pauser.pause(["1", "2"]):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await pause_all()


async def test_pauser_pauses_two_lists_in_turn() -> None:
    async with pausing() as (pauser, simulator):
        first = [record.id async for record in pauser.pause(["1", "2"])]
        second = [record.id async for record in pauser.pause(["3"])]
    assert (sorted(map(str, first)), second) == (["1", "2"], ["3"])
    assert len({entry.request_id for entry in simulator.ledger}) == 3


async def test_pauser_uses_given_retry_policy() -> None:
    retry_policy = RetryPolicy(max_attempts=1, verify=Verify.NONE)
    async with pausing(always=Fault.LOST, settings={"retry_policy": retry_policy}) as (
        pauser,
        sim,
    ):
        records = [record async for record in pauser.pause(["1"])]
    assert [record.status for record in records] == [Status.UNKNOWN]
    assert len(sim.ledger) == 1


async def test_plan_is_paused_in_its_order() -> None:
    items = (Item(id="2", row=4), Item(id="1", row=3))
    row = InvalidRow(row=2, detail="no id", remedy="fill it in")
    plan = Plan(rows=3, items=items, invalid_rows=(row,), duplicate=0, already_done=0)
    async with pausing(settings={"max_in_flight": 1}) as (pauser, simulator):
        records = [record async for record in pauser.pause(plan)]
    assert [(record.id, record.row) for record in records] == [
        (None, 2),
        ("2", 4),
        ("1", 3),
    ]
    assert [entry.id for entry in simulator.ledger] == ["2", "1"]


async def test_plan_with_invalid_id_is_refused(tmp_path: Path) -> None:
    items = (Item(id="1", row=1), Item(id="../../cancel", row=2))
    plan = Plan(rows=2, items=items, invalid_rows=(), duplicate=0, already_done=0)
    async with pausing(log=tmp_path / "log") as (pauser, simulator):
        with pytest.raises(InputError, match=r"row 2: .*; nothing was sent"):
            await anext(pauser.pause(plan))
    assert len(simulator.ledger) == 0


async def test_plan_with_repeated_id_is_refused(tmp_path: Path) -> None:
    items = (Item(id="1", row=1), Item(id="1", row=2))
    plan = Plan(rows=2, items=items, invalid_rows=(), duplicate=0, already_done=0)
    async with pausing(log=tmp_path / "log") as (pauser, simulator):
        with pytest.raises(InputError, match="has 1 more than once; nothing was sent"):
            await anext(pauser.pause(plan))
    assert len(simulator.ledger) == 0


async def test_each_list_is_judged_by_its_own_canary() -> None:
    behaviour = Behaviour(windows=(), statuses={"3": "draft"})
    async with Simulator(behaviour) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        guard_rails = GuardRails(canary=1)
        async with Pauser("good", settings, guard_rails=guard_rails) as pauser:
            first = [record.status async for record in pauser.pause(["1", "2"])]
            second = pauser.pause(["3", "4"])
            assert (await anext(second)).status == "not_pausable"
            with pytest.raises(GuardRailError, match=r"--canary 1.*; 1 id without"):
                await anext(second)
    assert first == ["paused", "paused"]
    assert pauser.stopped is not None
    assert pauser.stopped.cause is StopCause.GUARD_RAIL


async def test_pauser_can_be_inspected_before_it_is_entered() -> None:
    pauser = Pauser("good")
    assert (pauser.warnings, pauser.stopped) == ((), None)
    assert pauser.snapshot().requests == 0


async def test_resume_leaves_out_settled_ids_of_plan(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    plan = make_plan([Item(id="1", row=1), Item(id="2", row=2)])
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Pauser("good", settings, log=log) as pauser:
            assert [record.id async for record in pauser.pause(["1"])] == ["1"]
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            assert [record.id async for record in pauser.pause(plan)] == ["2"]
    assert simulator.ledger.acted_ids() == ["1", "2"]


async def test_log_that_changed_after_loading_is_read_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        loaded = read_log(log)
        async with Pauser("good", settings, log=log) as pauser:
            assert [record.id async for record in pauser.pause(["1"])] == ["1"]
        late = Pauser("good", settings, log=log, resume=True)
        reuse_loaded_log(late, loaded)
        async with late:
            assert [record.id async for record in late.pause(["1", "2"])] == ["2"]
    assert simulator.ledger.acted_ids() == ["1", "2"]


async def test_records_count_planned_ids_of_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Pauser("good", settings, log=log) as pauser:
            first = [one.planned async for one in pauser.pause(["1", "2", "no id!"])]
            second = [one.planned async for one in pauser.pause(["3"])]
        assert (first, second) == ([2, 2, 2], [3])
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            assert pauser.already_done == {"1", "2", "3"}
            third = [one.planned async for one in pauser.pause(["1", "4"])]
            fourth = [one.planned async for one in pauser.pause(["5", "6"])]
        assert (third, fourth) == ([4], [6, 6])
    found = read_recovery(log)
    assert (found.known, found.not_on_record) == (6, 0)
    assert found.endpoint == simulator.base_url
    assert [record.action for record in latest_by_id(log).values()] == ["pause"] * 6


@pytest.mark.parametrize(
    ("given", "missing"),
    [(["1", "2", "3", "4"], 0), (["1", "2", "5", "6"], 2), (["7", "8"], 2), ([], 2)],
    ids=["same input", "as many new ids", "other input", "retry"],
)
async def test_shortened_log_counts_missing_ids(
    tmp_path: Path, given: list[str], missing: int
) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=1)
        async with Pauser("good", settings, log=log) as pauser:
            assert len([one async for one in pauser.pause(["1", "2", "3", "4"])]) == 4
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[:2]))
        assert read_recovery(log).not_on_record == 2
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            assert [one async for one in pauser.pause(given)] != [] or not given
    assert read_recovery(log).not_on_record == missing


async def test_repeated_ids_of_one_pauser_count_once(tmp_path: Path) -> None:
    async with pausing() as (pauser, _):
        for _ in range(2):
            planned = [one.planned async for one in pauser.pause(["1", "2"])]
            assert planned == [2, 2]


async def test_old_log_is_refused_untouched(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Pauser("good", settings, log=log) as pauser:
            assert [one.id async for one in pauser.pause(["1"])] == ["1"]
        before = log.read_bytes()

        def late(hours: int) -> datetime:
            return datetime.now(UTC) + timedelta(hours=hours)

        for within_s, hours in ((86_400.0, 25), (3_600.0, 2)):
            old = Pauser(
                "good",
                settings,
                log=log,
                resume=True,
                resume_within_s=within_s,
                now=partial(late, hours),
            )
            with pytest.raises(SettingsError, match="a log for each day"):
                await old.__aenter__()
            assert names(tmp_path) == ["log.jsonl"]
        assert log.read_bytes() == before
        for limit_s, age_h in ((None, 9_999), (86_400.0, 23)):
            async with Pauser(
                "good",
                settings,
                log=log,
                resume=True,
                resume_within_s=limit_s,
                now=partial(late, age_h),
            ) as pauser:
                assert [one async for one in pauser.pause(["1"])] == []


async def test_old_loaded_log_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, simulator):
        assert [one.id async for one in pauser.pause(["1"])] == ["1"]
    settings = Settings(base_url=simulator.base_url)
    old = Pauser(
        "good",
        settings,
        log=log,
        resume=True,
        now=lambda: datetime.now(UTC) + timedelta(days=2),
    )
    reuse_loaded_log(old, read_log(log))
    with pytest.raises(SettingsError, match="--resume-within"):
        await old.__aenter__()


async def test_retried_statuses_are_sent_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    statuses = {"1": "draft", "2": "draft"}
    async with Simulator(Behaviour(windows=(), statuses=statuses)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Pauser("good", settings, log=log) as pauser:
            records = [one async for one in pauser.pause(["1", "2", "3"])]
        assert [one.status for one in records].count(Status.NOT_PAUSABLE) == 2
        async with Pauser(
            "good", settings, log=log, resume=True, retried=[Status.NOT_PAUSABLE]
        ) as pauser:
            assert pauser.already_done == {"3"}
            again = [one async for one in pauser.pause(["1", "3"])]
        assert [(one.id, one.planned, len(one.history)) for one in again] == [
            ("1", 3, 1)
        ]
        assert again[0].history[0]["http_status"] == 400
    assert names(tmp_path) == ["log.jsonl"]


def test_paused_ids_are_never_retried() -> None:
    with pytest.raises(SettingsError, match="paused ids cannot be retried"):
        Pauser("good", retried=[Status.PAUSED])


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.wal"])
async def test_moved_log_ends_run_and_keeps_requests(tmp_path: Path, name: str) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=(), latency_s=0.02)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=2)
        pauser = Pauser("good", settings, log=log)

        async def pause_all() -> None:
            async with pauser:
                async for _ in pauser.pause([str(n) for n in range(1000)]):
                    if len(simulator.ledger) > 10 and (tmp_path / name).exists():
                        (tmp_path / name).rename(tmp_path / "moved")

        with pytest.raises(LogError, match=f"/{name} was moved"):
            await pause_all()
    assert len(simulator.ledger) < 100
    assert pauser.stopped is not None
    assert pauser.stopped.cause is StopCause.LOG
    assert (tmp_path / ("moved" if name.endswith("wal") else f"{name}.wal")).exists()
    recorded = recorded_in(log if name.endswith("wal") else tmp_path / "moved")
    assert simulator.ledger.paused_ids() <= recorded | pauser.unrecorded


async def test_failed_sync_ends_run_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"

    synced: list[int] = []

    def broken_after_plan(file: int) -> None:
        synced.append(file)
        if len(synced) > 1:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(SYSTEM, "sync_data", broken_after_plan)

    async def pause_all() -> None:
        limits = (Limit(1, 3600.0),)
        settings = Settings(base_url=simulator.base_url, limits=limits)
        async with Pauser("good", settings, log=log) as pauser:
            async for _ in pauser.pause(["1", "2"]):
                pass

    async with Simulator(Behaviour(windows=())) as simulator:
        with anyio.fail_after(60), pytest.raises(LogError, match="cannot be synced"):
            await pause_all()
    assert len(simulator.ledger) == 1
    assert log.with_name("log.jsonl.wal").exists()


async def test_failed_log_begins_no_later_list(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"

    async def pause_twice() -> None:
        async with pausing(log=log) as (pauser, simulator):
            assert [one.id async for one in pauser.pause(["1"])] == ["1"]
            log.rename(tmp_path / "moved")
            with pytest.raises(LogError, match="was moved"):
                await anext(pauser.pause(["2"]))
            assert len(simulator.ledger) == 1

    with pytest.raises(LogError, match="was moved"):
        await pause_twice()


async def test_log_of_other_endpoint_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with pausing(log=log) as (pauser, _):
        assert [record.id async for record in pauser.pause(["1"])] == ["1"]
    with pytest.raises(SettingsError, match="name another log"):
        async with Pauser("good", Settings(), log=log, resume=True):
            pass
    assert names(tmp_path) == ["log.jsonl"]


async def test_snapshot_counts_the_run() -> None:
    async with pausing(scripts={"1": (Fault.HANG,)}) as (pauser, _):
        before = pauser.snapshot()
        assert (before.requests, before.in_flight, before.waiting) == (0, 0, None)
        assert (before.is_outage, before.time_left_s) == (False, 0.0)
        record = await anext(pauser.pause(["1", "2"]))
        during = pauser.snapshot()
    assert record.id == "2"
    assert (during.requests, during.in_flight, during.to_retry) == (2, 1, 0)
    assert not during.is_outage


async def test_rejected_token_stops_run() -> None:
    async with pausing(token="another") as (pauser, simulator):
        records = pauser.pause(["1"])
        assert (await anext(records)).status == "failed"
        with pytest.raises(TokenError, match="rejected the token"):
            await anext(records)
    assert pauser.stopped is not None
    assert pauser.stopped.cause is StopCause.TOKEN
    assert simulator.ledger.acted_ids() == []


async def test_existing_log_is_refused_without_resume(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.touch()
    with pytest.raises(SettingsError, match="exists"):
        async with Pauser("good", log=log):
            pass


def test_empty_token_is_refused() -> None:
    with pytest.raises(TokenError):
        Pauser("")


def test_http_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="https"):
        Settings(base_url="http://api.ocamba.com")
