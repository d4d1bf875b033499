"""Send jobs within the rate limit and record each status.

One task takes jobs from the backlog, waits for a slot and starts a task for each
request. A job that waits between attempts holds no slot and no task. A stop cancels
the first task only: requests in flight are awaited and recorded.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bulkpause.engine.backlog import Backlog
from bulkpause.engine.circuit_breaker import CircuitBreaker, is_server_failure
from bulkpause.engine.job import Job
from bulkpause.engine.policy import (
    Decision,
    Finish,
    ReadBack,
    Resend,
    Retry,
    RetryPolicy,
    Stop,
    after_pause,
    after_read_back,
    may_be_applied,
    status_without_read_back,
)
from bulkpause.engine.ports import RateLimiter, Recorder, Sender
from bulkpause.errors import LogError
from bulkpause.model import (
    Action,
    Attempt,
    Record,
    Reply,
    Status,
    StopCause,
    StopReason,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Values that all requests and records of a run share, and its random source.

    Attributes:
        run_id: Name of the run in every record.
        planned: Number of ids that the run means to do.
        endpoint: The base URL of the API, or the name of the simulator.
        request_ids: Gives a new id for each request.
        reason: Sent with every pause request.
        retry_policy: When to retry, read back and give up.
        now: The wall clock.
        jitter: Gives random numbers from 0 to 1.
    """

    run_id: str
    planned: int
    endpoint: str
    request_ids: Iterator[str]
    reason: str | None
    retry_policy: RetryPolicy
    now: Callable[[], datetime]
    jitter: Callable[[], float]


