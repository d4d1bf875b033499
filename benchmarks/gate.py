"""How fast the gate is, and how often the server refuses it: on virtual time.

Run `python -m benchmarks.gate --help` from the root of the repository. All clients
meet the same server, phases and delays; a seed repeats a table to the last digit.
"""

import sys
from dataclasses import replace

import click

from benchmarks.clients import BOUNDS, GATES
from benchmarks.network import NETWORKS
from benchmarks.options import limits_of, names_of, sizes_of
from benchmarks.rows import FULL, QUICK, rows_of
from benchmarks.servers import SERVERS
from benchmarks.table import head_of, line_of, measured
from benchmarks.targets import Findings, findings_of
from bulkpause.model import Limit


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
