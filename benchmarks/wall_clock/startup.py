"""Measure the time from the start of the program to its first request.

Run `python -m benchmarks.wall_clock.startup --help` from the root of the repository.
The unit is the time to import aiohttp, which every client that uses it needs.
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
    installed_program,
    machine,
    measure_in_turn,
    median_ratio,
    started,
    table_head,
    table_row,
    write_id_list,
)
from benchmarks.wall_clock.log_fixture import write_interrupted_log
from bulkpause.journal.reader import write_ahead_path
from bulkpause.settings import Settings


BASE = "import aiohttp"
RUN = "run, JSON lines"
CLICK = "import click"
STATUS = "status, 1,000 records"
#: In units of `BASE`.
TARGET = 1.15
#: In units of `CLICK`.
STATUS_TARGET = 1.5
#: A program that sends nothing for this long is considered stuck.
TIMEOUT_S = 60.0
#: The least that a POST over aiohttp needs.
BASELINE = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        await session.post(sys.argv[1] + "/v1/hood/campaigns/1000/pause", json={})
asyncio.run(main())
"""


def time_to_exit_s(command: Sequence[str]) -> float:
    """Run a command, and give the seconds that it took."""
    started_s = perf_counter()
    subprocess.run(
        command,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return perf_counter() - started_s


def time_to_first_post_s(command_to: Callable[[str], Sequence[str]]) -> float:
    """Start a program, and give the seconds until its POST arrived.

    The program is then killed.

    Raises:
        ClickException: It sent something else.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(TIMEOUT_S)
        command = command_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
        started_s = perf_counter()
        with started(command):
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(TIMEOUT_S)
                data = peer.recv(4)
                took_s = perf_counter() - started_s
    if data != b"POST":
        raise click.ClickException(f"{command[0]} sent {data!r} and not a POST")
    return took_s


def measures_of(folder: Path, ids: int) -> Mapping[str, Callable[[], float]]:
    """Name the measures, in the order of the table."""
    python, numbers, path = sys.executable, count(), str(write_id_list(folder, ids))
    log = folder / "done.jsonl"
    write_interrupted_log(log, Settings(), 1000, remaining=0)
    write_ahead_path(log).unlink()

    def run(progress: str, address: str) -> Sequence[str]:
        log = str(folder / f"{next(numbers)}.jsonl")
        where = ("--base-url", address, "--log", log)
        return [
            installed_program(),
            "run",
            path,
            "--yes",
            *where,
            "--progress",
            progress,
        ]

    def baseline(address: str) -> Sequence[str]:
        return [python, "-c", BASELINE, address]

    return {
        "pass": partial(time_to_exit_s, [python, "-c", "pass"]),
        BASE: partial(time_to_exit_s, [python, "-c", BASE]),
        "aiohttp, one POST": partial(time_to_first_post_s, baseline),
        RUN: partial(time_to_first_post_s, partial(run, "lines")),
        "run, no display": partial(time_to_first_post_s, partial(run, "none")),
        "--help": partial(time_to_exit_s, [installed_program(), "--help"]),
        "usage error": partial(time_to_exit_s, [installed_program(), "run"]),
        CLICK: partial(time_to_exit_s, [python, "-c", CLICK]),
        STATUS: partial(time_to_exit_s, [installed_program(), "status", str(log)]),
    }


@click.command()
@click.option(
    "--ids", type=click.IntRange(1), default=150, help="Number of ids in the input."
)
@click.option("--rounds", type=click.IntRange(1), default=15)
def main(*, ids: int, rounds: int) -> None:
    """Print the time to the first request, in units of importing aiohttp."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        samples = measure_in_turn(measures_of(folder, ids), rounds)
    click.echo(f"{ids:,} ids, {rounds} rounds in turn, medians; {machine()}.\n")
    click.echo(table_head(["program", "ms", f"÷ {BASE}"]))
    for measure, values in samples.items():
        ms, units = 1000 * median(values), median_ratio(samples, measure, BASE)
        click.echo(table_row([measure, f"{ms:.0f}", f"{units:.2f}"]))
    for measure, base, target in ((RUN, BASE, TARGET), (STATUS, CLICK, STATUS_TARGET)):
        ratio = median_ratio(samples, measure, base)
        met = "met" if ratio <= target else "missed"
        text = f"{measure}: {ratio:.2f} of {base}; the target is {target:g}: {met}."
        click.echo(f"\n{text}")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.startup")
