"""What programs rely on: lists of all kinds, ends that cannot be overlooked, misuse."""

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkpause import (
    BulkpauseError,
    GuardRailError,
    GuardRails,
    Pauser,
    Record,
    RetryPolicy,
    Settings,
    Status,
    StoppedError,
    Summary,
    TokenError,
    Tolerance,
    read_log,
)
from bulkpause.simulator import Behaviour, Fault, Simulator


pytestmark = pytest.mark.anyio

IDS = [str(1001 + n) for n in range(40)]


@asynccontextmanager
async def pausing(
    *,
    log: Path | None = None,
    guard_rails: GuardRails | None = None,
    settings: dict[str, Any] | None = None,
    **behaviour: Any,
) -> AsyncIterator[tuple[Pauser, Simulator]]:
    """Connect a pauser without limits to a simulator without limits."""
    async with Simulator(Behaviour(**{"windows": (), **behaviour})) as simulator:
        wanted = {"base_url": simulator.base_url, "limits": (), **(settings or {})}
        async with Pauser(
            "good", Settings(**wanted), log=log, guard_rails=guard_rails
        ) as pauser:
            yield pauser, simulator


async def until(happened: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not happened():
            await anyio.sleep(0.005)


async def records_to_end(
    pauser: Pauser, ids: Any
) -> tuple[list[Record], BulkpauseError | None]:
    """Collect the records, and the error after the last one."""
    records: list[Record] = []
    try:
        async for record in pauser.pause(ids):
            records.append(record)  # noqa: PERF401 (kept when an error follows)
    except BulkpauseError as error:
        return records, error
    return records, None


# Lists


async def test_text_is_refused_before_anything_is_sent() -> None:
    async with pausing() as (pauser, simulator):
        with pytest.raises(TypeError, match="str is not a list of ids"):
            pauser.pause("1000248")
    assert len(simulator.ledger) == 0


async def test_integers_are_paused() -> None:
    async with pausing() as (pauser, simulator):
        records, error = await records_to_end(pauser, [1000248, 0])
    assert [(record.id, record.status) for record in records] == [
        (None, Status.INVALID),
        ("1000248", Status.PAUSED),
    ]
    assert error is None
    assert simulator.ledger.paused_ids() == {"1000248"}


async def test_asynchronous_list_is_read_to_its_end_first() -> None:
    async with pausing() as (pauser, simulator):

        async def ids() -> AsyncIterator[int]:
            for id_ in (1, 2, 3):
                await anyio.sleep(0.01)
                assert len(simulator.ledger) == 0
                yield id_

        records, _ = await records_to_end(pauser, ids())
    assert {record.id for record in records} == {"1", "2", "3"}


async def test_error_of_asynchronous_list_sends_nothing() -> None:
    async def ids() -> AsyncIterator[str]:
        yield "1"
        raise ZeroDivisionError

    async with pausing() as (pauser, simulator):
        with pytest.raises(ZeroDivisionError):
            await anext(pauser.pause(ids()))
        assert pauser.summary.may_be_running is None
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("given", [["9"], []], ids=["other list", "empty list"])
async def test_ids_open_in_log_beside_list_count(
    tmp_path: Path, given: list[str]
) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=())) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(), max_in_flight=1)
        async with Pauser("good", settings, log=log) as pauser:
            async for _record in pauser.pause(["1", "2", "3"]):
                pauser.stop("enough", grace_s=0)
                break
        left = read_log(log).summary.may_be_running
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            await records_to_end(pauser, given)
            summary = pauser.summary
            assert (summary.rows, summary.may_be_running) == (len(given), left)
            assert_is_no_all_clear(summary)
            await records_to_end(pauser, ["1", "2", "3"])
            assert pauser.summary.is_all_paused
    assert left
    assert read_log(log).summary.is_all_paused


@pytest.mark.parametrize("later", [["2"], []], ids=["later list", "empty list"])
@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_list_not_read_is_never_forgotten(
    later: list[str], is_cancelled: bool
) -> None:
    async def ids() -> AsyncIterator[str]:
        yield "1"
        if is_cancelled:
            await anyio.sleep_forever()
        raise OSError

    async with pausing() as (pauser, simulator):
        with suppress(OSError), anyio.move_on_after(0.05 if is_cancelled else 60):
            await anext(pauser.pause(ids()))
        assert pauser.summary.may_be_running is None
        await records_to_end(pauser, later)
        assert pauser.summary.may_be_running is None
        assert_is_no_all_clear(pauser.summary)
    assert simulator.ledger.paused_ids() == set(later)


# Ends


