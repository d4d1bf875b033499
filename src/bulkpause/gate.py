"""When the next request may go out: the rate limits, the pauses, the parallel limit.

The gate has a small face. `take` waits for a slot, and `tell` says what came of it:

    slot = await gate.take()
    reply = ...
    await gate.tell(reply)

Everything that is sent takes a slot: first tries, retries and read-backs. A slot
counts in every window. Waiters are served in the order in which they came.
"""

import asyncio
from collections.abc import Iterable, Sequence

from bulkpause.model import Limit, Reply
from bulkpause.window import Window


#: No `Retry-After` closes the gate for longer than this many seconds.
LONGEST_CLOSURE_S = 300.0
#: How long a 429 without `Retry-After` closes the gate, in seconds.
DEFAULT_CLOSURE_S = 1.0


class Gate:
    """Holds every request until the limits allow it.

    Args:
        limits: The windows; any number, also none.
        max_in_flight: Requests that may be unanswered at the same time.
    """

    def __init__(self, limits: Sequence[Limit], *, max_in_flight: int) -> None:
        self.max_in_flight = max_in_flight
        self.in_flight = 0
        self._windows = tuple(Window(limit) for limit in limits)
        self._turn = asyncio.Lock()
        self._answered = asyncio.Event()
        self._closed_until = 0.0

    async def remember(self, ages_s: Iterable[float]) -> None:
        """Count requests of an earlier run, sent so many seconds ago."""
        ages = list(ages_s)
        for window in self._windows:
            await window.remember(age for age in ages if age < window.limit.period_s)

    async def take(self) -> None:
        """Wait until one more request may be sent. Each needs one `tell`."""
        async with self._turn:
            await self._one_less_in_flight()
            taken: list[Window] = []
            try:
                for window in self._windows:
                    await window.take()
                    taken.append(window)
                await self._open()
            except asyncio.CancelledError:
                for window in taken:
                    window.put_back()
                raise
            self.in_flight += 1

    async def tell(self, reply: Reply | None) -> None:
        """Say what came of a slot: an answer, a fault, or None if it was cut off."""
        self.in_flight -= 1
        self._answered.set()
        was_sent = reply is None or reply.sent_at is not None
        for window in self._windows:
            if was_sent:
                await window.rest()
            else:
                window.put_back()
        if reply is not None and reply.is_refused_for_rate:
            self._close(reply)

    def _close(self, reply: Reply) -> None:
        wait_s = reply.retry_after_s
        if wait_s is None or wait_s < 0:
            wait_s = DEFAULT_CLOSURE_S
        until = reply.answered_at + min(wait_s, LONGEST_CLOSURE_S)
        self._closed_until = max(self._closed_until, until)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < self._closed_until:
            await asyncio.sleep(self._closed_until - loop.time())

    async def _one_less_in_flight(self) -> None:
        while self.in_flight >= self.max_in_flight:
            self._answered.clear()
            await self._answered.wait()
