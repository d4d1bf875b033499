"""Lower bounds: the fastest clients that can never be rate-limited."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from math import inf

from benchmarks.gate.ledger import ArrivalLedger
from bulkpause.model import Limit, Reply
from bulkpause.simulator import Window
from tests.testkit.fixed_window import windows_of
from tests.testkit.network import Network


#: The loop's timers fire early by less than this, in seconds.
TIMER_MARGIN_S = 1e-6


class OracleClient:
    """A client that knows almost everything, and never risks a 429.

    It does not know the phases of the shorter windows. It sends a request as soon as
    the request is certain to be allowed at every possible phase, by the arrivals that
    the responses confirm, the minimum delays, and the resets of the longest window.

    With `sees_arrivals` it is a true bound for clients that are never rate-limited at
    any phase in this network: sending later never helps later on, and only the delays
    to come are unknown. With responses alone it is a bound with one exception: a
    `X-RateLimit-Reset` that changes while a request is in flight could reveal a little
    about its arrival. With `reset_error_s` there is a second one: a client that keeps
    a slot back for reading the reset may learn it sooner. A client that risks a 429
    may beat all three.

    Args:
        limits: The rate limits. The longest window is known.
        phases_s: An instant of a window reset, for each limit.
        network: The network, whose minimum delays are known.
        ledger: The record of arrivals and responses.
        sees_arrivals: Whether each arrival is known at once, not by its response.
        reset_error_s: How much later than in fact the known window may reset by the
            headers, as long as no request arrived between.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        phases_s: Sequence[float],
        network: Network,
        ledger: ArrivalLedger,
        *,
        sees_arrivals: bool = False,
        reset_error_s: float = 0.0,
    ) -> None:
        windows = windows_of(limits, phases_s)
        *self._hidden, known = sorted(windows, key=lambda window: window.period_s)
        late = Window(
            limit=known.limit,
            period_s=known.period_s,
            phase_s=known.phase_s + reset_error_s,
        )
        self._known = known
        self._possible = {known, late}
        self._out_s = network.one_way_s
        self._ledger = ledger
        self._proven_s = ledger.arrivals_s if sees_arrivals else ledger.confirmed_s
        back_s = network.one_way_s + network.service_s
        self._back_s = 0.0 if sees_arrivals else back_s
        self._sent = 0

    async def acquire(self) -> None:
        """Wait until a request is certain to be allowed."""
        loop = asyncio.get_running_loop()
        while (at_s := self._safe_at_s(loop.time())) > loop.time():
            self._ledger.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if at_s == inf else at_s):
                    await self._ledger.changed.wait()
        self._sent += 1

    async def release(self, reply: Reply | None) -> None:
        """Ignore the reply: the ledger has more."""

    def _safe_at_s(self, now_s: float) -> float:
        self._settle_reset()
        slots_s = [self._slot_at_s(window) for window in self._hidden]
        rooms_s = [self._room_at_s(window, now_s) for window in self._possible]
        return max(slots_s + rooms_s)

    def _settle_reset(self) -> None:
        """Know the reset once a request has arrived while it was uncertain."""
        indices = {
            window.index(now_s)
            for window in self._possible
            for now_s in self._ledger.arrivals_s[-1:]
        }
        if len(indices) > 1:
            self._possible = {self._known}

    def _slot_at_s(self, window: Window) -> float:
        """Give the instant from which a request fits into every possible period."""
        index = self._sent - window.limit
        if index < 0:
            return 0.0
        if index >= len(self._proven_s):
            return inf
        counted_s = self._proven_s[index] - self._back_s
        return counted_s + window.period_s - self._out_s + TIMER_MARGIN_S

    def _room_at_s(self, window: Window, now_s: float) -> float:
        """Give the instant from which the known window has room."""
        end_s = window.end(now_s + self._out_s)
        before = bisect_left(self._ledger.arrivals_s, end_s - window.period_s)
        # All requests in flight may arrive in this window.
        if self._sent - before < window.limit:
            return now_s
        return end_s - self._out_s + TIMER_MARGIN_S
