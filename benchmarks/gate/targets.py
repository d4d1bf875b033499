"""Check the results of the engine against its targets."""

from dataclasses import dataclass
from math import inf

from benchmarks.gate.jobs import USUAL_WINDOW, Scenario
from benchmarks.gate.table import Cell
from tests.testkit.servers import STRICT, WITH_RESET_HEADERS


#: If a target is missed, a ratio that exceeds the lower bound by at most this is
#: reported and not counted as missed.
MARGIN = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Upper limits for the engine at some servers.

    Attributes:
        servers: The servers that the target applies to.
        ids: The least size that it applies to, for 150 requests per minute. With
            other limits, a size scales with the longest window.
        ratio: The most that the mean time divided by the mean best time may be.
        rate_limited_share: The largest share of rate-limited requests.
        networks: The networks that it applies to; None for all.
    """

    servers: frozenset[str]
    ids: int
    ratio: float = inf
    rate_limited_share: float = 0.0
    networks: frozenset[str] | None = frozenset({"target"})

    def applies_to(self, scenario: Scenario) -> bool:
        """Whether the target applies to a scenario."""
        longest = max(scenario.limits, key=lambda limit: limit.period_s)
        return (
            scenario.server in self.servers
            and (self.networks is None or scenario.network in self.networks)
            and scenario.ids * USUAL_WINDOW >= self.ids * longest.requests
        )


def time_target(ids: int, ratio: float) -> Target:
    """Make a target for the time at servers that report the window reset."""
    return Target(servers=WITH_RESET_HEADERS, ids=ids, ratio=ratio)


TARGETS = (
    Target(servers=STRICT, ids=0, networks=None),
    time_target(50, 1.40),
    time_target(150, 1.20),
    time_target(300, 1.07),
    time_target(600, 1.03),
    Target(
        servers=frozenset({"one-bucket", "sliding-counter"}),
        ids=1000,
        ratio=1.15,
        rate_limited_share=0.02,
    ),
    Target(
        servers=frozenset({"shared", "shared-evenly"}),
        ids=1000,
        ratio=1.15,
        rate_limited_share=0.05,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The missed targets, and those that the lower bound puts out of reach."""

    misses: tuple[str, ...] = ()
    near_bound: tuple[str, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            misses=self.misses + other.misses,
            near_bound=self.near_bound + other.near_bound,
        )

    def __str__(self) -> str:
        lines = ["Missed:", *self.misses] if self.misses else ["No target missed."]
        if self.near_bound:
            head = f"Above the target, but within {MARGIN} of the lower bound:"
            lines += [head, *self.near_bound]
        return "\n".join(lines)


def findings_of(cell: Cell, *, bound: Cell | None = None) -> Findings:
    """Check a cell of the engine against the strictest targets that apply.

    Args:
        cell: The results of the engine.
        bound: The results of the lower bound, if it was measured.
    """
    targets = [target for target in TARGETS if target.applies_to(cell.scenario)]
    share = min((target.rate_limited_share for target in targets), default=1.0)
    misses = []
    if cell.unfinished:
        misses.append(f"{cell.scenario}: {cell.unfinished} ids unfinished")
    if cell.rate_limited_share > share:
        measured = f"{cell.rate_limited} rate-limited, {cell.rate_limited_share:.2%}"
        misses.append(f"{cell.scenario}: {measured}, above {share:.0%}")
    ratio = min((target.ratio for target in targets), default=inf)
    return Findings(misses=tuple(misses)) + _time_findings(cell, ratio, bound)


def _time_findings(cell: Cell, ratio: float, bound: Cell | None) -> Findings:
    if cell.ratio is None or cell.ratio <= ratio:
        return Findings()
    text = f"{cell.scenario}: {cell.ratio:.3f} times the best, above {ratio:.2f}"
    if bound is None or bound.ratio is None:
        return Findings(misses=(text,))
    text += f"; the lower bound is {bound.ratio:.3f}"
    if cell.ratio > bound.ratio + MARGIN:
        return Findings(misses=(text,))
    return Findings(near_bound=(text,))
