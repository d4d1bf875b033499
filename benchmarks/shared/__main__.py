"""Measure runs that share one account, against the simulator, in real time.

Run `python -m benchmarks.shared --help` from the root of the repository. At full scale
a case of 600 ids takes three minutes or so. What the server counted is what counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

import click

from benchmarks.harness import load, machine, table_head, table_row
from benchmarks.shared.cases import Case, even_cases, incident_cases
from benchmarks.shared.client import ClientSpec
from benchmarks.shared.start import HEAD, start_rows
from benchmarks.shared.steps import steps_per_s
from benchmarks.shared.trial import Trial, run


EVEN = (
    "case",
    "requests",
    "rate-limited",
    "s",
    "÷ best",
    "of 90 %",
    "Jain, 15 s",
    "work, ms",
)
INCIDENT = (
    "case",
    "rate-limited",
    "first, s",
    "30th, s",
    "last, s",
    "nightly before 30th",
)
#: Starts in each round.
STARTS = 10
ALONE = ("alone", "work, ms", "added, ms", "first request, ms", "later, ms")
STEPS = ("store", "1 process", "4 processes")
STEPS_S = 2.0


def even_row(name: str, trial: Trial, scale: float) -> str:
    """Format what processes did that all wanted the same."""
    work_ms = trial.work_ms
    return table_row(
        [
            name,
            f"{len(trial.entries):,}",
            str(trial.rate_limited),
            f"{trial.time_s:.1f}",
            f"{trial.time_s / trial.best_s:.3f}",
            f"{trial.early_ratio:.3f}",
            f"{trial.evenness(scale):.3f}",
            "" if work_ms is None else f"{work_ms:.2f}",
        ]
    )


def incident_row(name: str, trial: Trial) -> str:
    """Format how soon an incident was through, beside a nightly run.

    The reserve of a window is 30 requests. With its last few, the incident leaves slots
    that it does not want.
    """
    urgent = trial.arrivals_of(1)
    thirtieth = urgent[min(30, len(urgent)) - 1]
    nightly = [at for at in trial.arrivals_of(0) if urgent[0] < at < thirtieth]
    since_s = trial.started_s[1]
    times_s = [at - since_s for at in (urgent[0], thirtieth, urgent[-1])]
    return table_row(
        [
            name,
            str(trial.rate_limited),
            *(f"{time_s:.2f}" for time_s in times_s),
            str(len(nightly)),
        ]
    )


def alone_rows(ids: int, rounds: int, seed: int, scale: float) -> Iterator[str]:
    """Compare a run that is alone on its account with one that shares nothing."""
    stores = ("none", "auto", "sqlite", "valkey")
    trials: dict[str, list[Trial]] = {store: [] for store in stores}
    for number in range(rounds):
        for store in stores:
            case = Case(store=store, clients=(ClientSpec(first=10_000, ids=ids),))
            trials[store].append(run(case, seed + number, scale))
    works = {store: [one.work_ms or 0.0 for one in trials[store]] for store in stores}
    firsts = {
        store: [1000 * (one.entries[0].at - one.started_s[0]) for one in trials[store]]
        for store in stores
    }
    for store in stores:
        yield table_row(
            [
                store,
                f"{median(works[store]):.2f}",
                f"{_median_difference(works, store):+.2f}",
                f"{median(firsts[store]):.0f}",
                f"{_median_difference(firsts, store):+.0f}",
            ]
        )


def _median_difference(samples: Mapping[str, Sequence[float]], store: str) -> float:
    pairs = zip(samples[store], samples["none"], strict=True)
    return median(value - base for value, base in pairs)


def steps_rows() -> Iterator[str]:
    """Count the steps a second of each store."""
    for store in ("sqlite", "valkey"):
        counts = [f"{steps_per_s(store, n, STEPS_S):,.0f}" for n in (1, 4)]
        yield table_row([store, *counts])


def _print_table(head: Sequence[str], rows: Iterable[str]) -> None:
    """Print each row when it is measured; nothing if there is none."""
    for number, row in enumerate(rows):
        if number == 0:
            click.echo(f"\n{table_head(head)}")
        click.echo(row)


@click.command()
@click.option(
    "--cases", default="all", help="Names with commas, `all`, or `list` to see them."
)
@click.option("--ids", type=click.IntRange(20), default=600, help="In all.")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    help=f"Of `alone`, and {STARTS} starts each of `start`.",
)
@click.option("--scale", type=float, default=1.0, help="1 is the API's own time.")
@click.option("--seed", type=int, default=1)
def main(*, cases: str, ids: int, rounds: int, scale: float, seed: int) -> None:
    """Print a table for each kind of case."""
    even, incidents = even_cases(ids), incident_cases(ids, scale)
    known = [*even, *incidents, "alone", "start", "steps"]
    wanted = known if cases == "all" else cases.split(",")
    if wanted == ["list"]:
        click.echo("\n".join(known))
        return
    if unknown := set(wanted) - set(known):
        raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}")
    click.echo(f"{ids:,} ids, scale {scale:g}; {machine()}, load {load():.0f}.")
    tables: Mapping[tuple[str, ...], Iterable[str]] = {
        EVEN: (
            even_row(name, run(even[name], seed, scale), scale)
            for name in wanted
            if name in even
        ),
        INCIDENT: (
            incident_row(name, run(incidents[name], seed, scale))
            for name in wanted
            if name in incidents
        ),
        ALONE: alone_rows(ids // 4, rounds, seed, scale) if "alone" in wanted else (),
        HEAD: start_rows(STARTS * rounds) if "start" in wanted else (),
        STEPS: steps_rows() if "steps" in wanted else (),
    }
    for head, rows in tables.items():
        _print_table(head, rows)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.shared")
