"""How long the fastest possible round trip surely takes, by what was seen."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Reply, TransportError
from bulkpause.ratelimit.rtt import (
    CAUTION,
    CAUTION_AT_FIXED,
    CHANCE,
    FEWEST_FOR_PART,
    GRAIN_S,
    POWER,
    SURE_PART,
    RttEstimator,
)
from tests.testkit.network import NETWORKS, Network


FASTEST_S = 0.1


def reply(round_trip_s: float) -> Reply:
    return Reply(sent_at=9.0, received_at=9.0 + round_trip_s, http_status=204)


def learned(*round_trips_s: float) -> RttEstimator:
    one = RttEstimator()
    for round_trip_s in round_trips_s:
        one.learn(reply(round_trip_s))
    return one


def lower_bound_s(*round_trips_s: float, is_fixed: bool = False) -> float:
    return learned(*round_trips_s).lower_bound_s(is_fixed=is_fixed)


def seconds(expected: float) -> object:
    return pytest.approx(expected, abs=1e-9)


def test_nothing_is_sure_at_first() -> None:
    assert lower_bound_s() == 0
    assert lower_bound_s(is_fixed=True) == 0


def test_where_nothing_differs_all_but_a_share_is_sure() -> None:
    answers = 100

    assert lower_bound_s(*[FASTEST_S] * answers) == seconds(
        FASTEST_S * (1 - CHANCE / answers**POWER) - GRAIN_S
    )


def test_a_few_answers_may_lie_close_together_by_chance() -> None:
    few = int(CHANCE ** (1 / POWER))

    assert lower_bound_s(*[FASTEST_S] * few) == 0
    assert 0 < lower_bound_s(*[FASTEST_S] * (few + 1)) < FASTEST_S / 4


@pytest.mark.parametrize(
    ("is_fixed", "caution"), [(False, CAUTION), (True, CAUTION_AT_FIXED)]
)
def test_the_mean_delay_is_left_on_less_the_more_was_seen(
    is_fixed: bool, caution: float
) -> None:
    answers, delay_s = 1000, 0.08
    some = [FASTEST_S, *[FASTEST_S + delay_s * answers / (answers - 1)] * (answers - 1)]

    assert lower_bound_s(*some, is_fixed=is_fixed) == seconds(
        FASTEST_S - caution * delay_s / answers**POWER - GRAIN_S
    )


def test_delays_longer_than_the_way_itself_are_left_on_more() -> None:
    answers, delay_s = 10_000, 3 * FASTEST_S
    some = [FASTEST_S, *[FASTEST_S + delay_s * answers / (answers - 1)] * (answers - 1)]

    assert lower_bound_s(*some) == seconds(
        FASTEST_S - CAUTION * 3 * delay_s / answers**POWER - GRAIN_S
    )


def test_a_fast_one_that_comes_late_is_taken_into_account() -> None:
    assert (
        lower_bound_s(*[FASTEST_S] * 50, FASTEST_S / 2, is_fixed=True) < FASTEST_S / 2
    )


def test_at_fixed_windows_a_part_is_sure_from_a_few_answers_on() -> None:
    few = [FASTEST_S, *[9.0] * (FEWEST_FOR_PART - 1)]

    assert lower_bound_s(*few, is_fixed=True) == seconds(
        FASTEST_S * SURE_PART - GRAIN_S
    )
    assert lower_bound_s(*few[:-1], is_fixed=True) == 0
    assert lower_bound_s(*few) == 0


def test_that_part_is_no_less_for_a_spread_that_is_wide() -> None:
    wide = [FASTEST_S, *[9.0] * 50]

    assert lower_bound_s(*wide, is_fixed=True) == seconds(
        FASTEST_S * SURE_PART - GRAIN_S
    )


def test_first_requests_of_connections_say_no_more_than_that_part() -> None:
    cold = RttEstimator()
    for _ in range(1000):
        cold.learn(replace(reply(FASTEST_S), is_cold=True))

    assert cold.lower_bound_s(is_fixed=False) == 0
    assert cold.lower_bound_s(is_fixed=True) == seconds(FASTEST_S * SURE_PART - GRAIN_S)
    cold.learn(reply(FASTEST_S))
    assert cold.lower_bound_s(is_fixed=False) > FASTEST_S * 0.9


@pytest.mark.parametrize(
    "silent",
    [
        Reply(sent_at=9.0, received_at=9.001, error=TransportError.RESET),
        Reply(received_at=9.001, http_status=204),
    ],
    ids=["fault", "never written"],
)
def test_what_is_no_answer_is_no_measure(silent: Reply) -> None:
    one = learned(*[FASTEST_S] * 20)
    before_s = one.lower_bound_s(is_fixed=True)
    one.learn(silent)

    assert one.lower_bound_s(is_fixed=True) == before_s


def test_an_answer_at_once_leaves_nothing_to_take_off() -> None:
    assert lower_bound_s(*[0.0] * 100, is_fixed=True) == 0


@given(st.lists(st.floats(0, 100), max_size=60), st.booleans())
def test_it_is_never_negative_nor_more_than_the_fastest_seen(
    round_trips_s: list[float], is_fixed: bool
) -> None:
    sure_s = lower_bound_s(*round_trips_s, is_fixed=is_fixed)

    assert 0 <= sure_s <= max(0.0, min(round_trips_s, default=0.0) - GRAIN_S)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=60))
def test_no_more_is_sure_where_a_log_may_be_kept(round_trips_s: list[float]) -> None:
    one = learned(*round_trips_s)

    assert one.lower_bound_s(is_fixed=False) <= one.lower_bound_s(is_fixed=True)


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("name", "is_fixed", "most_too_long_s", "share"),
    [
        ("target", False, 0.0, 0.0),
        ("target", True, 0.01, 0.02),
        ("rough", False, 0.02, 0.0001),
        ("rough", True, 0.15, 0.01),
    ],
)
def test_it_is_rarely_too_long_and_never_by_much(
    name: str, is_fixed: bool, most_too_long_s: float, share: float
) -> None:
    network = NETWORKS[name]
    too_long_s = [
        sure_s - 2 * network.one_way_s
        for seed in range(300)
        for sure_s in _learned_in(network, Random(seed), is_fixed=is_fixed)
    ]

    assert max(too_long_s) <= most_too_long_s
    assert sum(excess_s > 0 for excess_s in too_long_s) <= share * len(too_long_s)


def _learned_in(network: Network, random: Random, *, is_fixed: bool) -> list[float]:
    """Say what is sure after each of the first answers in a network."""
    one, sure_s = RttEstimator(), []
    for _ in range(200):
        delays_s = [random.expovariate(1 / network.jitter_s) for _ in range(2)]
        one.learn(reply(2 * network.one_way_s + sum(delays_s)))
        sure_s.append(one.lower_bound_s(is_fixed=is_fixed))
    return sure_s
