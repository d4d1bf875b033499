"""Several gates over one budget, on virtual time, against a server that counts."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

import pytest

from bulkpause.errors import BudgetError, SettingsError
from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.budget.member import KEEP_AHEAD_S, LEAVE_S, Identity
from bulkpause.ratelimit.budget.memory import MemoryStore
from bulkpause.ratelimit.budget.rules import BEAT_S, LEASE_S
from bulkpause.ratelimit.budget.store import Result, Step, StoreError
from bulkpause.ratelimit.gate import Gate
from bulkpause.vocabulary import Priority
from tests.testkit.fixed_window import FixedWindows
from tests.testkit.gate_simulation import DOCUMENTED, Traffic, gate_of
from tests.testkit.lower_bounds import fixed_window_arrivals, shortest_time_s
from tests.testkit.network import Connections, Network
from tests.testkit.virtual_time import VirtualTimeLoop, run_on_virtual_time


GIVE_UP_S = 5.0


class FaultyStore(MemoryStore):
    """A store in memory that can be late, silent, or on a clock that is set."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(self._shown)
        self.true_clock = clock
        self.offset_s = 0.0
        self.is_clock_steady = False
        self.late_s = 0.0
        self.is_silent = False

    def _shown(self) -> float:
        return self.true_clock() + self.offset_s

    async def step(self, make: Step[Result]) -> Result:
        if self.is_silent:
            raise StoreError("connection refused")
        await asyncio.sleep(self.late_s / 2)
        result = await super().step(make)
        await asyncio.sleep(self.late_s / 2)
        return result

    def forget(self) -> None:
        self._state = None
        self.may_have_lost = True


def now() -> float:
    return asyncio.get_running_loop().time()


def store_of_loop() -> FaultyStore:
    loop = asyncio.get_running_loop()
    store = FaultyStore(loop.time)
    store.is_clock_steady = True
    return store


async def joined(
    store: MemoryStore,
    name: str,
    limits: Sequence[Limit] = DOCUMENTED,
    *,
    priority: Priority = Priority.NORMAL,
    host: str = "host",
    demand: int = 1,
) -> Gate:
    gate = gate_of(*limits)
    identity = Identity(owner=f"{name}/x", host=host, priority=priority)
    await gate.join(store, identity, demand=lambda: demand, give_up_after_s=GIVE_UP_S)
    return gate


def phases_s(seed: int) -> list[float]:
    random = Random(seed)
    return [random.uniform(0, limit.period_s) for limit in DOCUMENTED]


def server(seed: int) -> FixedWindows:
    return FixedWindows(DOCUMENTED, phases_s(seed))


def traffic(gate: Gate, model: FixedWindows, ids: int, seed: int) -> Traffic:
    return Traffic(
        gate=gate,
        model=model,
        ids=ids,
        connections=Connections(Network(), Random(seed)),
    )


async def send_all(runs: Sequence[Traffic]) -> None:
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run.send_all())
    for run in runs:
        await run.gate.leave()


@pytest.mark.parametrize("seed", [1, 2])
def test_runs_share_the_account_evenly(seed: int) -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(seed)
        hosts = ("a", "a", "b", "b")
        gates = [await joined(store, f"r{n}", host=h) for n, h in enumerate(hosts)]
        runs = [traffic(gate, model, 75, n) for n, gate in enumerate(gates)]
        await send_all(runs)
        assert [run.rate_limited for run in runs] == [0] * 4
        accepted = sorted(at for run in runs for at in run.accepted_s)
        best_s = shortest_time_s(
            fixed_window_arrivals(DOCUMENTED, phases_s(seed), accepted[0]), 300
        )
        assert accepted[-1] - accepted[0] < 1.25 * best_s
        early = [sum(at < 15 for at in run.accepted_s) for run in runs]
        jain = sum(early) ** 2 / (4 * sum(n * n for n in early))
        assert jain >= 0.95

    run_on_virtual_time(scenario())


class CountingStore(MemoryStore):
    """A store that counts its steps."""

    steps = 0

    async def step(self, make: Step[Result]) -> Result:
        self.steps += 1
        return await super().step(make)


def test_burst_of_a_run_alone_takes_one_step() -> None:
    async def scenario() -> None:
        store = CountingStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a", demand=400)
        for _ in range(10):
            await gate.acquire()
        assert store.steps == 2  # it joined, and asked once
        await gate.leave()

    run_on_virtual_time(scenario())


def test_slot_taken_ahead_is_not_used_late() -> None:
    async def scenario() -> None:
        store = CountingStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a", demand=400)
        await gate.acquire()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.advance(KEEP_AHEAD_S)
        await gate.acquire()
        assert store.steps == 3
        await gate.leave()

    run_on_virtual_time(scenario())


def test_slot_named_with_each_beat_is_kept() -> None:
    async def scenario() -> None:
        store = CountingStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a", demand=400)
        await gate.acquire()
        await asyncio.sleep(10 * BEAT_S + 0.5)
        before = store.steps
        for _ in range(9):
            await gate.acquire()
        assert store.steps == before
        await gate.leave()

    run_on_virtual_time(scenario())


