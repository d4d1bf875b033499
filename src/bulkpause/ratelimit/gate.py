"""When the next request may go out: the rate limits, the pauses, the parallel limit.

The gate has a small face. `take` waits for a slot, and `tell` says what came of it:

    slot = await gate.take()
    reply = ...
    await gate.tell(reply)

Everything that is sent takes a slot: first tries, retries and read-backs. A slot
counts in every window. Waiters are served in the order in which they came.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from bulkpause.model import Limit, Reply, Waiting
from bulkpause.ratelimit.estimate import time_needed_s
from bulkpause.ratelimit.pacing import SHORTEST_COOLDOWN_S, Pacing, cooldown_s
from bulkpause.ratelimit.rtt import RttEstimator
from bulkpause.ratelimit.sliding_window import LATEST_ARRIVAL_S, SlidingWindow


#: After so many answers without a refusal, one more may be in flight again.
CALM_ANSWERS = 100


class Gate:
    """Holds every request until the limits allow it.

    Args:
        limits: The windows; any number, also none.
        max_in_flight: Requests that may be unanswered at the same time.
        jitter: Gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        *,
        max_in_flight: int,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.max_in_flight = max_in_flight
        self.in_flight = 0
        self._allowed_in_flight = max_in_flight
        # The longest first: its slots are the ones that are waited for for long,
        # and a slot of a short window that is held meanwhile would be lost.
        longest_first = sorted(limits, key=lambda limit: -limit.period_s)
        # With more in flight than a window holds, answers shall not be waited for.
        self._windows = tuple(
            SlidingWindow(limit, waits_for_answers=max_in_flight <= limit.requests)
            for limit in longest_first
        )
        self._jitter = jitter
        self._held_up: Callable[[], Waiting] | None = None
        self._turn = asyncio.Lock()
        self._answered = asyncio.Event()
        self._round_trips = RttEstimator()
        self._care = Pacing(limits)
        self._calm_answers = 0
        self._closures = 0
        self._closed_at = self._closed_until = self._last_sent_at = float("-inf")

    @property
    def waiting(self) -> Waiting | None:
        """What is waited for, as it stands now."""
        return None if self._held_up is None else self._held_up()

    async def restore(self, ages_s: Iterable[float]) -> None:
        """Count requests of an earlier run, sent so many seconds ago."""
        # Connections were set up, and nobody is left who saw the answers.
        ages = [max(0.0, age_s - LATEST_ARRIVAL_S) for age_s in ages_s]
        for window in self._windows:
            period_s = window.limit.period_s
            await window.restore(age for age in ages if age < period_s)

    def time_left_s(self, requests: int) -> float:
        """Estimate the seconds until so many more requests are sent."""
        if not self._windows:
            return 0.0
        longest, now = self._windows[0], _now()
        limits = [window.limit for window in self._windows]
        closed_s = max(0.0, self._closed_until - now)
        soon = min(requests, longest.soon)
        soon_s = closed_s + time_needed_s(soon, limits)
        if soon == requests:
            return soon_s
        later_s = time_needed_s(requests - soon, limits)
        return max(soon_s, longest.next_free_at - now) + later_s

    async def acquire(self) -> None:
        """Wait until one more request may be sent. Each needs one `tell`."""
        async with self._turn:
            taken: list[SlidingWindow] = []
            try:
                await self._one_less_in_flight()
                for window in self._windows:
                    self._held_up = partial(_full, window)
                    await window.acquire()
                    taken.append(window)
                await self._open()
                for window in taken:
                    window.mark_sent()
            except asyncio.CancelledError:
                for window in taken:
                    window.cancel()
                raise
            finally:
                self._held_up = None
            self.in_flight += 1
            self._last_sent_at = _now()

    async def release(self, reply: Reply | None) -> None:
        """Say what came of a slot: an answer, a fault, or None if it was cut off."""
        self.in_flight -= 1
        self._answered.set()
        if reply is not None and reply.sent_at is None:
            for window in self._windows:
                window.cancel()
            return
        counted_at = _now()
        if reply is not None:
            self._learn(reply)
            counted_at = self._counted_at(reply)
        for window in self._windows:
            await window.release(reply, counted_at=counted_at)

    def _counted_at(self, reply: Reply) -> float:
        """Say when a request was counted at the latest, less the fastest way out.

        So it can be compared with the moments at which other requests are sent.
        """
        if reply.error is not None:
            return reply.received_at
        told_at = [window.answered_for_at(reply) for window in self._windows]
        is_fixed = any(window.is_fixed for window in self._windows)
        round_trip_s = self._round_trips.lower_bound_s(is_fixed=is_fixed)
        return min([reply.received_at, *told_at]) - round_trip_s

    def _learn(self, reply: Reply) -> None:
        self._round_trips.learn(reply)
        if not reply.is_rate_limited:
            # That there was no answer does not say that the server is content.
            if reply.error is None:
                self._calm_down(reply)
        elif reply.retry_after_s == -1:
            self._fewer_in_flight(reply)
        else:
            self._close(reply)

    def _calm_down(self, reply: Reply) -> None:
        self._care.allowed()
        self._calm_answers += 1
        if self._calm_answers % CALM_ANSWERS == 0:
            raised = self._allowed_in_flight + 1
            self._allowed_in_flight = min(raised, self.max_in_flight)
        if reply.sent_at is not None and reply.sent_at >= self._closed_until:
            self._closures = 0

    def _fewer_in_flight(self, reply: Reply) -> None:
        """Too many ran in parallel: one less, and again when another is answered."""
        self._calm_answers = 0
        self._allowed_in_flight = max(1, self.in_flight)
        if self.in_flight == 0:
            until = reply.received_at + SHORTEST_COOLDOWN_S
            self._closed_until = max(self._closed_until, until)

    def _close(self, reply: Reply) -> None:
        """Close the gate for all. Refusals of the same moment count as one."""
        if reply.sent_at is not None and reply.sent_at > self._closed_at:
            self._closed_at = reply.received_at
            self._closures += 1
            self._care.refused()
        wait_s = cooldown_s(reply.retry_after_s, self._closures, self._jitter())
        self._closed_until = max(self._closed_until, reply.received_at + wait_s)

    async def _open(self) -> None:
        self._held_up = self._shut
        while (until := self._shut_until()) > _now():
            await asyncio.sleep(until - _now())

    def _shut(self) -> Waiting:
        is_closed = self._closed_until > _now()
        reason = "the API asked to wait" if is_closed else "even spacing"
        return Waiting(reason, self._shut_until())

    def _shut_until(self) -> float:
        return max(self._closed_until, self._last_sent_at + self._care.gap_s)

    async def _one_less_in_flight(self) -> None:
        while self.in_flight >= self._allowed_in_flight:
            self._held_up = partial(Waiting, "answers", None)
            self._answered.clear()
            await self._answered.wait()


def _full(window: SlidingWindow) -> Waiting:
    return Waiting(f"the limit of {window.limit}", window.free_at)


def _now() -> float:
    return asyncio.get_running_loop().time()
