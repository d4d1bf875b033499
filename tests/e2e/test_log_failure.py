"""A log that fails under a run ends it with 6, with totals that claim nothing false."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Simulator, Window
from tests.support.posix import limiting_file_size
from tests.support.program import WITHIN_S, Program, Running, Serve, script, until
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

IDS = 60
SLOW = {"windows": (Window(limit=5, period_s=0.2),), "latency_s": 0.02}
OPTIONS = ("--yes", "--log", "log.jsonl", "--burst", "5/200ms", "--steady", "none")


def wal(program: Program) -> Path:
    return program.folder / "log.jsonl.wal"


def started(program: Program, simulator: Simulator, *options: str) -> Running:
    """Start a run, and wait until some of its records are in the log."""
    to = ("--base-url", simulator.base_url, *OPTIONS)
    running = program.start("run", program.ids(IDS), *to, *options)
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 4)
    return running


def remove(log: Path) -> None:
    log.unlink()


def move(log: Path) -> None:
    log.rename(log.with_name("log.jsonl.1"))


def copy_and_truncate(log: Path) -> None:
    log.with_name("log.jsonl.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


def replace(log: Path) -> None:
    log.with_name("new").write_bytes(b"")
    log.with_name("new").rename(log)


def shorten(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    os.truncate(log, len(lines[0]))


EVERY_WAY = pytest.mark.parametrize(
    "lose", [remove, move, copy_and_truncate, replace, shorten]
)


def check_totals(found: dict[str, Any], sent: set[str | None]) -> None:
    """Check that no id that was sent is reported as not attempted."""
    assert found["rows"] == IDS
    assert IDS - found["not_attempted"] >= len(sent)
    assert found["may_run"] >= IDS - len(sent)
    assert found["exit_code"] == 6
    assert found["log_failure"]["has_write_ahead_log"]


@EVERY_WAY
def test_lost_log_ends_run_with_6(program: Program, serve: Serve, lose: Any) -> None:
    simulator = serve(**SLOW)
    running = started(program, simulator, "--json")
    lose(program.log)
    ended = running.end()
    found = orjson.loads(ended.stdout)
    assert ended.code == 6
    check_totals(found, {entry.id for entry in simulator.ledger})
    failure = found["log_failure"]
    assert failure["written"] >= 5
    assert failure["on_record"] < failure["written"]
    assert failure["has_log"] is program.log.exists()
    assert wal(program).exists()


@EVERY_WAY
def test_lost_log_is_explained(program: Program, serve: Serve, lose: Any) -> None:
    simulator = serve(**SLOW)
    running = started(program, simulator)
    lose(program.log)
    ended = running.end()
    assert ended.code == 6
    assert ended.summary.startswith(f"{IDS} rows = ")
    assert "stopped: log.jsonl " in ended.stderr
    assert "the write-ahead log log.jsonl.wal is kept" in ended.stderr
    is_there = program.log.exists()
    assert ("log.jsonl is gone, with " in ended.stderr) is not is_there
    assert ("retry with: bulkpause retry log.jsonl" in ended.stderr) is is_there
    if is_there:
        assert re.search(
            r"on record in log.jsonl now: \d+ of \d+ results", ended.stderr
        )


def test_retry_settles_ids_of_shortened_log(program: Program, serve: Serve) -> None:
    simulator = serve(**SLOW)
    running = started(program, simulator)
    copy_and_truncate(program.log)
    ended = running.end()
    before = {entry.id for entry in simulator.ledger if entry.action == "pause"}
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split()
    again = program.call(*command)
    assert again.code == 0
    assert program.call("status", "log.jsonl").code == 0
    assert simulator.ledger.paused_ids() == {str(1001 + n) for n in range(IDS)}
    assert before


def test_full_disk_says_what_is_known_and_to_free_space(
    program: Program, serve: Serve
) -> None:
    simulator = serve(**SLOW)
    limit = 9_001
    to = ("--base-url", simulator.base_url, *OPTIONS)
    ended = subprocess.run(
        [script(), "run", program.ids(IDS), *to],
        capture_output=True,
        cwd=program.folder,
        env=environment({**program.variables, "PYTHONDONTWRITEBYTECODE": "1"}),
        timeout=WITHIN_S,
        check=False,
        preexec_fn=limiting_file_size(limit),
        text=True,
    )
    assert ended.returncode == 6
    assert ended.stdout.startswith(f"{IDS} rows = ")
    sent = {entry.id for entry in simulator.ledger}
    not_attempted = re.search(r"(\d+) not_attempted", ended.stdout)
    assert not_attempted is not None
    assert int(not_attempted[1]) == IDS - len(sent)
    assert "raise the limit on the size of files first\n" in ended.stderr
    assert "retry with: bulkpause retry log.jsonl" in ended.stderr
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split()
    assert program.call(*command).code == 0


def test_disk_full_before_plan_advises_input(program: Program, serve: Serve) -> None:
    simulator = serve()
    to = ("--base-url", simulator.base_url, *OPTIONS)
    ended = subprocess.run(
        [script(), "run", program.ids(IDS), *to, "--json"],
        capture_output=True,
        cwd=program.folder,
        env=environment({**program.variables, "PYTHONDONTWRITEBYTECODE": "1"}),
        timeout=WITHIN_S,
        check=False,
        preexec_fn=limiting_file_size(100),
        text=True,
    )
    found = orjson.loads(ended.stdout)
    assert (ended.returncode, found["exit_code"]) == (6, 6)
    assert (found["not_attempted"], found["may_run"]) == (IDS, IDS)
    assert found["next"].startswith("bulkpause run ids.txt --log log.jsonl --resume")
    assert len(simulator.ledger) == 0
    status = program.call("status", "log.jsonl")
    assert (status.code, "nothing is on record" in status.stdout) == (5, True)
