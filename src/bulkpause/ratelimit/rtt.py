"""How long the fastest possible round trip takes, by what was seen.

A server counts a request no later than its answer comes, less the way back. Nobody
here knows the two ways apart, but a slot is only ever held against the sending of a
later request, which has its own way out; so the whole of the fastest possible round
trip may be taken off.

The fastest one seen is an estimate of it from above, and too long by more, the more
the round trips differ and the fewer were seen. Where what is added to a way can be
next to nothing on both, that error falls with the root of their number; what is
left on here falls a little faster, since what an error can cost falls with it.
"""

from math import inf

from bulkpause.model import Reply


#: So many times the mean delay, over (number of answers) ** `POWER`, is left on. Where
#: the server counts in fixed windows, an error matters only at their edges.
CAUTION, CAUTION_AT_FIXED = 12.0, 3.5
POWER = 0.65
#: So many times the fastest is left on at least, over the same: a few answers may lie
#: close together by chance.
CHANCE = 2.2
#: At fixed windows a part is sure from so many answers on. The first request of a
#: connection may wait for a hidden set-up (TCP and TLS) that takes three round trips
#: more, so that a part of it is no longer than one.
SURE_PART, FEWEST_FOR_PART = 0.25, 3
#: Clocks and timers are not finer than this, in seconds.
GRAIN_S = 0.002


class RttEstimator:
    """Learns from each answer what the fastest possible round trip takes."""

    def __init__(self) -> None:
        self._answers = 0
        self._total_s = 0.0
        self._fastest_s = inf
        self._has_warm = False

    def learn(self, reply: Reply) -> None:
        """Take the round trip of an answer into account."""
        if reply.sent_at is None or reply.error is not None:
            return
        round_trip_s = reply.received_at - reply.sent_at
        self._answers += 1
        self._total_s += round_trip_s
        self._fastest_s = min(self._fastest_s, round_trip_s)
        self._has_warm = self._has_warm or not reply.is_cold

    def lower_bound_s(self, *, is_fixed: bool) -> float:
        """Say how many seconds every round trip takes at least.

        Args:
            is_fixed: Whether the server is known to count in fixed windows.
        """
        sure_s = self._compared_s(CAUTION_AT_FIXED if is_fixed else CAUTION)
        if is_fixed and self._answers >= FEWEST_FOR_PART:
            sure_s = max(sure_s, self._fastest_s * SURE_PART)
        return max(0.0, sure_s - GRAIN_S)

    def _compared_s(self, caution: float) -> float:
        # First requests on their connections may all be late by the same; one that
        # was not stands out among them.
        fastest_s, answers = self._fastest_s, self._answers
        if not self._has_warm or not fastest_s:
            return 0.0
        delay_s = self._total_s / answers - fastest_s
        # The longer the delays are beside the way itself, the less there is to win.
        delay_s *= max(1.0, delay_s / fastest_s)
        left_on_s = max(caution * delay_s, CHANCE * fastest_s) / float(answers**POWER)
        return fastest_s - left_on_s