def assert_is_no_all_clear(summary: Summary) -> None:
    assert not summary.is_all_paused
    assert summary.may_be_running != 0


async def test_refused_token_is_raised_after_its_records() -> None:
    async with pausing(token="another") as (pauser, _):
        records, error = await records_to_end(pauser, IDS)
    assert isinstance(error, TokenError)
    assert all(record.status is Status.FAILED for record in records)
    left = len(IDS) - len(records)
    assert str(error).endswith(f"; {left} ids without a result")
    assert pauser.summary.not_attempted == left
    assert pauser.summary.may_be_running == len(IDS)
    assert_is_no_all_clear(pauser.summary)


async def test_canary_is_raised_and_leaves_no_all_clear() -> None:
    guard_rails = GuardRails(canary=1)
    async with pausing(guard_rails=guard_rails, statuses={IDS[0]: "draft"}) as (
        pauser,
        _,
    ):
        records, error = await records_to_end(pauser, IDS)
    assert isinstance(error, GuardRailError)
    assert str(error).endswith("; 39 ids without a result")
    assert [record.status for record in records] == [Status.NOT_PAUSABLE]
    assert_is_no_all_clear(pauser.summary)


async def test_too_many_failures_are_raised() -> None:
    guard_rails = GuardRails(max_failures=Tolerance(count=0))
    policy = RetryPolicy(max_attempts=1, wait_initial_s=0.01)
    settings = {"retry_policy": policy, "max_in_flight": 1}
    scripts = {IDS[0]: (Fault.UNAVAILABLE,) * 9}
    async with pausing(guard_rails=guard_rails, settings=settings, scripts=scripts) as (
        pauser,
        _,
    ):
        _, error = await records_to_end(pauser, IDS)
    assert isinstance(error, GuardRailError)
    assert_is_no_all_clear(pauser.summary)


async def test_outage_is_raised() -> None:
    policy = RetryPolicy(give_up_after_s=0.2, wait_initial_s=0.01, max_attempts=2)
    async with pausing(always=Fault.UNAVAILABLE, settings={"retry_policy": policy}) as (
        pauser,
        _,
    ):
        with anyio.fail_after(60):
            records, error = await records_to_end(pauser, IDS)
    assert isinstance(error, StoppedError)
    assert len(records) + pauser.summary.not_attempted == len(IDS)
    assert_is_no_all_clear(pauser.summary)


async def test_stop_after_last_record_is_no_error() -> None:
    async with pausing() as (pauser, _):
        async for _record in pauser.pause(["1"]):
            pauser.stop("enough")
    assert pauser.summary.is_all_paused


async def test_stop_from_other_thread_ends_list() -> None:
    async with pausing(latency_s=0.02, settings={"max_in_flight": 1}) as (pauser, sim):
        stopper = threading.Thread(target=pauser.stop, args=("from a thread",))
        reading = asyncio.create_task(records_to_end(pauser, IDS))
        await until(lambda: len(sim.ledger) > 0)
        stopper.start()
        records, error = await reading
        stopper.join()
    assert isinstance(error, StoppedError)
    assert "from a thread" in str(error)
    assert {record.id for record in records} == sim.ledger.paused_ids()


async def test_summary_counts_each_row_once() -> None:
    async with pausing(statuses={"3": "draft"}) as (pauser, _):
        await records_to_end(pauser, ["1", "2", "2", "3", "no id!"])
        await records_to_end(pauser, ["4"])
    summary = pauser.summary
    assert summary.rows == 6 == sum(summary.by_status.values()) + summary.duplicate
    assert summary.by_status[Status.PAUSED] == 3
    assert (summary.may_be_running, summary.is_all_paused) == (0, False)
    assert str(summary) == (
        "6 rows = 3 paused + 1 not_pausable + 1 invalid + 1 duplicate\n"
        "0 may still be running"
    )


async def test_summary_before_first_list_is_no_all_clear() -> None:
    async with pausing() as (pauser, _):
        assert_is_no_all_clear(pauser.summary)
        assert str(pauser.summary) == (
            "nothing is on record: every campaign may still be running"
        )
        await records_to_end(pauser, [])
        assert pauser.summary.is_all_paused
        records = pauser.pause(["1"])
        assert_is_no_all_clear(pauser.summary)
        await records.aclose()


async def test_summary_counts_ids_rejected_before(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with Simulator(Behaviour(windows=(), statuses={"2": "unknown"})) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=())
        async with Pauser("good", settings, log=log) as pauser:
            await records_to_end(pauser, ["1", "2"])
        before = pauser.summary
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            await records_to_end(pauser, ["1", "2"])
        after = pauser.summary
    assert after.already_done == 2
    assert before.may_be_running == after.may_be_running == 1
    assert_is_no_all_clear(after)


