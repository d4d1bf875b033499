"""Model of a server that keeps a log of request times for each rate limit."""

from collections import deque
from collections.abc import Sequence
from math import ceil

from bulkpause.model import Limit, RateLimitHeaders
from tests.testkit.server_model import RateLimitDecision


class SlidingLog:
    """Logs every request, and allows n in any period.

    Args:
        limits: The rate limits. A request counts until it is one period old.
        counts_rate_limited: Whether a rate-limited request is logged too.
        has_headers: Whether the response to an allowed request describes the longest
            limit. Its reset is when the oldest request leaves the log.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        *,
        counts_rate_limited: bool = False,
        has_headers: bool = False,
    ) -> None:
        by_period = sorted(limits, key=lambda limit: limit.period_s)
        self._logs = [(limit, deque[float]()) for limit in by_period]
        self._counts_rate_limited = counts_rate_limited
        self._has_headers = has_headers

    def arrive(self, now_s: float) -> RateLimitDecision:
        self._expire(now_s)
        allowed = all(len(log) < limit.requests for limit, log in self._logs)
        if allowed or self._counts_rate_limited:
            for _, log in self._logs:
                log.append(now_s)
        if allowed:
            return RateLimitDecision(allowed=True, rate_limit=self._rate_limit(now_s))
        retry_after_s = ceil(self._fits_at_s() - now_s)
        return RateLimitDecision(allowed=False, retry_after_s=retry_after_s)

    def _expire(self, now_s: float) -> None:
        for limit, log in self._logs:
            while log and log[0] + limit.period_s <= now_s:
                log.popleft()

    def _fits_at_s(self) -> float:
        return max(
            log[len(log) - limit.requests] + limit.period_s
            for limit, log in self._logs
            if len(log) >= limit.requests
        )

    def _rate_limit(self, now_s: float) -> RateLimitHeaders | None:
        if not self._has_headers:
            return None
        limit, log = self._logs[-1]
        return RateLimitHeaders(
            limit=limit.requests,
            remaining=limit.requests - len(log),
            reset_s=ceil(log[0] + limit.period_s - now_s),
        )


def most_in_any_window(arrivals_s: Sequence[float], limit: Limit) -> int:
    """Count the arrivals in the fullest period. The arrivals must be in order."""
    most = start = 0
    for index, now_s in enumerate(arrivals_s):
        while arrivals_s[start] + limit.period_s <= now_s:
            start += 1
        most = max(most, index - start + 1)
    return most
