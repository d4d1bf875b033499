"""Check that nothing has become much slower: ratios at small sizes, against floors.

Run `python -m benchmarks.wall_clock.floors` from the root of the repository. Each
measure is the CPU time of a process, and each ratio compares it with a baseline of the
same round: a busy machine slows both. Where a size matters, the CPU time of the same
command at the smallest size is taken off; libraries alone time themselves. A ratio past
its floor is measured again. The program ends with 1 if it is past it both times. Linux
only.
"""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from compileall import compile_dir
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from textwrap import indent

import click

import bulkpause
from benchmarks.harness import (
    UNLIMITED,
    Samples,
    installed_program,
    machine,
    measure_in_turn,
    median_ratio,
    output_of,
    table_head,
    table_row,
    write_id_list,
)
from benchmarks.wall_clock import large_logs
from benchmarks.wall_clock.input_ratios import (
    BY_SPEND,
    CSV_ALONE,
    JSON_ALONE,
    above_start,
    write_inputs,
)
from benchmarks.wall_clock.large_inputs import command_usage
from benchmarks.wall_clock.log_fixture import write_interrupted_log
from benchmarks.wall_clock.stub_server import running_stub_server
from bulkpause.journal.reader import write_ahead_path
from bulkpause.settings import Settings


#: How far a ratio may be past what was reached: a busy machine must not fail the check.
TOLERANCE = 1.25
REQUESTS, RECORDS, ROWS = 3_000, 50_000, 100_000
IN_FLIGHT = 64
#: A difference of two processes may be nothing by chance.
LEAST_S = 0.001
TIMEOUT_S = 60.0
COLUMNS = ("measure", "unit", "CPU s", "ratio", "reached", "most", "")
#: How often a library reads its file, which it does in hundredths of a second.
REPEATS = 5
TIMED = """
from time import process_time
def alone():
{body}
started_s = process_time()
for _ in range({repeats}):
    alone()
print((process_time() - started_s) / {repeats})
"""
Measures = Mapping[str, Callable[[], float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A ratio that was reached, and how far it may fall off.

    Attributes:
        measure: What is measured.
        unit: The baseline that it is divided by.
        reached: The ratio when the floor was set. Less is better.
    """

    measure: str
    unit: str
    reached: float

    @property
    def most(self) -> float:
        """The highest ratio that passes."""
        return self.reached * TOLERANCE


#: What several times three rounds gave on a machine with other load, rounded up.
FLOORS = (
    Floor(measure="run without limits", unit="bare loop", reached=1.3),
    Floor(measure="status", unit=large_logs.BASE, reached=2.5),
    Floor(measure="export", unit=large_logs.BASE, reached=2.6),
    Floor(measure="export of all ids", unit=large_logs.BASE, reached=4.0),
    Floor(measure="run --resume", unit=large_logs.BASE, reached=4.0),
    Floor(measure="run --resume, killed", unit=large_logs.BASE, reached=7.0),
    Floor(measure="plan a CSV", unit="csv", reached=2.2),
    Floor(measure="plan a CSV by spend", unit="plan a CSV", reached=2.3),
    Floor(measure="plan JSON lines", unit="orjson", reached=3.6),
    Floor(measure="first request", unit="import aiohttp", reached=1.25),
    Floor(measure="status, 1,000 records", unit="import click", reached=1.6),
)


def fallen(samples: Samples, floors: Sequence[Floor]) -> tuple[Floor, ...]:
    """Give the floors whose ratio, the median of the rounds, is past the most."""
    return tuple(
        floor
        for floor in floors
        if median_ratio(samples, floor.measure, floor.unit) > floor.most
    )


def format_row(samples: Samples, floor: Floor) -> str:
    """Format one row of the table."""
    ratio = median_ratio(samples, floor.measure, floor.unit)
    used_s = median(samples[floor.measure])
    numbers = (
        f"{used_s:.2f}",
        f"{ratio:.2f}",
        f"{floor.reached:.2f}",
        f"{floor.most:.2f}",
    )
    verdict = "too slow" if fallen(samples, [floor]) else "passed"
    return table_row([floor.measure, floor.unit, *numbers, verdict])


def difference(
    measure: Callable[[int], float], size: int, smallest: int
) -> Callable[[], float]:
    """Give a measure of what a size costs above the smallest."""
    return lambda: max(measure(size) - measure(smallest), LEAST_S)


def request_measures(folder: Path, address: str) -> Measures:
    """Measure requests without limits, and a loop over aiohttp that keeps nothing."""
    numbers = count()
    flight = ("--max-in-flight", str(IN_FLIGHT), *UNLIMITED)

    def run(ids: int) -> float:
        path, log = write_id_list(folder, ids), folder / f"{next(numbers)}.jsonl"
        where = ("--base-url", address, "--log", str(log))
        return _cpu_s(installed_program(), "run", str(path), *where, *flight)

    def loop(ids: int) -> float:
        module = "benchmarks.wall_clock.baseline_client"
        return _cpu_s(sys.executable, "-m", module, address, str(ids), str(IN_FLIGHT))

    return {
        "bare loop": difference(loop, REQUESTS, 1),
        "run without limits": difference(run, REQUESTS, 1),
    }


def log_measures(folder: Path, listener: socket.socket) -> Measures:
    """Measure commands on a long log, and decoding its lines."""
    small, large = folder / "small", folder / "large"
    for part in (small, large):
        part.mkdir()
    of_few = large_logs.measures_of(small, large_logs.REMAINING + 1, listener)
    of_many = large_logs.measures_of(large, RECORDS, listener)

    def above_few(name: str) -> float:
        measure_few, measure_many = of_few[name][0], of_many[name][0]
        return max(measure_many().cpu_s - measure_few().cpu_s, LEAST_S)

    names = [floor.measure for floor in FLOORS if floor.unit == large_logs.BASE]
    log = large / "killed.jsonl"
    return {
        large_logs.BASE: partial(_alone_s, large_logs.DECODE, log),
        **{name: partial(above_few, name) for name in names},
    }


def input_measures(folder: Path) -> Measures:
    """Measure planning many rows, and the libraries that decode them."""
    write_inputs(folder / "one", 1)
    write_inputs(folder / "many", ROWS)
    plan = (installed_program(), "plan")

    def above_one(command: Sequence[str], suffix: str) -> float:
        name = f"campaigns{suffix}"
        return above_start(command, folder / "many" / name, folder / "one" / name).cpu_s

    def measure(suffix: str, *command: str) -> Callable[[], float]:
        return partial(above_one, command, suffix)

    return {
        "csv": partial(_alone_s, CSV_ALONE, folder / "many" / "campaigns.csv"),
        "plan a CSV": measure(".csv", *plan),
        "plan a CSV by spend": measure(".csv", *plan, *BY_SPEND),
        "orjson": partial(_alone_s, JSON_ALONE, folder / "many" / "campaigns.jsonl"),
        "plan JSON lines": measure(".jsonl", *plan),
    }


def start_measures(folder: Path, listener: socket.socket) -> Measures:
    """Measure the start of commands, and of what they cannot do without."""
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    log, numbers = folder / "done.jsonl", count()
    write_interrupted_log(log, Settings(), 1_000, remaining=0)
    write_ahead_path(log).unlink()
    ids = str(write_id_list(folder, 150))

    def first_request() -> float:
        new_log = str(folder / f"first-{next(numbers)}.jsonl")
        command = [installed_program(), "run", ids, "--log", new_log]
        return large_logs.usage_to_first_request(listener, command, address).cpu_s

    return {
        "import aiohttp": partial(_cpu_s, sys.executable, "-c", "import aiohttp"),
        "first request": first_request,
        "import click": partial(_cpu_s, sys.executable, "-c", "import click"),
        "status, 1,000 records": partial(
            _cpu_s, installed_program(), "status", str(log)
        ),
    }


def _alone_s(program: str, path: Path) -> float:
    """Let a program time itself, and give the CPU seconds of one of its repeats."""
    timed = TIMED.format(body=indent(program, "    "), repeats=REPEATS)
    command = [sys.executable, "-c", timed, str(path)]
    return float(output_of(command, timeout_s=TIMEOUT_S))


def _cpu_s(*command: str) -> float:
    return command_usage(command).cpu_s


def measured(rounds: int, floors: Sequence[Floor]) -> Samples:
    """Take each measure of some floors once per round."""
    names = {name for floor in floors for name in (floor.measure, floor.unit)}
    with (
        TemporaryDirectory() as temporary,
        socket.create_server(("127.0.0.1", 0)) as listener,
        running_stub_server() as server,
    ):
        listener.settimeout(TIMEOUT_S)
        folders = [
            Path(temporary, name) for name in ("runs", "logs", "inputs", "start")
        ]
        for folder in folders:
            folder.mkdir()
        runs, logs, inputs, start = folders
        measures = {
            **request_measures(runs, server.address),
            **log_measures(logs, listener),
            **input_measures(inputs),
            **start_measures(start, listener),
        }
        needed = {name: one for name, one in measures.items() if name in names}
        return measure_in_turn(needed, rounds)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.pass_context
def main(context: click.Context, *, rounds: int) -> None:
    """Print each ratio and its floor, and fail if one is past it."""
    compile_dir(Path(bulkpause.__file__).parent, quiet=1)
    click.echo(f"{rounds} rounds in turn, medians of CPU time; {machine()}.\n")
    click.echo(table_head(COLUMNS, text_columns=2))
    floors: Sequence[Floor] = FLOORS
    for _ in range(2):
        samples = measured(rounds, floors)
        for floor in floors:
            click.echo(format_row(samples, floor))
        floors = fallen(samples, floors)
    if floors:
        context.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.floors")
