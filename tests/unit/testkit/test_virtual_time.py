"""The event loop with virtual time: its clock jumps instead of waiting."""

import asyncio

import pytest

from tests.testkit.virtual_time import VirtualTimeLoop


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
