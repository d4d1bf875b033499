"""What a store of budgets does: make one step of an account's state atomic."""

from collections.abc import Callable
from typing import Protocol, TypeVar


Result = TypeVar("Result")
#: Makes a step: takes the state as bytes, None if there is none, and the store's clock
#: in seconds; gives the new state and a result. It may be called again if another run
#: was faster.
Step = Callable[[bytes | None, float], tuple[bytes, Result]]


class StoreError(Exception):
    """A store does not answer. The message is safe to show, and short."""


class UnusablePlaceError(Exception):
    """There can be no store at a place. The message says why, and is short."""


class Store(Protocol):
    """Holds the state of one account's budget. It does not know the rules.

    Attributes:
        place: Where the state is kept, for messages, without any password.
        is_clock_steady: Whether its clock cannot be set.
        may_have_lost: Whether an account without a state may have had one that the
            store has lost.
    """

    place: str
    is_clock_steady: bool

    @property
    def may_have_lost(self) -> bool: ...

    async def step(self, make: Step[Result]) -> Result:
        """Read the clock and the state, and replace the state, as one step.

        Raises:
            StoreError: It does not answer.
            SettingsError: It holds something else than a budget of bulkpause.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds open. A second call does nothing."""
        ...
