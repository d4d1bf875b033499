"""Shells complete commands, options and values."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest

from tests.support.program import Program, script
from tests.support.terminal import Terminal


pytestmark = pytest.mark.unmeasured

#: Starts an interactive shell without a startup file.
SHELLS = {
    "bash": ["bash", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
#: Lines of a startup file before the line that the help names.
BEFORE = {"zsh": "autoload -Uz compinit; compinit -u; "}


def completed(program: Program, shell: str, *words: str) -> list[str]:
    program.variables |= {
        "_BULKPAUSE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["bulkpause", *words]),
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words)),
    }
    ended = program.call()
    assert (ended.code, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_written_for_shell(program: Program, shell: str) -> None:
    program.variables["_BULKPAUSE_COMPLETE"] = f"{shell}_source"
    ended = program.call()
    assert ended.code == 0
    assert f"_BULKPAUSE_COMPLETE={shell}_complete" in ended.stdout


@pytest.mark.parametrize(
    ("shell", "found"), [("bash", "plain,run"), ("zsh", "run"), ("fish", "plain,run")]
)
def test_command_name_is_completed(program: Program, shell: str, found: str) -> None:
    assert any(line.startswith(found) for line in completed(program, shell, "ru"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("run", "x", "--ord"), "plain,--order-by"),
        (("run", "x", "--verify", "d"), "plain,doubtful"),
        (("run", "sam"), "file,sam"),
        (("status", "log"), "file,log"),
    ],
    ids=str,
)
def test_options_values_and_files_are_completed(
    program: Program, words: tuple[str, ...], found: str
) -> None:
    assert completed(program, "bash", *words) == [found]


def set_up_line(program: Program, shell: str) -> str:
    line = re.search(
        rf"^ +{shell} +(.*BULKPAUSE.*)$", program.call("--help").stdout, re.MULTILINE
    )
    assert line is not None
    return BEFORE.get(shell, "") + line[1]


@pytest.fixture
def shell(program: Program, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """Start a shell on a terminal, set up with the line that the help names."""
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")
    program.file("incident.csv", "id\n1001\n")
    line = set_up_line(program, name)
    path = f"{script().parent}:{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(program.folder), "TERM": "xterm"}
    terminal = Terminal(SHELLS[name], cwd=program.folder, variables=variables)
    terminal.type(f"{line}; echo rea''dy\n")
    terminal.wait_for("ready\n")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
def test_shell_completes_typed_text(shell: Terminal) -> None:
    shell.type("bulkpause run x --canar\t")
    shell.wait_for("--canary")
    shell.type("\x15bulkpause run inci\t")
    shell.wait_for("incident.csv")
