"""Run the examples of the README, and compare its tables with the program."""

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import click
import pytest
from anyio.from_thread import start_blocking_portal
from rich.console import Console

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.syntax.run import run as run_verb
from bulkpause.model import Record
from bulkpause.progress.bar import render
from bulkpause.progress.snapshot import Snapshot
from bulkpause.simulator import Behaviour, Simulator
from bulkpause.vocabulary import Status
from tests.support.terminal import Terminal, environment


pytestmark = [pytest.mark.unmeasured, pytest.mark.posix_only]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
SCRIPTS = Path(sysconfig.get_path("scripts"))

MASKS = {
    r"\d{8}T\d{6}Z(-[0-9a-f]{6})+": "RUN",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z": "TIME",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "TRACE",
    r'("latency_ms": ?)[0-9.]+': r"\1MS",
    r'("crc32": ?)"[0-9a-f]{8}"': r'\1"SUM"',
    r"http://127\.0\.0\.1:\d+": "https://api.ocamba.com",
    r"\d+\.\d s, (\d+ requests), .+ allow": r"SPEED, \1",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC": "DATE",
    r"\d+ s ago": "AGO",
    r"p50 \d+ ms, p95 \d+ ms, p99 \d+ ms": "LATENCY",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of the README and its language."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        lines = self.text.splitlines()
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]

    @property
    def is_set_up(self) -> bool:
        return self.commands[0].startswith("python3 -m venv ")


def blocks(language: str) -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [Block(name, text) for name, text in found if name == language]


def column_of(heading: str) -> list[str]:
    """Give the first column of the table whose heading row begins with this."""
    table = re.search(
        rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", README, re.MULTILINE
    )
    assert table is not None
    return [row.split("|")[1].strip() for row in table[1].splitlines()]


def masked(text: str) -> str:
    for pattern, mask in MASKS.items():
        text = re.sub(pattern, mask, text)
    return text


def shell_script(commands: list[str]) -> str:
    """Write a script that prints each command before it runs it."""
    lines = ["status=0"]
    for command in commands:
        lines += [f"printf '%s\\n' {shlex.quote('$ ' + command)}", "(exit $status)"]
        lines += [command, "status=$?"]
    return "\n".join(lines)


OPTIONS = [each for each in run_verb.params if isinstance(each, click.Option)]
SET_UPS = [block.commands[0] for block in blocks("console") if block.is_set_up]
SHOWN = [block for block in blocks("console") if not block.is_set_up]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "sample_inputs", tmp_path / "sample_inputs")
    return tmp_path


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    behaviour = Behaviour(statuses={"1000777": "draft"}, latency_s=0.06, jitter_s=0.02)
    with start_blocking_portal() as portal:
        context = portal.wrap_async_context_manager(Simulator(behaviour))
        with context as simulator:
            yield simulator


def variables() -> dict[str, str]:
    path = f"{SCRIPTS}:{environment({})['PATH']}"
    quiet = {f"BULKPAUSE_{name}_PROGRESS": "none" for name in ("RUN", "UNDO", "LIST")}
    return {"PATH": path, **quiet}


def on_a_terminal(
    script: str,
    folder: Path,
    *,
    asks: bool = False,
    more_variables: dict[str, str] | None = None,
) -> str:
    """Run a script on a terminal, answer yes if it asks, and give its output."""
    shell = ["bash", "-c", script]
    terminal = Terminal(
        shell, cwd=folder, variables=variables() | (more_variables or {})
    )
    try:
        if asks:
            terminal.wait_for("[y/N]: ")
            terminal.type("y\n")
        terminal.end()
    finally:
        terminal.close()
    return terminal.seen


@pytest.mark.slow
@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.commands[0])
def test_console_example_prints_what_readme_shows(block: Block, folder: Path) -> None:
    script = shell_script(block.commands)
    seen = on_a_terminal(script, folder, asks="[y/N]: y\n" in block.text)
    assert masked(seen) == masked(block.text)


@pytest.mark.slow
def test_set_up_command_prints_what_readme_shows(folder: Path) -> None:
    block = next(block for block in blocks("console") if block.is_set_up)
    command = block.commands[0].split(" && ")[-1].removeprefix(".venv/bin/")
    seen = on_a_terminal(command, folder)
    assert masked(seen) == masked(block.text.partition("\n")[2])


def test_simulated_examples_say_so() -> None:
    # But for a block that has a simulator of its own.
    simulated = [block for block in SHOWN if "bulkpause simulate" not in block.text]
    assert len(simulated) == len(SHOWN) - 1
    commands = [command for block in simulated for command in block.commands]
    runs = [command for command in commands if "bulkpause run" in command]
    assert runs
    assert all(" --simulate " in command for command in runs)


