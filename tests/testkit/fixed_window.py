"""The documented server: windows that follow one another."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, inf
from typing import Literal

from bulkpause.model import Limit, RateLimitHeaders
from tests.testkit.server_model import Verdict


HeaderWindow = Literal["longest", "shortest", "tightest", "none"]


Rounding = Literal["up", "down", "nearest"]


ROUNDED: Mapping[Rounding, Callable[[float], int]] = {
    "up": ceil,
    "down": floor,
    "nearest": lambda seconds: floor(seconds + 0.5),
}


def window_index(limit: Limit, phase_s: float, now_s: float) -> int:
    """Say which fixed window holds an instant. Window i begins at phase + i periods."""
    index = floor((now_s - phase_s) / limit.period_s)
    if phase_s + (index + 1) * limit.period_s <= now_s:
        return index + 1
    if phase_s + index * limit.period_s > now_s:
        return index - 1
    return index


def window_end_s(limit: Limit, phase_s: float, now_s: float) -> float:
    """Say when the fixed window ends that holds an instant."""
    return phase_s + (window_index(limit, phase_s, now_s) + 1) * limit.period_s


class FixedWindow:
    """The count of one limit in windows that follow one another."""

    def __init__(self, limit: Limit, phase_s: float) -> None:
        self.limit = limit
        self.ends_at_s = -inf
        self.spent = 0
        self._phase_s = phase_s

    @property
    def is_full(self) -> bool:
        return self.spent >= self.limit.requests

    @property
    def remaining(self) -> int:
        return max(0, self.limit.requests - self.spent)

    def roll(self, now_s: float) -> None:
        """Begin anew if the window is over."""
        if now_s >= self.ends_at_s:
            self.ends_at_s = window_end_s(self.limit, self._phase_s, now_s)
            self.spent = 0


class FixedWindows:
    """The documented server: a count for each window, which begins anew at its end.

    Args:
        limits: The windows. A request must fit into all of them.
        phases_s: An instant at which a window begins, for each limit.
        header_window: Which window the `X-RateLimit-*` headers speak of.
        reset_rounding: How seconds left become whole, also in `Retry-After`.
        counts_refused: Whether a refused request spends allowance, too.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        phases_s: Sequence[float],
        *,
        header_window: HeaderWindow = "longest",
        reset_rounding: Rounding = "up",
        counts_refused: bool = False,
    ) -> None:
        pairs = zip(limits, phases_s, strict=True)
        windows = [FixedWindow(limit, phase_s) for limit, phase_s in pairs]
        self._windows = sorted(windows, key=lambda window: window.limit.period_s)
        self._header_window = header_window
        self._rounded = ROUNDED[reset_rounding]
        self._counts_refused = counts_refused

    def arrive(self, now_s: float) -> Verdict:
        self._roll(now_s)
        refusing = [window for window in self._windows if window.is_full]
        if not refusing or self._counts_refused:
            for window in self._windows:
                window.spent += 1
        if refusing:
            wait_s = self._rounded(refusing[-1].ends_at_s - now_s)
            return Verdict(allowed=False, retry_after_s=wait_s)
        return Verdict(allowed=True, rate_limit=self.rate_limit(now_s))

    def rate_limit(self, now_s: float) -> RateLimitHeaders | None:
        """Say what the headers of an answer say that is written now."""
        self._roll(now_s)
        window = self._told()
        if window is None:
            return None
        return RateLimitHeaders(
            limit=window.limit.requests,
            remaining=window.remaining,
            reset_s=self._rounded(window.ends_at_s - now_s),
        )

    def _roll(self, now_s: float) -> None:
        for window in self._windows:
            window.roll(now_s)

    def _told(self) -> FixedWindow | None:
        match self._header_window:
            case "longest":
                return self._windows[-1]
            case "shortest":
                return self._windows[0]
            case "tightest":
                return min(self._windows, key=lambda window: window.remaining)
            case "none":
                return None
