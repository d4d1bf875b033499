"""Build the table: one row for each scenario, one column for each client."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, islice
from multiprocessing import Pool
from statistics import fmean, median

from benchmarks.gate.clients import BOUNDS
from benchmarks.gate.jobs import JobResult, Scenario, jobs_of, run
from benchmarks.harness import table_row
from tests.testkit.servers import FIXED_WINDOW_SERVERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The results of one client in all phases of a scenario."""

    scenario: Scenario
    client: str
    results: tuple[JobResult, ...]

    @property
    def time_s(self) -> float:
        return fmean(result.time_s for result in self.results)

    @property
    def best_s(self) -> float:
        return fmean(result.best_s for result in self.results)

    @property
    def ratio(self) -> float | None:
        """Mean time divided by mean best time; None if that is zero."""
        return self.time_s / self.best_s if self.best_s else None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each phase, in ascending order."""
        return sorted(
            result.time_s / result.best_s for result in self.results if result.best_s
        )

    @property
    def rate_limited(self) -> int:
        return sum(result.rate_limited for result in self.results)

    @property
    def rate_limited_share(self) -> float:
        return self.rate_limited / sum(result.requests for result in self.results)

    @property
    def unfinished(self) -> int:
        return sum(result.unfinished for result in self.results)

    def __str__(self) -> str:
        text = f"{self.time_s:.1f} s"
        if self.ratio is not None:
            least, most = self.ratios[0], self.ratios[-1]
            spread = f"{median(self.ratios):.3f}, {least:.2f}-{most:.2f}"
            text += f" · {self.ratio:.3f} ({spread})"
        text += f" · {self.rate_limited}"
        return f"{text} · {self.unfinished} UNFINISHED" if self.unfinished else text


#: The cells of a scenario by client.
Cells = Mapping[str, Cell]


def is_applicable(scenario: Scenario, client: str) -> bool:
    """Whether a client can be compared at the server of a scenario."""
    return client not in BOUNDS or scenario.server in FIXED_WINDOW_SERVERS


def measure(
    scenarios: Iterable[Scenario],
    clients: Sequence[str],
    *,
    phases: int,
    seed: int,
    processes: int,
) -> Iterator[Cells]:
    """Run all simulations, and give the cells of one scenario after the other."""
    pairs = [
        (scenario, client)
        for scenario in dict.fromkeys(scenarios)
        for client in clients
        if is_applicable(scenario, client)
    ]
    jobs = [
        job
        for scenario, client in pairs
        for job in jobs_of(scenario, client, phases, seed)
    ]
    with ExitStack() as stack:
        results: Iterator[JobResult] = map(run, jobs)
        if processes > 1:
            results = stack.enter_context(Pool(processes)).imap(run, jobs)
        cells = (
            Cell(
                scenario=scenario, client=client, results=tuple(islice(results, phases))
            )
            for scenario, client in pairs
        )
        for _, of_scenario in groupby(cells, key=lambda cell: cell.scenario):
            yield {cell.client: cell for cell in of_scenario}


def format_head(clients: Sequence[str], phases: int, seed: int) -> str:
    """Format the legend and the head of the table."""
    return (
        f"{phases} phases, seed {seed}. In each cell: mean time · mean time ÷ mean best"
        " time (over the phases: median, least-most) · rate-limited requests in all"
        " phases.\n\n"
        f"| limits | server | network | ids | best | {' | '.join(clients)} |\n"
        f"|---|---|---|--:|--:|{'---|' * len(clients)}"
    )


def format_row(cells: Cells, clients: Sequence[str]) -> str:
    """Format one row of the table."""
    any_cell = next(iter(cells.values()))
    scenario = any_cell.scenario
    max_in_flight = scenario.max_in_flight
    in_flight = f", {max_in_flight} in flight" if max_in_flight else ""
    texts = [
        ", ".join(map(str, scenario.limits)) + in_flight,
        scenario.server,
        scenario.network,
        f"{scenario.ids:,}",
        f"{any_cell.best_s:.1f} s",
        *(str(cells.get(client, "-")) for client in clients),
    ]
    return table_row(texts)
