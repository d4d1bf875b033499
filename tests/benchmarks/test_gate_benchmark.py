"""The benchmark of the gate, at sizes that take no time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random

import pytest
from click.testing import CliRunner, Result

from benchmarks.gate.__main__ import main
from benchmarks.gate.clients import BOUNDS, GATES
from benchmarks.gate.jobs import Job, Outcome, Row, jobs_of, phases_of, run, scaled
from benchmarks.gate.ledger import Ledger, most_in_any_window
from benchmarks.gate.oracle import Informed
from benchmarks.gate.rivals import EvenSpacing, Pacer, SlidingLogGate, StackedLimiters
from benchmarks.gate.simulation import Run
from benchmarks.gate.table import Cell, line_of
from benchmarks.gate.targets import findings_of
from benchmarks.wall_clock import slot_cost
from bulkpause.model import Limit, Reply
from tests.testkit.fixed_window import FixedWindows, HeaderWindow
from tests.testkit.lower_bounds import best_time_s
from tests.testkit.network import NETWORKS, Connections, Network
from tests.testkit.server_model import Verdict
from tests.testkit.servers import SERVERS, Setting
from tests.testkit.virtual_time import VirtualTimeLoop


pytestmark = pytest.mark.unmeasured

DOCUMENTED = (Limit(10, 1), Limit(150, 60))
STILL = Network(jitter_s=0, setup_s=0)


class Refusing:
    """Refuses the first so many requests."""

    def __init__(self, refusals: float) -> None:
        self.left = refusals

    def arrive(self, now_s: float) -> Verdict:
        self.left -= 1
        return Verdict(allowed=self.left < 0, retry_after_s=2)


class Counting(FixedWindows):
    """Fixed windows that count what they said."""

    allowed = refused = 0

    def arrive(self, now_s: float) -> Verdict:
        verdict = super().arrive(now_s)
        self.allowed += verdict.allowed
        self.refused += not verdict.allowed
        return verdict


class Open:
    """Lets everything through at once, and keeps what it is told."""

    def __init__(self) -> None:
        self.replies: list[Reply | None] = []

    async def acquire(self) -> None:
        await asyncio.sleep(0)

    async def release(self, reply: Reply | None) -> None:
        self.replies.append(reply)


def driven(
    pacer: Pacer, ledger: Ledger, refusals: float, ids: int, network: Network = STILL
) -> Run:
    ways = Connections(network, Random("s"))
    one = Run(pacer, Refusing(refusals), ways, ledger, ids)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(one.dispatch())
    return one


def dispatched(pacer: Pacer, refusals: float, ids: int) -> Ledger:
    ledger = Ledger()
    driven(pacer, ledger, refusals, ids)
    return ledger


def row_of(server: str = "fixed", network: str = "target", ids: int = 600) -> Row:
    return Row(limits=DOCUMENTED, server=server, network=network, ids=ids)


def job_of(gate: str, row: Row, phases_s: tuple[float, ...] = (0.3, 20.0)) -> Job:
    return Job(row=row, gate=gate, phases_s=phases_s, seed="1")


def cell_of(
    row: Row,
    *times_s: float,
    best_s: float = 100.0,
    refused: int = 0,
    unfinished: int = 0,
) -> Cell:
    outcomes = tuple(
        Outcome(
            time_s=time_s,
            best_s=best_s,
            requests=1000,
            refused=refused,
            unfinished=unfinished,
        )
        for time_s in times_s
    )
    return Cell(row=row, gate="engine", outcomes=outcomes)


def misses_of(cell: Cell) -> tuple[str, ...]:
    return findings_of(cell).misses


class TestConnections:
    def test_a_cold_connection_is_set_up_before_the_request_is_written(self) -> None:
        ways = Connections(Network(jitter_s=0), Random("s"))

        assert ways.open(0) == (True, 0.3, 0.05)

    def test_a_hidden_set_up_lengthens_the_way(self) -> None:
        network = Network(jitter_s=0, setup_is_hidden=True)

        assert Connections(network, Random("s")).open(0) == (True, 0, 0.35)

    def test_an_idle_connection_is_used_again(self) -> None:
        ways = Connections(Network(jitter_s=0), Random("s"))
        ways.release(0)

        assert [ways.open(1)[1], ways.open(1)[1]] == [0, 0.3]

    def test_a_connection_idle_for_too_long_is_cold(self) -> None:
        ways = Connections(Network(jitter_s=0, keep_alive_s=15), Random("s"))
        ways.release(0)
        ways.release(4)

        assert [ways.open(19)[1], ways.open(19)[1]] == [0, 0.3]

    def test_jitter_is_added_to_the_way_and_has_its_mean(self) -> None:
        ways = Connections(NETWORKS["target"], Random("s"))
        ways_s = [ways.way_s() for _ in range(10_000)]

        assert min(ways_s) >= 0.05
        assert sum(ways_s) / 10_000 == pytest.approx(0.1, rel=0.05)

    def test_the_server_takes_its_time_before_it_answers(self) -> None:
        ways = Connections(Network(jitter_s=0, service_s=5), Random("s"))

        assert ways.back_s() == 5.05


class TestRun:
    def test_a_refused_id_is_sent_again_until_it_is_allowed(self) -> None:
        ledger = Ledger()
        one = driven(Open(), ledger, refusals=7, ids=10)

        assert (one.finished, one.requests) == (10, 17)
        assert (len(ledger.arrivals_s), len(ledger.allowed_s)) == (17, 10)

    def test_a_run_at_a_server_that_refuses_all_is_given_up(self) -> None:
        one = driven(Open(), Ledger(), refusals=inf, ids=10)

        assert (one.finished, one.requests) == (0, 50)

    def test_the_gate_is_told_of_each_request_how_it_went(self) -> None:
        pacer = Open()
        driven(pacer, Ledger(), refusals=1, ids=1, network=Network(jitter_s=0))
        told = [
            (reply.sent_at, reply.received_at, reply.http_status, reply.retry_after_s)
            for reply in pacer.replies
            if reply is not None
        ]

        assert told == [
            pytest.approx((0.3, 0.4, 429, 2), abs=1e-6),
            # Its connection is warm the second time.
            pytest.approx((0.4, 0.5, 204, 2), abs=1e-6),
        ]


class TestRivals:
    @pytest.mark.parametrize("make", [StackedLimiters, SlidingLogGate, EvenSpacing])
    def test_a_refusal_stops_each_until_its_time_is_over(
        self, make: type[StackedLimiters | SlidingLogGate | EvenSpacing]
    ) -> None:
        ledger = dispatched(make(DOCUMENTED), refusals=1, ids=1)

        assert ledger.arrivals_s == pytest.approx([0.05, 2.15], abs=1e-6)

    def test_even_spacing_sends_one_each_interval(self) -> None:
        ledger = dispatched(EvenSpacing(DOCUMENTED), refusals=0, ids=4)

        assert ledger.arrivals_s == pytest.approx([0.05, 0.45, 0.85, 1.25], abs=1e-6)

    def test_a_sliding_log_holds_its_limits_where_nothing_is_late(self) -> None:
        ledger = dispatched(SlidingLogGate(DOCUMENTED), refusals=0, ids=400)
        # A timer of the loop may be early by a nanosecond.
        limits = [Limit(n, period_s - 1e-6) for n, period_s in [(10, 1), (150, 60)]]

        assert [most_in_any_window(ledger.arrivals_s, limit) for limit in limits] == [
            10,
            150,
        ]
        assert ledger.arrivals_s[-1] - ledger.arrivals_s[0] == pytest.approx(
            129, abs=1e-3
        )

    def test_stacked_limiters_let_through_nearly_twice_the_limit(self) -> None:
        ledger = dispatched(StackedLimiters(DOCUMENTED), refusals=0, ids=100)

        assert most_in_any_window(ledger.arrivals_s, DOCUMENTED[0]) == 19


class TestLedger:
    def test_an_answer_tells_of_its_request_and_of_those_before(self) -> None:
        ledger = Ledger()
        ledger.answered(5.0, arrived=3)
        ledger.answered(6.0, arrived=1)
        ledger.answered(7.0, arrived=4)

        assert ledger.told_s == [5.0, 5.0, 5.0, 7.0]


class TestBounds:
    #: Four a second, of which the phase is hidden, and six in ten seconds.
    LIMITS = (Limit(4, 1), Limit(6, 10))

    def arrivals_of(
        self,
        minute_at_s: float,
        ids: int,
        *,
        network: Network = STILL,
        is_told_arrivals: bool = False,
        late_s: float = 0.0,
    ) -> list[float]:
        ledger = Ledger()
        pacer = Informed(
            self.LIMITS,
            (0.0, minute_at_s),
            network,
            ledger,
            is_told_arrivals=is_told_arrivals,
            late_s=late_s,
        )
        driven(pacer, ledger, 0, ids, network)
        return [round(now_s, 3) for now_s in ledger.arrivals_s]

    @pytest.mark.parametrize("gate", BOUNDS)
    @pytest.mark.parametrize("network", ["target", "rough"])
    def test_none_is_ever_refused(self, gate: str, network: str) -> None:
        row = row_of(network=network, ids=310)
        outcomes = [run(job) for job in jobs_of(row, gate, phases=12, seed=1)]

        assert sum(one.refused + one.unfinished for one in outcomes) == 0
        assert all(one.time_s > one.best_s for one in outcomes)

    @pytest.mark.parametrize("network", ["calm", "target"])
    def test_who_takes_no_chance_waits_for_whole_round_trips(
        self, network: str
    ) -> None:
        row = row_of(network=network, ids=100)
        knows, takes_none = (
            run(job_of(gate, row)).time_s for gate in ("whole-seconds", "no-chance")
        )

        # After each of ten bursts; the ways there and back take 0.1 s at least.
        assert takes_none - knows == pytest.approx(9 * 0.1, abs=0.05)

    def test_the_hidden_window_is_kept_as_a_sliding_one(self) -> None:
        assert self.arrivals_of(5.0, 6) == [0.05] * 4 + [1.05] * 2

    def test_the_known_window_is_filled_before_its_end_and_from_its_first_instant(
        self,
    ) -> None:
        expected_s = [0.05] * 4 + [1.05] * 2 + [5.0] * 4 + [6.0] * 2 + [15.0]

        assert self.arrivals_of(5.0, 13) == expected_s

    def test_a_request_that_may_land_beyond_the_end_counts_in_both_windows(
        self,
    ) -> None:
        # The window ends while the second four are on their way.
        expected_s = [0.05] * 4 + [1.05] * 4 + [2.05] * 2 + [11.02]

        assert self.arrivals_of(1.02, 11) == expected_s

    def test_answers_hide_how_long_a_request_was_under_way(self) -> None:
        network = Network(jitter_s=0.05, setup_s=0)
        by_answers, at_once = (
            self.arrivals_of(30.0, 5, network=network, is_told_arrivals=told)[-1]
            for told in (False, True)
        )

        assert by_answers > at_once

    def test_a_slow_server_hides_arrivals_from_who_sees_answers_only(self) -> None:
        network = Network(jitter_s=0, setup_s=0, service_s=5)
        by_answers, at_once = (
            self.arrivals_of(30.0, 5, network=network, is_told_arrivals=told)[-1]
            for told in (False, True)
        )

        assert (by_answers, at_once) == (5.15, 1.05)

    def test_a_boundary_in_doubt_is_waited_for_to_its_latest(self) -> None:
        expected_s = [0.05] * 4 + [1.05] * 2 + [6.0]

        assert self.arrivals_of(5.0, 7, late_s=1.0) == expected_s

    def test_a_request_in_the_doubtful_second_ends_the_doubt(self) -> None:
        # The fifth and sixth come between 1.0 and 2.0: once the server has said in
        # which window, there is room in it at once.
        expected_s = [0.05] * 4 + [1.05, 1.05, 1.1, 1.1, 2.05, 2.05, 11.0]

        assert self.arrivals_of(1.0, 11, late_s=1.0) == expected_s

    def test_the_second_of_doubt_is_that_of_the_rounding(self) -> None:
        late_s = [
            SERVERS[name].late_s for name in ("fixed", "fixed-nearest", "fixed-down")
        ]

        assert late_s == [1.0, 0.5, 0.0]


class TestMeasuring:
    @pytest.mark.parametrize("gate", [name for name in GATES if name not in BOUNDS])
    @pytest.mark.parametrize("server", [name for name in SERVERS if "sh" not in name])
    def test_no_gate_is_faster_than_the_best(self, gate: str, server: str) -> None:
        outcome = run(job_of(gate, row_of(server, ids=170)))

        assert outcome.unfinished == 0
        assert outcome.time_s > outcome.best_s > 0

    @pytest.mark.parametrize("server", ["shared", "shared-evenly"])
    def test_others_leave_half_of_the_account(self, server: str) -> None:
        setting = Setting(limits=DOCUMENTED, phases_s=(0.3, 20), seed="1")
        best = SERVERS[server].best(setting, 0.0)

        assert best_time_s(best, 6_000) == pytest.approx(6_000 / 75 * 60, rel=0.03)

    def test_the_same_job_has_the_same_outcome(self) -> None:
        job = job_of("stacked", row_of(network="rough", ids=40))

        assert run(job) == run(job)

    def test_what_may_be_in_flight_is_the_engines_to_be_told(self) -> None:
        row = row_of(network="slow", ids=40)
        few = replace(row, max_in_flight=5)
        slower, usual = (run(job_of("engine", one)) for one in (few, row))

        assert slower.time_s > 1.8 * usual.time_s

    def test_another_seed_has_another_outcome(self) -> None:
        first, second = (
            run(jobs_of(row_of(ids=20), "even", phases=1, seed=seed)[0])
            for seed in (1, 2)
        )

        assert first != second

    def test_all_gates_meet_the_same_phases_and_the_same_chance(self) -> None:
        first, second = (
            [(job.phases_s, job.seed) for job in jobs_of(row_of(), gate, 5, 1)]
            for gate in ("engine", "even")
        )

        assert first == second

    def test_each_part_of_each_period_is_begun_in_once(self) -> None:
        seconds, minutes = zip(*phases_of(DOCUMENTED, 24, "1"), strict=True)

        assert sorted(int(phase_s * 24) for phase_s in seconds) == list(range(24))
        assert sorted(int(phase_s / 2.5) for phase_s in minutes) == list(range(24))

    def test_half_of_the_steady_rate_is_the_others(self) -> None:
        setting = Setting(limits=DOCUMENTED, phases_s=(0, 0), seed="1")
        first_s, second_s = (next(setting.even_others_s), next(setting.others_s))

        assert first_s == -120
        assert second_s > -120
        assert setting.steady_per_s == 2.5


class TestTable:
    def test_a_ratio_is_of_the_means_and_its_spread_over_the_phases(self) -> None:
        line = line_of(
            {"engine": cell_of(row_of(), 104.0, 105.0, 112.0, refused=3)}, ["engine"]
        )

        assert line.endswith(
            "| 600 | 100.0 s | 107.0 s · 1.070 (1.050, 1.04-1.12) · 9 |"
        )

    def test_there_is_no_ratio_where_the_best_takes_no_time(self) -> None:
        line = line_of({"engine": cell_of(row_of(ids=10), 0.5, best_s=0.0)}, ["engine"])

        assert line.endswith("| 10 | 0.0 s | 0.5 s · 0 |")

    def test_unfinished_ids_are_shown(self) -> None:
        assert str(cell_of(row_of(), 104.0, unfinished=2)).endswith("2 UNFINISHED")

    def test_a_gate_without_a_meaning_is_left_out(self) -> None:
        cell = cell_of(row_of("sliding-log"), 104.0)

        assert line_of({"engine": cell}, ["informed", "engine"]).count("| - |") == 1

    def test_what_may_be_in_flight_is_shown_where_it_was_asked_for(self) -> None:
        row = replace(row_of(), max_in_flight=20)
        line = line_of({"engine": cell_of(row, 104.0)}, ["engine"])

        assert line.startswith("| 10/1s, 150/60s, 20 in flight | fixed |")

    @pytest.mark.parametrize(
        ("steady", "ids", "expected"), [(150, 50, 50), (15, 50, 5), (700, 50, 234)]
    )
    def test_a_scaled_size_fills_the_longest_window_as_often(
        self, steady: int, ids: int, expected: int
    ) -> None:
        assert scaled(ids, [Limit(1, 1), Limit(steady, 60)]) == expected


class TestTargets:
    @pytest.mark.parametrize(
        ("bound_s", "is_missed"), [(100.0, True), (103.0, True), (103.2, False)]
    )
    def test_a_time_near_the_bound_is_no_miss_and_is_said(
        self, bound_s: float, *, is_missed: bool
    ) -> None:
        bound = cell_of(row_of(), bound_s)
        findings = findings_of(cell_of(row_of(), 105.1), bound=bound)
        [miss] = findings.misses if is_missed else findings.near_bound

        assert len(findings.misses + findings.near_bound) == 1
        assert miss.endswith(f", above 1.03; the bound is {bound_s / 100:.3f}")
        assert miss in str(findings)

    def test_no_bound_excuses_a_refusal(self) -> None:
        cell = cell_of(row_of(), 105.0, refused=1)
        findings = findings_of(cell, bound=cell_of(row_of(), 105.0))

        assert len(findings.misses) == len(findings.near_bound) == 1

    def test_a_time_above_its_target_is_missed(self) -> None:
        assert misses_of(cell_of(row_of(ids=600), 103.0)) == ()
        [miss] = misses_of(cell_of(row_of(ids=600), 103.1))
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
    def test_a_size_is_meant_by_how_often_it_fills_the_longest_window(
        self, limits: Sequence[Limit], ids: int, *, is_missed: bool
    ) -> None:
        row = Row(limits=tuple(limits), server="fixed", network="target", ids=ids)

        assert bool(misses_of(cell_of(row, 141.0))) is is_missed

    @pytest.mark.parametrize("server", ["fixed-silent", "sliding-log", "two-buckets"])
    @pytest.mark.parametrize("network", NETWORKS)
    def test_one_refusal_is_a_miss_where_we_are_alone(
        self, server: str, network: str
    ) -> None:
        row = row_of(server, network)

        assert misses_of(cell_of(row, 500.0)) == ()
        assert len(misses_of(cell_of(row, 500.0, refused=1))) == 1

    @pytest.mark.parametrize(
        ("server", "most"),
        [("one-bucket", 20), ("sliding-counter", 20), ("shared", 50)],
    )
    def test_a_share_of_refusals_is_allowed_elsewhere(
        self, server: str, most: int
    ) -> None:
        row = row_of(server, ids=1000)

        assert misses_of(cell_of(row, 115.0, refused=most)) == ()
        assert len(misses_of(cell_of(row, 115.0, refused=most + 1))) == 1
        assert len(misses_of(cell_of(row, 115.1))) == 1

    def test_an_unfinished_id_is_a_miss_everywhere(self) -> None:
        assert len(misses_of(cell_of(row_of("shared", ids=10), 9.0, unfinished=1))) == 1


class TestProgram:
    def invoke(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--processes", "1", *arguments])

    def test_a_line_is_printed_for_each_row(self) -> None:
        result = self.invoke(
            *("--models", "fixed,two-buckets", "--ids", "5,12", "--phases", "2"),
            *("--gates", "even,stacked", "--network", "target,calm"),
            *("--tiers", "10/1s,150/1m", "--tiers", "1/500ms"),
        )

        rows = [line for line in result.output.splitlines() if line[2:].startswith("1")]

        assert result.exit_code == 0
        assert len(rows) == 16

    def test_bounds_are_shown_where_windows_are_fixed(self) -> None:
        result = self.invoke(
            *("--models", "fixed,sliding-log", "--ids", "12", "--phases", "1"),
            *("--gates", "even,informed", "--max-in-flight", "3,4"),
        )
        rows = [line for line in result.output.splitlines() if "in flight" in line]

        assert [line.endswith("| - |") for line in rows] == [False] * 2 + [True] * 2

    def test_a_row_is_printed_for_each_number_in_flight(self) -> None:
        result = self.invoke(
            *("--models", "fixed", "--ids", "5", "--phases", "1", "--scaled"),
            *("--gates", "even", "--max-in-flight", "3,4", "--tiers", "1/1s,30/1m"),
        )
        rows = [line for line in result.output.splitlines() if "in flight" in line]

        assert [(line[:33], line.split(" | ")[3]) for line in rows] == [
            ("| 1/1s, 30/60s, 3 in flight | fix", "1"),
            ("| 1/1s, 30/60s, 4 in flight | fix", "1"),
        ]

    def test_the_check_ends_well_where_all_is_met(self) -> None:
        result = self.invoke("--models", "fixed", "--ids", "1", "--quick", "--check")

        assert (result.exit_code, "Nothing missed." in result.output) == (0, True)

    def test_the_check_says_what_was_missed(self) -> None:
        # Jitter alone costs more than 3 % where each request has its own window.
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
    def test_what_it_does_not_know_is_refused(self, arguments: tuple[str, ...]) -> None:
        assert self.invoke(*arguments).exit_code == 2


class TestSlotCost:
    def test_a_line_is_printed_for_each_window_in_units_of_the_first(self) -> None:
        arguments = ["--windows", "4,40", "--slots", "20", "--repeats", "1"]
        result = CliRunner().invoke(slot_cost.main, arguments)
        lines = result.output.splitlines()

        assert result.exit_code == 0
        assert lines[2] == "| 4 | 1.00 | 1.00 | 1.00 |"
        assert lines[3].startswith("| 40 | ")

    @pytest.mark.parametrize("header_window", ["none", "longest"])
    def test_each_slot_that_is_measured_was_allowed(
        self, header_window: HeaderWindow
    ) -> None:
        limit = Limit(20, 8)
        model = Counting([limit], [0.2], header_window=header_window)
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(slot_cost.take_and_tell(limit, model, 70))

        assert (model.allowed, model.refused) == (70, 0)
