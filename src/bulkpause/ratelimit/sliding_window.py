"""One rate limit as a pool of aiolimiter limiters.

A limit of n requests in T seconds is n limiters of one request in T seconds, used
in turn: request i takes the limiter of request i - n and waits until that one has
rested T. That is an exact sliding window. (One `AsyncLimiter(n, T)` is a leaky
bucket, which lets nearly 2 n requests through in the first T seconds.)

A limiter is out of the pool from the moment at which it is taken until its request
is answered, because the server counts a request when it arrives, and nobody here
knows when that is. It has then rested since the latest moment at which that can have
been, and is used again in the order of those moments.

Where the server tells when its own window begins anew, the limiters of requests that
it counted before are let go then. The first time, one request is sent to see whether
the server has forgotten them too; if it has not, they come back.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from math import inf

from aiolimiter import AsyncLimiter

from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.server_window import ServerWindow


#: So much later than it was sent a request may be counted, in seconds, where nobody
#: waits for its answer.
LATEST_ARRIVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class _Resting:
    limiter: AsyncLimiter
    received_at: float
    rested_at: float


class SlidingWindow:
    """The slots of one limit. One task at a time may `take`.

    Args:
        limit: Which.
        waits_for_answers: Whether a slot is held until the answer, however late. If
            not, a request is taken to be counted `LATEST_ARRIVAL_S` after its slot
            was taken, so that slow answers do not hold up more than the limit does.
    """

    def __init__(self, limit: Limit, *, waits_for_answers: bool = True) -> None:
        self.limit = limit
        self._held_s = (
            limit.period_s + LATEST_ARRIVAL_S if not waits_for_answers else inf
        )
        self._told = ServerWindow(limit)
        self._resting: deque[_Resting] = deque()
        self._claimed: deque[_Resting] = deque()
        self._taken_at: deque[float] = deque()
        self._nap: asyncio.Timeout | None = None

    async def acquire(self) -> None:
        """Wait until the limit allows one more request, and take its slot."""
        while not await self._has_slot():
            pass
        self._taken_at.append(_now())

    def mark_sent(self) -> None:
        """Hold the slot last taken from now on: its request is only now sent."""
        self._taken_at[-1] = _now()

    def cancel(self) -> None:
        """Give back a slot whose request was never written."""
        self._taken_at.popleft()
        self._wake()

    async def release(self, reply: Reply | None, *, counted_at: float) -> None:
        """Let a slot rest, whose request was counted no later than that."""
        self._roll()
        if reply is not None:
            self._learn(reply)
        # Whichever it was: to forget the oldest holds the others longest.
        self._taken_at.popleft()
        received_at = _now() if reply is None else reply.received_at
        if reply is None or _now() - (reply.sent_at or 0.0) < self._held_s:
            await self._add(counted_at, received_at)
        self._wake()

    async def restore(self, ages_s: Iterable[float]) -> None:
        """Count requests that were sent before this pool was made, so long ago."""
        for age_s in sorted(ages_s, reverse=True):
            await self._add(_now() - age_s, _now() - age_s)
        while len(self._resting) > self.limit.requests:
            self._resting.popleft()

    def answered_for_at(self, reply: Reply) -> float:
        """Say when an answer first told that the request of this one was counted."""
        return self._told.answered_for_at(reply)

    @property
    def is_fixed(self) -> bool:
        """Whether the server is known to count in windows that follow one another."""
        return self._told.is_fixed

    @property
    def free_at(self) -> float | None:
        """When the next slot is free, if that is known and not yet."""
        if self._used < self.limit.requests or not self._resting:
            return None
        return self.next_free_at if self.next_free_at > _now() else None

    @property
    def next_free_at(self) -> float:
        """When the slot is free again that has rested longest."""
        if not self._resting:
            return _now() + self.limit.period_s
        boundary = self._told.boundary
        rested_at = self._resting[0].rested_at
        return rested_at if boundary is None else min(rested_at, boundary.latest)

    @property
    def soon(self) -> int:
        """How many requests need no slot that rests: those on their way, and more."""
        free = self.limit.requests - self._used
        return max(0, free) + self._held

    @property
    def _held(self) -> int:
        """How many slots are held by requests without an answer."""
        # They stand in the order in which they were taken.
        long_ago = bisect_right(self._taken_at, _now() - self._held_s)
        return len(self._taken_at) - long_ago

    @property
    def _used(self) -> int:
        return self._held + len(self._resting) + self._told.others

    async def _add(self, counted_at: float, received_at: float) -> None:
        period_s = self.limit.period_s
        limiter = AsyncLimiter(1, period_s)
        rested_at = counted_at + period_s
        # The limiter is new, so that it is filled at once, as if it had been filled
        # to the brim when the request was counted. Never waits.
        await limiter.acquire(min(1.0, max(0.0, (rested_at - _now()) / period_s)))
        # Answers come in another order than that in which requests were counted.
        longer: list[_Resting] = []
        while self._resting and self._resting[-1].rested_at > rested_at:
            longer.append(self._resting.pop())
        slot = _Resting(limiter, received_at, rested_at)
        self._resting.extend([slot, *reversed(longer)])

    async def _has_slot(self) -> bool:
        """Say whether there is a slot; if there is none, wait for what may free one."""
        self._roll()
        if self._claimed and self._taken_at:
            await self._wait(None)
            return False
        if self._used < self.limit.requests:
            return True
        first = self._resting[0] if self._resting else None
        has_rested = await self._wait(None if first is None else first.limiter)
        # News of the same moment may have let it go already, or put others before it.
        if has_rested and self._resting and self._resting[0] is first:
            self._resting.popleft()
        return False

    async def _wait(self, limiter: AsyncLimiter | None) -> bool:
        """Wait for a limiter to have rested; False if there is news before that."""
        try:
            async with asyncio.timeout_at(self._news_at()) as self._nap:
                if limiter is None:
                    await asyncio.get_running_loop().create_future()
                else:
                    await limiter.acquire()
        except TimeoutError:
            return False
        finally:
            self._nap = None
        return True

    def _news_at(self) -> float | None:
        """When a slot may come free that is not the one that has rested longest."""
        boundary, held = self._told.boundary, self._held
        moments = [] if boundary is None else [boundary.latest]
        if held and self._held_s < inf:
            # A little later, or rounding could keep it from ever being so late.
            moments.append(self._taken_at[-held] + self._held_s + 1e-6)
        return min(moments, default=None)

    def _wake(self) -> None:
        """Let the waiting task look again: there is news."""
        if self._nap is not None and not self._nap.expired():
            self._nap.reschedule(_now())

    def _roll(self) -> None:
        """Begin anew with the server, once it surely has."""
        begun_at = self._told.roll(_now())
        if begun_at is None:
            return
        old = [slot for slot in self._resting if slot.received_at < begun_at]
        self._resting = deque(s for s in self._resting if s.received_at >= begun_at)
        if self._told.is_true is None:
            self._claimed.extend(old)

    def _learn(self, reply: Reply) -> None:
        told = self._told
        if told.is_true is None and reply.sent_at is not None:
            counted = self._counted_before(reply.sent_at, reply.received_at)
            told.judge(reply, counted=counted, is_claimed=bool(self._claimed))
        told.learn(reply, resting=len(self._resting), taken=self._held)
        if told.boundary is None:
            self._resting.extendleft(reversed(self._claimed))
        if told.boundary is None or told.is_true:
            self._claimed.clear()

    def _counted_before(self, sent_at: float, received_at: float) -> int:
        """Count our requests that were surely counted before this one was sent."""
        # A round trip was taken off when they were counted: no more than this one's.
        since = 2 * sent_at - received_at + self.limit.period_s
        concurrent = takewhile(
            lambda slot: slot.rested_at >= since, reversed(self._resting)
        )
        return len(self._claimed) + len(self._resting) - sum(1 for _ in concurrent)


def _now() -> float:
    return asyncio.get_running_loop().time()
