"""One list under its guard rails, in virtual time."""

import asyncio
from collections import Counter
from contextlib import aclosing
from functools import partial
from math import inf

import pytest

from bulkpause.engine.guard_rails import GuardRails, Tolerance
from bulkpause.engine.job import Job
from bulkpause.engine.run import GRACE_S, Run
from bulkpause.errors import LogError
from bulkpause.model import Item, StopReason
from bulkpause.vocabulary import StopCause
from tests.support.fakes import (
    FailingRecorder,
    ScriptedSender,
    UnlimitedGate,
    ids,
    run_context,
)


pytestmark = pytest.mark.anyio

STOP = StopReason(StopCause.SIGNAL, "SIGTERM")


def new_run(sender: ScriptedSender, guard_rails: GuardRails | None = None) -> Run:
    return Run(
        sender=sender,
        gate=UnlimitedGate(1),
        recorder=FailingRecorder(),
        context=run_context(),
        guard_rails=guard_rails or GuardRails(),
    )


async def statuses(run: Run, count: int) -> dict[str, str]:
    """Run this many ids from 1001 on, and give the status of each record."""
    jobs = (Job(Item(id=id_, row=row)) for row, id_ in enumerate(ids(count), 1))
    return {record.id or "": record.status async for record in run.records(jobs)}


async def test_every_job_gets_a_record() -> None:
    run = new_run(ScriptedSender({"*": [204]}))
    assert await statuses(run, 5) == dict.fromkeys(ids(5), "paused")
    assert run.stopped is None


async def test_paused_canary_lets_the_rest_follow() -> None:
    run = new_run(ScriptedSender({"*": [204]}), GuardRails(canary=2))
    assert await statuses(run, 5) == dict.fromkeys(ids(5), "paused")


async def test_rejected_canary_stops_the_rest() -> None:
    sender = ScriptedSender({"1001": [404, 404], "*": [204]})
    run = new_run(sender, GuardRails(canary=2))
    assert await statuses(run, 5) == {"1001": "rejected", "1002": "paused"}
    assert run.stopped is not None
    assert run.stopped.cause is StopCause.GUARD_RAIL
    assert run.stopped.detail.startswith("--canary 2: 1 of the first 2 ids not paused")


async def test_too_many_failures_stop_the_run() -> None:
    sender = ScriptedSender({"*": [400, "running"]})
    run = new_run(sender, GuardRails(max_failures=Tolerance(count=1)))
    result = Counter((await statuses(run, 1000)).values())
    assert result == {"rejected": 2}
    assert len(sender.sent) == 4
    assert run.stopped is not None
    assert run.stopped.detail.startswith("--max-failures 1: 2 of 2 ids failed")


async def test_deadline_stops_run_and_bounds_attempts() -> None:
    sender = ScriptedSender({"*": [204]}, latency_s=1.0)
    run = new_run(sender, GuardRails(deadline_s=2.5))
    start = asyncio.get_running_loop().time()
    jobs = (Job(Item(id=id_, row=row)) for row, id_ in enumerate(ids(9), 1))
    deadlines = [sender.ends_at async for _ in run.records(jobs)]
    assert len(deadlines) == 3
    assert deadlines[0] == pytest.approx(start + 2.5 + GRACE_S)
    assert run.stopped is not None
    assert run.stopped.detail == "--deadline 2.5s has passed, last id 1002"
    assert sender.ends_at == inf


async def test_stop_before_the_start_sends_nothing() -> None:
    sender = ScriptedSender({"*": [204]})
    run = new_run(sender)
    run.stop(STOP)
    assert await statuses(run, 3) == {}
    assert (run.stopped, sender.order) == (STOP, [])


@pytest.mark.parametrize(("graces_s", "took_s"), [([5], 5.5), ([5, 0], 0.5), ([20], 9)])
async def test_requests_in_flight_get_shortest_grace(
    graces_s: list[float], took_s: float
) -> None:
    run = new_run(ScriptedSender({"*": [204]}, latency_s=9.0))
    loop = asyncio.get_running_loop()
    start = loop.time()
    for grace_s in graces_s:
        loop.call_later(0.5, partial(run.stop, STOP, grace_s=grace_s))
    found = await statuses(run, 3)
    assert loop.time() - start == pytest.approx(took_s)
    assert set(found.values()) == ({"paused"} if took_s == 9 else set())


async def test_abandoned_records_cancel_the_run() -> None:
    sender = ScriptedSender({"*": [204]}, latency_s=1.0)
    run = new_run(sender)
    jobs = (Job(Item(id=id_, row=row)) for row, id_ in enumerate(ids(9), 1))
    async with aclosing(run.records(jobs)) as records:
        async for _ in records:
            break
    sent = len(sender.order)
    await asyncio.sleep(10)
    assert len(sender.order) == sent


async def test_failure_of_log_ends_run_at_once() -> None:
    sender = ScriptedSender({"1001": [204], "*": [503]}, latency_s=1.0)
    run = new_run(sender)
    error = LogError("log was moved")
    asyncio.get_running_loop().call_later(1.5, run.fail, error)
    with pytest.raises(LogError, match="log was moved; nothing more was sent; in fl"):
        await statuses(run, 9)
    assert run.stopped is not None
    assert run.stopped.cause is StopCause.LOG
    assert len(sender.order) == 2


async def test_nothing_new_while_failures_are_at_stake() -> None:
    """A 404 is read back for 15 s before it is a failure."""
    sender = ScriptedSender({"1003": [404, *["running"] * 5], "*": [204]})
    run = new_run(sender, GuardRails(max_failures=Tolerance(count=0)))
    result = Counter((await statuses(run, 1000)).values())
    assert result == {"paused": 2, "rejected": 1}
    assert run.stopped is not None
    assert run.stopped.detail.startswith("--max-failures 0: 1 of 3 ids failed")


async def test_run_goes_on_once_none_failed() -> None:
    sender = ScriptedSender({"1003": [400, "paused"], "*": [204]})
    run = new_run(sender, GuardRails(max_failures=Tolerance(count=0)))
    result = Counter((await statuses(run, 50)).values())
    assert result == {"paused": 49, "already_paused": 1}
    assert run.stopped is None
    assert sender.order[3] == "view 1003"
