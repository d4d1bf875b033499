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

    def row(self, core_per_s: float) -> list[str]:
        """Give the cells of its row, where one core sends so many requests a second."""
        client, server, wall_s = self.client, self.server, self.client["wall_s"]
        first_s = max(server["first_at"]) - client["started_at"]
        return [
            f"{self.accounts:,}",
            f"{self.requests_per_s:,.0f}",
            f"{least_s(1, self.ids, inf) / wall_s:.0%}",
            f"{least_s(self.accounts, self.ids, core_per_s) / wall_s:.0%}",
            f"{server['rejected']}",
            f"{client['cpu_s'] / wall_s:.0%}",
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
    core_per_s = max(result.requests_per_s for result in results)
    click.echo(table_head(list(COLUMNS), text_columns=0))
    for result in results:
        click.echo(table_row(result.row(core_per_s)))
    in_bursts = core_per_s / BURST.requests * BURST.period_s
    in_all = core_per_s / STEADY.requests * STEADY.period_s
    click.echo(
        f"\nThe core sent {core_per_s:,.0f} requests a second at most: the bursts of "
        f"{in_bursts:,.0f} accounts at once, or the steady rate of {in_all:,.0f}."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accounts")
