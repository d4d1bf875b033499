"""Carries every id through: a slot, an attempt, a decision, a record.

One dispatcher waits for work and for a slot, and starts a task for each request.
What an id waits for between attempts holds no slot and no task. Stopping ends the
dispatcher; what is in flight is answered and recorded.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bulkpause.backlog import Backlog
from bulkpause.errors import LogError
from bulkpause.model import (
    Action,
    Attempt,
    Cause,
    Item,
    Record,
    Reply,
    Status,
    Stopped,
)
from bulkpause.policy import (
    Again,
    Decision,
    Done,
    ReadBack,
    Rules,
    Stop,
    after_pause,
    after_view,
    unsettled,
)
from bulkpause.work import Work


class Sender(Protocol):
    """Makes one attempt. Never raises for what the network does."""

    async def send(self, action: Action, id_: str, request_id: str) -> Reply: ...


class Limiter(Protocol):
    """Says when the next request may go out, and learns from what came back."""

    async def take(self) -> None: ...
    async def tell(self, reply: Reply | None) -> None: ...


class Recorder(Protocol):
    """Keeps final records.

    Raises:
        LogError: It can not; nothing more may be sent.
    """

    def write(self, record: Record) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every record of a run has in common, and where its randomness is from."""

    run_id: str
    reason: str | None
    rules: Rules
    now: Callable[[], datetime]
    jitter: Callable[[], float]


class Engine:
    """Pauses items, one run long.

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
        self._sender = sender
        self._gate = gate
        self._recorder = recorder
        self._context = context
        self._on_record = on_record
        self._requests = 0
        self._dispatcher: asyncio.Task[None] | None = None
        self._log_error: LogError | None = None
        self.stopped: Stopped | None = None

    async def run(self, items: Iterable[Item]) -> None:
        """Carry all items through, or those that come before a stop.

        Raises:
            LogError: A record could not be kept. What was in flight was answered.
        """
        self._backlog = Backlog(Work(item) for item in items)
        async with asyncio.TaskGroup() as group:
            if self.stopped is None:
                self._dispatcher = group.create_task(self._dispatch(group))
        for work in self._backlog.leftovers():
            last = work.pauses[-1].reply
            self._keep(work, unsettled(last, is_doubtful=work.is_doubtful))
        if self._log_error is not None:
            raise self._log_error

    def stop(self, stopped: Stopped) -> None:
        """Start nothing new. What is in flight is waited for and recorded."""
        self.stopped = self.stopped or stopped
        if self._dispatcher is not None:
            self._dispatcher.cancel()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while await self._backlog.ready():
            await self._gate.take()
            group.create_task(self._attempt(self._backlog.take()))

    async def _attempt(self, work: Work) -> None:
        self._requests += 1
        request_id = f"{self._context.run_id}-{self._requests}"
        started_at = self._context.now()
        reply: Reply | None = None
        try:
            start = asyncio.get_running_loop().time()
            reply = await self._sender.send(work.action, work.item.id, request_id)
        finally:
            await self._gate.tell(reply)
        work.add(
            Attempt(
                request_id=request_id,
                started_at=started_at,
                latency_ms=round(
                    (reply.answered_at - (reply.sent_at or start)) * 1e3, 1
                ),
                reply=reply,
            )
        )
        self._follow(work, self._decide(work, reply))

    def _decide(self, work: Work, reply: Reply) -> Decision:
        rules, jitter = self._context.rules, self._context.jitter()
        attempts, is_doubtful = work.attempts, work.is_doubtful
        if work.action is Action.PAUSE:
            return after_pause(
                reply,
                attempts=attempts,
                is_doubtful=is_doubtful,
                rules=rules,
                jitter=jitter,
            )
        return after_view(
            reply,
            attempts=attempts,
            pause=work.pauses[-1].reply,
            is_doubtful=is_doubtful,
            rules=rules,
            jitter=jitter,
        )

    def _follow(self, work: Work, decision: Decision) -> None:
        match decision:
            case Done(status):
                self._keep(work, status)
                self._backlog.finish()
            case Again(wait_s):
                self._backlog.add_retry(work, wait_s)
            case ReadBack():
                work.action = Action.VIEW
                self._backlog.add_read_back(work)
            case Stop(stopped):
                self.stop(stopped)
                if work.is_doubtful:
                    self._keep(work, Status.UNKNOWN)
                self._backlog.finish()

    def _keep(self, work: Work, status: Status) -> None:
        context = self._context
        record = work.record(
            status, reason=context.reason, run_id=context.run_id, now=context.now()
        )
        try:
            self._recorder.write(record)
        except LogError as error:
            self._log_error = self._log_error or error
            self.stop(Stopped(Cause.LOG, str(error)))
        else:
            self._on_record(record)
