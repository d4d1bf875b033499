"""When the next request may go out: order, refusals, what is said of the waiting."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import bulkpause.ratelimit.gate
from bulkpause.model import Limit, RateLimitHeaders, Reply, TransportError
from bulkpause.ratelimit.gate import CALM_ANSWERS, Gate
from bulkpause.ratelimit.pacing import (
    CALM_REQUESTS,
    LONGEST_COOLDOWN_S,
    SHORTEST_COOLDOWN_S,
)
from bulkpause.ratelimit.sliding_window import LATEST_ARRIVAL_S


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


def gate(*limits: Limit, max_in_flight: int = 10) -> Gate:
    return Gate(limits, max_in_flight=max_in_flight, jitter=lambda: 1.0)


def answered(sent_at: float | None = None) -> Reply:
    return Reply(
        sent_at=now() if sent_at is None else sent_at,
        received_at=now(),
        http_status=204,
    )


def refused(retry_after_s: float | None, sent_at: float | None = None) -> Reply:
    return Reply(
        sent_at=now() if sent_at is None else sent_at,
        received_at=now(),
        http_status=429,
        retry_after_s=retry_after_s,
    )


def faulty() -> Reply:
    return Reply(sent_at=now(), received_at=now(), error=TransportError.RESET)


async def send(one: Gate, reply: Callable[[], Reply] = answered) -> float:
    """Take a slot and have an answer at once; give the moment."""
    await one.acquire()
    sent_at = now()
    await one.release(reply())
    return sent_at


async def takes(one: Gate) -> float:
    """Take a slot and give the moment at which it was had."""
    await one.acquire()
    return now()


async def settle() -> None:
    """Let what can go on go on, at this moment."""
    for _ in range(20):
        await asyncio.sleep(0)


class TestWindows:
    async def test_without_windows_nothing_waits(self) -> None:
        one = gate()
        sent_at = [await send(one) for _ in range(1000)]

        assert sent_at[-1] == at(0)

    async def test_every_window_holds(self) -> None:
        one = gate(Limit(2, 1), Limit(4, 10), Limit(6, 100))
        sent_at = [await send(one) for _ in range(8)]

        assert sent_at == [at(instant) for instant in (0, 0, 1, 1, 10, 10, 100, 100)]

    async def test_no_slot_of_a_short_window_is_lost_while_a_long_one_is_waited_for(
        self,
    ) -> None:
        one = gate(Limit(2, 1), Limit(2, 10))
        sent_at = [await send(one) for _ in range(6)]

        assert sent_at == [at(instant) for instant in (0, 0, 10, 10, 20, 20)]

    async def test_the_order_in_which_windows_are_given_does_not_matter(self) -> None:
        one = gate(Limit(2, 10), Limit(2, 1))
        sent_at = [await send(one) for _ in range(4)]

        assert sent_at == [at(instant) for instant in (0, 0, 10, 10)]

    async def test_a_request_that_was_never_written_spends_no_slot(self) -> None:
        one = gate(ONE_IN_TEN, Limit(1, 100))
        await one.acquire()
        await one.release(Reply(received_at=now()))

        assert await takes(one) == at(0)

    async def test_a_request_that_was_cut_off_spends_a_slot(self) -> None:
        one = gate(ONE_IN_TEN)
        await one.acquire()
        await until(3)
        await one.release(None)

        assert await takes(one) == at(13)

    async def test_a_refused_request_spends_a_slot(self) -> None:
        one = gate(ONE_IN_TEN)
        await send(one, lambda: refused(0))

        assert await takes(one) == at(10)

    async def test_requests_of_an_earlier_run_count(self) -> None:
        one = gate(Limit(3, 10), Limit(4, 100))
        await one.restore([5.0, 50.0, 99.0, 500.0])
        sent_at = [await send(one) for _ in range(3)]

        arrived_at = [10 - 5, 100 - 99, 100 - 50]
        assert sent_at[:2] == [at(0), at(arrived_at[1] + LATEST_ARRIVAL_S)]
        assert sent_at[2] == at(arrived_at[2] + LATEST_ARRIVAL_S)

    @pytest.mark.parametrize("age_s", [10.0, 11.0])
    async def test_requests_as_old_as_a_window_are_no_proof_that_it_began_anew(
        self, age_s: float
    ) -> None:
        one = gate(Limit(9, 10))
        await one.restore([age_s + LATEST_ARRIVAL_S] * 4)
        for remaining, reset_s in ((7, 1), (8, 10)):
            word = RateLimitHeaders(limit=9, remaining=remaining, reset_s=reset_s)
            await one.acquire()
            await one.release(replace(answered(), rate_limit=word))

        assert one._windows[0]._told.is_true is None

    async def test_a_request_of_an_earlier_run_may_only_now_arrive(self) -> None:
        one = gate(ONE_IN_TEN)
        await one.restore([LATEST_ARRIVAL_S / 2])

        assert one.time_left_s(1) == at(10)
        assert await takes(one) == at(10)


class TestSlowAnswers:
    async def test_fewer_in_flight_than_slots_wait_for_answers(self) -> None:
        one = gate(Limit(2, 10), max_in_flight=1)
        await one.acquire()
        await until(1000)
        await one.release(answered(sent_at=0.0))

        assert [await send(one) for _ in range(2)] == [at(1000), at(1010)]


class TestRoundTrip:
    """A slot rests from the latest moment at which its request can be counted."""

    async def test_the_fastest_round_trip_is_taken_off_once_it_is_sure(self) -> None:
        one = gate(ONE_IN_TEN)
        gaps_s = [await gap_with(one, round_trip_s=2.0) for _ in range(100)]

        assert gaps_s[0] == at(12)
        assert gaps_s == sorted(gaps_s, reverse=True)
        assert 10 < gaps_s[-1] < 10.3

    async def test_a_slower_answer_is_waited_for_as_long_as_it_was_slower(
        self,
    ) -> None:
        one = gate(ONE_IN_TEN)
        fast_s = [await gap_with(one, round_trip_s=2.0) for _ in range(100)]

        slow_s = await gap_with(one, round_trip_s=5.0)
        assert slow_s == pytest.approx(fast_s[-1] + 3.0, abs=0.01)

    async def test_a_fault_takes_nothing_off(self) -> None:
        one = gate(ONE_IN_TEN)
        for _ in range(100):
            await gap_with(one, round_trip_s=2.0)

        assert await gap_with(one, round_trip_s=2.0, fault=TransportError.RESET) == at(
            12
        )

    async def test_less_is_taken_off_where_a_log_may_be_kept(self) -> None:
        silent, telling = (gate(ONE_IN_TEN, Limit(150, 60)) for _ in range(2))
        word = RateLimitHeaders(limit=150, remaining=149, reset_s=30)
        await gap_with(silent, round_trip_s=2.0)
        await gap_with(telling, round_trip_s=2.0, word=word)
        silent_s = [await gap_with(silent, round_trip_s=3.0) for _ in range(4)]
        told_s = [await gap_with(telling, round_trip_s=3.0) for _ in range(4)]

        assert told_s[-1] < silent_s[-1]

    async def test_a_later_one_that_was_answered_sooner_tells_by_when_it_was_counted(
        self,
    ) -> None:
        one = gate(Limit(2, 10), Limit(150, 60))
        await one.acquire()
        await one.acquire()
        for remaining, received_at in ((148, 1), (149, 4)):
            await until(received_at)
            word = RateLimitHeaders(
                limit=150, remaining=remaining, reset_s=50 - received_at
            )
            await one.release(replace(answered(sent_at=0.0), rate_limit=word))

        assert [await takes(one), await takes(one)] == [at(11), at(11)]


async def gap_with(
    one: Gate,
    *,
    round_trip_s: float,
    fault: TransportError | None = None,
    word: RateLimitHeaders | None = None,
) -> float:
    """Have an answer after so long, and say from sending to sending how long it was."""
    await one.acquire()
    sent_at = now()
    await asyncio.sleep(round_trip_s)
    reply = replace(answered(sent_at), error=fault, rate_limit=word)
    await one.release(replace(reply, http_status=None if fault else 204))
    await one.acquire()
    gap_s = now() - sent_at
    await one.release(Reply(received_at=now()))
    return gap_s


class TestOrder:
    async def test_waiters_are_served_in_the_order_in_which_they_came(self) -> None:
        one = gate(Limit(2, 10))
        served: list[int] = []

        async def wait(number: int) -> None:
            await send(one)
            served.append(number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(9):
                tasks.create_task(wait(number))

        assert served == list(range(9))

    @pytest.mark.parametrize("cancelled", range(6))
    async def test_a_cancelled_waiter_does_not_disturb_the_order(
        self, cancelled: int
    ) -> None:
        one = gate(Limit(2, 10))
        served: dict[int, float] = {}

        async def wait(number: int) -> None:
            served[number] = await send(one)

        await send(one)
        await send(one)
        waiters = [asyncio.create_task(wait(number)) for number in range(6)]
        await until(5)
        waiters[cancelled].cancel()
        await asyncio.wait(waiters)

        assert list(served) == [number for number in range(6) if number != cancelled]
        assert list(served.values()) == [at(i) for i in (10, 10, 20, 20, 30)]


async def full_in_flight() -> Gate:
    one = gate(Limit(2, 10), max_in_flight=1)
    await one.acquire()
    return one


async def full_window() -> Gate:
    one = gate(Limit(1, 100), max_in_flight=1)
    await send(one)
    return one


async def closed() -> Gate:
    one = gate(Limit(2, 10), max_in_flight=1)
    await send(one, lambda: refused(50))
    return one


async def spaced() -> Gate:
    one = gate(Limit(2, 100), max_in_flight=1)
    for _ in range(9):
        one._care.refused()
    await send(one)
    return one


class TestCancellation:
    @pytest.mark.parametrize("busy", [full_in_flight, full_window, closed, spaced])
    async def test_a_cancelled_wait_leaks_no_slot(
        self, busy: Callable[[], Awaitable[Gate]]
    ) -> None:
        one = await busy()
        before = [window._used for window in one._windows], one.in_flight
        waiting = asyncio.create_task(one.acquire())
        await until(1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])

        assert ([window._used for window in one._windows], one.in_flight) == before
        assert one.waiting is None


class TestInFlight:
    async def test_no_more_are_in_flight_than_allowed(self) -> None:
        one = gate(max_in_flight=2)
        await one.acquire()
        await one.acquire()
        waiting = asyncio.create_task(takes(one))
        await until(7)
        assert not waiting.done()
        await one.release(answered())

        assert await waiting == at(7)

    async def test_too_many_in_parallel_means_one_less(self) -> None:
        assert await allowed_after(4, [-1]) == 3

    async def test_again_too_many_means_again_one_less(self) -> None:
        assert await allowed_after(4, [-1, -1]) == 2

    async def test_one_may_always_be_in_flight(self) -> None:
        one = gate(max_in_flight=1)
        for _ in range(5):
            await send(one, lambda: refused(-1))

        assert await takes(one) < 10

    async def test_the_gate_stays_open_for_when_another_is_answered(self) -> None:
        one = gate(max_in_flight=3)
        for _ in range(3):
            await one.acquire()
        await one.release(refused(-1))
        waiting = asyncio.create_task(takes(one))
        await until(2)
        assert not waiting.done()
        await one.release(answered())

        assert await waiting == at(2)

    async def test_with_nothing_else_in_flight_it_waits_a_moment(self) -> None:
        one = gate(max_in_flight=3)
        await send(one, lambda: refused(-1))

        assert await takes(one) == at(SHORTEST_COOLDOWN_S)

    async def test_it_is_no_reason_for_more_care(self) -> None:
        one = gate(Limit(10, 1))
        for _ in range(5):
            await send(one, lambda: refused(-1))

        assert one._care.gap_s == 0

    async def test_it_recovers_slowly(self) -> None:
        one = gate(max_in_flight=4)
        for _ in range(4):
            await one.acquire()
        for _ in range(2):
            await one.release(refused(-1))
        for _ in range(2):
            await one.release(answered())
        counts = []
        for _ in range(3):
            counts.append(await most_in_flight(one))
            for _ in range(CALM_ANSWERS):
                await send(one)

        assert counts == [2, 3, 4]

    async def test_it_is_less_than_there_were_and_not_than_there_might_have_been(
        self,
    ) -> None:
        one = gate(max_in_flight=10)
        for _ in range(3):
            await one.acquire()
        await one.release(refused(-1))
        for _ in range(2):
            await one.release(answered())

        assert await most_in_flight(one) == 2

    async def test_one_more_is_allowed_after_so_many_answers_and_not_sooner(
        self,
    ) -> None:
        one = gate(max_in_flight=2)
        await send(one, lambda: refused(-1))
        for _ in range(CALM_ANSWERS - 1):
            await send(one)
        assert await most_in_flight(one) == 1
        await send(one)

        assert await most_in_flight(one) == 2

    async def test_the_calm_before_does_not_count(self) -> None:
        one = gate(max_in_flight=2)
        for _ in range(CALM_ANSWERS - 1):
            await send(one)
        await send(one, lambda: refused(-1))
        await send(one)

        assert await most_in_flight(one) == 1

    async def test_it_never_is_more_than_allowed_at_first(self) -> None:
        one = gate(max_in_flight=2)
        for _ in range(2 * CALM_ANSWERS):
            await send(one)

        assert await most_in_flight(one) == 2

    async def test_the_moment_does_not_open_the_gate_sooner(self) -> None:
        one = gate(max_in_flight=3)
        await one.acquire()
        await send(one, lambda: refused(30))
        await one.release(refused(-1, sent_at=0.0))

        assert await takes(one) == at(30)

    async def test_faults_do_not_raise_it_again(self) -> None:
        one = gate(max_in_flight=2)
        for _ in range(2):
            await one.acquire()
        await one.release(refused(-1))
        await one.release(answered())
        for _ in range(CALM_ANSWERS):
            await send(one, faulty)

        assert await most_in_flight(one) == 1


async def allowed_after(in_flight: int, retries_after_s: list[float]) -> int:
    """Have so many in flight, have some refused, and count how many may be."""
    one = gate(max_in_flight=in_flight)
    for _ in range(in_flight):
        await one.acquire()
    for retry_after_s in retries_after_s:
        await one.release(refused(retry_after_s))
    while one.in_flight:
        await one.release(answered())
    return await most_in_flight(one)


async def most_in_flight(one: Gate) -> int:
    """Count how many may be in flight, and put them back."""
    waiters = [asyncio.create_task(one.acquire()) for _ in range(20)]
    await settle()
    count = one.in_flight
    for waiter in waiters:
        waiter.cancel()
    await asyncio.wait(waiters)
    for _ in range(count):
        await one.release(Reply(received_at=now()))
    return count


class TestRefusal:
    async def test_it_closes_the_gate_for_all(self) -> None:
        one = gate(Limit(10, 1))
        await send(one, lambda: refused(30))
        waiters = [asyncio.create_task(send(one)) for _ in range(2)]
        sent_at = await asyncio.gather(*waiters)

        assert sent_at[0] == at(30)
        assert sent_at[1] >= 30

    async def test_a_waiter_that_is_at_the_gate_already_waits_too(self) -> None:
        one = gate(Limit(2, 10))
        await one.acquire()
        await send(one)
        waiting = asyncio.create_task(takes(one))
        await until(5)
        await one.release(refused(30))

        assert await waiting == at(35)

    async def test_a_longer_closure_holds_for_one_that_waits_for_a_shorter(
        self,
    ) -> None:
        one = gate()
        await one.acquire()
        await send(one, lambda: refused(5))
        waiting = asyncio.create_task(takes(one))
        await until(3)
        await one.release(refused(30, sent_at=0))

        assert await waiting == at(33)

    async def test_a_shorter_one_does_not_open_it_sooner(self) -> None:
        one = gate()
        await one.acquire()
        await send(one, lambda: refused(30))
        await one.release(refused(1, sent_at=0))

        assert await takes(one) == at(30)

    async def test_zero_opens_it_at_once(self) -> None:
        one = gate()
        await send(one, lambda: refused(0))

        assert await takes(one) == at(0)

    async def test_an_absurd_wait_is_capped(self) -> None:
        one = gate()
        await send(one, lambda: refused(1e9))

        assert await takes(one) == at(LONGEST_COOLDOWN_S)

    async def test_without_a_word_it_closes_for_longer_each_time(self) -> None:
        one = gate()
        sent_at = [await send(one, lambda: refused(None)) for _ in range(5)]

        assert sent_at == [at(instant) for instant in (0, 1, 3, 7, 15)]

    async def test_an_answer_after_it_opened_ends_the_doubling(self) -> None:
        one = gate()
        for _ in range(4):
            await send(one, lambda: refused(None))
        await send(one)
        first_at = await send(one, lambda: refused(None))

        assert await takes(one) == at(first_at + 1)

    async def test_so_does_one_that_was_sent_as_it_opened(self) -> None:
        one = gate()
        await send(one, lambda: refused(0))
        await send(one)
        await until(3)
        await send(one, lambda: refused(None))

        assert await takes(one) == at(4)

    async def test_an_answer_from_before_it_closed_does_not(self) -> None:
        one = gate()
        await one.acquire()
        for _ in range(2):
            await send(one, lambda: refused(None))
        await one.release(answered(sent_at=0.0))
        third_at = await send(one, lambda: refused(None))

        assert await takes(one) == at(third_at + 4)

    async def test_a_burst_of_one_moment_counts_as_one(self) -> None:
        one = gate(Limit(10, 1))
        for _ in range(10):
            await one.acquire()
        await until(0.1)
        for _ in range(10):
            await one.release(refused(None, sent_at=0.0))

        assert one._care.gap_s == gap_after(1)
        assert await takes(one) == at(1.1)

    async def test_one_that_was_sent_as_the_first_was_answered_counts_with_it(
        self,
    ) -> None:
        one = gate(Limit(10, 1))
        await one.acquire()
        await one.acquire()
        for _ in range(2):
            await one.release(refused(None))

        assert one._care.gap_s == gap_after(1)

    async def test_one_that_follows_counts_anew(self) -> None:
        one = gate(Limit(10, 1))
        for _ in range(2):
            await send(one, lambda: refused(1))

        assert one._care.gap_s == gap_after(2)

    async def test_care_spaces_the_requests(self) -> None:
        one = gate(Limit(10, 1))
        for _ in range(9):
            one._care.refused()
        sent_at = [await send(one) for _ in range(10)]

        assert sent_at[-1] - sent_at[0] == at(9 * one._care.gap_s)
        assert one._care.gap_s > 0.1

    async def test_answers_without_a_refusal_shorten_the_gaps_again(self) -> None:
        one = gate(Limit(10, 1))
        await send(one, lambda: refused(1))
        for _ in range(CALM_REQUESTS):
            await send(one)

        assert one._care.gap_s == 0

    async def test_faults_do_not(self) -> None:
        one = gate(Limit(10, 1))
        await send(one, lambda: refused(1))
        for _ in range(CALM_REQUESTS):
            await send(one, faulty)

        assert one._care.gap_s == gap_after(1)

    async def test_a_fault_after_it_opened_does_not_end_the_doubling(self) -> None:
        one = gate()
        for _ in range(2):
            await send(one, lambda: refused(None))
        await send(one, faulty)
        third_at = await send(one, lambda: refused(None))

        assert await takes(one) == at(third_at + 4)


def gap_after(refusals: int) -> float:
    one = gate(Limit(10, 1))
    for _ in range(refusals):
        one._care.refused()
    return one._care.gap_s


class TestWaiting:
    async def test_it_says_nothing_while_nobody_waits(self) -> None:
        one = gate(ONE_IN_TEN)
        await send(one)

        assert one.waiting is None

    async def test_it_names_the_limit_and_when_a_slot_is_free(self) -> None:
        one = gate(ONE_IN_TEN)
        await send(one)

        assert await said(one) == ("the limit of 1/10s", at(10))

    async def test_it_names_the_answers_that_are_waited_for(self) -> None:
        one = gate(max_in_flight=1)
        await one.acquire()

        assert await said(one) == ("answers", None)

    async def test_it_says_that_the_api_closed_the_gate_and_until_when(self) -> None:
        one = gate()
        await send(one, lambda: refused(30))

        assert await said(one) == ("the API asked to wait", at(30))

    async def test_it_says_that_requests_are_spaced(self) -> None:
        one = await spaced()

        assert await said(one) == ("even spacing", at(one._care.gap_s))

    async def test_a_longer_closure_is_said_at_once(self) -> None:
        one = gate()
        await one.acquire()
        await send(one, lambda: refused(30))
        async with waiter(one):
            await until(3)
            await one.release(refused(90, sent_at=0))

            assert words(one) == ("the API asked to wait", at(93))

    async def test_a_slot_that_comes_free_sooner_is_said_at_once(self) -> None:
        # The second answer tells that the window ends at 5, and not in ten seconds.
        one = gate(Limit(2, 10))
        await send(one)
        await one.acquire()
        async with waiter(one):
            before = words(one)
            await until(1)
            word = RateLimitHeaders(limit=2, remaining=0, reset_s=3)
            await one.release(replace(answered(), rate_limit=word))
            after = words(one)

        assert before == ("the limit of 2/10s", at(10))
        assert after == ("the limit of 2/10s", at(5))

    async def test_after_the_closure_the_spacing_is_said(self) -> None:
        one = gate(Limit(2, 100))
        for _ in range(9):
            one._care.refused()
        await send(one, lambda: refused(5))
        async with waiter(one):
            before = words(one)
            await until(6)
            after = words(one)

        gap_s = one._care.gap_s
        assert before == ("the API asked to wait", at(gap_s))
        assert after == ("even spacing", at(gap_s))


def words(one: Gate) -> tuple[str, float | None]:
    """Give what the gate says of its waiting."""
    assert one.waiting is not None
    return one.waiting.condition, one.waiting.until


@asynccontextmanager
async def waiter(one: Gate) -> AsyncIterator[None]:
    """Have somebody wait for a slot meanwhile."""
    waiting = asyncio.create_task(one.acquire())
    await settle()
    yield
    waiting.cancel()
    await asyncio.wait([waiting])


async def said(one: Gate) -> tuple[str, float | None]:
    """Give what the gate says of a waiter: for what it waits, and until when."""
    waiting = asyncio.create_task(one.acquire())
    await settle()
    seen = words(one)
    waiting.cancel()
    await asyncio.wait([waiting])
    return seen


@pytest.mark.parametrize(
    "name", ["gate", "sliding_window", "server_window", "rtt", "pacing"]
)
def test_the_wall_clock_is_never_read(name: str) -> None:
    source = (
        Path(bulkpause.ratelimit.gate.__file__)
        .with_name(f"{name}.py")
        .read_text("utf-8")
    )
    imported = {
        module.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for module in modules_of(node)
    }

    assert "bulkpause" in imported
    assert not imported & {"time", "datetime", "calendar", "email"}


def modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


class TestTimeLeft:
    """How long it takes until so many more requests are sent."""

    TIERS = (Limit(2, 1), Limit(4, 10))

    @pytest.mark.parametrize(
        ("spent", "requests"),
        [
            # After a part of a window it is right as far as its first free slot.
            (spent, requests)
            for spent in range(5)
            for requests in range(14 if spent in {0, 4} else 5)
        ],
    )
    async def test_it_is_what_it_takes(self, spent: int, requests: int) -> None:
        one = gate(*self.TIERS)
        for _ in range(spent):
            await send(one)
        await until(3)

        assert one.time_left_s(requests) == soon(await time_for(one, requests))

    @pytest.mark.parametrize(
        ("closed_s", "requests", "seconds"),
        [(5, 1, 3), (5, 3, 3 + 1), (5, 4, 8), (30, 1, 28), (30, 4, 28 + 1)],
    )
    async def test_a_closure_comes_on_top_unless_slots_rest_for_longer(
        self, closed_s: int, requests: int, seconds: int
    ) -> None:
        one = gate(*self.TIERS)
        await send(one, lambda: refused(closed_s))
        await until(2)

        assert one.time_left_s(requests) == soon(seconds)

    async def test_a_closure_that_is_over_takes_nothing_more(self) -> None:
        one = gate(*self.TIERS)
        await send(one, lambda: refused(5))
        await until(7)

        assert one.time_left_s(1) == 0

    async def test_without_windows_it_takes_no_time(self) -> None:
        assert gate().time_left_s(1000) == 0

    async def test_those_on_their_way_are_not_waited_for(self) -> None:
        one = gate(Limit(2, 10))
        await one.acquire()
        await one.acquire()

        assert one.time_left_s(2) == 0
        assert one.time_left_s(3) == at(10)

    async def test_what_the_server_says_of_its_window_is_taken_into_account(
        self,
    ) -> None:
        one = gate(Limit(4, 10))
        word = RateLimitHeaders(limit=4, remaining=1, reset_s=5)
        await send(one, lambda: replace(answered(), rate_limit=word))

        assert one.time_left_s(1) == 0
        assert one.time_left_s(2) == at(6)


def soon(seconds: float) -> object:
    """Allow for the answers that the estimate takes to be a little late."""
    return pytest.approx(seconds, abs=0.3)


async def time_for(one: Gate, requests: int) -> float:
    """Say how long it takes to send so many."""
    began_at = now()
    for _ in range(requests):
        await send(one)
    return now() - began_at
