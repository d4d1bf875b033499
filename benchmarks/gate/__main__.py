"""How fast the gate is, and how often the server refuses it: on virtual time.

Run `python -m benchmarks.gate --help` from the root of the repository. All clients
meet the same server, phases and delays; a seed repeats a table to the last digit.
"""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

import click

from benchmarks.gate.clients import BOUNDS, GATES
from benchmarks.gate.jobs import FULL, QUICK, rows_of
from benchmarks.gate.table import head_of, line_of, measured
from benchmarks.gate.targets import Findings, findings_of
from bulkpause.model import Limit
from tests.testkit.network import NETWORKS
from tests.testkit.servers import SERVERS


PERIODS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def limits_of(text: str) -> tuple[Limit, ...]:
    """Read limits such as `10/1s,150/1m`."""
    found = [re.fullmatch(r"(\d+)/(\d+)(ms|s|m|h)", part) for part in text.split(",")]
    limits = [
        Limit(int(match[1]), int(match[2]) * PERIODS_S[match[3]])
        for match in found
        if match
    ]
    if len(limits) < len(found):
        raise click.BadParameter(f"{text!r} is not like 10/1s,150/1m")
    return tuple(limits)


def sizes_of(text: str) -> tuple[int, ...]:
    """Read numbers with commas between."""
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text):
        raise click.BadParameter(f"{text!r} is not like 10,50")
    return tuple(map(int, text.split(",")))


def names_of(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Make a reader of known names with commas between, or `all`."""
    every = tuple(known)

    def names(text: str) -> tuple[str, ...]:
        found = every if text == "all" else tuple(text.split(","))
        if unknown := ", ".join(repr(name) for name in found if name not in every):
            raise click.BadParameter(f"{unknown}: not one of {', '.join(every)}")
        return found

    return names


@click.command()
@click.option("--models", type=names_of(SERVERS), help="Servers, or all.")
@click.option("--ids", type=sizes_of, help="How many ids.")
@click.option("--scaled", is_flag=True, help="Sizes follow the longest window / 150.")
@click.option("--network", "networks", type=names_of(NETWORKS), default="target")
@click.option("--phases", type=click.IntRange(1), help="Runs for each cell.")
@click.option("--gates", type=names_of(GATES), default="all", help="Columns.")
@click.option("--tiers", type=limits_of, multiple=True, default=["10/1s,150/1m"])
@click.option("--max-in-flight", type=sizes_of, help="The engine's, one row each.")
@click.option("--quick", is_flag=True, help="A small part of the table.")
@click.option("--check", is_flag=True, help="Exit 1 when a target is missed.")
@click.option("--processes", type=click.IntRange(1), default=2)
@click.option("--seed", type=int, default=1)
def main(
    *,
    models: tuple[str, ...] | None,
    ids: tuple[int, ...] | None,
    scaled: bool,
    networks: tuple[str, ...],
    phases: int | None,
    gates: tuple[str, ...],
    tiers: tuple[tuple[Limit, ...], ...],
    max_in_flight: tuple[int, ...] | None,
    quick: bool,
    check: bool,
    processes: int,
    seed: int,
) -> None:
    """Print how long each gate takes, and how often each server refuses it."""
    scope = QUICK if quick else FULL
    phases = phases or scope.phases
    rows = rows_of(
        replace(scope, servers=models or scope.servers, ids=ids or scope.ids),
        tiers=tiers,
        networks=networks,
        in_flight=max_in_flight or [None],
        is_scaled=scaled,
    )
    click.echo(head_of(gates, phases, seed))
    findings = Findings()
    for cells in measured(rows, gates, phases=phases, seed=seed, processes=processes):
        click.echo(line_of(cells, gates))
        if "engine" in cells:
            findings += findings_of(cells["engine"], bound=cells.get(BOUNDS[0]))
    if check:
        click.echo(f"\n{findings}")
        sys.exit(bool(findings.misses))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gate")
