"""What ends a run early: which rule, at which id, what is left, and what is next."""

import re
import shlex

import pytest

from bulkpause.simulator import Fault, Simulator, Window
from tests.support.program import Program, Serve


#: One at a time, so that nothing is in flight when a rule strikes.
ONE_BY_ONE = ("--max-in-flight", "1")
#: With the campaign still running, such an id is `rejected` after one read-back.
LOST_CAUSE = (Fault.BAD_REQUEST,)


def refused(*ids: int) -> dict[str, tuple[Fault, ...]]:
    return {str(id_): LOST_CAUSE for id_ in ids}


def pauses(simulator: Simulator) -> int:
    return sum(entry.action == "pause" for entry in simulator.ledger)


@pytest.mark.parametrize(
    ("wrong", "sent"), [(1002, 3), (1003, 3), (1004, 20)], ids=["in", "last", "after"]
)
def test_failed_canary_stops_run(
    program: Program, serve: Serve, wrong: int, sent: int
) -> None:
    simulator = serve(scripts=refused(wrong))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    assert pauses(simulator) == sent
    assert ended.code == (8 if sent == 3 else 1)


def test_paused_canary_continues_run(program: Program, serve: Serve) -> None:
    simulator = serve(statuses={"1001": "paused"}, scripts={"1002": (Fault.LOST,)})
    ended = program.pause(simulator, program.ids(10), "--canary", "3")
    assert (ended.code, ended.summary) == (0, "10 rows = 9 paused + 1 already_paused")
    # The canary is settled by reading back before the rest is sent.
    views = [n for n, entry in enumerate(simulator.ledger) if entry.action == "view"]
    assert max(views) < 8


def test_canary_may_exceed_input(program: Program, serve: Serve) -> None:
    assert program.pause(serve(), program.ids(2), "--canary", "5").code == 0


def test_failed_canary_names_rule_id_and_command(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts=refused(1002))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    assert ended.summary == "20 rows = 2 paused + 1 rejected + 17 not_attempted"
    assert (
        "stopped: --canary 3: 1 of the first 3 ids not paused (1002: rejected); "
        "left: 17 not_attempted\n"
    ) in ended.stderr
    assert "retry with: bulkpause retry log.jsonl --base-url http" in ended.stderr
    assert " --canary 3 --progress none --yes\n" in ended.stderr
    note = "--canary 3 applies to what follows too; leave it out to go on regardless\n"
    assert note in ended.stderr


def test_printed_retry_command_pauses_the_rest(program: Program, serve: Serve) -> None:
    simulator = serve(scripts=refused(1002))
    ended = program.pause(simulator, program.ids(20), "--canary", "3")
    command = ended.stderr.rpartition("retry with: bulkpause ")[2]
    again = program.call(*shlex.split(command.splitlines()[0]))
    assert (again.code, again.summary) == (1, "17 rows = 17 paused")
    assert "1 row of earlier runs cannot be paused" in again.stdout
    assert len(simulator.ledger.paused_ids()) == 19


@pytest.mark.parametrize(("failures", "code"), [(2, 1), (3, 1), (4, 8)])
def test_too_many_failures_stop_run(
    program: Program, serve: Serve, failures: int, code: int
) -> None:
    simulator = serve(scripts=refused(*range(1001, 1001 + failures)))
    options = ["--max-failures", "3", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(30), *options)
    assert ended.code == code
    # Refused ids are failures once they were read back; until then nothing is sent.
    assert pauses(simulator) == (4 if code == 8 else 30)


@pytest.mark.parametrize(("failures", "code"), [(3, 1), (4, 1), (5, 8)])
def test_too_large_share_of_failures_stops_run(
    program: Program, serve: Serve, failures: int, code: int
) -> None:
    simulator = serve(scripts=refused(*range(1001, 1001 + failures)))
    options = ["--max-failures", "20%", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(30), *options)
    assert ended.code == code
    assert pauses(simulator) == (20 if code == 8 else 30)


def test_not_pausable_id_is_not_counted_as_failure(
    program: Program, serve: Serve
) -> None:
    simulator = serve(statuses={"1001": "draft"})
    ended = program.pause(simulator, program.ids(5), "--max-failures", "0")
    assert (ended.code, ended.summary) == (1, "5 rows = 4 paused + 1 not_pausable")


def test_requests_in_flight_are_recorded_after_stop(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts=refused(1001), latency_s=0.05)
    ended = program.pause(simulator, program.ids(90), "--max-failures", "0")
    paused = simulator.ledger.paused_ids()
    assert ended.code == 8
    assert set(program.statuses()) == {*paused, "1001"}
    assert len(program.statuses()) < 90


