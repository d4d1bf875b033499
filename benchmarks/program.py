"""The installed program, and what it is given to pause."""

import os
import subprocess
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


#: Variables for a program that needs a token, which nobody looks at.
ENVIRONMENT: Mapping[str, str] = {**os.environ, "OCAMBA_TOKEN": "of-a-benchmark"}
#: Options that lift the limits, keep the log, and show nothing.
UNLIMITED = ("--burst", "none", "--steady", "none", "--yes", "--progress", "none")


def program() -> str:
    """Find the program that is installed beside this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / "bulkpause")


def list_of_ids(folder: Path, ids: int) -> Path:
    """Write a plain list of so many ids."""
    path = folder / "ids.txt"
    path.write_text("".join(f"{1000 + n}\n" for n in range(ids)))
    return path


def output_of(
    command: Sequence[str],
    *,
    within_s: float,
    is_good: Callable[[int], bool] = lambda code: code == 0,
) -> str:
    """Run a command to its good end, and give what it printed.

    Raises:
        CalledProcessError: It ended otherwise.
    """
    ended = subprocess.run(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=within_s,
        text=True,
        check=False,
    )
    if not is_good(ended.returncode):
        raise subprocess.CalledProcessError(
            ended.returncode, command, ended.stdout, ended.stderr
        )
    return ended.stdout
