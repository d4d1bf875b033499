"""The summary as one JSON object on standard output."""

from signal import SIGINT
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Fault, Storm
from tests.support.program import UNREAD, ProcessResult, Program, Serve, script, until


pytestmark = pytest.mark.unmeasured

STATUSES = (
    "paused",
    "already_paused",
    "not_pausable",
    "rejected",
    "failed",
    "unknown",
    "invalid",
    "duplicate",
    "already_done",
    "not_attempted",
)


def object_of(text: str) -> dict[str, Any]:
    assert text.count("\n") == 1
    found: dict[str, Any] = orjson.loads(text)
    assert found["rows"] == sum(found[name] for name in STATUSES)
    return found


def test_summary_is_one_json_object(program: Program, serve: Serve) -> None:
    ended = program.pause(serve(), program.ids(5), "--json")
    found = object_of(ended.stdout)
    assert (found["rows"], found["paused"], found["exit_code"]) == (5, 5, 0)
    assert (found["requests"], found["read_back"]) == (5, 0)
    assert (found["stopped"], found["next"]) == (None, None)
    assert found["log"] == "log.jsonl"
    assert found["run_id"] == program.records()[0]["run_id"]
    assert found["wall_s"] > 0
    assert found["rate_per_s"] > 0
    assert 0 < found["share_of_limits"] <= 1
    assert list(found["latency_ms"]) == ["p50", "p95", "p99"]


def test_json_option_replaces_text(program: Program, serve: Serve) -> None:
    assert program.pause(serve(), program.ids(5), "--json").stderr == ""


def error_of(ended: ProcessResult) -> dict[str, Any]:
    """Give the only object on standard output, which is an error."""
    assert ended.stdout.count("\n") == 1
    (name, error), *others = orjson.loads(ended.stdout).items()
    assert (name, others) == ("error", [])
    assert list(error) == ["code", "message", "rows"]
    assert error["code"] == ended.code
    assert error["message"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "ids.txt", "--frob"), 2, "No such option '--frob'."),
        (("run",), 2, "Missing argument"),
        (("run", "ids.txt", "--burst", "ten"), 2, "'ten'"),
        (("run", "ids.txt", "--resume"), 2, "--resume needs the log to resume"),
        (("run", "ids.txt"), 2, "there is no terminal to ask on"),
        (("run", "bad.csv", "--yes"), 3, "bad.csv: 1 of 2 rows cannot be used"),
        (("run", "gone.csv", "--yes"), 3, "gone.csv"),
        (("run", "ids.txt", "--yes", "--token-file", "gone"), 4, "--token-file"),
        (("run", "ids.txt", "--yes", "--expect", "7"), 8, "--expect 7"),
        (("run", "ids.txt", "--yes", "--log", "bad.jsonl", "--resume"), 6, "line 1"),
        (("retry", "gone.jsonl", "--yes"), 3, "gone.jsonl does not exist"),
        (("retry",), 2, "Missing argument"),
        (("plan", "ids.txt", "--order-by", "spend"), 3, "leave out --column"),
        (("plan", "gone.csv"), 3, "gone.csv"),
        (("status", "gone.jsonl"), 3, "gone.jsonl does not exist"),
        (("status", "bad.jsonl"), 6, "line 1"),
        (("status", "bad.csv"), 2, "a table, not a result log"),
    ],
    ids=str,
)
def test_refusal_is_one_json_object(
    program: Program, arguments: tuple[str, ...], code: int, message: str
) -> None:
    program.ids(2)
    program.file("bad.csv", "id,name\n1001,one\n1-Mai,two\n")
    program.file("bad.jsonl", '{"run_id":"r","crc32":"0"}\n' * 2)
    nowhere = ("--base-url", "http://127.0.0.1:1")
    to = nowhere if arguments[0] in {"run", "retry"} else ()
    ended = program.call(*arguments, *to, "--json")
    assert ended.code == code
    error = error_of(ended)
    assert message in error["message"]
    in_rows = [row["value"] for row in error["rows"] if row["row"] is not None]
    assert in_rows == (["1-Mai"] if arguments[:2] == ("run", "bad.csv") else [])


def test_variable_asks_for_json_object(program: Program) -> None:
    program.variables["BULKPAUSE_STATUS_JSON"] = "1"
    assert "Missing argument" in error_of(program.call("status"))["message"]


