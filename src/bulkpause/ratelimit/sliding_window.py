"""Enforce one rate limit as an exact sliding window, made of aiolimiter limiters.

This project is required to limit its rate with aiolimiter. One `AsyncLimiter(n, T)` is
a leaky bucket, which allows nearly 2 n requests in the first T seconds. So a limit of
n requests in T seconds is n slots with one `AsyncLimiter(1, T)` each: request i uses
the slot of request i - n and waits until that slot has rested T seconds. That is an
exact sliding window. Each limiter is used as a timer: it is created nearly full and
admits one request when its slot has rested.

A slot is held from sending until the response, because the server counts a request on
arrival and the client does not know when that is. The slot then rests for T seconds
from the latest instant at which the server can have counted the request. Slots become
free in the order of those instants.

If the server announces its window resets, slots of requests that were counted before a
reset are released at the reset. The first time this is a trial: one request is sent to
check that the server has reset its count. If it has not, the slots are restored.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile
from math import inf

from aiolimiter import AsyncLimiter

from bulkpause._value import value
from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.budget.state import Resting, SharedReset, WindowUse
from bulkpause.ratelimit.server_window import ServerWindow, WindowReset


#: Maximum seconds from sending a request until the server counts it, assumed where a
#: slot is not held until the response.
LATEST_ARRIVAL_S = 2.0


@value(kw_only=False)
class WindowSnapshot:
    """State of one rate limit at one instant, for diagnosis and tests.

    Attributes:
        limit: The rate limit.
        acquired: Slots acquired and not yet released.
        resting: Slots that rest since their request was counted.
        spent_by_others: Requests of other clients in the server's current window.
        reset: When the server's window resets; None if unknown.
        is_fixed: Whether the server is known to count in fixed windows.
        is_confirmed: Whether announced resets are confirmed (True), refuted (False)
            or neither yet (None).
    """

    limit: Limit
    acquired: int
    resting: int
    spent_by_others: int
    reset: WindowReset | None
    is_fixed: bool
    is_confirmed: bool | None


@value(kw_only=False)
class _RestingSlot:
    limiter: AsyncLimiter
    received_at: float
    rested_at: float
    shared: Resting


class SlidingWindow:
    """The slots of one rate limit. Only one task at a time may call `acquire`.

    Args:
        limit: The rate limit.
        waits_for_responses: Whether a slot is held until the response, however late.
            Otherwise a request is assumed to be counted within `LATEST_ARRIVAL_S` of
            sending, so that slow responses delay no more than the limit requires.
        new_limiter: Creates the limiter of one slot from its rate and period.
    """

    def __init__(
        self,
        limit: Limit,
        *,
        waits_for_responses: bool = True,
        new_limiter: Callable[[float, float], AsyncLimiter] = AsyncLimiter,
    ) -> None:
        self.limit = limit
        self._max_hold_s = (
            limit.period_s + LATEST_ARRIVAL_S if not waits_for_responses else inf
        )
        self._new_limiter = new_limiter
        self._server_window = ServerWindow(limit)
        self._resting: deque[_RestingSlot] = deque()
        self._released_on_trial: deque[_RestingSlot] = deque()
        self._acquired_at: deque[float] = deque()
        self._wait_timeout: asyncio.Timeout | None = None
        #: Requests of other runs that still counted when this was said last.
        self._resting_elsewhere = 0

    async def acquire(self) -> None:
        """Wait until the limit allows one more request, and take a slot for it."""
        while not await self._find_slot():
            pass
        self._acquired_at.append(_now())

    def mark_sent(self) -> None:
        """Restart the hold of the slot last acquired: its request is sent only now."""
        self._acquired_at[-1] = _now()

    def cancel(self) -> None:
        """Return a slot whose request was never sent."""
        self._acquired_at.popleft()
        self._wake_waiter()

    async def release(
        self, reply: Reply | None, *, counted_at: float, rtt_s: float = 0.0
    ) -> None:
        """Let a slot rest.

        Args:
            reply: The response or transport error; None if the request was cancelled.
            counted_at: The server had counted the request by then.
            rtt_s: The least seconds of a round trip, by which the slot is free earlier.
        """
        now = _now()
        self._apply_reset(now)
        if reply is not None:
            self._observe(reply)
        # Whichever slot it was: dropping the oldest holds the others longest.
        self._acquired_at.popleft()
        received_at = now if reply is None else reply.received_at
        if reply is None or now - (reply.sent_at or 0.0) < self._max_hold_s:
            await self._rest(counted_at, received_at, rtt_s)
        self._wake_waiter()

    async def restore(self, ages_s: Iterable[float]) -> None:
        """Count requests that an earlier run sent this many seconds ago."""
        for age_s in sorted(ages_s, reverse=True):
            await self._rest(_now() - age_s, _now() - age_s, 0.0)
        while len(self._resting) > self.limit.requests:
            self._resting.popleft()

    def use(self) -> WindowUse:
        """Say what this run uses of the limit, for the other runs on the account."""
        past = () if self._server_window.is_confirmed else self._released_on_trial
        slots_of = (past, self._resting)
        return WindowUse(
            held=self._held,
            resting=tuple([slot.shared for slots in slots_of for slot in slots]),
            elsewhere=self._server_window.spent_by_others,
        )

    @property
    def shared_reset(self) -> SharedReset | None:
        """What this run knows of the window's reset, for the other runs."""
        return self._server_window.shared

    def learn(self, reset: SharedReset | None, *, resting_elsewhere: int) -> None:
        """Take over what the other runs on the account know."""
        self._resting_elsewhere = resting_elsewhere
        if reset is None or not self._server_window.adopt(reset):
            return
        self._end_trial()
        self._wake_waiter()

    def counted_by(self, reply: Reply) -> float:
        """Give the instant by which a request was counted, from all responses so far."""
        return self._server_window.counted_by(reply)

    def snapshot(self) -> WindowSnapshot:
        """Give the current state. Needs no running event loop."""
        server_window = self._server_window
        return WindowSnapshot(
            limit=self.limit,
            acquired=len(self._acquired_at),
            resting=len(self._resting),
            spent_by_others=server_window.spent_by_others,
            reset=server_window.reset,
            is_fixed=server_window.is_fixed,
            is_confirmed=server_window.is_confirmed,
        )

    @property
    def is_fixed(self) -> bool:
        """Whether the server is known to count in fixed windows."""
        return self._server_window.is_fixed

    def free_within(self, seconds: float) -> int:
        """Count the slots that can be taken until so many seconds from now."""
        if self._released_on_trial and self._acquired_at:
            return 0  # a reset is tested by one request
        until = _now() + seconds
        soon = takewhile(lambda slot: slot.rested_at <= until, self._resting)
        return max(0, self.limit.requests - self._used + sum(1 for _ in soon))

    @property
    def free_at(self) -> float | None:
        """When the next slot becomes free; None if one is free now or it is unknown."""
        if self._used < self.limit.requests or not self._resting:
            return None
        return self.next_free_at if self.next_free_at > _now() else None

    @property
    def next_free_at(self) -> float:
        """When the slot that has rested longest becomes free."""
        if not self._resting:
            return _now() + self.limit.period_s
        reset = self._server_window.reset
        rested_at = self._resting[0].rested_at
        return rested_at if reset is None else min(rested_at, reset.latest)

    @property
    def without_wait(self) -> int:
        """How many requests need no resting slot, those in flight included."""
        free = self.limit.requests - self._used
        return max(0, free) + self._held

    @property
    def _held(self) -> int:
        """How many slots are held by requests without a response."""
        if self._max_hold_s == inf:
            return len(self._acquired_at)
        # The instants are in the order in which the slots were acquired.
        expired = bisect_right(self._acquired_at, _now() - self._max_hold_s)
        return len(self._acquired_at) - expired

    @property
    def _used(self) -> int:
        return self._held + len(self._resting) + self._server_window.spent_by_others

    async def _rest(self, counted_at: float, received_at: float, rtt_s: float) -> None:
        rested_at = counted_at - rtt_s + self.limit.period_s
        rests_s = rested_at - _now()
        # Longer than the period if the clock ticks so slowly that now may be past.
        period_s = max(self.limit.period_s, rests_s)
        limiter = self._new_limiter(1, period_s)
        # Fill the new limiter as if it had been filled completely when the request was
        # counted. This never waits.
        await limiter.acquire(min(1.0, max(0.0, rests_s / period_s)))
        # Responses arrive in another order than their requests were counted.
        later: list[_RestingSlot] = []
        while self._resting and self._resting[-1].rested_at > rested_at:
            later.append(self._resting.pop())
        shared = Resting(received_at, counted_at, rtt_s)
        slot = _RestingSlot(limiter, received_at, rested_at, shared)
        self._resting.extend([slot, *reversed(later)])

    async def _find_slot(self) -> bool:
        """Say whether a slot is free. If not, wait until that may have changed."""
        self._apply_reset(_now())
        if self._released_on_trial and self._acquired_at:
            await self._wait(None)
            return False
        if self._used < self.limit.requests:
            return True
        first = self._resting[0] if self._resting else None
        limiter = None if first is None else first.limiter
        has_rested = _is_ready(limiter) or await self._wait(limiter)
        # A response at the same instant may have removed or reordered resting slots.
        if has_rested and self._resting and self._resting[0] is first:
            self._resting.popleft()
        return False

    async def _wait(self, limiter: AsyncLimiter | None) -> bool:
        """Wait until a slot has rested; False if something else changed before."""
        try:
            async with asyncio.timeout_at(self._recheck_at()) as self._wait_timeout:
                if limiter is None:
                    await asyncio.get_running_loop().create_future()
                else:
                    await limiter.acquire()
        except TimeoutError:
            return False
        finally:
            self._wait_timeout = None
        return True

    def _recheck_at(self) -> float | None:
        """When a slot other than the one that has rested longest may become free."""
        reset, held = self._server_window.reset, self._held
        instants = [] if reset is None else [reset.latest]
        if held and self._max_hold_s < inf:
            # Slightly later, or rounding could keep the slot held forever.
            instants.append(self._acquired_at[-held] + self._max_hold_s + 1e-6)
        return min(instants, default=None)

    def _wake_waiter(self) -> None:
        """Make the waiting task check for a free slot."""
        if self._wait_timeout is not None and not self._wait_timeout.expired():
            self._wait_timeout.reschedule(_now())

    def _apply_reset(self, now: float) -> None:
        """Release slots of the past window if the server has certainly reset it."""
        started_at = self._server_window.advance(now)
        if started_at is None:
            return
        past = [slot for slot in self._resting if slot.received_at < started_at]
        self._resting = deque(s for s in self._resting if s.received_at >= started_at)
        if self._server_window.is_confirmed is None:
            self._released_on_trial.extend(past)

    def _observe(self, reply: Reply) -> None:
        server_window = self._server_window
        tells_of_reset = reply.rate_limit is not None or reply.is_rate_limited
        is_open = tells_of_reset and server_window.is_confirmed is None
        if is_open and reply.sent_at is not None:
            counted = self._counted_before(reply.sent_at, reply.received_at)
            is_assumed = bool(self._released_on_trial)
            server_window.check_reset(reply, counted=counted, is_assumed=is_assumed)
        server_window.observe(reply, resting=len(self._resting), in_flight=self._held)
        self._end_trial()

    def _end_trial(self) -> None:
        """Keep or restore the slots released on trial, if that is decided."""
        server_window = self._server_window
        if server_window.reset is None:
            self._resting.extendleft(reversed(self._released_on_trial))
        if server_window.reset is None or server_window.is_confirmed:
            self._released_on_trial.clear()

    def _counted_before(self, sent_at: float, received_at: float) -> int:
        """Count our requests that were certainly counted before this one was sent."""
        # When they were counted, a round trip was subtracted: at most this one's.
        since = 2 * sent_at - received_at + self.limit.period_s
        concurrent = takewhile(
            lambda slot: slot.rested_at >= since, reversed(self._resting)
        )
        released = len(self._released_on_trial) + self._resting_elsewhere
        return released + len(self._resting) - sum(1 for _ in concurrent)


def _is_ready(limiter: AsyncLimiter | None) -> bool:
    """Tell whether a limiter needs no wait: then no timer is set for one either."""
    return limiter is not None and limiter.has_capacity()


def _now() -> float:
    return asyncio.get_running_loop().time()
