"""What ends a run early: which rule, at which id, what is left, and what is next."""

import re

import pytest

from bulkpause.simulator import Fault, Window
from tests.support.program import Program, Serve


#: One at a time, so that nothing is in flight when a rule strikes.
ONE_BY_ONE = ("--max-in-flight", "1")
LOST_CAUSE = (Fault.NOT_FOUND,)


def missing(*ids: int) -> dict[str, tuple[Fault, ...]]:
    return {str(id_): LOST_CAUSE for id_ in ids}


@pytest.mark.parametrize(
    ("wrong", "sent"), [(1002, 3), (1003, 3), (1004, 20)], ids=["in", "last", "after"]
)
def test_the_rest_waits_for_the_canary(
    program: Program, serve: Serve, wrong: int, sent: int
) -> None:
    simulator = serve(scripts=missing(wrong))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    assert len(simulator.ledger) == sent
    assert ended.code == (8 if sent == 3 else 1)


def test_a_canary_that_is_paused_lets_the_rest_go(
    program: Program, serve: Serve
) -> None:
    simulator = serve(statuses={"1001": "paused"}, scripts={"1002": (Fault.LOST,)})
    ended = program.pause(simulator, program.ids(10), "--canary", "3")
    assert (ended.code, ended.account) == (0, "10 rows = 9 paused + 1 already_paused")
    # The canary is settled by reading back before the rest is sent.
    views = [n for n, entry in enumerate(simulator.ledger) if entry.action == "view"]
    assert max(views) < 8


def test_a_canary_that_is_larger_than_the_input_is_the_input(
    program: Program, serve: Serve
) -> None:
    assert program.pause(serve(), program.ids(2), "--canary", "5").code == 0


def test_a_canary_names_its_rule_its_id_and_what_is_next(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts=missing(1002))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    assert ended.account == "20 rows = 2 paused + 1 rejected + 17 not_attempted"
    assert (
        "stopped: --canary 3: 1 of the first 3 ids not paused (1002: rejected); "
        "left: 17 not_attempted\n"
    ) in ended.stderr
    assert "resume with: bulkpause retry log.jsonl --base-url http" in ended.stderr


def test_the_command_that_goes_on_does(program: Program, serve: Serve) -> None:
    simulator = serve(scripts=missing(1002))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    command = ended.stderr.rpartition("resume with: bulkpause ")[2].split()
    again = program.call(*command)
    assert (again.code, again.account) == (1, "17 rows = 17 paused")
    assert "1 row of earlier runs cannot be paused" in again.stdout
    assert len(simulator.ledger.paused_ids()) == 19


@pytest.mark.parametrize(("failures", "code"), [(2, 1), (3, 1), (4, 8)])
def test_more_failures_than_tolerated_stop_the_run(
    program: Program, serve: Serve, failures: int, code: int
) -> None:
    simulator = serve(scripts=missing(*range(1001, 1001 + failures)))
    options = ["--max-failures", "3", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(20), *options)
    assert ended.code == code
    assert len(simulator.ledger) == (4 if code == 8 else 20)


@pytest.mark.parametrize(("failures", "code"), [(3, 1), (4, 1), (5, 8)])
def test_a_larger_share_of_failures_stops_the_run(
    program: Program, serve: Serve, failures: int, code: int
) -> None:
    simulator = serve(scripts=missing(*range(1001, 1001 + failures)))
    options = ["--max-failures", "20%", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(30), *options)
    assert ended.code == code
    assert len(simulator.ledger) == (20 if code == 8 else 30)


def test_what_cannot_be_paused_is_no_failure(program: Program, serve: Serve) -> None:
    simulator = serve(statuses={"1001": "draft"})
    ended = program.pause(simulator, program.ids(5), "--max-failures", "0")
    assert (ended.code, ended.account) == (1, "5 rows = 4 paused + 1 not_pausable")


def test_what_is_in_flight_when_a_rule_strikes_is_recorded(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts=missing(1001), latency_s=0.05)
    ended = program.pause(simulator, program.ids(40), "--max-failures", "0")
    paused = simulator.ledger.paused_ids()
    assert ended.code == 8
    assert set(program.statuses()) == {*paused, "1001"}
    assert len(program.statuses()) < 40


