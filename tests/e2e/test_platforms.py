"""The program on systems that lack what Linux has, and on disks that lack locks."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import WITHIN_S, ProcessResult, Program
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).parents[2]

#: Runs the program without the modules that Windows lacks, and with its answers to
#: calls. The modules of others are those of Linux: they are imported before.
ON_WINDOWS = """
import sys
import aiohttp, asyncio, click, rich.console, structlog
for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
import pytest
from tests.support.windows import WindowsCalls
calls = WindowsCalls()
calls.install(pytest.MonkeyPatch())
sys.modules["msvcrt"] = calls
sys.platform = "win32"
import bulkpause.cli.terminal, bulkpause.journal.platform.open_files
sys.platform = "linux"
from bulkpause.cli.app import main
main()
"""
#: Runs the program on macOS: without fdatasync, and with F_FULLFSYNC.
ON_MACOS = """
import fcntl, os, sys
import aiohttp, asyncio, click, rich.console, structlog
del os.fdatasync
real, fcntl.F_FULLFSYNC = fcntl.fcntl, 51
fcntl.fcntl = lambda file, *what: os.fsync(file) if what == (51,) else real(file, *what)
sys.platform = "darwin"
import bulkpause.journal.platform.open_files
sys.platform = "linux"
from bulkpause.journal.platform.darwin import Darwin
Darwin.boot_id = lambda *_, **__: "1795000000"
from bulkpause.cli.app import main
main()
"""
#: Runs the program on a disk that answers a call with an error.
ON_A_DISK = """
import fcntl, os, sys
name, number = sys.argv[1].split("=")
del sys.argv[1]
def refuse(*_):
    raise OSError(int(number), os.strerror(int(number)))
setattr({"flock": fcntl, "fsync": os}[name], name, refuse)
from bulkpause.cli.app import main
main()
"""


def call(program: Program, script: str, *arguments: str) -> ProcessResult:
    variables = {**program.variables, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=program.folder,
        env=environment(variables),
        timeout=WITHIN_S,
        check=False,
        text=True,
    )
    return ProcessResult(
        code=ended.returncode, stdout=ended.stdout, stderr=ended.stderr
    )


def files(program: Program) -> set[str]:
    return {path.name for path in program.folder.iterdir()}


RUN = ("run", "ids.txt", "--simulate", "--yes", "--log", "log.jsonl")
SYSTEMS = {"windows": ON_WINDOWS, "macos": ON_MACOS}


@pytest.mark.smoke
@pytest.mark.parametrize("script", SYSTEMS.values(), ids=SYSTEMS)
def test_whole_run_needs_no_linux(program: Program, script: str) -> None:
    program.ids(4)
    ended = call(program, script, *RUN)
    assert (ended.code, ended.summary) == (0, "4 rows = 4 paused"), ended.stderr
    assert files(program) == {"ids.txt", "log.jsonl"}
    assert b"\r" not in program.log.read_bytes()
    assert set(program.statuses().values()) == {"paused"}
    again = call(program, script, *RUN, "--resume")
    assert (again.code, again.summary) == (0, "4 rows = 4 already_done")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--help",), 0), (("plan", "ids.txt"), 0), (("status", "log.jsonl"), 5)],
)
def test_other_commands_need_no_linux(
    program: Program, arguments: tuple[str, ...], code: int
) -> None:
    program.ids(4)
    program.file("log.jsonl", "")
    ended = call(program, ON_WINDOWS, *arguments)
    assert ended.code == code, ended.stderr
    assert "bug in bulkpause" not in ended.stderr


def test_disk_without_locks_exits_6(program: Program) -> None:
    program.ids(4)
    ended = call(program, ON_A_DISK, f"flock={errno.ENOLCK}", *RUN)
    assert (ended.code, ended.stdout) == (6, "")
    assert "log.jsonl cannot be locked: " in ended.stderr
    assert "name a log on a disk whose file system has locks" in ended.stderr
    assert files(program) == {"ids.txt"}
    assert program.call(*RUN).code == 0


def test_disk_that_cannot_sync_folders_is_used(program: Program) -> None:
    program.ids(4)
    ended = call(program, ON_A_DISK, f"fsync={errno.EINVAL}", *RUN)
    assert (ended.code, ended.summary) == (0, "4 rows = 4 paused")
