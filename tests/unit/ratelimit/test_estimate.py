"""The time that a plan names, against a run at the gate on virtual time."""

from random import Random

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.estimate import time_needed_s
from tests.testkit.gate_simulation import BURST, STEADY, Traffic, gate_of, run
from tests.testkit.network import Connections, Network
from tests.testkit.server_model import Verdict


#: 100 ms there and back, as over the internet, and 60 ms, as the stand-in.
FAR = Network(one_way_s=0.05, jitter_s=0.02, setup_s=0.1)
NEAR = Network(one_way_s=0.03, jitter_s=0.01, setup_s=0.01)
STEADY_WAY = Network(one_way_s=0.05, jitter_s=0.0, setup_s=0.0)


class _Lenient:
    """Says yes to everything, and nothing about its windows."""

    def arrive(self, now_s: float) -> Verdict:
        return Verdict(allowed=True)


def measured_s(ids: int, limits: tuple[Limit, ...], network: Network) -> float:
    ways = Connections(network, Random(0))
    gate = gate_of(*limits)
    return run(Traffic(gate=gate, model=_Lenient(), ids=ids, ways=ways)).time_s


@pytest.mark.parametrize("network", [FAR, NEAR], ids=["far", "near"])
@pytest.mark.parametrize("ids", [50, 150, 300, 600, 1000])
def test_the_time_needed_is_right_to_five_percent(ids: int, network: Network) -> None:
    limits = (BURST, STEADY)
    found_s = measured_s(ids, limits, network)
    assert time_needed_s(ids, limits) == pytest.approx(found_s, rel=0.05)


@pytest.mark.parametrize("ids", [300, 600])
def test_a_rough_network_matters_less_the_more_there_is(ids: int) -> None:
    limits = (BURST, STEADY)
    found_s = measured_s(ids, limits, Network())
    assert time_needed_s(ids, limits) == pytest.approx(found_s, rel=0.05)


@pytest.mark.parametrize(
    "limits",
    [
        (BURST,),
        (Limit(5, 1.0),),
        (Limit(20, 2.0), Limit(300, 60.0)),
        (Limit(10, 1.0), Limit(9, 5.0)),
    ],
    ids=str,
)
def test_it_is_right_for_other_tiers_where_answers_are_never_late(
    limits: tuple[Limit, ...],
) -> None:
    found_s = measured_s(400, limits, STEADY_WAY)
    assert time_needed_s(400, limits, late_s=0) == pytest.approx(found_s, rel=0.02)


@pytest.mark.parametrize("requests", [0, 1, 10])
def test_what_fits_into_one_window_needs_no_time(requests: int) -> None:
    assert time_needed_s(requests, (BURST, STEADY)) == 0


def test_without_limits_no_time_is_needed() -> None:
    assert time_needed_s(1000, ()) == 0


def test_the_order_of_the_limits_says_nothing() -> None:
    assert time_needed_s(500, (STEADY, BURST)) == time_needed_s(500, (BURST, STEADY))
