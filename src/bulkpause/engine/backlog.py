"""What is still to be sent, and in which order.

First tries come in the order of the plan. Retries that are due take at most a fifth
of the turns while first tries wait. Read-backs come when all first tries are out.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from itertools import count

from bulkpause.engine.job import Job


#: While first tries wait, one turn in so many may go to a retry.
RETRY_TURNS = 5


class Backlog:
    """The work of one run. One task takes from it; any task may add to it."""

    def __init__(self, fresh: Iterable[Job]) -> None:
        self._fresh = iter(fresh)
        self._next_fresh = next(self._fresh, None)
        self._due: list[tuple[float, int, Job]] = []
        self._read_backs: deque[Job] = deque()
        self._serial = count()
        self._open = 0
        #: How many ids were accepted and wait to be read back.
        self.accepted = 0
        self._turns_since_retry = 0
        self._changed = asyncio.Event()

    def add_retry(self, job: Job, wait_s: float) -> None:
        """Take work back that shall be tried again after so many seconds."""
        due_at = asyncio.get_running_loop().time() + wait_s
        heapq.heappush(self._due, (due_at, next(self._serial), job))
        self._close_one()

    def add_read_back(self, job: Job) -> None:
        """Take work back whose campaign shall be looked at."""
        self._read_backs.append(job)
        self.accepted += job.is_accepted
        self._close_one()

    def finish(self) -> None:
        """Say that one piece of work that was taken is done with."""
        self._close_one()

    @property
    def retries(self) -> int:
        """How many ids wait to be tried again."""
        return len(self._due)

    @property
    def read_backs(self) -> int:
        """How many ids wait to be read back."""
        return len(self._read_backs)

    @property
    def due_at(self) -> float | None:
        """When a retry is due, if there is nothing to do until then."""
        if self._has_ready() or self._open or not self._due:
            return None
        return self._due[0][0]

    async def ready(self) -> bool:
        """Wait until there is work to take; False when all of it is done."""
        while not self._has_ready():
            if not (self._open or self._due or self._read_backs):
                return False
            self._changed.clear()
            wait_until = self._due[0][0] if self._due else None
            try:
                async with asyncio.timeout_at(wait_until):
                    await self._changed.wait()
            except TimeoutError:
                pass
        return True

    def take(self) -> Job:
        """Take the work whose turn it is. Only after `ready` said that there is."""
        self._open += 1
        self._turns_since_retry += 1
        fresh = self._next_fresh
        if self._is_retry_due() and (
            fresh is None or self._turns_since_retry >= RETRY_TURNS
        ):
            self._turns_since_retry = 0
            return heapq.heappop(self._due)[2]
        if fresh is not None:
            self._next_fresh = next(self._fresh, None)
            return fresh
        job = self._read_backs.popleft()
        self.accepted -= job.is_accepted
        return job

    def leftovers(self) -> list[Job]:
        """Give the work that was begun and is not finished, when nothing is open."""
        return [job for _, _, job in sorted(self._due)] + list(self._read_backs)

    def _close_one(self) -> None:
        self._open -= 1
        self._changed.set()

    def _has_ready(self) -> bool:
        has_fresh = self._next_fresh is not None
        return has_fresh or bool(self._read_backs) or self._is_retry_due()

    def _is_retry_due(self) -> bool:
        now = asyncio.get_running_loop().time()
        return bool(self._due) and self._due[0][0] <= now
