"""The clients by name, and what each is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.gate.ledger import Ledger
from benchmarks.gate.oracle import Informed
from benchmarks.gate.rivals import EvenSpacing, Pacer, SlidingLogGate, StackedLimiters
from bulkpause.model import Limit
from bulkpause.ratelimit.gate import Gate
from tests.testkit.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a client is made for. Those that are real look at the limits only.

    `late_s` is how much later than it does the longest window may end by what the
    server says. `max_in_flight` is for the engine's gate; None is its default.
    """

    limits: tuple[Limit, ...]
    phases_s: tuple[float, ...]
    network: Network
    ledger: Ledger
    late_s: float = 0.0
    max_in_flight: int | None = None


def engine(occasion: Occasion) -> Pacer:
    """Make the gate that the engine uses, as it is set unless told otherwise."""
    smallest = min(limit.requests for limit in occasion.limits)
    return Gate(occasion.limits, max_in_flight=occasion.max_in_flight or smallest)


def informed(
    occasion: Occasion, *, is_told_arrivals: bool = False, late_s: float = 0.0
) -> Pacer:
    """Make a client that is told what nobody can know."""
    return Informed(
        occasion.limits,
        occasion.phases_s,
        occasion.network,
        occasion.ledger,
        is_told_arrivals=is_told_arrivals,
        late_s=late_s,
    )


def no_chance(occasion: Occasion) -> Pacer:
    """Make a client that is told the same but for the ways, which may take no time."""
    anywhere = replace(occasion, network=Network(one_way_s=0.0))
    return informed(anywhere, late_s=occasion.late_s)


GATES: Mapping[str, Callable[[Occasion], Pacer]] = {
    "engine": engine,
    "whole-seconds": lambda occasion: informed(occasion, late_s=occasion.late_s),
    "informed": informed,
    "no-chance": no_chance,
    "told-arrivals": lambda occasion: informed(occasion, is_told_arrivals=True),
    "stacked": lambda occasion: StackedLimiters(occasion.limits),
    "sliding-log": lambda occasion: SlidingLogGate(occasion.limits),
    "even": lambda occasion: EvenSpacing(occasion.limits),
}
#: Those that no real client can beat; the last by none that takes no chance on how
#: fast the network can be. They know windows that only a server with fixed ones has.
BOUNDS = ("whole-seconds", "informed", "told-arrivals", "no-chance")
