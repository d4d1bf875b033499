"""Send jobs within the rate limit and record each status.

One task takes jobs from the backlog, waits for a slot and starts a task for each
request. Where there is a slot without a wait, that task goes on with the next job. A
job that waits between attempts holds no slot and no task. A stop cancels the first task
only: requests in flight are awaited and recorded.

Two kinds of stop come after read-backs, so that the last word on an id is true: at a
wall, and when an outage that spares read-backs does not end.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bulkpause._text import timestamp
from bulkpause.doubt import Doubt, doubt_of
from bulkpause.engine.backlog import Backlog
from bulkpause.engine.circuit_breaker import (
    CircuitBreaker,
    is_server_failure,
    is_usable,
)
from bulkpause.engine.first_read import after_first_read, after_remembering
from bulkpause.engine.job import Job
from bulkpause.engine.policy import (
    Decision,
    Finish,
    ReadBack,
    Resend,
    Retry,
    Send,
    Stop,
    Verify,
    after_accepted,
    after_attempt,
    after_read_back,
    longest_lag_s,
    status_without_read_back,
    stop_for_certificate,
)
from bulkpause.engine.ports import RateLimiter, Recorder, Sender
from bulkpause.engine.records_without_past import RecordsWithoutPast
from bulkpause.engine.resume import may_precede_pause
from bulkpause.engine.run_context import RunContext
from bulkpause.engine.wall import Wall, status_at_wall
from bulkpause.errors import BudgetError, LogError
from bulkpause.model import Attempt, Earlier, Record, Reply, StopReason
from bulkpause.vocabulary import Action, Status, StopCause


class Dispatcher:
    """Brings the jobs of one run to a status.

    Args:
        sender: Makes the requests.
        gate: Limits their rate and how many are in flight.
        recorder: Writes requests, responses and records to disk.
        context: Values that the whole run shares.
        on_record: Called with each record after it was written.
        reads_back_early: Whether read-backs do not wait for all first attempts.
        exceeds_failures: Tells whether there are too many failures if this many more
            ids turn out to have failed. Nothing but read-backs is sent then, until
            that is known.

    Attributes:
        stopped: Why the run ends early; None if it does not.
        backlog: Jobs that wait to be sent.
        undated: The ids that were resumed although their campaigns did not show when
            they were last changed.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        gate: RateLimiter,
        recorder: Recorder,
        context: RunContext,
        on_record: Callable[[Record], None],
        reads_back_early: bool = False,
        exceeds_failures: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self.stopped: StopReason | None = None
        self.backlog = Backlog(())
        self.undated: set[str] = set()
        self._sender = sender
        self._gate = gate
        self._recorder = recorder
        self._context = context
        self._records_without_past = RecordsWithoutPast(context)
        self._on_record = on_record
        self._reads_back_early = reads_back_early
        self._exceeds_failures = exceeds_failures
        #: The ids that were not accepted and are read back: perhaps failures.
        self._ids_at_stake: set[str] = set()
        self._circuit_breaker = CircuitBreaker(context.retry_policy.give_up_after_s)
        self._wall = Wall(context.operation)
        #: Refused jobs without a read-back, until it is known whether a wall stands.
        self._refused: list[Job] = []
        #: Why the run stops after the read-backs that wait; None if it does not.
        self._ends_for: StopReason | None = None
        self._last_answered_id: str | None = None
        self._read_back_probes = 0
        self._ids_in_flight: set[str] = set()
        self._attempts: set[asyncio.Task[None]] = set()
        self._request_ended = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._log_error: LogError | None = None
        self._is_aborted = False

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
        self.backlog = Backlog(jobs, reads_back_early=self._reads_back_early)
        async with asyncio.TaskGroup() as group:
            if self.stopped is None:
                self._dispatching = group.create_task(self._dispatch(group))
        for job in self.backlog.unfinished():
            self._record_interrupted(job)
        self._finish_refused(is_over=True)
        if self._log_error is not None:
            raise self._log_error

    def stop(self, reason: StopReason) -> None:
        """Send nothing new. Requests in flight are awaited and recorded.

        The reason of the first stop is kept.
        """
        self.stopped = self.stopped or reason
        if self._dispatching is not None:
            self._dispatching.cancel()

    def abort(self) -> None:
        """End the requests that are still in flight after a stop.

        An id whose attempt has no response gets no record, so that it stays in flight
        on disk. One that was being read back gets that of its attempt.
        """
        self._is_aborted = True
        for attempt in self._attempts:
            attempt.cancel()

    def fail(self, error: LogError) -> None:
        """Stop because the log failed, and name the ids in flight.

        The log will not show their status. The first failure is kept.
        """
        if self._log_error is None:
            ids = ", ".join(sorted(self._ids_in_flight)) or "none"
            message = f"{error}; nothing more was sent; in flight: {ids}"
            self._log_error = LogError(message)
            self.stop(StopReason(StopCause.LOG, message))

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while await self.backlog.ready() or self._continues_after_read_backs():
            if self.stopped is not None:
                return  # by this task: its cancellation comes with the next wait only
            is_probe = self._probes
            if is_probe and not await self._is_probe_due():
                continue
            if not await self._acquires_slot():
                return
            if not self.backlog.has_ready or (self._probes and not is_probe):
                # A reply that came during the wait holds this job back.
                await self._gate.release(Reply(received_at=_now()))
                continue
            job = self._take(prefers_first_attempt=is_probe)
            attempt = group.create_task(self._make_attempts(job))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)

    async def _acquires_slot(self) -> bool:
        """Wait for a slot; stop the run if the account's budget gives none any more."""
        try:
            await self._gate.acquire()
        except BudgetError as error:
            self.stop(StopReason(StopCause.OUTAGE, str(error)))
            return False
        return True

    @property
    def _probes(self) -> bool:
        """Whether only probes are sent now."""
        return self._circuit_breaker.is_open and self._ends_for is None

    def _continues_after_read_backs(self) -> bool:
        """Stop or go on, once nothing is to be read back before a stop."""
        if not self.backlog.holds_pauses:
            return False
        if self._ends_for is not None:
            self.stop(self._ends_for)
            return False
        self.backlog.holds_pauses = False
        self._wall.forget()
        return True

    async def _is_probe_due(self) -> bool:
        """Wait for the next probe, and read a campaign back as its first half.

        Returns:
            Whether the next job may be sent, as its second half or because the outage
            is over.
        """
        breaker = self._circuit_breaker
        await self._wait_until_probe()
        if not breaker.is_open:
            return True
        id_ = self._id_to_probe()
        if id_ is None:
            return True
        if not await self._answers_read_back(id_):
            return False
        if not self.backlog.has_first_attempt:
            # No other id is left to try.
            breaker.blame_ids()
        return True

    async def _wait_until_probe(self) -> None:
        """Wait until nothing is in flight and the next probe is due."""
        while self._ids_in_flight:
            self._request_ended.clear()
            await self._request_ended.wait()
        breaker = self._circuit_breaker
        wait_s = breaker.probe_at - _now()
        if breaker.is_open and wait_s > 0:
            await asyncio.sleep(wait_s)

    def _id_to_probe(self) -> str | None:
        """Choose the campaign to read: in turns one that was answered, and one at fault."""
        if self._context.retry_policy.verify is Verify.NONE:
            return None
        self._read_back_probes += 1
        waiting = self.backlog.next_waiting
        known = [] if self._last_answered_id is None else [self._last_answered_id]
        known += [] if waiting is None else [waiting.item.id]
        return known[self._read_back_probes % len(known) - 1] if known else None

    async def _answers_read_back(self, id_: str) -> bool:
        """Send a read-back that only tests the server."""
        if not await self._acquires_slot():
            return False
        try:
            attempt = await self._send(
                Action.READ, id_, next(self._context.request_ids)
            )
        except LogError as error:
            self.fail(error)
            return False
        reply = attempt.reply
        if (reason := self._circuit_breaker.record_probe(reply)) is not None:
            self._give_up(_at(id_, reason))
        if reply.is_untrusted:
            self.stop(_at(id_, stop_for_certificate(reply).reason))
        return self._circuit_breaker.answers_reads

    def _take(self, *, prefers_first_attempt: bool = False) -> Job:
        job = self.backlog.take(prefers_first_attempt=prefers_first_attempt)
        # Not in its task: that starts only after the next turn of `_dispatch`.
        self._ids_in_flight.add(job.item.id)
        return job

    async def _make_attempts(self, job: Job) -> None:
        """Make the attempt of a job, then of others while all is well without a wait.

        After a failure or a refusal `_dispatch` goes on, which sees those of all others
        that came at the same time.
        """
        while await self._attempt(job) and self._may_go_on and self._gate.try_acquire():
            job = self._take()

    @property
    def _may_go_on(self) -> bool:
        is_sending = self.stopped is None and not self._probes
        return is_sending and self.backlog.has_ready

    async def _attempt(self, job: Job) -> bool:
        """Make one attempt, and tell whether it got a response as it should be."""
        request_id = next(self._context.request_ids)
        is_good = False
        try:
            if job.valid_until is not None:
                job.check_is_valid(self._context.now())
            # What is sent to resume is no part of a read.
            body = None if job.action is Action.READ else job.body
            attempt = await self._send(job.action, job.item.id, request_id, body)
            job.add(attempt)
            if self._is_plainly_done(job, attempt.reply):
                self._last_answered_id = job.item.id
                self._write(self._records_without_past.record(job))
                self.backlog.finish()
            else:
                await self._carry_on(job, attempt)
            is_good = attempt.reply.http_status in {200, 204}
        except LogError as error:
            self.fail(error)
            self.backlog.finish()
        except asyncio.CancelledError:
            if self._is_aborted and job.action is Action.READ:
                self._record_interrupted(job)
            raise
        finally:
            self._ids_in_flight.discard(job.item.id)
            self._request_ended.set()
        return is_good

    async def _carry_on(self, job: Job, attempt: Attempt) -> None:
        """Decide and do what follows an attempt."""
        self._watch_wall(job, attempt.reply)
        decision = self._decide(job, attempt)
        prepare = self._context.before_first_change
        if prepare is not None and isinstance(decision, Send):
            await prepare()  # without a slot: the disk may take long
        self._apply(decision, job, attempt.request_id)

    def _is_plainly_done(self, job: Job, reply: Reply) -> bool:
        """Tell whether a reply settles its id and says nothing about any other.

        Most do. Neither the wall nor the circuit breaker has to be asked then.
        """
        return (
            reply.http_status == 204
            and job.action is not Action.READ
            and self._context.retry_policy.verify is not Verify.ALL
            and self._circuit_breaker.is_untroubled
            and self._wall.is_far
            and not self._refused
            and self._ends_for is None
        )

    async def _send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Attempt:
        loop = asyncio.get_running_loop()
        started_at, start = timestamp(self._context.now()), loop.time()
        try:
            self._recorder.sent(action, id_, request_id, started_at)
        except BaseException:
            # Nothing is sent: the slot is given back unused.
            await self._gate.release(Reply(received_at=start))
            raise
        reply: Reply | None = None
        try:
            reply = await self._sender.send(action, id_, request_id, body)
        finally:
            await self._gate.release(reply)
        sent_at = start if reply.sent_at is None else reply.sent_at
        return Attempt(
            request_id=request_id,
            started_at=started_at,
            latency_ms=round((reply.received_at - sent_at) * 1000, 1),
            reply=reply,
        )

    def _watch_wall(self, job: Job, reply: Reply) -> None:
        """Hold pauses back at a wall, until the ids that made it were read back."""
        is_first_read = (
            job.is_first_read
            and not job.attempts
            and self._context.operation.reads_first
        )
        if job.action is Action.READ and not is_first_read:
            return
        self._wall.record(job.item.id, reply)
        if self._refused:
            self._finish_refused()
        if not self._wall.stands or self.backlog.holds_pauses:
            return
        verify = self._context.retry_policy.verify
        if is_first_read or verify in {Verify.NONE, Verify.DOUBTFUL}:
            self.stop(self._wall.reason())
        else:
            self.backlog.holds_pauses = True

    def _decide(self, job: Job, attempt: Attempt) -> Decision:
        reply, breaker = attempt.reply, self._circuit_breaker
        was_open, ends_for = breaker.is_open, self._ends_for
        if (reason := breaker.record(job.item.id, reply)) is not None:
            self._give_up(_at(job.item.id, reason))
        if is_usable(reply):
            self._last_answered_id = job.item.id
        elif ends_for is not None and ends_for.cause is StopCause.OUTAGE:
            self.stop(ends_for)
        elif self._wall.stands and breaker.is_open:
            self.stop(self._wall.reason())  # read-backs do not work either
        if was_open and is_server_failure(reply):
            # A failure during an outage is a fact about the server, not about the id.
            job.uncounted_requests.add(attempt.request_id)
            return Retry(0.0)
        return self._after_reply(job, reply)

    def _give_up(self, reason: StopReason) -> None:
        """Stop; before that, read back the ids in doubt if the server answers that."""
        if not self._circuit_breaker.answers_reads:
            self.stop(reason)
        elif self._ends_for is None:
            self._ends_for = reason
            self.backlog.holds_pauses = True
            self.backlog.read_back_retries(lambda job: job.doubt is not Doubt.EXCLUDED)

    def _after_reply(self, job: Job, reply: Reply) -> Decision:
        operation, retry_policy = self._context.operation, self._context.retry_policy
        if job.action is not Action.READ and reply.http_status == 204:
            return after_accepted(operation, retry_policy)
        if job.is_first_read and (operation.reads_first or not job.is_in_doubt):
            return self._after_first_read(job, reply)
        jitter = self._context.jitter()
        if job.action is not Action.READ:
            return after_attempt(
                reply,
                operation=operation,
                attempts=job.counted_attempts,
                rate_limited=job.rate_limited_in_a_row,
                doubt=job.doubt,
                retry_policy=retry_policy,
                jitter=jitter,
            )
        return after_read_back(
            reply,
            operation=operation,
            attempts=job.counted_attempts,
            rate_limited=job.rate_limited_in_a_row,
            attempt=job.last_reply,
            doubt=job.doubt,
            retry_policy=retry_policy,
            jitter=jitter,
            may_precede_pause=may_precede_pause(
                job.item.earlier or Earlier(),
                reply,
                longest_lag_s(retry_policy),
                self._context.now(),
            ),
        )

    def _after_first_read(self, job: Job, reply: Reply) -> Decision:
        context, rate_limited = self._context, job.rate_limited_in_a_row
        if not context.operation.reads_first:
            return after_remembering(reply, rate_limited=rate_limited)
        decision = after_first_read(
            reply,
            operation=context.operation,
            reads=job.counted_attempts,
            rate_limited=rate_limited,
            earlier=job.item.earlier or Earlier(),
            doubt=job.doubt,
            rules=context.resume_rules,
            retry_policy=context.retry_policy,
            jitter=context.jitter(),
            now=context.now(),
        )
        is_dated = context.resume_rules.resumes_changed or reply.shows_update_time
        if isinstance(decision, Send) and not is_dated:
            self.undated.add(job.item.id)
        return decision

    def _apply(self, decision: Decision, job: Job, request_id: str) -> None:
        is_open = not isinstance(decision, Finish) or self._may_be_wall(job, decision)
        if job.action is not Action.READ and is_open:
            self._record_reply(job, request_id)
        match decision:
            case Finish() if is_open:
                self._refused.append(job)
                self.backlog.finish()
            case Finish(status, why):
                self._record_status(job, status, why)
                self.backlog.finish()
            case Retry(wait_s):
                self._retry(job, wait_s)
            case Send() | Resend():
                self._send_next(job, decision)
            case ReadBack():
                self._read_back(job)
            case Stop(reason):
                self.stop(_at(job.item.id, reason))
                self._record_interrupted(job)
                self.backlog.finish()

    def _read_back(self, job: Job) -> None:
        job.read_back()
        if not job.is_accepted:
            self._ids_at_stake.add(job.item.id)
            self._hold_for_failures()
        self.backlog.add_read_back(job)

    def _send_next(self, job: Job, decision: Send | Resend) -> None:
        if isinstance(decision, Resend):
            self._prepare_attempt(job)
            self.backlog.add_retry(job, 0.0)
            return
        job.action = self._context.operation.action
        self._remember(job)
        job.body, job.valid_until = decision.body, decision.valid_until
        if job.attempts:
            self.backlog.add_retry(job, 0.0)
        else:
            self.backlog.add_first_attempt(job)

    def _prepare_attempt(self, job: Job) -> None:
        """Take up the next attempt. One to resume begins with a read, as the first did.

        Meanwhile another person may have changed the campaign.
        """
        if self._context.operation.reads_first:
            job.read_for_attempt()
        else:
            job.action = self._context.operation.action

    def _remember(self, job: Job) -> None:
        """Note what the campaign was before its pause, if the read has shown it."""
        reply = job.first_reads[-1].reply
        if not self._context.remembers or reply.campaign_status is None:
            return
        earlier = Earlier(
            status=reply.campaign_status, scheduled_time=reply.scheduled_time
        )
        job.item = replace(job.item, earlier=earlier)
        self._recorder.remembered(job.item)

    def _retry(self, job: Job, wait_s: float) -> None:
        # An id that an earlier run left in doubt is read back before it is sent.
        is_last_look = job.action is Action.READ and not job.is_first_read
        if is_last_look:
            self.backlog.add_read_back(job, wait_s)
            return
        if job.action is not Action.READ:
            self._prepare_attempt(job)
        if self._ends_for is not None and job.doubt is not Doubt.EXCLUDED:
            job.read_back()
            self.backlog.add_read_back(job)
        else:
            self.backlog.add_retry(job, wait_s)

    def _may_be_wall(self, job: Job, decision: Finish) -> bool:
        """Tell whether a refusal waits for the answers to other ids."""
        return (
            job.action is not Action.READ
            and decision.status is Status.REJECTED
            and job.item.id in self._wall.ids
        )

    def _finish_refused(self, *, is_over: bool = False) -> None:
        """Record refusals that make no wall, and all that are left after a run."""
        refused, self._refused = self._refused, []
        for job in refused:
            if job.item.id in self._wall.ids and not is_over:
                self._refused.append(job)
            else:
                self._record_status(job, Status.REJECTED)

    def _record_reply(self, job: Job, request_id: str) -> None:
        reply = job.attempts[-1].reply
        self._recorder.answered(
            job.item.id,
            request_id,
            reply,
            is_in_doubt=doubt_of(reply) is Doubt.POSSIBLE,
        )

    def _record_interrupted(self, job: Job) -> None:
        """Record the status of a job that a stop has interrupted.

        A job without an attempt gets no record: its id counts as not attempted.
        """
        last, verify = job.last_reply, self._context.retry_policy.verify
        if job.is_accepted:
            # Without a read-back, accepted is the last word; with one, it is in doubt.
            is_read = job.campaign_status is not None
            self._record_status(
                job, Status.UNKNOWN if is_read else self._context.operation.done
            )
        elif job.is_in_doubt:
            self._record_status(job, Status.UNKNOWN)
        elif last is not None:
            status = status_without_read_back(last, doubt=job.doubt, verify=verify)
            self._record_status(job, status)

    def _record_status(self, job: Job, status: Status, why: str | None = None) -> None:
        self._write(job.record(self._at_wall(job, status), self._context, error=why))

    def _write(self, record: Record) -> None:
        try:
            self._recorder.write(record)
        except LogError as error:
            self.fail(error)
        else:
            self._on_record(record)
            if self._ids_at_stake:
                self._ids_at_stake.discard(record.id or "")
                self._hold_for_failures()

    def _hold_for_failures(self) -> None:
        """Hold pauses back while ids that are read back may be one failure too many."""
        at_stake = len(self._ids_at_stake)
        self.backlog.holds_for_failures = at_stake > 0 and self._exceeds_failures(
            at_stake
        )

    def _at_wall(self, job: Job, status: Status) -> Status:
        """Give the status of an id that may be part of a wall, and end the run at one.

        Its refusal may pass with the common cause, so that a retry takes it. The run
        goes on if each id of the wall turns out to be done or not to be applicable.
        """
        if not self._wall.stands or job.item.id not in self._wall.ids:
            return status
        if status.is_done or status.is_inapplicable:
            return status
        self._ends_for = self._ends_for or self._wall.reason()
        return status_at_wall(status, job.doubt, job.last_read_back_reply)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _at(id_: str, reason: StopReason) -> StopReason:
    """Name the id whose reply is the reason."""
    return StopReason(reason.cause, f"{reason.detail}, at id {id_}")
