"""How long it takes from the start of the program to its first request: in real time.

Run `python -m benchmarks.wall_clock.startup --help` from the root of the repository. What a
program pays that sends over aiohttp and does nothing else is the unit.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks.harness import (
    ENVIRONMENT,
    head,
    in_turn,
    list_of_ids,
    machine,
    program,
    ratio,
    row,
)


BASE = "import aiohttp"
RUN = "run, lines of JSON"
#: In units of `BASE`.
TARGET = 1.5
#: A program that sends nothing for so many seconds never will.
WITHIN_S = 60.0
#: As little of aiohttp as a POST needs.
BARE = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        await session.post(sys.argv[1] + "/v1/hood/campaigns/1000/pause", json={})
asyncio.run(main())
"""


def until_its_end_s(command: Sequence[str]) -> float:
    """Run a command, and say how many seconds it took."""
    started_s = perf_counter()
    subprocess.run(command, capture_output=True, timeout=WITHIN_S, check=False)
    return perf_counter() - started_s


def until_the_first_post_s(command_to: Callable[[str], Sequence[str]]) -> float:
    """Start a program, and say how many seconds it took until its POST arrived.

    It is ended then, by a signal that it cannot see.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(WITHIN_S)
        command = command_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
        started_s = perf_counter()
        with subprocess.Popen(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(WITHIN_S)
                    data = peer.recv(4)
                    took_s = perf_counter() - started_s
            finally:
                process.kill()
    if data != b"POST":
        raise click.ClickException(f"{command[0]} sent {data!r}, and no POST")
    return took_s


def measures_of(folder: Path, ids: int) -> Mapping[str, Callable[[], float]]:
    """Name what is measured, in the order of the table."""
    python, numbers, path = sys.executable, count(), str(list_of_ids(folder, ids))

    def run(progress: str, address: str) -> Sequence[str]:
        log = str(folder / f"{next(numbers)}.jsonl")
        where = ("--base-url", address, "--log", log)
        return [program(), "run", path, "--yes", *where, "--progress", progress]

    def bare(address: str) -> Sequence[str]:
        return [python, "-c", BARE, address]

    return {
        "pass": partial(until_its_end_s, [python, "-c", "pass"]),
        BASE: partial(until_its_end_s, [python, "-c", BASE]),
        "aiohttp, one POST": partial(until_the_first_post_s, bare),
        RUN: partial(until_the_first_post_s, partial(run, "lines")),
        "run, no progress": partial(until_the_first_post_s, partial(run, "none")),
        "--help": partial(until_its_end_s, [program(), "--help"]),
        "a usage error": partial(until_its_end_s, [program(), "run"]),
    }


@click.command()
@click.option("--ids", type=click.IntRange(1), default=150, help="In the file.")
@click.option("--rounds", type=click.IntRange(1), default=15)
def main(*, ids: int, rounds: int) -> None:
    """Print how long the first request takes, in units of importing aiohttp."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        figures = in_turn(measures_of(folder, ids), rounds)
    click.echo(f"{ids:,} ids, {rounds} rounds in turn, medians; {machine()}.\n")
    click.echo(head(["from the start", "ms", f"÷ {BASE}"]))
    for measure, values in figures.items():
        ms, units = 1000 * median(values), ratio(figures, measure, BASE)
        click.echo(row([measure, f"{ms:.0f}", f"{units:.2f}"]))
    met = "met" if ratio(figures, RUN, BASE) <= TARGET else "missed"
    click.echo(f"\nThe target for a run is {TARGET}: {met}.")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.startup")
