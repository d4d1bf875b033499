"""A log has one writer, and only its owner can read it."""

import subprocess
from stat import S_IMODE

import pytest

from bulkpause.simulator import Simulator, Window
from tests.support.program import Program, Serve, script, until
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

SLOW = {"windows": (Window(limit=5, period_s=0.5),), "latency_s": 0.1}


def slow_run(program: Program, simulator: Simulator) -> list[str]:
    to = ["--base-url", simulator.base_url, "--log", "log.jsonl", "--resume"]
    return ["run", "ids.txt", "--yes", *to, "--burst", "5/500ms", "--steady", "none"]


@pytest.mark.smoke
def test_second_run_on_same_log_exits_7(program: Program, serve: Serve) -> None:
    simulator = serve(**SLOW)
    program.ids(600)
    program.start(*slow_run(program, simulator))
    until(lambda: len(simulator.ledger) >= 1)
    second = program.call(*slow_run(program, simulator))
    assert second.code == 7
    carry_on = (
        "another run holds log.jsonl; once it has ended, carry on with: bulkpause"
    )
    resumed = f"{carry_on} run ids.txt --log log.jsonl --resume --base-url http://"
    assert resumed in second.stderr
    retry = ["retry", "log.jsonl", "--yes", "--base-url", simulator.base_url]
    third = program.call(*retry)
    assert third.code == 7
    assert f"{carry_on} retry log.jsonl --base-url http://" in third.stderr
    runs = {(entry.request_id or "").rpartition("-")[0] for entry in simulator.ledger}
    assert len(runs) == 1


@pytest.mark.smoke
def test_killed_run_releases_log(program: Program, serve: Serve) -> None:
    simulator = serve(**SLOW)
    program.ids(20)
    running = program.start(*slow_run(program, simulator))
    until(lambda: len(simulator.ledger) >= 3)
    running.kill()
    assert program.call(*slow_run(program, simulator)).code == 0
    assert set(program.statuses().values()) == {"paused"}


def test_status_and_export_read_log_during_run(program: Program, serve: Serve) -> None:
    simulator = serve(**SLOW)
    program.ids(100)
    program.start(*slow_run(program, simulator))
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 2)
    status = program.call("status", "log.jsonl")
    assert status.code == 5
    assert "may still be running" in status.stdout
    exported = program.call("export", "log.jsonl", "--status", "paused,not_attempted")
    assert len(exported.stdout.splitlines()) > 90


@pytest.mark.parametrize("verb", ["run", "retry"])
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.wal"])
def test_symlinked_log_is_refused_and_target_unchanged(
    program: Program, serve: Serve, name: str, verb: str
) -> None:
    simulator = serve()
    program.ids(3)
    precious = program.folder / "precious"
    precious.write_bytes(b"")
    (program.folder / name).symlink_to(precious)
    to = ["--yes", "--base-url", simulator.base_url]
    given = ["run", "ids.txt", "--log", "log.jsonl", "--resume"]
    if verb == "retry":
        given = ["retry", "log.jsonl"]
        planned = b'{"planned":[["1001",1]]}\n'
        precious.write_bytes(planned if name.endswith("wal") else b"")
    before = precious.read_bytes()
    ended = program.call(*given, *to)
    assert ended.code == (2 if name == "log.jsonl" else 6)
    assert precious.read_bytes() == before
    assert len(simulator.ledger) == 0


def test_log_files_are_private_under_any_umask(program: Program, serve: Serve) -> None:
    simulator = serve(**SLOW)
    program.ids(30)
    process = subprocess.Popen(
        [script(), *slow_run(program, simulator)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=program.folder,
        env=environment(program.variables),
        umask=0,
    )
    try:
        until(lambda: len(simulator.ledger) >= 1)
        modes = {
            path.name: oct(S_IMODE(path.stat().st_mode))
            for path in program.folder.glob("log.jsonl*")
        }
    finally:
        process.kill()
        process.wait()
    assert modes == {"log.jsonl": "0o600", "log.jsonl.wal": "0o600"}
