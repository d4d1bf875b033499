"""A budget in the memory of one process, for simulations."""

from collections.abc import Callable

from bulkpause.ratelimit.budget.store import Result, Step


class MemoryStore:
    """A store that all runs of one process share.

    Args:
        clock: The store's clock, in seconds.
    """

    is_clock_steady = True
    may_have_lost = False
    place = "this process"

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._state: bytes | None = None

    async def step(self, make: Step[Result]) -> Result:
        """Make a step."""
        self._state, result = make(self._state, self._clock())
        return result

    async def close(self) -> None:
        """Keep the state: other runs use it."""
