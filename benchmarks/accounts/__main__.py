"""Measure one process that pauses in 1 to 1,000 accounts at once.

Run `python -m benchmarks.accounts --help` from the root of the repository. Each account
has the documented limits with its long window cut to a fifth, and so the same rate. The
server, in another process, has fixed windows for each token, all at different phases.
Linux only: memory and open files are read from /proc.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

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


LIMITS = ("10/1", "30/12")
TIMEOUT_S = 900.0
COLUMNS = (
    *("accounts", "requests/s", "of limits", "rejected", "CPU", "ms/request"),
    *("late p50/p99 ms", "after the first burst", "timer p99 ms"),
    *("last first request s", "KiB/account", "threads", "files"),
)


def measure(accounts: int, ids: int, share: str) -> list[str]:
    """Pause in so many accounts, and give the cells of a row."""
    with (
        TemporaryDirectory() as folder,
        serving("benchmarks.accounts.windows_server", *LIMITS) as server,
    ):
        arguments = (server.address, str(accounts), str(ids), ",".join(LIMITS))
        command = (sys.executable, "-m", "benchmarks.accounts.client", *arguments)
        output = output_of([*command, share, folder], timeout_s=TIMEOUT_S)
    client, seen = orjson.loads(output), orjson.loads(server.final_output)
    assert client["paused"] == accounts * ids
    limits = [Limit(10, 1.0), Limit(30, 12.0)]
    allowed_s = time_needed_s(ids, limits)
    first_s = max(seen["first_at"]) - client["started_at"]
    return [
        f"{accounts:,}",
        f"{client['paused'] / client['wall_s']:,.0f}",
        f"{allowed_s / client['wall_s']:.0%}",
        f"{seen['rejected']}",
        f"{client['cpu_s'] / client['wall_s']:.0%}",
        f"{1000 * client['cpu_s'] / client['paused']:.2f}",
        " / ".join(f"{ms:.0f}" for ms in client["late_ms"]),
        " / ".join(f"{ms:.0f}" for ms in client["later_ms"]),
        f"{client['pulse_ms'][1]:.0f}",
        f"{first_s:.1f}",
        f"{client['kib'] / accounts:,.0f}",
        f"{client['threads']}",
        f"{client['files']:,}",
    ]


@click.command()
@click.option("--accounts", default="1,10,100,500,1000", show_default=True)
@click.option("--ids", type=click.IntRange(1), default=90, show_default=True)
@click.option("--share", default="auto", show_default=True)
def main(*, accounts: str, ids: int, share: str) -> None:
    """Print what one process reaches with so many accounts."""
    if not Path("/proc/self/statm").exists():
        raise click.ClickException(LINUX_ONLY)
    click.echo(f"{ids} ids in each account, {' and '.join(LIMITS)} s; {machine()}.\n")
    click.echo(table_head(list(COLUMNS), text_columns=0))
    for count in accounts.split(","):
        click.echo(table_row(measure(int(count), ids, share)))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accounts")