def test_lapse_without_slots_asks_for_none_again() -> None:
    async def scenario() -> None:
        store = CountingStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a", demand=400)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.advance(2 * LEASE_S)
        await gate.acquire()
        assert gate.confirm() is None
        assert store.steps == 2  # it joined, and asked once
        await gate.leave()

    run_on_virtual_time(scenario())


def test_slots_taken_ahead_are_given_back() -> None:
    async def scenario() -> None:
        store, limits = store_of_loop(), (Limit(4, 10.0),)
        first = await joined(store, "a", limits, demand=400)
        await first.acquire()
        other = await joined(store, "b", limits)
        for _ in range(3):
            await other.acquire()
        assert now() < BEAT_S + 0.5
        await first.leave()
        await other.leave()

    run_on_virtual_time(scenario())


def test_incident_goes_before_a_nightly_run() -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(4)
        nightly = traffic(
            await joined(store, "nightly", priority=Priority.BACKGROUND, demand=400),
            model,
            160,
            1,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(nightly.send_all())
            await asyncio.sleep(25)
            gate = await joined(store, "incident", priority=Priority.URGENT, demand=60)
            incident = traffic(gate, model, 60, 2)
            await incident.send_all()
            await gate.leave()
        first, last = incident.accepted_s[0], incident.accepted_s[-1]
        assert first < 26.0
        between = [at for at in nightly.acquired_s if first < at < last]
        assert between == []
        assert nightly.rate_limited == incident.rate_limited == 0
        await nightly.gate.leave()

    run_on_virtual_time(scenario())


def test_last_minute_of_an_ended_run_counts() -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(5)
        for name in ("first", "second"):
            run = traffic(await joined(store, name), model, 100, 1)
            await send_all([run])
            assert run.rate_limited == 0

    run_on_virtual_time(scenario())


@pytest.mark.parametrize("late_s", [0.3, 0.8, 1.4], ids=str)
def test_late_store_lets_no_request_through_too_many(late_s: float) -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(6)
        gates = [await joined(store, name) for name in ("a", "b")]
        runs = [traffic(gate, model, 30, n) for n, gate in enumerate(gates)]
        loop = asyncio.get_running_loop()
        loop.call_later(2.0, setattr, store, "late_s", late_s)
        loop.call_later(6.0, setattr, store, "late_s", 0.0)
        await send_all(runs)
        assert [run.rate_limited for run in runs] == [0, 0]

    run_on_virtual_time(scenario())


class OnceLateStore(CountingStore):
    """A store with one answer that takes long to arrive."""

    late_s = 0.0

    async def step(self, make: Step[Result]) -> Result:
        late_s, self.late_s = self.late_s, 0.0
        result = await super().step(make)
        await asyncio.sleep(late_s)
        return result


@pytest.mark.parametrize(
    ("late_s", "is_used"),
    [(0.4, True), (0.6, False), (0.9, False), (3.5, False)],
    ids=str,
)
def test_grant_that_arrived_late_is_not_used(late_s: float, is_used: bool) -> None:
    async def scenario() -> None:
        store = OnceLateStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a")
        store.late_s, before = late_s, store.steps
        await gate.acquire()
        assert (store.steps == before + 1) is is_used
        # An answer that takes longer than a second is no longer waited for.
        assert now() < 1.5
        await gate.leave()

    run_on_virtual_time(scenario())


@pytest.mark.parametrize("step_s", [-300.0, -1.0, 1.0, 30.0, 3600.0])
def test_set_clock_lets_no_request_through_too_many(step_s: float) -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(7)
        store.is_clock_steady = False
        gates = [await joined(store, name) for name in ("a", "b", "c")]
        runs = [traffic(gate, model, 60, n) for n, gate in enumerate(gates)]
        loop = asyncio.get_running_loop()
        for instant in (5.0, 16.0):
            loop.call_at(instant, setattr, store, "offset_s", step_s * instant / 5)
        await send_all(runs)
        assert [run.rate_limited for run in runs] == [0, 0, 0]

    run_on_virtual_time(scenario())


def test_forgetful_store_lets_no_request_through_too_many() -> None:
    async def scenario() -> None:
        store, model = store_of_loop(), server(8)
        gates = [await joined(store, name) for name in ("a", "b", "c")]
        runs = [traffic(gate, model, 70, n) for n, gate in enumerate(gates)]
        loop = asyncio.get_running_loop()
        for instant in (3.0, 14.0):
            loop.call_at(instant, store.forget)
        await send_all(runs)
        assert [run.rate_limited for run in runs] == [0, 0, 0]

    run_on_virtual_time(scenario())


def test_silent_store_closes_the_gate_and_says_so() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        gate = await joined(store, "a")
        await gate.acquire()
        store.is_silent = True
        waiting = asyncio.create_task(gate.acquire())
        await asyncio.sleep(1.0)
        assert gate.waiting is not None
        assert gate.waiting.condition == (
            "the shared budget in this process (connection refused)"
        )
        store.is_silent = False
        await waiting
        assert gate.in_flight == 2
        await gate.leave()

    run_on_virtual_time(scenario())


def test_store_that_stays_silent_is_given_up() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        gate = await joined(store, "a")
        store.is_silent = True
        started = now()
        with pytest.raises(BudgetError, match="did not answer for 5 s"):
            await gate.acquire()
        assert GIVE_UP_S <= now() - started < GIVE_UP_S + 1
        assert gate.snapshot().windows[0].acquired == 0
        await gate.leave()

    run_on_virtual_time(scenario())


class DeafStore(MemoryStore):
    """A store whose steps, once it is deaf, neither end nor can be cancelled."""

    is_deaf = False

    async def step(self, make: Step[Result]) -> Result:
        while self.is_deaf:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1000)
        return await super().step(make)


