"""Shells complete verbs, options and values."""

import shutil
import subprocess

import pytest

from tests.e2e.program import WITHIN_S, Program, script


BASH = shutil.which("bash")
#: Sets completion up as the help says, and asks for one as bash does.
IN_BASH = """
eval "$(_BULKPAUSE_COMPLETE=bash_source bulkpause)"
COMP_WORDS=(bulkpause "$@")
COMP_CWORD=$#
_bulkpause_completion bulkpause
printf '%s\\n' "${COMPREPLY[@]}"
"""


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
def test_a_script_is_written_for_the_shell(program: Program, shell: str) -> None:
    program.variables["_BULKPAUSE_COMPLETE"] = f"{shell}_source"
    ended = program.call()
    assert ended.code == 0
    assert f"_BULKPAUSE_COMPLETE={shell}_complete" in ended.stdout


@pytest.mark.parametrize(
    ("shell", "found"), [("bash", "plain,run"), ("zsh", "run"), ("fish", "plain,run")]
)
def test_a_verb_is_completed(program: Program, shell: str, found: str) -> None:
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


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [(("ru",), ["run"]), (("run", "x", "--canar"), ["--canary"])],
    ids=str,
)
def test_bash_itself_completes(
    program: Program, words: tuple[str, ...], found: list[str]
) -> None:
    path = f"{script().parent}:/usr/bin:/bin"
    ended = subprocess.run(
        [str(BASH), "--norc", "-c", IN_BASH, "bash", *words],
        capture_output=True,
        cwd=program.folder,
        env={"PATH": path},
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    assert ended.stdout.split() == found