def test_readme_has_two_set_up_commands() -> None:
    assert len(SET_UPS) == 2
    for command in SET_UPS:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


@pytest.mark.parametrize("command", SET_UPS)
def test_ci_runs_set_up_commands(command: str) -> None:
    _, install, work = command.replace(".venv/bin/", "").split(" && ")
    assert f"step {install}\n" in CI
    work = work.removeprefix("python ").removesuffix(" --quiet")
    assert re.search(rf"^step .*{re.escape(work)}( --log .*)?$", CI, re.MULTILINE)


def test_python_example_prints_what_readme_shows(tmp_path: Path) -> None:
    program = blocks("python")[0]
    output = re.findall(r"^# (.+)$", program.text, re.MULTILINE)
    ended = subprocess.run(
        [sys.executable, "-c", program.text],
        capture_output=True,
        cwd=tmp_path,
        env=environment({}),
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(ended.stdout.splitlines()) == output


def test_record_example_matches_written_record(
    folder: Path, simulator: Simulator
) -> None:
    (shown,) = blocks("json")
    command = "echo 1000777 | bulkpause run - --yes --reason 'The sale is over' --log l"
    api = {"OCAMBA_TOKEN": "any", "OCAMBA_BASE_URL": simulator.base_url}
    on_a_terminal(command, folder, more_variables=api)
    written = (folder / "l").read_text("utf-8")
    expected, found = json.loads(masked_json(shown.text)), json.loads(written)
    names = [*(field.name for field in fields(Record)), "crc32"]
    assert list(found) == list(expected) == names
    assert json.loads(masked_json(written)) == expected


def masked_json(text: str) -> str:
    return masked(text).replace(": MS", ': "MS"').replace(":MS", ':"MS"')


def snapshot_of(frame: list[str]) -> Snapshot:
    """Parse a rendered bar into the snapshot it shows."""
    finished, total = re.findall(r"\d+", frame[0])
    counted = {
        name: int(n) for n, name in re.findall(r"(\d+) ([a-z ]+[a-z])", frame[1])
    }
    rate, allowed, left = re.findall(r"[\d.]+", frame[2])
    wait = re.search(r"^waiting for (.+): (\d+) s$", "\n".join(frame), re.MULTILINE)
    _, _, failed = " ".join(map(str.strip, frame)).partition("latest ids not paused: ")
    by_status = {
        status.value: counted[status] for status in Status if status in counted
    }
    assert sum(by_status.values()) == int(finished)
    return Snapshot(
        total=int(total),
        by_status=by_status,
        requests=0,
        in_flight=counted["in flight"],
        accepted=counted["accepted"],
        to_retry=counted.get("to retry", 0),
        to_read_back=counted["to read back"],
        rate_per_s=float(rate),
        allowed_per_s=float(allowed),
        left_s=float(left),
        waits_for=wait and wait[1],
        waits_s=wait and float(wait[2]),
        failures=(failed,) if failed else (),
    )


def test_recording_matches_rendered_bar() -> None:
    (recording,) = blocks("text")
    *frames, end = recording.text.strip("\n").split("\n\n")
    for frame in frames:
        file = io.StringIO()
        console = Console(file=file, width=80, force_terminal=True)
        console.print(render(snapshot_of(frame.splitlines())))
        drawn = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
        assert [line.rstrip() for line in drawn.splitlines()] == frame.splitlines()
    assert len(frames) == 1
    assert end.startswith("150 rows = 149 paused + 1 rejected\n1 may still be running")


def section_of(heading: str) -> str:
    """Give the text from a heading to the next one."""
    _, _, text = README.partition(f"\n## {heading}")
    return text.partition("\n## ")[0]


OPTIONS_SECTION = section_of("Options of ")


def test_readme_describes_every_option() -> None:
    named = set(re.findall(r"`(--[a-z-]+)`", OPTIONS_SECTION))
    assert named == {option.opts[0] for option in OPTIONS}


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.show_default],
    ids=lambda option: option.opts[0],
)
def test_readme_gives_default_of_option(option: click.Option) -> None:
    default = re.escape(str(option.default))
    assert re.search(rf"`{option.opts[0]}`[^;|]*?\([^)]*{default}", OPTIONS_SECTION)


def test_exit_code_table_is_complete() -> None:
    codes = [int(text) for cell in column_of("exit code") for text in cell.split(", ")]
    assert codes == [code.value for code in ExitCode]


def test_status_table_is_complete() -> None:
    assert column_of("status") == [f"`{status}`" for status in Status]


def test_links_lead_to_existing_files() -> None:
    links = re.findall(r"\]\((?!https:)([^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).is_file()


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 490