class Dispatcher:
    """Brings the jobs of one run to a status.

    Args:
        sender: Makes the requests.
        gate: Limits their rate and how many are in flight.
        recorder: Writes requests, responses and records to disk.
        context: Values that the whole run shares.
        on_record: Called with each record after it was written.

    Attributes:
        stopped: Why the run ends early; None if it does not.
        backlog: Jobs that wait to be sent.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        gate: RateLimiter,
        recorder: Recorder,
        context: RunContext,
        on_record: Callable[[Record], None],
    ) -> None:
        self.stopped: StopReason | None = None
        self.backlog = Backlog(())
        self._sender = sender
        self._gate = gate
        self._recorder = recorder
        self._context = context
        self._on_record = on_record
        self._circuit_breaker = CircuitBreaker(context.retry_policy.give_up_after_s)
        self._ids_in_flight: set[str] = set()
        self._request_ended = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._log_error: LogError | None = None

    @property
    def probe_at(self) -> float | None:
        """When the next probe is due (loop's clock); None without an outage."""
        breaker = self._circuit_breaker
        return breaker.probe_at if breaker.is_open else None

    @property
    def last_error(self) -> str:
        """The last transport error or 5xx status, as text."""
        return self._circuit_breaker.last_error

    async def run(self, jobs: Iterable[Job]) -> None:
        """Process all jobs, or those that come before a stop.

        Raises:
            LogError: A line could not be written. Requests in flight were awaited.
        """
        self.backlog = Backlog(jobs)
        async with asyncio.TaskGroup() as group:
            if self.stopped is None:
                self._dispatching = group.create_task(self._dispatch(group))
        for job in self.backlog.unfinished():
            self._record_interrupted(job)
        if self._log_error is not None:
            raise self._log_error

    def stop(self, reason: StopReason) -> None:
        """Send nothing new. Requests in flight are awaited and recorded.

        The reason of the first stop is kept.
        """
        self.stopped = self.stopped or reason
        if self._dispatching is not None:
            self._dispatching.cancel()

    def fail(self, error: LogError) -> None:
        """Stop for a failure of the log, also if no more lines are written to it."""
        self._stop_for_log(error)

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while await self.backlog.ready():
            if self._circuit_breaker.is_open:
                await self._wait_for_probe()
            await self._gate.acquire()
            job = self.backlog.take()
            # Not in the task: it starts only after the next turn of this loop.
            self._ids_in_flight.add(job.item.id)
            group.create_task(self._attempt(job))

    async def _wait_for_probe(self) -> None:
        """Wait until nothing is in flight and the next probe is due."""
        while self._ids_in_flight:
            self._request_ended.clear()
            await self._request_ended.wait()
        breaker = self._circuit_breaker
        wait_s = breaker.probe_at - asyncio.get_running_loop().time()
        if breaker.is_open and wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _attempt(self, job: Job) -> None:
        request_id = next(self._context.request_ids)
        try:
            attempt = await self._send(job, request_id)
            job.add(attempt)
            self._apply(self._decide(job, attempt), job, request_id)
        except LogError as error:
            self._stop_for_log(error)
            self.backlog.finish()
        finally:
            self._ids_in_flight.discard(job.item.id)
            self._request_ended.set()

    async def _send(self, job: Job, request_id: str) -> Attempt:
        loop = asyncio.get_running_loop()
        started_at, start = self._context.now(), loop.time()
        # If the log fails, nothing was sent: this reply gives the slot back unused.
        reply: Reply | None = Reply(received_at=start)
        try:
            self._recorder.sent(job.action, job.item.id, request_id)
            reply = None
            reply = await self._sender.send(job.action, job.item.id, request_id)
        finally:
            await self._gate.release(reply)
        sent_at = start if reply.sent_at is None else reply.sent_at
        return Attempt(
            request_id=request_id,
            started_at=started_at,
            latency_ms=round((reply.received_at - sent_at) * 1000, 1),
            reply=reply,
        )

    def _decide(self, job: Job, attempt: Attempt) -> Decision:
        reply, breaker = attempt.reply, self._circuit_breaker
        was_open = breaker.is_open
        if (reason := breaker.record(job.item.id, reply)) is not None:
            self._stop_at(job, reason)
        if was_open and is_server_failure(reply):
            # A failure during an outage is a fact about the server, not about the id.
            job.uncounted_requests.add(attempt.request_id)
            return Retry(0.0)
        return self._after_reply(job, reply)

    def _after_reply(self, job: Job, reply: Reply) -> Decision:
        retry_policy, jitter = self._context.retry_policy, self._context.jitter()
        if job.action is Action.PAUSE:
            return after_pause(
                reply,
                attempts=job.counted_attempts,
                is_in_doubt=job.is_in_doubt,
                retry_policy=retry_policy,
                jitter=jitter,
            )
        return after_read_back(
            reply,
            attempts=job.counted_attempts,
            pause=job.last_pause_reply,
            is_in_doubt=job.is_in_doubt,
            retry_policy=retry_policy,
            jitter=jitter,
        )

    def _apply(self, decision: Decision, job: Job, request_id: str) -> None:
        if job.action is Action.PAUSE and not isinstance(decision, Finish):
            self._record_pause_reply(job, request_id)
        match decision:
            case Finish(status):
                self._record_status(job, status)
                self.backlog.finish()
            case Retry(wait_s):
                self.backlog.add_retry(job, wait_s)
            case Resend():
                job.action = Action.PAUSE
                self.backlog.add_retry(job, 0.0)
            case ReadBack():
                job.action = Action.READ
                self.backlog.add_read_back(job)
            case Stop(reason):
                self._stop_at(job, reason)
                self._record_interrupted(job)
                self.backlog.finish()

    def _stop_at(self, job: Job, reason: StopReason) -> None:
        """Stop, and name the id whose reply was the cause."""
        self.stop(StopReason(reason.cause, f"{reason.detail}, at id {job.item.id}"))

    def _record_pause_reply(self, job: Job, request_id: str) -> None:
        reply = job.pause_attempts[-1].reply
        self._recorder.answered(
            job.item.id,
            request_id,
            reply,
            is_in_doubt=may_be_applied(reply),
        )

    def _record_interrupted(self, job: Job) -> None:
        """Record the status of a job that a stop has interrupted.

        A job without a pause attempt, or whose token was rejected, gets no record: its
        id counts as not attempted.
        """
        last = job.last_pause_reply
        if job.is_in_doubt:
            self._record_status(job, Status.UNKNOWN)
        elif last is not None and last.http_status != 401:
            status = status_without_read_back(
                last, is_in_doubt=False, is_read_back_due=job.action is Action.READ
            )
            self._record_status(job, status)

    def _record_status(self, job: Job, status: Status) -> None:
        context = self._context
        record = job.record(
            status,
            reason=context.reason,
            run_id=context.run_id,
            planned=context.planned,
            endpoint=context.endpoint,
            now=context.now(),
        )
        try:
            self._recorder.write(record)
        except LogError as error:
            self._stop_for_log(error)
        else:
            self._on_record(record)

    def _stop_for_log(self, error: LogError) -> None:
        """Stop, and name the ids in flight: the log will not show their status."""
        if self._log_error is None:
            ids = ", ".join(sorted(self._ids_in_flight)) or "none"
            message = f"{error}; nothing more was sent; in flight: {ids}"
            self._log_error = LogError(message)
            self.stop(StopReason(StopCause.LOG, message))
