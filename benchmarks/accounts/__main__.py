"""Measure one process that pauses in 1 to 1,000 accounts at once.

Run `python -m benchmarks.accounts --help` from the root of the repository. Each account
has the documented limits with its long window cut to a fifth, and so the same rate. The
server, in another process, has fixed windows for each token, all at different phases.
Linux only: memory and open files are read from /proc.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson

from benchmarks.harness import (
    LINUX_ONLY,
    machine,
    output_of,
    serving,
    table_head,
    table_row,
)
from bulkpause.model import Limit
from bulkpause.ratelimit.estimate import time_needed_s


BURST, STEADY = LIMITS = Limit(10, 1.0), Limit(30, 12.0)
TIMEOUT_S = 900.0
#: A run of so many requests that uses this much of a core shows what one can send: of
#: fewer, most of the time is that of the start.
BUSY, MANY = 0.95, 1_000
COLUMNS = (
    *("accounts", "requests/s", "of limits", "of limits and core", "rejected", "CPU"),
    *("ms/request", "late p50/p99 ms", "after the first burst", "timer p99 ms"),
    *("last first request s", "KiB/account", "threads", "files"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run over some accounts took, as the client and the server saw it."""

    accounts: int
    ids: int
    client: Mapping[str, Any]
    server: Mapping[str, Any]

    @property
    def requests_per_s(self) -> float:
        """How many requests it sent a second, from its start to its end."""
        return float(self.client["paused"] / self.client["wall_s"])

    @property
    def cores(self) -> float:
        """How many cores it used."""
        return float(self.client["cpu_s"] / self.client["wall_s"])

    @property
    def shows_core(self) -> bool:
        """Whether it sent as many requests as a core can."""
        return self.cores >= BUSY and self.accounts * self.ids >= MANY

    def row(self, core_per_s: float | None) -> list[str]:
        """Give the cells of its row, where one core sends so many requests a second."""
        client, server, wall_s = self.client, self.server, self.client["wall_s"]
        first_s = max(server["first_at"]) - client["started_at"]
        return [
            f"{self.accounts:,}",
            f"{self.requests_per_s:,.0f}",
            f"{least_s(1, self.ids, inf) / wall_s:.0%}",
            "unknown"
            if core_per_s is None
            else f"{least_s(self.accounts, self.ids, core_per_s) / wall_s:.0%}",
            f"{server['rejected']}",
            f"{self.cores:.0%}",
            f"{1000 * client['cpu_s'] / client['paused']:.2f}",
            " / ".join(f"{ms:.0f}" for ms in client["late_ms"]),
            " / ".join(f"{ms:.0f}" for ms in client["later_ms"]),
            f"{client['pulse_ms'][1]:.0f}",
            f"{first_s:.1f}",
            f"{client['kib'] / self.accounts:,.0f}",
            f"{client['threads']}",
            f"{client['files']:,}",
        ]


def least_s(accounts: int, ids: int, core_per_s: float) -> float:
    """Give the seconds that the limits and the core need at least, whoever sends.

    After any number of requests in each account, the limits say when the next may be
    sent at the earliest, and all that are left then take the core their time.
    """
    return max(
        time_needed_s(sent + 1, LIMITS) + (accounts * (ids - sent) - 1) / core_per_s
        for sent in range(ids)
    )


def measure(accounts: int, ids: int, share: str) -> Result:
    """Pause in so many accounts."""
    limits = [f"{limit.requests}/{limit.period_s:g}" for limit in LIMITS]
    with (
        TemporaryDirectory() as folder,
        serving("benchmarks.accounts.windows_server", *limits) as server,
    ):
        arguments = (server.address, str(accounts), str(ids), ",".join(limits))
        command = (sys.executable, "-m", "benchmarks.accounts.client", *arguments)
        output = output_of([*command, share, folder], timeout_s=TIMEOUT_S)
    client = orjson.loads(output)
    assert client["paused"] == accounts * ids
    return Result(
        accounts=accounts,
        ids=ids,
        client=client,
        server=orjson.loads(server.final_output),
    )


@click.command()
@click.option("--accounts", default="1,10,100,500,1000", show_default=True)
@click.option("--ids", type=click.IntRange(1), default=90, show_default=True)
@click.option("--share", default="auto", show_default=True)
def main(*, accounts: str, ids: int, share: str) -> None:
    """Print what one process reaches with so many accounts."""
    if not Path("/proc/self/statm").exists():
        raise click.ClickException(LINUX_ONLY)
    windows = " and ".join(map(str, LIMITS))
    click.echo(f"{ids} ids in each account, {windows}; {machine()}.\n")
    results = [measure(int(count), ids, share) for count in accounts.split(",")]
    busy = [result.requests_per_s for result in results if result.shows_core]
    core_per_s = max(busy, default=None)
    click.echo(table_head(list(COLUMNS), text_columns=0))
    for result in results:
        click.echo(table_row(result.row(core_per_s)))
    click.echo(f"\n{said_of_core(core_per_s)}")


def said_of_core(core_per_s: float | None) -> str:
    """Say how many accounts one core can serve, if a run has kept it busy."""
    if core_per_s is None:
        return "No run kept a core busy: what one can send is not known."
    in_bursts = core_per_s / BURST.requests * BURST.period_s
    in_all = core_per_s / STEADY.requests * STEADY.period_s
    return (
        f"One core sends {core_per_s:,.0f} requests a second: the bursts of "
        f"{in_bursts:,.0f} accounts at once, or the steady rate of {in_all:,.0f}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accounts")
