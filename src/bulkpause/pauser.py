"""The parts of a run, connected: for programs, and for the command line."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.api.client import Client, Timeouts
from bulkpause.api.credentials import Token
from bulkpause.engine.backlog import Backlog
from bulkpause.engine.dispatcher import Dispatcher, RunContext
from bulkpause.engine.guard_rails import FailureCount, GuardRails, judge_canary
from bulkpause.engine.job import Job
from bulkpause.engine.policy import Verify
from bulkpause.engine.ports import RateLimiter
from bulkpause.ids import parse_item, validate
from bulkpause.journal.codec import Header
from bulkpause.journal.platform import boot_id
from bulkpause.journal.reader import LoadedLog
from bulkpause.journal.recovery import Recovery, ages_s
from bulkpause.journal.run_id import check_same_run, new_run_id
from bulkpause.journal.writer import Journal, NullJournal
from bulkpause.model import (
    Action,
    InvalidRow,
    Item,
    Record,
    Status,
    StopCause,
    StopReason,
    Waiting,
)
from bulkpause.plan import digest
from bulkpause.ratelimit.gate import Gate
from bulkpause.settings import Settings


#: Seconds that what is in flight at a deadline may still take.
GRACE_S = 1.0


class Pauser:
    """Pauses campaigns inside the rate limits. Use it with `async with`, once.

    Args:
        token: The bearer token.
        settings: Where to, how fast, how patiently.
        log: The file for the records; None keeps none.
        is_resumed: Whether the log may be there already: then ids that it settles
            are left out, and what it leaves open is taken up.
        guards: What ends the run early.
        run_id: The name of the run in every record; None makes one up.
        known: What was read of the log before, so that it is not read twice.
        now: The wall clock.

    Raises:
        SettingsError: A setting cannot be used.
        TokenError: The token is empty or cannot be one.
        LogError: The log exists or cannot be created, on entering.
    """

    def __init__(
        self,
        token: Token | str,
        settings: Settings | None = None,
        *,
        log: Path | str | None = None,
        is_resumed: bool = False,
        guards: GuardRails | None = None,
        run_id: str | None = None,
        known: LoadedLog | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings or Settings()
        self.run_id = run_id or new_run_id(now(), self.settings.endpoint_name)
        self.stopped: StopReason | None = None
        self._token = token if isinstance(token, Token) else Token(token)
        self._proxy = self.settings.find_proxy()
        self._log = None if log is None else Path(log)
        self._is_resumed = is_resumed
        self._known = known
        self._guards = guards or GuardRails()
        self._canary: list[Record] = []
        self._last_id: str | None = None
        self.requests = 0
        self._request_ids = self._number_requests()
        self._running: asyncio.Task[None] | None = None
        self._now = now
        self._engine: Dispatcher | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings = self.settings
        async with AsyncExitStack() as stack:
            self._recorder: Journal | NullJournal = NullJournal()
            if self._log is not None:
                journal = Journal(
                    self._log,
                    is_resumed=self._is_resumed,
                    now=self._now,
                    known=self._known,
                )
                self._recorder = await stack.enter_async_context(journal)
                check_same_run(journal.recovery, settings.endpoint_name, self._log)
            self._client = await stack.enter_async_context(
                Client(
                    settings.endpoint,
                    self._token,
                    reason=settings.reason,
                    timeouts=Timeouts.within(settings.timeout_s),
                    max_in_flight=settings.in_flight,
                    proxy=self._proxy,
                    logs_keys=settings.trust_env,
                    now=self._now,
                )
            )
            self.gate: RateLimiter = Gate(
                settings.limits, max_in_flight=settings.in_flight
            )
            await self.gate.restore(self._recent_ages_s())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._leave()
        await self._stack.__aexit__(kind, error, traceback)

    async def _leave(self) -> None:
        """End what runs, if its records are no longer wanted."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    @property
    def recovery(self) -> Recovery:
        """What earlier runs left in the log."""
        return self._recorder.recovery

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was mended when the log was opened."""
        return self._recorder.warnings

    @property
    def waiting(self) -> Waiting | None:
        """What the next request waits for, if it waits."""
        engine = self._engine
        if engine is not None and engine.probe_at is not None:
            reason = f"the server to be back ({engine.last_error}), next try"
            return Waiting(reason, engine.probe_at)
        if self.gate.waiting is None and (due_at := self.backlog.due_at) is not None:
            return Waiting("the next retry", due_at)
        return self.gate.waiting

    @property
    def is_out(self) -> bool:
        """Whether the server seems to be out, so that nobody knows how long it takes."""
        return self._engine is not None and self._engine.probe_at is not None

    @property
    def backlog(self) -> Backlog:
        """What waits to be sent."""
        return Backlog(()) if self._engine is None else self._engine.backlog

    def _number_requests(self) -> Iterator[str]:
        while True:
            self.requests += 1
            yield f"{self.run_id}-{self.requests}"

    def _recent_ages_s(self) -> list[float]:
        return ages_s(
            self.recovery,
            now=self._now(),
            clock_s=asyncio.get_running_loop().time(),
            boot_id=boot_id(),
            longest_s=max((one.period_s for one in self.settings.limits), default=0.0),
        )

    def stop(self, reason: str) -> None:
        """Send nothing new. Records go on coming for what is in flight."""
        self._stop(StopReason(StopCause.SIGNAL, reason))

    def _stop(self, stopped: StopReason) -> None:
        self.stopped = self.stopped or stopped
        if self._engine is not None:
            self._engine.stop(self.stopped)

    async def pause(
        self, ids: Iterable[str | Item | InvalidRow]
    ) -> AsyncGenerator[Record, None]:
        """Pause each id once, and give its record as soon as it is final.

        An invalid id is not sent; its record has the status `invalid`. Ids
        that the log has settled have no new record.
        After a stop there are ids without a record: those not attempted.

        Raises:
            LogError: A record could not be kept; nothing more was sent.
        """
        items: dict[str, Item] = {}
        invalid: list[InvalidRow] = []
        for row, id_ in enumerate(ids, 1):
            item = parse_item(row, id_) if isinstance(id_, str) else validate(id_)
            if isinstance(item, InvalidRow):
                invalid.append(item)
            else:
                items.setdefault(item.id, item)
        settled = self.recovery.settled
        wanted = [item for item in items.values() if item.id not in settled]
        header = self._header(wanted)
        # Before the plan: a log with a plan has the invalid rows on record.
        for invalid_row in invalid:
            yield self._invalid(invalid_row, header)
        self._recorder.begin(header, wanted)
        async for record in self._carry(wanted, header):
            yield record

    def _header(self, items: list[Item]) -> Header:
        return Header(
            run=self.run_id,
            base_url=self.settings.endpoint_name,
            digest=digest(item.id for item in items),
            planned=len(items),
            boot_id=boot_id(),
        )

    def _jobs(self, items: list[Item]) -> Iterator[Job]:
        """Take up what is open first: it may run for all that is known.

        What is not begun yet is made as it is asked for, and let go when it is done,
        so that a long run needs no more memory than a short one.
        """
        past, verify = self.recovery.prior_attempts, self.settings.retry_policy.verify
        begun = [
            Job(item, prior_attempts=past[item.id]) for item in items if item.id in past
        ]
        doubtful = [job for job in begun if job.is_in_doubt]
        if verify is Verify.NONE:
            doubtful = []
        for job in doubtful:
            job.action = Action.READ
            yield job
        first = {job.item.id for job in doubtful}
        for item in items:
            if item.id not in first:
                yield Job(item, prior_attempts=past.get(item.id, ()))

    def _invalid(self, problem: InvalidRow, header: Header) -> Record:
        record = Record(
            id=None,
            status=Status.INVALID,
            error=f"{problem.detail}; {problem.remedy}",
            row=problem.row,
            run_id=self.run_id,
            planned=header.planned,
            endpoint=header.base_url,
        )
        self._recorder.write(record)
        return record

    async def _carry(
        self, items: list[Item], header: Header
    ) -> AsyncGenerator[Record, None]:
        records: asyncio.Queue[Record | None] = asyncio.Queue()
        failures = FailureCount(self._guards.max_failures)

        def on_record(record: Record) -> None:
            records.put_nowait(record)
            self._last_id = record.id
            if len(self._canary) < self._guards.canary:
                self._canary.append(record)
            if (stopped := failures.add(record)) is not None:
                self._stop(stopped)

        self._engine = Dispatcher(
            sender=self._client,
            gate=self.gate,
            recorder=self._recorder,
            context=RunContext(
                run_id=self.run_id,
                planned=header.planned,
                endpoint=header.base_url,
                request_ids=self._request_ids,
                reason=self.settings.reason,
                retry_policy=self.settings.retry_policy,
                now=self._now,
                jitter=random.random,
            ),
            on_record=on_record,
        )
        if self.stopped is not None:
            self._engine.stop(self.stopped)
        running = asyncio.create_task(self._run(self._engine, self._jobs(items)))
        running.add_done_callback(lambda _: records.put_nowait(None))
        self._running = running
        try:
            while (record := await records.get()) is not None:
                yield record
            await running
        finally:
            await self._leave()
            self.stopped = self._engine.stopped

    async def _run(self, engine: Dispatcher, jobs: Iterator[Job]) -> None:
        """Run the canary, look at it, and run the rest, up to the deadline."""
        guards = self._guards
        with self._deadline(guards.deadline_s):
            canary = list(islice(jobs, guards.canary))
            if canary:
                await engine.run(canary)
                if (stopped := judge_canary(len(canary), self._canary)) is not None:
                    self._stop(stopped)
            await engine.run(jobs)

    @contextmanager
    def _deadline(self, deadline_s: float | None) -> Iterator[None]:
        if deadline_s is None:
            yield
            return

        def stop() -> None:
            last = "" if self._last_id is None else f", the last {self._last_id}"
            reason = f"--deadline {deadline_s:g}s has passed{last}"
            self._stop(StopReason(StopCause.GUARD_RAIL, reason))

        loop = asyncio.get_running_loop()
        timer = loop.call_later(deadline_s, stop)
        self._client.ends_at = loop.time() + deadline_s + GRACE_S
        try:
            yield
        finally:
            timer.cancel()
            self._client.ends_at = inf
