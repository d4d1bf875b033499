"""Measure the requests per second of the engine without rate limits.

Run `python -m benchmarks.wall_clock.throughput --help` from the root of the
repository. The engine is the installed program, with its result log and write-ahead
log. The unit is a loop over aiohttp that keeps nothing. Both meet the same server in
another process.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import orjson

from benchmarks.harness import (
    UNLIMITED,
    installed_program,
    machine,
    measure_in_turn,
    median_ratio,
    output_of,
    table_head,
    table_row,
    write_id_list,
)
from benchmarks.wall_clock.stub_server import running_stub_server


BASE, ENGINE = "bare loop", "engine"
#: In units of the bare loop.
TARGET = 1.2
TIMEOUT_S = 600.0


def baseline_per_s(address: str, ids: int, in_flight: int) -> float:
    """Run the bare loop, and give its requests per second."""
    arguments = [address, str(ids), str(in_flight)]
    command = [
        sys.executable,
        "-m",
        "benchmarks.wall_clock.baseline_client",
        *arguments,
    ]
    return ids / float(output_of(command, timeout_s=TIMEOUT_S))


def engine_per_s(
    address: str, ids: Path, in_flight: int, logs: Callable[[], Path]
) -> float:
    """Run the program on a list, and give its requests per second."""
    command = [
        *(
            installed_program(),
            "run",
            str(ids),
            "--base-url",
            address,
            "--log",
            str(logs()),
        ),
        *("--max-in-flight", str(in_flight), "--json", *UNLIMITED),
    ]
    totals = orjson.loads(output_of(command, timeout_s=TIMEOUT_S))
    return float(totals["paused"] / totals["wall_s"])


@click.command()
@click.option("--ids", type=click.IntRange(1), default=20_000)
@click.option("--in-flight", type=click.IntRange(1), default=64)
@click.option("--rounds", type=click.IntRange(1), default=7)
def main(*, ids: int, in_flight: int, rounds: int) -> None:
    """Print the throughput of the engine in units of that of a bare loop."""
    with TemporaryDirectory() as name, running_stub_server() as server:
        folder, numbers = Path(name), count()
        path = write_id_list(folder, ids)
        samples = measure_in_turn(
            {
                BASE: partial(baseline_per_s, server.address, ids, in_flight),
                ENGINE: lambda: engine_per_s(
                    server.address,
                    path,
                    in_flight,
                    lambda: folder / f"{next(numbers)}.jsonl",
                ),
            },
            rounds,
        )
    click.echo(
        f"{ids:,} ids, {in_flight} in flight, {rounds} rounds in turn, medians; "
        f"{machine()}.\n"
    )
    click.echo(table_head(["client", "requests/s", f"÷ {BASE}"]))
    for client, values in samples.items():
        units = median_ratio(samples, client, BASE)
        click.echo(table_row([client, f"{median(values):,.0f}", f"{units:.2f}"]))
    server_cpu_s = float(server.final_output)
    spent_s = sum(ids / value for values in samples.values() for value in values)
    met = "met" if median_ratio(samples, ENGINE, BASE) >= TARGET else "missed"
    click.echo(
        f"\nThe server used {server_cpu_s / spent_s:.0%} of a core.\n"
        f"The target for the engine is {TARGET}: {met}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.throughput")