def test_stop_for_failures_names_last_id(program: Program, serve: Serve) -> None:
    simulator = serve(scripts=refused(1003))
    options = ["--max-failures", "0", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(10), *options)
    assert (
        "stopped: --max-failures 0: 1 of 3 ids failed, last id 1003; "
        "left: 7 not_attempted\n"
    ) in ended.stderr


def test_ids_after_stop_are_left_for_retry(program: Program, serve: Serve) -> None:
    simulator = serve(
        statuses={"1002": "paused", "1003": "draft"}, scripts=refused(1001)
    )
    options = ["--max-failures", "0", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(9), *options)
    assert (ended.code, ended.summary) == (
        8,
        "9 rows = 1 rejected + 8 not_attempted",
    )
    assert "left: 8 not_attempted\n" in ended.stderr
    assert program.call("status", "log.jsonl").code == 5
    command = ended.stderr.rpartition("retry with: bulkpause ")[2]
    again = program.call(*shlex.split(command.splitlines()[0]))
    assert again.summary == "8 rows = 6 paused + 1 already_paused + 1 not_pausable"


def test_deadline_stops_run(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(Window(limit=5, period_s=0.5),))
    options = ["--deadline", "800ms", "--burst", "5/500ms"]
    ended = program.pause(simulator, program.ids(100), *options)
    done = len(simulator.ledger)
    assert ended.code == 8
    assert 5 <= done < 100
    assert ended.summary == f"100 rows = {done} paused + {100 - done} not_attempted"
    assert "stopped: --deadline 0.8s has passed, last id 10" in ended.stderr
    assert "retry with: bulkpause retry" in ended.stderr


def test_run_before_deadline_is_not_stopped(program: Program, serve: Serve) -> None:
    ended = program.pause(serve(), program.ids(3), "--deadline", "1h")
    assert ended.code == 0
    assert "stopped" not in ended.stderr


def test_consecutive_403_responses_stop_run(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.FORBIDDEN)
    ended = program.pause(simulator, program.ids(40), *ONE_BY_ONE)
    assert (ended.code, ended.summary) == (4, "40 rows = 10 failed + 30 not_attempted")
    assert pauses(simulator) == 10
    assert (
        "stopped: every campaign gets HTTP 403: is the token allowed to pause "
        "campaigns? ("
    ) in ended.stderr
    assert "); left: 10 failed, 30 not_attempted\n" in ended.stderr
    assert "retry with: bulkpause retry" in ended.stderr


def test_few_403_responses_do_not_stop_run(program: Program, serve: Serve) -> None:
    ids = [str(1001 + n) for n in range(9)]
    forbidden = dict.fromkeys(ids, (Fault.FORBIDDEN,))
    simulator = serve(
        scripts=forbidden, read_back_scripts=dict.fromkeys(ids, (Fault.NOT_FOUND,))
    )
    ended = program.pause(simulator, program.ids(40), *ONE_BY_ONE)
    assert (ended.code, ended.summary) == (5, "40 rows = 31 paused + 9 failed")
    assert "stopped" not in ended.stderr


def test_rejected_token_names_id(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1003": (Fault.UNAUTHORIZED,)})
    ended = program.pause(simulator, program.ids(9), *ONE_BY_ONE)
    # The id was sent, so that it is not one that was not attempted.
    assert (ended.code, ended.summary) == (
        4,
        "9 rows = 2 paused + 1 failed + 6 not_attempted",
    )
    assert "), at id 1003; left: 1 failed, 6 not_attempted\n" in ended.stderr
    assert "retry with: bulkpause retry" in ended.stderr


def test_outage_names_id(program: Program, serve: Serve) -> None:
    simulator = serve(
        scripts={"1003": (Fault.UNAVAILABLE,)}, unavailable_retry_after=60
    )
    options = ["--give-up-after", "500ms", *ONE_BY_ONE]
    ended = program.pause(simulator, program.ids(12), *options)
    assert (ended.code, ended.summary) == (
        5,
        "12 rows = 2 paused + 1 unknown + 9 not_attempted",
    )
    assert len(simulator.ledger) == 3
    assert re.search(
        r"stopped: HTTP 503 asks to wait 60 s \(Retry-After\), longer than "
        r"--give-up-after allows.*, at id 1003; left: ",
        ended.stderr,
    )
    assert "retry with: bulkpause retry" in ended.stderr


@pytest.mark.smoke
@pytest.mark.parametrize(
    "options", [["--max-failures", "x"], ["--canary", "-1"], ["--deadline", "5"]]
)
def test_invalid_guard_rail_exits_2(program: Program, options: list[str]) -> None:
    ended = program.call("run", program.ids(1), "--yes", *options)
    assert (ended.code, ended.stdout) == (2, "")
    assert options[0] in ended.stderr
