"""Measure commands on a log of a million records, in units of decoding its lines.

Run `python -m benchmarks.wall_clock.large_logs --help` from the root of the repository.
It uses real files and the installed program. The unit is the CPU time of a program that
decodes each line of the log with `orjson` and keeps nothing. Linux only: memory is read
from /proc.
"""

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from benchmarks.harness import (
    UNLIMITED,
    cpu_s,
    installed_program,
    machine,
    memory_mib,
    started,
    table_head,
    table_row,
    usage_at_end,
    write_id_list,
)
from benchmarks.wall_clock.log_fixture import write_interrupted_log
from bulkpause.journal.reader import write_ahead_path
from bulkpause.settings import Settings


#: Ids without a record in the log.
REMAINING = 10
TIMEOUT_S = 600.0
DECODE = """
import sys, orjson
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.loads(line)
"""
BASE = "decode its lines"
COLUMNS = ("measure", "CPU s", f"÷ {BASE}", "peak MiB", "target", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The CPU time and the peak memory of one measure."""

    cpu_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The most CPU time, in units of `BASE`, and the most memory."""

    ratio: float
    memory_mib: float

    def __str__(self) -> str:
        return f"{self.ratio:g}, {self.memory_mib:.0f} MiB"


RESUME = Target(ratio=6, memory_mib=400)
RESUME_KILLED = Target(ratio=12, memory_mib=400)
READ = Target(ratio=4, memory_mib=150)
READ_KILLED = Target(ratio=8, memory_mib=150)
Measures = Mapping[str, tuple[Callable[[], Usage], Target | None]]


def usage_to_exit(command: Sequence[str]) -> Usage:
    """Run a command whose output goes nowhere, and give what it used."""
    with started(command) as process:
        used_s, peak_mib = usage_at_end(process)
    return Usage(cpu_s=used_s, memory_mib=peak_mib)


def usage_to_first_request(
    listener: socket.socket, command: Sequence[str], address: str
) -> Usage:
    """Start a command, give what it used until it connected, and end it."""
    _drain(listener)
    where = ("--base-url", address, *UNLIMITED)
    with started([*command, *where]) as process:
        peer, _ = listener.accept()
        peer.close()
        return Usage(
            cpu_s=cpu_s(process.pid), memory_mib=memory_mib(process.pid, is_peak=True)
        )


def _drain(listener: socket.socket) -> None:
    """Drop the connections of a program that was ended."""
    listener.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
    listener.settimeout(TIMEOUT_S)


def _in_another_process(log: Path, settings: Settings, rows: int) -> None:
    """Write the log. The peak memory of children begins with that of this process."""
    process = get_context("spawn").Process(
        target=write_interrupted_log,
        args=(log, settings, rows),
        kwargs={"remaining": REMAINING},
    )
    process.start()
    process.join()


def copy_without_write_ahead_log(log: Path) -> Path:
    """Give the same log under a name that has no write-ahead log."""
    copy = log.with_name("whole.jsonl")
    os.link(log, copy)
    return copy


def measures_of(folder: Path, rows: int, listener: socket.socket) -> Measures:
    """Name the measures, in the order of the table."""
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    killed = folder / "killed.jsonl"
    _in_another_process(killed, Settings(base_url=address), rows)
    log = copy_without_write_ahead_log(killed)
    ids, program = str(write_id_list(folder, rows)), installed_program()

    def to_exit(*arguments: str) -> Callable[[], Usage]:
        return lambda: usage_to_exit([program, *arguments])

    def to_first_request(*arguments: str) -> Callable[[], Usage]:
        command = [program, *arguments]
        return lambda: usage_to_first_request(listener, command, address)

    def resume_whole() -> Usage:
        write_ahead_path(log).unlink(missing_ok=True)  # of the round before
        return to_first_request("run", ids, "--log", str(log), "--resume")()

    paused = ("--status", "paused")
    return {
        BASE: (lambda: usage_to_exit([sys.executable, "-c", DECODE, str(log)]), None),
        "status": (to_exit("status", str(log)), READ),
        "status --json": (to_exit("status", str(log), "--json"), READ),
        "export": (to_exit("export", str(log)), READ),
        "export of all ids": (to_exit("export", str(log), *paused), READ),
        "retry": (to_exit("retry", str(log), "--base-url", address, "--yes"), READ),
        "run --resume": (resume_whole, RESUME),
        "status, killed": (to_exit("status", str(killed)), READ_KILLED),
        "retry, killed": (to_first_request("retry", str(killed)), READ_KILLED),
        "run --resume, killed": (
            to_first_request("run", ids, "--log", str(killed), "--resume"),
            RESUME_KILLED,
        ),
    }


def format_row(name: str, usage: Usage, ratio: float, target: Target | None) -> str:
    """Format one row of the table."""
    is_met = target is None or (
        ratio <= target.ratio and usage.memory_mib <= target.memory_mib
    )
    numbers = f"{usage.cpu_s:.1f}", f"{ratio:.1f}", f"{usage.memory_mib:.0f}"
    texts = ("", "") if target is None else (str(target), "met" if is_met else "missed")
    return table_row([name, *numbers, *texts])


@click.command()
@click.option("--rows", type=click.IntRange(100), default=1_000_000)
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(*, rows: int, rounds: int) -> None:
    """Print CPU time and memory of commands on a log of many records."""
    click.echo(f"{rows:,} records, {rounds} rounds in turn, medians; {machine()}.\n")
    with (
        TemporaryDirectory() as temporary,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        listener.settimeout(TIMEOUT_S)
        measures = measures_of(Path(temporary), rows, listener)
        usages: dict[str, list[Usage]] = {name: [] for name in measures}
        for _ in range(rounds):
            for name, (measure, _) in measures.items():
                usages[name].append(measure())
    click.echo(table_head(COLUMNS))
    for name, (_, target) in measures.items():
        pairs = zip(usages[name], usages[BASE], strict=True)
        usage = Usage(
            cpu_s=median(one.cpu_s for one in usages[name]),
            memory_mib=median(one.memory_mib for one in usages[name]),
        )
        ratio = median(one.cpu_s / base.cpu_s for one, base in pairs)
        click.echo(format_row(name, usage, ratio, target))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.large_logs")
