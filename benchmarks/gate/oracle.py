"""The best that a client can do that must not be refused: bounds for any gate."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from math import inf

from benchmarks.gate.ledger import Ledger
from bulkpause.model import Limit, Reply
from tests.testkit.fixed_window import window_end_s, window_index
from tests.testkit.network import Network


#: The loop's timers are early by less than this, in seconds.
GRAIN_S = 1e-6


class Informed:
    """A client that is told almost everything, and takes no chance.

    Not told is where the shorter windows begin: a request goes out as soon as it is
    sure to be allowed wherever that is, by the arrivals that the answers prove, the
    fastest ways, and the boundaries of the longest window.

    With `is_told_arrivals` that is a true bound for clients that are never refused,
    whatever the phase, in this network: sending later never helps later on, and
    nothing is left to be known but the delays to come. Told by answers alone it is
    one but for the little that a reset which ticks in between could say of the
    arrival, and `late_s` adds what no answer can tell, unless a client keeps a slot
    back to look; a client that takes chances may beat all three.

    Args:
        limits: The windows. The longest one is known.
        phases_s: An instant at which each begins.
        network: The ways, as they are.
        ledger: Where the run notes its arrivals and answers.
        is_told_arrivals: Whether each arrival is known at once, not by its answer.
        late_s: How much later the known boundaries may be by what the server says,
            as long as nothing arrived between.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        phases_s: Sequence[float],
        network: Network,
        ledger: Ledger,
        *,
        is_told_arrivals: bool = False,
        late_s: float = 0.0,
    ) -> None:
        in_order = sorted(
            zip(limits, phases_s, strict=True), key=lambda pair: pair[0].period_s
        )
        *hidden, (self._known, phase_s) = in_order
        self._hidden = [limit for limit, _ in hidden]
        self._may_begin_s = {phase_s, phase_s + late_s}
        self._begins_s = phase_s
        self._out_s = network.one_way_s
        self._ledger = ledger
        self._seen_s = ledger.arrivals_s if is_told_arrivals else ledger.told_s
        back_s = network.one_way_s + network.service_s
        self._back_s = 0.0 if is_told_arrivals else back_s
        self._sent = 0

    async def acquire(self) -> None:
        """Wait until a request is sure to be allowed."""
        loop = asyncio.get_running_loop()
        while (at_s := self._safe_at_s(loop.time())) > loop.time():
            self._ledger.news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if at_s == inf else at_s):
                    await self._ledger.news.wait()
        self._sent += 1

    async def release(self, reply: Reply | None) -> None:
        """Learn nothing more than the ledger tells."""

    def _safe_at_s(self, now_s: float) -> float:
        self._rule_out()
        slots_s = [self._slot_at_s(limit) for limit in self._hidden]
        rooms_s = [self._room_at_s(begins_s, now_s) for begins_s in self._may_begin_s]
        return max(slots_s + rooms_s)

    def _rule_out(self) -> None:
        """Know the boundary once a request came where it was in doubt."""
        indices = {
            window_index(self._known, begins_s, now_s)
            for begins_s in self._may_begin_s
            for now_s in self._ledger.arrivals_s[-1:]
        }
        if len(indices) > 1:
            self._may_begin_s = {self._begins_s}

    def _slot_at_s(self, limit: Limit) -> float:
        """Say when a request fits into each period that it may arrive in."""
        index = self._sent - limit.requests
        if index < 0:
            return 0.0
        if index >= len(self._seen_s):
            return inf
        counted_s = self._seen_s[index] - self._back_s
        return counted_s + limit.period_s - self._out_s + GRAIN_S

    def _room_at_s(self, begins_s: float, now_s: float) -> float:
        """Say when there is room in the known window, if one begins at that instant."""
        end_s = window_end_s(self._known, begins_s, now_s + self._out_s)
        before = bisect_left(self._ledger.arrivals_s, end_s - self._known.period_s)
        # Those on their way may all land in this window.
        if self._sent - before < self._known.requests:
            return now_s
        return end_s - self._out_s + GRAIN_S
