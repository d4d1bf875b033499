"""Let the accounts of one process send in turn, a few requests in each turn of the loop.

A thousand accounts that start, or whose windows reset, have ten thousand slots at once,
and one process writes a thousand or two a second. If all slots were granted, the loop
would begin all requests before it writes the first of them, and the last account would
wait for all requests of the others. So a slot is granted when its turn comes: the first
request of each account goes before the second of any, and is written soon after.

Nobody waits for what another does with a turn: an account that is slow or dead takes no
turn from the others.
"""

import asyncio
from collections import deque


#: How many requests begin in one turn of the event loop. They take a few milliseconds.
REQUESTS_PER_TURN = 16


class Turns:
    """Gives turns in the order in which they are asked for, first requests first."""

    def __init__(self) -> None:
        self._first: deque[asyncio.Future[None]] = deque()
        self._later: deque[asyncio.Future[None]] = deque()
        self._is_giving = False

    async def wait(self, *, is_first: bool) -> None:
        """Wait for one turn: until the next turn of the event loop at least.

        Args:
            is_first: Whether it is for the first request of an account.
        """
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        (self._first if is_first else self._later).append(turn)
        if not self._is_giving:
            self._is_giving = True
            loop.call_soon(self._give, loop)
        await turn

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        given = 0
        while given < REQUESTS_PER_TURN and (waiting := self._first or self._later):
            turn = waiting.popleft()
            if not turn.done():  # nobody waits any more for one that was cancelled
                turn.set_result(None)
                given += 1
        self._is_giving = bool(self._first or self._later)
        if self._is_giving:
            loop.call_soon(self._give, loop)
