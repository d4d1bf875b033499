"""Which rows a table has."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.job import Row
from bulkpause.model import Limit


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
