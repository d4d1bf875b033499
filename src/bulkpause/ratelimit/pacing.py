"""Choose how long to pause after a 429, and the minimum gap between requests.

A 429 that our own count cannot explain means that the server counts in another way.
Each one raises the pacing level, which lengthens the minimum gap. The highest level
is even spacing slightly below the steady rate. That satisfies every algorithm met so
far: a sliding log, a fixed or sliding counter, a token bucket filled at that rate.
A long series without a 429 lowers the level again. Its required length doubles
each time that lowering the level proves to have been too early.
"""

from collections.abc import Sequence

from bulkpause.model import Limit


#: Minimum gap at each pacing level, as a share of the even gap. The last level is
#: slightly slower than the steady rate.
GAP_SHARES = (0.0, 0.25, 0.5, 1.03)
#: Responses other than 429 before the level is lowered: at first, and at most.
RECOVERY_REQUESTS, MAX_RECOVERY_REQUESTS = 300, 10_000


#: Upper bound in seconds of the backoff, so that a run continues soon after the last
#: 429. The server's own `Retry-After` has no upper bound.
MAX_BACKOFF_S = 4.0
#: First step of the exponential backoff after a 429 without `Retry-After`, in seconds.
BASE_COOLDOWN_S = 1.0


def cooldown_s(retry_after_s: float | None, cooldowns: int, jitter: float) -> float:
    """Choose for how many seconds a 429 pauses all sending.

    Args:
        retry_after_s: The server's `Retry-After`; None if the response has none.
        cooldowns: Number of cooldowns in a row, this one included.
        jitter: A random number from 0 to 1.
    """
    backoff_s = min(BASE_COOLDOWN_S * 2.0 ** min(cooldowns - 1, 20), MAX_BACKOFF_S)
    if retry_after_s is None:
        return backoff_s * (1 + jitter) / 2
    # The value may be rounded down, or always 0. If it did not help, wait longer.
    least_s = 0.0 if cooldowns < 2 else backoff_s / 4
    return max(retry_after_s, least_s)


class Pacing:
    """The pacing level, and the minimum gap between requests that follows from it."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        even_gap_s = max(
            (limit.period_s / limit.requests for limit in limits), default=0.0
        )
        self._gaps_s = tuple(share * even_gap_s for share in GAP_SHARES)
        self._level = 0
        self._not_rate_limited = 0
        self._needed_to_lower = RECOVERY_REQUESTS
        self._was_lowered = False

    @property
    def gap_s(self) -> float:
        """Minimum seconds from one request to the next."""
        return self._gaps_s[self._level]

    def record_rate_limited(self) -> None:
        """Raise the level: the server sent a 429 that our count cannot explain."""
        if self._was_lowered:
            self._needed_to_lower = min(
                2 * self._needed_to_lower, MAX_RECOVERY_REQUESTS
            )
        self._was_lowered = False
        self._not_rate_limited = 0
        self._level = min(self._level + 1, len(self._gaps_s) - 1)

    def record_not_rate_limited(self) -> None:
        """Count a response other than 429; lower the level after enough."""
        self._not_rate_limited += 1
        if self._level and self._not_rate_limited >= self._needed_to_lower:
            self._level -= 1
            self._not_rate_limited = 0
            self._was_lowered = True
