"""An undo resumes what the log says that we paused, and leaves all else alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Campaign, Entry, Fault, Simulator
from tests.support.program import QUICK, ProcessResult, Program, Serve
from tests.support.result_logs import records, write_log


UNDO_LOG = "log.undo.jsonl"
LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S")
PAST = "2025-01-01 10:00:00"
#: 1003 waits for a time ahead, 1004 for one that has passed, 1005 was paused before.
CAMPAIGNS = (
    Campaign(id="1003", status="scheduled", scheduled_time=LATER),
    Campaign(id="1004", status="scheduled", scheduled_time=PAST),
    Campaign(id="1005", status="paused"),
)


def undo(program: Program, simulator: Simulator, *options: str) -> ProcessResult:
    to = ("--base-url", simulator.base_url, *QUICK, "--progress", "none")
    return program.call("undo", "log.jsonl", *to, *options)


def undone(program: Program) -> dict[str, dict[str, Any]]:
    lines = (program.folder / UNDO_LOG).read_bytes().splitlines()
    return {record["id"]: record for record in map(orjson.loads, lines)}


def statuses(program: Program) -> dict[str, str]:
    return {id_: record["status"] for id_, record in undone(program).items()}


def paused_long_ago(program: Program, simulator: Simulator, count: int) -> None:
    """Write the log of pauses that no read can lag behind any more."""
    write_log(program.log, records(count, endpoint=simulator.base_url))
    for number in range(1, count + 1):
        simulator.put(Campaign(id=str(1000 + number), status="paused"))


def resumes(simulator: Simulator) -> dict[str, object]:
    """Give the body of each resume that the server got."""
    return {
        entry.id or "": orjson.loads(entry.body) if entry.body else None
        for entry in simulator.ledger
        if entry.action == "resume"
    }


def resumed_after_read(entries: list[Entry]) -> bool:
    return [entry.action for entry in entries[-2:]] == ["view", "resume"]


@pytest.mark.smoke
def test_remembered_campaigns_are_what_they_were(
    program: Program, serve: Serve
) -> None:
    simulator = serve(campaigns=CAMPAIGNS)
    paused = program.pause(simulator, program.ids(5), "--remember", "--canary", "1")
    assert paused.summary == "5 rows = 4 paused + 1 already_paused"
    kept = {record["id"]: record["earlier_status"] for record in program.records()}
    assert kept["1001"] == "running"
    assert kept["1003"] == "scheduled"

    ended = undo(program, simulator, "--yes")
    assert ended.summary == "4 rows = 3 resumed + 1 not_resumable"
    assert ended.code == 1
    assert resumes(simulator) == {
        "1001": {"run_immediately": 1},
        "1002": {"run_immediately": 1},
        "1003": {"scheduled_time": LATER},
    }
    # Neither the one that was paused before, nor the one whose time has passed.
    assert [simulator.status(id_) for id_ in ("1004", "1005")] == ["paused"] * 2
    assert all(
        resumed_after_read(simulator.ledger.of(id_)) for id_ in ("1001", "1002", "1003")
    )

    command = ended.stderr.rpartition("if that is right, with: bulkpause ")[2].split()
    again = program.call(*command)
    assert (again.code, again.summary) == (0, "1 row = 1 resumed")
    assert simulator.status("1004") == "running"
    assert program.call("status", UNDO_LOG).code == 0


def test_repeated_pause_takes_nothing_back(program: Program, serve: Serve) -> None:
    """The API may accept the pause of a campaign that was paused before us."""
    simulator = serve(campaigns=CAMPAIGNS[2:], repeat="204")
    paused = program.pause(simulator, program.ids(5), "--remember", "--canary", "1")
    assert paused.summary == "5 rows = 5 paused"
    words = ("--yes", "--as", "running")
    alone = undo(program, simulator, *words, "--only", "1005")
    assert (alone.code, "left alone: 1005 (paused)" in alone.stderr) == (0, True)
    ended = undo(program, simulator, *words)
    assert (ended.code, ended.summary) == (0, "4 rows = 4 resumed")
    assert undo(program, simulator, *words, "--resume").code == 0
    assert simulator.status("1005") == "paused"
    assert "1005" not in resumes(simulator)


def test_log_of_already_paused_is_no_all_clear(program: Program, serve: Serve) -> None:
    simulator = serve()
    ids = program.ids(2)
    program.pause(simulator, ids)
    to = ("--base-url", simulator.base_url, *QUICK, "--progress", "none")
    again = program.call("run", ids, *to, "--yes", "--log", "again.jsonl")
    assert again.summary == "2 rows = 2 already_paused"
    assert program.call("status", "again.jsonl").code == 0
    words = ("again.jsonl", "--yes", "--as", "running", "--log", UNDO_LOG)
    assert undo(program, simulator, *words).summary == "2 rows = 2 resumed"
    status = program.call("status", "again.jsonl")
    assert (status.code, "an undo of this log" in status.stdout) == (1, True)


def test_what_is_not_paused_any_more_is_left_alone(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    paused_long_ago(program, simulator, 5)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    for id_, changed in {
        "1001": Campaign(id="1001", status="running"),
        "1002": Campaign(id="1002", status="canceled"),
        "1003": Campaign(id="1003", status="paused", update_time=tomorrow),
    }.items():
        simulator.put(replace(changed, id=id_))
    ended = undo(program, simulator, "--yes", "--as", "running")
    # The canary is the first campaign that is not left alone.
    assert statuses(program) == {
        "1001": "already_running",
        "1002": "not_resumable",
        "1003": "not_resumable",
        "1004": "resumed",
        "1005": "resumed",
    }
    assert set(resumes(simulator)) == {"1004", "1005"}
    assert "left alone: changed since it was paused, campaign is paused" in ended.stdout
    assert "left alone: not paused any more, campaign is canceled" in ended.stdout
    assert "still be running" not in ended.stdout + ended.stderr


def test_read_that_lags_behind_pause_is_repeated(
    program: Program, serve: Serve
) -> None:
    simulator = serve(read_lag_s=2.0)
    program.pause(simulator, program.ids(3))
    ended = undo(program, simulator, "--yes", "--as", "running")
    assert (ended.code, ended.summary) == (0, "3 rows = 3 resumed")
    assert {simulator.status(id_) for id_ in ("1001", "1002", "1003")} == {"running"}


def test_unknown_ids_are_settled_or_read(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.LOST,)})
    once = ("--verify", "none", "--max-attempts", "1")
    paused = program.pause(simulator, program.ids(4), *once)
    assert paused.summary == "4 rows = 3 paused + 1 unknown"
    words = ("--yes", "--as", "running", "--canary", "0")
    refused = undo(program, simulator, *words)
    assert refused.code == 2
    assert "1 id may be paused by us, though that is not on record" in refused.stderr
    assert f"bulkpause retry {program.log.name} --status unknown" in refused.stderr
    assert not resumes(simulator)

    ended = undo(program, simulator, *words, "--resume-unknown")
    assert (ended.code, ended.summary) == (0, "4 rows = 4 resumed")
    assert simulator.status("1002") == "running"
    # What is left to do of the log alone is said, and works.
    advice = program.call("status", "log.jsonl").stdout
    command = advice.rpartition("that are paused with: bulkpause ")[2].split()
    again = program.call(*command, "--yes")
    assert (again.code, again.summary) == (0, "4 rows = 4 already_done")


def test_ids_that_log_lost_are_no_success(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(4))
    lines = program.log.read_bytes().splitlines(keepends=True)
    program.log.write_bytes(b"".join(lines[:3]))
    words = ("--yes", "--as", "running")
    ended = undo(program, simulator, *words)
    assert (ended.code, ended.summary) == (5, "3 rows = 3 resumed")
    left_out = "1 planned id not on record, which may be paused by us: left out;"
    assert left_out in ended.stdout
    assert left_out in ended.stderr
    command = ended.stdout.rpartition("that are paused with: bulkpause ")[2].split()
    arguments = ["ids.txt" if word == "INPUT" else word for word in command]
    last = program.call(*arguments)
    assert (last.code, simulator.status("1004")) == (0, "running")


def test_person_is_asked_once_what_campaigns_were(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(2))
    terminal = program.on_a_terminal(
        *("undo", "log.jsonl", "--base-url", simulator.base_url, *QUICK)
    )
    terminal.wait_for("It is not on record what 2 of 2 campaigns were")
    terminal.wait_for("What were they? (running, scheduled): ")
    terminal.type("running\n")
    terminal.wait_for("2 rows: 2 to resume")
    terminal.wait_for("Resume 2 campaigns on ")
    terminal.type("y\n")
    assert terminal.end() == 0
    assert set(resumes(simulator)) == {"1001", "1002"}


def test_unattended_undo_needs_to_know_what_campaigns_were(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(1))
    ended = undo(program, simulator, "--yes")
    assert ended.code == 2
    assert "add --as running or --as scheduled; nothing was sent" in ended.stderr
    assert resumes(simulator) == {}
    assert not (program.folder / UNDO_LOG).exists()


def test_list_tells_what_campaigns_were(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=CAMPAIGNS[:1])
    rows = f"id,status,scheduled_time\n1001,running,\n1003,scheduled,{LATER}\n"
    program.pause(simulator, program.file("list.csv", rows))
    ended = undo(program, simulator, "--yes", "--resume-body", "none", "--canary", "0")
    assert (ended.code, ended.summary) == (0, "2 rows = 2 resumed")
    assert resumes(simulator) == {"1001": None, "1003": None}


def test_undone_log_says_nothing_of_what_runs(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(2))
    assert undo(program, simulator, "--yes", "--as", "running").code == 0
    # Alone, as in a ticket: what says that it was undone is in it.
    program.log.rename(program.folder / "moved.jsonl")
    status = program.call("status", "moved.jsonl")
    assert status.code == 1
    assert "an undo of this log was begun" in status.stdout
    assert "0 may still be running" not in status.stdout
    assert (
        orjson.loads(program.call("status", "moved.jsonl", "--json").stdout)["may_run"]
        is None
    )
    for command in (("run", "ids.txt", "--resume"), ("retry", "moved.jsonl")):
        log = ("--log", "moved.jsonl") if command[0] == "run" else ()
        refused = program.call(
            *command, *log, "--yes", "--base-url", simulator.base_url
        )
        assert refused.code == 2
        assert "was undone by" in refused.stderr


def test_undo_with_refused_token_undoes_nothing(program: Program, serve: Serve) -> None:
    """A retry knows the log all the same, and marks it when it resumes."""
    simulator = serve(token="right")
    program.variables["OCAMBA_TOKEN"] = "right"
    program.pause(simulator, program.ids(4))
    program.variables["OCAMBA_TOKEN"] = "wrong"
    ended = undo(program, simulator, "--yes", "--as", "running")
    assert (ended.code, ended.summary) == (4, "4 rows = 4 not_attempted")
    assert not resumes(simulator)
    assert program.call("status", "log.jsonl").code == 0
    program.variables["OCAMBA_TOKEN"] = "right"
    assert program.pause(simulator, program.ids(4), "--resume").code == 0
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split("\n")[0]
    again = program.call(*command.split())
    assert (again.code, again.summary) == (0, "4 rows = 4 resumed")
    assert "an undo of this log was begun" in program.call("status", "log.jsonl").stdout


def test_chosen_id_that_was_not_paused_is_told(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(2))
    chosen = ("--yes", "--as", "running", "--only", "1001,9001")
    ended = undo(program, simulator, *chosen)
    assert (ended.code, ended.summary) == (1, "1 row = 1 resumed")
    assert "1 id of --only not recorded as paused" in ended.stdout
    again = undo(program, simulator, *chosen, "--resume", "--json")
    facts = orjson.loads(again.stdout)
    assert (again.code, facts["exit_code"]) == (1, 1)
    assert "left out: 9001" in facts["doubt"]
    assert not resumes(simulator).keys() - {"1001"}


def test_log_that_changes_during_the_question_is_not_undone(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(2))
    options = ("--base-url", simulator.base_url, *QUICK)
    terminal = program.on_a_terminal("undo", "log.jsonl", "--as", "running", *options)
    terminal.wait_for("[y/N]")
    program.pause(simulator, program.ids(3), "--resume")
    terminal.type("y\n")
    terminal.wait_for("was changed or replaced while its undo was")
    assert terminal.end() == 6
    assert resumes(simulator) == {}
    assert program.call("status", "log.jsonl").code == 0


def test_log_of_undo_takes_other_chosen_ids(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(3))
    words = ("--yes", "--as", "running")
    assert undo(program, simulator, *words, "--only", "1001").code == 0
    refused = undo(program, simulator, *words, "--only", "1002")
    assert refused.code == 2
    assert "with --resume, also with other ids of --only" in refused.stderr
    assert undo(program, simulator, *words, "--only", "1002", "--resume").code == 0
    assert statuses(program) == {"1001": "resumed", "1002": "resumed"}

    status = program.call("status", "log.jsonl", UNDO_LOG)
    assert "in all: 2 resumed, 1 paused of 3 campaigns" in status.stdout
    path = program.file("wrong.csv", "id\n1.00025E+06\n")
    wrong = undo(program, simulator, "--resume", "--only", path)
    assert (wrong.code, "Fix this row." in wrong.stderr) == (3, True)
    assert "--skip-invalid" not in wrong.stderr


def test_campaign_paused_again_is_not_done(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(1))
    words = ("--yes", "--as", "running")
    assert undo(program, simulator, *words).code == 0
    to = ("--base-url", simulator.base_url, *QUICK, "--progress", "none")
    again = program.call("run", "1001", *to, "--yes", "--log", "again.jsonl")
    assert again.code == 0
    both = ("undo", "log.jsonl", "again.jsonl", *to, *words, "--log")
    refused = program.call(*both, UNDO_LOG, "--resume")
    assert (refused.code, "1 campaign paused again" in refused.stderr) == (2, True)
    assert program.call(*both, "new.jsonl").code == 0
    actions = [entry.action for entry in simulator.ledger if entry.id == "1001"]
    assert [action for action in actions if action != "view"][-1] == "resume"


def test_link_is_undone_as_its_log(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(1))
    (program.folder / "latest.jsonl").symlink_to("log.jsonl")
    ended = program.call(
        *("undo", "latest.jsonl", "--as", "running", "--yes"),
        *("--base-url", simulator.base_url),
    )
    assert ended.code == 0
    assert (program.folder / UNDO_LOG).exists()
    assert program.call("status", "log.jsonl").code == 1


def test_doubtful_resume_is_settled_by_reading_back(
    program: Program, serve: Serve
) -> None:
    simulator = serve(
        resume_scripts={
            "1001": (Fault.LOST, Fault.BAD_REQUEST),
            "1002": (Fault.INTERNAL_ERROR_AFTER,),
            "1003": (Fault.UNAVAILABLE,),
            "1004": (Fault.BAD_REQUEST,),
        }
    )
    paused_long_ago(program, simulator, 4)
    ended = undo(program, simulator, "--yes", "--as", "running", "--canary", "0")
    assert statuses(program) == {
        "1001": "resumed",
        "1002": "resumed",
        "1003": "resumed",
        "1004": "rejected",
    }
    assert sorted(simulator.ledger.acted_ids("resume")) == ["1001", "1002", "1003"]
    assert ended.code == 1


def test_failed_canary_stops_undo_and_retry_carries_on(
    program: Program, serve: Serve
) -> None:
    simulator = serve(resume_scripts={"1001": (Fault.BAD_REQUEST,)})
    program.pause(simulator, program.ids(5))
    ended = undo(program, simulator, "--yes", "--as", "running")
    assert ended.code == 8
    assert "--canary 1: the first id not resumed (1001: rejected)" in (ended.stderr)
    assert set(resumes(simulator)) == {"1001"}
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split("\n")[0]
    again = program.call(*command.split())
    assert again.summary == "4 rows = 4 resumed"
    acted = simulator.ledger.acted_ids("resume")
    assert sorted(acted) == ["1002", "1003", "1004", "1005"]
    advice = program.call("status", UNDO_LOG).stdout
    command = advice.rpartition("another one with: bulkpause ")[2].split("\n")[0]
    last = program.call(*command.split(), "--yes")
    assert last.summary == "1 row = 1 resumed"
    assert resumes(simulator)["1001"] is None


def test_log_of_undo_takes_no_pauses(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(1))
    undo(program, simulator, "--yes", "--as", "running")
    to = ("--base-url", simulator.base_url, "--yes")
    ended = program.call("run", "ids.txt", "--log", UNDO_LOG, "--resume", *to)
    assert "is the log of resumes, not of pauses" in ended.stderr
    again = program.call("undo", UNDO_LOG, *to)
    assert "is the log of an undo, which cannot be undone" in again.stderr
    assert (ended.code, again.code) == (2, 2)
