"""Run the installed program in child processes."""

import signal
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson

from bulkpause.simulator import Simulator
from tests.support.faulty_server import FaultyServer
from tests.support.terminal import Terminal, environment


WITHIN_S = 60.0
#: Most tests use a simulator with one window of this size, to be quick.
QUICK = ("--burst", "20/500ms", "--steady", "none")
#: For tests that need an id that is refused or fails: it would be read back for 15 s.
UNREAD = ("--verify", "none")
TOKEN = "s3cret-token"

Serve = Callable[..., Simulator]
Start = Callable[..., FaultyServer]


def script() -> Path:
    """Find the console script of this interpreter's environment."""
    return Path(sysconfig.get_path("scripts")) / "bulkpause"


def until(happened: Callable[[], object]) -> None:
    give_up_at = monotonic() + WITHIN_S
    while not happened():
        assert monotonic() < give_up_at, "it never happened"
        sleep(0.005)


def without(given: Sequence[str], options: Sequence[str]) -> list[str]:
    """Leave out the options, each with a value, that are given by themselves."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in given for word in pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """The exit code and the output of a child process."""

    code: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> str:
        """The first line on standard output: the rows by status."""
        return self.stdout.partition("\n")[0]


class Running:
    """A child process that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def line_of_stderr(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def line_of_stdout(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def end(self) -> ProcessResult:
        stdout, stderr = self._process.communicate(timeout=WITHIN_S)
        return ProcessResult(
            code=self._process.returncode, stdout=stdout, stderr=stderr or ""
        )

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    close = kill


@dataclass(slots=True)
class Program:
    """The program in its own folder, with its own environment variables."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    _running: list[Running | Terminal] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def ids(self, count: int) -> str:
        """Write a plain list of `count` ids, from 1001 on."""
        return self.file("ids.txt", "".join(f"{1001 + n}\n" for n in range(count)))

    def start(
        self,
        *arguments: str | Path,
        under: Sequence[str] = (),
        stderr: int = subprocess.PIPE,
    ) -> Running:
        """Start the program, `under` a command that begins it."""
        process = subprocess.Popen(
            [*under, script(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=self.folder,
            env=environment(self.variables),
            text=True,
            start_new_session=True,  # without the terminal of the tests
        )
        self._running.append(running := Running(process))
        return running

    def call(self, *arguments: str | Path, stdin: bytes = b"") -> ProcessResult:
        ended = subprocess.run(
            [script(), *arguments],
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env=environment(self.variables),
            timeout=WITHIN_S,
            check=False,
            start_new_session=True,
        )
        return ProcessResult(
            code=ended.returncode,
            stdout=ended.stdout.decode(),
            stderr=ended.stderr.decode(),
        )

    def on_a_terminal(self, *arguments: str) -> Terminal:
        return self._on_a_terminal([str(script()), *arguments])

    def shell_on_a_terminal(self, command: str) -> Terminal:
        return self._on_a_terminal(["/bin/sh", "-c", command])

    def _on_a_terminal(self, command: list[str]) -> Terminal:
        terminal = Terminal(command, cwd=self.folder, variables=self.variables)
        self._running.append(terminal)
        return terminal

    def to(self, simulator: Simulator, *options: str) -> list[str]:
        """Give the options for a quick run against a simulator, with a log.

        Other options may replace the usual ones.
        """
        usual = ["--base-url", simulator.base_url, "--log", "log.jsonl", *QUICK]
        return [*without(options, usual), *options]

    def pause(
        self, simulator: Simulator, source: str, *options: str, stdin: bytes = b""
    ) -> ProcessResult:
        words = self.to(simulator, *options)
        return self.call("run", source, "--yes", *words, stdin=stdin)

    def records(self) -> list[dict[str, Any]]:
        lines = self.log.read_bytes().splitlines(keepends=True)
        assert all(line.endswith(b"\n") for line in lines)
        return [orjson.loads(line) for line in lines]

    def statuses(self) -> dict[str, str]:
        return {record["id"]: record["status"] for record in self.records()}

    def close(self) -> None:
        for running in self._running:
            running.close()
