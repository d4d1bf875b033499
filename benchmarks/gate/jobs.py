"""The runs that make up a row of the table."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from random import Random

from benchmarks.gate.clients import GATES, Occasion
from benchmarks.gate.ledger import Ledger
from benchmarks.gate.simulation import Run
from bulkpause.model import Limit
from tests.testkit.lower_bounds import best_time_s
from tests.testkit.network import NETWORKS, Connections
from tests.testkit.servers import SERVERS, Setting
from tests.testkit.virtual_time import VirtualTimeLoop


#: A run is given up when it takes so many times as long as even spacing would.
LONGEST_TO_EVEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a server, a network, a number of ids.

    `max_in_flight` is the engine's; None is its default.
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
class Job:
    """One run of a row: a gate, and one of the phases."""

    row: Row
    gate: str
    phases_s: tuple[float, ...]
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run. `time_s` is from the first arrival to the last allowed."""

    time_s: float
    best_s: float
    requests: int
    refused: int
    unfinished: int


def run(job: Job) -> Outcome:
    """Do one run, on virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_run(job))


async def _run(job: Job) -> Outcome:
    row, ledger = job.row, Ledger()
    setting = Setting(limits=row.limits, phases_s=job.phases_s, seed=job.seed)
    server, network = SERVERS[row.server], NETWORKS[row.network]
    occasion = Occasion(
        limits=row.limits,
        phases_s=job.phases_s,
        network=network,
        ledger=ledger,
        late_s=server.late_s,
        max_in_flight=row.max_in_flight,
    )
    ways = Connections(network, Random(job.seed))
    one = Run(GATES[job.gate](occasion), server.make(setting), ways, ledger, row.ids)
    longest_s = 600 + LONGEST_TO_EVEN * row.ids / setting.steady_per_s
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await one.dispatch()
    first_s = ledger.arrivals_s[0] if ledger.arrivals_s else 0.0
    return Outcome(
        time_s=ledger.allowed_s[-1] - first_s if ledger.allowed_s else inf,
        best_s=best_time_s(server.best(setting, first_s), row.ids),
        requests=one.requests,
        refused=len(ledger.arrivals_s) - len(ledger.allowed_s),
        unfinished=row.ids - one.finished,
    )


def phases_of(
    limits: Sequence[Limit], number: int, seed: str
) -> list[tuple[float, ...]]:
    """Spread the beginnings of the windows evenly, each limit's on its own.

    Each limit's period is cut into as many parts as there are phases, and each part
    is used once.
    """
    random = Random(seed)
    columns = []
    for limit in limits:
        parts = random.sample(range(number), number)
        columns.append(
            [(part + random.random()) / number * limit.period_s for part in parts]
        )
    return list(zip(*columns, strict=True))


def jobs_of(row: Row, gate: str, phases: int, seed: int) -> list[Job]:
    """Make a job of each phase. Every gate meets the same phases and networks."""
    return [
        Job(row=row, gate=gate, phases_s=phases_s, seed=f"{seed} {index} {row}")
        for index, phases_s in enumerate(phases_of(row.limits, phases, str(seed)))
    ]


#: The longest window that sizes are meant for.
USUAL_WINDOW = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is measured unless asked otherwise."""

    servers: tuple[str, ...]
    ids: tuple[int, ...]
    phases: int


FULL = Scope(
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


QUICK = Scope(servers=("fixed", "sliding-log"), ids=(50, 150, 300), phases=4)


def rows_of(
    scope: Scope,
    *,
    tiers: Iterable[tuple[Limit, ...]],
    networks: Iterable[str],
    in_flight: Iterable[int | None],
    is_scaled: bool,
) -> list[Row]:
    """Make a row of each combination.

    Args:
        scope: Servers and sizes.
        tiers: Limits of the account.
        networks: Their names.
        in_flight: What the engine may have in flight.
        is_scaled: Whether sizes are for 150 in the longest window, and follow it.
    """
    return [
        Row(
            limits=limits,
            server=server,
            network=network,
            ids=scaled(ids, limits) if is_scaled else ids,
            max_in_flight=max_in_flight,
        )
        for limits in tiers
        for server in scope.servers
        for network in networks
        for max_in_flight in in_flight
        for ids in scope.ids
    ]


def scaled(ids: int, limits: Iterable[Limit]) -> int:
    """Give the size that fills the longest window as often, rounded up."""
    longest = max(limits, key=lambda limit: limit.period_s)
    return -(-ids * longest.requests // USUAL_WINDOW)
