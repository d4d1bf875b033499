"""Run commands in this process, as `bulkpause` does in its own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bulkpause.cli.app import main


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit code and the output of a command."""

    code: object
    stdout: str
    stderr: str


Call = Callable[..., Ended]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Call the program in an empty folder. It must send nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OCAMBA_TOKEN", "s3cret-token")
    monkeypatch.setenv("OCAMBA_BASE_URL", "http://127.0.0.1:9")

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["bulkpause", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return Ended(ended.value.code, output.out, output.err)

    return call
