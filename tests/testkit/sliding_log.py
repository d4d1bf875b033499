"""A server that remembers each request."""

from collections import deque
from collections.abc import Sequence
from math import ceil

from bulkpause.model import Limit, RateLimitHeaders
from tests.testkit.server_model import Verdict


class SlidingLog:
    """Remembers every request, and allows n in any period.

    Args:
        limits: What must hold in every period. A request counts while it is younger.
        counts_refused: Whether a refused request is remembered, too.
        has_headers: Whether allowed ones are told about the longest limit, with the
            seconds until its oldest request leaves as reset.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        *,
        counts_refused: bool = False,
        has_headers: bool = False,
    ) -> None:
        in_order = sorted(limits, key=lambda limit: limit.period_s)
        self._logs = [(limit, deque[float]()) for limit in in_order]
        self._counts_refused = counts_refused
        self._has_headers = has_headers

    def arrive(self, now_s: float) -> Verdict:
        self._forget(now_s)
        allowed = all(len(log) < limit.requests for limit, log in self._logs)
        if allowed or self._counts_refused:
            for _, log in self._logs:
                log.append(now_s)
        if allowed:
            return Verdict(allowed=True, rate_limit=self._rate_limit(now_s))
        return Verdict(allowed=False, retry_after_s=ceil(self._opens_at_s() - now_s))

    def _forget(self, now_s: float) -> None:
        for limit, log in self._logs:
            while log and log[0] + limit.period_s <= now_s:
                log.popleft()

    def _opens_at_s(self) -> float:
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
