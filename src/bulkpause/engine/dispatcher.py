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


class Limiter(Protocol):
    """Says when the next request may go out, and learns from what came back."""

    async def take(self) -> None: ...
    async def tell(self, reply: Reply | None) -> None: ...


class Recorder(Protocol):
    """Keeps what was sent, what came back, and the final records.

    Raises:
        LogError: It can not; nothing more may be sent.
    """

    def sent(self, action: Action, id_: str, request_id: str) -> None: ...
    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_doubtful: bool
    ) -> None: ...
    def write(self, record: Record) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every record of a run has in common, and where its randomness is from."""

    run_id: str
    request_ids: Iterator[str]
    reason: str | None
    rules: RetryPolicy
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
        gate: Limiter,
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
        self._watch = CircuitBreaker(context.rules.give_up_after_s)
        self._in_flight: set[str] = set()
        self._landed = asyncio.Event()
        self._dispatcher: asyncio.Task[None] | None = None
        self._log_error: LogError | None = None
        self.backlog = Backlog(())

    @property
    def probe_at(self) -> float | None:
        """When the server is tried again, while it seems to be out."""
        return self._watch.probe_at if self._watch.is_out else None

    @property
    def fault(self) -> str:
        """What the last reply was that was no usable answer."""
        return self._watch.fault

    async def run(self, works: Iterable[Job]) -> None:
        """Carry all work through, or what comes before a stop.

        Raises:
            LogError: Something could not be kept. What was in flight was answered.
        """
        self.backlog = Backlog(works)
        async with asyncio.TaskGroup() as group:
            if self.stopped is None:
                self._dispatcher = group.create_task(self._dispatch(group))
        for work in self.backlog.leftovers():
            self._leave(work)
        if self._log_error is not None:
            raise self._log_error

    def stop(self, stopped: StopReason) -> None:
        """Start nothing new. What is in flight is waited for and recorded."""
        self.stopped = self.stopped or stopped
        if self._dispatcher is not None:
            self._dispatcher.cancel()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while await self.backlog.ready():
            if self._watch.is_out:
                await self._next_probe()
            await self._gate.take()
            work = self.backlog.take()
            # Here, and not in the task, which begins later than the next turn.
            self._in_flight.add(work.item.id)
            group.create_task(self._attempt(work))

    async def _next_probe(self) -> None:
        """While the server is out, wait for what is in flight and for the hour."""
        while self._in_flight:
            self._landed.clear()
            await self._landed.wait()
        wait_s = self._watch.probe_at - asyncio.get_running_loop().time()
        if self._watch.is_out and wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _attempt(self, work: Job) -> None:
        request_id = next(self._context.request_ids)
        try:
            attempt = await self._send(work, request_id)
            work.add(attempt)
            self._follow(work, request_id, self._decide(work, attempt))
        except LogError as error:
            self._fail(error)
            self.backlog.finish()
        finally:
            self._in_flight.discard(work.item.id)
            self._landed.set()

    async def _send(self, work: Job, request_id: str) -> Attempt:
        loop = asyncio.get_running_loop()
        started_at, start = self._context.now(), loop.time()
        # Until it is known that something was written, nothing was.
        reply: Reply | None = Reply(received_at=start)
        try:
            self._recorder.sent(work.action, work.item.id, request_id)
            reply = None
            reply = await self._sender.send(work.action, work.item.id, request_id)
        finally:
            await self._gate.tell(reply)
        sent_at = start if reply.sent_at is None else reply.sent_at
        return Attempt(
            request_id=request_id,
            started_at=started_at,
            latency_ms=round((reply.received_at - sent_at) * 1000, 1),
            reply=reply,
        )

    def _decide(self, work: Job, attempt: Attempt) -> Decision:
        reply, rules = attempt.reply, self._context.rules
        jitter = self._context.jitter()
        was_out = self._watch.is_out
        stopped = self._watch.learn(work.item.id, reply)
        if stopped is not None:
            self._stop_at(work, stopped)
        if was_out and is_broken(reply):
            # A probe shows how the server is, and is not held against the id.
            work.uncounted.add(attempt.request_id)
            return Retry(0.0)
        attempts, is_doubtful = work.attempts, work.is_doubtful
        if work.action is Action.PAUSE:
            return after_pause(
                reply,
                attempts=attempts,
                is_doubtful=is_doubtful,
                rules=rules,
                jitter=jitter,
            )
        return after_read_back(
            reply,
            attempts=attempts,
            pause=work.last_pause,
            is_doubtful=is_doubtful,
            rules=rules,
            jitter=jitter,
        )

    def _follow(self, work: Job, request_id: str, decision: Decision) -> None:
        if work.action is Action.PAUSE and not isinstance(decision, Finish):
            self._note_answer(work, request_id)
        match decision:
            case Finish(status):
                self._keep(work, status)
                self.backlog.finish()
            case Retry(wait_s):
                self.backlog.add_retry(work, wait_s)
            case Resend():
                work.action = Action.PAUSE
                self.backlog.add_retry(work, 0.0)
            case ReadBack():
                work.action = Action.READ
                self.backlog.add_read_back(work)
            case Stop(stopped):
                self._stop_at(work, stopped)
                self._leave(work)
                self.backlog.finish()

    def _stop_at(self, work: Job, stopped: StopReason) -> None:
        """Stop, and name the id whose answer was the reason."""
        reason = f"{stopped.reason}, at {work.item.id}"
        self.stop(StopReason(stopped.cause, reason))

    def _note_answer(self, work: Job, request_id: str) -> None:
        reply = work.pauses[-1].reply
        self._recorder.answered(
            work.item.id,
            request_id,
            reply,
            is_doubtful=may_be_applied(reply),
        )

    def _leave(self, work: Job) -> None:
        """Give the final word on work that a stop has interrupted."""
        last = work.last_pause
        if work.is_doubtful:
            self._keep(work, Status.UNKNOWN)
        elif last is not None and last.http_status != 401:
            is_open = work.action is Action.READ
            self._keep(work, unsettled(last, is_doubtful=False, is_open=is_open))

    def _keep(self, work: Job, status: Status) -> None:
        context = self._context
        record = work.record(
            status, reason=context.reason, run_id=context.run_id, now=context.now()
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
