"""When the gate allows the next request, and what it reports while waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.gate import RESPONSES_TO_RAISE_LIMIT, Gate
from bulkpause.ratelimit.pacing import (
    BASE_COOLDOWN_S,
    GAP_SHARES,
    RECOVERY_REQUESTS,
    Pacing,
)
from bulkpause.ratelimit.sliding_window import LATEST_ARRIVAL_S
from bulkpause.vocabulary import TransportError


pytestmark = pytest.mark.anyio

#: Timers on virtual time are late by less than this.
LATE_S = 1e-6

ONE_IN_TEN = Limit(1, 10)


def now() -> float:
    return asyncio.get_running_loop().time()


def at(instant: float) -> object:
    return pytest.approx(instant, abs=LATE_S)


async def until(instant: float) -> None:
    await asyncio.sleep(instant - now())


def new_gate(*limits: Limit, max_in_flight: int = 10) -> Gate:
    return Gate(limits, max_in_flight=max_in_flight, jitter=lambda: 1.0)


def accepted(sent_at: float | None = None) -> Reply:
    return Reply(
        sent_at=now() if sent_at is None else sent_at,
        received_at=now(),
        http_status=204,
    )


def rate_limited(retry_after_s: float | None, sent_at: float | None = None) -> Reply:
    return Reply(
        sent_at=now() if sent_at is None else sent_at,
        received_at=now(),
        http_status=429,
        retry_after_s=retry_after_s,
    )


def unavailable(retry_after_s: float | None) -> Reply:
    return replace(rate_limited(retry_after_s), http_status=503)


def transport_error() -> Reply:
    return Reply(sent_at=now(), received_at=now(), error=TransportError.RESET)


async def send(gate: Gate, reply: Callable[[], Reply] = accepted) -> float:
    """Acquire a slot, release it at once and return the instant."""
    await gate.acquire()
    sent_at = now()
    await gate.release(reply())
    return sent_at


async def acquire_at(gate: Gate) -> float:
    """Acquire a slot and return the instant."""
    await gate.acquire()
    return now()


async def settle() -> None:
    """Run all tasks that are ready now."""
    for _ in range(20):
        await asyncio.sleep(0)


class TestTryAcquire:
    async def test_slot_is_taken_up_to_maximum_in_flight(self) -> None:
        gate = new_gate(max_in_flight=2)

        assert [gate.try_acquire() for _ in range(3)] == [True, True, False]
        await gate.release(accepted())
        assert (gate.in_flight, gate.try_acquire()) == (1, True)

    async def test_limit_is_left_to_waiters(self) -> None:
        gate = new_gate(Limit(10, 1))

        assert not gate.try_acquire()
        assert (gate.in_flight, gate.snapshot().windows[0].acquired) == (0, 0)

    @pytest.mark.parametrize("reply", [unavailable, rate_limited])
    async def test_cooldown_holds_without_limits(
        self, reply: Callable[[float], Reply]
    ) -> None:
        gate = new_gate()
        assert gate.try_acquire()
        await gate.release(reply(5.0))
        await gate.acquire()

        assert now() == at(5)

    async def test_nothing_is_taken_during_cooldown(self) -> None:
        gate = new_gate()
        await gate.acquire()
        await gate.release(unavailable(5.0))

        assert not gate.try_acquire()
        await until(6)
        assert gate.try_acquire()


class TestLimits:
    async def test_requests_without_limits_never_wait(self) -> None:
        gate = new_gate()
        sent_at = [await send(gate) for _ in range(1000)]

        assert sent_at[-1] == at(0)

    async def test_every_limit_holds(self) -> None:
        gate = new_gate(Limit(2, 1), Limit(4, 10), Limit(6, 100))
        sent_at = [await send(gate) for _ in range(8)]

        assert sent_at == [at(instant) for instant in (0, 0, 1, 1, 10, 10, 100, 100)]

    async def test_long_wait_loses_no_slot_of_short_window(
        self,
    ) -> None:
        gate = new_gate(Limit(2, 1), Limit(2, 10))
        sent_at = [await send(gate) for _ in range(6)]

        assert sent_at == [at(instant) for instant in (0, 0, 10, 10, 20, 20)]

    async def test_order_of_limits_changes_nothing(self) -> None:
        gate = new_gate(Limit(2, 10), Limit(2, 1))
        sent_at = [await send(gate) for _ in range(4)]

        assert sent_at == [at(instant) for instant in (0, 0, 10, 10)]

    async def test_unsent_request_uses_no_slot(self) -> None:
        gate = new_gate(ONE_IN_TEN, Limit(1, 100))
        await gate.acquire()
        await gate.release(Reply(received_at=now()))

        assert await acquire_at(gate) == at(0)

    async def test_cancelled_request_uses_a_slot(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        await gate.acquire()
        await until(3)
        await gate.release(None)

        assert await acquire_at(gate) == at(13)

    async def test_rate_limited_request_uses_a_slot(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        await send(gate, lambda: rate_limited(0))

        assert await acquire_at(gate) == at(10)

    async def test_requests_of_earlier_run_count(self) -> None:
        gate = new_gate(Limit(3, 10), Limit(4, 100))
        await gate.restore([5.0, 50.0, 99.0, 500.0])
        sent_at = [await send(gate) for _ in range(3)]

        arrived_at = [10 - 5, 100 - 99, 100 - 50]
        assert sent_at[:2] == [at(0), at(arrived_at[1] + LATEST_ARRIVAL_S)]
        assert sent_at[2] == at(arrived_at[2] + LATEST_ARRIVAL_S)

    @pytest.mark.parametrize("age_s", [10.0, 11.0])
    async def test_requests_older_than_window_confirm_no_reset(
        self, age_s: float
    ) -> None:
        gate = new_gate(Limit(9, 10))
        await gate.restore([age_s + LATEST_ARRIVAL_S] * 4)
        for remaining, reset_s in ((7, 1), (8, 10)):
            headers = RateLimitHeaders(limit=9, remaining=remaining, reset_s=reset_s)
            await gate.acquire()
            await gate.release(replace(accepted(), rate_limit=headers))

        assert gate.snapshot().windows[0].is_confirmed is None

    async def test_request_of_earlier_run_may_arrive_late(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        await gate.restore([LATEST_ARRIVAL_S / 2])

        assert gate.time_left_s(1) == at(10)
        assert await acquire_at(gate) == at(10)


class TestSlowResponses:
    async def test_slots_wait_for_responses_below_limit(self) -> None:
        gate = new_gate(Limit(2, 10), max_in_flight=1)
        await gate.acquire()
        await until(1000)
        await gate.release(accepted(sent_at=0.0))

        assert [await send(gate) for _ in range(2)] == [at(1000), at(1010)]


class TestRoundTripTime:
    """A slot rests from the latest instant at which its request can be counted."""

    async def test_fastest_rtt_is_subtracted_once_known(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        gaps_s = [await gap_after_round_trip(gate, rtt_s=2.0) for _ in range(100)]

        assert gaps_s[0] == at(12)
        assert gaps_s == sorted(gaps_s, reverse=True)
        assert 10 < gaps_s[-1] < 10.3

    async def test_slower_response_extends_rest_by_its_delay(
        self,
    ) -> None:
        gate = new_gate(ONE_IN_TEN)
        fast_s = [await gap_after_round_trip(gate, rtt_s=2.0) for _ in range(100)]

        slow_s = await gap_after_round_trip(gate, rtt_s=5.0)
        assert slow_s == pytest.approx(fast_s[-1] + 3.0, abs=0.01)

    async def test_transport_error_subtracts_no_rtt(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        for _ in range(100):
            await gap_after_round_trip(gate, rtt_s=2.0)

        assert await gap_after_round_trip(
            gate, rtt_s=2.0, error=TransportError.RESET
        ) == at(12)

    async def test_less_rtt_is_subtracted_without_fixed_windows(self) -> None:
        without_headers, with_headers = (
            new_gate(ONE_IN_TEN, Limit(150, 60)) for _ in range(2)
        )
        headers = RateLimitHeaders(limit=150, remaining=149, reset_s=30)
        await gap_after_round_trip(without_headers, rtt_s=2.0)
        await gap_after_round_trip(with_headers, rtt_s=2.0, headers=headers)
        silent_gaps_s = [
            await gap_after_round_trip(without_headers, rtt_s=3.0) for _ in range(4)
        ]
        announced_gaps_s = [
            await gap_after_round_trip(with_headers, rtt_s=3.0) for _ in range(4)
        ]

        assert announced_gaps_s[-1] < silent_gaps_s[-1]

    async def test_earlier_response_bounds_slower_one(
        self,
    ) -> None:
        gate = new_gate(Limit(2, 10), Limit(150, 60))
        await gate.acquire()
        await gate.acquire()
        for remaining, received_at in ((148, 1), (149, 4)):
            await until(received_at)
            headers = RateLimitHeaders(
                limit=150, remaining=remaining, reset_s=50 - received_at
            )
            await gate.release(replace(accepted(sent_at=0.0), rate_limit=headers))

        assert [await acquire_at(gate), await acquire_at(gate)] == [at(11), at(11)]


async def gap_after_round_trip(
    gate: Gate,
    *,
    rtt_s: float,
    error: TransportError | None = None,
    headers: RateLimitHeaders | None = None,
) -> float:
    """Have a response after one RTT, and return the gap to the next request."""
    await gate.acquire()
    sent_at = now()
    await asyncio.sleep(rtt_s)
    reply = replace(accepted(sent_at), error=error, rate_limit=headers)
    await gate.release(replace(reply, http_status=None if error else 204))
    await gate.acquire()
    gap_s = now() - sent_at
    await gate.release(Reply(received_at=now()))
    return gap_s


class TestOrder:
    async def test_waiters_are_served_in_order(self) -> None:
        gate = new_gate(Limit(2, 10))
        served: list[int] = []

        async def wait(number: int) -> None:
            await send(gate)
            served.append(number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(9):
                tasks.create_task(wait(number))

        assert served == list(range(9))

    @pytest.mark.parametrize("cancelled", range(6))
    async def test_cancelled_waiter_keeps_order_of_others(self, cancelled: int) -> None:
        gate = new_gate(Limit(2, 10))
        served: dict[int, float] = {}

        async def wait(number: int) -> None:
            served[number] = await send(gate)

        await send(gate)
        await send(gate)
        waiters = [asyncio.create_task(wait(number)) for number in range(6)]
        await until(5)
        waiters[cancelled].cancel()
        await asyncio.wait(waiters)

        assert list(served) == [number for number in range(6) if number != cancelled]
        assert list(served.values()) == [at(i) for i in (10, 10, 20, 20, 30)]


async def gate_at_parallel_limit() -> Gate:
    gate = new_gate(Limit(2, 10), max_in_flight=1)
    await gate.acquire()
    return gate


async def gate_with_full_window() -> Gate:
    gate = new_gate(Limit(1, 100), max_in_flight=1)
    await send(gate)
    return gate


async def gate_in_cooldown() -> Gate:
    gate = new_gate(Limit(2, 10), max_in_flight=1)
    await send(gate, lambda: rate_limited(50))
    return gate


async def gate_with_pacing() -> Gate:
    """Make a gate at the highest pacing level that has sent a request just now."""
    gate = new_gate(Limit(10, 100), max_in_flight=1)
    await reach_highest_pacing(gate)
    await send(gate)
    return gate


async def reach_highest_pacing(gate: Gate) -> None:
    for _ in GAP_SHARES[1:]:
        await send(gate, lambda: rate_limited(0))


class TestCancellation:
    @pytest.mark.parametrize(
        "busy",
        [
            gate_at_parallel_limit,
            gate_with_full_window,
            gate_in_cooldown,
            gate_with_pacing,
        ],
    )
    async def test_cancelled_wait_leaks_no_slot(
        self, busy: Callable[[], Awaitable[Gate]]
    ) -> None:
        gate = await busy()
        before = gate.snapshot()
        waiting = asyncio.create_task(gate.acquire())
        await asyncio.sleep(1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])

        assert gate.snapshot() == before
        assert gate.waiting is None


class TestParallelLimit:
    async def test_parallel_limit_holds(self) -> None:
        gate = new_gate(max_in_flight=2)
        await gate.acquire()
        await gate.acquire()
        waiting = asyncio.create_task(acquire_at(gate))
        await until(7)
        assert not waiting.done()
        await gate.release(accepted())

        assert await waiting == at(7)

    async def test_parallel_limit_drops_by_one(self) -> None:
        assert await parallel_limit_after(4, [-1]) == 3

    async def test_parallel_limit_drops_with_each_429(self) -> None:
        assert await parallel_limit_after(4, [-1, -1]) == 2

    async def test_parallel_limit_stays_at_least_one(self) -> None:
        gate = new_gate(max_in_flight=1)
        for _ in range(5):
            await send(gate, lambda: rate_limited(-1))

        assert await acquire_at(gate) < 10

    async def test_next_request_waits_for_another_response(self) -> None:
        gate = new_gate(max_in_flight=3)
        for _ in range(3):
            await gate.acquire()
        await gate.release(rate_limited(-1))
        waiting = asyncio.create_task(acquire_at(gate))
        await until(2)
        assert not waiting.done()
        await gate.release(accepted())

        assert await waiting == at(2)

    async def test_lone_parallel_429_starts_short_cooldown(self) -> None:
        gate = new_gate(max_in_flight=3)
        await send(gate, lambda: rate_limited(-1))

        assert await acquire_at(gate) == at(BASE_COOLDOWN_S)

    async def test_parallel_429_starts_no_pacing(self) -> None:
        gate = new_gate(Limit(10, 1))
        for _ in range(5):
            await send(gate, lambda: rate_limited(-1))

        assert gate.snapshot().gap_s == 0

    async def test_parallel_limit_recovers_slowly(self) -> None:
        gate = new_gate(max_in_flight=4)
        for _ in range(4):
            await gate.acquire()
        for _ in range(2):
            await gate.release(rate_limited(-1))
        for _ in range(2):
            await gate.release(accepted())
        counts = []
        for _ in range(3):
            counts.append(await count_parallel_slots(gate))
            for _ in range(RESPONSES_TO_RAISE_LIMIT):
                await send(gate)

        assert counts == [2, 3, 4]

    async def test_parallel_limit_drops_below_requests_in_flight(
        self,
    ) -> None:
        gate = new_gate(max_in_flight=10)
        for _ in range(3):
            await gate.acquire()
        await gate.release(rate_limited(-1))
        for _ in range(2):
            await gate.release(accepted())

        assert await count_parallel_slots(gate) == 2

    async def test_parallel_limit_rises_after_enough_responses(
        self,
    ) -> None:
        gate = new_gate(max_in_flight=2)
        await send(gate, lambda: rate_limited(-1))
        for _ in range(RESPONSES_TO_RAISE_LIMIT - 1):
            await send(gate)
        assert await count_parallel_slots(gate) == 1
        await send(gate)

        assert await count_parallel_slots(gate) == 2

    async def test_earlier_responses_do_not_raise_parallel_limit(self) -> None:
        gate = new_gate(max_in_flight=2)
        for _ in range(RESPONSES_TO_RAISE_LIMIT - 1):
            await send(gate)
        await send(gate, lambda: rate_limited(-1))
        await send(gate)

        assert await count_parallel_slots(gate) == 1

    async def test_parallel_limit_never_exceeds_maximum(self) -> None:
        gate = new_gate(max_in_flight=2)
        for _ in range(2 * RESPONSES_TO_RAISE_LIMIT):
            await send(gate)

        assert await count_parallel_slots(gate) == 2

    async def test_short_cooldown_keeps_longer_one(self) -> None:
        gate = new_gate(max_in_flight=3)
        await gate.acquire()
        await send(gate, lambda: rate_limited(30))
        await gate.release(rate_limited(-1, sent_at=0.0))

        assert await acquire_at(gate) == at(30)

    async def test_transport_errors_do_not_raise_parallel_limit(self) -> None:
        gate = new_gate(max_in_flight=2)
        for _ in range(2):
            await gate.acquire()
        await gate.release(rate_limited(-1))
        await gate.release(accepted())
        for _ in range(RESPONSES_TO_RAISE_LIMIT):
            await send(gate, transport_error)

        assert await count_parallel_slots(gate) == 1


async def parallel_limit_after(in_flight: int, retries_after_s: list[float]) -> int:
    """Have requests in flight and some rejected; return the new parallel limit."""
    gate = new_gate(max_in_flight=in_flight)
    for _ in range(in_flight):
        await gate.acquire()
    for retry_after_s in retries_after_s:
        await gate.release(rate_limited(retry_after_s))
    while gate.in_flight:
        await gate.release(accepted())
    return await count_parallel_slots(gate)


async def count_parallel_slots(gate: Gate) -> int:
    """Acquire as many slots as possible, cancel them and return their number."""
    waiters = [asyncio.create_task(gate.acquire()) for _ in range(20)]
    await settle()
    count = gate.in_flight
    for waiter in waiters:
        waiter.cancel()
    await asyncio.wait(waiters)
    for _ in range(count):
        await gate.release(Reply(received_at=now()))
    return count


class TestCooldown:
    async def test_cooldown_delays_all_waiters(self) -> None:
        gate = new_gate(Limit(10, 1))
        await send(gate, lambda: rate_limited(30))
        waiters = [asyncio.create_task(send(gate)) for _ in range(2)]
        sent_at = await asyncio.gather(*waiters)

        assert sent_at[0] == at(30)
        assert sent_at[1] >= 30

    async def test_cooldown_delays_waiter_already_waiting(self) -> None:
        gate = new_gate(Limit(2, 10))
        await gate.acquire()
        await send(gate)
        waiting = asyncio.create_task(acquire_at(gate))
        await until(5)
        await gate.release(rate_limited(30))

        assert await waiting == at(35)

    async def test_longer_cooldown_extends_current_wait(
        self,
    ) -> None:
        gate = new_gate()
        await gate.acquire()
        await send(gate, lambda: rate_limited(5))
        waiting = asyncio.create_task(acquire_at(gate))
        await until(3)
        await gate.release(rate_limited(30, sent_at=0))

        assert await waiting == at(33)

    async def test_shorter_cooldown_keeps_longer_one(self) -> None:
        gate = new_gate()
        await gate.acquire()
        await send(gate, lambda: rate_limited(30))
        await gate.release(rate_limited(1, sent_at=0))

        assert await acquire_at(gate) == at(30)

    async def test_zero_retry_after_starts_no_cooldown(self) -> None:
        gate = new_gate()
        await send(gate, lambda: rate_limited(0))

        assert await acquire_at(gate) == at(0)

    async def test_long_retry_after_is_kept(self) -> None:
        gate = new_gate()
        await send(gate, lambda: rate_limited(86_400))

        assert await acquire_at(gate) == at(86_400)

    async def test_503_with_retry_after_starts_cooldown(self) -> None:
        gate = new_gate()
        await send(gate, lambda: unavailable(20.0))

        assert gate.snapshot().gap_s == 0
        assert await wait_of_next_request(gate) == ("the cooldown after a 503", at(20))
        assert await acquire_at(gate) == at(20)

    async def test_503_without_retry_after_starts_no_cooldown(self) -> None:
        gate = new_gate()
        await send(gate, lambda: unavailable(None))

        assert await acquire_at(gate) == at(0)

    async def test_cooldown_doubles_without_retry_after(self) -> None:
        gate = new_gate()
        sent_at = [await send(gate, lambda: rate_limited(None)) for _ in range(5)]

        assert sent_at == [at(instant) for instant in (0, 1, 3, 7, 11)]

    async def test_accepted_request_after_cooldown_ends_doubling(self) -> None:
        gate = new_gate()
        for _ in range(4):
            await send(gate, lambda: rate_limited(None))
        await send(gate)
        first_at = await send(gate, lambda: rate_limited(None))

        assert await acquire_at(gate) == at(first_at + 1)

    async def test_request_sent_as_cooldown_ends_ends_doubling(self) -> None:
        gate = new_gate()
        await send(gate, lambda: rate_limited(0))
        await send(gate)
        await until(3)
        await send(gate, lambda: rate_limited(None))

        assert await acquire_at(gate) == at(4)

    async def test_request_sent_before_cooldown_keeps_doubling(self) -> None:
        gate = new_gate()
        await gate.acquire()
        for _ in range(2):
            await send(gate, lambda: rate_limited(None))
        await gate.release(accepted(sent_at=0.0))
        third_at = await send(gate, lambda: rate_limited(None))

        assert await acquire_at(gate) == at(third_at + 4)

    async def test_burst_of_429s_starts_one_cooldown(self) -> None:
        gate = new_gate(Limit(10, 1))
        for _ in range(10):
            await gate.acquire()
        await until(0.1)
        for _ in range(10):
            await gate.release(rate_limited(None, sent_at=0.0))

        assert gate.snapshot().gap_s == pacing_gap_after(1)
        assert await acquire_at(gate) == at(1.1)

    async def test_429_sent_as_first_arrives_counts_once(
        self,
    ) -> None:
        gate = new_gate(Limit(10, 1))
        await gate.acquire()
        await gate.acquire()
        for _ in range(2):
            await gate.release(rate_limited(None))

        assert gate.snapshot().gap_s == pacing_gap_after(1)

    async def test_later_429_counts_separately(self) -> None:
        gate = new_gate(Limit(10, 1))
        for _ in range(2):
            await send(gate, lambda: rate_limited(1))

        assert gate.snapshot().gap_s == pacing_gap_after(2)

    async def test_pacing_spaces_requests(self) -> None:
        gate = new_gate(Limit(10, 1))
        await reach_highest_pacing(gate)
        sent_at = [await send(gate) for _ in range(10)]

        gap_s = gate.snapshot().gap_s
        assert sent_at[-1] - sent_at[0] == at(9 * gap_s)
        assert gap_s > 0.1

    async def test_accepted_requests_end_pacing(self) -> None:
        gate = new_gate(Limit(10, 1))
        await send(gate, lambda: rate_limited(1))
        for _ in range(RECOVERY_REQUESTS):
            await send(gate)

        assert gate.snapshot().gap_s == 0

    async def test_transport_errors_do_not_end_pacing(self) -> None:
        gate = new_gate(Limit(10, 1))
        await send(gate, lambda: rate_limited(1))
        for _ in range(RECOVERY_REQUESTS):
            await send(gate, transport_error)

        assert gate.snapshot().gap_s == pacing_gap_after(1)

    async def test_transport_error_after_cooldown_keeps_doubling(self) -> None:
        gate = new_gate()
        for _ in range(2):
            await send(gate, lambda: rate_limited(None))
        await send(gate, transport_error)
        third_at = await send(gate, lambda: rate_limited(None))

        assert await acquire_at(gate) == at(third_at + 4)


def pacing_gap_after(responses: int) -> float:
    """Give the gap that pacing requires after this many 429s."""
    pacing = Pacing([Limit(10, 1)])
    for _ in range(responses):
        pacing.record_rate_limited()
    return pacing.gap_s


class TestWaiting:
    async def test_gate_without_waiter_reports_nothing(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        await send(gate)

        assert gate.waiting is None

    async def test_waiting_names_limit_and_next_slot(self) -> None:
        gate = new_gate(ONE_IN_TEN)
        await send(gate)

        assert await wait_of_next_request(gate) == ("the limit of 1/10s", at(10))

    async def test_waiting_names_responses(self) -> None:
        gate = new_gate(max_in_flight=1)
        await gate.acquire()

        assert await wait_of_next_request(gate) == ("responses", None)

    async def test_waiting_names_cooldown_and_its_end(self) -> None:
        gate = new_gate()
        await send(gate, lambda: rate_limited(30))

        assert await wait_of_next_request(gate) == ("the cooldown after a 429", at(30))

    async def test_waiting_names_pacing(self) -> None:
        gate = await gate_with_pacing()

        due_at = now() + gate.snapshot().gap_s
        assert await wait_of_next_request(gate) == (
            "the pacing after a 429",
            at(due_at),
        )

    async def test_waiting_shows_longer_cooldown_at_once(self) -> None:
        gate = new_gate()
        await gate.acquire()
        await send(gate, lambda: rate_limited(30))
        async with waiting_task(gate):
            await until(3)
            await gate.release(rate_limited(90, sent_at=0))

            assert reported_wait(gate) == ("the cooldown after a 429", at(93))

    async def test_waiting_shows_earlier_slot_at_once(self) -> None:
        # The second response announces a reset at 5 s instead of 10 s.
        gate = new_gate(Limit(2, 10))
        await send(gate)
        await gate.acquire()
        async with waiting_task(gate):
            before = reported_wait(gate)
            await until(1)
            headers = RateLimitHeaders(limit=2, remaining=0, reset_s=3)
            await gate.release(replace(accepted(), rate_limit=headers))
            after = reported_wait(gate)

        assert before == ("the limit of 2/10s", at(10))
        assert after == ("the limit of 2/10s", at(5))

    async def test_waiting_names_pacing_after_cooldown(self) -> None:
        gate = new_gate(Limit(10, 100))
        await reach_highest_pacing(gate)
        sent_at = await send(gate, lambda: rate_limited(5))
        async with waiting_task(gate):
            before = reported_wait(gate)
            await until(sent_at + 6)
            after = reported_wait(gate)

        due_at = sent_at + gate.snapshot().gap_s
        assert before == ("the cooldown after a 429", at(due_at))
        assert after == ("the pacing after a 429", at(due_at))


def reported_wait(gate: Gate) -> tuple[str, float | None]:
    """Give the reported condition and when it ends."""
    assert gate.waiting is not None
    return gate.waiting.condition, gate.waiting.until


@asynccontextmanager
async def waiting_task(gate: Gate) -> AsyncIterator[None]:
    """Keep a task waiting for a slot."""
    waiting = asyncio.create_task(gate.acquire())
    await settle()
    yield
    waiting.cancel()
    await asyncio.wait([waiting])


async def wait_of_next_request(gate: Gate) -> tuple[str, float | None]:
    """Give the reported condition of one waiting task, and when it ends."""
    waiting = asyncio.create_task(gate.acquire())
    await settle()
    wait = reported_wait(gate)
    waiting.cancel()
    await asyncio.wait([waiting])
    return wait


class TestTimeLeft:
    """The estimated time until a number of requests is sent."""

    TIERS = (Limit(2, 1), Limit(4, 10))

    @pytest.mark.parametrize(
        ("spent", "requests"),
        [
            # With a part of the window used, it is exact up to the first free slot.
            (spent, requests)
            for spent in range(5)
            for requests in range(14 if spent in {0, 4} else 5)
        ],
    )
    async def test_estimate_matches_simulated_time(
        self, spent: int, requests: int
    ) -> None:
        gate = new_gate(*self.TIERS)
        for _ in range(spent):
            await send(gate)
        await until(3)

        assert gate.time_left_s(requests) == about(await time_to_send(gate, requests))

    @pytest.mark.parametrize(
        ("cooldown_s", "requests", "seconds"),
        [(5, 1, 3), (5, 3, 3 + 1), (5, 4, 8), (30, 1, 28), (30, 4, 28 + 1)],
    )
    async def test_cooldown_adds_to_estimate_unless_slots_rest_longer(
        self, cooldown_s: int, requests: int, seconds: int
    ) -> None:
        gate = new_gate(*self.TIERS)
        await send(gate, lambda: rate_limited(cooldown_s))
        await until(2)

        assert gate.time_left_s(requests) == about(seconds)

    async def test_past_cooldown_adds_nothing(self) -> None:
        gate = new_gate(*self.TIERS)
        await send(gate, lambda: rate_limited(5))
        await until(7)

        assert gate.time_left_s(1) == 0

    async def test_estimate_without_limits_is_zero(self) -> None:
        assert new_gate().time_left_s(1000) == 0

    async def test_requests_in_flight_need_no_slot(self) -> None:
        gate = new_gate(Limit(2, 10))
        await gate.acquire()
        await gate.acquire()

        assert gate.time_left_s(2) == 0
        assert gate.time_left_s(3) == at(10)

    async def test_estimate_uses_announced_reset(
        self,
    ) -> None:
        gate = new_gate(Limit(4, 10))
        headers = RateLimitHeaders(limit=4, remaining=1, reset_s=5)
        await send(gate, lambda: replace(accepted(), rate_limit=headers))

        assert gate.time_left_s(1) == 0
        assert gate.time_left_s(2) == at(6)


def about(seconds: float) -> object:
    """Allow for the delay of responses that the estimate assumes."""
    return pytest.approx(seconds, abs=0.3)


async def time_to_send(gate: Gate, requests: int) -> float:
    """Send the requests and return the seconds that took."""
    started_at = now()
    for _ in range(requests):
        await send(gate)
    return now() - started_at


class TestSnapshot:
    async def test_new_gate_shows_initial_state(self) -> None:
        snapshot = new_gate(ONE_IN_TEN, Limit(4, 100), max_in_flight=3).snapshot()

        assert (snapshot.in_flight, snapshot.allowed_in_flight) == (0, 3)
        assert (snapshot.gap_s, snapshot.cooldown_until) == (0, float("-inf"))
        assert [window.limit for window in snapshot.windows] == [
            Limit(4, 100),
            ONE_IN_TEN,
        ]

    async def test_snapshot_shows_requests_and_cooldown(self) -> None:
        gate = new_gate(Limit(4, 10), max_in_flight=3)
        headers = RateLimitHeaders(limit=4, remaining=1, reset_s=5)
        await gate.acquire()
        await gate.acquire()
        await gate.release(replace(rate_limited(30), rate_limit=headers))
        snapshot = gate.snapshot()

        assert (snapshot.in_flight, snapshot.allowed_in_flight) == (1, 3)
        assert snapshot.cooldown_until == at(30)
        (window,) = snapshot.windows
        assert (window.acquired, window.resting, window.spent_by_others) == (1, 1, 1)
        assert (window.is_fixed, window.is_confirmed) == (False, None)
        assert window.reset is not None
        assert (window.reset.earliest, window.reset.latest) == (at(4), at(6))

    async def test_snapshot_shows_lowered_parallel_limit(self) -> None:
        gate = new_gate(max_in_flight=3)
        await gate.acquire()
        await send(gate, lambda: rate_limited(-1))

        assert gate.snapshot().allowed_in_flight == 1
