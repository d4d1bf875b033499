"""Queue of jobs that wait for a slot, with their order.

First attempts come in the order of the plan; one whose campaign was read for it comes
next. Due retries take at most a fifth of the
turns while first attempts wait. Read-backs come after all first attempts, unless a
guard rail needs them early, and are repeated when they are due again.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count

from bulkpause.engine.job import Job


#: While first attempts wait, at most one turn in this many goes to a retry.
TURNS_PER_RETRY = 5


class Backlog:
    """The jobs of one run. One task takes from it; any task may add to it.

    Args:
        jobs: In the order of their first attempts; read one job ahead.
        reads_back_early: Whether read-backs take turns as retries do, and not only
            after all first attempts.

    Attributes:
        accepted_read_backs: Waiting read-backs of ids whose pause request was
            accepted (204).
        holds_pauses: Whether only read-backs are given, and the others held back.
        holds_for_failures: The same, until refused ids that are read back are known.
    """

    def __init__(self, jobs: Iterable[Job], *, reads_back_early: bool = False) -> None:
        self.accepted_read_backs = 0
        self.holds_pauses = False
        self.holds_for_failures = False
        self._reads_back_early = reads_back_early
        self._first_attempts = iter(jobs)
        self._next_first_attempt = next(self._first_attempts, None)
        self._read_for_attempt: deque[Job] = deque()
        self._retries = _DueJobs()
        self._read_backs = _DueJobs()
        self._taken = 0
        self._turns_since_retry = 0
        self._changed = asyncio.Event()

    def add_retry(self, job: Job, wait_s: float) -> None:
        """Put a taken job back, to be retried after this many seconds."""
        self._retries.add(job, wait_s)
        self._end_turn()

    def add_first_attempt(self, job: Job) -> None:
        """Put a taken job back whose campaign was read for its first attempt."""
        self._read_for_attempt.append(job)
        self._end_turn()

    def add_read_back(self, job: Job, wait_s: float = 0.0) -> None:
        """Put a taken job back, to be read back after the first attempts.

        Args:
            job: The job.
            wait_s: Seconds before which it is not read back.
        """
        self._read_backs.add(job, wait_s)
        self.accepted_read_backs += job.is_accepted
        self._end_turn()

    def finish(self) -> None:
        """Say that a taken job is finished or given up."""
        self._end_turn()

    def read_back_retries(self, is_wanted: Callable[[Job], bool]) -> None:
        """Read the wanted jobs back instead of retrying them."""
        for job in self._retries.remove(is_wanted):
            job.read_back()
            self._read_backs.add(job, 0.0)

    @property
    def has_first_attempt(self) -> bool:
        """Whether an id waits for its first attempt."""
        return bool(self._read_for_attempt) or self._next_first_attempt is not None

    @property
    def has_ready(self) -> bool:
        """Whether a job can be taken now."""
        if self._gives_only_read_backs:
            return self._read_backs.is_due
        return self.has_first_attempt or self._retries.is_due or self._read_backs.is_due

    @property
    def _gives_only_read_backs(self) -> bool:
        return self.holds_pauses or self.holds_for_failures

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
        return None if self.has_ready or self._taken else self._next_due_at()

    @property
    def next_waiting(self) -> Job | None:
        """The begun job that is due next, whether for a retry or a read-back."""
        return self._retries.first or self._read_backs.first

    async def ready(self) -> bool:
        """Wait until a job can be taken; return False once all jobs are finished.

        While pauses are held back, it returns False once nothing is to be read back.
        """
        while not self.has_ready:
            due_at = self._next_due_at()
            if not self._taken and due_at is None:
                return False
            self._changed.clear()
            try:
                async with asyncio.timeout_at(due_at):
                    await self._changed.wait()
            except TimeoutError:
                pass
        return True

    def take(self, *, prefers_first_attempt: bool = False) -> Job:
        """Take the job whose turn it is. Call it only after `ready` returned True.

        Args:
            prefers_first_attempt: Take an id that was not attempted yet, if there is
                one.
        """
        self._taken += 1
        self._turns_since_retry += 1
        if self._gives_only_read_backs:
            return self._take_read_back()
        is_retry_turn = self._turns_since_retry >= TURNS_PER_RETRY
        may_retry = not self.has_first_attempt or (
            is_retry_turn and not prefers_first_attempt
        )
        if may_retry and self._retries.is_due:
            self._turns_since_retry = 0
            return self._retries.take()
        if may_retry and self._reads_back_early and self._read_backs.is_due:
            self._turns_since_retry = 0
            return self._take_read_back()
        return self._take_first_attempt() or self._take_read_back()

    def _take_first_attempt(self) -> Job | None:
        if self._read_for_attempt:
            return self._read_for_attempt.popleft()
        job = self._next_first_attempt
        if job is not None:
            self._next_first_attempt = next(self._first_attempts, None)
        return job

    def unfinished(self) -> list[Job]:
        """Give the jobs that were begun and wait here, once no job is taken."""
        waiting = (*self._retries.in_order(), *self._read_backs.in_order())
        return [*waiting, *self._read_for_attempt]

    def _take_read_back(self) -> Job:
        job = self._read_backs.take()
        self.accepted_read_backs -= job.is_accepted
        return job

    def _end_turn(self) -> None:
        self._taken -= 1
        self._changed.set()

    def _next_due_at(self) -> float | None:
        retries = () if self._gives_only_read_backs else (self._retries,)
        waiting = (self._read_backs, *retries)
        times = [jobs.due_at for jobs in waiting if jobs.due_at is not None]
        return min(times, default=None)


class _DueJobs:
    """Jobs by the time at which they are due; those of equal times in their order."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Job]] = []
        # The serial number keeps the order of equal times and avoids comparing jobs.
        self._serial = count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, job: Job, wait_s: float) -> None:
        due_at = asyncio.get_running_loop().time() + wait_s
        heapq.heappush(self._heap, (due_at, next(self._serial), job))

    def take(self) -> Job:
        return heapq.heappop(self._heap)[2]

    def remove(self, is_wanted: Callable[[Job], bool]) -> list[Job]:
        wanted = [job for job in self.in_order() if is_wanted(job)]
        self._heap = [entry for entry in self._heap if not is_wanted(entry[2])]
        heapq.heapify(self._heap)
        return wanted

    def in_order(self) -> list[Job]:
        return [job for _, _, job in sorted(self._heap)]

    @property
    def first(self) -> Job | None:
        return self._heap[0][2] if self._heap else None

    @property
    def due_at(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    @property
    def is_due(self) -> bool:
        due_at = self.due_at
        return due_at is not None and due_at <= asyncio.get_running_loop().time()
