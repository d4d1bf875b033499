"""Pause a list of campaigns: connect the log, the client and the gate of a run."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

from bulkpause._text import timestamp
from bulkpause.api.credentials import Token
from bulkpause.engine.company import CompanyCheck, WrongCompanyError
from bulkpause.engine.guard_rails import FailureCount, GuardRails, stop_at_deadline
from bulkpause.engine.job import make_jobs
from bulkpause.engine.policy import Verify
from bulkpause.engine.resume import ResumeRules
from bulkpause.engine.run import Run
from bulkpause.engine.run_context import RunContext
from bulkpause.errors import (
    GuardRailError,
    LogError,
    SettingsError,
    error_of_stop,
)
from bulkpause.id_list import GivenIds, check_is_list, plan_of_ids
from bulkpause.journal.ages import ages_s, recent_runs
from bulkpause.journal.codec import Header, UndoMark
from bulkpause.journal.needs import Needs
from bulkpause.journal.platform import SYSTEM, clock_resolution_s
from bulkpause.journal.reader import LoadedLog
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import (
    check_recent,
    check_same_account,
    check_same_action,
    check_same_endpoint,
    new_run_id,
)
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.journal.undo_marks import UndoMarks
from bulkpause.journal.undone import check_not_undone
from bulkpause.journal.writer import Journal, NullJournal
from bulkpause.lifetime import Lifetime
from bulkpause.log_totals import totals_of_plan
from bulkpause.model import InvalidRow, Item, Record, Sharing, StopReason, Waiting
from bulkpause.operation import PAUSE, RESUME, Operation, operation_of
from bulkpause.plan import Plan, join_plans
from bulkpause.ratelimit.budget.store import Store, UnusablePlaceError
from bulkpause.ratelimit.gate import Gate
from bulkpause.report.summary import Summary, summary_of
from bulkpause.report.totals import NOT_ON_RECORD, Totals
from bulkpause.run_snapshot import RunSnapshot
from bulkpause.settings import Settings, endpoint_of, find_proxy
from bulkpause.shared_budget import (
    account_of,
    boot_id,
    identity_of,
    open_budget,
    unshared_warning,
)
from bulkpause.shared_means import SharedMeans
from bulkpause.vocabulary import Action, Status, StopCause


class Pauser:
    """Pauses campaigns inside the rate limits. Use it with `async with`, once.

    Args:
        token: The bearer token.
        settings: The API's address, the rate limits and the retry policy.
        log: The result log; None keeps no log.
        resume: Continue the log if it exists: ids that it settles are left out. Ids
            in doubt come first, and are read back before anything is sent for them
            (with `Verify.NONE` they are sent again in their usual order).
        guard_rails: Rules that stop the run early.
        run_id: The name of the run in every record; None makes a new one.
        resume_within_s: The greatest age in seconds of the last line of a log that is
            resumed, since its campaigns may have been started again; None for any age.
        remember: Read each campaign before it is paused, and record what it was, for an
            undo. It doubles the requests.
        action: What is done to campaigns: `pause` needs the usual one, `undo` needs
            `Action.RESUME`.
        resume_rules: How campaigns are resumed.
        undone: Logs whose pauses are taken back. They are marked before the first
            campaign is resumed: what they record as paused is no word any more on what
            is running.
        retried: Last statuses that do not settle an id, though they are final
            otherwise, such as `rejected`. `paused` cannot be among them.
        account: The name of the account in each record, if a program has several.
        company_id: The company that the campaigns must belong to: one of them is read
            before the first pause. None does not check it.
        now: The wall clock.

    Attributes:
        account: The name of the account; None without one.
        settings: The settings in use.
        run_id: The name of the run.

    Raises:
        SettingsError: A setting cannot be used, or, on entering, the log exists and
            is not resumed, belongs to another endpoint or account, was undone, or is older than
            `resume_within_s`; or the shared budget has other limits, is one of a newer
            version, or none at all.
        TokenError: The token is empty or not a valid token.
        LogError: The log cannot be created or read, on entering.
        LogHeldError: Another run holds the log, on entering.
    """

    _loaded_log: LoadedLog | None = None
    _run: Run | None = None
    _share_warning: str | None = None
    _failures: FailureCount | None = None
    _means: SharedMeans | None = None
    _checking: asyncio.Task[None] | None = None
    #: When the list began that is about to run (loop's clock).
    _began_at: float | None = None
    #: Whether the log did not say how many ids it was meant to hold.
    _is_log_in_doubt: bool = False

    def __init__(
        self,
        token: Token | str,
        settings: Settings | None = None,
        *,
        log: Path | str | None = None,
        resume: bool = False,
        guard_rails: GuardRails | None = None,
        run_id: str | None = None,
        resume_within_s: float | None = 86_400.0,
        retried: Collection[Status] = (),
        account: str | None = None,
        company_id: str | None = None,
        remember: bool = False,
        action: Action = Action.PAUSE,
        resume_rules: ResumeRules | None = None,
        undone: Collection[Path | str] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings or Settings()
        self.account = account
        self._company_id = company_id
        #: The campaigns that were read to check it, with their request ids.
        self._company_reads: list[tuple[str, str]] = []
        self.run_id = run_id or new_run_id(now(), self.settings.endpoint_name)
        self._operation = operation = operation_of(action)
        if operation.done in retried:
            raise SettingsError(
                f"{operation.participle} ids cannot be retried: they are done"
            )
        self._remembers = remember and not operation.reads_first
        self._resume_rules = resume_rules or ResumeRules()
        self._undone = tuple(map(Path, undone))
        self._retried = frozenset(retried)
        self._stopped: StopReason | None = None
        self._token = token if isinstance(token, Token) else Token(token)
        self._proxy = find_proxy(self.settings)
        self._log = None if log is None else Path(log)
        self._resume, self._resume_within_s = resume, resume_within_s
        self._guard_rails = guard_rails or GuardRails()
        self._requests = 0
        #: The lists so far. Recovery keeps their items too.
        self._plans: list[Plan] = []
        #: How many others are being read, or could not be.
        self._unread_lists = 0
        self._by_status: Counter[Status] = Counter()
        self._iterators: WeakSet[AsyncGenerator[Record, None]] = WeakSet()
        self._lifetime = Lifetime()
        self._planned_before = self._planned_in_log = self._not_on_record = 0
        self._request_ids = self._number_requests()
        self._now = now
        self._recorder: Journal | NullJournal = NullJournal()
        self._gate = Gate(
            self.settings.limits,
            max_in_flight=self.settings.in_flight,
            clock_resolution_s=clock_resolution_s(),
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._lifetime.begin()
        try:
            await self._open()
        except BaseException:
            self._lifetime.withdraw()
            raise
        return self

    async def _open(self) -> None:
        settings, means = self.settings, self._means
        async with AsyncExitStack() as stack:
            # Meanwhile, the disk is waited for and the client is made.
            opening = asyncio.create_task(self._open_budget())
            stack.push_async_callback(_close_unused, opening)
            await asyncio.sleep(0)  # its thread begins
            if self._log is not None:
                self._recorder = journal = self._open_journal(self._log)
                await stack.enter_async_context(journal)
            self._undo_marks = self._new_undo_marks()
            # Imported on use: the command line imports aiohttp meanwhile.
            from bulkpause.api.client import Client  # noqa: PLC0415

            self._client = await stack.enter_async_context(
                Client(
                    endpoint_of(settings),
                    self._token,
                    reason=settings.reason,
                    timeout_s=settings.timeout_s,
                    max_in_flight=settings.in_flight,
                    proxy=self._proxy,
                    logs_keys=settings.trust_env,
                    now=self._now,
                    before_sending=self._gate.confirm,
                    connections=None if means is None else means.connections,
                )
            )
            await self._gate.restore(self._recent_ages_s())
            if (store := await opening) is not None:
                await self._join_budget(store, stack)
            self._stack = stack.pop_all()
            self._stack.callback(self._lifetime.end)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._end_check()
            if self._run is not None:
                await self._run.cancel()
        finally:
            # Also when the wait is cancelled: the log is closed in order.
            await self._stack.__aexit__(kind, error, traceback)

    def _open_journal(self, log: Path) -> Journal:
        means = self._means
        journal = Journal(
            log,
            resume=self._resume,
            known=self._loaded_log,
            needs=Needs.of_run(
                self._retried, self.settings.longest_period_s, self._now()
            ),
            on_failure=self._fail,
            system=SYSTEM if means is None else means.system,
            sync_group=None if means is None else means.sync_group,
        )
        try:
            self._check_log(journal.recovery, log)
        except BaseException:
            journal.discard()
            raise
        journal.recovery.reopen(self._retried)
        return journal

    def _check_log(self, recovery: Recovery, log: Path) -> None:
        """Check what was read under the lock. A log loaded before was checked then."""
        loaded = self._loaded_log
        if loaded is None or recovery is not loaded.recovery:
            check_same_action(recovery, self._operation.action, log)
            check_same_endpoint(recovery, self.settings.endpoint_name, log)
            check_same_account(recovery, self.account, log)
        # Always: it may have been undone, or grown old, while somebody thought about it.
        check_not_undone(recovery, log)
        check_recent(recovery, log, self._now(), self._resume_within_s)

    def _fail(self, error: LogError) -> None:
        """End the run that the log has failed. Later lists cannot begin."""
        if self._run is not None:
            self._run.fail(error)

    @property
    def stopped(self) -> StopReason | None:
        """Why the run stops or stopped early; None if it does not."""
        return self._stopped if self._run is None else self._run.stopped

    @property
    def already_done(self) -> frozenset[str]:
        """The ids that the log settles, as it was read under its lock on entering."""
        return frozenset(self._recorder.recovery.settled)

    @property
    def unrecorded(self) -> frozenset[str]:
        """The ids that this run sent a pause request for and that have no record.

        Valid during the run and after `async with`, whatever ended it. Their campaigns
        may be paused or running.
        """
        return self._recorder.unrecorded

    @property
    def undated(self) -> frozenset[str]:
        """The ids that the last list resumed without seeing when they were changed.

        The API showed no `update_time`, so that a change since the pause went unseen.
        """
        return frozenset() if self._run is None else frozenset(self._run.undated)

    @property
    def sharing(self) -> Sharing | None:
        """How the account is shared with other runs; None if it is not."""
        return self._gate.sharing

    @property
    def share_warning(self) -> str | None:
        """Why the account is not shared although it should be; None if it is."""
        return self._share_warning

    @property
    def warnings(self) -> tuple[str, ...]:
        """Repairs that were made when the log was opened."""
        return self._recorder.warnings

    def snapshot(self) -> RunSnapshot:
        """Take the state of the run, inside `async with`."""
        backlog = None if self._run is None else self._run.backlog
        waiting = self._waiting()
        return RunSnapshot(
            action=self._operation.action,
            requests=self._requests,
            in_flight=self._gate.in_flight,
            to_retry=backlog.retries if backlog else 0,
            to_read_back=backlog.read_backs if backlog else 0,
            accepted=backlog.accepted_read_backs if backlog else 0,
            waiting=waiting,
            is_outage=self._is_outage,
            time_left_s=None if self._is_outage else self._time_left_s(waiting),
            sharing=self._gate.sharing,
        )

    @property
    def _is_outage(self) -> bool:
        return self._run is not None and self._run.probe_at is not None

    def _waiting(self) -> Waiting | None:
        run = self._run
        if run is not None and run.probe_at is not None:
            condition = f"the server to recover ({run.last_error}), next probe"
            return Waiting(condition, run.probe_at)
        if run is not None and self._gate.waiting is None:
            due_at = run.backlog.due_at
            return None if due_at is None else Waiting("the next retry", due_at)
        return self._gate.waiting

    def _time_left_s(self, waiting: Waiting | None) -> float:
        left_s = self._gate.time_left_s(self._requests_left())
        if waiting is None or waiting.until is None:
            return left_s
        return max(left_s, waiting.until - asyncio.get_running_loop().time())

    def _requests_left(self) -> int:
        verify = self.settings.retry_policy.verify
        planned = sum(len(plan.items) for plan in self._plans)
        finished = self._by_status.total() - self._by_status[Status.INVALID]
        each = 1 + self._reads_first + (verify is Verify.ALL)
        return count_requests_left(planned, finished, self._requests, each)

    def _wanted_requests(self) -> int:
        """Count the requests that this run still wants to send."""
        if self.stopped is not None:
            return 0
        return max(0, self._requests_left() - self._gate.in_flight)

    async def _open_budget(self) -> Store | None:
        """Open the budget of the account, if the settings say to share it."""
        try:
            databases = None if self._means is None else self._means.databases
            return await open_budget(self.settings, self._token, self._now, databases)
        except UnusablePlaceError as error:
            self._share_warning = unshared_warning(error)
            return None

    async def _join_budget(self, store: Store, stack: AsyncExitStack) -> None:
        settings = self.settings
        earlier = recent_runs(self._recorder.recovery)
        stack.push_async_callback(self._gate.leave)
        await self._gate.join(
            store,
            identity_of(self.run_id, settings, self._now(), replaces=earlier),
            demand=self._wanted_requests,
            give_up_after_s=settings.retry_policy.give_up_after_s,
        )

    def _number_requests(self) -> Iterator[str]:
        while True:
            self._requests += 1
            yield f"{self.run_id}-{self._requests}"

    def _recent_ages_s(self) -> list[float]:
        return ages_s(
            self._recorder.recovery,
            now=self._now(),
            clock_s=asyncio.get_running_loop().time(),
            boot_id=boot_id(self._now()),
            longest_s=self.settings.longest_period_s,
        )

    @property
    def summary(self) -> Summary:
        """The rows of all lists so far, each counted once, also after `async with`.

        Ids that a resumed log leaves open and that no list holds are in no row, but
        may be running.
        All ids are counted anew, so ask for it at the end of a list and not for each
        record. An id that two lists hold counts in both. An id that was sent and has
        no record counts as unknown. Before the first list, while one is read, and ever
        after one that could not be read or was refused, nothing says that no campaign
        is running.
        """
        return summary_of(self._totals())

    def _totals(self) -> Totals:
        plan = join_plans(self._plans)
        totals = totals_of_plan(
            plan,
            self._recorder.recovery,
            is_retry=False,
            operation=self._operation,
        )
        if self._plans:
            # Lists together do not tell what each of them added to the log.
            totals.open_before[NOT_ON_RECORD] = self._not_on_record
        totals.by_status.update(self._by_status)
        totals.by_status[Status.UNKNOWN] += len(self.unrecorded)
        is_read = bool(self._plans) and not self._unread_lists
        totals.is_plan_known = is_read and not self._is_log_in_doubt
        return totals

    def stop(self, reason: str, *, grace_s: float | None = None) -> None:
        """Send nothing new. Requests in flight are still recorded.

        It may be called from any thread.

        Args:
            reason: Why, for people. That of the first stop is kept.
            grace_s: Seconds that requests in flight may still take; None waits for
                their timeouts. Ids without a response by then have no record: they
                are among `unrecorded`, and a resumed run settles them. A second call
                can make the time shorter, not longer.
        """
        if (loop := self._lifetime.loop_elsewhere) is not None:
            loop.call_soon_threadsafe(partial(self.stop, reason, grace_s=grace_s))
            return
        self._stop_for(StopReason(StopCause.SIGNAL, reason), grace_s=grace_s)

    def _stop_for(self, reason: StopReason, *, grace_s: float | None = None) -> None:
        self._stopped = self._stopped or reason
        if self._checking is not None:
            self._checking.cancel()  # it only reads
        if self._run is not None:
            self._run.stop(self._stopped, grace_s=grace_s)

    def pause(self, ids: GivenIds) -> AsyncGenerator[Record, None]:
        """Pause each id once, and give its record as soon as it is final.

        The ids are read to their end before anything is sent, and one list ends before
        the next begins. A loop that is left early ends its list at once inside
        `async with aclosing(pauser.pause(ids)) as records`, else a moment later.

        Args:
            ids: Texts, integers, items and invalid rows in any mixture, from an iterable
                or an asynchronous one; or a plan, whose order and rows are kept.

        Returns:
            A record for each id and each invalid row. An invalid row is not sent; its
            record has the status `invalid`. Ids that the log settles have no new
            record, and after a stop neither do ids that were not attempted: then an
            error is raised after the last record.

        Raises:
            TypeError: `ids` is not a list of ids; nothing was sent.
            RuntimeError: The pauser is not open, is on another event loop, or is busy
                with another list; nothing was sent.
            InputError: The plan has an invalid or repeated id; nothing was sent.
            TokenError: The API rejected the token.
            GuardRailError: A guard rail stopped the run, or the campaigns belong to
                another company; then nothing was sent.
            StoppedError: An outage, refusals or `stop` ended the run early.
            LogError: A record could not be written; nothing more was sent.
        """
        return self._begin_list(ids, PAUSE)

    def undo(self, ids: GivenIds) -> AsyncGenerator[Record, None]:
        """Resume each id once, if its campaign is paused and was not changed since.

        As `pause` in all else, for a pauser whose action is `Action.RESUME`. Each campaign
        is read first. `Item.earlier` says what it was: without that it is left alone.
        """
        return self._begin_list(ids, RESUME)

    def _begin_list(
        self, ids: GivenIds, operation: Operation
    ) -> AsyncGenerator[Record, None]:
        self._lifetime.check_is_open()
        if operation is not self._operation:
            raise RuntimeError(f"this Pauser was made to {self._operation.verb}")
        check_is_list(ids)
        self._unread_lists += 1
        records = self._records(ids)
        self._iterators.add(records)
        return records

    async def _records(self, ids: GivenIds) -> AsyncGenerator[Record, None]:
        self._lifetime.check_is_here()
        plan = await plan_of_ids(ids)
        await self._end_abandoned_list()
        # Again, since only what is read under the lock is certain.
        plan = self._known_before(plan.without(self._recorder.recovery.settled))
        items = plan.items
        await self._check_company(items)
        self._count_in_log(plan)
        header = self._header(plan)
        # Before the plan: a log with a plan has the invalid rows on record.
        for row in plan.invalid_rows:
            yield self._invalid(row, header)
        await self._end_abandoned_list()  # one that began meanwhile
        await self._begin_log(header, items)
        for id_, request_id in self._company_reads:
            # They count for a run that is started again.
            self._recorder.sent(Action.READ, id_, request_id, timestamp(self._now()))
        self._company_reads.clear()
        self._run = run = self._new_run(header)
        jobs = make_jobs(
            items,
            self._recorder.recovery.prior_attempts,
            operation=self._operation,
            reads_back=self._reads_first
            or self.settings.retry_policy.verify is not Verify.NONE,
            reads_first=self._reads_first,
        )
        left = len(items)
        async with aclosing(run.records(jobs)) as records:
            async for record in records:
                left -= 1
                yield record
        if run.stopped is not None and (error := error_of_stop(run.stopped, left)):
            raise error

    async def _check_company(self, items: Sequence[Item]) -> None:
        """Check once that the campaigns belong to the company that is meant, if any is.

        If that cannot be told, the run is stopped before its first request.

        Raises:
            GuardRailError: They belong to another company.
        """
        if (check := self._begin_check(items)) is None:
            return
        try:
            await asyncio.wait([check])
        except asyncio.CancelledError:
            await self._end_check()
            raise
        if not check.cancelled():  # by a stop
            check.result()

    def _begin_check(self, items: Sequence[Item]) -> asyncio.Task[None] | None:
        """Begin a list, and the check of its company unless there is one already."""
        if self._began_at is None:
            self._began_at = asyncio.get_running_loop().time()
        company_id, self._company_id = self._company_id, None
        if company_id is None or not items or self._stopped is not None:
            self._company_id = company_id
            return self._checking
        run = self._run_check(company_id, items)
        self._checking = check = asyncio.create_task(run)
        # Another account may have ended the run by then, and nobody asks for it.
        check.add_done_callback(_take_error)
        if self._failures is not None:
            self._failures.watch(self._stop_for)
        return check

    async def _run_check(self, company_id: str, items: Sequence[Item]) -> None:
        """Read a campaign, as long as no stop or deadline ends that.

        Raises:
            GuardRailError: It belongs to another company.
        """
        check = CompanyCheck(
            company_id,
            sender=self._client,
            gate=self._gate,
            request_ids=self._request_ids,
            give_up_after_s=self.settings.retry_policy.give_up_after_s,
        )
        reason: StopReason | None = None
        deadline_s = self._guard_rails.deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                reason = await check.run(item.id for item in items)
        except TimeoutError:
            at = f"; company_id {company_id} could not be checked"
            reason = stop_at_deadline(deadline_s or 0.0, at)
        except WrongCompanyError as error:
            raise self._stopped_for_company(error) from None
        finally:
            self._company_reads += check.requests
            self._stopped = self._stopped or reason

    def _stopped_for_company(self, error: WrongCompanyError) -> GuardRailError:
        name = "" if self.account is None else f"{self.account}: "
        whose = "" if self.account is None else " in this account"
        detail = f"{name}{error}; nothing was sent{whose}; check the token and the company_id"
        self._stopped = self._stopped or StopReason(StopCause.GUARD_RAIL, detail)
        return GuardRailError(detail)

    async def _end_check(self) -> None:
        """End a check whose answer nobody waits for any more. A later list begins it."""
        check, self._checking = self._checking, None
        if check is not None and not check.done():
            check.cancel()
            await asyncio.wait([check])

    @property
    def _reads_first(self) -> bool:
        """Whether each campaign is read before it is sent."""
        return self._operation.reads_first or self._remembers

    def _known_before(self, plan: Plan) -> Plan:
        """Add what the campaigns were before their pause, as far as it is on record."""
        recovery = self._recorder.recovery
        if recovery.is_empty:
            return plan
        return replace(plan, items=tuple(map(recovery.with_earlier, plan.items)))

    async def _begin_log(self, header: Header, items: Sequence[Item]) -> None:
        """Check what is taken back, and write the plan. Among many accounts, no loop waits for the disk of one.

        Raises:
            LogError: It cannot be written; nothing may be sent.
        """
        begin = partial(self._begin, header, items)
        if self._means is None:
            begin()
            return
        await self._means.sync_group.run(begin)

    def _begin(self, header: Header, items: Sequence[Item]) -> None:
        self._undo_marks.begin(self._recorder.recovery)
        self._recorder.begin(header, items)

    def _new_undo_marks(self) -> UndoMarks:
        mark = UndoMark(
            undone_by=f"run {self.run_id}"
            if self._log is None
            else str(self._log.absolute()),
            run_id=self.run_id,
            at=timestamp(self._now()),
        )
        means = self._means
        group = SyncGroup() if means is None else means.sync_group
        return UndoMarks(self._logs_to_mark(), mark, group)

    def _logs_to_mark(self) -> list[Path]:
        """List the logs of an undo, and those that its log names and are not marked yet.

        A retry is given none. One that was moved since is given at its new place.
        """
        given = list(self._undone)
        named = map(Path, self._recorder.recovery.unmarked)
        return given + [log for log in named if not given or log.exists()]

    async def _end_abandoned_list(self) -> None:
        """Wait for the end of a list whose iterator is gone.

        Raises:
            RuntimeError: Somebody still iterates over it.
        """
        if self._run is None or not self._run.is_running:
            return
        if len(self._iterators) > 1:
            raise RuntimeError(
                "this Pauser is busy with another list: iterate to its end first, or "
                "close it with `async with aclosing(pauser.pause(ids)) as records`"
            )
        await self._run.cancel()

    def _count_in_log(self, plan: Plan) -> None:
        """Count the ids that the log is meant to hold, those of this plan included."""
        recovery = self._recorder.recovery
        if not self._plans:
            self._is_log_in_doubt = not (recovery.is_empty or recovery.is_plan_known)
        # Not before there is a second list: it may be a million ids.
        if self._plans and self._plans[-1].items:
            recovery.begin(self._plans[-1].items, self._planned_in_log)
        self._planned_before = recovery.planned_so_far
        self._planned_in_log = recovery.count_planned(plan)
        self._not_on_record = recovery.count_not_on_record(plan)
        self._plans.append(plan)
        self._unread_lists -= 1

    @property
    def _planned_on_record(self) -> int | None:
        """How many ids the log is meant to hold; None if it did not say that before."""
        return None if self._is_log_in_doubt else self._planned_in_log

    def _header(self, plan: Plan) -> Header:
        sent_digest = plan.digest
        return Header(
            run=self.run_id,
            base_url=self.settings.endpoint_name,
            account=self.account,
            action=self._operation.action,
            digest=sent_digest,
            input_digest=plan.whole_digest or sent_digest,
            planned=len(plan.items),
            planned_before=self._planned_before,
            planned_in_log=self._planned_on_record,
            undone=tuple(str(log.absolute()) for log in self._undo_marks.logs),
            boot_id=boot_id(self._now()),
        )

    def _invalid(self, row: InvalidRow, header: Header) -> Record:
        source = "" if row.source is None else f"{row.source}: "
        record = Record(
            id=None,
            account=row.account,
            action=self._operation.action,
            status=Status.INVALID,
            error=f"{source}{row.reason}; {row.remedy}",
            row=row.row,
            run_id=self.run_id,
            planned=self._planned_on_record,
            input_digest=header.input_digest,
            endpoint=header.base_url,
        )
        self._recorder.write(record)
        self._count(record)
        return record

    def _count(self, record: Record) -> None:
        self._by_status[record.status] += 1

    def _new_run(self, header: Header) -> Run:
        run = Run(
            sender=self._client,
            gate=self._gate,
            recorder=self._recorder,
            context=RunContext(
                run_id=self.run_id,
                planned=self._planned_on_record,
                input_digest=header.input_digest,
                endpoint=header.base_url,
                request_ids=self._request_ids,
                operation=self._operation,
                reason=self.settings.reason if self._operation is PAUSE else None,
                retry_policy=self.settings.retry_policy,
                now=self._now,
                jitter=random.random,
                account=self.account,
                resume_rules=self._resume_rules,
                remembers=self._remembers,
                before_first_change=self._undo_marks.write,
            ),
            guard_rails=self._guard_rails,
            on_record=self._count,
            failures=self._failures,
            began_at=self._began_at,
        )
        self._began_at = None
        # A stop also holds for the lists after it.
        if (stopped := self.stopped) is not None:
            run.stop(stopped)
        return run


async def _close_unused(opening: asyncio.Task[Store | None]) -> None:
    """Close the store of a run that ends; one that was left is closed already."""
    with suppress(Exception):  # said where it was awaited, or of no interest now
        if (store := await opening) is not None:
            await store.close()


def count_requests_left(planned: int, finished: int, requests: int, each: int) -> int:
    """Count the requests to the end of a run, if no id needs a retry.

    Args:
        planned: The ids of the run.
        finished: How many of them have a record.
        requests: The requests made so far.
        each: The requests that an id needs.
    """
    ids_left = planned - finished
    return ids_left if each == 1 else max(ids_left, each * planned - requests)


def begin_check(pauser: Pauser, items: Sequence[Item]) -> asyncio.Task[None] | None:
    """Begin the next list of a pauser, and the check of its company.

    Returns:
        The check, which raises a `GuardRailError` if the campaigns belong to another
        company, and which a stop cancels; None if there is nothing to check.
    """
    return pauser._begin_check(items)  # noqa: SLF001 (for a fleet)


def stop_for(pauser: Pauser, reason: StopReason) -> None:
    """Stop a pauser for a reason of another one."""
    pauser._stop_for(reason)  # noqa: SLF001 (for a fleet)


def _take_error(check: asyncio.Task[None]) -> None:
    if not check.cancelled():
        check.exception()


def count_together(
    pauser: Pauser, guard_rails: GuardRails, failures: FailureCount
) -> None:
    """Apply guard rails, of which the failures count over several pausers."""
    pauser._guard_rails = guard_rails  # noqa: SLF001 (for a fleet)
    pauser._failures = failures  # noqa: SLF001


def totals_of(pauser: Pauser) -> Totals:
    """Count the rows of all lists of a pauser so far."""
    return pauser._totals()  # noqa: SLF001 (for a fleet)


def totals_without_list(pauser: Pauser) -> Totals:
    """Count what the log of a pauser leaves open that has no list: it has no rows."""
    recovery = pauser._recorder.recovery  # noqa: SLF001 (for a fleet)
    totals = totals_of(pauser)
    totals.is_plan_known = recovery.is_empty or recovery.is_plan_known
    return totals


def note_sent(pauser: Pauser, totals: Totals) -> None:
    """Take the requests of a pauser as they were counted when they were sent."""
    rate_limited = pauser._client.rate_limited  # noqa: SLF001 (not for programs)
    totals.note_sent(pauser._requests, rate_limited=rate_limited)  # noqa: SLF001


def account_hash_of(pauser: Pauser) -> str:
    """Name the account of a pauser by a hash of its address and its token."""
    return account_of(pauser.settings, pauser._token)  # noqa: SLF001 (for a fleet)


def share_means(pauser: Pauser, means: SharedMeans) -> None:
    """Let a pauser use what other pausers use too."""
    pauser._means = means  # noqa: SLF001 (for a fleet)
    pauser._gate.take_turns(means.turns)  # noqa: SLF001


def log_of_pauser(pauser: Pauser) -> Path | None:
    """Give the result log of a pauser; None without one."""
    return pauser._log  # noqa: SLF001 (not for programs)


def reuse_loaded_log(pauser: Pauser, loaded: LoadedLog) -> None:
    """Spare a pauser the reading of its log, unless it changes before it is locked.

    For the command line, which reads a log, and checks its endpoint, before it asks.
    """
    pauser._loaded_log = loaded  # noqa: SLF001 (not for programs)


def without_done(pauser: Pauser, plan: Plan) -> Plan:
    """Leave out of a plan what the log of a pauser settles.

    `already_done` would be a copy of a million ids.
    """
    return plan.without(pauser._recorder.recovery.settled)  # noqa: SLF001 (not for programs)
