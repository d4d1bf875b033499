"""The gate benchmark, at small sizes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random

import pytest
from click.testing import CliRunner, Result

from benchmarks.gate.__main__ import main
from benchmarks.gate.clients import BOUNDS, CLIENTS
from benchmarks.gate.jobs import (
    JobResult,
    Scenario,
    SimulationJob,
    jobs_of,
    phases_of,
    run,
    scaled,
)
from benchmarks.gate.ledger import ArrivalLedger
from benchmarks.gate.oracle import OracleClient
from benchmarks.gate.rivals import (
    EvenSpacing,
    RateLimiter,
    SlidingLogLimiter,
    StackedLimiters,
)
from benchmarks.gate.simulation import Simulation
from benchmarks.gate.table import Cell, format_row
from benchmarks.gate.targets import findings_of
from benchmarks.wall_clock import slot_cost
from bulkpause.model import Limit, Reply
from tests.testkit.fixed_window import FixedWindows, HeaderWindow
from tests.testkit.lower_bounds import shortest_time_s
from tests.testkit.network import NETWORKS, Connections, Network
from tests.testkit.server_model import RateLimitDecision
from tests.testkit.servers import SERVERS, ServerConfig
from tests.testkit.sliding_log import most_in_any_window
from tests.testkit.virtual_time import VirtualTimeLoop


pytestmark = pytest.mark.unmeasured

DOCUMENTED = (Limit(10, 1), Limit(150, 60))
STILL = Network(jitter_s=0, setup_s=0)


class RateLimiting:
    """A server that rate-limits the first requests."""

    def __init__(self, rate_limited: float) -> None:
        self.remaining = rate_limited

    def arrive(self, now_s: float) -> RateLimitDecision:
        self.remaining -= 1
        return RateLimitDecision(allowed=self.remaining < 0, retry_after_s=2)


class CountingWindows(FixedWindows):
    """Fixed windows that count their decisions."""

    allowed = rate_limited = 0

    def arrive(self, now_s: float) -> RateLimitDecision:
        decision = super().arrive(now_s)
        self.allowed += decision.allowed
        self.rate_limited += not decision.allowed
        return decision


class Unlimited:
    """Delays no request, and keeps the replies."""

    def __init__(self) -> None:
        self.replies: list[Reply | None] = []

    async def acquire(self) -> None:
        await asyncio.sleep(0)

    async def release(self, reply: Reply | None) -> None:
        self.replies.append(reply)


def simulated(
    limiter: RateLimiter,
    ledger: ArrivalLedger,
    rate_limited: float,
    ids: int,
    network: Network = STILL,
) -> Simulation:
    connections = Connections(network, Random("s"))
    model = RateLimiting(rate_limited)
    simulation = Simulation(limiter, model, connections, ledger, ids)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(simulation.dispatch())
    return simulation


def ledger_of(limiter: RateLimiter, rate_limited: float, ids: int) -> ArrivalLedger:
    ledger = ArrivalLedger()
    simulated(limiter, ledger, rate_limited, ids)
    return ledger


def scenario_of(
    server: str = "fixed", network: str = "target", ids: int = 600
) -> Scenario:
    return Scenario(limits=DOCUMENTED, server=server, network=network, ids=ids)


def job_of(
    client: str, scenario: Scenario, phases_s: tuple[float, ...] = (0.3, 20.0)
) -> SimulationJob:
    return SimulationJob(scenario=scenario, client=client, phases_s=phases_s, seed="1")


def cell_of(
    scenario: Scenario,
    *times_s: float,
    best_s: float = 100.0,
    rate_limited: int = 0,
    unfinished: int = 0,
) -> Cell:
    results = tuple(
        JobResult(
            time_s=time_s,
            best_s=best_s,
            requests=1000,
            rate_limited=rate_limited,
            unfinished=unfinished,
        )
        for time_s in times_s
    )
    return Cell(scenario=scenario, client="engine", results=results)


def misses_of(cell: Cell) -> tuple[str, ...]:
    return findings_of(cell).misses


class TestConnections:
    def test_cold_connection_is_set_up_before_sending(self) -> None:
        connections = Connections(Network(jitter_s=0), Random("s"))

        assert connections.open(0) == (True, 0.3, 0.05)

    def test_hidden_setup_delays_arrival(self) -> None:
        network = Network(jitter_s=0, setup_is_hidden=True)

        assert Connections(network, Random("s")).open(0) == (True, 0, 0.35)

    def test_idle_connection_is_reused(self) -> None:
        connections = Connections(Network(jitter_s=0), Random("s"))
        connections.release(0)

        assert [connections.open(1)[1], connections.open(1)[1]] == [0, 0.3]

    def test_connection_is_cold_after_keep_alive(self) -> None:
        connections = Connections(Network(jitter_s=0, keep_alive_s=15), Random("s"))
        connections.release(0)
        connections.release(4)

        assert [connections.open(19)[1], connections.open(19)[1]] == [0, 0.3]

    def test_jitter_adds_its_mean_to_each_way(self) -> None:
        connections = Connections(NETWORKS["target"], Random("s"))
        delays_s = [connections.way_s() for _ in range(10_000)]

        assert min(delays_s) >= 0.05
        assert sum(delays_s) / 10_000 == pytest.approx(0.1, rel=0.05)

    def test_service_time_delays_response(self) -> None:
        connections = Connections(Network(jitter_s=0, service_s=5), Random("s"))

        assert connections.back_s() == 5.05


class TestSimulation:
    def test_rate_limited_id_is_sent_until_allowed(self) -> None:
        ledger = ArrivalLedger()
        simulation = simulated(Unlimited(), ledger, rate_limited=7, ids=10)

        assert (simulation.finished, simulation.requests) == (10, 17)
        assert (len(ledger.arrivals_s), len(ledger.allowed_s)) == (17, 10)

    def test_simulation_stops_if_every_request_is_rate_limited(self) -> None:
        simulation = simulated(Unlimited(), ArrivalLedger(), rate_limited=inf, ids=10)

        assert (simulation.finished, simulation.requests) == (0, 50)

    def test_limiter_gets_reply_of_each_request(self) -> None:
        limiter = Unlimited()
        simulated(
            limiter, ArrivalLedger(), rate_limited=1, ids=1, network=Network(jitter_s=0)
        )
        replies = [
            (reply.sent_at, reply.received_at, reply.http_status, reply.retry_after_s)
            for reply in limiter.replies
            if reply is not None
        ]

        assert replies == [
            pytest.approx((0.3, 0.4, 429, 2), abs=1e-6),
            # The second request reuses the connection.
            pytest.approx((0.4, 0.5, 204, 2), abs=1e-6),
        ]


class TestRivals:
    @pytest.mark.parametrize("make", [StackedLimiters, SlidingLogLimiter, EvenSpacing])
    def test_limiter_waits_for_retry_after(
        self, make: type[StackedLimiters | SlidingLogLimiter | EvenSpacing]
    ) -> None:
        ledger = ledger_of(make(DOCUMENTED), rate_limited=1, ids=1)

        assert ledger.arrivals_s == pytest.approx([0.05, 2.15], abs=1e-6)

    def test_even_spacing_sends_one_request_per_interval(self) -> None:
        ledger = ledger_of(EvenSpacing(DOCUMENTED), rate_limited=0, ids=4)

        assert ledger.arrivals_s == pytest.approx([0.05, 0.45, 0.85, 1.25], abs=1e-6)

    def test_sliding_log_keeps_limits_without_jitter(self) -> None:
        ledger = ledger_of(SlidingLogLimiter(DOCUMENTED), rate_limited=0, ids=400)
        # A timer of the loop may be early by a nanosecond.
        limits = [Limit(n, period_s - 1e-6) for n, period_s in [(10, 1), (150, 60)]]

        assert [most_in_any_window(ledger.arrivals_s, limit) for limit in limits] == [
            10,
            150,
        ]
        assert ledger.arrivals_s[-1] - ledger.arrivals_s[0] == pytest.approx(
            129, abs=1e-3
        )

    def test_stacked_limiters_allow_nearly_twice_the_limit(self) -> None:
        ledger = ledger_of(StackedLimiters(DOCUMENTED), rate_limited=0, ids=100)

        assert most_in_any_window(ledger.arrivals_s, DOCUMENTED[0]) == 19


class TestArrivalLedger:
    def test_response_confirms_its_request_and_earlier_ones(self) -> None:
        ledger = ArrivalLedger()
        ledger.record_response(5.0, arrivals=3)
        ledger.record_response(6.0, arrivals=1)
        ledger.record_response(7.0, arrivals=4)

        assert ledger.confirmed_s == [5.0, 5.0, 5.0, 7.0]


class TestBounds:
    #: Four per second with an unknown phase, and six per ten seconds.
    LIMITS = (Limit(4, 1), Limit(6, 10))

    def arrivals_of(
        self,
        minute_at_s: float,
        ids: int,
        *,
        network: Network = STILL,
        sees_arrivals: bool = False,
        reset_error_s: float = 0.0,
    ) -> list[float]:
        ledger = ArrivalLedger()
        limiter = OracleClient(
            self.LIMITS,
            (0.0, minute_at_s),
            network,
            ledger,
            sees_arrivals=sees_arrivals,
            reset_error_s=reset_error_s,
        )
        simulated(limiter, ledger, 0, ids, network)
        return [round(now_s, 3) for now_s in ledger.arrivals_s]

    @pytest.mark.slow
    @pytest.mark.parametrize("client", BOUNDS)
    @pytest.mark.parametrize("network", ["target", "rough"])
    def test_bounds_are_never_rate_limited(self, client: str, network: str) -> None:
        scenario = scenario_of(network=network, ids=310)
        results = [run(job) for job in jobs_of(scenario, client, phases=12, seed=1)]

        assert sum(result.rate_limited + result.unfinished for result in results) == 0
        assert all(result.time_s > result.best_s for result in results)

    @pytest.mark.parametrize("network", ["calm", "target"])
    def test_no_chance_client_waits_for_whole_round_trips(self, network: str) -> None:
        scenario = scenario_of(network=network, ids=100)
        with_delays, without_delays = (
            run(job_of(client, scenario)).time_s
            for client in ("whole-seconds", "no-chance")
        )

        # After each of ten bursts; a round trip takes at least 0.1 s.
        assert without_delays - with_delays == pytest.approx(9 * 0.1, abs=0.05)

    def test_window_of_unknown_phase_is_kept_sliding(self) -> None:
        assert self.arrivals_of(5.0, 6) == [0.05] * 4 + [1.05] * 2

    def test_known_window_is_filled_around_its_reset(self) -> None:
        expected_s = [0.05] * 4 + [1.05] * 2 + [5.0] * 4 + [6.0] * 2 + [15.0]

        assert self.arrivals_of(5.0, 13) == expected_s

    def test_request_in_flight_at_reset_counts_twice(self) -> None:
        # The window ends while the second four are in flight.
        expected_s = [0.05] * 4 + [1.05] * 4 + [2.05] * 2 + [11.02]

        assert self.arrivals_of(1.02, 11) == expected_s

    def test_responses_hide_time_of_arrival(self) -> None:
        network = Network(jitter_s=0.05, setup_s=0)
        by_response, at_once = (
            self.arrivals_of(30.0, 5, network=network, sees_arrivals=sees_arrivals)[-1]
            for sees_arrivals in (False, True)
        )

        assert by_response > at_once

    def test_slow_responses_delay_confirmation_of_arrivals(self) -> None:
        network = Network(jitter_s=0, setup_s=0, service_s=5)
        by_response, at_once = (
            self.arrivals_of(30.0, 5, network=network, sees_arrivals=sees_arrivals)[-1]
            for sees_arrivals in (False, True)
        )

        assert (by_response, at_once) == (5.15, 1.05)

    def test_uncertain_reset_is_taken_at_its_latest(self) -> None:
        expected_s = [0.05] * 4 + [1.05] * 2 + [6.0]

        assert self.arrivals_of(5.0, 7, reset_error_s=1.0) == expected_s

    def test_arrival_in_uncertain_second_settles_reset(self) -> None:
        # The fifth and sixth arrive between 1.0 and 2.0. Once the server has counted
        # them in a window, the reset is known, and there is room at once.
        expected_s = [0.05] * 4 + [1.05, 1.05, 1.1, 1.1, 2.05, 2.05, 11.0]

        assert self.arrivals_of(1.0, 11, reset_error_s=1.0) == expected_s

    def test_reset_error_follows_from_rounding(self) -> None:
        errors_s = [
            SERVERS[name].reset_error_s
            for name in ("fixed", "fixed-nearest", "fixed-down")
        ]

        assert errors_s == [1.0, 0.5, 0.0]


class TestJobs:
    @pytest.mark.slow
    @pytest.mark.parametrize("client", [name for name in CLIENTS if name not in BOUNDS])
    @pytest.mark.parametrize("server", [name for name in SERVERS if "sh" not in name])
    def test_no_client_beats_best_time(self, client: str, server: str) -> None:
        result = run(job_of(client, scenario_of(server, ids=170)))

        assert result.unfinished == 0
        assert result.time_s > result.best_s > 0

    @pytest.mark.parametrize("server", ["shared", "shared-evenly"])
    def test_other_clients_leave_half_of_account(self, server: str) -> None:
        config = ServerConfig(limits=DOCUMENTED, phases_s=(0.3, 20), seed="1")
        earliest_s = SERVERS[server].earliest_arrivals(config, 0.0)

        assert shortest_time_s(earliest_s, 6_000) == pytest.approx(
            6_000 / 75 * 60, rel=0.03
        )

    def test_same_job_has_same_result(self) -> None:
        job = job_of("stacked", scenario_of(network="rough", ids=40))

        assert run(job) == run(job)

    def test_engine_uses_given_max_in_flight(self) -> None:
        scenario = scenario_of(network="slow", ids=40)
        few = replace(scenario, max_in_flight=5)
        slower, usual = (run(job_of("engine", each)) for each in (few, scenario))

        assert slower.time_s > 1.8 * usual.time_s

    def test_other_seed_has_other_result(self) -> None:
        first, second = (
            run(jobs_of(scenario_of(ids=20), "even", phases=1, seed=seed)[0])
            for seed in (1, 2)
        )

        assert first != second

    def test_all_clients_meet_same_phases_and_seeds(self) -> None:
        first, second = (
            [(job.phases_s, job.seed) for job in jobs_of(scenario_of(), client, 5, 1)]
            for client in ("engine", "even")
        )

        assert first == second

    def test_phases_are_spread_over_each_period(self) -> None:
        seconds, minutes = zip(*phases_of(DOCUMENTED, 24, "1"), strict=True)

        assert sorted(int(phase_s * 24) for phase_s in seconds) == list(range(24))
        assert sorted(int(phase_s / 2.5) for phase_s in minutes) == list(range(24))

    def test_other_clients_use_half_of_steady_rate(self) -> None:
        config = ServerConfig(limits=DOCUMENTED, phases_s=(0, 0), seed="1")
        first_s, second_s = (next(config.even_others_s), next(config.others_s))

        assert first_s == -120
        assert second_s > -120
        assert config.steady_per_s == 2.5


class TestTable:
    def test_cell_has_ratio_of_means_and_spread(self) -> None:
        row = format_row(
            {"engine": cell_of(scenario_of(), 104.0, 105.0, 112.0, rate_limited=3)},
            ["engine"],
        )

        assert row.endswith(
            "| 600 | 100.0 s | 107.0 s · 1.070 (1.050, 1.04-1.12) · 9 |"
        )

    def test_cell_has_no_ratio_if_best_is_zero(self) -> None:
        row = format_row(
            {"engine": cell_of(scenario_of(ids=10), 0.5, best_s=0.0)}, ["engine"]
        )

        assert row.endswith("| 10 | 0.0 s | 0.5 s · 0 |")

    def test_cell_shows_unfinished_ids(self) -> None:
        assert str(cell_of(scenario_of(), 104.0, unfinished=2)).endswith("2 UNFINISHED")

    def test_inapplicable_client_has_empty_cell(self) -> None:
        cell = cell_of(scenario_of("sliding-log"), 104.0)

        assert format_row({"engine": cell}, ["informed", "engine"]).count("| - |") == 1

    def test_row_shows_given_max_in_flight(self) -> None:
        scenario = replace(scenario_of(), max_in_flight=20)
        row = format_row({"engine": cell_of(scenario, 104.0)}, ["engine"])

        assert row.startswith("| 10/1s, 150/60s, 20 in flight | fixed |")

    @pytest.mark.parametrize(
        ("steady", "ids", "expected"), [(150, 50, 50), (15, 50, 5), (700, 50, 234)]
    )
    def test_scaled_size_follows_longest_window(
        self, steady: int, ids: int, expected: int
    ) -> None:
        assert scaled(ids, [Limit(1, 1), Limit(steady, 60)]) == expected


class TestTargets:
    @pytest.mark.parametrize(
        ("bound_s", "is_missed"), [(100.0, True), (103.0, True), (103.2, False)]
    )
    def test_time_near_bound_is_reported_but_not_missed(
        self, bound_s: float, *, is_missed: bool
    ) -> None:
        bound = cell_of(scenario_of(), bound_s)
        findings = findings_of(cell_of(scenario_of(), 105.1), bound=bound)
        [miss] = findings.misses if is_missed else findings.near_bound

        assert len(findings.misses + findings.near_bound) == 1
        assert miss.endswith(f", above 1.03; the lower bound is {bound_s / 100:.3f}")
        assert miss in str(findings)

    def test_bound_does_not_excuse_rate_limited_request(self) -> None:
        cell = cell_of(scenario_of(), 105.0, rate_limited=1)
        findings = findings_of(cell, bound=cell_of(scenario_of(), 105.0))

        assert len(findings.misses) == len(findings.near_bound) == 1

    def test_time_above_target_is_missed(self) -> None:
        assert misses_of(cell_of(scenario_of(ids=600), 103.0)) == ()
        [miss] = misses_of(cell_of(scenario_of(ids=600), 103.1))
        assert miss.endswith(": 1.031 times the best, above 1.03")

    @pytest.mark.parametrize(
        ("limits", "ids", "is_missed"),
        [
            (DOCUMENTED, 49, False),
            (DOCUMENTED, 50, True),
            ((Limit(75, 1), Limit(700, 60)), 233, False),
            ((Limit(75, 1), Limit(700, 60)), 234, True),
        ],
    )
    def test_target_size_follows_longest_window(
        self, limits: Sequence[Limit], ids: int, *, is_missed: bool
    ) -> None:
        scenario = Scenario(
            limits=tuple(limits), server="fixed", network="target", ids=ids
        )

        assert bool(misses_of(cell_of(scenario, 141.0))) is is_missed

    @pytest.mark.parametrize("server", ["fixed-silent", "sliding-log", "two-buckets"])
    @pytest.mark.parametrize("network", NETWORKS)
    def test_strict_server_tolerates_no_rate_limited_request(
        self, server: str, network: str
    ) -> None:
        scenario = scenario_of(server, network)

        assert misses_of(cell_of(scenario, 500.0)) == ()
        assert len(misses_of(cell_of(scenario, 500.0, rate_limited=1))) == 1

    @pytest.mark.parametrize(
        ("server", "most"),
        [("one-bucket", 20), ("sliding-counter", 20), ("shared", 50)],
    )
    def test_other_servers_tolerate_rate_limited_share(
        self, server: str, most: int
    ) -> None:
        scenario = scenario_of(server, ids=1000)

        assert misses_of(cell_of(scenario, 115.0, rate_limited=most)) == ()
        assert len(misses_of(cell_of(scenario, 115.0, rate_limited=most + 1))) == 1
        assert len(misses_of(cell_of(scenario, 115.1))) == 1

    def test_unfinished_id_is_always_missed(self) -> None:
        assert (
            len(misses_of(cell_of(scenario_of("shared", ids=10), 9.0, unfinished=1)))
            == 1
        )


class TestProgram:
    def invoke(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--processes", "1", *arguments])

    def test_program_prints_one_row_per_scenario(self) -> None:
        result = self.invoke(
            *("--models", "fixed,two-buckets", "--ids", "5,12", "--phases", "2"),
            *("--gates", "even,stacked", "--network", "target,calm"),
            *("--tiers", "10/1s,150/1m", "--tiers", "1/500ms"),
        )

        rows = [line for line in result.output.splitlines() if line[2:].startswith("1")]

        assert result.exit_code == 0
        assert len(rows) == 16

    def test_program_prints_bounds_for_fixed_windows_only(self) -> None:
        result = self.invoke(
            *("--models", "fixed,sliding-log", "--ids", "12", "--phases", "1"),
            *("--gates", "even,informed", "--max-in-flight", "3,4"),
        )
        rows = [line for line in result.output.splitlines() if "in flight" in line]

        assert [line.endswith("| - |") for line in rows] == [False] * 2 + [True] * 2

    def test_program_prints_one_row_per_max_in_flight(self) -> None:
        result = self.invoke(
            *("--models", "fixed", "--ids", "5", "--phases", "1", "--scaled"),
            *("--gates", "even", "--max-in-flight", "3,4", "--tiers", "1/1s,30/1m"),
        )
        rows = [line for line in result.output.splitlines() if "in flight" in line]

        assert [(line[:33], line.split(" | ")[3]) for line in rows] == [
            ("| 1/1s, 30/60s, 3 in flight | fix", "1"),
            ("| 1/1s, 30/60s, 4 in flight | fix", "1"),
        ]

    def test_check_exits_with_0_if_targets_are_met(self) -> None:
        result = self.invoke("--models", "fixed", "--ids", "1", "--quick", "--check")

        assert (result.exit_code, "No target missed." in result.output) == (0, True)

    def test_check_names_missed_targets(self) -> None:
        # Jitter alone costs more than 3 % if each request has its own window.
        result = self.invoke(
            *("--models", "fixed", "--tiers", "1/1s", "--ids", "4", "--phases", "4"),
            *("--gates", "engine", "--check"),
        )

        assert result.exit_code == 1
        assert "fixed, 4 ids, network target, 1/1s: " in result.output

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--models", "fixed,nothing"),
            ("--ids", "10,x"),
            ("--ids", "0"),
            ("--tiers", "10/1s;150/1m"),
            ("--tiers", "10/1s,"),
            ("--gates", ""),
        ],
    )
    def test_invalid_argument_is_usage_error(self, arguments: tuple[str, ...]) -> None:
        assert self.invoke(*arguments).exit_code == 2


class TestSlotCost:
    def test_slot_cost_prints_each_window_relative_to_first(self) -> None:
        arguments = ["--windows", "4,40", "--slots", "20", "--repeats", "1"]
        result = CliRunner().invoke(slot_cost.main, arguments)
        lines = result.output.splitlines()

        assert result.exit_code == 0
        assert lines[2] == "| 4 | 1.00 | 1.00 | 1.00 |"
        assert lines[3].startswith("| 40 | ")

    @pytest.mark.parametrize("header_window", ["none", "longest"])
    def test_every_measured_slot_is_allowed(self, header_window: HeaderWindow) -> None:
        limit = Limit(20, 8)
        model = CountingWindows([limit], [0.2], header_window=header_window)
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(slot_cost.acquire_and_release(limit, model, 70))

        assert (model.allowed, model.rate_limited) == (70, 0)
