"""The slots of one limit: an exact sliding window, counted where the server counts."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise

import pytest
from aiolimiter import AsyncLimiter

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.server_window import CLOCK_DRIFT
from bulkpause.ratelimit.sliding_window import SlidingWindow
from tests.testkit.fixed_window import FixedWindows
from tests.testkit.server_model import ServerModel
from tests.testkit.sliding_log import SlidingLog


pytestmark = pytest.mark.anyio

#: Timers on virtual time, and what is left on to rounding, are late by less than this.
LATE_S = 2e-6

ONE_IN_TEN = Limit(1, 10)
TWO_IN_TEN = Limit(2, 10)
FOUR_IN_TEN = Limit(4, 10)


class CountedLimiter(AsyncLimiter):
    """Counts how many were made."""

    made = 0

    def __init__(self, max_rate: float, time_period: float = 60) -> None:
        super().__init__(max_rate, time_period)
        CountedLimiter.made += 1


def now() -> float:
    return asyncio.get_running_loop().time()


def at(instant: float) -> object:
    return pytest.approx(instant, abs=LATE_S)


async def until(instant: float) -> None:
    await asyncio.sleep(instant - now())


async def send(window: SlidingWindow, model: ServerModel | None = None) -> float:
    """Take a slot and have an answer at once; give the moment."""
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


async def spend(window: SlidingWindow, requests: int) -> None:
    for _ in range(requests):
        await send(window)


async def takes(window: SlidingWindow) -> float:
    """Take a slot and give the moment at which it was had."""
    await window.acquire()
    return now()


class TestSlidingWindow:
    @pytest.mark.parametrize(
        "limit",
        [Limit(1, 1), Limit(3, 2), Limit(10, 0.1), Limit(150, 60), Limit(700, 60)],
        ids=str,
    )
    async def test_no_period_holds_more_than_the_limit_and_none_less(
        self, limit: Limit
    ) -> None:
        window = SlidingWindow(limit)
        sent_at = [await send(window) for _ in range(3 * limit.requests + 1)]

        apart_s = [
            later - earlier
            for earlier, later in zip(sent_at, sent_at[limit.requests :], strict=False)
        ]
        assert min(apart_s) >= limit.period_s - 1e-9
        assert sent_at[-1] == at(3 * limit.period_s)

    async def test_a_window_of_one_hundred_thousand_makes_no_limiter_up_front(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "bulkpause.ratelimit.sliding_window.AsyncLimiter", CountedLimiter
        )
        CountedLimiter.made = 0
        window = SlidingWindow(Limit(100_000, 60))
        made_at_first = CountedLimiter.made
        await spend(window, 7)

        assert (made_at_first, CountedLimiter.made) == (0, 7)

    async def test_slots_that_have_rested_make_way_for_new_ones(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await spend(window, 50)

        assert len(window._resting) == TWO_IN_TEN.requests

    async def test_a_slot_is_held_until_the_answer(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        waiting = asyncio.create_task(takes(window))
        await until(1000)
        assert not waiting.done()
        await window.release(None, counted_at=now())

        assert await waiting == at(1010)

    async def test_a_slot_rests_from_the_moment_at_which_it_was_counted(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        await until(5)
        await window.release(None, counted_at=4.25)

        assert await takes(window) == at(14.25)

    async def test_a_slot_that_has_rested_before_its_answer_is_free_at_once(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        await until(30)
        await window.release(None, counted_at=1.0)

        assert await takes(window) == at(30)

    async def test_slots_are_free_in_the_order_in_which_requests_were_counted(
        self,
    ) -> None:
        window = SlidingWindow(Limit(3, 10))
        for _ in range(3):
            await window.acquire()
        await until(5)
        for counted_at in (2.0, 4.0, 3.0):
            await window.release(None, counted_at=counted_at)

        assert [await takes(window) for _ in range(3)] == instants(12, 13, 14)

    async def test_an_earlier_one_that_is_answered_later_wakes_the_waiter(
        self,
    ) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.acquire()
        await window.acquire()
        await until(5)
        await window.release(None, counted_at=4.0)
        waiting = asyncio.create_task(takes(window))
        await until(6)
        await window.release(None, counted_at=1.0)

        assert await waiting == at(11)
        assert await takes(window) == at(14)

    async def test_a_slot_whose_request_was_never_written_is_free_at_once(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()
        waiting = asyncio.create_task(takes(window))
        await until(3)
        window.cancel()

        assert await waiting == at(3)

    @pytest.mark.parametrize("cancelled_at", [0.0, 3.0, 10.0, 10.0 - 1e-10])
    async def test_a_cancelled_wait_takes_nothing(self, cancelled_at: float) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        waiting = asyncio.create_task(window.acquire())
        await until(cancelled_at)
        waiting.cancel()
        await asyncio.wait([waiting])
        if not waiting.cancelled():
            window.cancel()

        assert await takes(window) == at(10)

    async def test_a_slot_that_was_let_go_while_it_woke_us_is_not_let_go_twice(
        self,
    ) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        waiting = asyncio.create_task(takes(window))
        await until(10 - 1e-10)
        window._resting.clear()
        await window._add(now(), now())

        assert await waiting == at(20)


class TestEarlierRun:
    async def test_requests_of_an_earlier_run_count(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([3.0, 7.0])

        assert [await takes(window), await takes(window)] == [at(3), at(7)]

    async def test_the_newest_count_when_there_are_more_than_slots(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([9.0, 1.0, 8.0, 2.0])

        assert [await takes(window), await takes(window)] == [at(8), at(9)]

    async def test_they_are_let_go_with_the_servers_window(self) -> None:
        # It is known to end from 22 to 24.
        window = SlidingWindow(FOUR_IN_TEN)
        await until(20)
        await window.restore([3.0] * 3)
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=3))
        assert await takes(window) == at(24)
        await rest_with(window, RateLimitHeaders(limit=4, remaining=3, reset_s=9))

        assert [await takes(window) for _ in range(3)] == instants(24, 24, 24)

    async def test_fewer_leave_the_other_slots_free(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await window.restore([4.0])

        assert [await takes(window), await takes(window)] == [at(0), at(6)]


class TestOutlook:
    async def test_a_free_slot_is_free_now(self) -> None:
        assert SlidingWindow(ONE_IN_TEN).free_at is None

    async def test_it_says_when_the_next_slot_has_rested(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)

        assert window.free_at == at(10)

    async def test_a_free_slot_beside_one_that_rests_is_free_now(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await send(window)

        assert window.free_at is None

    async def test_a_slot_that_has_rested_is_free_now(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window)
        await until(11)

        assert window.free_at is None

    async def test_nobody_knows_when_an_answer_comes(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await window.acquire()

        assert window.free_at is None
        assert window.next_free_at == at(10)

    async def test_the_end_of_the_servers_window_may_be_sooner(self) -> None:
        window = SlidingWindow(ONE_IN_TEN)
        await send(window, FixedWindows([ONE_IN_TEN], [3.5]))

        assert window.free_at == at(5)

    async def test_the_end_of_the_servers_window_may_be_later(self) -> None:
        window = SlidingWindow(TWO_IN_TEN)
        await send(window)
        await until(5)
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=2, remaining=1, reset_s=9))

        assert window.free_at == at(10)


class TestSoon:
    """How many requests need no slot that rests."""

    async def test_they_are_as_many_as_the_limit_at_first(self) -> None:
        assert SlidingWindow(FOUR_IN_TEN).soon == 4

    async def test_one_on_its_way_is_among_them_until_it_rests(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        assert window.soon == 4
        await window.release(None, counted_at=now())

        assert window.soon == 3

    async def test_what_others_spent_is_not(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=7))

        assert window.soon == 1

    async def test_those_on_their_way_are_whatever_others_spent(self) -> None:
        # Of three in flight nobody knows which the server had counted, so that more
        # may seem to be spent than there are.
        window = SlidingWindow(FOUR_IN_TEN)
        for _ in range(3):
            await window.acquire()
        for _ in range(2):
            await rest_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=7))

        assert window.soon == 1
        assert window.free_at == at(8)


class TestNoWaitForAnswers:
    """A slot is held for as long as its request may arrive, answered or not."""

    async def test_it_is_free_again_without_an_answer(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_answers=False)
        await window.acquire()
        await until(3)
        await window.acquire()

        assert [await takes(window) for _ in range(2)] == instants(12, 15)

    async def test_only_the_last_one_taken_is_held_from_when_it_is_sent(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_answers=False)
        await window.acquire()
        await until(3)
        await window.acquire()
        await until(5)
        window.mark_sent()

        assert [await takes(window) for _ in range(2)] == instants(12, 17)

    async def test_one_that_is_free_again_is_no_longer_on_its_way(self) -> None:
        window = SlidingWindow(TWO_IN_TEN, waits_for_answers=False)
        await window.acquire()
        await until(12.5)
        await window.acquire()

        assert window.soon == 2
        assert await takes(window) == at(12.5)

    @pytest.mark.parametrize("sent_at", [0.0, 3.0])
    async def test_an_answer_in_time_lets_it_rest(self, sent_at: float) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_answers=False)
        await until(sent_at)
        await window.acquire()
        await until(sent_at + 11.5)
        await window.release(
            Reply(sent_at=sent_at, received_at=now()), counted_at=sent_at + 11.4
        )

        assert await takes(window) == at(sent_at + 21.4)

    @pytest.mark.parametrize("sent_at", [0.0, 3.0])
    async def test_an_answer_after_that_holds_nobody_up(self, sent_at: float) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_answers=False)
        await until(sent_at)
        await window.acquire()
        await until(sent_at + 12.5)
        await window.release(
            Reply(sent_at=sent_at, received_at=now()), counted_at=now()
        )

        assert await takes(window) == at(sent_at + 12.5)

    async def test_one_that_was_cut_off_may_only_now_be_counted(self) -> None:
        window = SlidingWindow(ONE_IN_TEN, waits_for_answers=False)
        await window.acquire()
        await until(12.5)
        await window.release(None, counted_at=now())

        assert await takes(window) == at(22.5)


async def rest_with(
    window: SlidingWindow, word: RateLimitHeaders | None, status: int = 204
) -> None:
    """Have an answer at once."""
    reply = Reply(sent_at=now(), received_at=now(), http_status=status, rate_limit=word)
    await window.release(reply, counted_at=now())


class TestServersWord:
    async def test_slots_of_a_past_window_are_free_once_it_is_surely_over(
        self,
    ) -> None:
        # It ends at 3 and then every ten seconds; the whole seconds leave that open
        # up to 4, less what the clocks may part and more what they have.
        window, model = SlidingWindow(FOUR_IN_TEN), FixedWindows([FOUR_IN_TEN], [3])
        sent_at = [await send(window, model) for _ in range(12)]

        drift_s = CLOCK_DRIFT * FOUR_IN_TEN.period_s
        assert sent_at == [
            *[at(0.0)] * 4,
            *[at(4.0)] * 4,
            *[pytest.approx(14.0, abs=drift_s + LATE_S)] * 4,
        ]

    async def test_one_request_sees_first_whether_the_server_has_forgotten(
        self,
    ) -> None:
        window, model = SlidingWindow(FOUR_IN_TEN), FixedWindows([FOUR_IN_TEN], [3])
        for _ in range(4):
            await send(window, model)
        await window.acquire()
        probed_at = now()
        waiting = asyncio.create_task(takes(window))
        await until(7)
        assert not waiting.done()
        await rest_with(window, model.arrive(now()).rate_limit)

        assert (probed_at, await waiting) == (at(4), at(7))
        assert await takes(window) == at(7)

    async def test_slots_come_back_if_the_server_has_forgotten_nothing(self) -> None:
        six_in_ten = Limit(6, 10)
        window = SlidingWindow(six_in_ten)
        model = SlidingLog([six_in_ten])
        for remaining in (5, 4, 3, 2):
            await window.acquire()
            assert model.arrive(now()).allowed
            await rest_with(
                window, RateLimitHeaders(limit=6, remaining=remaining, reset_s=2)
            )
        await until(3)
        for remaining in (1, 0):
            await window.acquire()
            assert model.arrive(now()).allowed
            await rest_with(
                window, RateLimitHeaders(limit=6, remaining=remaining, reset_s=9)
            )

        sent_at = [await send(window, model) for _ in range(6)]
        assert sent_at == [*[at(10)] * 4, *[at(13)] * 2]

    async def test_slots_come_back_after_a_refusal(self) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await takes(window) == at(4)
        await rest_with(window, None, status=429)

        assert await takes(window) == at(10)

    async def test_who_waits_for_what_that_request_sees_waits_on_after_a_refusal(
        self,
    ) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await takes(window) == at(4)
        waiting = asyncio.create_task(takes(window))
        await until(5)
        await rest_with(window, None, status=429)

        assert await waiting == at(10)

    async def test_slots_come_back_if_the_server_says_no_more(self) -> None:
        window, model = SlidingWindow(TWO_IN_TEN), FixedWindows([TWO_IN_TEN], [3])
        for _ in range(2):
            await send(window, model)
        assert await takes(window) == at(4)
        await rest_with(window, None)

        assert await takes(window) == at(10)

    @pytest.mark.parametrize(
        ("sent_at", "is_true"), [(0.9, None), (1.05, None), (1.15, True)]
    )
    async def test_what_was_counted_while_an_answer_came_does_not_judge_it(
        self, sent_at: float, is_true: bool | None
    ) -> None:
        # A count that fell to one proves that windows begin anew only if four had
        # been counted before; they were, at 1 s, but for the round trip taken off.
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

        assert window._told.is_true is is_true

    @pytest.mark.parametrize(("requests", "is_true"), [(4, None), (5, True)])
    async def test_one_that_was_counted_meanwhile_is_left_out_and_no_other(
        self, requests: int, is_true: bool | None
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

        assert window._told.is_true is is_true

    async def test_all_that_were_counted_in_either_window_judge_it(self) -> None:
        # The window ends from 2 to 4: of the first two it is sure that they were
        # counted before that, of the others it is not.
        window = SlidingWindow(Limit(9, 10))
        for instant, reset_s in ((0.0, 3), (3.0, 0)):
            await until(instant)
            for _ in range(2):
                await window.acquire()
                await rest_with(
                    window, RateLimitHeaders(limit=9, remaining=4, reset_s=reset_s)
                )
        await until(4.5)
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=9, remaining=8, reset_s=9))

        assert window._told.is_true

    async def test_an_answer_after_the_earliest_instant_stays_counted(self) -> None:
        # The end is known to be from 2 to 4: what was answered at 2.5 may be of the
        # new window, what was answered at 1.5 cannot.
        window = SlidingWindow(FOUR_IN_TEN)
        for instant in (0.0, 1.5, 2.5):
            await until(instant)
            await window.acquire()
            await rest_with(
                window, RateLimitHeaders(limit=4, remaining=3, reset_s=3 - int(instant))
            )
        await until(4.5)
        window._roll()

        assert [slot.received_at for slot in window._resting] == [at(2.5)]

    async def test_what_others_spent_is_held_back_until_the_window_is_over(
        self,
    ) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=7))
        assert await takes(window) == at(0)
        await rest_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=7))

        assert await takes(window) == at(8)

    async def test_others_that_leave_room_again_wake_the_waiter(self) -> None:
        window = SlidingWindow(FOUR_IN_TEN)
        await window.acquire()
        await window.acquire()
        await rest_with(window, RateLimitHeaders(limit=4, remaining=0, reset_s=9))
        waiting = asyncio.create_task(takes(window))
        await until(1)
        assert not waiting.done()
        await rest_with(window, RateLimitHeaders(limit=4, remaining=1, reset_s=8))

        assert await waiting == at(1)


async def test_the_slots_are_used_in_turn() -> None:
    window = SlidingWindow(Limit(3, 10))
    for instant in (0.0, 1.0, 4.0):
        await until(instant)
        await send(window)
    sent_at = [await send(window) for _ in range(6)]

    assert sent_at == instants(10, 11, 14, 20, 21, 24)
    assert all(earlier <= later for earlier, later in pairwise(sent_at))


def instants(*expected: float) -> Iterable[object]:
    return [at(instant) for instant in expected]
