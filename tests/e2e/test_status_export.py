"""`status` and `export` read a log: what still runs, and the ids as a file."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from bulkpause.simulator import Fault, Simulator
from tests.support.fixtures import program_in, serving
from tests.support.program import Program, Serve


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with serving() as serve:
        yield serve(
            statuses={"1001": "paused", "1002": "draft"},
            scripts={"1003": (Fault.NOT_FOUND,), "1004": (Fault.UNAVAILABLE,) * 9},
        )


@pytest.fixture(scope="module")
def logged(server: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a folder with a log with every status: the canary failed, two ids were not attempted.

    Once, since its read-backs take 15 s.
    """
    program = program_in(tmp_path_factory.mktemp("stopped"))
    options = ["--canary", "4", "--max-attempts", "1"]
    assert program.pause(server, program.ids(6), *options).code == 8
    return program.folder


@pytest.fixture
def stopped(program: Program, logged: Path) -> Program:
    shutil.copytree(logged, program.folder, dirs_exist_ok=True)
    return program


def ids_of(text: str) -> list[str]:
    return [row["campaign_id"] for row in csv.DictReader(text.splitlines())]


@pytest.mark.smoke
def test_status_counts_campaigns_still_running(
    stopped: Program, server: Simulator
) -> None:
    ended = stopped.call("status", "log.jsonl")
    lines = ended.stdout.splitlines()
    assert (ended.code, ended.stderr) == (5, "")
    assert lines[0].startswith(f"log.jsonl: {server.base_url}, run 2")
    assert lines[2:5] == [
        "1 already paused",
        "1 not pausable (see their status below)",
        "4 may still be running: 1 failed, 1 rejected, 2 not attempted",
    ]
    command = f"bulkpause retry log.jsonl --base-url {server.base_url}"
    assert f"retry with: {command}" in lines
    assert lines[-1].startswith("1 rejected: mend what the API says of them")


def test_status_lists_causes_and_trace_ids(stopped: Program, server: Simulator) -> None:
    shown = stopped.call("status", "log.jsonl").stdout
    assert "1 rejected: HTTP 404, Not found" in shown
    assert str(server.ledger.of("1003")[0].trace_id) in shown


def test_status_json_holds_totals(stopped: Program) -> None:
    found = orjson.loads(stopped.call("status", "log.jsonl", "--json").stdout)
    assert (found["rows"], found["rejected"], found["log"]) == (6, 1, "log.jsonl")


def test_status_of_finished_log_exits_0(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.ids(3))
    ended = program.call("status", "log.jsonl")
    assert (ended.code, ended.stdout.splitlines()[2:]) == (
        0,
        ["3 paused", "0 may still be running"],
    )
    assert "retry with" not in ended.stdout


@pytest.mark.smoke
def test_skipped_rows_stay_in_totals(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("mangled.csv", "id\n1001\n1E17\n1.00025E+06\n")
    for _ in range(2):
        # The second run names the same rows again.
        program.pause(simulator, source, "--skip-invalid", "--resume")
    ended = program.call("status", "log.jsonl")
    assert (ended.code, ended.stdout.splitlines()[2:]) == (
        1,
        [
            "1 paused",
            "0 may still be running",
            "2 invalid rows: never sent; what they mean may still be running",
        ],
    )
    found = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    assert (found["rows"], found["paused"], found["invalid"]) == (3, 1, 2)
    options = program.to(simulator)
    options.remove("--log")
    again = program.call("retry", *options)
    assert (again.code, again.stdout.splitlines()) == (
        1,
        [
            "0 rows: no ids to pause",
            "2 rows of earlier runs cannot be paused",
            "log.jsonl: no id is failed, unknown, not_attempted",
        ],
    )


def test_status_sends_nothing(stopped: Program, server: Simulator) -> None:
    before = len(server.ledger)
    stopped.call("status", "log.jsonl")
    stopped.call("export", "log.jsonl")
    assert len(server.ledger) == before


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_plan_accepts_export(stopped: Program, server: Simulator, format_: str) -> None:
    exported = stopped.call("export", "log.jsonl", "--format", format_)
    source = stopped.file(f"left.{format_}", exported.stdout)
    plan = orjson.loads(stopped.call("plan", source, "--json").stdout)
    assert (plan["first"], plan["problems"]) == (["1004", "1005", "1006"], [])


@pytest.mark.parametrize(
    ("statuses", "ids"),
    [
        ("rejected", ["1003"]),
        ("rejected,not_pausable", ["1002", "1003"]),
        ("unknown", []),
    ],
)
def test_export_selects_ids_by_status(
    stopped: Program, statuses: str, ids: list[str]
) -> None:
    ended = stopped.call("export", "log.jsonl", "--status", statuses)
    assert ended.code == 0
    assert sorted(ids_of(ended.stdout)) == ids


def test_export_includes_ids_not_attempted(stopped: Program) -> None:
    ended = stopped.call("export", "log.jsonl", "--status", "not_attempted")
    assert ids_of(ended.stdout) == ["1005", "1006"]


def test_export_refuses_unknown_status(stopped: Program) -> None:
    ended = stopped.call("export", "log.jsonl", "--status", "failed,gone")
    assert (ended.code, ended.stdout) == (2, "")
    assert (
        "'gone' is not a status; choose from already_paused, already_running"
        in ended.stderr
    )


@pytest.mark.smoke
@pytest.mark.parametrize(
    "verb", [["status"], ["export"], ["retry", "--yes"]], ids=lambda verb: verb[0]
)
def test_missing_log_exits_3(program: Program, verb: list[str]) -> None:
    ended = program.call(*verb, "none.jsonl")
    assert (ended.code, ended.stdout) == (3, "")
    assert "none.jsonl does not exist" in ended.stderr
    assert list(program.folder.iterdir()) == []
