"""What only shows a run never holds it up, and an output's fault has its own code."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from time import sleep
from typing import IO

import orjson
import pytest

from bulkpause.simulator import Simulator, Window
from tests.support.posix import fill
from tests.support.program import WITHIN_S, Program, Serve, script, until, without
from tests.support.terminal import environment


COUNT = 12
#: The second one if the signal comes while the interpreter ends.
NO_SPACE = "No space left on device"
#: A locale of ASCII, in which Python does not help itself to UTF-8.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def slow(serve: Serve) -> Simulator:
    return serve(windows=(Window(limit=5, period_s=0.5),), latency_s=0.02)


@pytest.fixture
def unread() -> Iterator[int]:
    """Give the writing end of a pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    fill(writer)
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def full() -> Iterator[IO[bytes]]:
    """Give a file on a full disk."""
    with open("/dev/full", "wb") as file:  # noqa: PTH123 (a device)
        yield file


@pytest.fixture
def children() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def begin(
    children: ExitStack, program: Program, *arguments: str, **streams: IO[bytes] | int
) -> "subprocess.Popen[str]":
    """Start the program with streams of any kind; others are pipes."""
    process = subprocess.Popen(
        [script(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=streams.get("stdout", subprocess.PIPE),
        stderr=streams.get("stderr", subprocess.PIPE),
        cwd=program.folder,
        env=environment(program.variables),
        text=True,
    )
    children.enter_context(process)
    children.callback(process.kill)
    return process


def end(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Give the exit code and the output of a process."""
    out, err = process.communicate(timeout=WITHIN_S)
    return process.returncode, out or "", err or ""


def interrupt(is_over: Callable[[], bool], send: Callable[[Signals], None]) -> None:
    """Send a signal now and then until the process ends: the first may stop the run."""
    for _ in range(20):
        send(SIGINT)
        for _ in range(30):
            if is_over():
                return
            sleep(0.1)
    raise AssertionError("it did not end")


def paced(program: Program, simulator: Simulator, *options: str) -> list[str]:
    """Give the command for a run of some seconds, without a question."""
    pace = without(options, ("--burst", "5/500ms"))
    words = program.to(simulator, *pace, *options)
    return ["run", program.ids(COUNT), "--yes", *words]


def are_all_paused(program: Program, simulator: Simulator) -> bool:
    """Tell whether all ids are paused, and on record."""
    on_record = program.log.read_bytes().count(b"\n") if program.log.exists() else 0
    return len(simulator.ledger.paused_ids()) == on_record == COUNT


@pytest.mark.parametrize("progress", ["bar", "lines"])
def test_stopped_terminal_holds_nothing_up(
    program: Program, slow: Simulator, progress: str
) -> None:
    program.variables["TERM"] = "xterm"
    command = paced(program, slow, "--progress", progress)
    terminal = program.on_a_terminal(*command)
    terminal.stop()
    until(lambda: are_all_paused(program, slow))
    assert terminal.exit_code is None
    terminal.go_on()
    assert terminal.end() == 0
    assert f"{COUNT} rows = {COUNT} paused" in terminal.seen


def test_signals_act_on_stopped_terminal(program: Program, slow: Simulator) -> None:
    program.variables["TERM"] = "xterm"
    command = paced(program, slow, "--progress", "bar", "--burst", "2/1s")
    terminal = program.on_a_terminal(*command)
    until(lambda: len(slow.ledger) >= 3)
    terminal.stop()
    # The first ends the run, a later one the wait for the terminal.
    interrupt(lambda: terminal.exit_code is not None, terminal.send)
    assert terminal.exit_code == 130
    assert 3 <= len(slow.ledger) < COUNT
    assert set(program.statuses()) == slow.ledger.paused_ids()


def test_question_on_stopped_terminal_obeys_signal(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", program.ids(3), *program.to(simulator))
    terminal.stop()
    terminal.send(SIGTERM)
    until(lambda: terminal.exit_code is not None)
    assert terminal.exit_code in {143, -SIGTERM}
    assert len(simulator.ledger) == 0


def test_unread_standard_error_holds_nothing_up(
    program: Program, slow: Simulator, children: ExitStack, unread: int
) -> None:
    command = paced(program, slow, "--progress", "lines")
    code, out, _ = end(begin(children, program, *command, stderr=unread))
    assert (code, len(slow.ledger.paused_ids())) == (0, COUNT)
    assert out.startswith(f"{COUNT} rows = {COUNT} paused\n")


def test_unread_result_is_waited_for_until_signal(
    program: Program, slow: Simulator, children: ExitStack, unread: int
) -> None:
    command = paced(program, slow)
    process = begin(children, program, *command, stdout=unread, stderr=unread)
    until(lambda: are_all_paused(program, slow))
    wal = program.log.with_name("log.jsonl.wal")
    until(lambda: not wal.exists())
    interrupt(lambda: process.poll() is not None, process.send_signal)
    assert process.returncode == 130


@pytest.mark.parametrize("options", [("--json",), ("--progress", "lines")], ids=str)
def test_full_disk_under_result_has_own_code(
    program: Program,
    serve: Serve,
    children: ExitStack,
    full: IO[bytes],
    options: tuple[str, ...],
) -> None:
    command = paced(program, simulator := serve(), *options)
    code, _, err = end(begin(children, program, *command, stdout=full))
    assert (code, len(simulator.ledger.paused_ids())) == (74, COUNT)
    assert f"the summary could not be written: {NO_SPACE}" in err
    assert "bulkpause status log.jsonl" in err
    assert "Exception" not in err


def test_full_disk_under_messages_keeps_code(
    program: Program, serve: Serve, children: ExitStack, full: IO[bytes]
) -> None:
    command = paced(program, simulator := serve(), "--progress", "lines")
    code, out, _ = end(begin(children, program, *command, stderr=full))
    assert (code, len(simulator.ledger.paused_ids())) == (0, COUNT)
    assert f"could not be written to standard error: {NO_SPACE}" in out


def test_full_disk_under_both_streams(
    program: Program, serve: Serve, children: ExitStack, full: IO[bytes]
) -> None:
    command = paced(program, simulator := serve())
    code, _, _ = end(begin(children, program, *command, stdout=full, stderr=full))
    assert (code, len(simulator.ledger.paused_ids())) == (74, COUNT)


def test_unfinished_run_on_full_disk_keeps_code(
    program: Program, serve: Serve, children: ExitStack, full: IO[bytes]
) -> None:
    command = paced(program, serve(), "--deadline", "1ms")
    assert end(begin(children, program, *command, stdout=full))[0] == 8


def test_command_on_full_disk_says_why(
    program: Program, serve: Serve, children: ExitStack, full: IO[bytes]
) -> None:
    program.pause(serve(), program.ids(2))
    for arguments in (
        ("--help",),
        ("run", "--help"),
        ("--version",),
        ("plan", "ids.txt"),
        ("plan", "ids.txt", "--json"),
        ("status", "log.jsonl"),
        ("status", "log.jsonl", "--json"),
        ("export", "log.jsonl", "--status", "paused"),
    ):
        code, _, err = end(begin(children, program, *arguments, stdout=full))
        assert (arguments, code) == (arguments, 74)
        text = f"bulkpause: the output could not be written: {NO_SPACE}; "
        assert err.startswith(text)
        assert err.count("\n") == 1


@pytest.mark.parametrize("redirections", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_streams_closed_at_start_are_no_fault(
    program: Program, serve: Serve, redirections: str
) -> None:
    simulator = serve()
    command = " ".join([str(script()), *paced(program, simulator, "--burst", "none")])
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} {redirections}"],
        cwd=program.folder,
        env=environment(program.variables),
        capture_output=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0
    # Nothing was written into a file that got the number of a closed stream.
    assert set(program.statuses().values()) == {"paused"}
    assert are_all_paused(program, simulator)


def test_closed_pipe_keeps_code(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.ids(3))
    command = f"( {script()} export log.jsonl --status paused; echo $? >code ) | true"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=program.folder,
        env=environment(program.variables),
        capture_output=True,
        timeout=WITHIN_S,
        check=True,
    )
    until((program.folder / "code").exists)
    assert (program.folder / "code").read_text() == "0\n"
    assert ended.stderr == b""


@pytest.mark.parametrize(
    "variables", [ASCII, {"PYTHONIOENCODING": "ascii"}], ids=["locale", "variable"]
)
def test_missing_letters_keep_code(
    program: Program, serve: Serve, variables: dict[str, str]
) -> None:
    program.variables.update(variables)
    rows = program.file("rows.csv", "id,name\n1001,Küche ━\n1002,Größe\n")
    simulator = serve(statuses={"1002": "draft"})
    planned = program.call("plan", rows)
    ended = program.pause(simulator, rows, "--progress", "none")
    status = program.call("status", "log.jsonl")
    assert (planned.code, ended.code, status.code) == (0, 1, 1)
    assert "K?che ?" in planned.stdout
    assert "Gr??e" in ended.stdout or "Gr?" in ended.stdout
    assert (planned.stdout + ended.stdout + status.stdout).isascii()
    exported = program.call("export", "log.jsonl", "--status", "paused")
    assert "Küche ━" in exported.stdout


@pytest.mark.parametrize("options", [("--json",), ("--progress", "lines")], ids=str)
def test_log_whose_name_is_not_utf_8(
    program: Program, serve: Serve, options: tuple[str, ...]
) -> None:
    log = Path(os.fsdecode(b"log\xff.jsonl"))
    to = without(("--log",), program.to(serve()))
    words = ("run", program.ids(2), "--yes", *to, *options)
    ended = program.call(*words, "--log", log)
    assert ended.code == 0
    for command in (("status", log), ("status", log, "--json"), ("export", log)):
        assert program.call(*command).code == 0
    if options == ("--json",):
        assert orjson.loads(ended.stdout)["log"] == "logÿ.jsonl"
