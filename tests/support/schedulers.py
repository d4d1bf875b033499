"""Run the files of templates as their schedulers do, with a program that records."""

import json
import re
import shlex
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]


_PROGRAM = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >>"{folder}/words"
printf '\\n' >>"{folder}/words"
code=$(head -n 1 "{folder}/codes")
sed -i 1d "{folder}/codes"
exit "${{code:-0}}"
"""
_SLEEP = '#!/bin/sh\necho "$1" >>"{folder}/sleeps"\n'


@dataclass(frozen=True, slots=True)
class Recorder:
    """A `bulkpause` that writes down its words, and a `sleep` that does not wait.

    Args:
        folder: Where the programs are, and what they write.
    """

    folder: Path

    @property
    def program(self) -> str:
        """The path of the program."""
        return str(self.folder / "bulkpause")

    def install(self, *codes: int) -> None:
        """Make the programs; the first exits with these codes, one after another."""
        (self.folder / "codes").write_text("".join(f"{code}\n" for code in codes))
        for name, text in (("bulkpause", _PROGRAM), ("sleep", _SLEEP)):
            path = self.folder / name
            path.write_text(text.format(folder=self.folder))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(
        self, command: Sequence[str], **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command that finds these programs before others."""
        return subprocess.run(
            command,
            capture_output=True,
            cwd=self.folder,
            env={"PATH": f"{self.folder}:/usr/bin:/bin", **variables},
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self) -> list[list[str]]:
        """Give the words of each call."""
        path = self.folder / "words"
        text = path.read_text() if path.exists() else ""
        return [line.split("\0")[:-1] for line in text.splitlines()]

    def sleeps(self) -> list[str]:
        path = self.folder / "sleeps"
        return path.read_text().split() if path.exists() else []


def systemd_command(unit: str) -> list[str]:
    """Read `ExecStart=` as systemd does: words, then specifiers and variables."""
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    words = shlex.split(line)
    for word in words:
        single = word.replace("%%", "").replace("$$", "")
        assert not {"%", "$"} & set(single), "a specifier or a variable"
    return [word.replace("%%", "%").replace("$$", "$") for word in words]


def cron_command(crontab: str) -> str:
    """Read the command as cron does."""
    (line,) = (each for each in crontab.splitlines() if not each.startswith("#"))
    command = line.split(maxsplit=5)[5]
    assert not re.search(r"(?<!\\)%", command), "the command would end here"
    return command.replace(r"\%", "%")


def kubernetes_command(manifest: str, variables: dict[str, str]) -> list[str]:
    """Read the command of the container as a kubelet does."""
    *_, job = yaml.safe_load_all(manifest)
    spec = job["spec"].get("jobTemplate", job)["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return [_expanded(word, variables) for word in container["command"]]


def _expanded(word: str, variables: dict[str, str]) -> str:
    return re.sub(
        r"\$(?:\$|\(([^)]*)\))",
        lambda found: "$" if found[1] is None else variables.get(found[1], found[0]),
        word,
    )


def github_script(workflow: str) -> str:
    """Read the script of the step that pauses as GitHub does."""
    steps = yaml.safe_load(workflow)["jobs"]["pause"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("name") == "Pause")
    quoted = "${{ '${{' }}"
    assert "${{" not in script.replace(quoted, ""), "an expression"
    return str(script.replace(quoted, "${{"))


def docker_command(dockerfile: str) -> list[str]:
    """Read the command of the image as Docker does."""
    (line,) = re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE)
    words: list[str] = json.loads(line)
    return words
