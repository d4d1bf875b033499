"""A server that estimates a sliding window."""

from collections.abc import Sequence
from math import ceil, inf

from bulkpause.model import Limit
from tests.testkit.fixed_window import window_end_s
from tests.testkit.server_model import CRUMB, Verdict


class WeightedWindow:
    """The count of one limit: this fixed window's, and part of the last one's.

    The part is the share of a period ending now that lies in the last window.
    """

    def __init__(self, limit: Limit, phase_s: float) -> None:
        self.limit = limit
        self.spent = 0
        self._spent_before = 0
        self._starts_at_s = -inf
        self._ends_at_s = -inf
        self._phase_s = phase_s

    def roll(self, now_s: float) -> None:
        """Begin anew if the window is over."""
        if now_s < self._ends_at_s:
            return
        ends_at_s = window_end_s(self.limit, self._phase_s, now_s)
        follows = now_s < self._ends_at_s + self.limit.period_s
        self._spent_before = self.spent if follows else 0
        self._starts_at_s = ends_at_s - self.limit.period_s
        self._ends_at_s = ends_at_s
        self.spent = 0

    def opens_at_s(self, now_s: float) -> float:
        """Say when one more request fits, if no other comes. Has to be rolled."""
        if self.spent < self.limit.requests:
            opens_at_s = self._fits_at_s(
                self._starts_at_s, self.spent, self._spent_before
            )
            return max(now_s, opens_at_s)
        return self._fits_at_s(self._ends_at_s, 0, self.spent)

    def _fits_at_s(self, starts_at_s: float, spent: int, before: int) -> float:
        room = self.limit.requests - 1 - spent
        if before <= room:
            return starts_at_s
        return starts_at_s + (1 - room / before) * self.limit.period_s


class SlidingCounter:
    """Estimates a sliding window from two fixed ones. Refused ones do not count."""

    def __init__(self, limits: Sequence[Limit], phases_s: Sequence[float]) -> None:
        pairs = zip(limits, phases_s, strict=True)
        self._windows = [WeightedWindow(limit, phase_s) for limit, phase_s in pairs]

    def arrive(self, now_s: float) -> Verdict:
        wait_s = self.opens_at_s(now_s) - now_s
        if wait_s > CRUMB:
            return Verdict(allowed=False, retry_after_s=ceil(wait_s))
        for window in self._windows:
            window.spent += 1
        return Verdict(allowed=True)

    def opens_at_s(self, now_s: float) -> float:
        """Say when one more request fits, if no other comes."""
        for window in self._windows:
            window.roll(now_s)
        return max(window.opens_at_s(now_s) for window in self._windows)
