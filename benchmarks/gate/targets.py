"""What the engine's gate has to reach."""

from dataclasses import dataclass
from math import inf

from benchmarks.gate.jobs import Row
from benchmarks.gate.table import Cell
from tests.testkit.servers import STRICT, TELLING


#: Where the best that any client could do is over a target, or nearly so, the
#: engine has to come as near as this to that.
MARGIN = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the engine's gate has to reach at some servers.

    `ids` is the least size that is meant, at 150 in a minute; other limits are
    compared by how often the longest window is filled. None of `networks` means all.
    """

    servers: frozenset[str]
    ids: int
    ratio: float = inf
    refused_share: float = 0.0
    networks: frozenset[str] | None = frozenset({"target"})

    def concerns(self, row: Row) -> bool:
        """Say whether a row is meant."""
        longest = max(row.limits, key=lambda limit: limit.period_s)
        return (
            row.server in self.servers
            and (self.networks is None or row.network in self.networks)
            and row.ids * 150 >= self.ids * longest.requests
        )


def fast(ids: int, ratio: float) -> Target:
    """Make a target of a time at servers that tell."""
    return Target(servers=TELLING, ids=ids, ratio=ratio)


TARGETS = (
    Target(servers=STRICT, ids=0, networks=None),
    fast(50, 1.40),
    fast(150, 1.20),
    fast(300, 1.07),
    fast(600, 1.03),
    Target(
        servers=frozenset({"one-bucket", "sliding-counter"}),
        ids=1000,
        ratio=1.15,
        refused_share=0.02,
    ),
    Target(
        servers=frozenset({"shared", "shared-evenly"}),
        ids=1000,
        ratio=1.15,
        refused_share=0.05,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the engine's gate missed, and where only the bound kept it from a target."""

    misses: tuple[str, ...] = ()
    near_bound: tuple[str, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            misses=self.misses + other.misses,
            near_bound=self.near_bound + other.near_bound,
        )

    def __str__(self) -> str:
        lines = ["Missed:", *self.misses] if self.misses else ["Nothing missed."]
        if self.near_bound:
            head = f"Above the target, but within {MARGIN} of the bound:"
            lines += [head, *self.near_bound]
        return "\n".join(lines)


def findings_of(cell: Cell, *, bound: Cell | None = None) -> Findings:
    """Hold a cell of the engine against the strictest of each kind of its targets.

    Args:
        cell: What came of its runs.
        bound: What the best client took that gets the same word from the server.
    """
    targets = [target for target in TARGETS if target.concerns(cell.row)]
    share = min((target.refused_share for target in targets), default=1.0)
    misses = []
    if cell.unfinished:
        misses.append(f"{cell.row}: {cell.unfinished} ids unfinished")
    if cell.refused_share > share:
        found = f"{cell.refused} refused, {cell.refused_share:.2%}"
        misses.append(f"{cell.row}: {found}, above {share:.0%}")
    ratio = min((target.ratio for target in targets), default=inf)
    return Findings(misses=tuple(misses)) + _slowness_of(cell, ratio, bound)


def _slowness_of(cell: Cell, ratio: float, bound: Cell | None) -> Findings:
    if cell.ratio is None or cell.ratio <= ratio:
        return Findings()
    text = f"{cell.row}: {cell.ratio:.3f} times the best, above {ratio:.2f}"
    if bound is None or bound.ratio is None:
        return Findings(misses=(text,))
    text += f"; the bound is {bound.ratio:.3f}"
    if cell.ratio > bound.ratio + MARGIN:
        return Findings(misses=(text,))
    return Findings(near_bound=(text,))
