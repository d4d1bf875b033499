"""What fails around a real store: in none is a request sent that could be too many."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import pytest

from bulkpause.ratelimit.budget import rules
from bulkpause.ratelimit.budget.store import Result, Step, Store
from bulkpause.ratelimit.budget.valkey import ValkeyStore
from tests.support.budgets import (
    LIMIT,
    assert_never_too_many,
    joined,
    send,
    store_at,
)


pytestmark = pytest.mark.anyio


class StoreBehind:
    """A real store, to be reached in an odd way."""

    def __init__(self, store: Store) -> None:
        self.place, self.is_clock_steady = store.place, store.is_clock_steady
        self.may_have_lost = store.may_have_lost
        self.store = store

    async def step(self, make: Step[Result]) -> Result:
        return await self.store.step(make)

    async def close(self) -> None:
        await self.store.close()


class LateStore(StoreBehind):
    """A store with one answer that takes long to arrive."""

    late_s = 0.0

    async def step(self, make: Step[Result]) -> Result:
        late_s, self.late_s = self.late_s, 0.0
        result = await super().step(make)
        await asyncio.sleep(late_s)
        return result


@dataclass(slots=True)
class Setting:
    """How far a clock was set."""

    ahead_s: float = 0.0


class SetStore(StoreBehind):
    """A store whose clock is set, for all of its runs."""

    def __init__(self, store: Store, setting: Setting) -> None:
        super().__init__(store)
        self._setting = setting

    async def step(self, make: Step[Result]) -> Result:
        def make_then(raw: bytes | None, now: float) -> tuple[bytes, Result]:
            return make(raw, now + self._setting.ahead_s)

        return await super().step(make_then)


class HostLoop(asyncio.SelectorEventLoop):
    """The event loop of a host whose clock is ahead."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s
        super().__init__()

    def time(self) -> float:
        return super().time() + self._ahead_s


async def send_over(stores: Sequence[Store], each: int, sent_at: list[float]) -> None:
    """Let one run join each store, and send at once."""
    async with AsyncExitStack() as stack:
        gates = [
            await stack.enter_async_context(joined(store, f"run{n}"))
            for n, store in enumerate(stores)
        ]
        async with asyncio.TaskGroup() as group:
            for gate in gates * each:
                group.create_task(send(gate, sent_at))


async def test_grant_that_outlives_its_lease_is_not_used(place: str) -> None:
    # Its slot counts as used when the lease ends, and is taken by the other run once it
    # has rested: whoever sent on the late word then would be the fifth in two seconds.
    late_s = rules.LEASE_S + LIMIT.period_s + 0.3
    way, sent_at = LateStore(store_at(place)), list[float]()
    async with joined(store_at(place), "busy") as busy, joined(way, "late") as late:
        await send(busy, sent_at)
        async with asyncio.TaskGroup() as group:
            way.late_s = late_s
            group.create_task(send(late, sent_at))
            for _ in range(13):
                group.create_task(send(busy, sent_at))
    assert len(sent_at) == 15
    assert_never_too_many(sent_at)


async def test_clock_of_a_real_server_is_set(url: str) -> None:
    sent_at: list[float] = []
    setting = Setting()

    async def set_in_the_midst() -> None:
        for requests, seconds in ((4, 30.0), (8, -90.0), (12, 1.0)):
            while len(sent_at) < requests:
                await asyncio.sleep(0.01)
            setting.ahead_s += seconds

    stores = [SetStore(ValkeyStore(url, "account"), setting) for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        group.create_task(set_in_the_midst())
        group.create_task(send_over(stores, 5, sent_at))
    assert len(sent_at) == 15
    assert_never_too_many(sent_at)


async def test_hosts_on_other_clocks_share_a_server(url: str) -> None:
    sent_at: list[float] = []
    hosts = [
        threading.Thread(target=_send_from_host, args=(url, ahead_s, sent_at))
        for ahead_s in (0.0, 137.5, -1e6)
    ]
    for host in hosts:
        host.start()
    for host in hosts:
        await asyncio.to_thread(host.join)
    assert len(sent_at) == 12
    assert_never_too_many(sent_at)


def _send_from_host(url: str, ahead_s: float, sent_at: list[float]) -> None:
    async def send_four() -> None:
        async with joined(
            ValkeyStore(url, "account"), f"run at {ahead_s}", host=f"host at {ahead_s}"
        ) as gate:
            for _ in range(4):
                await send(gate, sent_at)

    with asyncio.Runner(loop_factory=partial(HostLoop, ahead_s)) as runner:
        runner.run(send_four())
