"""A child process, and what the kernel knows of it."""

import os
import platform
import subprocess
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median


MIB = 1 << 20
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def started(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a program that shows nothing. It is killed if it is not through."""
    with subprocess.Popen(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def worked_s(pid: int) -> float:
    """Say how many seconds of work a process has done."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def memory_mib(pid: int, *, at_most: bool = False) -> float:
    """Say how much memory a process holds, or held at most; 0 when it has ended."""
    name = "VmHWM:" if at_most else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MIB
    return 0.0


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


Figures = Mapping[str, tuple[float, ...]]


def in_turn(measures: Mapping[str, Callable[[], float]], rounds: int) -> Figures:
    """Take each measure once in every round."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: tuple(values) for name, values in found.items()}


def ratio(figures: Figures, name: str, base: str) -> float:
    """Give the median over the rounds of one measure in units of another."""
    pairs = zip(figures[name], figures[base], strict=True)
    return median(one / unit for one, unit in pairs)


def head(names: Sequence[str], *, left: int = 1) -> str:
    """Write the heading of a table. The first columns are texts, the others numbers."""
    rule = ["---"] * left + ["--:"] * (len(names) - left)
    return f"{row(names)}\n|{'|'.join(rule)}|"


def row(texts: Iterable[str]) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(texts)} |"


def machine() -> str:
    """Name the machine: no host and no path."""
    cores = len(os.sched_getaffinity(0))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores, {python}, {platform.system()}"
