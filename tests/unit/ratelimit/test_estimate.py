"""The time estimate agrees with simulated runs through the gate."""

from random import Random

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.estimate import time_needed_s
from tests.testkit.gate_simulation import BURST, STEADY, Traffic, gate_of, run
from tests.testkit.network import Connections, Network
from tests.testkit.server_model import RateLimitDecision


#: An RTT of 100 ms, as over the internet, and of 60 ms, as with the simulator.
INTERNET = Network(one_way_s=0.05, jitter_s=0.02, setup_s=0.1)
SIMULATOR = Network(one_way_s=0.03, jitter_s=0.01, setup_s=0.01)
NO_JITTER = Network(one_way_s=0.05, jitter_s=0.0, setup_s=0.0)


class UnlimitedServer:
    """Accepts every request and sends no rate-limit headers."""

    def arrive(self, now_s: float) -> RateLimitDecision:
        return RateLimitDecision(allowed=True)


def simulated_time_s(ids: int, limits: tuple[Limit, ...], network: Network) -> float:
    connections = Connections(network, Random(0))
    gate = gate_of(*limits)
    return run(
        Traffic(gate=gate, model=UnlimitedServer(), ids=ids, connections=connections)
    ).time_s


@pytest.mark.parametrize(
    "network", [INTERNET, SIMULATOR], ids=["internet", "simulator"]
)
@pytest.mark.parametrize("ids", [50, 150, 300, 600, 1000])
def test_estimate_is_within_five_percent(ids: int, network: Network) -> None:
    limits = (BURST, STEADY)
    simulated_s = simulated_time_s(ids, limits, network)
    assert time_needed_s(ids, limits) == pytest.approx(simulated_s, rel=0.05)


@pytest.mark.parametrize("ids", [300, 600])
def test_estimate_is_within_five_percent_despite_jitter(ids: int) -> None:
    limits = (BURST, STEADY)
    simulated_s = simulated_time_s(ids, limits, Network())
    assert time_needed_s(ids, limits) == pytest.approx(simulated_s, rel=0.05)


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
def test_estimate_holds_for_other_tiers_without_jitter(
    limits: tuple[Limit, ...],
) -> None:
    simulated_s = simulated_time_s(400, limits, NO_JITTER)
    assert time_needed_s(400, limits, response_delay_s=0) == pytest.approx(
        simulated_s, rel=0.02
    )


@pytest.mark.parametrize("requests", [0, 1, 10])
def test_requests_within_one_window_need_no_time(requests: int) -> None:
    assert time_needed_s(requests, (BURST, STEADY)) == 0


def test_requests_without_limits_need_no_time() -> None:
    assert time_needed_s(1000, ()) == 0


def test_order_of_limits_changes_nothing() -> None:
    assert time_needed_s(500, (STEADY, BURST)) == time_needed_s(500, (BURST, STEADY))
