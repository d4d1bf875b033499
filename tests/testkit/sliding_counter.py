"""Model of a server that estimates a sliding window from two fixed ones."""

from collections.abc import Sequence
from math import ceil, inf

from bulkpause.model import Limit
from bulkpause.simulator import Window
from tests.testkit.fixed_window import windows_of
from tests.testkit.server_model import FLOAT_TOLERANCE, RateLimitDecision


class WeightedWindow:
    """The estimate for one limit: this fixed window, and a part of the previous one.

    The part is the share of the period ending now that lies in the previous window.
    """

    def __init__(self, window: Window) -> None:
        self.used = 0
        self._window = window
        self._used_before = 0
        self._starts_at_s = -inf
        self._ends_at_s = -inf

    def advance(self, now_s: float) -> None:
        """Start a new window after a window reset."""
        if now_s < self._ends_at_s:
            return
        period_s = self._window.period_s
        is_next = now_s < self._ends_at_s + period_s
        self._used_before = self.used if is_next else 0
        self._ends_at_s = self._window.end(now_s)
        self._starts_at_s = self._ends_at_s - period_s
        self.used = 0

    def fits_at_s(self, now_s: float) -> float:
        """Give the instant at which one more request fits, after `advance(now_s)`."""
        if self.used < self._window.limit:
            fits_at_s = self._fits_at_s(self._starts_at_s, self.used, self._used_before)
            return max(now_s, fits_at_s)
        return self._fits_at_s(self._ends_at_s, 0, self.used)

    def _fits_at_s(self, starts_at_s: float, used: int, used_before: int) -> float:
        room = self._window.limit - 1 - used
        if used_before <= room:
            return starts_at_s
        return starts_at_s + (1 - room / used_before) * self._window.period_s


class SlidingCounter:
    """Estimates a sliding window for each limit. Rate-limited requests do not count."""

    def __init__(self, limits: Sequence[Limit], phases_s: Sequence[float]) -> None:
        self._windows = [WeightedWindow(each) for each in windows_of(limits, phases_s)]

    def arrive(self, now_s: float) -> RateLimitDecision:
        wait_s = self.fits_at_s(now_s) - now_s
        if wait_s > FLOAT_TOLERANCE:
            return RateLimitDecision(allowed=False, retry_after_s=ceil(wait_s))
        for window in self._windows:
            window.used += 1
        return RateLimitDecision(allowed=True)

    def fits_at_s(self, now_s: float) -> float:
        """Give the instant at which one more request fits, if no other comes."""
        for window in self._windows:
            window.advance(now_s)
        return max(window.fits_at_s(now_s) for window in self._windows)
