"""When the server counted a request, at the latest.

That is no later than the arrival of the answer, less the way back. Nobody here knows
the two ways apart, but a slot is only ever held against the sending of a later
request, which has its own way out; so the whole of the fastest possible round trip
may be taken off. The fastest one seen is an estimate of it from above. How far above
shows in how close together the fast ones lie, and that much is left on.

Where the server tells how many requests remain, it tells in which order it counted:
a request that was counted before another is no later than that one's answer.
"""

from bisect import insort
from collections import deque

from bulkpause.model import Reply


#: No round trip is trusted before so many were seen.
FEWEST_SAMPLES = 8
#: The spread of the fast round trips is that of the so many fastest ones. Where the
#: server tells its fixed windows, an error matters only at their edges, and fewer do.
FAST_SAMPLES, FAST_SAMPLES_IF_TOLD = 17, 9
#: Clocks and timers are not finer than this, in seconds.
GRAIN_S = 0.002
#: Answers that came before are compared with so many of the latest.
_REMEMBERED = 32


class Arrivals:
    """Learns the round trip, and says when a request was counted at the latest."""

    def __init__(self) -> None:
        self._fast: list[float] = []
        self._samples = 0
        self._has_warm = False
        self._answers: deque[Reply] = deque(maxlen=_REMEMBERED)

    def learn(self, reply: Reply) -> None:
        """Take the round trip of an answer into account."""
        if reply.sent_at is not None and reply.fault is None:
            insort(self._fast, reply.answered_at - reply.sent_at)
            del self._fast[FAST_SAMPLES:]
            self._samples += 1
            self._has_warm = self._has_warm or not reply.is_cold

    def latest(self, reply: Reply, *, longest_period_s: float) -> float:
        """Say when the request was counted at the latest, on the loop's clock.

        The time is moved back by the way out: it is to be compared with the moments
        at which other requests are sent.

        Args:
            reply: What came back.
            longest_period_s: Of the window whose order is known; 0 for none.
        """
        if reply.fault is not None:
            return reply.answered_at
        later: list[float] = []
        if reply.rate_limit is not None:
            later = [
                other.answered_at
                for other in self._answers
                if _was_counted_after(other, reply, longest_period_s)
            ]
            self._answers.append(reply)
        return min([reply.answered_at, *later]) - self._certain_round_trip_s(
            FAST_SAMPLES_IF_TOLD if longest_period_s else FAST_SAMPLES
        )

    def _certain_round_trip_s(self, samples: int) -> float:
        # First requests on their connections may all be late by the same; one that
        # was not stands out among them.
        if self._samples < FEWEST_SAMPLES or not self._has_warm:
            return 0.0
        fastest = self._fast[0]
        spread_s = self._fast[:samples][-1] - fastest
        return max(0.0, fastest - spread_s - GRAIN_S)


def _was_counted_after(other: Reply, reply: Reply, period_s: float) -> bool:
    theirs, ours = other.rate_limit, reply.rate_limit
    if theirs is None or ours is None or reply.sent_at is None:
        return False
    window_end = other.answered_at + theirs.reset_s
    is_same_window = (
        theirs.limit == ours.limit
        and abs(window_end - reply.answered_at - ours.reset_s) < period_s / 2
    )
    is_concurrent = other.answered_at > reply.sent_at
    return is_same_window and is_concurrent and theirs.remaining < ours.remaining
