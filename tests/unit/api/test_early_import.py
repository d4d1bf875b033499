"""An import in a thread holds nobody up who does not need it, and hides no error."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

#: Reads its certificates until a byte comes on standard input.
SLOW = "import os\nos.read(0, 1)\n"
BROKEN = "raise RuntimeError('no certificates')\n"
EARLY = """
from bulkpause.api.early_import import import_early
import_early()
print("goes on", flush=True)
"""
#: Who comes while a broken import runs gets a part of the module, which Python's own
#: import hands out then, and an error of that.
ENDED = """
import threading
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
"""
IMPORT = """
try:
    import aiohttp
    print("whole" if aiohttp.is_whole else "in part", flush=True)
except RuntimeError as error:
    print(error, flush=True)
"""


def start(folder: Path, connector: str, program: str) -> "subprocess.Popen[bytes]":
    package = folder / "aiohttp"
    package.mkdir()
    head = "from . import connector\nis_whole = True\n"
    (package / "__init__.py").write_text(head)
    (package / "connector.py").write_text(connector)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_caller_goes_on_while_certificates_are_read(tmp_path: Path) -> None:
    with start(tmp_path, SLOW, EARLY + IMPORT) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"goes on\n"

        rest, _ = program.communicate(b"x", timeout=60)

    assert rest == b"whole\n"


def test_import_without_threads_is_left_to_who_needs_it() -> None:
    without = "import threading\nthreading._start_new_thread = lambda *_: 1 / 0\n"
    without = without.replace("1 / 0", "(_ for _ in ()).throw(RuntimeError)")
    program = f"{without}{EARLY}{IMPORT}".replace("is_whole", "ClientSession")
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=True
    )
    assert ended.stdout == b"goes on\nwhole\n"


def test_failed_import_is_met_by_who_needs_it(tmp_path: Path) -> None:
    with start(tmp_path, BROKEN, EARLY + ENDED + IMPORT) as program:
        output, errors = program.communicate(timeout=60)

    assert output == b"goes on\nno certificates\n"
    assert not errors