def test_held_log_is_one_json_object(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    options = [program.ids(2), "--yes", *program.to(simulator), "--resume"]
    program.start("run", *options)
    until(lambda: len(simulator.ledger) == 2)
    ended = program.call("run", *options, "--json")
    assert (ended.code, error_of(ended)["rows"]) == (7, [])


def test_answered_no_is_one_json_object(program: Program, serve: Serve) -> None:
    options = " ".join([*program.to(serve()), "--json"])
    command = f"{script()} run {program.ids(1)} {options} >object.json"
    terminal = program.shell_on_a_terminal(command)
    terminal.wait_for("? [y/N]: ")
    terminal.type("n\n")
    assert terminal.end() == 2
    error = orjson.loads((program.folder / "object.json").read_bytes())["error"]
    assert error == {"code": 2, "message": "nothing was sent", "rows": []}


def test_interrupt_at_question_is_one_json_object(
    program: Program, serve: Serve
) -> None:
    options = " ".join([*program.to(serve()), "--json"])
    command = f"exec {script()} run {program.ids(1)} {options} >object.json"
    terminal = program.shell_on_a_terminal(command)
    terminal.wait_for("? [y/N]: ")
    terminal.interrupt()
    assert terminal.end() == 130
    error = orjson.loads((program.folder / "object.json").read_bytes())["error"]
    assert (error["code"], error["rows"]) == (130, [])


def test_json_groups_failures_by_cause(program: Program, serve: Serve) -> None:
    scripts = {str(n): (Fault.NOT_FOUND,) for n in range(1001, 1006)}
    simulator = serve(scripts=scripts, statuses={"1006": "draft"})
    ended = program.pause(simulator, program.ids(8), "--json")
    found = object_of(ended.stdout)
    first, second = found["causes"]
    assert (ended.code, found["exit_code"]) == (1, 1)
    assert (first["status"], first["http_status"], first["count"]) == (
        "rejected",
        404,
        5,
    )
    assert (len(first["ids"]), len(first["trace_ids"])) == (3, 3)
    assert (second["status"], second["campaign_status"]) == ("not_pausable", "draft")


def test_json_holds_stop_and_retry_command(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.NOT_FOUND,)})
    ended = program.pause(simulator, program.ids(9), "--json", "--canary", "1", *UNREAD)
    found = object_of(ended.stdout)
    assert (ended.code, found["exit_code"], found["not_attempted"]) == (8, 8, 8)
    assert found["stopped"].startswith("--canary 1: the first id not paused (1001")
    assert found["next"].startswith("bulkpause retry log.jsonl --base-url http")


def test_json_is_printed_after_signal(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.SLOW,), "1002": (Fault.SLOW,)})
    options = [*program.to(simulator), "--json"]
    running = program.start("run", program.ids(2), "--yes", *options)
    until(lambda: len(simulator.ledger) == 2)
    running.send(SIGINT)
    found = object_of(running.end().stdout)
    assert (found["exit_code"], found["stopped"]) == (130, "SIGINT")


def test_json_is_printed_without_requests(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(3))
    ended = program.pause(simulator, program.ids(3), "--json", "--resume")
    found = object_of(ended.stdout)
    assert (ended.code, found["already_done"], found["requests"]) == (0, 3, 0)
    assert len(simulator.ledger) == 3


def test_json_counts_requests_of_this_run_only(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.UNAVAILABLE,)})
    program.pause(simulator, program.ids(1), "--max-attempts", "1", *UNREAD)
    options = [*program.to(simulator), "--yes", "--json"]
    options.remove("--log")
    options.remove("log.jsonl")
    found = object_of(program.call("retry", "log.jsonl", *options).stdout)
    assert (found["paused"], found["requests"], found["more_attempts"]) == (1, 1, 0)


def test_probes_of_outage_are_counted(program: Program, serve: Serve) -> None:
    """They are in no record of an id."""
    simulator = serve(storms=(Storm(fault=Fault.UNAVAILABLE, starts_s=1.0),))
    options = ("--json", "--burst", "8/500ms", "--give-up-after", "3s")
    found = object_of(program.pause(simulator, program.ids(60), *options).stdout)
    assert found["requests"] == len(simulator.ledger)
    assert {entry.action for entry in simulator.ledger} == {"pause", "view"}


def test_429_of_repeated_read_is_counted(program: Program, serve: Serve) -> None:
    simulator = serve(
        statuses={"1001": "paused"},
        read_back_scripts={"1001": (Fault.RATE_LIMITED,) * 2},
    )
    found = object_of(program.pause(simulator, program.ids(1), "--json").stdout)
    assert (found["requests"], len(simulator.ledger)) == (4, 4)
    assert (found["refused_for_rate"], found["already_paused"]) == (2, 1)