# Ends that come from outside


async def leave_by_cancellation(pauser: Pauser, is_sent: Callable[[], bool]) -> None:
    reading = asyncio.create_task(records_to_end(pauser, IDS))
    await until(is_sent)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()


async def leave_by_timeout(pauser: Pauser, is_sent: Callable[[], bool]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(3600) as timeout:
            asyncio.get_running_loop().call_soon(
                asyncio.ensure_future, _expire(timeout, is_sent)
            )
            await records_to_end(pauser, IDS)
    assert timeout.expired()


async def _expire(scope: asyncio.Timeout, is_sent: Callable[[], bool]) -> None:
    await until(is_sent)
    scope.reschedule(asyncio.get_running_loop().time())


async def leave_by_break(pauser: Pauser, is_sent: Callable[[], bool]) -> None:
    async with aclosing(pauser.pause(IDS)) as records:
        async for _ in records:
            break


async def leave_by_error(pauser: Pauser, is_sent: Callable[[], bool]) -> None:
    with suppress(ZeroDivisionError):
        async with aclosing(pauser.pause(IDS)) as records:
            async for _ in records:
                raise ZeroDivisionError


@pytest.mark.parametrize(
    "leave", [leave_by_cancellation, leave_by_timeout, leave_by_break, leave_by_error]
)
async def test_list_left_early_is_settled_by_next_run(
    tmp_path: Path, leave: Callable[[Pauser, Callable[[], bool]], Any]
) -> None:
    log = tmp_path / "log.jsonl"
    # Some responses are lost on the way, so that ids are in flight.
    scripts = dict.fromkeys(IDS[1:8:2], (Fault.HANG_AFTER,))
    behaviour = Behaviour(windows=(), scripts=scripts)
    async with Simulator(behaviour) as simulator:
        settings = Settings(
            base_url=simulator.base_url,
            limits=(),
            max_in_flight=8,
            retry_policy=RetryPolicy(wait_initial_s=0.01),
        )
        async with Pauser("good", settings, log=log) as pauser:
            await leave(pauser, lambda: len(simulator.ledger.of(IDS[1])) > 0)
            sent = len(simulator.ledger)
            await anyio.sleep(0.1)
            assert len(simulator.ledger) <= sent + settings.in_flight
            assert_is_no_all_clear(pauser.summary)
            sent = len(simulator.ledger)
        await anyio.sleep(0.1)
        assert len(simulator.ledger) == sent
        seen = read_log(log)
        acted = simulator.ledger.paused_ids()
        assert acted <= seen.records.keys()
        assert not seen.is_held
        unknown = {
            id_
            for id_, record in seen.records.items()
            if record.status is Status.UNKNOWN
        }
        assert unknown == pauser.unrecorded
        assert pauser.summary.by_status[Status.UNKNOWN] == len(unknown) > 0
        assert seen.summary.may_be_running == pauser.summary.may_be_running
        settings = replace(settings, timeout_s=1.0)
        async with Pauser("good", settings, log=log, resume=True) as pauser:
            _, error = await records_to_end(pauser, IDS)
    assert error is None
    assert read_log(log).summary.is_all_paused
    assert simulator.ledger.paused_ids() == set(IDS)
    sent_twice = [id_ for id_ in acted if len(pauses_of(simulator, id_)) > 1]
    assert sent_twice == []


def pauses_of(simulator: Simulator, id_: str) -> list[Any]:
    return [entry for entry in simulator.ledger.of(id_) if entry.action == "pause"]


async def test_list_left_early_without_log_is_unknown() -> None:
    async with pausing(always=Fault.HANG, settings={"max_in_flight": 4}) as (
        pauser,
        simulator,
    ):
        await leave_by_cancellation(pauser, lambda: len(simulator.ledger) == 4)
    assert len(pauser.unrecorded) == 4
    assert pauser.summary.by_status[Status.UNKNOWN] == 4
    assert pauser.summary.not_attempted == len(IDS) - 4
    assert pauser.summary.may_be_running == len(IDS)


async def test_pauser_cancelled_while_closing_closes_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    reading: list[asyncio.Task[Any]] = []

    async def pause_until_error() -> None:
        async with pausing(log=log, always=Fault.HANG) as (pauser, simulator):
            reading.append(asyncio.create_task(records_to_end(pauser, IDS)))
            await until(lambda: len(simulator.ledger) > 0)
            cancel_current_task()
            raise ZeroDivisionError

    with pytest.raises((ZeroDivisionError, asyncio.CancelledError)):
        await asyncio.create_task(pause_until_error())
    assert read_log(log).is_held is False
    assert isinstance((await reading[0])[1], StoppedError)
    gc.collect()  # a session that is still open would be said now


def cancel_current_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


def test_interrupted_program_leaves_log_in_order(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    ledgers = []

    async def pause_until_interrupted() -> None:
        async with pausing(log=log, latency_s=0.02) as (pauser, simulator):
            ledgers.append(simulator.ledger)
            async for _ in pauser.pause(IDS):
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(60)  # the interrupt cancels it

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(pause_until_interrupted())
    found = read_log(log)
    assert ledgers[0].paused_ids() <= found.records.keys()
    paused = found.summary.by_status[Status.PAUSED]
    assert found.summary.may_be_running == len(IDS) - paused > 0


async def test_list_of_closed_pauser_is_no_finished_list() -> None:
    async with pausing(always=Fault.HANG) as (pauser, simulator):
        reading = asyncio.create_task(records_to_end(pauser, IDS))
        await until(lambda: len(simulator.ledger) > 0)
    records, error = await reading
    assert records == []
    assert isinstance(error, StoppedError)
    assert "closed before the end of the list" in str(error)


# Several pausers, and misuse


async def test_two_pausers_share_one_loop() -> None:
    async with pausing() as (first, one), pausing() as (second, other):
        results = await asyncio.gather(
            records_to_end(first, IDS), records_to_end(second, IDS)
        )
    assert [error for _, error in results] == [None, None]
    for pauser, simulator in ((first, one), (second, other)):
        assert pauser.summary.is_all_paused
        assert simulator.ledger.paused_ids() == set(IDS)


def test_each_thread_can_have_its_pauser() -> None:
    summaries: list[Summary] = []

    async def pause_all() -> None:
        async with pausing() as (pauser, _):
            await records_to_end(pauser, IDS)
        summaries.append(pauser.summary)

    threads = [
        threading.Thread(target=asyncio.run, args=(pause_all(),)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [summary.is_all_paused for summary in summaries] == [True, True]


async def test_pauser_is_used_inside_its_context() -> None:
    with pytest.raises(RuntimeError, match=r"write `async with Pauser\(token\)"):
        Pauser("good").pause(["1"])
    async with pausing() as (pauser, _):
        pass
    with pytest.raises(RuntimeError, match="is over: make a new one"):
        pauser.pause(["1"])
    with pytest.raises(RuntimeError, match="used before: make a new one"):
        async with pauser:
            pass


async def test_pauser_that_failed_to_open_can_be_entered_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.touch()
    pauser = Pauser("good", Settings(base_url="http://127.0.0.1:1"), log=log)
    with pytest.raises(BulkpauseError, match="never overwritten"):
        await pauser.__aenter__()
    log.unlink()
    async with pauser:
        pass


def test_pauser_belongs_to_one_loop() -> None:
    pauser = Pauser("good", Settings(base_url="http://127.0.0.1:1"))

    async def pause_one() -> None:
        await anext(pauser.pause(["1"]))

    async def use_in_other_loop() -> None:
        async with pauser:
            thread_result: list[BaseException] = []

            def run() -> None:
                try:
                    asyncio.run(pause_one())
                except RuntimeError as error:
                    thread_result.append(error)

            await asyncio.to_thread(run)
            (error,) = thread_result
            assert "make one in each loop" in str(error)

    asyncio.run(use_in_other_loop())


async def test_second_list_at_once_is_refused() -> None:
    async with pausing(scripts={"1": (Fault.HANG,)}) as (pauser, simulator):
        first = pauser.pause(["1", "2"])
        assert (await anext(first)).id == "2"
        with pytest.raises(RuntimeError, match="close it with `async with aclosing"):
            await anext(pauser.pause(["3"]))
        await first.aclose()
        assert [one.id async for one in pauser.pause(["3"])] == ["3"]
    assert simulator.ledger.of("3")[0].http_status == 204


async def test_list_after_loop_exit_waits_for_its_end() -> None:
    async with pausing(scripts={"1": (Fault.HANG,)}) as (pauser, _):
        async for record in pauser.pause(["1", "2"]):
            assert record.id == "2"
            break
        assert [one.id async for one in pauser.pause(["3"])] == ["3"]
    assert pauser.summary.by_status[Status.UNKNOWN] == 1


def test_maximum_of_failures_is_a_tolerance() -> None:
    with pytest.raises(TypeError, match=r"write Tolerance\(count=5\)"):
        GuardRails(max_failures=5)  # type: ignore[arg-type]  # as without types
