"""Decide when the next request may be sent: rate limits, cooldown, pacing, parallelism.

Every request takes one slot: first attempts, retries and read-backs.

    await gate.acquire()        # waits for a slot
    reply = ...                 # sends the request
    await gate.release(reply)   # returns the slot

A slot counts in every window. Waiters are served in the order of their calls.

If other runs use the same account, and say so in a shared budget, then the windows of
this process keep this run within the limits, and the budget all runs together: a slot
is taken here first, and then asked of the account.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from bulkpause._value import value
from bulkpause.errors import BudgetError
from bulkpause.model import Limit, Reply, Sharing, Waiting
from bulkpause.ratelimit.budget.member import AHEAD_S, BudgetMember, Identity, OwnUse
from bulkpause.ratelimit.budget.state import Answer
from bulkpause.ratelimit.budget.store import Store
from bulkpause.ratelimit.estimate import time_needed_s
from bulkpause.ratelimit.pacing import BASE_COOLDOWN_S, Pacing, cooldown_s
from bulkpause.ratelimit.rtt import RttEstimator
from bulkpause.ratelimit.sliding_window import (
    LATEST_ARRIVAL_S,
    SlidingWindow,
    WindowSnapshot,
)
from bulkpause.ratelimit.turns import Turns


#: Number of responses other than 429 after which the parallel limit rises by one.
RESPONSES_TO_RAISE_LIMIT = 100
#: A shorter tick of the clock, in seconds, is none: timers and round trips are not as
#: precise.
FINE_TICK_S = 1e-6


@value(kw_only=False)
class GateSnapshot:
    """State of the gate at one instant, for diagnosis and tests.

    Attributes:
        in_flight: Requests that were sent and have no response yet.
        allowed_in_flight: The current parallel limit.
        gap_s: Minimum seconds between requests that pacing requires.
        cooldown_until: When the last cooldown ends (loop's clock); -inf before any.
        windows: One for each rate limit, the longest period first.
    """

    in_flight: int
    allowed_in_flight: int
    gap_s: float
    cooldown_until: float
    windows: tuple[WindowSnapshot, ...]


class Gate:
    """Delays every request until all limits allow it.

    Args:
        limits: The rate limits; may be empty.
        max_in_flight: Maximum number of requests in flight.
        jitter: Gives random numbers from 0 to 1.
        clock_resolution_s: The seconds between two ticks of the loop's clock.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        *,
        max_in_flight: int,
        jitter: Callable[[], float] = random.random,
        clock_resolution_s: float = 0.0,
    ) -> None:
        self.max_in_flight = max_in_flight
        self.in_flight = 0
        self._allowed_in_flight = max_in_flight
        # The longest period first: its slots need the longest waits, and a slot of a
        # short window that is held during such a wait would be lost.
        longest_first = sorted(limits, key=lambda limit: -limit.period_s)
        # If more requests may be in flight than the window holds, slow responses must
        # not hold its slots.
        self._windows = tuple(
            SlidingWindow(limit, waits_for_responses=max_in_flight <= limit.requests)
            for limit in longest_first
        )
        self._jitter = jitter
        self._current_wait: Callable[[], Waiting] | None = None
        self._queue = asyncio.Lock()
        self._slot_returned = asyncio.Event()
        self._clock_resolution_s = clock_resolution_s
        self._rtt = RttEstimator(clock_resolution_s)
        self._pacing = Pacing(limits)
        self._not_rate_limited = 0
        self._cooldowns = 0
        self._cooldown_started_at = float("-inf")
        self._cooldown_until = float("-inf")
        self._cooldown_reason = ""
        self._last_sent_at = float("-inf")
        self._member: BudgetMember | None = None
        self._turns = Turns()
        #: Slots that were acquired and not confirmed. Some may never be.
        self._unsent = 0
        #: How many of them the other runs may have taken meanwhile.
        self._doubted = 0
        self._lapses_seen = 0

    @property
    def sharing(self) -> Sharing | None:
        """How the account is shared with other runs; None if it is not."""
        return None if self._member is None else self._member.sharing

    @property
    def waiting(self) -> Waiting | None:
        """Why no request may be sent right now; None if nothing waits."""
        return None if self._current_wait is None else self._current_wait()

    def snapshot(self) -> GateSnapshot:
        """Give the current state. Needs no running event loop."""
        return GateSnapshot(
            in_flight=self.in_flight,
            allowed_in_flight=self._allowed_in_flight,
            gap_s=self._pacing.gap_s,
            cooldown_until=self._cooldown_until,
            windows=tuple(window.snapshot() for window in self._windows),
        )

    async def join(
        self,
        store: Store,
        identity: Identity,
        *,
        demand: Callable[[], int],
        give_up_after_s: float,
    ) -> None:
        """Share the limits with the other runs of a budget, from now on.

        Args:
            store: Where the budget is kept. `leave` closes it.
            identity: Who this run is.
            demand: Says how many requests it still wants to send.
            give_up_after_s: Seconds without an answer of the store after which
                `acquire` raises.

        Raises:
            SettingsError: The budget is one of other limits, of a newer bulkpause, or
                none at all.
        """
        member = BudgetMember(
            store,
            tuple(window.limit for window in self._windows),
            identity,
            own_use=self._own_use,
            free_soon=self._free_soon,
            demand=demand,
            on_answer=self._learn,
            give_up_after_s=give_up_after_s,
        )
        await member.join()
        self._member = member

    def take_turns(self, turns: Turns) -> None:
        """Send in turn with other accounts of this process, from now on."""
        self._turns = turns

    async def leave(self) -> None:
        """Leave the requests that still count to the other runs."""
        if self._member is not None:
            await self._member.leave()

    def confirm(self) -> Awaitable[None] | None:
        """Give what a request whose slot was acquired has to wait for; None for nothing.

        It has nothing to wait for, unless this process was stopped or cut off from the
        budget since: then the other runs may have taken its slots, and one is asked for
        again.
        """
        member = self._member
        if member is None:
            return None
        if member.lapses != self._lapses_seen:
            self._lapses_seen = member.lapses
            self._doubted = self._unsent
        if self._doubted or not member.has_lease:
            return self._confirm_doubted(member)
        self._unsent = max(0, self._unsent - 1)
        return None

    async def _confirm_doubted(self, member: BudgetMember) -> None:
        await self._ask_again(member)
        self._doubted = max(0, self._doubted - 1)
        self._unsent = max(0, self._unsent - 1)

    async def _ask_again(self, member: BudgetMember) -> None:
        while True:
            try:
                await member.acquire()
            except BudgetError:
                # That ends the run where the next slot is asked for, and here the
                # time of the attempt.
                await asyncio.sleep(BASE_COOLDOWN_S)
            else:
                return

    async def restore(self, ages_s: Iterable[float]) -> None:
        """Count requests that an earlier run sent this many seconds ago."""
        # A connection may have been set up first, and the responses are lost.
        ages = [max(0.0, age_s - LATEST_ARRIVAL_S) for age_s in ages_s]
        for window in self._windows:
            period_s = window.limit.period_s
            await window.restore(age for age in ages if age < period_s)

    def time_left_s(self, requests: int) -> float:
        """Estimate the seconds until this many more requests are sent.

        Args:
            requests: Number of requests, those in flight included.
        """
        if not self._windows:
            return 0.0
        longest, now = self._windows[0], _now()
        limits = [window.limit for window in self._windows]
        cooldown_left_s = max(0.0, self._cooldown_until - now)
        soon = min(requests, longest.without_wait)
        soon_s = cooldown_left_s + time_needed_s(soon, limits)
        if soon == requests:
            return soon_s
        later_s = time_needed_s(requests - soon, limits)
        return max(soon_s, longest.next_free_at - now) + later_s

    async def acquire(self) -> None:
        """Wait until one more request may be sent. Each call needs one `release`.

        Raises:
            BudgetError: The shared budget gives no slots. Nothing is to be released.
        """
        async with self._queue:
            acquired: list[SlidingWindow] = []
            try:
                await self._wait_for_parallel_limit()
                for window in self._windows:
                    self._current_wait = partial(_waiting_for_limit, window)
                    await window.acquire()
                    acquired.append(window)
                await self._wait_for_turn()
                await self._wait_for_cooldown_and_pacing()
                await self._wait_for_account()
                for window in acquired:
                    window.mark_sent()
            except BaseException:
                for window in acquired:
                    window.cancel()
                raise
            finally:
                self._current_wait = None
            self.in_flight += 1
            self._unsent = min(self._unsent + 1, self.in_flight)
            self._last_sent_at = _now()

    def try_acquire(self) -> bool:
        """Take a slot if there is no limit to wait for; tell whether it did.

        That is where a run waits for responses only. With a limit, waiters are served
        in the order of their calls to `acquire`.
        """
        is_limited = self._windows or self._member is not None
        if is_limited or self.in_flight >= self._allowed_in_flight:
            return False
        now = _now()
        if self._paused_until() > now:
            return False
        self.in_flight += 1
        self._last_sent_at = now
        return True

    async def release(self, reply: Reply | None) -> None:
        """Return a slot.

        Args:
            reply: The response or transport error; None if the request was cancelled.
        """
        self.in_flight -= 1
        self._slot_returned.set()
        if self._member is not None:
            self._member.tell_soon()
        if not self._windows and _is_plain(reply):
            self._record_not_rate_limited(reply)
            return
        if reply is not None and reply.sent_at is None:
            for window in self._windows:
                window.cancel()
            return
        counted_at, rtt_s = _now() + self._clock_resolution_s, 0.0
        if reply is not None:
            reply = self._received_by_next_tick(reply)
            self._observe(reply)
            counted_at, rtt_s = self._counted_at(reply)
        for window in self._windows:
            await window.release(reply, counted_at=counted_at, rtt_s=rtt_s)

    def _received_by_next_tick(self, reply: Reply) -> Reply:
        """Say when a reply was received at the latest: the clock may show its last tick."""
        tick_s = self._clock_resolution_s
        if tick_s <= FINE_TICK_S:
            return reply
        return replace(reply, received_at=reply.received_at + tick_s)

    def _counted_at(self, reply: Reply) -> tuple[float, float]:
        """Give the instant by which a request was counted, and the fastest RTT.

        Less the RTT, it is comparable with the instants at which later requests are
        sent from this host.
        """
        if reply.error is not None:
            return reply.received_at, 0.0
        counted_by = [window.counted_by(reply) for window in self._windows]
        is_fixed = any(window.is_fixed for window in self._windows)
        rtt_s = self._rtt.lower_bound_s(is_fixed=is_fixed)
        return min([reply.received_at, *counted_by]), rtt_s

    def _observe(self, reply: Reply) -> None:
        self._rtt.observe(reply)
        if reply.http_status == 503 and reply.retry_after_s is not None:
            # It asks all clients to send nothing until then, and is no fault of ours.
            self._cool_down(reply, reply.retry_after_s)
        if not reply.is_rate_limited:
            # A transport error does not show that the server accepts our rate.
            if reply.error is None:
                self._record_not_rate_limited(reply)
        elif reply.retry_after_s == -1:
            self._lower_parallel_limit(reply)
        else:
            self._start_cooldown(reply)

    def _record_not_rate_limited(self, reply: Reply) -> None:
        self._pacing.record_not_rate_limited()
        self._not_rate_limited += 1
        if self._not_rate_limited % RESPONSES_TO_RAISE_LIMIT == 0:
            raised = self._allowed_in_flight + 1
            self._allowed_in_flight = min(raised, self.max_in_flight)
        if reply.sent_at is not None and reply.sent_at >= self._cooldown_until:
            self._cooldowns = 0

    def _lower_parallel_limit(self, reply: Reply) -> None:
        """Allow one request less in parallel than were in flight, but at least one.

        The next request waits for another response. If nothing else is in flight, it
        waits for a short cooldown.
        """
        self._not_rate_limited = 0
        self._allowed_in_flight = max(1, self.in_flight)
        if self.in_flight == 0:
            self._cool_down(reply, BASE_COOLDOWN_S)

    def _start_cooldown(self, reply: Reply) -> None:
        """Pause all sending. Several 429s of one burst count as one."""
        if reply.sent_at is not None and reply.sent_at > self._cooldown_started_at:
            self._cooldown_started_at = reply.received_at
            self._cooldowns += 1
            self._pacing.record_rate_limited()
        wait_s = cooldown_s(reply.retry_after_s, self._cooldowns, self._jitter())
        self._cool_down(reply, wait_s)

    def _cool_down(self, reply: Reply, wait_s: float) -> None:
        until = reply.received_at + wait_s
        if until > self._cooldown_until:
            self._cooldown_until = until
            self._cooldown_reason = f"the cooldown after a {reply.http_status}"

    async def _wait_for_turn(self) -> None:
        """Let the request of the last slot be written first, and those of other accounts."""
        if self._windows:
            self._current_wait = None
            await self._turns.wait(is_first=self._last_sent_at == float("-inf"))

    async def _wait_for_cooldown_and_pacing(self) -> None:
        self._current_wait = self._waiting_for_cooldown_or_pacing
        while (until := self._paused_until()) > _now():
            await asyncio.sleep(until - _now())

    async def _wait_for_account(self) -> None:
        """Wait until the account has a slot, if it is shared."""
        member = self._member
        if member is None:
            return
        self._current_wait = lambda: Waiting(member.waits_for, None)
        await member.acquire()
        while self._paused_until() > _now():
            # A reply came meanwhile. The account takes back what is not used.
            await self._wait_for_cooldown_and_pacing()
            self._current_wait = lambda: Waiting(member.waits_for, None)
            await member.acquire()

    def _own_use(self) -> OwnUse:
        return OwnUse(
            uses=tuple([window.use() for window in self._windows]),
            resets=tuple([window.shared_reset for window in self._windows]),
            cooldown_until=self._cooldown_until,
            gap_s=self._pacing.gap_s,
        )

    def _free_soon(self) -> int:
        """Count the requests that could be sent soon after the one that waits."""
        if self._pacing.gap_s or self._paused_until() > _now():
            return 0
        in_parallel = self._allowed_in_flight - self.in_flight - 1
        free = [window.free_within(AHEAD_S) for window in self._windows]
        return max(0, min([in_parallel, *free]))

    def _learn(self, answer: Answer) -> None:
        """Take over what the other runs know. What they say now is up to the rules."""
        if not answer.companions and not any(answer.others_resting):
            return
        for window, reset, resting in zip(
            self._windows, answer.resets, answer.others_resting, strict=False
        ):
            window.learn(reset, resting_elsewhere=resting)
        if answer.cooldown_until > self._cooldown_until:
            self._cooldown_until = answer.cooldown_until
            self._cooldown_reason = "a cooldown of the account"

    def _waiting_for_cooldown_or_pacing(self) -> Waiting:
        is_cooldown = self._cooldown_until > _now()
        reason = self._cooldown_reason if is_cooldown else "the pacing after a 429"
        return Waiting(reason, self._paused_until())

    def _paused_until(self) -> float:
        return max(self._cooldown_until, self._last_sent_at + self._pacing.gap_s)

    async def _wait_for_parallel_limit(self) -> None:
        while self.in_flight >= self._allowed_in_flight:
            self._current_wait = partial(Waiting, "responses", None)
            self._slot_returned.clear()
            await self._slot_returned.wait()


def _is_plain(reply: Reply | None) -> TypeGuard[Reply]:
    """Tell whether a response says nothing about limits, cooldowns or the server's state."""
    return (
        reply is not None
        and reply.http_status is not None
        and reply.http_status not in {429, 503}
    )


def _waiting_for_limit(window: SlidingWindow) -> Waiting:
    return Waiting(f"the limit of {window.limit}", window.free_at)


def _now() -> float:
    return asyncio.get_running_loop().time()
