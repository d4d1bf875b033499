"""What help and refusals do without: they come at once, also on a slow machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import TOKEN
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

#: Runs the program and then says which of the heavy modules it imported. The view of
#: a terminal needs rich.live; structlog imports some of rich whether or not it is used.
#: The stand-in for the API needs aiohttp.web.
PROGRAM = """
import sys
from bulkpause.cli.app import main
sys.argv = ["bulkpause", *sys.argv[1:]]
try:
    main()
finally:
    heavy = {"aiohttp", "aiohttp.web", "rich", "rich.live", "structlog"}
    print("imported", sorted(heavy & sys.modules.keys()), file=sys.stderr)
"""


def imported(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
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
    ],
    ids=" ".join,
)
def test_what_sends_nothing_imports_no_client_and_no_view(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "ids.txt").write_text("1001\n")
    assert imported(tmp_path, *arguments) == "imported []"


def run_in(folder: Path, *options: str) -> str:
    (folder / "ids.txt").write_text("1001\n")
    return imported(folder, "run", "ids.txt", "--yes", "--simulate", *options)


def test_a_run_that_shows_nothing_imports_no_view(tmp_path: Path) -> None:
    found = run_in(tmp_path, "--progress", "none")
    assert found == "imported ['aiohttp', 'aiohttp.web']"


def test_a_run_that_is_not_simulated_imports_no_server(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("1001\n")
    nobody = ("--base-url", "http://127.0.0.1:1", "--max-attempts", "1")
    found = imported(tmp_path, "run", "ids.txt", "--yes", *nobody, "--progress", "none")
    assert found == "imported ['aiohttp']"


@pytest.mark.parametrize("progress", ["auto", "bar", "lines"])
def test_a_run_without_a_terminal_imports_no_view(
    tmp_path: Path, progress: str
) -> None:
    found = run_in(tmp_path, "--progress", progress)
    assert "aiohttp" in found
    assert "rich.live" not in found
