"""Commands import only what they need, so that help appears at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from bulkpause.journal.codec import encode
from bulkpause.model import Record
from bulkpause.vocabulary import Status
from tests.support.program import TOKEN
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

#: The bar needs rich.live; structlog imports parts of rich in any case. The simulator
#: needs aiohttp.web.
HEAVY = frozenset(
    {"aiohttp", "aiohttp.web", "asyncio", "rich", "rich.live", "structlog"}
)
#: Runs the program and then prints which of some modules it imported.
PROGRAM = """
import sys
from bulkpause.cli.app import main
sys.argv = ["bulkpause", *sys.argv[1:]]
try:
    main()
finally:
    print("imported", sorted(MODULES & sys.modules.keys()), file=sys.stderr)
"""


def imported(folder: Path, *arguments: str, of: frozenset[str] = HEAVY) -> str:
    program = PROGRAM.replace("MODULES", repr(set(of)))
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        env=environment({"OCAMBA_TOKEN": TOKEN}),
        text=True,
        check=False,
    )
    return ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("run", "--help"),
        ("plan", "--help"),
        ("simulate", "--help"),
        ("--version",),
        ("rum",),
        ("run",),
        ("run", "ids.txt", "--ordr-by", "spend"),
        ("run", "ids.txt", "--burst", "ten"),
        ("simulate", "--fault", "gremlins=1"),
        ("plan", "ids.txt"),
        ("status", "log.jsonl"),
        ("status", "log.jsonl", "--json"),
        ("export", "log.jsonl"),
    ],
    ids=" ".join,
)
def test_command_that_sends_nothing_imports_nothing_heavy(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "ids.txt").write_text("1001\n")
    record = Record(id="1001", status=Status.FAILED, planned=1, endpoint="simulator")
    (tmp_path / "log.jsonl").write_bytes(encode(record))
    assert imported(tmp_path, *arguments) == "imported []"


def test_status_of_settled_ids_imports_no_json(tmp_path: Path) -> None:
    for number, status in enumerate((Status.PAUSED, Status.FAILED)):
        line = Record(
            id="1001",
            status=status,
            http_status=204,
            attempts=1,
            reason="The sale is over",
            row=1,
            request_id="r-1",
            latency_ms=1.0,
            started_at="2026-07-01T08:00:00.000Z",
            finished_at="2026-07-01T08:00:00.000Z",
            run_id="r",
            planned=1,
            endpoint="simulator",
        )
        (tmp_path / "log.jsonl").write_bytes(encode(line))
        found = imported(
            tmp_path, "status", "log.jsonl", of=frozenset({"orjson", "json"})
        )
        assert ("json" in found) == bool(number), found


def test_status_and_export_import_no_reader_of_inputs() -> None:
    commands = "bulkpause.cli.commands"
    probe = f"import bulkpause.cli.app, {commands}.status, {commands}.export, sys; "
    probe += "print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert "bulkpause.report.export" in ended.stdout.split()
    assert "bulkpause.inputs" not in ended.stdout.split()


def test_start_imports_little_before_handling_signals() -> None:
    probe = "import bulkpause.cli.start, sys; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    ours = {name for name in ended.stdout.split() if name.startswith("bulkpause.")}
    assert ours == {
        *("bulkpause.cli", "bulkpause.cli.start"),
        *("bulkpause.cli.signals", "bulkpause.cli.stacks"),
    }
    heavy = {"asyncio", "click", "socket", "logging", "threading", "dataclasses"}
    assert not heavy & set(ended.stdout.split())


def run_in(folder: Path, *options: str) -> str:
    (folder / "ids.txt").write_text("1001\n")
    return imported(folder, "run", "ids.txt", "--yes", "--simulate", *options)


@pytest.mark.slow
def test_run_without_progress_imports_no_display(tmp_path: Path) -> None:
    found = run_in(tmp_path, "--progress", "none")
    assert found == "imported ['aiohttp', 'aiohttp.web', 'asyncio']"


@pytest.mark.slow
def test_real_run_imports_no_simulator(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("1001\n")
    nobody = ("--base-url", "http://127.0.0.1:1", "--max-attempts", "1")
    found = imported(tmp_path, "run", "ids.txt", "--yes", *nobody, "--progress", "none")
    assert found == "imported ['aiohttp', 'asyncio']"


@pytest.mark.slow
@pytest.mark.parametrize("progress", ["auto", "bar", "lines"])
def test_run_without_terminal_imports_no_bar(tmp_path: Path, progress: str) -> None:
    found = run_in(tmp_path, "--progress", progress)
    assert "aiohttp" in found
    assert "rich.live" not in found


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        # It is imported in a thread meanwhile.
        ("bulkpause.cli.commands.run", "aiohttp"),
        ("bulkpause.inputs.arguments", "bulkpause.inputs.csv_reader"),
        ("bulkpause.inputs.arguments", "bulkpause.inputs.jsonl_reader"),
    ],
)
def test_import_leaves_out_what_comes_later(module: str, absent: str) -> None:
    probe = f"import sys, {module}; print({absent!r} in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "False\n"
