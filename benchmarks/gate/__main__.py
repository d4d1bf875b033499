"""Measure the time and the rate-limited requests of each client on virtual time.

Run `python -m benchmarks.gate --help` from the root of the repository. All clients
meet the same servers, phases and delays. The same seed gives the same table.
"""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

import click

from benchmarks.gate.clients import BOUNDS, CLIENTS
from benchmarks.gate.jobs import FULL, QUICK, scenarios_of
from benchmarks.gate.table import format_head, format_row, measure
from benchmarks.gate.targets import Findings, findings_of
from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.settings import parse_limit
from tests.testkit.network import NETWORKS
from tests.testkit.servers import SERVERS


def parse_tier(text: str) -> tuple[Limit, ...]:
    """Parse rate limits such as `10/1s,150/1m`."""
    try:
        limits = tuple(map(parse_limit, text.split(",")))
    except SettingsError as error:
        raise click.BadParameter(str(error)) from error
    enabled = tuple(limit for limit in limits if limit is not None)
    if len(enabled) < len(limits):
        raise click.BadParameter("a tier has no disabled limits")
    return enabled


def parse_sizes(text: str) -> tuple[int, ...]:
    """Parse positive integers such as `10,50`."""
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text):
        raise click.BadParameter(f"{text!r} is not like 10,50")
    return tuple(map(int, text.split(",")))


def parse_names(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Make a parser of known names such as `fixed,shared`, or `all`."""
    every = tuple(known)

    def names(text: str) -> tuple[str, ...]:
        given = every if text == "all" else tuple(text.split(","))
        if unknown := ", ".join(repr(name) for name in given if name not in every):
            raise click.BadParameter(f"{unknown}: not one of {', '.join(every)}")
        return given

    return names


@click.command()
@click.option("--models", type=parse_names(SERVERS), help="Servers, or all.")
@click.option("--ids", type=parse_sizes, help="Numbers of ids.")
@click.option("--scaled", is_flag=True, help="Scale sizes by the longest window / 150.")
@click.option("--network", "networks", type=parse_names(NETWORKS), default="target")
@click.option("--phases", type=click.IntRange(1), help="Simulations per cell.")
@click.option(
    "--gates", "clients", type=parse_names(CLIENTS), default="all", help="Columns."
)
@click.option("--tiers", type=parse_tier, multiple=True, default=["10/1s,150/1m"])
@click.option(
    "--max-in-flight", type=parse_sizes, help="Of the engine, one row for each."
)
@click.option("--quick", is_flag=True, help="Measure a small part of the table.")
@click.option("--check", is_flag=True, help="Exit with 1 if a target is missed.")
@click.option("--processes", type=click.IntRange(1), default=2)
@click.option("--seed", type=int, default=1)
def main(
    *,
    models: tuple[str, ...] | None,
    ids: tuple[int, ...] | None,
    scaled: bool,
    networks: tuple[str, ...],
    phases: int | None,
    clients: tuple[str, ...],
    tiers: tuple[tuple[Limit, ...], ...],
    max_in_flight: tuple[int, ...] | None,
    quick: bool,
    check: bool,
    processes: int,
    seed: int,
) -> None:
    """Print the time and the rate-limited requests of each client at each server."""
    selection = QUICK if quick else FULL
    phases = phases or selection.phases
    scenarios = scenarios_of(
        replace(
            selection, servers=models or selection.servers, ids=ids or selection.ids
        ),
        tiers=tiers,
        networks=networks,
        in_flight=max_in_flight or [None],
        is_scaled=scaled,
    )
    click.echo(format_head(clients, phases, seed))
    findings = Findings()
    for cells in measure(
        scenarios, clients, phases=phases, seed=seed, processes=processes
    ):
        click.echo(format_row(cells, clients))
        if "engine" in cells:
            findings += findings_of(cells["engine"], bound=cells.get(BOUNDS[0]))
    if check:
        click.echo(f"\n{findings}")
        sys.exit(bool(findings.misses))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gate")
