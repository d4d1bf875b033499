"""Properties of the gate for any network, window phase and server model.

All runs are on virtual time. The server model decides: it sends a 429 for every request
above its limits.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import cycle, pairwise
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.gate import Gate
from tests.testkit.fixed_window import FixedWindows, HeaderWindow, Rounding
from tests.testkit.gate_simulation import DOCUMENTED, Falsify, Traffic, gate_of, run
from tests.testkit.network import NETWORKS, Connections, Network
from tests.testkit.server_model import ServerModel
from tests.testkit.sliding_log import SlidingLog, most_in_any_window
from tests.testkit.token_bucket import OneBucket
from tests.testkit.virtual_time import VirtualTimeLoop


pytestmark = pytest.mark.unmeasured

#: The same examples in every run.
thorough = settings(derandomize=True, deadline=None, max_examples=40)

#: Small windows need few requests to show the behaviour of the documented ones.
LONG = Limit(12, 6.0)
SMALL = (Limit(4, 1.0), LONG)
#: Sets of one, two and three limits.
TIERS = (
    (Limit(3, 1.0),),
    (LONG,),
    SMALL,
    (Limit(1, 0.5), Limit(5, 5.0)),
    (Limit(2, 0.3), Limit(5, 2.0), Limit(9, 6.0)),
)
ACCOUNTS = (
    DOCUMENTED,
    (Limit(1, 1.0), Limit(15, 60.0)),
    (Limit(75, 1.0), Limit(700, 60.0)),
    (Limit(350, 1.0), Limit(3500, 60.0)),
)
ROUNDINGS: tuple[Rounding, ...] = ("up", "down", "nearest")

tiers = st.sampled_from(TIERS)
roundings = st.sampled_from(ROUNDINGS)
phases = st.tuples(*[st.floats(0, 1)] * 3)
#: Delay added to each way, occasionally a long one.
one_jitter_s = st.one_of(st.floats(0, 0.2), st.floats(0, 3.0))
jitters_s = st.lists(st.tuples(one_jitter_s, one_jitter_s), min_size=1, max_size=30)


Result = TypeVar("Result")


class DrawnConnections:
    """Connections that take 50 ms out and 30 ms back, plus the delays drawn.

    Nothing is added to the first request, so the fastest RTT is observed exactly.
    """

    def __init__(self, added_s: Sequence[tuple[float, float]]) -> None:
        self._outs_s = cycle([0.05, *(0.05 + out_s for out_s, _ in added_s)])
        self._backs_s = cycle([0.03, *(0.03 + back_s for _, back_s in added_s)])

    def open(self, now_s: float) -> tuple[bool, float, float]:
        return False, 0.0, next(self._outs_s)

    def back_s(self) -> float:
        return next(self._backs_s)

    def release(self, now_s: float) -> None:
        pass


def connections_in(network: str, seed: int) -> Connections:
    return Connections(NETWORKS[network], Random(seed))


def instant_connections() -> Connections:
    return Connections(Network(one_way_s=0, jitter_s=0, setup_s=0), Random(0))


def fixed(
    limits: Sequence[Limit],
    shares: Sequence[float],
    *,
    rounding: Rounding = "up",
    header_window: HeaderWindow = "longest",
) -> FixedWindows:
    """Make fixed windows that start at these shares of their periods."""
    starts_s = [
        share * limit.period_s for share, limit in zip(shares, limits, strict=False)
    ]
    return FixedWindows(
        limits, starts_s, reset_rounding=rounding, header_window=header_window
    )


def shares_of(seed: int) -> list[float]:
    random = Random(seed)
    return [random.random() for _ in range(3)]


def announced_reset(
    limit: Limit, reset_at_s: float, *, remaining: int | None = None
) -> Falsify:
    """Announce that windows reset at this second and every period after it."""

    def falsify(real: RateLimitHeaders | None, now_s: float) -> RateLimitHeaders:
        left = remaining
        if left is None:
            left = real.remaining if real else 0
        reset_s = int((reset_at_s - now_s) % limit.period_s) + 1
        return RateLimitHeaders(limit=limit.requests, remaining=left, reset_s=reset_s)

    return falsify


class TestSlidingWindows:
    @thorough
    @given(tiers, st.integers(1, 60))
    def test_instant_responses_keep_every_period_within_limit(
        self, limits: tuple[Limit, ...], ids: int
    ) -> None:
        model = SlidingLog([Limit(10**6, 1)])
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=model,
                ids=ids,
                connections=instant_connections(),
            )
        )
        for limit in limits:
            # The server sees nothing of a period's very end, which is rounded.
            just_under = Limit(limit.requests, limit.period_s - 1e-6)
            assert most_in_any_window(result.acquired_s, just_under) <= limit.requests

    @thorough
    @given(st.integers(1, 9), st.integers(1, 60))
    def test_instant_responses_leave_no_slot_unused(
        self, requests: int, ids: int
    ) -> None:
        limit = Limit(requests, 10)
        model = SlidingLog([Limit(10**6, 1)])
        result = run(
            Traffic(
                gate=gate_of(limit),
                model=model,
                ids=ids,
                connections=instant_connections(),
            )
        )
        assert result.acquired_s[-1] == pytest.approx(
            (ids - 1) // requests * 10, abs=1e-6
        )


@pytest.mark.slow
class TestAnyJitter:
    """Whatever the jitter, no window of the server exceeds its limit.

    The ways out and back take at least their fixed times plus any delay. If the fastest
    possible RTT was observed, this is certain. A slot rests from its response less that
    RTT. No request is counted later than its response less the fastest way back. No
    later request arrives sooner than the fastest way out.
    """

    @thorough
    @given(tiers, jitters_s)
    def test_sliding_log_never_rate_limits(
        self, limits: tuple[Limit, ...], added_s: Sequence[tuple[float, float]]
    ) -> None:
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=SlidingLog(limits),
                ids=60,
                connections=DrawnConnections(added_s),
            )
        )
        assert result.rate_limited == 0

    @thorough
    @given(tiers, jitters_s, phases, roundings, st.booleans())
    def test_fixed_windows_with_headers_never_rate_limit(
        self,
        limits: tuple[Limit, ...],
        added_s: Sequence[tuple[float, float]],
        shares: Sequence[float],
        rounding: Rounding,
        is_read_late: bool,
    ) -> None:
        model = fixed(limits, shares, rounding=rounding)
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=model,
                ids=60,
                connections=DrawnConnections(added_s),
                headers_at_response=model.rate_limit if is_read_late else None,
            )
        )
        assert result.rate_limited == 0

    @thorough
    @given(jitters_s, phases)
    def test_headers_of_tightest_window_cause_no_429(
        self, added_s: Sequence[tuple[float, float]], shares: Sequence[float]
    ) -> None:
        limits = (Limit(10, 4.0), Limit(16, 12.0))
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=fixed(limits, shares, header_window="tightest"),
                ids=60,
                connections=DrawnConnections(added_s),
            )
        )
        assert result.rate_limited == 0


@pytest.mark.slow
class TestLikelyJitter:
    """If the fastest possible RTT was not observed, it is only estimated.

    The estimate errs upwards: a network that delays all of the first responses looks
    slower than it can be, and a slot is released too early by that error. The margin is
    a part of the mean delay and shrinks with the number of responses. It suffices with
    high probability, but not always. So these runs have fixed seeds.
    """

    @pytest.mark.parametrize("limits", ACCOUNTS, ids=str)
    @pytest.mark.parametrize("network", ["target", "rough", "hidden"])
    def test_random_jitter_causes_no_429(
        self, limits: tuple[Limit, ...], network: str
    ) -> None:
        ids = min(2 * limits[1].requests + 20, 800)
        models: tuple[ServerModel, ...] = (
            SlidingLog(limits),
            fixed(limits, shares_of(ids), header_window="none"),
            fixed(limits, shares_of(ids)),
        )
        rate_limited = [
            run(
                Traffic(
                    gate=gate_of(*limits),
                    model=model,
                    ids=ids,
                    connections=connections_in(network, 7),
                )
            ).rate_limited
            for model in models
        ]
        assert rate_limited == [0, 0, 0]


class TestKnownReset:
    @thorough
    @given(jitters_s, phases, roundings)
    def test_estimated_reset_always_contains_true_reset(
        self,
        added_s: Sequence[tuple[float, float]],
        shares: Sequence[float],
        rounding: Rounding,
    ) -> None:
        gate = gate_of(*SMALL)
        starts_s = shares[1] * LONG.period_s
        errors: list[object] = []

        def check(real: RateLimitHeaders | None, _: float) -> RateLimitHeaders | None:
            reset = gate.snapshot().windows[0].reset
            if reset is not None:
                periods = round((reset.middle - starts_s) / LONG.period_s)
                true_s = starts_s + periods * LONG.period_s
                if not reset.earliest - 1e-6 <= true_s <= reset.latest + 1e-6:
                    errors.append((reset, true_s))
            return real

        run(
            Traffic(
                gate=gate,
                model=fixed(SMALL, shares, rounding=rounding),
                ids=60,
                connections=DrawnConnections(added_s),
                falsify=check,
            )
        )
        assert errors == []

    @pytest.mark.parametrize("rounding", ROUNDINGS)
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
    def test_slots_become_free_soon_after_reset(
        self, rounding: Rounding, share: float
    ) -> None:
        result = run(
            Traffic(
                gate=gate_of(*DOCUMENTED),
                model=fixed(DOCUMENTED, (0.5, share), rounding=rounding),
                ids=151,
                connections=connections_in("calm", 0),
            )
        )
        late_s = result.arrivals_s[-1] - share * 60
        assert 0 <= late_s < 2.0 + 0.1 + 0.1

    @pytest.mark.parametrize("service_s", [0.0, 1.0, 5.0])
    def test_headers_never_slow_the_run(self, service_s: float) -> None:
        windows: tuple[HeaderWindow, ...] = ("none", "longest", "tightest")
        without_headers_s, *announced_s = (
            run(
                Traffic(
                    gate=gate_of(*DOCUMENTED),
                    model=fixed(DOCUMENTED, (0.3, 0.55), header_window=window),
                    ids=320,
                    connections=Connections(Network(service_s=service_s), Random(3)),
                )
            ).time_s
            for window in windows
        )
        assert max(announced_s) < without_headers_s + 1


def headers(
    remaining: int, reset_s: int, limit: int = LONG.requests
) -> RateLimitHeaders:
    return RateLimitHeaders(limit=limit, remaining=remaining, reset_s=reset_s)


def real_or_default(real: RateLimitHeaders | None) -> RateLimitHeaders:
    return real or headers(0, 1)


def jumping(*, seed: int, is_everything: bool) -> Falsify:
    random = Random(seed)

    def falsify(real: RateLimitHeaders | None, _: float) -> RateLimitHeaders:
        remaining = (
            random.randrange(13) if is_everything else real_or_default(real).remaining
        )
        return headers(remaining, random.randrange(8))

    return falsify


FALSE_HEADERS: Mapping[str, Callable[[], Falsify]] = {
    "an unknown limit": lambda: lambda real, now: headers(5, 3, limit=99),
    "the limit of the other window": lambda: lambda real, now: headers(0, 6, limit=4),
    "more remaining than the limit": lambda: lambda real, now: headers(99, 3),
    "a reset beyond the period": lambda: lambda real, now: headers(11, 3600),
    "a reset as unix time": lambda: (
        lambda real, now: headers(real_or_default(real).remaining, 1_700_000_000)
    ),
    "two contradictory resets": lambda: (
        lambda real, now: headers(
            real_or_default(real).remaining, 1 if int(now * 7) % 2 else 5
        )
    ),
    "a reset that jumps": lambda: jumping(seed=1, is_everything=False),
    "everything jumps": lambda: jumping(seed=2, is_everything=True),
    "a reset of 0 forever": lambda: (
        lambda real, now: headers(real_or_default(real).remaining, 0)
    ),
    "a reset of a period forever": lambda: (
        lambda real, now: headers(real_or_default(real).remaining, 6)
    ),
    "nothing remains forever": lambda: (
        lambda real, now: headers(0, real_or_default(real).reset_s)
    ),
    "nothing remains, frozen": lambda: lambda real, now: headers(0, 3),
    "all remains forever": lambda: (
        lambda real, now: headers(12, real_or_default(real).reset_s)
    ),
    "all but one remain forever": lambda: (
        lambda real, now: headers(11, real_or_default(real).reset_s)
    ),
    "headers only at first": lambda: lambda real, now: real if now < 1.5 else None,
    "headers only later": lambda: lambda real, now: None if now < 9 else real,
    "headers now and then": lambda: (
        lambda real, now: real if int(now * 5) % 3 else None
    ),
}
SERVERS: Mapping[str, Callable[[bool], ServerModel]] = {
    "fixed windows": lambda has_headers: fixed(
        SMALL, (0.3, 0.45), header_window="longest" if has_headers else "none"
    ),
    "a sliding log": lambda has_headers: SlidingLog(SMALL, has_headers=has_headers),
}


class TestHostileHeaders:
    """False headers are not worse than no headers."""

    @pytest.mark.slow
    @pytest.mark.parametrize("false_headers", FALSE_HEADERS)
    @pytest.mark.parametrize("server", SERVERS)
    @pytest.mark.parametrize("network", ["target", "slow"])
    def test_false_headers_cost_at_most_one_window(
        self, false_headers: str, server: str, network: str
    ) -> None:
        without_headers, misled = (
            run(
                Traffic(
                    gate=gate_of(*SMALL),
                    model=SERVERS[server](has_headers),
                    ids=100,
                    connections=connections_in(network, 5),
                    falsify=FALSE_HEADERS[false_headers]()
                    if has_headers
                    else lambda real, _: real,
                )
            )
            for has_headers in (False, True)
        )
        assert misled.rate_limited == 0
        round_trips_s = 2 * (NETWORKS[network].service_s + 0.5)
        assert misled.time_s < without_headers.time_s + LONG.period_s + round_trips_s

    @pytest.mark.parametrize("server", SERVERS)
    @pytest.mark.parametrize("remaining", [None, 0, 11, 12])
    def test_consistent_false_reset_costs_two_429s_at_most(
        self, server: str, remaining: int | None
    ) -> None:
        # The announced resets are false. Only one more request can reveal whether the
        # server has reset its count.
        result = run(
            Traffic(
                gate=gate_of(*SMALL),
                model=SERVERS[server](True),
                ids=100,
                connections=connections_in("target", 5),
                falsify=announced_reset(LONG, 4.5, remaining=remaining),
            )
        )
        assert result.rate_limited <= 2

    @pytest.mark.parametrize("limits", [DOCUMENTED, SMALL], ids=str)
    @pytest.mark.parametrize("seed", range(3))
    def test_sliding_log_with_headers_is_detected(
        self, limits: tuple[Limit, ...], seed: int
    ) -> None:
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=SlidingLog(limits, has_headers=True),
                ids=3 * limits[1].requests,
                connections=connections_in("target", seed),
            )
        )
        assert result.rate_limited == 0
        assert result.gate.snapshot().windows[0].is_confirmed is False


@pytest.mark.slow
class TestStoppedProcess:
    """The process may be stopped at any instant, for longer than a window."""

    @thorough
    @given(st.floats(0, 20), phases, roundings)
    def test_stop_in_fixed_windows_causes_no_429(
        self, stopped_at: float, shares: Sequence[float], rounding: Rounding
    ) -> None:
        result = run(
            Traffic(
                gate=gate_of(*SMALL),
                model=fixed(SMALL, shares, rounding=rounding),
                ids=60,
                connections=connections_in("target", 1),
            ),
            stopped_at=stopped_at,
        )
        assert result.rate_limited == 0

    @thorough
    @given(st.floats(0, 20), tiers)
    def test_stop_with_sliding_log_causes_no_429(
        self, stopped_at: float, limits: tuple[Limit, ...]
    ) -> None:
        result = run(
            Traffic(
                gate=gate_of(*limits),
                model=SlidingLog(limits),
                ids=60,
                connections=connections_in("target", 1),
            ),
            stopped_at=stopped_at,
        )
        assert result.rate_limited == 0

    @pytest.mark.parametrize("stopped_at", [5.0, 14.0, 31.0, 33.02, 34.0])
    def test_stop_in_documented_windows_causes_no_429(self, stopped_at: float) -> None:
        result = run(
            Traffic(
                gate=gate_of(*DOCUMENTED),
                model=fixed(DOCUMENTED, (0.3, 0.55)),
                ids=320,
                connections=connections_in("target", 1),
            ),
            stopped_at=stopped_at,
        )
        assert result.rate_limited == 0


class TestRestart:
    """A restarted run counts the requests of the run before it."""

    @thorough
    @given(st.floats(0.01, 12), st.floats(0, 4), st.booleans(), phases)
    def test_restarted_run_is_never_rate_limited(
        self, killed_at: float, pause_s: float, is_log: bool, shares: Sequence[float]
    ) -> None:
        model = SlidingLog(SMALL) if is_log else fixed(SMALL, shares)
        assert on_virtual_time(self._restarted(model, killed_at, pause_s)) == 0

    @staticmethod
    async def _restarted(model: ServerModel, killed_at: float, pause_s: float) -> int:
        loop = asyncio.get_running_loop()
        first, second = (
            Traffic(
                gate=gate_of(*SMALL),
                model=model,
                ids=50,
                connections=connections_in("target", seed),
            )
            for seed in (1, 2)
        )
        first.killed_at = killed_at
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(first.send_all())
            await asyncio.sleep(killed_at + pause_s)
            ages_s = [loop.time() - taken_at for taken_at in first.acquired_s]
            await second.gate.restore(ages_s)
            await second.send_all()
        return first.rate_limited + second.rate_limited


def on_virtual_time(coroutine: Coroutine[None, None, Result]) -> Result:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


@pytest.mark.slow
class TestCancelledWaiters:
    @thorough
    @given(
        tiers,
        st.lists(st.one_of(st.none(), st.floats(0, 30)), min_size=1, max_size=30),
        st.floats(0, 0.5),
    )
    def test_other_waiters_keep_order_and_slots(
        self,
        limits: tuple[Limit, ...],
        cancelled_at: Sequence[float | None],
        response_s: float,
    ) -> None:
        gate = gate_of(*limits)
        served = on_virtual_time(_served(gate, cancelled_at, response_s))

        numbers, instants_s = [number for number, _ in served], [at for _, at in served]
        assert numbers == sorted(numbers)
        assert {number for number, at in enumerate(cancelled_at) if at is None} <= set(
            numbers
        )
        for limit in limits:
            just_under = Limit(limit.requests, limit.period_s - 1e-6)
            assert most_in_any_window(instants_s, just_under) <= limit.requests
        assert gate.in_flight == 0
        windows = gate.snapshot().windows
        assert not any(window.acquired for window in windows)
        assert all(window.resting <= window.limit.requests for window in windows)


async def _served(
    gate: Gate, cancelled_at: Sequence[float | None], response_s: float
) -> list[tuple[int, float]]:
    """Start all waiters at once, cancel some, and return those served and when."""
    loop = asyncio.get_running_loop()
    served: list[tuple[int, float]] = []

    async def send(number: int) -> None:
        await gate.acquire()
        served.append((number, loop.time()))
        reply = None
        try:
            await asyncio.sleep(response_s)
            reply = Reply(sent_at=served[-1][1], received_at=loop.time())
        finally:
            await gate.release(reply)

    waiters = [asyncio.create_task(send(number)) for number in range(len(cancelled_at))]
    for waiter, instant in zip(waiters, cancelled_at, strict=True):
        if instant is not None:
            loop.call_at(instant, waiter.cancel)
    await asyncio.wait(waiters)
    return served


@pytest.mark.slow
class TestAnotherAlgorithm:
    def test_pacing_does_not_oscillate(self) -> None:
        result = run(
            Traffic(
                gate=gate_of(*DOCUMENTED),
                model=OneBucket(),
                ids=10_000,
                connections=connections_in("target", 1),
            )
        )
        changes = sum(before != after for before, after in pairwise(result.gaps_s))
        assert 3 <= changes <= 12
        assert result.rate_limited <= 0.02 * 1000
