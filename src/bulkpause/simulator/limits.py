"""Count requests in fixed windows, as plain arithmetic on a given time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, Self, get_args


HeaderWindow = Literal["longest", "shortest", "tightest", "none"]
Rounding = Literal["up", "down", "nearest"]
HEADER_WINDOWS: tuple[str, ...] = get_args(HeaderWindow)
ROUNDINGS: tuple[str, ...] = get_args(Rounding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rate limit of `limit` requests in each fixed window of `period_s` seconds.

    Windows reset at `phase_s + k * period_s` for every whole k, on the clock whose
    time is passed in. The server passes the time of its event loop.

    Raises:
        ValueError: The limit is below one, or the period is not above zero.
    """

    limit: int
    period_s: float
    phase_s: float = 0.0

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a window needs a limit of at least 1, not {self.limit}")
        if not (0 < self.period_s < math.inf and math.isfinite(self.phase_s)):
            raise ValueError("a window needs a finite phase and a period above zero")

    def at_random_phase(self, source: Random) -> Self:
        """Give the same limit with a phase drawn evenly over the period."""
        return replace(self, phase_s=source.uniform(0, self.period_s))

    def index(self, now: float) -> int:
        """Give the number of the window that contains `now`; the next has one more."""
        index = math.floor((now - self.phase_s) / self.period_s)
        # The division is inexact: compare with the boundaries as they are computed.
        if self._start(index + 1) <= now:
            return index + 1
        if self._start(index) > now:
            return index - 1
        return index

    def bounds(self, now: float) -> tuple[float, float]:
        """Give the first instant of the window that contains `now`, and of the next."""
        index = self.index(now)
        return self._start(index), self._start(index + 1)

    def end(self, now: float) -> float:
        """Give the first instant after the window that contains `now`."""
        return self.bounds(now)[1]

    def seconds_until_reset(self, now: float) -> float:
        """Give the seconds until the next window reset, at most one period."""
        return min(self.end(now) - now, self.period_s)

    def _start(self, index: int) -> float:
        return self.phase_s + index * self.period_s


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """The requests that remain in a window, and the seconds to its reset."""

    window: Window
    remaining: int
    reset_s: float


class WindowCounter:
    """The number of requests in the newest window of one rate limit."""

    __slots__ = ("_end", "_start", "_used", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._start = self._end = -math.inf
        self._used = 0

    def count(self, now: float) -> None:
        if not self._start <= now < self._end:
            self._start, self._end = self.window.bounds(now)
            self._used = 0
        self._used += 1

    def remaining(self, now: float) -> int:
        used = self._used if self._start <= now < self._end else 0
        return max(self.window.limit - used, 0)

    def state(self, now: float) -> WindowState:
        return WindowState(
            window=self.window,
            remaining=self.remaining(now),
            reset_s=self.window.seconds_until_reset(now),
        )


class RateLimits:
    """Several rate limits at once: a request must fit into each of them."""

    __slots__ = ("_counters",)

    def __init__(self, windows: Iterable[Window]) -> None:
        self._counters = [WindowCounter(window) for window in windows]

    def wait_s(self, now: float) -> float | None:
        """Give the seconds until a request fits; None when it fits now."""
        full = [counter for counter in self._counters if not counter.remaining(now)]
        waits_s = (counter.window.seconds_until_reset(now) for counter in full)
        return max(waits_s, default=None)

    def count(self, now: float) -> None:
        """Count one request in every window, whether or not it fits."""
        for counter in self._counters:
            counter.count(now)

    def states(self, now: float) -> list[WindowState]:
        return [counter.state(now) for counter in self._counters]


def reported_state(
    states: Sequence[WindowState], header_window: str
) -> WindowState | None:
    """Choose the window that the headers describe, by one of `HEADER_WINDOWS`."""
    if not states or header_window == "none":
        return None
    if header_window == "tightest":
        return min(states, key=lambda state: (state.remaining, -state.window.period_s))
    choose = max if header_window == "longest" else min
    return choose(states, key=lambda state: state.window.period_s)


def whole_seconds(seconds: float, rounding: str) -> int:
    """Round by one of `ROUNDINGS`; "up" gives at least 1, the others may give 0."""
    if rounding == "up":
        return max(math.ceil(seconds), 1)
    return math.floor(seconds if rounding == "down" else seconds + 0.5)
