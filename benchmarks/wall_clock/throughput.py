"""How many requests a second the engine can make when nothing holds it: real time.

Run `python -m benchmarks.wall_clock.throughput --help` from the root of the repository. The engine
is the installed program, with its log and its write-ahead file; the unit is a loop
over aiohttp that keeps nothing. Both meet the same server, in a process of its own.
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
    head,
    in_turn,
    list_of_ids,
    machine,
    output_of,
    program,
    ratio,
    row,
)
from benchmarks.wall_clock.stub_server import serving


BARE, ENGINE = "bare loop", "engine"
#: In units of the bare loop.
TARGET = 0.7
WITHIN_S = 600.0


def bare_per_s(address: str, ids: int, in_flight: int) -> float:
    """Let the bare loop make its requests, and say how many it made a second."""
    arguments = [address, str(ids), str(in_flight)]
    command = [
        sys.executable,
        "-m",
        "benchmarks.wall_clock.baseline_client",
        *arguments,
    ]
    return ids / float(output_of(command, within_s=WITHIN_S))


def engine_per_s(
    address: str, ids: Path, in_flight: int, logs: Callable[[], Path]
) -> float:
    """Let the program pause a list, and say how many requests it made a second."""
    command = [
        *(program(), "run", str(ids), "--base-url", address, "--log", str(logs())),
        *("--max-in-flight", str(in_flight), "--json", *UNLIMITED),
    ]
    totals = orjson.loads(output_of(command, within_s=WITHIN_S))
    return float(totals["paused"] / totals["wall_s"])


@click.command()
@click.option("--ids", type=click.IntRange(1), default=20_000)
@click.option("--in-flight", type=click.IntRange(1), default=64)
@click.option("--rounds", type=click.IntRange(1), default=7)
def main(*, ids: int, in_flight: int, rounds: int) -> None:
    """Print the throughput of the engine in units of that of a bare loop."""
    with TemporaryDirectory() as name, serving() as server:
        folder, numbers = Path(name), count()
        path = list_of_ids(folder, ids)
        figures = in_turn(
            {
                BARE: partial(bare_per_s, server.address, ids, in_flight),
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
    click.echo(head(["client", "requests/s", f"÷ {BARE}"]))
    for client, values in figures.items():
        units = ratio(figures, client, BARE)
        click.echo(row([client, f"{median(values):,.0f}", f"{units:.2f}"]))
    spent_s = sum(ids / value for values in figures.values() for value in values)
    met = "met" if ratio(figures, ENGINE, BARE) >= TARGET else "missed"
    click.echo(
        f"\nThe server worked for {server.worked_s / spent_s:.0%} of the time.\n"
        f"The target for the engine is {TARGET}: {met}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.throughput")
