"""Models of servers that limit requests by token buckets."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf

from bulkpause.model import Limit
from tests.testkit.server_model import FLOAT_TOLERANCE, RateLimitDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A token bucket. It starts full, and a request takes one token."""

    capacity: int
    per_s: float


def buckets_of(limits: Iterable[Limit]) -> tuple[Bucket, ...]:
    """Make a bucket of each limit, refilled once per period."""
    return tuple(
        Bucket(capacity=limit.requests, per_s=limit.requests / limit.period_s)
        for limit in limits
    )


class TokenBuckets:
    """Allows a request if every bucket has a token, and takes one from each."""

    def __init__(self, buckets: Iterable[Bucket]) -> None:
        self._buckets = tuple(buckets)
        self._levels = [float(bucket.capacity) for bucket in self._buckets]
        self._filled_at_s = -inf

    def arrive(self, now_s: float) -> RateLimitDecision:
        self._fill(now_s)
        pairs = list(zip(self._buckets, self._levels, strict=True))
        if all(level >= 1 - FLOAT_TOLERANCE for _, level in pairs):
            self._levels = [level - 1 for level in self._levels]
            return RateLimitDecision(allowed=True)
        wait_s = max((1 - level) / bucket.per_s for bucket, level in pairs)
        return RateLimitDecision(allowed=False, retry_after_s=ceil(wait_s))

    def _fill(self, now_s: float) -> None:
        elapsed_s = now_s - self._filled_at_s
        self._filled_at_s = now_s
        self._levels = [
            min(bucket.capacity, level + elapsed_s * bucket.per_s)
            for bucket, level in zip(self._buckets, self._levels, strict=True)
        ]


class TwoTokenBuckets(TokenBuckets):
    """A bucket for each limit: a capacity of n, refilled at n per period."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        super().__init__(buckets_of(limits))


class OneBucket(TokenBuckets):
    """One bucket with the capacity of a burst, refilled at the steady rate."""

    def __init__(self, *, capacity: int = 10, per_s: float = 2.5) -> None:
        super().__init__([Bucket(capacity=capacity, per_s=per_s)])
