"""An event loop whose clock jumps to the next timer instead of waiting for it."""

import asyncio
import math
import selectors


class _NothingToSelect(selectors.SelectSelector):
    """Never waits: it lets the clock jump by as much as it was told to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the loop would wait for ever: nothing is scheduled")
        # Never stands still, or rounding could keep a timer from ever being due.
        least = math.nextafter(self.now, math.inf)
        self.now = max(self.now + max(timeout, 1e-9), least)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs timers in order, at once. For code that opens no sockets."""

    def __init__(self) -> None:
        self._virtual = _NothingToSelect()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now
