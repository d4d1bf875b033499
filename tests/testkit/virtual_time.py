"""An event loop with virtual time: its clock jumps to the next timer."""

import asyncio
import math
import selectors


class _JumpingSelector(selectors.SelectSelector):
    """Advances its clock by the requested timeout and never waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the loop would wait forever: nothing is scheduled")
        # Always advances, or rounding could keep a timer from ever being due.
        least = math.nextafter(self.now, math.inf)
        self.now = max(self.now + max(timeout, 1e-9), least)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs timers in order without waiting. For code that opens no sockets."""

    def __init__(self) -> None:
        self._selector_clock = _JumpingSelector()
        super().__init__(self._selector_clock)

    def time(self) -> float:
        return self._selector_clock.now

    def advance(self, seconds: float) -> None:
        """Advance the clock while nothing runs, as if the process were stopped."""
        self._selector_clock.now += seconds
