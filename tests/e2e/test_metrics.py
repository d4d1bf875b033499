"""Runs with `--metrics` leave a file that says what they did and how they ended."""

from pathlib import Path
from signal import SIGTERM

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bulkpause.simulator import Fault
from tests.support.posix import make_pipe
from tests.support.program import Program, Serve, until


METRICS = ("--metrics", "nightly.prom")


def metric(folder: Path, name: str, status: str | None = None) -> float | None:
    text = (folder / "nightly.prom").read_text()
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"bulkpause_{name}" and sample.labels.get("status") == status
    ]
    return found[0] if found else None


@pytest.mark.smoke
def test_file_holds_what_summary_says(program: Program, serve: Serve) -> None:
    simulator = serve(statuses={"1002": "draft"})
    ended = program.pause(simulator, program.ids(4), *METRICS)
    assert (ended.code, ended.summary) == (1, "4 rows = 3 paused + 1 not_pausable")
    assert metric(program.folder, "rows", "paused") == 3
    assert metric(program.folder, "rows", "not_pausable") == 1
    assert metric(program.folder, "requests") == len(simulator.ledger) == 5
    assert metric(program.folder, "ids_may_be_running") == 0
    assert metric(program.folder, "last_run_exit_code") == 1
    assert metric(program.folder, "last_success_timestamp_seconds") is None
    assert metric(program.folder, "running") == 0


def test_retry_keeps_last_success_of_run(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.UNAVAILABLE,) * 9})
    first = program.file("first.txt", "1000\n")
    program.pause(simulator, first, *METRICS, "--log", "first.jsonl")
    succeeded = metric(program.folder, "last_success_timestamp_seconds")
    quick = ("--max-attempts", "1", "--verify", "none", *METRICS)
    ended = program.pause(simulator, program.ids(2), *quick)
    assert ended.code == 5
    assert f" {' '.join(METRICS)} --yes\n" in ended.stderr
    address = program.to(simulator)[:2]
    options = (*address, *quick)
    again = program.call("retry", "log.jsonl", "--yes", *options)
    assert metric(program.folder, "last_run_exit_code") == again.code == 5
    assert metric(program.folder, "ids_may_be_running") == 1
    assert metric(program.folder, "last_success_timestamp_seconds") == succeeded
    assert succeeded is not None


def test_file_follows_run_that_signal_ends(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    options = (*program.to(simulator), *METRICS)
    running = program.start("run", program.ids(3), "--yes", *options)
    until((program.folder / "nightly.prom").exists)
    assert metric(program.folder, "running") == 1
    assert metric(program.folder, "rows", "not_attempted") == 3
    assert metric(program.folder, "ids_may_be_running") == 3
    until(lambda: len(simulator.ledger) == 3)
    running.send(SIGTERM)
    until(lambda: "a second signal" in running.line_of_stderr())
    running.send(SIGTERM)
    assert running.end().code == 143
    assert metric(program.folder, "last_run_exit_code") == 143
    assert metric(program.folder, "running") == 0


def test_rejected_token_and_held_log_are_told(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    options = program.to(simulator)
    program.start("run", program.ids(1), "--yes", *options)
    until(lambda: len(simulator.ledger) == 1)
    ended = program.call("run", "ids.txt", "--yes", *options, "--resume", *METRICS)
    assert metric(program.folder, "last_run_exit_code") == ended.code == 7
    program.variables["OCAMBA_TOKEN"] = "another"
    ended = program.pause(serve(), "ids.txt", "--log", "other.jsonl", *METRICS)
    assert metric(program.folder, "last_run_exit_code") == ended.code == 4


def test_locked_out_run_leaves_metrics_of_other(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    words = ["run", program.ids(3), "--yes", *program.to(simulator), *METRICS]
    program.start(*words)
    until(lambda: len(simulator.ledger) == 3)
    until((program.folder / "nightly.prom").exists)
    assert program.call(*words, "--resume").code == 7
    assert metric(program.folder, "running") == 1
    assert metric(program.folder, "last_run_exit_code") is None


@pytest.mark.smoke
def test_place_that_cannot_be_written_stops_no_run(
    program: Program, serve: Serve
) -> None:
    options = ("--metrics", "none/nightly.prom", "--progress", "lines")
    ended = program.pause(serve(), program.ids(2), *options)
    assert (ended.code, ended.summary) == (0, "2 rows = 2 paused")
    assert ended.stderr.count('"event":"metrics.failed"') == 1
    assert "no metrics in none/nightly.prom: No such file" in ended.stderr


@pytest.mark.smoke
def test_pipe_that_nobody_reads_stops_no_run(program: Program, serve: Serve) -> None:
    make_pipe(program.folder / "nightly.prom")
    ended = program.pause(serve(), program.ids(2), *METRICS)
    assert (ended.code, ended.summary) == (0, "2 rows = 2 paused")
    assert "no metrics in nightly.prom: its disk does not answer" in ended.stderr
