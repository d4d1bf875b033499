"""A bug in bulkpause has its own exit code."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.support.terminal import environment


#: Runs the program with a command that fails.
BROKEN = """
from bulkpause.cli import app as cli

def break_down(standalone_mode, obj):
    obj.is_json = True
    raise ZeroDivisionError("a defect")

cli.cli = break_down
cli.main()
"""


@pytest.mark.smoke
def test_bug_exits_70(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN],
        capture_output=True,
        cwd=tmp_path,
        env=environment({}),
        text=True,
        check=False,
    )
    assert ended.returncode == 70
    assert "ZeroDivisionError" in ended.stderr
    error = orjson.loads(ended.stdout)["error"]
    assert (error["code"], error["rows"]) == (70, [])
    assert "ZeroDivisionError" in error["message"]
    assert "bulkpause: this is a bug" in ended.stderr
