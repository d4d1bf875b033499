"""Queue of jobs that wait for a slot, with their order.

First attempts come in the order of the plan. Due retries take at most a fifth of the
turns while first attempts wait. Read-backs come after all first attempts.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from itertools import count

from bulkpause.engine.job import Job


#: While first attempts wait, at most one turn in this many goes to a retry.
TURNS_PER_RETRY = 5


class Backlog:
    """The jobs of one run. One task takes from it; any task may add to it.

    Args:
        jobs: In the order of their first attempts; read one job ahead.

    Attributes:
        accepted_read_backs: Waiting read-backs of ids whose pause request was
            accepted (204).
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.accepted_read_backs = 0
        self._first_attempts = iter(jobs)
        self._next_first_attempt = next(self._first_attempts, None)
        self._retries: list[tuple[float, int, Job]] = []
        self._read_backs: deque[Job] = deque()
        self._serial = count()
        self._taken = 0
        self._turns_since_retry = 0
        self._changed = asyncio.Event()

    def add_retry(self, job: Job, wait_s: float) -> None:
        """Put a taken job back, to be retried after this many seconds."""
        due_at = asyncio.get_running_loop().time() + wait_s
        # The serial number keeps the order of equal times and avoids comparing jobs.
        heapq.heappush(self._retries, (due_at, next(self._serial), job))
        self._end_turn()

    def add_read_back(self, job: Job) -> None:
        """Put a taken job back, to be read back after the first attempts."""
        self._read_backs.append(job)
        self.accepted_read_backs += job.is_accepted
        self._end_turn()

    def finish(self) -> None:
        """Say that a taken job is finished or given up."""
        self._end_turn()

    @property
    def retries(self) -> int:
        """How many ids wait for a retry."""
        return len(self._retries)

    @property
    def read_backs(self) -> int:
        """How many ids wait to be read back."""
        return len(self._read_backs)

    @property
    def due_at(self) -> float | None:
        """When the next retry is due (loop's clock); None if other work comes first."""
        if self._has_ready() or self._taken or not self._retries:
            return None
        return self._retries[0][0]

    async def ready(self) -> bool:
        """Wait until a job can be taken; return False once all jobs are finished."""
        while not self._has_ready():
            if not (self._taken or self._retries):
                return False
            self._changed.clear()
            wait_until = self._retries[0][0] if self._retries else None
            try:
                async with asyncio.timeout_at(wait_until):
                    await self._changed.wait()
            except TimeoutError:
                pass
        return True

    def take(self) -> Job:
        """Take the job whose turn it is. Call it only after `ready` returned True."""
        self._taken += 1
        self._turns_since_retry += 1
        first_attempt = self._next_first_attempt
        is_retry_turn = self._turns_since_retry >= TURNS_PER_RETRY
        if self._is_retry_due() and (first_attempt is None or is_retry_turn):
            self._turns_since_retry = 0
            return heapq.heappop(self._retries)[2]
        if first_attempt is not None:
            self._next_first_attempt = next(self._first_attempts, None)
            return first_attempt
        job = self._read_backs.popleft()
        self.accepted_read_backs -= job.is_accepted
        return job

    def unfinished(self) -> list[Job]:
        """Give the jobs that were begun and wait here, once no job is taken."""
        return [job for _, _, job in sorted(self._retries)] + list(self._read_backs)

    def _end_turn(self) -> None:
        self._taken -= 1
        self._changed.set()

    def _has_ready(self) -> bool:
        has_first_attempt = self._next_first_attempt is not None
        return has_first_attempt or bool(self._read_backs) or self._is_retry_due()

    def _is_retry_due(self) -> bool:
        now = asyncio.get_running_loop().time()
        return bool(self._retries) and self._retries[0][0] <= now
