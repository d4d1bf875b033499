"""Select the scenarios to measure, and run their simulations on virtual time."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from random import Random

from benchmarks.gate.clients import CLIENTS, ClientConfig
from benchmarks.gate.ledger import ArrivalLedger
from benchmarks.gate.rivals import RateLimiter
from benchmarks.gate.simulation import Simulation
from bulkpause.model import Limit
from tests.testkit.lower_bounds import shortest_time_s
from tests.testkit.network import NETWORKS, Connections
from tests.testkit.servers import SERVERS, ServerConfig
from tests.testkit.virtual_time import VirtualTimeLoop


#: A simulation times out after this multiple of the time that even spacing takes.
TIMEOUT_TO_EVEN = 10
#: `--scaled` takes sizes as meant for a longest window of this number of requests.
USUAL_WINDOW = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the table: limits, a server, a network and a number of ids.

    `max_in_flight` is for the engine; None is its default.
    """

    limits: tuple[Limit, ...]
    server: str
    network: str
    ids: int
    max_in_flight: int | None = None

    def __str__(self) -> str:
        limits = ",".join(map(str, self.limits))
        return f"{self.server}, {self.ids} ids, network {self.network}, {limits}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The servers, sizes and phases that are measured by default."""

    servers: tuple[str, ...]
    ids: tuple[int, ...]
    phases: int


FULL = Selection(
    servers=(
        "fixed",
        "fixed-silent",
        "sliding-log",
        "sliding-log-counts",
        "two-buckets",
        "one-bucket",
        "sliding-counter",
        "shared",
    ),
    ids=(10, 50, 150, 300, 600, 1000, 10000),
    phases=24,
)
QUICK = Selection(servers=("fixed", "sliding-log"), ids=(50, 150, 300), phases=4)


def scenarios_of(
    selection: Selection,
    *,
    tiers: Iterable[tuple[Limit, ...]],
    networks: Iterable[str],
    in_flight: Iterable[int | None],
    is_scaled: bool,
) -> list[Scenario]:
    """Make a scenario of each combination.

    Args:
        selection: Servers and sizes.
        tiers: Rate limits of the account, one tuple per tier.
        networks: Their names.
        in_flight: Maxima of requests in flight, for the engine.
        is_scaled: Whether sizes scale with the longest window.
    """
    return [
        Scenario(
            limits=limits,
            server=server,
            network=network,
            ids=scaled(ids, limits) if is_scaled else ids,
            max_in_flight=max_in_flight,
        )
        for limits in tiers
        for server in selection.servers
        for network in networks
        for max_in_flight in in_flight
        for ids in selection.ids
    ]


def scaled(ids: int, limits: Iterable[Limit]) -> int:
    """Scale a size from `USUAL_WINDOW` to the longest window, rounded up."""
    longest = max(limits, key=lambda limit: limit.period_s)
    return -(-ids * longest.requests // USUAL_WINDOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationJob:
    """One simulation of a scenario: a client, and the phases of the windows."""

    scenario: Scenario
    client: str
    phases_s: tuple[float, ...]
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """The result of one simulation.

    Attributes:
        time_s: From the first arrival to the last that was allowed.
        best_s: The same for the earliest arrivals that the server allows.
        requests: The number of requests sent.
        rate_limited: The number of requests that got a 429.
        unfinished: The number of ids that were never allowed.
    """

    time_s: float
    best_s: float
    requests: int
    rate_limited: int
    unfinished: int


def phases_of(
    limits: Sequence[Limit], number: int, seed: str
) -> list[tuple[float, ...]]:
    """Spread the phases of the windows evenly, independently for each limit.

    Each period is cut into as many parts as there are phases, and each part is used
    once.
    """
    random = Random(seed)
    columns = []
    for limit in limits:
        parts = random.sample(range(number), number)
        columns.append(
            [(part + random.random()) / number * limit.period_s for part in parts]
        )
    return list(zip(*columns, strict=True))


def jobs_of(
    scenario: Scenario, client: str, phases: int, seed: int
) -> list[SimulationJob]:
    """Make a job of each phase. Every client meets the same phases and networks."""
    return [
        SimulationJob(
            scenario=scenario,
            client=client,
            phases_s=phases_s,
            seed=f"{seed} {index} {scenario}",
        )
        for index, phases_s in enumerate(phases_of(scenario.limits, phases, str(seed)))
    ]


def run(job: SimulationJob) -> JobResult:
    """Run one simulation on virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_run(job))


async def _run(job: SimulationJob) -> JobResult:
    scenario, ledger = job.scenario, ArrivalLedger()
    config = ServerConfig(limits=scenario.limits, phases_s=job.phases_s, seed=job.seed)
    server = SERVERS[scenario.server]
    simulation = Simulation(
        _limiter_of(job, ledger),
        server.make_model(config),
        Connections(NETWORKS[scenario.network], Random(job.seed)),
        ledger,
        scenario.ids,
    )
    timeout_s = 600 + TIMEOUT_TO_EVEN * scenario.ids / config.steady_per_s
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await simulation.dispatch()
    first_s = ledger.arrivals_s[0] if ledger.arrivals_s else 0.0
    earliest_s = server.earliest_arrivals(config, first_s)
    return JobResult(
        time_s=ledger.allowed_s[-1] - first_s if ledger.allowed_s else inf,
        best_s=shortest_time_s(earliest_s, scenario.ids),
        requests=simulation.requests,
        rate_limited=len(ledger.arrivals_s) - len(ledger.allowed_s),
        unfinished=scenario.ids - simulation.finished,
    )


def _limiter_of(job: SimulationJob, ledger: ArrivalLedger) -> RateLimiter:
    scenario = job.scenario
    config = ClientConfig(
        limits=scenario.limits,
        phases_s=job.phases_s,
        network=NETWORKS[scenario.network],
        ledger=ledger,
        reset_error_s=SERVERS[scenario.server].reset_error_s,
        max_in_flight=scenario.max_in_flight,
    )
    return CLIENTS[job.client](config)
