"""How careful to be with a server that refuses what our windows allow.

A refusal that our own counting cannot explain means that the server counts in some
other way. Each one makes the gaps between requests longer, up to even spacing a
little under the steady rate, which satisfies every way of counting that was met: a
log, a counter, a bucket filled at that rate. Long calm makes them shorter again, and
the calm that is asked for doubles each time that this proves to have been too soon.
"""

from collections.abc import Sequence

from bulkpause.model import Limit


#: Share of the even gap at each level of care. The last is a little over even.
GAP_SHARES = (0.0, 0.25, 0.5, 1.03)
#: Requests without a refusal before a level is left again, at first and at most.
CALM_REQUESTS, LONGEST_CALM_REQUESTS = 300, 10_000


#: No `Retry-After` closes the gate for longer than this many seconds.
LONGEST_COOLDOWN_S = 300.0
#: How long a 429 that does not say for how long closes the gate at first.
SHORTEST_COOLDOWN_S = 1.0


def cooldown_s(retry_after_s: float | None, closures: int, jitter: float) -> float:
    """Say for how many seconds a refusal closes the gate.

    Args:
        retry_after_s: What the server asked for; None if it did not.
        closures: How many refusals came one after the other, this one included.
        jitter: A random number from 0 to 1.
    """
    backoff_s = SHORTEST_COOLDOWN_S * 2.0 ** min(closures - 1, 20)
    if retry_after_s is None:
        wait_s = backoff_s * (1 + jitter) / 2
    else:
        # It may be rounded down, or be 0 for ever: what did not help is lengthened.
        patience_s = 0.0 if closures < 2 else backoff_s / 4
        wait_s = max(retry_after_s, patience_s)
    return min(wait_s, LONGEST_COOLDOWN_S)


class Pacing:
    """The level of care, and the gap between requests that it asks for."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        even_gap_s = max((one.period_s / one.requests for one in limits), default=0.0)
        self._gaps_s = tuple(share * even_gap_s for share in GAP_SHARES)
        self._level = 0
        self._calm = 0
        self._calm_needed = CALM_REQUESTS
        self._was_eased = False

    @property
    def gap_s(self) -> float:
        """Seconds from one request to the next, at least."""
        return self._gaps_s[self._level]

    def refused(self) -> None:
        """Be more careful: the server refused what we think it allows."""
        if self._was_eased:
            self._calm_needed = min(2 * self._calm_needed, LONGEST_CALM_REQUESTS)
        self._was_eased = False
        self._calm = 0
        self._level = min(self._level + 1, len(self._gaps_s) - 1)

    def allowed(self) -> None:
        """Take note of a request that was not refused."""
        self._calm += 1
        if self._level and self._calm >= self._calm_needed:
            self._level -= 1
            self._calm = 0
            self._was_eased = True
