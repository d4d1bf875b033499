"""Deadlines that share one timer, for many requests of which few are ever late."""

import asyncio
from collections.abc import Callable, Hashable
from math import inf
from typing import Generic, TypeVar


_Awaited = TypeVar("_Awaited", bound=Hashable)


class Deadlines(Generic[_Awaited]):
    """Ends what is awaited at its deadline, with one timer of the event loop.

    Where each request sets a timer and cancels it, as `asyncio.timeout_at` does, the
    loop is busy with those. Here one timer waits for the earliest deadline, and then
    looks what is still awaited.

    Args:
        end: Ends one that is late. It is called once for each, at the deadline.
    """

    def __init__(self, end: Callable[[_Awaited], None]) -> None:
        self._end = end
        self._deadlines: dict[_Awaited, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, awaited: _Awaited, ends_at: float) -> None:
        """End it at this time of the loop's clock, unless it is discarded before."""
        self._deadlines[awaited] = ends_at
        if self._timer is None or ends_at < self._timer.when():
            self._wait_until(ends_at)

    def discard(self, awaited: _Awaited) -> None:
        """Forget one that is not awaited any more."""
        del self._deadlines[awaited]

    def _wait_until(self, instant: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(instant, self._end_overdue, instant)

    def _end_overdue(self, instant: float) -> None:
        self._timer = None
        # The loop may call a little early, by up to the resolution of its clock.
        now = max(asyncio.get_running_loop().time(), instant)
        deadlines = self._deadlines
        for awaited in [one for one, ends_at in deadlines.items() if ends_at <= now]:
            # Ended, it stays noted until it is discarded, but has no deadline.
            deadlines[awaited] = inf
            self._end(awaited)
        earliest = min(deadlines.values(), default=inf)
        if earliest < inf:
            self._wait_until(earliest)
