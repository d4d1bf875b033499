"""Measure planning a million rows, and memory over a long run.

Run `python -m benchmarks.wall_clock.large_inputs --help` from the root of the
repository. It uses real files and the installed program. Linux only: memory is read
from /proc.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import click

from benchmarks.harness import (
    UNLIMITED,
    installed_program,
    machine,
    memory_mib,
    started,
    table_head,
    table_row,
    usage_at_end,
    write_id_list,
)
from benchmarks.wall_clock.stub_server import running_stub_server
from benchmarks.wall_clock.workbook import write_workbook


SAMPLE_EVERY_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The time, CPU time and peak memory of one measure."""

    time_s: float
    cpu_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The upper limits of one measure; None for no limit."""

    time_s: float
    memory_mib: float | None = None

    def __str__(self) -> str:
        memory = "" if self.memory_mib is None else f", {self.memory_mib:.0f} MiB"
        return f"{self.time_s:.0f} s{memory}"

    def is_met(self, usage: Usage) -> bool:
        max_mib = self.memory_mib or float("inf")
        return usage.time_s <= self.time_s and usage.memory_mib <= max_mib


COLUMNS = ("measure", "s", "CPU s", "peak MiB", "target", "")
PLAN = Target(time_s=8, memory_mib=100)
#: The library that reads the cells holds all of them.
PLAN_WORKBOOK = Target(time_s=15, memory_mib=500)
PLAN_CSV = "plan a CSV"
PLAN_XLSX = "plan a workbook (.xlsx)"
READ_XLSX = "read its cells with python-calamine alone"
READ_ALL_CELLS = """
import sys
from python_calamine import CalamineWorkbook
for row in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows():
    pass
"""
#: The most that memory may grow in a long run after its first tenth.
GROWTH_MIB = 10.0


def write_csv(folder: Path, rows: int) -> Path:
    """Write a CSV with the given number of campaigns."""
    path = folder / "campaigns.csv"
    with path.open("w") as file:
        file.write("campaign_id,name,spend\n")
        file.writelines(f"{1000 + n},Campaign {n},{n % 977}.25\n" for n in range(rows))
    return path


def plan_usage(path: Path) -> Usage:
    """Measure `bulkpause plan` on an input."""
    return command_usage([installed_program(), "plan", str(path)])


def library_usage(workbook: Path) -> Usage:
    """Measure reading all cells of a workbook with nothing but python-calamine."""
    return command_usage([sys.executable, "-c", READ_ALL_CELLS, str(workbook)])


def command_usage(command: Sequence[str]) -> Usage:
    """Measure a command from its start to its end."""
    started_s = perf_counter()
    with started(command) as process:
        used_s, peak_mib = usage_at_end(process)
    if process.returncode:
        raise click.ClickException(f"{command[0]} exited with {process.returncode}")
    time_s = perf_counter() - started_s
    return Usage(time_s=time_s, cpu_s=used_s, memory_mib=peak_mib)


def long_run_mib(folder: Path, ids: int) -> tuple[float, float]:
    """Pause a long list: the peak memory of the first tenth, and the growth after it."""
    log = folder / "long_run.jsonl"
    path = str(write_id_list(folder, ids))
    samples: list[tuple[int, float]] = []
    with running_stub_server() as server:
        where = ("--log", str(log), "--base-url", server.address)
        flight = ("--max-in-flight", "64")
        with started(
            [installed_program(), "run", path, *where, *flight, *UNLIMITED]
        ) as process:
            while process.poll() is None:
                size = log.stat().st_size if log.exists() else 0
                samples.append((size, memory_mib(process.pid)))
                sleep(SAMPLE_EVERY_S)
    if process.returncode:
        raise click.ClickException(f"the long run exited with {process.returncode}")
    tenth = log.stat().st_size / 10
    first_mib = max(memory for size, memory in samples if size <= tenth)
    return first_mib, max(memory for _, memory in samples) - first_mib


def median_of(measure: Callable[[], Usage], rounds: int) -> Usage:
    """Measure several times, and give the median of each value."""
    usages = [measure() for _ in range(rounds)]
    return Usage(
        time_s=median(usage.time_s for usage in usages),
        cpu_s=median(usage.cpu_s for usage in usages),
        memory_mib=median(usage.memory_mib for usage in usages),
    )


def format_row(name: str, usage: Usage, target: Target) -> str:
    """Format one row of the table."""
    met = "met" if target.is_met(usage) else "missed"
    seconds = (usage.time_s, usage.cpu_s)
    texts = [*(f"{value:.1f}" for value in seconds), f"{usage.memory_mib:.0f}"]
    return table_row([name, *texts, str(target), met])


def measures_of(
    folder: Path, rows: int
) -> Sequence[tuple[str, Callable[[], Usage], Target]]:
    """Name the measures on many rows."""
    plain, csv = write_id_list(folder, rows), write_csv(folder, rows)
    workbook = write_workbook(folder, rows)
    return (
        ("plan a plain list", lambda: plan_usage(plain), PLAN),
        (PLAN_CSV, lambda: plan_usage(csv), PLAN),
        (PLAN_XLSX, lambda: plan_usage(workbook), PLAN_WORKBOOK),
        (READ_XLSX, lambda: library_usage(workbook), PLAN_WORKBOOK),
    )


@click.command()
@click.option("--rows", type=click.IntRange(100), default=1_000_000)
@click.option(
    "--soak", type=click.IntRange(100), default=200_000, help="Ids of the long run."
)
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(*, rows: int, soak: int, rounds: int) -> None:
    """Print time and memory for many rows, and memory growth over a long run."""
    click.echo(f"{rows:,} rows, {rounds} rounds, medians; {machine()}.\n")
    click.echo(table_head(COLUMNS))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cpu_s_of: dict[str, float] = {}
        for name, measure, target in measures_of(folder, rows):
            usage = median_of(measure, rounds)
            cpu_s_of[name] = usage.cpu_s
            click.echo(format_row(name, usage, target))
        first_mib, growth_mib = long_run_mib(folder, soak)
    met = "met" if growth_mib <= GROWTH_MIB else "missed"
    for other in (PLAN_CSV, READ_XLSX):
        ratio = cpu_s_of[PLAN_XLSX] / cpu_s_of[other]
        click.echo(f"\nCPU time: {PLAN_XLSX} ÷ {other} = {ratio:.1f}.")
    click.echo(
        f"\nPausing {soak:,} ids without limits: {first_mib:.0f} MiB in the first tenth, "
        f"{growth_mib:+.1f} MiB after it; the target is {GROWTH_MIB:.0f}: {met}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.large_inputs")
