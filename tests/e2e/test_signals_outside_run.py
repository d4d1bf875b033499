"""Signals before a run and beside it: while starting, planning and asking."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from bulkpause.simulator import Simulator
from tests.support.posix import (
    SIGHUP,
    SIGQUIT,
    count_unread,
    make_pipe,
    open_for_writing,
)
from tests.support.program import TOKEN, Program, Running, Serve, until


CODES = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143}
EACH_SIGNAL = pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)

#: Sends the process a signal in the middle of the import of a module.
AT_IMPORT = """
import importlib.abc, os, sys

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == os.environ["SIGNALLED_MODULE"]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

sys.meta_path.insert(0, Finder())
"""


#: Sends a signal at the one moment of an import when an exception would leave the lock
#: of all imports held, while another thread imports.
AT_LOCK = """
import importlib._bootstrap as bootstrap, os, threading

system, sent = bootstrap._imp, []

class Signalling:
    def __getattr__(self, name):
        return getattr(system, name)

    def acquire_lock(self):
        system.acquire_lock()
        if not sent and threading.current_thread() is threading.main_thread():
            if threading.active_count() > 1:
                sent.append(os.kill(os.getpid(), int(os.environ["SIGNAL"])))

bootstrap._imp = Signalling()
"""


def check_nothing_was_done(program: Program, running: Running, number: Signals) -> None:
    ended = running.end()
    assert (ended.code, ended.stdout) == (CODES[number], "")
    assert ended.stderr == f"{number.name}: nothing was sent\n"
    assert not program.log.exists()


@EACH_SIGNAL
@pytest.mark.parametrize(
    "module", ["bulkpause.cli.app", "click", "bulkpause.cli.commands.run", "asyncio"]
)
def test_signal_while_importing_ends_process(
    program: Program, number: Signals, module: str
) -> None:
    program.file("sitecustomize.py", AT_IMPORT)
    program.variables |= {
        "PYTHONPATH": str(program.folder),
        "SIGNALLED_MODULE": module,
        "SIGNAL": str(int(number)),
    }
    running = program.start("run", "1001", "--yes", "--simulate", "--log", "log.jsonl")
    check_nothing_was_done(program, running, number)


@EACH_SIGNAL
def test_signal_amid_import_of_two_threads_ends_process(
    program: Program, number: Signals
) -> None:
    program.file("sitecustomize.py", AT_LOCK)
    program.variables |= {
        "PYTHONPATH": str(program.folder),
        "SIGNAL": str(int(number)),
    }
    running = program.start("run", "1001", "--yes", "--simulate", "--log", "log.jsonl")
    check_nothing_was_done(program, running, number)


@dataclass
class Planning:
    """A run that reads an input which never ends."""

    program: Program
    running: Running
    simulator: Simulator

    def check_nothing_was_sent(self, number: Signals) -> None:
        check_nothing_was_done(self.program, self.running, number)
        assert len(self.simulator.ledger) == 0


@pytest.fixture
def plan(program: Program, serve: Serve) -> Iterator[Callable[..., Planning]]:
    """Start a run, and return once it has read a part of its input."""
    with ExitStack() as stack:

        def start(*under: str) -> Planning:
            simulator = serve()
            make_pipe(fifo := program.folder / "ids.txt")
            options = ["--yes", *program.to(simulator)]
            running = program.start("run", "ids.txt", *options, under=under)
            stack.callback(os.close, writer := descriptor_of_writer(fifo))
            os.write(writer, b"1001\n")
            until(lambda: count_unread(writer) == 0)
            return Planning(program, running, simulator)

        yield start


def descriptor_of_writer(fifo: Path) -> int:
    """Open a pipe for writing, once somebody reads it."""
    opened: list[int] = []

    def opens() -> bool:
        if (writer := open_for_writing(fifo)) is not None:
            opened.append(writer)
        return bool(opened)

    until(opens)
    return opened[0]


@EACH_SIGNAL
def test_signal_while_planning_ends_process(
    plan: Callable[..., Planning], number: Signals
) -> None:
    planning = plan()
    planning.running.send(number)
    planning.check_nothing_was_sent(number)


@pytest.mark.parametrize(
    ("number", "under"),
    [
        (SIGHUP, ("nohup",)),
        (SIGINT, ("sh", "-c", 'trap "" INT; exec "$@"', "sh")),
    ],
    ids=["SIGHUP", "SIGINT"],
)
def test_signal_ignored_by_parent_has_no_effect(
    plan: Callable[..., Planning], number: Signals, under: tuple[str, ...]
) -> None:
    planning = plan(*under)
    planning.running.send(number)
    planning.running.send(SIGTERM)
    planning.check_nothing_was_sent(SIGTERM)


NAMESPACE = ("unshare", "--map-root-user", "--fork", "--pid", "--kill-child")


def makes_namespaces() -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run([*NAMESPACE, "true"], check=False).returncode == 0
    )


@EACH_SIGNAL
def test_first_process_of_container_heeds_signal(
    plan: Callable[..., Planning], number: Signals
) -> None:
    if not makes_namespaces():
        pytest.skip("unshare may not make a PID namespace here")
    planning = plan(*NAMESPACE)
    pid = planning.running.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(children[0]), number)
    planning.check_nothing_was_sent(number)


@EACH_SIGNAL
def test_signal_at_question_ends_process(
    program: Program, serve: Serve, number: Signals
) -> None:
    simulator = serve()
    options = program.to(simulator)
    terminal = program.on_a_terminal("run", program.ids(2), *options)
    terminal.wait_for("[y/N]: ")
    terminal.send(number)
    assert terminal.end() == CODES[number]
    assert terminal.seen.endswith(f"[y/N]: \n{number.name}: nothing was sent\n")
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_stacks_are_shown_while_planning(plan: Callable[..., Planning]) -> None:
    planning = plan()
    planning.running.send(SIGQUIT)
    shown = ""
    for line in iter(planning.running.line_of_stderr, ""):
        shown += line
        if "/inputs/" in line:
            break
    planning.running.send(SIGTERM)
    ended = planning.running.end()
    assert ended.code == 143
    assert shown.startswith("main thread:\n")
    assert "start.py" in shown
    assert TOKEN not in shown + ended.stderr


@EACH_SIGNAL
def test_signal_ends_simulator_in_order(program: Program, number: Signals) -> None:
    simulator = program.start("simulate")
    assert simulator.line_of_stdout().startswith("http://127.0.0.1:")
    simulator.send(number)
    ended = simulator.end()
    assert (ended.code, ended.stderr) == (0, "")
