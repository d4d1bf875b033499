"""Timeouts that share one timer, for many requests of which few ever time out."""

import asyncio
from math import inf


class Deadlines:
    """Ends timeouts at their deadlines with one timer of the event loop.

    Where each request sets a timer and cancels it, as `asyncio.timeout_at` does, the
    loop is busy with those. Here one timer waits for the earliest deadline, and then
    looks which timeouts still run.
    """

    def __init__(self) -> None:
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, timeout: asyncio.Timeout, ends_at: float) -> None:
        """Let a timeout without a deadline end at this time of the loop's clock."""
        self._deadlines[timeout] = ends_at
        if self._timer is None or ends_at < self._timer.when():
            self._wait_until(ends_at)

    def discard(self, timeout: asyncio.Timeout) -> None:
        """Forget a timeout, which is over."""
        del self._deadlines[timeout]

    def _wait_until(self, instant: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(instant, self._end_overdue, instant)

    def _end_overdue(self, instant: float) -> None:
        self._timer = None
        # The loop may call a little early, by up to the resolution of its clock.
        now = max(asyncio.get_running_loop().time(), instant)
        running = self._deadlines
        for timeout in [one for one, ends_at in running.items() if ends_at <= now]:
            # Ended, it stays noted until its request is over, but has no deadline.
            running[timeout] = inf
            timeout.reschedule(now)
        earliest = min(running.values(), default=inf)
        if earliest < inf:
            self._wait_until(earliest)
