"""The slots of one rate limit form an exact sliding window at the server."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from aiolimiter import AsyncLimiter
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.server_window import CLOCK_DRIFT
from bulkpause.ratelimit.sliding_window import SlidingWindow
from tests.testkit.fixed_window import FixedWindows
from tests.testkit.server_model import ServerModel
from tests.testkit.sliding_log import SlidingLog
from tests.testkit.virtual_time import run_on_virtual_time


pytestmark = pytest.mark.anyio

#: Timers on virtual time, with the margin for rounding, are late by less than this.
LATE_S = 2e-6

ONE_IN_TEN = Limit(1, 10)
TWO_IN_TEN = Limit(2, 10)
FOUR_IN_TEN = Limit(4, 10)


def now() -> float:
    return asyncio.get_running_loop().time()


def at(instant: float | list[float]) -> object:
    return pytest.approx(instant, abs=LATE_S)


async def until(instant: float) -> None:
    await asyncio.sleep(instant - now())


async def send(window: SlidingWindow, model: ServerModel | None = None) -> float:
    """Acquire a slot, have a response at once and return the instant."""
    await window.acquire()
    verdict = model.arrive(now()) if model else None
    assert verdict is None or verdict.allowed
    await window.release(
        Reply(
            sent_at=now(),
            received_at=now(),
            http_status=204,
            rate_limit=verdict.rate_limit if verdict else None,
        ),
        counted_at=now(),
    )
    return now()


async def send_many(window: SlidingWindow, requests: int) -> None:
    for _ in range(requests):
        await send(window)


async def acquire_at(window: SlidingWindow) -> float:
    """Acquire a slot and return the instant."""
    await window.acquire()
    return now()


class NeverReady(AsyncLimiter):
    """A limiter that has to be waited for each time, however long it has rested."""

    def has_capacity(self, amount: float = -1.0) -> bool:
        return amount >= 0 and super().has_capacity(amount)


async def acquire_with_pauses(
    window: SlidingWindow, pauses_s: Sequence[float]
) -> list[float]:
    """Send one request after each pause, each answered later than the next is sent."""
    instants, answers = [], []
    for pause_s in pauses_s:
        await asyncio.sleep(pause_s)
        await window.acquire()
        instants.append(now())
        answers.append(asyncio.create_task(answer_later(window, pause_s / 2)))
    await asyncio.gather(*answers)
    return instants


async def answer_later(window: SlidingWindow, wait_s: float) -> None:
    sent_at = now()
    await asyncio.sleep(wait_s)
    reply = Reply(sent_at=sent_at, received_at=now(), http_status=204)
    await window.release(reply, counted_at=now())


@given(
    requests=st.integers(1, 4),
    pauses_s=st.lists(st.sampled_from([0.0, 0.5, 3.0, 10.0, 25.0]), max_size=20),
)
def test_slots_need_no_timer_once_rested(requests: int, pauses_s: list[float]) -> None:
    async def send(new_limiter: type[AsyncLimiter]) -> list[float]:
        window = SlidingWindow(Limit(requests, 10), new_limiter=new_limiter)
        return await acquire_with_pauses(window, pauses_s)

    at_once = run_on_virtual_time(send(AsyncLimiter))
    assert at_once == at(run_on_virtual_time(send(NeverReady)))


class TestSlidingWindow:
    @pytest.mark.parametrize(
        "limit",
        [Limit(1, 1), Limit(3, 2), Limit(10, 0.1), Limit(150, 60), Limit(700, 60)],
        ids=str,
    )
    async def test_every_period_holds_exactly_the_limit(self, limit: Limit) -> None:
        window = SlidingWindow(limit)
        sent_at = [await send(window) for _ in range(3 * limit.requests + 1)]

        gaps_s = [
            later - earlier
            for earlier, later in zip(sent_at, sent_at[limit.requests :], strict=False)
        ]
        assert min(gaps_s) >= limit.period_s - 1e-9
        assert sent_at[-1] == at(3 * limit.period_s)

    async def test_large_window_creates_no_limiters_up_front(self) -> None:
        created: list[AsyncLimiter] = []

        def new_limiter(rate: float, period_s: float) -> AsyncLimiter:
            created.append(AsyncLimiter(rate, period_s))
            return created[-1]

        window = SlidingWindow(Limit(100_000, 60), new_limiter=new_limiter)
        created_at_first = len(created)
        await send_many(window, 7)

        assert (created_at_first, len(created)) == (0, 7)

    async def test_rested_slots_are_removed(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await send_many(window, 50)

        assert window.snapshot().resting == TWO_IN_TEN.requests

    async def test_slot_is_held_until_response(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        waiting = asyncio.create_task(acquire_at(window))
        await until(1000)
        assert not waiting.done()
        await window.release(None, counted_at=now())

        assert await waiting == at(1010)

    async def test_slot_rests_from_instant_of_counting(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        await until(5)
        await window.release(None, counted_at=4.25)

        assert await acquire_at(window) == at(14.25)

    async def test_slot_rested_before_response_is_free(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        await until(30)
        await window.release(None, counted_at=1.0)

        assert await acquire_at(window) == at(30)

    async def test_slots_become_free_in_order_of_counting(
        self,
    ) -> None:
        window = SlidingWindow(Limit(3, 10))
        for _ in range(3):
            await window.acquire()
        await until(5)
        for counted_at in (2.0, 4.0, 3.0):
            await window.release(None, counted_at=counted_at)

        assert [await acquire_at(window) for _ in range(3)] == instants(12, 13, 14)

    async def test_late_response_to_earlier_request_wakes_waiter(
        self,
    ) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.acquire()
        await window.acquire()
        await until(5)
        await window.release(None, counted_at=4.0)
        waiting = asyncio.create_task(acquire_at(window))
        await until(6)
        await window.release(None, counted_at=1.0)

        assert await waiting == at(11)
        assert await acquire_at(window) == at(14)

    async def test_slot_of_unsent_request_is_free(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        waiting = asyncio.create_task(acquire_at(window))
        await until(3)
        window.cancel()

        assert await waiting == at(3)

    @pytest.mark.parametrize("cancelled_at", [0.0, 3.0, 10.0, 10.0 - 1e-10])
    async def test_cancelled_wait_takes_no_slot(self, cancelled_at: float) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        waiting = asyncio.create_task(window.acquire())
        await until(cancelled_at)
        waiting.cancel()
        await asyncio.wait([waiting])
        if not waiting.cancelled():
            window.cancel()

        assert await acquire_at(window) == at(10)

    async def test_slot_replaced_during_wakeup_is_not_released(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        waiting = asyncio.create_task(acquire_at(window))
        await until(10 - 1e-10)
        # It takes the place of the slot that is about to wake the waiter.
        await window.restore([0.0])

        assert await waiting == at(20)


class TestEarlierRun:
    async def test_requests_of_earlier_run_count(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([3.0, 7.0])

        assert [await acquire_at(window), await acquire_at(window)] == [at(3), at(7)]

    async def test_newest_requests_count_beyond_limit(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([9.0, 1.0, 8.0, 2.0])

        assert [await acquire_at(window), await acquire_at(window)] == [at(8), at(9)]

    async def test_restored_requests_are_released_at_reset(self) -> None:
        # The reset is known to be between 22 and 24.
        window = SlidingWindow(FOUR_IN_TEN)
        await until(20)
        await window.restore([3.0] * 3)
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=3))
        assert await acquire_at(window) == at(24)
        await release_with(window, RateLimitHeaders(limit=4, remaining=3, reset_s=9))

        assert [await acquire_at(window) for _ in range(3)] == instants(24, 24, 24)

    async def test_restored_requests_leave_other_slots_free(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([4.0])

        assert [await acquire_at(window), await acquire_at(window)] == [at(0), at(6)]


class TestNextFreeSlot:
    async def test_free_slot_has_no_wait(self) -> None:
        assert SlidingWindow(ONE_IN_TEN).free_at is None

    async def test_free_at_is_end_of_rest(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)

        assert window.free_at == at(10)

    async def test_free_slot_beside_resting_one_has_no_wait(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await send(window)

        assert window.free_at is None

    async def test_rested_slot_has_no_wait(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        await until(11)

        assert window.free_at is None

    async def test_free_at_is_unknown_before_response(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()

        assert window.free_at is None
        assert window.next_free_at == at(10)

    async def test_announced_reset_may_come_before_rest(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window, FixedWindows([ONE_IN_TEN], [3.5]))

        assert window.free_at == at(5)

    async def test_announced_reset_may_come_after_rest(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await send(window)
        await until(5)
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=2, remaining=1, reset_s=9))

        assert window.free_at == at(10)


class TestWithoutWait:
    """How many requests need no resting slot."""

    async def test_whole_limit_needs_no_wait_at_first(self) -> None:
        assert SlidingWindow(FOUR_IN_TEN).without_wait == 4

    async def test_held_slot_needs_no_wait_until_resting(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        assert window.without_wait == 4
        await window.release(None, counted_at=now())

        assert window.without_wait == 3

    async def test_requests_of_other_clients_reduce_free_slots(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=7))

        assert window.without_wait == 1

    async def test_requests_in_flight_count_beside_other_clients(self) -> None:
        # It is unknown which of the three in flight the server has counted, so more
        # requests may seem to be used than the limit allows.
        window = SlidingWindow(FOUR_IN_TEN)
        for _ in range(3):
            await window.acquire()
        for _ in range(2):
            await release_with(
                window, RateLimitHeaders(limit=4, remaining=0, reset_s=7)
            )

        assert window.without_wait == 1
        assert window.free_at == at(8)


class TestLatestArrival:
    """A slot is held while its request may arrive, with or without a response."""

    async def test_slot_becomes_free_without_response(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_responses=False)
        await window.acquire()
        await until(3)
        await window.acquire()

        assert [await acquire_at(window) for _ in range(2)] == instants(12, 15)

    async def test_mark_sent_restarts_only_last_hold(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_responses=False)
        await window.acquire()
        await until(3)
        await window.acquire()
        await until(5)
        window.mark_sent()

        assert [await acquire_at(window) for _ in range(2)] == instants(12, 17)

    async def test_expired_slot_is_no_longer_held(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_responses=False)
        await window.acquire()
        await until(12.5)
        await window.acquire()

        assert window.without_wait == 2
        assert await acquire_at(window) == at(12.5)

    @pytest.mark.parametrize("sent_at", [0.0, 3.0])
    async def test_response_in_time_lets_slot_rest(self, sent_at: float) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_responses=False)
        await until(sent_at)
        await window.acquire()
        await until(sent_at + 11.5)
        await window.release(
            Reply(sent_at=sent_at, received_at=now()), counted_at=sent_at + 11.4
        )

        assert await acquire_at(window) == at(sent_at + 21.4)

    @pytest.mark.parametrize("sent_at", [0.0, 3.0])
    async def test_response_after_latest_arrival_delays_nothing(
        self, sent_at: float
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_responses=False)
        await until(sent_at)
        await window.acquire()
        await until(sent_at + 12.5)
        await window.release(
            Reply(sent_at=sent_at, received_at=now()), counted_at=now()
        )

        assert await acquire_at(window) == at(sent_at + 12.5)

    async def test_cancelled_request_rests_from_cancellation(self) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_responses=False)
        await window.acquire()
        await until(12.5)
        await window.release(None, counted_at=now())

        assert await acquire_at(window) == at(22.5)


async def release_with(
    window: SlidingWindow, headers: RateLimitHeaders | None, status: int = 204
) -> None:
    """Release a slot with a response that arrives at once."""
    reply = Reply(
        sent_at=now(), received_at=now(), http_status=status, rate_limit=headers
    )
    await window.release(reply, counted_at=now())


class TestHeaders:
    async def test_slots_are_released_at_latest_reset(
        self,
    ) -> None:
        # Resets are at 3 and then every ten seconds. Because of whole seconds, the
        # latest reset is at 4, plus or minus the clock drift.
        window, model = SlidingWindow(FOUR_IN_TEN), FixedWindows([FOUR_IN_TEN], [3])
        sent_at = [await send(window, model) for _ in range(12)]

        drift_s = CLOCK_DRIFT * FOUR_IN_TEN.period_s
        assert sent_at == [
            *[at(0.0)] * 4,
            *[at(4.0)] * 4,
            *[pytest.approx(14.0, abs=drift_s + LATE_S)] * 4,
        ]

    async def test_first_reset_is_tried_with_one_request(
        self,
    ) -> None:
        window, model = SlidingWindow(FOUR_IN_TEN), FixedWindows([FOUR_IN_TEN], [3])
        for _ in range(4):
            await send(window, model)
        await window.acquire()
        trial_at = now()
        waiting = asyncio.create_task(acquire_at(window))
        await until(7)
        assert not waiting.done()
        await release_with(window, model.arrive(now()).rate_limit)

        assert (trial_at, await waiting) == (at(4), at(7))
        assert await acquire_at(window) == at(7)

    async def test_slots_are_restored_when_count_continues(self) -> None:
        six_in_ten = Limit(6, 10)
        window = SlidingWindow(six_in_ten)
        model = SlidingLog([six_in_ten])
        for remaining in (5, 4, 3, 2):
            await window.acquire()
            assert model.arrive(now()).allowed
            await release_with(
                window, RateLimitHeaders(limit=6, remaining=remaining, reset_s=2)
            )
        await until(3)
        for remaining in (1, 0):
            await window.acquire()
            assert model.arrive(now()).allowed
            await release_with(
                window, RateLimitHeaders(limit=6, remaining=remaining, reset_s=9)
            )

        sent_at = [await send(window, model) for _ in range(6)]
        assert sent_at == [*[at(10)] * 4, *[at(13)] * 2]

    async def test_slots_are_restored_after_429(self) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await acquire_at(window) == at(4)
        await release_with(window, None, status=429)

        assert await acquire_at(window) == at(10)

    async def test_waiter_keeps_waiting_after_probe_is_rejected(
        self,
    ) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await acquire_at(window) == at(4)
        waiting = asyncio.create_task(acquire_at(window))
        await until(5)
        await release_with(window, None, status=429)

        assert await waiting == at(10)

    async def test_slots_are_restored_without_further_headers(self) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await acquire_at(window) == at(4)
        await release_with(window, None)

        assert await acquire_at(window) == at(10)

    @pytest.mark.parametrize(
        ("sent_at", "is_confirmed"), [(0.9, None), (1.05, None), (1.15, True)]
    )
    async def test_requests_within_one_rtt_confirm_no_reset(
        self, sent_at: float, is_confirmed: bool | None
    ) -> None:
        # A count that falls to one confirms a reset only if four requests had been
        # counted before. They were, at 1 s, except for the RTT that was subtracted.
        window = SlidingWindow(Limit(9, 10))
        for _ in range(5):
            await window.acquire()
        await until(1.2)
        for _ in range(4):
            reply = Reply(
                sent_at=0.8,
                received_at=1.1,
                rate_limit=RateLimitHeaders(limit=9, remaining=4, reset_s=1),
            )
            await window.release(reply, counted_at=1.0)
        reply = Reply(
            sent_at=sent_at,
            received_at=sent_at + 0.1,
            rate_limit=RateLimitHeaders(limit=9, remaining=8, reset_s=10),
        )
        await window.release(reply, counted_at=sent_at)

        assert window.snapshot().is_confirmed is is_confirmed

    @pytest.mark.parametrize(("requests", "is_confirmed"), [(4, None), (5, True)])
    async def test_only_concurrent_request_is_left_out(
        self, requests: int, is_confirmed: bool | None
    ) -> None:
        window = SlidingWindow(Limit(9, 10))
        for _ in range(requests + 1):
            await window.acquire()
        await until(1.7)
        for counted_at in [*[1.0] * (requests - 1), 1.55]:
            reply = Reply(
                sent_at=0.8,
                received_at=1.6,
                rate_limit=RateLimitHeaders(limit=9, remaining=4, reset_s=1),
            )
            await window.release(reply, counted_at=counted_at)
        reply = Reply(
            sent_at=1.6,
            received_at=1.7,
            rate_limit=RateLimitHeaders(limit=9, remaining=8, reset_s=10),
        )
        await window.release(reply, counted_at=1.7)

        assert window.snapshot().is_confirmed is is_confirmed

    async def test_requests_of_both_windows_confirm_reset(self) -> None:
        # The reset is between 2 and 4. The first two requests were certainly counted
        # before it, the others perhaps after it.
        window = SlidingWindow(Limit(9, 10))
        for instant, reset_s in ((0.0, 3), (3.0, 0)):
            await until(instant)
            for _ in range(2):
                await window.acquire()
                await release_with(
                    window, RateLimitHeaders(limit=9, remaining=4, reset_s=reset_s)
                )
        await until(4.5)
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=9, remaining=8, reset_s=9))

        assert window.snapshot().is_confirmed

    async def test_slot_after_earliest_reset_keeps_resting(self) -> None:
        # The reset is between 2 and 4. The request with a response at 2.5 may count in
        # the new window; the one with a response at 1.5 cannot.
        window = SlidingWindow(FOUR_IN_TEN)
        for instant in (0.0, 1.5, 2.5):
            await until(instant)
            await window.acquire()
            await release_with(
                window, RateLimitHeaders(limit=4, remaining=3, reset_s=3 - int(instant))
            )
        await until(4.5)
        await window.acquire()

        assert window.snapshot().resting == 1
        assert window.next_free_at == at(12.5)

    async def test_slots_of_other_clients_return_at_reset(
        self,
    ) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=7))
        assert await acquire_at(window) == at(0)
        await release_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=7))

        assert await acquire_at(window) == at(8)

    async def test_higher_remaining_wakes_waiter(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await window.acquire()
        await release_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=9))
        waiting = asyncio.create_task(acquire_at(window))
        await until(1)
        assert not waiting.done()
        await release_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=8))

        assert await waiting == at(1)


async def test_slots_are_used_in_turn() -> None:
    window = SlidingWindow(Limit(3, 10))
    for instant in (0.0, 1.0, 4.0):
        await until(instant)
        await send(window)
    sent_at = [await send(window) for _ in range(6)]

    assert sent_at == instants(10, 11, 14, 20, 21, 24)
    assert all(earlier <= later for earlier, later in pairwise(sent_at))


def instants(*expected: float) -> Iterable[object]:
    return [at(instant) for instant in expected]