def test_a_stop_for_failures_names_the_last_id(program: Program, serve: Serve) -> None:
    simulator = serve(scripts=missing(1003))
    options = ["--max-failures", "0", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(10), *options)
    assert (
        "stopped: --max-failures 0: 1 of 3 ids failed, last id 1003; "
        "left: 7 not_attempted\n"
    ) in ended.stderr


def test_what_a_rule_keeps_from_being_read_back_is_left_for_a_retry(
    program: Program, serve: Serve
) -> None:
    simulator = serve(
        statuses={"1001": "paused", "1002": "draft"}, scripts=missing(1003)
    )
    options = ["--max-failures", "0", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(9), *options)
    assert (ended.code, ended.account) == (
        8,
        "9 rows = 1 rejected + 2 failed + 6 not_attempted",
    )
    assert "left: 2 failed, 6 not_attempted\n" in ended.stderr
    assert program.call("status", "log.jsonl").code == 5
    command = ended.stderr.rpartition("resume with: bulkpause ")[2].split()
    again = program.call(*command)
    assert again.account == "8 rows = 6 paused + 1 already_paused + 1 not_pausable"


def test_nothing_new_is_sent_after_the_deadline(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(Window(limit=5, period_s=0.5),))
    options = ["--deadline", "800ms", "--burst", "5/500ms"]
    ended = program.pause(simulator, program.ids(100), *options)
    done = len(simulator.ledger)
    assert ended.code == 8
    assert 5 <= done < 100
    assert ended.account == f"100 rows = {done} paused + {100 - done} not_attempted"
    assert "stopped: --deadline 0.8s has passed, the last 10" in ended.stderr
    assert "resume with: bulkpause retry" in ended.stderr


def test_a_run_that_ends_before_its_deadline_was_not_stopped(
    program: Program, serve: Serve
) -> None:
    ended = program.pause(serve(), program.ids(3), "--deadline", "1h")
    assert ended.code == 0
    assert "stopped" not in ended.stderr


def test_campaigns_that_are_all_forbidden_stop_the_run(
    program: Program, serve: Serve
) -> None:
    simulator = serve(always=Fault.FORBIDDEN)
    ended = program.pause(simulator, program.ids(40), *ONE_BY_ONE)
    assert (ended.code, ended.account) == (4, "40 rows = 5 rejected + 35 not_attempted")
    assert (
        "stopped: the API returned 403 (forbidden) for 5 campaigns in a row ("
        in ended.stderr
    )
    assert "), at id 1005; left: 35 not_attempted\n" in ended.stderr
    assert "resume with: bulkpause retry" in ended.stderr


def test_a_token_that_is_refused_is_refused_at_an_id(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1003": (Fault.UNAUTHORIZED,)})
    ended = program.pause(simulator, program.ids(9), *ONE_BY_ONE)
    assert (ended.code, ended.account) == (4, "9 rows = 2 paused + 7 not_attempted")
    assert "), at id 1003; left: 7 not_attempted\n" in ended.stderr
    assert "resume with: bulkpause retry" in ended.stderr


def test_a_server_that_is_out_was_out_at_an_id(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.UNAVAILABLE)
    options = ["--give-up-after", "500ms", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(12), *options)
    assert ended.code == 5
    assert re.search(
        r"stopped: no valid response for \d+ s, the last error: HTTP 503, at id 10\d\d; left: ",
        ended.stderr,
    )
    assert "resume with: bulkpause retry" in ended.stderr


@pytest.mark.parametrize(
    "options", [["--max-failures", "x"], ["--canary", "-1"], ["--deadline", "5"]]
)
def test_a_rule_that_makes_no_sense_ends_with_2(
    program: Program, options: list[str]
) -> None:
    ended = program.call("run", program.ids(1), "--yes", *options)
    assert (ended.code, ended.stdout) == (2, "")
    assert options[0] in ended.stderr
