"""When the server has counted a request, at the latest."""

from dataclasses import replace

import pytest

from bulkpause.arrival import (
    FAST_SAMPLES,
    FAST_SAMPLES_IF_TOLD,
    FEWEST_SAMPLES,
    GRAIN_S,
    Arrivals,
)
from bulkpause.model import Fault, RateLimit, Reply


MINUTE_S = 60.0
FASTEST_S = 0.1


def reply(sent_at: float, round_trip_s: float = FASTEST_S) -> Reply:
    return Reply(sent_at=sent_at, answered_at=sent_at + round_trip_s, http_status=204)


def told(
    sent_at: float, round_trip_s: float, *, remaining: int, reset_s: int = 30
) -> Reply:
    word = RateLimit(limit=150, remaining=remaining, reset_s=reset_s)
    return replace(reply(sent_at, round_trip_s), rate_limit=word)


def learned(*round_trips_s: float) -> Arrivals:
    arrivals = Arrivals()
    for index, round_trip_s in enumerate(round_trips_s):
        arrivals.learn(reply(float(index), round_trip_s))
    return arrivals


def certain_s(arrivals: Arrivals, *, longest_period_s: float = 0.0) -> float:
    """Say how much of a round trip is taken off."""
    one = reply(1000.0, 5.0)
    return one.answered_at - arrivals.latest(one, longest_period_s=longest_period_s)


def test_nothing_is_taken_off_before_enough_was_seen() -> None:
    assert certain_s(learned(*[FASTEST_S] * (FEWEST_SAMPLES - 1))) == 0


def test_the_fastest_round_trip_is_taken_off() -> None:
    arrivals = learned(*[FASTEST_S] * FAST_SAMPLES)

    assert certain_s(arrivals) == pytest.approx(FASTEST_S - GRAIN_S)


def test_the_spread_of_the_fast_ones_is_left_on() -> None:
    spread_s = 0.03
    fast = [
        FASTEST_S + spread_s * part / (FAST_SAMPLES - 1) for part in range(FAST_SAMPLES)
    ]

    assert certain_s(learned(*fast)) == pytest.approx(FASTEST_S - spread_s - GRAIN_S)


def test_slow_ones_beyond_the_fast_ones_do_not_matter() -> None:
    fast = [FASTEST_S] * FAST_SAMPLES

    assert certain_s(learned(*fast, *[9.0] * 50)) == certain_s(learned(*fast))


def test_a_fast_one_that_comes_late_is_taken_into_account() -> None:
    arrivals = learned(*[FASTEST_S] * 50, FASTEST_S / 2)

    assert certain_s(arrivals) == 0


def test_a_wide_spread_takes_nothing_off() -> None:
    fast = [FASTEST_S * factor for factor in range(1, FAST_SAMPLES + 1)]

    assert certain_s(learned(*fast)) == 0


def test_fewer_fast_ones_have_to_agree_where_the_server_tells() -> None:
    fast = [FASTEST_S] * FAST_SAMPLES_IF_TOLD + [2 * FASTEST_S] * FAST_SAMPLES
    arrivals = learned(*fast)

    assert certain_s(arrivals) == 0
    assert certain_s(arrivals, longest_period_s=MINUTE_S) > 0


def test_a_cold_connection_is_no_measure() -> None:
    arrivals = Arrivals()
    for index in range(50):
        arrivals.learn(replace(reply(index), is_cold=True))

    assert certain_s(arrivals) == 0


def test_a_fault_is_no_measure() -> None:
    arrivals = Arrivals()
    for index in range(50):
        arrivals.learn(replace(reply(index), http_status=None, fault=Fault.RESET))

    assert certain_s(arrivals) == 0


def test_what_brought_no_answer_may_have_been_counted_up_to_its_end() -> None:
    arrivals = learned(*[FASTEST_S] * FAST_SAMPLES)
    fault = Reply(sent_at=0.0, answered_at=30.0, fault=Fault.READ_TIMEOUT)

    assert arrivals.latest(fault, longest_period_s=0.0) == 30.0


class TestOrder:
    """What remains tells the order: one that left more was counted before."""

    def test_one_that_was_counted_before_is_no_later_than_the_others_answer(
        self,
    ) -> None:
        arrivals = Arrivals()
        arrivals.latest(told(0.0, 0.2, remaining=99), longest_period_s=MINUTE_S)
        late = told(0.1, 3.0, remaining=100)

        assert arrivals.latest(late, longest_period_s=MINUTE_S) == 0.2

    def test_one_that_was_counted_after_may_be_as_late_as_its_answer(self) -> None:
        arrivals = Arrivals()
        arrivals.latest(told(0.0, 0.2, remaining=100), longest_period_s=MINUTE_S)
        late = told(0.1, 3.0, remaining=99)

        assert arrivals.latest(late, longest_period_s=MINUTE_S) == late.answered_at

    def test_an_answer_from_before_it_was_sent_tells_nothing(self) -> None:
        arrivals = Arrivals()
        arrivals.latest(told(0.0, 0.2, remaining=99), longest_period_s=MINUTE_S)
        late = told(0.3, 3.0, remaining=100)

        assert arrivals.latest(late, longest_period_s=MINUTE_S) == late.answered_at

    def test_another_window_tells_nothing(self) -> None:
        arrivals = Arrivals()
        arrivals.latest(
            told(0.0, 0.2, remaining=99, reset_s=1), longest_period_s=MINUTE_S
        )
        late = told(0.1, 3.0, remaining=149, reset_s=58)

        assert arrivals.latest(late, longest_period_s=MINUTE_S) == late.answered_at

    def test_another_limit_tells_nothing(self) -> None:
        arrivals = Arrivals()
        other = replace(
            told(0.0, 0.2, remaining=9),
            rate_limit=RateLimit(limit=10, remaining=9, reset_s=30),
        )
        arrivals.latest(other, longest_period_s=MINUTE_S)
        late = told(0.1, 3.0, remaining=100)

        assert arrivals.latest(late, longest_period_s=MINUTE_S) == late.answered_at

    def test_what_remains_tells_nothing_where_no_window_is_known(self) -> None:
        arrivals = Arrivals()
        arrivals.latest(told(0.0, 0.2, remaining=99), longest_period_s=0.0)
        late = told(0.1, 3.0, remaining=100)

        assert arrivals.latest(late, longest_period_s=0.0) == late.answered_at
