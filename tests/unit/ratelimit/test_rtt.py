"""The estimated lower bound of the round-trip time."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Reply
from bulkpause.ratelimit.rtt import (
    CLOCK_RESOLUTION_S,
    MARGIN,
    MARGIN_FIXED_WINDOWS,
    MARGIN_POWER,
    MIN_MARGIN,
    MIN_RESPONSES_FOR_SHARE,
    SAFE_SHARE,
    RttEstimator,
)
from bulkpause.vocabulary import TransportError
from tests.testkit.network import NETWORKS, Network


FASTEST_S = 0.1


def reply(rtt_s: float) -> Reply:
    return Reply(sent_at=9.0, received_at=9.0 + rtt_s, http_status=204)


def estimator_of(*rtts_s: float) -> RttEstimator:
    estimator = RttEstimator()
    for rtt_s in rtts_s:
        estimator.observe(reply(rtt_s))
    return estimator


def lower_bound_s(*rtts_s: float, is_fixed: bool = False) -> float:
    return estimator_of(*rtts_s).lower_bound_s(is_fixed=is_fixed)


def seconds(expected: float) -> object:
    return pytest.approx(expected, abs=1e-9)


def test_lower_bound_is_zero_at_first() -> None:
    assert lower_bound_s() == 0
    assert lower_bound_s(is_fixed=True) == 0


def test_equal_rtts_leave_only_minimum_margin() -> None:
    responses = 100

    assert lower_bound_s(*[FASTEST_S] * responses) == seconds(
        FASTEST_S * (1 - MIN_MARGIN / responses**MARGIN_POWER) - CLOCK_RESOLUTION_S
    )


def test_few_equal_rtts_give_zero_bound() -> None:
    few = int(MIN_MARGIN ** (1 / MARGIN_POWER))

    assert lower_bound_s(*[FASTEST_S] * few) == 0
    assert 0 < lower_bound_s(*[FASTEST_S] * (few + 1)) < FASTEST_S / 4


@pytest.mark.parametrize(
    ("is_fixed", "margin"), [(False, MARGIN), (True, MARGIN_FIXED_WINDOWS)]
)
def test_margin_shrinks_with_number_of_responses(is_fixed: bool, margin: float) -> None:
    responses, delay_s = 1000, 0.08
    rtts_s = [
        FASTEST_S,
        *[FASTEST_S + delay_s * responses / (responses - 1)] * (responses - 1),
    ]

    assert lower_bound_s(*rtts_s, is_fixed=is_fixed) == seconds(
        FASTEST_S - margin * delay_s / responses**MARGIN_POWER - CLOCK_RESOLUTION_S
    )


def test_margin_grows_when_delay_exceeds_rtt() -> None:
    responses, delay_s = 10_000, 3 * FASTEST_S
    rtts_s = [
        FASTEST_S,
        *[FASTEST_S + delay_s * responses / (responses - 1)] * (responses - 1),
    ]

    assert lower_bound_s(*rtts_s) == seconds(
        FASTEST_S - MARGIN * 3 * delay_s / responses**MARGIN_POWER - CLOCK_RESOLUTION_S
    )


def test_late_fast_response_lowers_bound() -> None:
    assert (
        lower_bound_s(*[FASTEST_S] * 50, FASTEST_S / 2, is_fixed=True) < FASTEST_S / 2
    )


def test_fixed_windows_give_safe_share_after_few_responses() -> None:
    few = [FASTEST_S, *[9.0] * (MIN_RESPONSES_FOR_SHARE - 1)]

    assert lower_bound_s(*few, is_fixed=True) == seconds(
        FASTEST_S * SAFE_SHARE - CLOCK_RESOLUTION_S
    )
    assert lower_bound_s(*few[:-1], is_fixed=True) == 0
    assert lower_bound_s(*few) == 0


def test_wide_spread_keeps_safe_share() -> None:
    wide = [FASTEST_S, *[9.0] * 50]

    assert lower_bound_s(*wide, is_fixed=True) == seconds(
        FASTEST_S * SAFE_SHARE - CLOCK_RESOLUTION_S
    )


def test_cold_connections_give_at_most_safe_share() -> None:
    cold = RttEstimator()
    for _ in range(1000):
        cold.observe(replace(reply(FASTEST_S), is_cold=True))

    assert cold.lower_bound_s(is_fixed=False) == 0
    assert cold.lower_bound_s(is_fixed=True) == seconds(
        FASTEST_S * SAFE_SHARE - CLOCK_RESOLUTION_S
    )
    cold.observe(reply(FASTEST_S))
    assert cold.lower_bound_s(is_fixed=False) > FASTEST_S * 0.9


@pytest.mark.parametrize(
    "attempt",
    [
        Reply(sent_at=9.0, received_at=9.001, error=TransportError.RESET),
        Reply(received_at=9.001, http_status=204),
    ],
    ids=["transport error", "never sent"],
)
def test_attempt_without_response_is_not_measured(attempt: Reply) -> None:
    estimator = estimator_of(*[FASTEST_S] * 20)
    before_s = estimator.lower_bound_s(is_fixed=True)
    estimator.observe(attempt)

    assert estimator.lower_bound_s(is_fixed=True) == before_s


def test_instant_responses_give_zero_bound() -> None:
    assert lower_bound_s(*[0.0] * 100, is_fixed=True) == 0


@given(st.lists(st.floats(0, 100), max_size=60), st.booleans())
def test_bound_lies_between_zero_and_fastest_rtt(
    rtts_s: list[float], is_fixed: bool
) -> None:
    bound_s = lower_bound_s(*rtts_s, is_fixed=is_fixed)

    assert 0 <= bound_s <= max(0.0, min(rtts_s, default=0.0) - CLOCK_RESOLUTION_S)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=60))
def test_bound_never_exceeds_fixed_window_bound(rtts_s: list[float]) -> None:
    estimator = estimator_of(*rtts_s)

    assert estimator.lower_bound_s(is_fixed=False) <= estimator.lower_bound_s(
        is_fixed=True
    )


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("name", "is_fixed", "max_excess_s", "share"),
    [
        ("target", False, 0.0, 0.0),
        ("target", True, 0.01, 0.02),
        ("rough", False, 0.02, 0.0001),
        ("rough", True, 0.15, 0.01),
    ],
)
def test_bound_rarely_exceeds_fastest_possible_rtt(
    name: str, is_fixed: bool, max_excess_s: float, share: float
) -> None:
    network = NETWORKS[name]
    excesses_s = [
        bound_s - 2 * network.one_way_s
        for seed in range(300)
        for bound_s in bounds_in(network, Random(seed), is_fixed=is_fixed)
    ]

    assert max(excesses_s) <= max_excess_s
    assert sum(excess_s > 0 for excess_s in excesses_s) <= share * len(excesses_s)


def bounds_in(network: Network, random: Random, *, is_fixed: bool) -> list[float]:
    """Give the lower bound after each of the first 200 responses."""
    estimator, bounds_s = RttEstimator(), []
    for _ in range(200):
        delays_s = [random.expovariate(1 / network.jitter_s) for _ in range(2)]
        estimator.observe(reply(2 * network.one_way_s + sum(delays_s)))
        bounds_s.append(estimator.lower_bound_s(is_fixed=is_fixed))
    return bounds_s
