"""The gate with a server that takes 5 s to respond."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.gate import Gate
from tests.testkit.fixed_window import FixedWindows
from tests.testkit.gate_simulation import (
    BURST,
    DOCUMENTED,
    STEADY,
    Traffic,
    gate_of,
    run,
)
from tests.testkit.server_model import ServerModel
from tests.testkit.sliding_log import SlidingLog, most_in_any_window


pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]

RESPONSE_S = 5.0
#: Requests that arrive within this many seconds are never rate-limited.
LATEST_S = 2.0
EARLIEST_S = 0.001
#: Timers on virtual time are late by less than this.
LATE_S = 1e-4

PHASES_S = [(0.0, 0.0), (0.37, 41.0), (0.93, 7.5)]

MODELS: dict[str, Callable[[tuple[float, float]], ServerModel]] = {
    "fixed": lambda phases_s: FixedWindows(DOCUMENTED, phases_s),
    "fixed-silent": lambda phases_s: FixedWindows(
        DOCUMENTED, phases_s, header_window="none"
    ),
    "sliding-log": lambda _: SlidingLog(DOCUMENTED),
}


@dataclass(slots=True, kw_only=True)
class SlowConnections:
    """Warm connections to a server that responds late.

    Each request takes one of `out_s`, chosen at random, to arrive.
    """

    out_s: tuple[float, ...] = (EARLIEST_S,)
    random: Random = field(default_factory=lambda: Random(0))

    def open(self, now_s: float) -> tuple[bool, float, float]:
        return False, 0.0, self.random.choice(self.out_s)

    def back_s(self) -> float:
        return RESPONSE_S

    def release(self, now_s: float) -> None:
        """Do nothing: a warm connection is always available."""


def traffic(
    max_in_flight: int,
    model: ServerModel,
    *,
    ids: int,
    connections: SlowConnections | None = None,
) -> Traffic:
    gate = Gate(DOCUMENTED, max_in_flight=max_in_flight, jitter=lambda: 1.0)
    return run(
        Traffic(
            gate=gate,
            model=model,
            ids=ids,
            connections=connections or SlowConnections(),
        )
    )


def now() -> float:
    return asyncio.get_running_loop().time()


def at(instant: float) -> object:
    return pytest.approx(instant, abs=LATE_S)


def accepted(sent_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=now(), http_status=204)


async def acquire_ten(gate: Gate) -> None:
    for _ in range(10):
        await gate.acquire()


@pytest.mark.slow
class TestRate:
    def test_ten_in_flight_give_ten_per_response_time(self) -> None:
        acquired_s = traffic(10, SlidingLog([BURST]), ids=100).acquired_s
        # The RTT estimate is not safe yet, so the second ten wait longer.
        rounds_s = [acquired_s[i + 10] - acquired_s[i] for i in range(10, 90)]

        assert rounds_s == [pytest.approx(RESPONSE_S, abs=0.01)] * 80

    @pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
    @pytest.mark.parametrize("max_in_flight", [20, 50])
    def test_twenty_in_flight_use_the_whole_limit(
        self, max_in_flight: int, model: Callable[[tuple[float, float]], ServerModel]
    ) -> None:
        for phases_s in PHASES_S:
            result = traffic(max_in_flight, model(phases_s), ids=600)

            assert result.ids / result.time_s >= STEADY.requests / STEADY.period_s

    def test_parallel_limit_holds_with_slow_responses(self) -> None:
        acquired_s = traffic(12, SlidingLog([BURST]), ids=100).acquired_s
        rounds_s = [acquired_s[i + 12] - acquired_s[i] for i in range(88)]

        assert min(rounds_s) == pytest.approx(RESPONSE_S, abs=0.01)


class TestLimits:
    @pytest.mark.slow
    @pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
    @pytest.mark.parametrize("max_in_flight", [10, 11, 20, 50, 200])
    def test_requests_arriving_in_time_are_never_rate_limited(
        self, max_in_flight: int, model: Callable[[tuple[float, float]], ServerModel]
    ) -> None:
        for index, phases_s in enumerate(PHASES_S):
            connections = SlowConnections(
                out_s=(EARLIEST_S, LATEST_S), random=Random(index)
            )
            result = traffic(
                max_in_flight, model(phases_s), ids=250, connections=connections
            )

            assert (len(result.accepted_s), result.rate_limited) == (250, 0)

    @pytest.mark.parametrize("max_in_flight", [10, 20, 50])
    def test_headers_read_at_response_cause_no_429(self, max_in_flight: int) -> None:
        for phases_s in PHASES_S:
            model = FixedWindows(DOCUMENTED, phases_s, reset_rounding="down")
            gate = Gate(DOCUMENTED, max_in_flight=max_in_flight, jitter=lambda: 1.0)
            result = run(
                Traffic(
                    gate=gate,
                    model=model,
                    ids=620,
                    connections=SlowConnections(),
                    headers_at_response=model.rate_limit,
                )
            )

            assert (len(result.accepted_s), result.rate_limited) == (620, 0)

    @pytest.mark.parametrize("limit", DOCUMENTED, ids=str)
    @pytest.mark.parametrize("max_in_flight", [11, 20, 50, 200])
    def test_arrivals_in_any_period_stay_within_limit(
        self, max_in_flight: int, limit: Limit
    ) -> None:
        connections = SlowConnections(out_s=(EARLIEST_S, LATEST_S))
        uncounted = SlidingLog([Limit(1000, 1)])
        result = traffic(max_in_flight, uncounted, ids=400, connections=connections)

        assert most_in_any_window(sorted(result.arrivals_s), limit) <= limit.requests


class TestHolding:
    async def test_slot_is_held_until_late_response_by_default(
        self,
    ) -> None:
        gate = gate_of(*DOCUMENTED)
        await acquire_ten(gate)
        await asyncio.sleep(1000)
        await gate.release(accepted(sent_at=0.0))
        await gate.acquire()

        # The request may have been counted just before its response.
        assert now() == at(1000 + BURST.period_s)

    async def test_higher_parallelism_holds_slots_until_latest_arrival(
        self,
    ) -> None:
        gate = Gate(DOCUMENTED, max_in_flight=11)
        await acquire_ten(gate)
        await gate.acquire()

        assert now() == at(LATEST_S + BURST.period_s)

    async def test_response_after_latest_arrival_delays_nothing(self) -> None:
        gate = Gate([BURST], max_in_flight=11)
        await acquire_ten(gate)
        await asyncio.sleep(RESPONSE_S)
        for _ in range(10):
            await gate.release(accepted(sent_at=0.0))
        await acquire_ten(gate)

        assert now() == at(RESPONSE_S)

    async def test_hold_starts_after_cooldown(
        self,
    ) -> None:
        gate = Gate([BURST], max_in_flight=20, jitter=lambda: 1.0)
        await acquire_ten(gate)
        reply = Reply(sent_at=0.0, received_at=now(), http_status=429, retry_after_s=30)
        await gate.release(reply)
        acquired_s = []
        for _ in range(11):
            await gate.acquire()
            acquired_s.append(now())

        assert acquired_s[0] == at(30)
        assert acquired_s[10] == at(30 + LATEST_S + BURST.period_s)

    async def test_window_above_parallel_limit_waits_for_responses(
        self,
    ) -> None:
        gate = Gate([Limit(10, 1), Limit(11, 5)], max_in_flight=11)
        await acquire_ten(gate)
        await gate.acquire()
        await asyncio.sleep(100 - now())
        await gate.release(accepted(sent_at=0.0))
        await gate.acquire()

        assert now() == at(100 + 5)
