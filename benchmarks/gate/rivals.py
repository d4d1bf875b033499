"""Rate limiters that other clients use, with the interface of the gate.

Each reacts to a 429 as a fair client does: it sends nothing until `Retry-After` is
over.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from aiolimiter import AsyncLimiter

from bulkpause.model import Limit, Reply


class RateLimiter(Protocol):
    """Delays each request until it may be sent."""

    async def acquire(self) -> None: ...

    async def release(self, reply: Reply | None, /) -> None: ...


class RetryAfterLimiter:
    """A rate limiter with a cooldown after a 429. One task at a time may `acquire`."""

    def __init__(self) -> None:
        self._cooldown_until_s = 0.0

    async def acquire(self) -> None:
        await self._pace()
        loop = asyncio.get_running_loop()
        while (wait_s := self._cooldown_until_s - loop.time()) > 0:
            await asyncio.sleep(wait_s)
        self._count(loop.time())

    async def release(self, reply: Reply | None) -> None:
        if reply is not None and reply.is_rate_limited:
            until_s = reply.received_at + (reply.retry_after_s or 1.0)
            self._cooldown_until_s = max(self._cooldown_until_s, until_s)

    async def _pace(self) -> None:
        raise NotImplementedError

    def _count(self, now_s: float) -> None:
        """Count a request that is sent now."""


class StackedLimiters(RetryAfterLimiter):
    """One `AsyncLimiter` for each limit, one after the other."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__()
        self._limiters = [
            AsyncLimiter(limit.requests, limit.period_s) for limit in limits
        ]

    async def _pace(self) -> None:
        for limiter in self._limiters:
            await limiter.acquire()


class SlidingLogLimiter(RetryAfterLimiter):
    """An exact sliding log for each limit, counted at the moment of sending."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__()
        self._logs = [(limit, deque[float](maxlen=limit.requests)) for limit in limits]

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        for limit, log in self._logs:
            if len(log) == limit.requests:
                await asyncio.sleep(log[0] + limit.period_s - loop.time())

    def _count(self, now_s: float) -> None:
        for _, log in self._logs:
            log.append(now_s)


class EvenSpacing(RetryAfterLimiter):
    """One request per interval, at the rate of the slowest limit."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__()
        self._interval_s = max(limit.period_s / limit.requests for limit in limits)
        self._next_at_s = 0.0

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._next_at_s - loop.time())

    def _count(self, now_s: float) -> None:
        self._next_at_s = now_s + self._interval_s
