"""A server that takes 5 s to answer: how fast, how many, and for how long a slot holds."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from benchmarks.gate.ledger import most_in_any_window
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
from tests.testkit.sliding_log import SlidingLog


pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]

ANSWER_S = 5.0
#: Requests that arrive within this are never too many, whatever is in flight.
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
class SlowAnswers:
    """Warm connections to a server that answers late.

    Each request takes one of `out_s` to arrive, by chance.
    """

    out_s: tuple[float, ...] = (EARLIEST_S,)
    random: Random = field(default_factory=lambda: Random(0))

    def open(self, now_s: float) -> tuple[bool, float, float]:
        return False, 0.0, self.random.choice(self.out_s)

    def back_s(self) -> float:
        return ANSWER_S

    def release(self, now_s: float) -> None:
        """Keep no connection: there is always one."""


def traffic(
    max_in_flight: int, model: ServerModel, *, ids: int, ways: SlowAnswers | None = None
) -> Traffic:
    gate = Gate(DOCUMENTED, max_in_flight=max_in_flight, jitter=lambda: 1.0)
    return run(Traffic(gate=gate, model=model, ids=ids, ways=ways or SlowAnswers()))


def now() -> float:
    return asyncio.get_running_loop().time()


def at(instant: float) -> object:
    return pytest.approx(instant, abs=LATE_S)


def answered(sent_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=now(), http_status=204)


async def ten_taken(one: Gate) -> None:
    for _ in range(10):
        await one.acquire()


class TestRate:
    def test_ten_in_flight_are_ten_requests_per_answer_time(self) -> None:
        taken_s = traffic(10, SlidingLog([BURST]), ids=100).taken_s
        # The first round trips are not trusted yet, so the second ten wait longer.
        rounds_s = [taken_s[i + 10] - taken_s[i] for i in range(10, 90)]

        assert rounds_s == [pytest.approx(ANSWER_S, abs=0.01)] * 80

    @pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
    @pytest.mark.parametrize("max_in_flight", [20, 50])
    def test_twenty_in_flight_use_the_whole_minute(
        self, max_in_flight: int, model: Callable[[tuple[float, float]], ServerModel]
    ) -> None:
        for phases_s in PHASES_S:
            done = traffic(max_in_flight, model(phases_s), ids=600)

            assert done.ids / done.time_s >= STEADY.requests / STEADY.period_s

    def test_no_more_are_in_flight_than_may_be(self) -> None:
        taken_s = traffic(12, SlidingLog([BURST]), ids=100).taken_s
        rounds_s = [taken_s[i + 12] - taken_s[i] for i in range(88)]

        assert min(rounds_s) == pytest.approx(ANSWER_S, abs=0.01)


class TestLimits:
    @pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
    @pytest.mark.parametrize("max_in_flight", [10, 11, 20, 50, 200])
    def test_nothing_is_refused_that_arrives_in_time(
        self, max_in_flight: int, model: Callable[[tuple[float, float]], ServerModel]
    ) -> None:
        for index, phases_s in enumerate(PHASES_S):
            ways = SlowAnswers(out_s=(EARLIEST_S, LATEST_S), random=Random(index))
            done = traffic(max_in_flight, model(phases_s), ids=250, ways=ways)

            assert (len(done.allowed_s), done.refused) == (250, 0)

    @pytest.mark.parametrize("max_in_flight", [10, 20, 50])
    def test_what_is_read_long_after_a_request_was_counted_misleads_nobody(
        self, max_in_flight: int
    ) -> None:
        for phases_s in PHASES_S:
            model = FixedWindows(DOCUMENTED, phases_s, reset_rounding="down")
            gate = Gate(DOCUMENTED, max_in_flight=max_in_flight, jitter=lambda: 1.0)
            done = run(
                Traffic(
                    gate=gate,
                    model=model,
                    ids=620,
                    ways=SlowAnswers(),
                    read=model.rate_limit,
                )
            )

            assert (len(done.allowed_s), done.refused) == (620, 0)

    @pytest.mark.parametrize("limit", DOCUMENTED, ids=str)
    @pytest.mark.parametrize("max_in_flight", [11, 20, 50, 200])
    def test_no_period_has_more_arrivals_than_the_limit(
        self, max_in_flight: int, limit: Limit
    ) -> None:
        ways = SlowAnswers(out_s=(EARLIEST_S, LATEST_S))
        uncounted = SlidingLog([Limit(1000, 1)])
        done = traffic(max_in_flight, uncounted, ids=400, ways=ways)

        assert most_in_any_window(sorted(done.arrivals_s), limit) <= limit.requests


class TestHolding:
    async def test_the_default_holds_a_slot_until_the_answer_however_late(
        self,
    ) -> None:
        one = gate_of(*DOCUMENTED)
        await ten_taken(one)
        await asyncio.sleep(1000)
        await one.release(answered(sent_at=0.0))
        await one.acquire()

        # It may have been counted as late as it was answered.
        assert now() == at(1000 + BURST.period_s)

    async def test_more_in_flight_hold_a_slot_for_as_long_as_it_may_arrive(
        self,
    ) -> None:
        one = Gate(DOCUMENTED, max_in_flight=11)
        await ten_taken(one)
        await one.acquire()

        assert now() == at(LATEST_S + BURST.period_s)

    async def test_an_answer_after_that_holds_nobody_up(self) -> None:
        one = Gate([BURST], max_in_flight=11)
        await ten_taken(one)
        await asyncio.sleep(ANSWER_S)
        for _ in range(10):
            await one.release(answered(sent_at=0.0))
        await ten_taken(one)

        assert now() == at(ANSWER_S)

    async def test_a_request_that_waited_for_the_gate_to_open_counts_from_then(
        self,
    ) -> None:
        one = Gate([BURST], max_in_flight=20, jitter=lambda: 1.0)
        await ten_taken(one)
        refusal = Reply(
            sent_at=0.0, received_at=now(), http_status=429, retry_after_s=30
        )
        await one.release(refusal)
        taken_s = []
        for _ in range(11):
            await one.acquire()
            taken_s.append(now())

        assert taken_s[0] == at(30)
        assert taken_s[10] == at(30 + LATEST_S + BURST.period_s)

    async def test_a_window_larger_than_what_is_in_flight_waits_for_answers(
        self,
    ) -> None:
        one = Gate([Limit(10, 1), Limit(11, 5)], max_in_flight=11)
        await ten_taken(one)
        await one.acquire()
        await asyncio.sleep(100 - now())
        await one.release(answered(sent_at=0.0))
        await one.acquire()

        assert now() == at(100 + 5)
