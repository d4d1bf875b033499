"""Compare the engine with other clients over real sockets, with faults.

Run `python -m benchmarks.wall_clock.comparison --help` from the root of the
repository. All clients meet the same simulator, with faults, jitter and cold
connections, at a tenth of the time scale. The results come from its ledger, and not
from the clients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from benchmarks.harness import machine, table_head, table_row
from benchmarks.wall_clock.rival_clients import Client, available_clients
from benchmarks.wall_clock.scaled_simulator import running_simulator
from bulkpause.simulator import Ledger


COLUMNS = (
    "client",
    "s",
    "÷ engine",
    "rate-limited",
    "not paused",
    "sent twice",
    "misreported",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientResult:
    """The results of one client, from the ledger of the server.

    Attributes:
        time_s: From the first request to the last.
        rate_limited: Requests that got a 429.
        not_paused: Ids that are still running.
        sent_twice: Ids that were sent again although they were paused.
        misreported: Ids whose status the client reports wrongly.
    """

    time_s: float
    rate_limited: int
    not_paused: int
    sent_twice: int
    misreported: int


def result_of(ledger: Ledger, ids: int, reported: set[str]) -> ClientResult:
    """Evaluate the ledger of one run, and the ids that the client reports as paused."""
    wanted = {str(1000 + n) for n in range(ids)}
    paused = ledger.paused_ids() & wanted
    acted = set[str]()
    sent_twice = set[str]()
    for entry in ledger:
        if entry.action == "pause" and entry.id is not None:
            if entry.id in acted:
                sent_twice.add(entry.id)
            elif entry.acted:
                acted.add(entry.id)
    return ClientResult(
        time_s=ledger[-1].at - ledger[0].at,
        rate_limited=len(ledger.rate_limited()),
        not_paused=len(wanted - paused),
        sent_twice=len(sent_twice),
        misreported=len(reported ^ paused),
    )


def run(client: Client, ids: int, seed: int) -> ClientResult:
    """Let a client pause a list at its own simulator."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "ledger.jsonl"
        with running_simulator(path, seed) as address:
            reported = client(address, folder, ids)
        return result_of(Ledger.read(path), ids, reported)


def format_row(name: str, results: Sequence[ClientResult], base_s: float) -> str:
    """Format one row of the table."""
    time_s = median(result.time_s for result in results)
    counts = (
        sum(result.rate_limited for result in results),
        sum(result.not_paused for result in results),
        sum(result.sent_twice for result in results),
        sum(result.misreported for result in results),
    )
    return table_row(
        [name, f"{time_s:.1f}", f"{time_s / base_s:.2f}", *map(str, counts)]
    )


@click.command()
@click.option("--ids", type=click.IntRange(2), default=600)
@click.option("--rounds", type=click.IntRange(1), default=5)
@click.option("--seed", type=int, default=1, help="Random seed of the first round.")
def main(*, ids: int, rounds: int, seed: int) -> None:
    """Print the results of each client."""
    clients = available_clients()
    results: dict[str, list[ClientResult]] = {name: [] for name in clients}
    for number in range(rounds):
        for name, client in clients.items():
            results[name].append(run(client, ids, seed + number))
    click.echo(
        f"{ids:,} ids, {rounds} rounds in turn: median time, sums of the rest; "
        f"{machine()}.\n"
    )
    click.echo(table_head(COLUMNS))
    base_s = median(result.time_s for result in results["engine"])
    for name, of_client in results.items():
        click.echo(format_row(name, of_client, base_s))
    if "parallel and curl" not in clients:
        click.echo("\nLeft out: GNU parallel and curl are not both installed.")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.comparison")
