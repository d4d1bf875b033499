"""The event loop with virtual time: its clock jumps instead of waiting."""

import asyncio
import time

import pytest

from tests.testkit.virtual_time import (
    EPOCH,
    OneThreadLoop,
    VirtualTimeLoop,
    run_on_virtual_time,
    wall_clock,
)


pytestmark = pytest.mark.anyio

DAY_S = 86_400.0


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_clock_jumps_to_end_of_sleep() -> None:
    await asyncio.sleep(DAY_S)

    assert now() == pytest.approx(DAY_S, abs=1e-6)


async def test_timers_fire_in_order() -> None:
    woken: list[float] = []

    async def wake(after_s: float) -> None:
        await asyncio.sleep(after_s)
        woken.append(after_s)

    async with asyncio.TaskGroup() as tasks:
        for after_s in (3.0, 1.0, 2.0):
            tasks.create_task(wake(after_s))

    assert woken == [1.0, 2.0, 3.0]


async def test_timer_never_fires_early() -> None:
    late_s = []
    for after_s in (0.1, 0.2, 0.3, 1 / 3, 7.7) * 100:
        due_at = now() + after_s
        await asyncio.sleep(after_s)
        late_s.append(now() - due_at)

    assert min(late_s) >= 0
    assert max(late_s) < 1e-6


async def test_clock_always_advances() -> None:
    before = now()
    await asyncio.sleep(0)

    assert now() > before


async def test_advance_moves_clock_without_running_timers() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    woken: list[float] = []
    loop.call_later(3.0, lambda: woken.append(now()))
    loop.advance(DAY_S)
    before = list(woken)
    await asyncio.sleep(1)

    assert before == []
    assert woken == [pytest.approx(DAY_S, abs=1e-6)]


def test_waiting_without_timer_raises() -> None:
    loop = VirtualTimeLoop()
    with pytest.raises(RuntimeError, match="forever"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_virtual_time_is_instant_and_single_threaded() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        assert isinstance(asyncio.get_running_loop(), OneThreadLoop)
        with pytest.raises(ValueError, match="no"):
            await asyncio.to_thread(int, "no")
        assert await asyncio.to_thread(int, "5") == 5
        return (wall_clock() - EPOCH).total_seconds()

    start = time.monotonic()
    assert run_on_virtual_time(main()) == pytest.approx(3600)
    assert time.monotonic() - start < 600
