"""The account's rate limits: fixed windows, as plain arithmetic on a given time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


REPORTS = ("longest", "shortest", "tightest", "none")
ROUNDINGS = ("up", "down", "nearest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `limit` requests in each fixed window of `period_s` seconds.

    Windows begin at `phase_s + k * period_s` for every whole k, on the clock whose
    time is passed in. The server passes the time of its event loop.

    Raises:
        ValueError: the limit is below one, or the period is not above zero.
    """

    limit: int
    period_s: float
    phase_s: float = 0.0

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a window needs a limit of at least 1, not {self.limit}")
        if not (0 < self.period_s < math.inf and math.isfinite(self.phase_s)):
            raise ValueError("a window needs a finite phase and a period above zero")

    def index(self, now: float) -> int:
        """Tell which window `now` falls in; the number grows by one a window."""
        return math.floor((now - self.phase_s) / self.period_s)

    def seconds_left(self, now: float) -> float:
        """Tell how long it is until the next window begins, at most a period."""
        end = self.phase_s + (self.index(now) + 1) * self.period_s
        return min(max(end - now, 0.0), self.period_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one window has left at one moment."""

    window: Window
    remaining: int
    seconds_left: float


class Counter:
    """Requests counted in the newest window of one kind."""

    __slots__ = ("_index", "_used", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._index: int | None = None
        self._used = 0

    def count(self, now: float) -> None:
        self._used = self._used_at(now) + 1
        self._index = self.window.index(now)

    def standing(self, now: float) -> Standing:
        return Standing(
            window=self.window,
            remaining=max(self.window.limit - self._used_at(now), 0),
            seconds_left=self.window.seconds_left(now),
        )

    def _used_at(self, now: float) -> int:
        return self._used if self.window.index(now) == self._index else 0


class Limits:
    """Several windows at once: a request must find room in each of them."""

    __slots__ = ("_counters",)

    def __init__(self, windows: Iterable[Window]) -> None:
        self._counters = [Counter(window) for window in windows]

    def refusal_s(self, now: float) -> float | None:
        """Tell how long a request must wait; None when there is room for it now."""
        full = [each for each in self.standings(now) if not each.remaining]
        return max((each.seconds_left for each in full), default=None)

    def count(self, now: float) -> None:
        """Count one request in every window, whether or not there is room."""
        for counter in self._counters:
            counter.count(now)

    def standings(self, now: float) -> list[Standing]:
        return [counter.standing(now) for counter in self._counters]


def reported(standings: Sequence[Standing], report: str) -> Standing | None:
    """Choose the window that the answer's headers speak of, by one of `REPORTS`."""
    if not standings or report == "none":
        return None
    if report == "tightest":
        return min(standings, key=lambda each: (each.remaining, -each.window.period_s))
    choose = max if report == "longest" else min
    return choose(standings, key=lambda each: each.window.period_s)


def whole_seconds(seconds: float, rounding: str) -> int:
    """Round by one of `ROUNDINGS`; "up" never says 0, the others may."""
    if rounding == "up":
        return max(math.ceil(seconds), 1)
    return math.floor(seconds if rounding == "down" else seconds + 0.5)
