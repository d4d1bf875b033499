"""The simulator as a program of its own."""

from signal import SIGINT

import orjson
import pytest

from bulkpause.simulator import Ledger
from tests.support.program import TOKEN, Program, without


def pauses(program: Program, url: str, source: str, *options: str) -> int:
    usual = without(options, ("--base-url", url, "--log", "log.jsonl"))
    return program.call("run", source, "--yes", *usual, *options).code


def test_printed_address_accepts_a_run(program: Program) -> None:
    simulator = program.start("simulate", "--ledger", "ledger.jsonl")
    url = simulator.line_of_stdout().strip()
    assert pauses(program, url, program.ids(10)) == 0
    simulator.send(SIGINT)
    assert simulator.end().code == 0
    ledger = Ledger.read(program.folder / "ledger.jsonl")
    assert len(ledger.paused_ids()) == 10
    assert ledger.rate_limited() == []


def test_options_inject_faults(program: Program) -> None:
    simulator = program.start(
        "simulate",
        *("--ledger", "ledger.jsonl", "--status", "1001=draft"),
        *("--script", "1002=404", "--script", "1003=500,lost"),
        *("--fault", "slow=0.01", "--window", "20/500ms", "--latency", "1ms"),
    )
    url = simulator.line_of_stdout().strip()
    assert pauses(program, url, program.ids(4)) == 1
    assert program.statuses() == {
        "1001": "not_pausable",
        "1002": "rejected",
        "1003": "paused",
        "1004": "paused",
    }
    simulator.send(SIGINT)
    simulator.end()
    ledger = Ledger.read(program.folder / "ledger.jsonl")
    assert ledger.paused_ids() == {"1003", "1004"}


def test_only_token_of_file_is_accepted(program: Program) -> None:
    (program.folder / "token").write_text(TOKEN)
    (program.folder / "token").chmod(0o600)
    simulator = program.start("simulate", "--token-file", "token")
    url = simulator.line_of_stdout().strip()
    program.variables["OCAMBA_TOKEN"] = "another"
    assert pauses(program, url, program.ids(1)) == 4
    program.variables["OCAMBA_TOKEN"] = TOKEN
    assert pauses(program, url, program.ids(1), "--log", "second.jsonl") == 0


def test_unknown_fault_exits_with_2(program: Program) -> None:
    ended = program.call("simulate", "--fault", "gremlins=0.5")
    assert ended.code == 2
    assert "'gremlins' is not a fault" in ended.stderr


def test_port_in_use_is_usage_error(program: Program) -> None:
    first = program.start("simulate")
    port = first.line_of_stdout().strip().rpartition(":")[2]
    ended = program.call("simulate", "--port", port)
    assert ended.code == 2
    assert "Traceback" not in ended.stderr


def test_status_without_id_exits_with_2(program: Program) -> None:
    ended = program.call("simulate", "--status", "draft")
    assert ended.code == 2
    assert "Traceback" not in ended.stderr


def test_probabilities_above_one_exit_with_2(program: Program) -> None:
    ended = program.call("simulate", "--fault", "500=0.6", "--fault", "502=0.6")
    assert ended.code == 2
    assert "add up to more than 1" in ended.stderr


def test_options_describe_undocumented_behaviour(program: Program) -> None:
    simulator = program.start(
        "simulate",
        *("--ledger", "ledger.jsonl", "--read-lag", "500ms", "--late", "200ms"),
        *("--script", "1001=lost", "--script", "1002=502-late,400"),
        *("--view-word", "paused=PAUSED", "--storm", "429=1s", "--retry-after", "1"),
        *("--read-script", "1001=503", "--read-fault", "500=0"),
    )
    url = simulator.line_of_stdout().strip()
    assert pauses(program, url, program.ids(3)) == 0
    simulator.send(SIGINT)
    simulator.end()
    ledger = Ledger.read(program.folder / "ledger.jsonl")
    assert sorted(ledger.acted_ids()) == ["1001", "1002", "1003"]
    assert ledger.rate_limited()
    assert {record["campaign_status"] for record in program.records()} == {
        "PAUSED",
        None,
    }


@pytest.mark.parametrize(
    "storm", ["429", "429=", "429=soon", "read:429=1s", "gremlins=1s", ":429=1s"]
)
def test_malformed_storm_exits_with_2(program: Program, storm: str) -> None:
    ended = program.call("simulate", "--storm", storm)
    assert ended.code == 2
    assert "Traceback" not in ended.stderr


def test_malformed_view_word_exits_with_2(program: Program) -> None:
    assert program.call("simulate", "--view-word", "paused").code == 2


def test_simulated_run_says_so_everywhere(program: Program) -> None:
    said = "simulated: no real campaign was paused"
    options = ("--yes", "--simulate", "--log", "log.jsonl", "--resume")
    ended = program.call("run", "1000248", *options, "--progress", "lines")
    assert said in ended.stdout.splitlines()
    assert all(orjson.loads(line)["simulated"] for line in ended.stderr.splitlines())
    assert [record["endpoint"] for record in program.records()] == ["simulator"]
    again = program.call("run", "1000248", *options, "--json")
    assert orjson.loads(again.stdout)["simulated"] is True
    assert said in program.call("status", "log.jsonl").stdout
    exported = program.call("export", "log.jsonl")
    assert exported.stderr.endswith(f"\nnote: log.jsonl: {said}\n")