def test_store_that_never_answers_is_left_soon() -> None:
    async def scenario() -> None:
        store = DeafStore(asyncio.get_running_loop().time)
        gate = await joined(store, "a")
        store.is_deaf = True
        await asyncio.sleep(1.5)  # its sign of life is under way
        started = now()
        await gate.leave()
        assert now() - started <= LEAVE_S + 0.1
        store.is_deaf = False
        await asyncio.sleep(1001)

    run_on_virtual_time(scenario())


def test_silent_store_at_the_start_sends_nothing() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        store.is_silent = True
        gate = await joined(store, "a")
        waiting = asyncio.create_task(gate.acquire())
        await asyncio.sleep(2.0)
        assert not waiting.done()
        store.is_silent = False
        await waiting
        await gate.leave()

    run_on_virtual_time(scenario())


def test_other_limits_are_refused_while_runs_are_alive() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        gate = await joined(store, "a")
        with pytest.raises(SettingsError, match="limits 10/1s, 150/60s; use the same"):
            await joined(store, "b", (Limit(5, 1.0),))
        await gate.leave()
        other = await joined(store, "b", (Limit(5, 1.0),))
        await other.leave()

    run_on_virtual_time(scenario())


def test_cooldown_of_one_run_holds_for_the_others() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        first, second = [await joined(store, name) for name in ("a", "b")]
        await first.acquire()
        reply = Reply(
            received_at=now(), sent_at=now(), http_status=429, retry_after_s=7.0
        )
        await first.release(reply)
        await asyncio.sleep(0.1)
        await second.acquire()
        assert now() >= 7.0
        await first.leave()
        await second.leave()

    run_on_virtual_time(scenario())


class CutOffStore(FaultyStore):
    """The way of one run to a store, which can be cut."""

    def __init__(self, store: FaultyStore) -> None:
        super().__init__(store.true_clock)
        self.is_clock_steady = True
        self._store = store

    async def step(self, make: Step[Result]) -> Result:
        if self.is_silent:
            raise StoreError("connection refused")
        return await self._store.step(make)


def test_run_that_was_cut_off_asks_again_before_it_sends() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        way = CutOffStore(store)
        limits = (Limit(1, 1.0),)
        first, other = await joined(way, "a", limits), await joined(store, "b", limits)
        await first.acquire()
        way.is_silent = True
        await other.acquire()
        assert LEASE_S + 1 <= now() < LEASE_S + 2
        # It says again what it holds before its request is written.
        way.is_silent = False
        await asyncio.sleep(1.5)
        doubted = first.confirm()
        assert doubted is not None
        confirmed = asyncio.ensure_future(doubted)
        await asyncio.sleep(1.0)
        assert not confirmed.done()
        sent_at = now()
        await other.release(Reply(received_at=sent_at, sent_at=sent_at))
        await confirmed
        assert now() >= sent_at + 1.0
        await first.leave()
        await other.leave()

    run_on_virtual_time(scenario())


def test_run_that_was_never_cut_off_sends_at_once() -> None:
    async def scenario() -> None:
        gate = await joined(store_of_loop(), "a")
        await gate.acquire()
        await asyncio.sleep(60)
        assert gate.confirm() is None
        await gate.leave()

    run_on_virtual_time(scenario())


def test_share_counts_the_slots_of_all_runs() -> None:
    async def scenario() -> None:
        store = store_of_loop()
        first, second = [await joined(store, name) for name in ("a", "b")]
        for gate, times in ((first, 2), (second, 4)):
            for _ in range(times):
                await gate.acquire()
        await asyncio.sleep(1.5)
        assert first.sharing is not None
        assert second.sharing is not None
        assert first.sharing.share == pytest.approx(2 / 6)
        assert second.sharing.share == pytest.approx(4 / 6)
        assert [one.run_id for one in first.sharing.met] == ["b"]
        await first.leave()
        await asyncio.sleep(1.5)
        assert second.sharing.companions == ()
        await second.leave()

    run_on_virtual_time(scenario())
