"""Estimate a lower bound of the round-trip time (RTT) from the responses so far.

The server counts a request no later than its response arrives, less the way back.
The client cannot measure the two ways separately. It does not need to: a slot is only
held against a later request, which has its own way out. So the whole fastest possible
RTT may be subtracted from the arrival of the response.

The fastest RTT observed overestimates the fastest possible one. The error grows with
the spread of the RTTs and shrinks with their number. If the delay added to each way
can be close to zero, the error falls with the square root of that number. The margin
used here falls slightly faster, because the cost of an error falls with it.
"""

from math import inf

from bulkpause.model import Reply


#: The margin is this multiple of the mean delay, over (number of responses) **
#: `MARGIN_POWER`. With fixed windows, an error only matters around a window reset.
MARGIN, MARGIN_FIXED_WINDOWS = 12.0, 3.5
MARGIN_POWER = 0.65
#: The margin is at least this multiple of the fastest RTT, over the same: a few
#: responses may be close together by chance.
MIN_MARGIN = 2.2
#: With fixed windows, this share of the fastest RTT is safe after a few responses.
#: The first request of a connection may include a hidden set-up (TCP and TLS) of three
#: more round trips, so a quarter of it is not longer than one.
SAFE_SHARE, MIN_RESPONSES_FOR_SHARE = 0.25, 3
#: Clocks and timers are not more precise than this, in seconds, however fine they are.
CLOCK_RESOLUTION_S = 0.002


class RttEstimator:
    """Collects the RTT of each response and gives a safe lower bound.

    Args:
        clock_resolution_s: The seconds between two ticks of the clock. Both instants of
            an RTT may be off by one.
    """

    def __init__(self, clock_resolution_s: float = 0.0) -> None:
        self._max_error_s = max(CLOCK_RESOLUTION_S, 2 * clock_resolution_s)
        self._responses = 0
        self._total_s = 0.0
        self._fastest_s = inf
        self._has_warm = False

    def observe(self, reply: Reply) -> None:
        """Add the RTT of a response. Ignores transport errors."""
        if reply.sent_at is None or reply.error is not None:
            return
        rtt_s = reply.received_at - reply.sent_at
        self._responses += 1
        self._total_s += rtt_s
        self._fastest_s = min(self._fastest_s, rtt_s)
        self._has_warm = self._has_warm or not reply.is_cold

    def lower_bound_s(self, *, is_fixed: bool) -> float:
        """Give the seconds that every round trip takes at least.

        Args:
            is_fixed: Whether the server is known to count in fixed windows.
        """
        bound_s = self._fastest_less_margin_s(
            MARGIN_FIXED_WINDOWS if is_fixed else MARGIN
        )
        if is_fixed and self._responses >= MIN_RESPONSES_FOR_SHARE:
            bound_s = max(bound_s, self._fastest_s * SAFE_SHARE)
        return max(0.0, bound_s - self._max_error_s)

    def _fastest_less_margin_s(self, margin: float) -> float:
        # The first requests on all connections may share the same set-up delay. One
        # response on a warm connection reveals it.
        fastest_s, responses = self._fastest_s, self._responses
        if not self._has_warm or not fastest_s:
            return 0.0
        delay_s = self._total_s / responses - fastest_s
        # The longer the delays are compared with the RTT, the less there is to gain.
        delay_s *= max(1.0, delay_s / fastest_s)
        margin_s = max(margin * delay_s, MIN_MARGIN * fastest_s) / float(
            responses**MARGIN_POWER
        )
        return fastest_s - margin_s
