"""The summary as one JSON object on standard output."""

from signal import SIGINT
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Fault
from tests.support.program import Program, Serve, until


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
    ended = program.pause(simulator, program.ids(9), "--json", "--canary", "1")
    found = object_of(ended.stdout)
    assert (ended.code, found["exit_code"], found["not_attempted"]) == (8, 8, 8)
    assert found["stopped"].startswith(
        "--canary 1: 1 of the first 1 ids not paused (1001"
    )
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
    program.pause(simulator, program.ids(1), "--max-attempts", "1")
    options = [*program.to(simulator), "--yes", "--json"]
    options.remove("--log")
    options.remove("log.jsonl")
    found = object_of(program.call("retry", "log.jsonl", *options).stdout)
    assert (found["paused"], found["requests"], found["more_attempts"]) == (1, 1, 0)
