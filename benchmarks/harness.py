"""Run programs, repeat measurements in turn, and print Markdown tables."""

import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory


MIB = 1 << 20
#: Keeps the budgets of the measured programs apart from those of the user.
_STATE = TemporaryDirectory(prefix="state-of-benchmarks-")
#: Environment of the measured programs. No server checks the token.
ENVIRONMENT: Mapping[str, str] = {
    # Programs keep the bytecode of their modules, as an installed program does.
    **{n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"},
    "OCAMBA_TOKEN": "of-a-benchmark",
    "XDG_STATE_HOME": _STATE.name,
}
#: Options of `bulkpause run` that disable the limits and the display.
UNLIMITED = ("--burst", "none", "--steady", "none", "--yes", "--progress", "none")

#: Why a measurement ends on another system.
LINUX_ONLY = "this measurement reads /proc and the like: it needs Linux"

#: Measured values by name, one for each round.
Samples = Mapping[str, tuple[float, ...]]


def installed_program() -> str:
    """Find the `bulkpause` that is installed beside this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / "bulkpause")


def write_id_list(folder: Path, ids: int) -> Path:
    """Write a plain list with the given number of ids."""
    path = folder / "ids.txt"
    path.write_text("".join(f"{1000 + n}\n" for n in range(ids)))
    return path


def output_of(
    command: Sequence[str],
    *,
    timeout_s: float,
    is_success: Callable[[int], bool] = lambda code: code == 0,
) -> str:
    """Run a command, and give its standard output.

    Raises:
        CalledProcessError: Its exit code is not a success.
        TimeoutExpired: It takes too long.
    """
    completed = subprocess.run(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_s,
        text=True,
        check=False,
    )
    if not is_success(completed.returncode):
        raise subprocess.CalledProcessError(
            completed.returncode, command, completed.stdout, completed.stderr
        )
    return completed.stdout


@contextmanager
def started(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a program without input or output, and kill it at the end."""
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


@dataclass(slots=True)
class Server:
    """A server in another process: its address, and after its end its last output."""

    address: str
    final_output: str = ""


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[Server]:
    """Run a server module, which prints its address and ends with its input."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Server(process.stdout.readline().strip())
        try:
            yield server
        finally:
            process.stdin.close()
            server.final_output = process.stdout.read()


def cpu_s(pid: int) -> float:
    """Give the CPU seconds that a process has used, from /proc."""
    if sys.platform == "linux":
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise SystemExit(LINUX_ONLY)


def usage_at_end(process: "subprocess.Popen[bytes]") -> tuple[float, float]:
    """Wait for the end of a process; give its CPU seconds and its peak memory in MiB."""
    if sys.platform == "linux":
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MIB
    raise SystemExit(LINUX_ONLY)


def memory_mib(pid: int, *, is_peak: bool = False) -> float:
    """Give the resident or peak memory of a process, from /proc; 0 after its end."""
    name = "VmHWM:" if is_peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MIB
    return 0.0


def measure_in_turn(
    measures: Mapping[str, Callable[[], float]], rounds: int
) -> Samples:
    """Take each measure once per round, so that noise meets all of them alike."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            samples[name].append(measure())
    return {name: tuple(values) for name, values in samples.items()}


def median_ratio(samples: Samples, name: str, base: str) -> float:
    """Give the median over the rounds of one measure divided by another."""
    pairs = zip(samples[name], samples[base], strict=True)
    return median(value / base_value for value, base_value in pairs)


def table_head(columns: Sequence[str], *, text_columns: int = 1) -> str:
    """Format the head of a table. The first columns are text, the others numbers."""
    rule = ["---"] * text_columns + ["--:"] * (len(columns) - text_columns)
    return f"{table_row(columns)}\n|{'|'.join(rule)}|"


def table_row(cells: Iterable[str]) -> str:
    """Format one row of a table."""
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Describe the machine, without its host name."""
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
        python = f"{platform.python_implementation()} {platform.python_version()}"
        return f"{cores} cores, {python}, {platform.system()}"
    raise SystemExit(LINUX_ONLY)


def load() -> float:
    """Give how many processes have wanted a core of late, on average."""
    if sys.platform == "linux":
        return os.getloadavg()[1]
    raise SystemExit(LINUX_ONLY)
