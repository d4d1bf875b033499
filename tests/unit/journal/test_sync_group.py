"""Syncs of many logs share a few threads, and none is lost or waits for ever."""

import asyncio
import threading

import pytest

from bulkpause.journal.sync_group import LANES, SyncGroup


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_every_sync_is_run_once() -> None:
    group, runs = SyncGroup(), list[int]()

    async def log(number: int) -> None:
        for _ in range(20):
            await group.run(lambda: runs.append(number))

    async with asyncio.timeout(60):
        await asyncio.gather(*map(log, range(30)))
    assert sorted(runs) == sorted([*range(30)] * 20)


async def test_failure_is_raised_where_it_is_awaited() -> None:
    group, runs = SyncGroup(), list[str]()

    def fail() -> None:
        raise OSError("no space")

    results = await asyncio.gather(
        group.run(fail), group.run(lambda: runs.append("good")), return_exceptions=True
    )
    assert isinstance(results[0], OSError)
    assert runs == ["good"]


def wait_for(event: threading.Event) -> None:
    assert event.wait(60)


async def test_slow_sync_holds_up_its_lane_alone() -> None:
    group, is_over = SyncGroup(), threading.Event()
    slow = asyncio.create_task(group.run(lambda: wait_for(is_over)))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        for _ in range(10):
            await group.run(lambda: None)
    assert not slow.done()
    is_over.set()
    await slow
    assert LANES > 1


async def test_cancelled_caller_waits_for_its_thread() -> None:
    group, is_over, begun = SyncGroup(), threading.Event(), threading.Event()

    def sync() -> None:
        begun.set()
        wait_for(is_over)

    caller = asyncio.create_task(group.run(sync))
    async with asyncio.timeout(60):
        while not begun.is_set():
            await asyncio.sleep(0.001)
    caller.cancel()
    _, pending = await asyncio.wait([caller], timeout=0.05)
    assert pending == {caller}
    is_over.set()
    with pytest.raises(asyncio.CancelledError):
        await caller


def test_end_of_all_tasks_waits_for_thread() -> None:
    is_over, begun = threading.Event(), threading.Event()
    ends: list[str] = []

    def sync() -> None:
        begun.set()
        wait_for(is_over)
        ends.append("thread")

    async def call() -> None:
        try:
            await SyncGroup().run(sync)
        finally:
            ends.append("caller")

    async def leave() -> None:
        caller = asyncio.create_task(call())
        while not begun.is_set():
            await asyncio.sleep(0.001)
        threading.Timer(0.05, is_over.set).start()
        assert not caller.done()

    # What is left when `leave` returns is cancelled, as by an error of a program.
    asyncio.run(leave())
    assert ends == ["thread", "caller"]
