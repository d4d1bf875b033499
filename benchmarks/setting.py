"""What a server is made of."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.others import poisson_arrivals, steady_arrivals
from benchmarks.token_buckets import Bucket
from bulkpause.model import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a server is made of: its limits, when their windows begin, its chance."""

    limits: tuple[Limit, ...]
    phases_s: tuple[float, ...]
    seed: str

    @property
    def steady_per_s(self) -> float:
        return min(limit.requests / limit.period_s for limit in self.limits)

    @property
    def bucket(self) -> Bucket:
        """One that holds a burst, and is refilled at the steady rate."""
        capacity = min(limit.requests for limit in self.limits)
        return Bucket(capacity=capacity, per_s=self.steady_per_s)

    @property
    def even_others_s(self) -> Iterator[float]:
        """Others that use half of the account, evenly."""
        return steady_arrivals(self.steady_per_s / 2, since_s=self._long_ago_s)

    @property
    def others_s(self) -> Iterator[float]:
        """Others that use half of the account, at random."""
        half_per_s = self.steady_per_s / 2
        return poisson_arrivals(half_per_s, since_s=self._long_ago_s, seed=self.seed)

    @property
    def _long_ago_s(self) -> float:
        return -2 * max(limit.period_s for limit in self.limits)
