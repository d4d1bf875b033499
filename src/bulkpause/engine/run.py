"""Run one list of jobs under its guard rails: canary, failures, deadline."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import islice
from math import inf

from bulkpause.engine.backlog import Backlog
from bulkpause.engine.dispatcher import Dispatcher
from bulkpause.engine.feed import Feed
from bulkpause.engine.guard_rails import (
    FailureCount,
    GuardRails,
    is_left_alone,
    judge_canary,
    stop_at_deadline,
)
from bulkpause.engine.job import Job
from bulkpause.engine.ports import RateLimiter, Recorder, SenderWithDeadline
from bulkpause.engine.run_context import RunContext
from bulkpause.errors import LogError, StoppedError
from bulkpause.model import Record, StopReason


#: Seconds that requests in flight at the deadline may still take.
GRACE_S = 1.0


class Run:
    """One list of jobs on the way to its records. Use it once.

    Args:
        sender: Makes the requests.
        gate: Limits their rate and how many are in flight.
        recorder: Writes requests, responses and records to disk.
        context: Values that the whole run shares.
        guard_rails: Rules that stop the run early.
        on_record: Called with each record after it was written, whether or not it is
            taken from `records` then.
        failures: Counts the failures of several runs; None for this run alone.
        began_at: When the deadline began to run (loop's clock); None for when the jobs
            begin.
    """

    def __init__(
        self,
        *,
        sender: SenderWithDeadline,
        gate: RateLimiter,
        recorder: Recorder,
        context: RunContext,
        guard_rails: GuardRails,
        on_record: Callable[[Record], None] = lambda _: None,
        failures: FailureCount | None = None,
        began_at: float | None = None,
    ) -> None:
        self._sender = sender
        self._operation = context.operation
        self._guard_rails = guard_rails
        self._on_record = on_record
        self._began_at = began_at
        self._failures = failures or FailureCount(guard_rails.max_failures)
        self._canary: list[Record] = []
        self._left_alone = 0
        self._last_id: str | None = None
        self._feed = Feed()
        self._dispatcher = Dispatcher(
            sender=sender,
            gate=gate,
            recorder=recorder,
            context=context,
            on_record=self._add,
            # Refused ids are failures only once they were read back.
            reads_back_early=guard_rails.max_failures is not None,
            exceeds_failures=self._failures.would_exceed,
        )
        self._task: asyncio.Task[None] | None = None
        self._failures.watch(self.stop)

    @property
    def stopped(self) -> StopReason | None:
        """Why the run ends early; None if it does not."""
        return self._dispatcher.stopped

    @property
    def undated(self) -> AbstractSet[str]:
        """The ids resumed although it was not shown when they were last changed."""
        return self._dispatcher.undated

    @property
    def is_running(self) -> bool:
        """Whether records are still being made."""
        return self._task is not None and not self._task.done()

    @property
    def backlog(self) -> Backlog:
        """Jobs that wait to be sent."""
        return self._dispatcher.backlog

    @property
    def probe_at(self) -> float | None:
        """When the next probe is due (loop's clock); None without an outage."""
        return self._dispatcher.probe_at

    @property
    def last_error(self) -> str:
        """The last transport error or 5xx status, as text."""
        return self._dispatcher.last_error

    def stop(self, reason: StopReason, *, grace_s: float | None = None) -> None:
        """Send nothing new. Requests in flight are awaited and recorded.

        Args:
            reason: Why. That of the first stop is kept.
            grace_s: Seconds after which requests in flight are ended; None if they end
                by themselves.
        """
        self._dispatcher.stop(reason)
        if grace_s is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(grace_s, self._dispatcher.abort)

    def fail(self, error: LogError) -> None:
        """Send nothing new: the log failed. `records` then raises the error."""
        self._dispatcher.fail(error)

    async def records(self, jobs: Iterator[Job]) -> AsyncGenerator[Record, None]:
        """Run the jobs, and give each record as soon as it is written.

        Raises:
            LogError: A line could not be written. Requests in flight were awaited.
            StoppedError: `cancel` was called while somebody waited for a record.
        """
        self._task = task = asyncio.create_task(self._run(jobs))
        task.add_done_callback(lambda _: self._feed.end())
        try:
            while records := await self._feed.take():
                for record in records:
                    yield record
            if task.cancelled():
                raise StoppedError(
                    "closed before the end of the list; end it, or call stop, first"
                )
            await task
        finally:
            await self.cancel()

    async def cancel(self) -> None:
        """Cancel what still runs, if its records are no longer wanted."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _add(self, record: Record) -> None:
        self._on_record(record)
        self._feed.put(record)
        self._last_id = record.id
        if is_left_alone(record):
            self._left_alone += 1
        elif len(self._canary) < self._guard_rails.canary:
            self._canary.append(record)
        self._failures.count(record)

    async def _run(self, jobs: Iterator[Job]) -> None:
        """Run the canary, judge its records, and run the rest, up to the deadline."""
        with self._deadline():
            await self._run_canary(jobs)
            await self._dispatcher.run(jobs)

    async def _run_canary(self, jobs: Iterator[Job]) -> None:
        """Run the first ids, and stop if not all of them succeed.

        A campaign that an undo leaves alone shows nothing: the next one is tried.
        """
        canary, tried = self._guard_rails.canary, 0
        while batch := list(islice(jobs, canary - tried)):
            self._left_alone = 0
            await self._dispatcher.run(batch)
            tried += len(batch) - self._left_alone
            reason = judge_canary(tried, self._canary, self._operation)
            if reason is not None:
                self.stop(reason)
                return

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        deadline_s = self._guard_rails.deadline_s
        if deadline_s is None:
            yield
            return
        loop = asyncio.get_running_loop()
        began_at = loop.time() if self._began_at is None else self._began_at
        ends_at = began_at + deadline_s
        if loop.time() >= ends_at:
            self._stop_at_deadline(deadline_s)
        timer = loop.call_at(ends_at, self._stop_at_deadline, deadline_s)
        self._sender.ends_at = ends_at + GRACE_S
        try:
            yield
        finally:
            timer.cancel()
            self._sender.ends_at = inf

    def _stop_at_deadline(self, deadline_s: float) -> None:
        last = "" if self._last_id is None else f", last id {self._last_id}"
        self.stop(stop_at_deadline(deadline_s, last))
