"""Model of the documented server: fixed windows, counted as in the simulator."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from bulkpause.model import Limit, RateLimitHeaders
from bulkpause.simulator.limits import (
    HeaderWindow,
    RateLimits,
    Rounding,
    Window,
    WindowState,
    reported_state,
    whole_seconds,
)
from tests.testkit.server_model import RateLimitDecision


__all__ = ["ROUNDED", "FixedWindows", "HeaderWindow", "Rounding", "windows_of"]

ROUNDED: Mapping[Rounding, Callable[[float], int]] = {
    "up": partial(whole_seconds, rounding="up"),
    "down": partial(whole_seconds, rounding="down"),
    "nearest": partial(whole_seconds, rounding="nearest"),
}


def windows_of(limits: Iterable[Limit], phases_s: Iterable[float]) -> list[Window]:
    """Make a fixed window of each limit, with one phase for each."""
    return [
        Window(limit=limit.requests, period_s=limit.period_s, phase_s=phase_s)
        for limit, phase_s in zip(limits, phases_s, strict=True)
    ]


class FixedWindows:
    """The documented server: each limit counts in fixed windows.

    Args:
        limits: The rate limits. A request must fit into all of them.
        phases_s: An instant of a window reset, for each limit.
        header_window: The window that the `X-RateLimit-*` headers describe.
        reset_rounding: How the seconds until a reset are rounded, also in
            `Retry-After`.
        counts_rate_limited: Whether a rate-limited request is counted too.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        phases_s: Sequence[float],
        *,
        header_window: HeaderWindow = "longest",
        reset_rounding: Rounding = "up",
        counts_rate_limited: bool = False,
    ) -> None:
        self._limits = RateLimits(windows_of(limits, phases_s))
        self._header_window = header_window
        self._reset_rounding = reset_rounding
        self._counts_rate_limited = counts_rate_limited

    def arrive(self, now_s: float) -> RateLimitDecision:
        wait_s = self._limits.wait_s(now_s)
        if wait_s is None or self._counts_rate_limited:
            self._limits.count(now_s)
        if wait_s is None:
            return RateLimitDecision(allowed=True, rate_limit=self.rate_limit(now_s))
        retry_after_s = whole_seconds(wait_s, self._reset_rounding)
        return RateLimitDecision(allowed=False, retry_after_s=retry_after_s)

    def rate_limit(self, now_s: float) -> RateLimitHeaders | None:
        """Give the headers of a response that is written now."""
        state = self._reported_state(now_s)
        if state is None:
            return None
        return RateLimitHeaders(
            limit=state.window.limit,
            remaining=state.remaining,
            reset_s=whole_seconds(state.reset_s, self._reset_rounding),
        )

    def _reported_state(self, now_s: float) -> WindowState | None:
        states = self._limits.states(now_s)
        if self._header_window == "tightest":
            # Of equals the shortest. The simulator reports the longest, so that both
            # possible servers are covered.
            return min(
                states, key=lambda state: (state.remaining, state.window.period_s)
            )
        return reported_state(states, self._header_window)
