"""What a million rows cost before the first request, and memory while many are sent.

Run `python -m benchmarks.wall_clock.large_inputs --help` from the root of the repository. Real
time, real files, the installed program. Linux only: memory is read from /proc.
"""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import click

from benchmarks.harness import (
    MIB,
    UNLIMITED,
    head,
    list_of_ids,
    machine,
    memory_mib,
    program,
    row,
    started,
    worked_s,
)
from benchmarks.wall_clock.log_fixture import write_old_log
from benchmarks.wall_clock.stub_server import serving
from bulkpause.journal.reader import write_ahead_path
from bulkpause.settings import Settings


#: Ids that an old log leaves to be paused.
LEFT = 10
WITHIN_S = 600.0
LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something took: seconds, seconds of work among them, most memory."""

    took_s: float
    worked_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The most that something may take, where there is a limit."""

    took_s: float
    memory_mib: float | None = None

    def __str__(self) -> str:
        memory = "" if self.memory_mib is None else f", {self.memory_mib:.0f} MiB"
        return f"{self.took_s:.0f} s{memory}"

    def is_met(self, cost: Cost) -> bool:
        most_mib = self.memory_mib or float("inf")
        return cost.took_s <= self.took_s and cost.memory_mib <= most_mib


PLAN = Target(took_s=8, memory_mib=250)
RESUME = Target(took_s=10)
#: Memory that a soak may take up after its first tenth.
SOAK_MIB = 10.0


def csv_of_ids(folder: Path, rows: int) -> Path:
    """Write a CSV of so many campaigns."""
    path = folder / "campaigns.csv"
    with path.open("w") as file:
        file.write("campaign_id,name,spend\n")
        file.writelines(f"{1000 + n},Campaign {n},{n % 977}.25\n" for n in range(rows))
    return path


def planned(path: Path) -> Cost:
    """Plan an input."""
    command = [program(), "plan", str(path)]
    began_s = perf_counter()
    with started(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"plan ended with {process.returncode}")
    return Cost(
        took_s=perf_counter() - began_s,
        worked_s=usage.ru_utime + usage.ru_stime,
        memory_mib=usage.ru_maxrss * 1024 / MIB,
    )


def resumed(folder: Path, rows: int, *, is_ahead_left: bool) -> Cost:
    """Go on with a log, until the first of the ids that it leaves is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WITHIN_S)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        log = folder / "old.jsonl"
        write_old_log(log, Settings(base_url=address), rows, left=LEFT)
        if not is_ahead_left:
            write_ahead_path(log).unlink()
        ids = str(list_of_ids(folder, rows))
        where = ("--log", str(log), "--resume", "--base-url", address)
        began_s = perf_counter()
        with started([program(), "run", ids, *where, *UNLIMITED]) as process:
            peer, _ = listener.accept()
            peer.close()
            return Cost(
                took_s=perf_counter() - began_s,
                worked_s=worked_s(process.pid),
                memory_mib=memory_mib(process.pid, at_most=True),
            )


def soaked_mib(folder: Path, ids: int) -> tuple[float, float]:
    """Pause a long list, and say what memory a tenth needed, and the rest on top."""
    log = folder / "soak.jsonl"
    path = str(list_of_ids(folder, ids))
    seen: list[tuple[int, float]] = []
    with serving() as server:
        where = ("--log", str(log), "--base-url", server.address)
        flight = ("--max-in-flight", "64")
        with started([program(), "run", path, *where, *flight, *UNLIMITED]) as process:
            while process.poll() is None:
                size = log.stat().st_size if log.exists() else 0
                seen.append((size, memory_mib(process.pid)))
                sleep(LOOK_EVERY_S)
    if process.returncode:
        raise click.ClickException(f"the soak ended with {process.returncode}")
    tenth = log.stat().st_size / 10
    first = max(memory for size, memory in seen if size <= tenth)
    return first, max(memory for _, memory in seen) - first


def median_of(measure: Callable[[], Cost], rounds: int) -> Cost:
    """Measure several times, and take the median of each figure."""
    costs = [measure() for _ in range(rounds)]
    return Cost(
        took_s=median(cost.took_s for cost in costs),
        worked_s=median(cost.worked_s for cost in costs),
        memory_mib=median(cost.memory_mib for cost in costs),
    )


def line_of(what: str, cost: Cost, target: Target) -> str:
    """Write one line of the table."""
    met = "met" if target.is_met(cost) else "missed"
    figures = (cost.took_s, cost.worked_s)
    texts = [*(f"{figure:.1f}" for figure in figures), f"{cost.memory_mib:.0f}"]
    return row([what, *texts, str(target), met])


def measures_of(
    folder: Path, rows: int
) -> Sequence[tuple[str, Callable[[], Cost], Target]]:
    """Name what is measured on many rows."""
    plain, csv = list_of_ids(folder, rows), csv_of_ids(folder, rows)
    return (
        ("plan a plain list", lambda: planned(plain), PLAN),
        ("plan a CSV", lambda: planned(csv), PLAN),
        (
            "go on with a log",
            lambda: resumed(folder, rows, is_ahead_left=False),
            RESUME,
        ),
        (
            "the same, its run killed near the end",
            lambda: resumed(folder, rows, is_ahead_left=True),
            RESUME,
        ),
    )


@click.command()
@click.option("--rows", type=click.IntRange(100), default=1_000_000)
@click.option("--soak", type=click.IntRange(100), default=200_000, help="Ids.")
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(*, rows: int, soak: int, rounds: int) -> None:
    """Print what a big input takes, and how memory grows in a long run."""
    click.echo(f"{rows:,} rows, {rounds} rounds, medians; {machine()}.\n")
    names = ["what", "s", "s of work", "peak MiB", "target", ""]
    click.echo(head(names))
    with TemporaryDirectory() as name:
        folder = Path(name)
        for what, measure, target in measures_of(folder, rows):
            click.echo(line_of(what, median_of(measure, rounds), target))
        first, more = soaked_mib(folder, soak)
    met = "met" if more <= SOAK_MIB else "missed"
    click.echo(
        f"\nPausing {soak:,} ids without limits: {first:.0f} MiB in the first tenth, "
        f"{more:+.1f} MiB after it; the target is {SOAK_MIB:.0f}: {met}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.large_inputs")
