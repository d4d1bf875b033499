"""The gate keeps the limits with a clock that ticks seldom, as that of Windows."""

from collections.abc import Callable
from random import Random

import pytest

from bulkpause.model import Reply
from bulkpause.ratelimit.rtt import RttEstimator
from tests.testkit.fixed_window import FixedWindows
from tests.testkit.gate_simulation import DOCUMENTED, Traffic, gate_of, run
from tests.testkit.network import NETWORKS, Connections, Network
from tests.testkit.server_model import ServerModel
from tests.testkit.sliding_log import SlidingLog
from tests.testkit.virtual_time import TICK_S, CoarseLoop


IDS, SEEDS = 310, range(6)
#: Round trips shorter than a tick hide less of its error.
NEAR = Network(one_way_s=0.0005, jitter_s=0.0003, setup_s=0.001)
MODELS: dict[str, Callable[[Random], ServerModel]] = {
    "fixed": lambda random: FixedWindows(
        DOCUMENTED, [limit.period_s * random.random() for limit in DOCUMENTED]
    ),
    "log": lambda _: SlidingLog(DOCUMENTED),
}


def traffics(
    name: str, network: Network, *, clock_resolution_s: float
) -> list[Traffic]:
    found = []
    for seed in SEEDS:
        random = Random(seed)
        traffic = Traffic(
            gate=gate_of(*DOCUMENTED, clock_resolution_s=clock_resolution_s),
            model=MODELS[name](random),
            ids=IDS,
            connections=Connections(network, random),
        )
        found.append(run(traffic, loop_factory=CoarseLoop))
    return found


@pytest.mark.unmeasured
@pytest.mark.parametrize("network", [NEAR, NETWORKS["target"]], ids=["near", "target"])
@pytest.mark.parametrize("name", MODELS)
def test_coarse_clock_is_never_rate_limited(name: str, network: Network) -> None:
    sent = traffics(name, network, clock_resolution_s=TICK_S)
    assert sum(traffic.rate_limited for traffic in sent) == 0
    # Two windows of a minute: the ticks cost less than a thousandth of them.
    assert max(traffic.time_s for traffic in sent) < 123


@pytest.mark.unmeasured
def test_ignored_resolution_is_rate_limited() -> None:
    sent = traffics("log", NEAR, clock_resolution_s=0.0)
    assert sum(traffic.rate_limited for traffic in sent) > 0


def estimator_of(rtt_s: float, clock_resolution_s: float) -> RttEstimator:
    estimator = RttEstimator(clock_resolution_s)
    for _ in range(1000):
        estimator.observe(Reply(sent_at=9.0, received_at=9.0 + rtt_s, http_status=204))
    return estimator


@pytest.mark.parametrize("is_fixed", [True, False])
def test_credit_is_less_two_ticks(is_fixed: bool) -> None:
    fine = estimator_of(0.2, 0.0).lower_bound_s(is_fixed=is_fixed)
    coarse = estimator_of(0.2, TICK_S).lower_bound_s(is_fixed=is_fixed)
    assert fine - coarse == pytest.approx(2 * TICK_S - 0.002)


def test_single_tick_gives_no_credit() -> None:
    assert estimator_of(TICK_S, TICK_S).lower_bound_s(is_fixed=True) == 0


def test_fine_clock_changes_nothing() -> None:
    nanosecond = estimator_of(0.2, 1e-9).lower_bound_s(is_fixed=True)
    assert nanosecond == estimator_of(0.2, 0.0).lower_bound_s(is_fixed=True)
