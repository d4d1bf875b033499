"""One rate limit as a pool of aiolimiter limiters.

A limit of n requests in T seconds is n limiters of one request in T seconds, used
in turn: request i takes the limiter of request i - n and waits until that one has
rested T. That is an exact sliding window. (One `AsyncLimiter(n, T)` is a leaky
bucket, which lets nearly 2 n requests through in the first T seconds.)

A limiter is out of the pool from the moment at which it is taken until its request
is answered, and only then starts to rest, because the server counts a request when
it arrives, and nobody here knows when that is.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from aiolimiter import AsyncLimiter

from bulkpause.model import Limit


class Window:
    """The slots of one limit. One task at a time may `take`."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._resting: deque[AsyncLimiter] = deque()
        self._taken = 0
        self._nap: asyncio.Timeout | None = None

    async def take(self) -> None:
        """Wait until the limit allows one more request, and take its slot."""
        while not self._has_unused() and not await self._rested():
            pass
        self._taken += 1

    def put_back(self) -> None:
        """Give back a slot whose request was never written."""
        self._taken -= 1
        self._wake()

    async def rest(self, *, age_s: float = 0.0) -> None:
        """Let a slot rest, whose request was counted at most `age_s` seconds ago."""
        self._taken -= 1
        await self._add(age_s)
        self._wake()

    async def remember(self, ages_s: Iterable[float]) -> None:
        """Count requests that were sent before this pool was made, so long ago."""
        for age_s in sorted(ages_s, reverse=True):
            await self._add(age_s)
        while len(self._resting) > self.limit.requests:
            self._resting.popleft()

    async def _add(self, age_s: float) -> None:
        limiter = AsyncLimiter(1, self.limit.period_s)
        # The limiter is new, so that it is filled at once, as if it had been filled
        # to the brim so long ago. Never waits.
        await limiter.acquire(min(1.0, max(0.0, 1 - age_s / self.limit.period_s)))
        self._resting.append(limiter)

    def _has_unused(self) -> bool:
        return self._taken + len(self._resting) < self.limit.requests

    async def _rested(self) -> bool:
        """Wait for the limiter that has rested longest; False if woken before."""
        try:
            async with asyncio.timeout(None) as self._nap:
                if not self._resting:
                    await asyncio.get_running_loop().create_future()
                await self._resting[0].acquire()
                self._resting.popleft()
        except TimeoutError:
            return False
        finally:
            self._nap = None
        return True

    def _wake(self) -> None:
        """Let the waiting task look again: there is something new."""
        if self._nap is not None and not self._nap.expired():
            self._nap.reschedule(asyncio.get_running_loop().time())
