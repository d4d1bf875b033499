"""What comes of a list in the hands of others, and in ours: over real sockets.

Run `python -m benchmarks.wall_clock.comparison --help` from the root of the repository. All
meet the same stand-in for the API, with faults, jitter and cold connections, at a
tenth of the time scale. Its ledger judges, and nothing that a client says of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from benchmarks.harness import head, machine, row
from benchmarks.wall_clock.rival_clients import Script, scripts
from benchmarks.wall_clock.scaled_simulator import standing_in
from bulkpause.simulator import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the server saw of one client."""

    took_s: float
    refused: int
    #: Ids that run on.
    lost: int
    #: Ids that were sent again although they were paused.
    sent_twice: int
    #: Ids of which the client says what is not so.
    misjudged: int


def outcome_of(ledger: Ledger, ids: int, said: set[str]) -> Outcome:
    """Judge a run by the ledger of the server."""
    wanted = {str(1000 + n) for n in range(ids)}
    paused = ledger.paused_ids() & wanted
    acted = set[str]()
    again = set[str]()
    for entry in ledger:
        if entry.action == "pause" and entry.id is not None:
            if entry.id in acted:
                again.add(entry.id)
            elif entry.acted:
                acted.add(entry.id)
    return Outcome(
        took_s=ledger[-1].at - ledger[0].at,
        refused=len(ledger.refusals()),
        lost=len(wanted - paused),
        sent_twice=len(again),
        misjudged=len(said ^ paused),
    )


def run(script: Script, ids: int, seed: int) -> Outcome:
    """Let a client pause a list at a stand-in of its own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "ledger.jsonl"
        with standing_in(path, seed) as address:
            said = script(address, folder, ids)
        return outcome_of(Ledger.read(path), ids, said)


def line_of(name: str, outcomes: Sequence[Outcome], first_s: float) -> str:
    """Write one line of the table."""
    took_s = median(one.took_s for one in outcomes)
    counts = (
        sum(one.refused for one in outcomes),
        sum(one.lost for one in outcomes),
        sum(one.sent_twice for one in outcomes),
        sum(one.misjudged for one in outcomes),
    )
    return row([name, f"{took_s:.1f}", f"{took_s / first_s:.2f}", *map(str, counts)])


@click.command()
@click.option("--ids", type=click.IntRange(2), default=600)
@click.option("--rounds", type=click.IntRange(1), default=5)
@click.option("--seed", type=int, default=1, help="Of the first round.")
def main(*, ids: int, rounds: int, seed: int) -> None:
    """Print what the server saw of each client."""
    known = scripts()
    outcomes: dict[str, list[Outcome]] = {name: [] for name in known}
    for number in range(rounds):
        for name, script in known.items():
            outcomes[name].append(run(script, ids, seed + number))
    click.echo(
        f"{ids:,} ids, {rounds} rounds in turn: median time, sums of the rest; "
        f"{machine()}.\n"
    )
    names = ["client", "s", "÷ engine", "refused", "lost", "sent twice", "misjudged"]
    click.echo(head(names))
    first_s = median(one.took_s for one in outcomes["engine"])
    for name, of_client in outcomes.items():
        click.echo(line_of(name, of_client, first_s))
    if "parallel and curl" not in known:
        click.echo("\nLeft out: GNU parallel and curl are not both installed.")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.comparison")
