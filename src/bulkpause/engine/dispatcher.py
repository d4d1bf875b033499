"""Carries every id through: a slot, an attempt, a decision, a record.

One dispatcher waits for work and for a slot, and starts a task for each request.
What an id waits for between attempts holds no slot and no task. Stopping ends the
dispatcher; what is in flight is answered and recorded.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bulkpause.engine.backlog import Backlog
from bulkpause.engine.circuit_breaker import CircuitBreaker, is_broken
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
    unsettled,
)
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


class Sender(Protocol):
    """Makes one attempt. Never raises for what the network does."""

    async def send(self, action: Action, id_: str, request_id: str) -> Reply: ...


class RateLimiter(Protocol):
    """Says when the next request may go out, and learns from what came back."""

    async def acquire(self) -> None: ...
    async def release(self, reply: Reply | None) -> None: ...


class Recorder(Protocol):
    """Keeps what was sent, what came back, and the final records.

    Raises:
        LogError: It cannot; nothing more may be sent.
    """

    def sent(self, action: Action, id_: str, request_id: str) -> None: ...
    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None: ...
    def write(self, record: Record) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every record of a run has in common, and where its randomness is from."""

    run_id: str
    planned: int
    endpoint: str
    request_ids: Iterator[str]
    reason: str | None
    retry_policy: RetryPolicy
    now: Callable[[], datetime]
    jitter: Callable[[], float]


class Dispatcher:
    """Pauses campaigns, one run long.

    Args:
        sender: Makes the requests.
        gate: Holds them until the limits allow them.
        recorder: Keeps the records.
        context: What the run was asked to do.
        on_record: Told of each record once it is kept.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        gate: RateLimiter,
        recorder: Recorder,
        context: Context,
        on_record: Callable[[Record], None],
    ) -> None:
        self.stopped: StopReason | None = None
        self._sender = sender
        self._gate = gate
        self._recorder = recorder
        self._context = context
        self._on_record = on_record
        self._watch = CircuitBreaker(context.retry_policy.give_up_after_s)
        self._in_flight: set[str] = set()
        self._landed = asyncio.Event()
        self._dispatcher: asyncio.Task[None] | None = None
        self._log_error: LogError | None = None
        self.backlog = Backlog(())

    @property
    def probe_at(self) -> float | None:
        """When the server is tried again, while it seems to be out."""
        return self._watch.probe_at if self._watch.is_open else None

    @property
    def last_error(self) -> str:
        """What the last reply was that was no usable answer."""
        return self._watch.last_error

    async def run(self, jobs: Iterable[Job]) -> None:
        """Carry all work through, or what comes before a stop.

        Raises:
            LogError: Something could not be kept. What was in flight was answered.
        """
        self.backlog = Backlog(jobs)
        async with asyncio.TaskGroup() as group:
            if self.stopped is None:
                self._dispatcher = group.create_task(self._dispatch(group))
        for job in self.backlog.leftovers():
            self._leave(job)
        if self._log_error is not None:
            raise self._log_error

    def stop(self, stopped: StopReason) -> None:
        """Start nothing new. What is in flight is waited for and recorded."""
        self.stopped = self.stopped or stopped
        if self._dispatcher is not None:
            self._dispatcher.cancel()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while await self.backlog.ready():
            if self._watch.is_open:
                await self._next_probe()
            await self._gate.acquire()
            job = self.backlog.take()
            # Here, and not in the task, which begins later than the next turn.
            self._in_flight.add(job.item.id)
            group.create_task(self._attempt(job))

    async def _next_probe(self) -> None:
        """While the server is out, wait for what is in flight and for the hour."""
        while self._in_flight:
            self._landed.clear()
            await self._landed.wait()
        wait_s = self._watch.probe_at - asyncio.get_running_loop().time()
        if self._watch.is_open and wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _attempt(self, job: Job) -> None:
        request_id = next(self._context.request_ids)
        try:
            attempt = await self._send(job, request_id)
            job.add(attempt)
            self._follow(job, request_id, self._decide(job, attempt))
        except LogError as error:
            self._fail(error)
            self.backlog.finish()
        finally:
            self._in_flight.discard(job.item.id)
            self._landed.set()

    async def _send(self, job: Job, request_id: str) -> Attempt:
        loop = asyncio.get_running_loop()
        started_at, start = self._context.now(), loop.time()
        # Until it is known that something was written, nothing was.
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
        reply, retry_policy = attempt.reply, self._context.retry_policy
        jitter = self._context.jitter()
        was_out = self._watch.is_open
        stopped = self._watch.learn(job.item.id, reply)
        if stopped is not None:
            self._stop_at(job, stopped)
        if was_out and is_broken(reply):
            # A probe shows how the server is, and is not held against the id.
            job.uncounted.add(attempt.request_id)
            return Retry(0.0)
        attempts, is_in_doubt = job.attempts, job.is_in_doubt
        if job.action is Action.PAUSE:
            return after_pause(
                reply,
                attempts=attempts,
                is_in_doubt=is_in_doubt,
                retry_policy=retry_policy,
                jitter=jitter,
            )
        return after_read_back(
            reply,
            attempts=attempts,
            pause=job.last_pause,
            is_in_doubt=is_in_doubt,
            retry_policy=retry_policy,
            jitter=jitter,
        )

    def _follow(self, job: Job, request_id: str, decision: Decision) -> None:
        if job.action is Action.PAUSE and not isinstance(decision, Finish):
            self._note_answer(job, request_id)
        match decision:
            case Finish(status):
                self._keep(job, status)
                self.backlog.finish()
            case Retry(wait_s):
                self.backlog.add_retry(job, wait_s)
            case Resend():
                job.action = Action.PAUSE
                self.backlog.add_retry(job, 0.0)
            case ReadBack():
                job.action = Action.READ
                self.backlog.add_read_back(job)
            case Stop(stopped):
                self._stop_at(job, stopped)
                self._leave(job)
                self.backlog.finish()

    def _stop_at(self, job: Job, stopped: StopReason) -> None:
        """Stop, and name the id whose answer was the reason."""
        reason = f"{stopped.detail}, at {job.item.id}"
        self.stop(StopReason(stopped.cause, reason))

    def _note_answer(self, job: Job, request_id: str) -> None:
        reply = job.pauses[-1].reply
        self._recorder.answered(
            job.item.id,
            request_id,
            reply,
            is_in_doubt=may_be_applied(reply),
        )

    def _leave(self, job: Job) -> None:
        """Give the final word on work that a stop has interrupted."""
        last = job.last_pause
        if job.is_in_doubt:
            self._keep(job, Status.UNKNOWN)
        elif last is not None and last.http_status != 401:
            is_open = job.action is Action.READ
            self._keep(job, unsettled(last, is_in_doubt=False, is_open=is_open))

    def _keep(self, job: Job, status: Status) -> None:
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
            self._fail(error)
        else:
            self._on_record(record)

    def _fail(self, error: LogError) -> None:
        """The log failed: send nothing more, and name what it will not show."""
        if self._log_error is None:
            ids = ", ".join(sorted(self._in_flight)) or "none"
            message = f"{error}; nothing more was sent; in flight: {ids}"
            self._log_error = LogError(message)
            self.stop(StopReason(StopCause.LOG, message))
