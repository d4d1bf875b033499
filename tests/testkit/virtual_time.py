"""An event loop with virtual time: its clock jumps to the next timer."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple


_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
#: How often a clock of Windows ticks, in seconds.
TICK_S = 0.015625
#: What one step of a loop takes that waits for such a tick.
STEP_S = 1e-4
#: The wall clock at the start of virtual time.
EPOCH = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    """Advances its clock by the requested timeout, or a step, and never waits."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self.now = 0.0
        self._step_s = step_s

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the loop would wait forever: nothing is scheduled")
        # Always advances, or rounding could keep a timer from ever being due.
        least = math.nextafter(self.now, math.inf)
        self.now = max(self.now + max(timeout, self._step_s), least)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs timers in order without waiting. For code that opens no sockets."""

    def __init__(self, step_s: float = 1e-9) -> None:
        self._selector_clock = _JumpingSelector(step_s)
        super().__init__(self._selector_clock)

    def time(self) -> float:
        return self._selector_clock.now

    def true_time(self) -> float:
        """Give the virtual time, whatever the clock of the loop shows."""
        return self._selector_clock.now

    def advance(self, seconds: float) -> None:
        """Advance the clock while nothing runs, as if the process were stopped."""
        self._selector_clock.now += seconds


class CoarseLoop(VirtualTimeLoop):
    """A loop whose clock ticks seldom, as on Windows: its timers may be a tick early."""

    def __init__(self) -> None:
        super().__init__(STEP_S)
        # asyncio runs the timers that are due by the next tick.
        self._clock_resolution = TICK_S

    def time(self) -> float:
        return self.true_time() // TICK_S * TICK_S


class OneThreadLoop(VirtualTimeLoop):
    """A virtual-time loop without threads, so that every run is the same."""

    def run_in_executor(
        self, executor: Any, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> "asyncio.Future[_T]":
        future: asyncio.Future[_T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (passed on in the future)
            future.set_exception(error)
        return future


def run_on_virtual_time(main: Coroutine[Any, Any, _T], starts_at: float = 0.0) -> _T:
    """Run a coroutine to its end in virtual time, which begins at this time."""

    def make_loop() -> OneThreadLoop:
        loop = OneThreadLoop()
        loop.advance(starts_at)
        return loop

    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(main)


def wall_clock() -> datetime:
    """Give the wall clock that matches the loop's clock."""
    return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())
