"""Compare `plan` with the libraries that decode its inputs, at growing sizes.

Run `python -m benchmarks.wall_clock.input_ratios --help` from the root of the
repository. Each figure is the CPU time of a process of its own, less that of the same
command on one row. A ratio compares two of the same round: on a shared machine the
times alone say little. Linux only.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from benchmarks.harness import installed_program, machine, table_head, table_row
from benchmarks.wall_clock.large_inputs import Usage, command_usage, write_csv


SIZES = (10_000, 100_000, 1_000_000)
#: All rows are kept, as a plan keeps them.
CSV_ALONE = """
import csv, sys
with open(sys.argv[1], newline="") as file:
    rows = list(csv.reader(file))
"""
JSON_ALONE = """
import orjson, sys
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.loads(line)
"""
BY_SPEND = ("--order-by", "spend:desc")
COLUMNS = ("rows", "ratio of", "to", "CPU s", "÷ s", "ratio", "most", "peak MiB", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two commands, and the most times as long that the first may take.

    Attributes:
        names: What the commands do.
        commands: The commands without the path of the input.
        suffix: The suffix of the input.
        most: The highest ratio that meets the target.
    """

    names: tuple[str, str]
    commands: tuple[Sequence[str], Sequence[str]]
    suffix: str
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The medians of one comparison at one size."""

    cpu_s: tuple[float, float]
    ratio: float
    memory_mib: float


def comparisons() -> Sequence[Comparison]:
    """Name all comparisons."""
    plan, ordered = ("plan",), ("plan", *BY_SPEND)
    program = installed_program()
    csv_alone = (sys.executable, "-c", CSV_ALONE)
    json_alone = (sys.executable, "-c", JSON_ALONE)

    def compare(
        names: tuple[str, str],
        arguments: Sequence[str],
        other: Sequence[str],
        suffix: str,
        most: float,
    ) -> Comparison:
        commands = ((program, *arguments), other)
        return Comparison(names=names, commands=commands, suffix=suffix, most=most)

    unordered = (program, *plan)
    return (
        compare(("plan a CSV", "csv"), plan, csv_alone, ".csv", 3),
        compare(("plan JSON lines", "orjson"), plan, json_alone, ".jsonl", 4),
        compare(("plan a CSV by spend", "unordered"), ordered, unordered, ".csv", 2),
        compare(
            ("plan JSON lines by spend", "unordered"), ordered, unordered, ".jsonl", 2
        ),
    )


def write_json_lines(folder: Path, rows: int) -> Path:
    """Write JSON lines with the given number of campaigns."""
    path = folder / "campaigns.jsonl"
    with path.open("w") as file:
        file.writelines(
            f'{{"campaign_id": {1000 + n}, "name": "Campaign {n}", '
            f'"spend": {n % 977}.25}}\n'
            for n in range(rows)
        )
    return path


def write_inputs(folder: Path, rows: int) -> None:
    """Write an input of each format."""
    folder.mkdir()
    write_csv(folder, rows)
    write_json_lines(folder, rows)


def measure(comparison: Comparison, large: Path, small: Path, rounds: int) -> Ratio:
    """Run both commands in turn, on many rows and on one."""
    name = f"campaigns{comparison.suffix}"
    seconds: tuple[list[float], list[float]] = ([], [])
    ratios, memory = [], []
    for _ in range(rounds):
        usages = [
            _above_start(command, large / name, small / name)
            for command in comparison.commands
        ]
        for kept, usage in zip(seconds, usages, strict=True):
            kept.append(usage.cpu_s)
        ratios.append(usages[0].cpu_s / usages[1].cpu_s)
        memory.append(usages[0].memory_mib)
    return Ratio(
        cpu_s=(median(seconds[0]), median(seconds[1])),
        ratio=median(ratios),
        memory_mib=median(memory),
    )


def _above_start(command: Sequence[str], large: Path, small: Path) -> Usage:
    """Measure a command, without the CPU time of its start."""
    start = command_usage([*command, str(small)])
    whole = command_usage([*command, str(large)])
    return Usage(
        time_s=whole.time_s - start.time_s,
        # A start that took longer by chance leaves nothing.
        cpu_s=max(whole.cpu_s - start.cpu_s, 0.001),
        memory_mib=whole.memory_mib,
    )


def format_row(rows: int, comparison: Comparison, found: Ratio) -> str:
    """Format one row of the table."""
    met = "met" if found.ratio <= comparison.most else "missed"
    times = [f"{seconds:.2f}" for seconds in found.cpu_s]
    ratio, memory = f"{found.ratio:.2f}", f"{found.memory_mib:.0f}"
    most = f"{comparison.most:g}"
    return table_row([f"{rows:,}", *comparison.names, *times, ratio, most, memory, met])


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--largest", type=click.IntRange(min(SIZES)), default=max(SIZES), show_default=True
)
def main(*, rounds: int, largest: int) -> None:
    """Print the ratios at each size up to the largest."""
    click.echo(f"{rounds} rounds, medians of CPU time; {machine()}.\n")
    click.echo(table_head(COLUMNS))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_inputs(folder / "1", 1)
        for rows in (size for size in SIZES if size <= largest):
            write_inputs(folder / str(rows), rows)
            for comparison in comparisons():
                large, small = folder / str(rows), folder / "1"
                found = measure(comparison, large, small, rounds)
                click.echo(format_row(rows, comparison, found))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.input_ratios")
