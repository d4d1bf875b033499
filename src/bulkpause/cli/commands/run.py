"""The commands that send: `run` an input, `retry` a log, and `undo` one."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause.api.credentials import Token
from bulkpause.cli.display import display_for, writes_lines
from bulkpause.cli.ending import DeclinedError, Ending
from bulkpause.cli.exit_codes import ExitCode, exit_of_run, exit_of_totals
from bulkpause.cli.log_failure import (
    check_none_is_missing,
    examine,
    record_of_unrecorded,
)
from bulkpause.cli.metrics_refresh import published
from bulkpause.cli.next_steps import NextSteps, steps_of_run
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, resume_command, retry_command, status_command
from bulkpause.cli.output import READER_S, hurry, stderr
from bulkpause.cli.preflight import Prepared, confirm, needs_of, prepare, token_of
from bulkpause.cli.result import RunResult, print_result
from bulkpause.cli.run_signals import RunSignals
from bulkpause.cli.signals import SIGNALS
from bulkpause.cli.start_notes import (
    fields_of_sharing,
    fields_of_start,
    note_of_others,
    start_notes,
)
from bulkpause.errors import (
    GuardRailError,
    LogError,
    LogHeldError,
    StoppedError,
    TokenError,
)
from bulkpause.journal.reader import exists, read_recovery, read_run, write_ahead_path
from bulkpause.journal.run_id import new_run_id
from bulkpause.journal.undone import mark_undone
from bulkpause.journal.writer import Journal
from bulkpause.log_totals import totals_of_plan
from bulkpause.model import Action, Record, StopCause, StopReason, timestamp
from bulkpause.pauser import Pauser, reuse_loaded_log
from bulkpause.plan import Plan
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.monitor import Monitor
from bulkpause.report.totals import Totals, add_all
from bulkpause.settings import find_proxy


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def run(options: Options, ending: Ending) -> ExitCode:
    """Check everything, ask, pause, and print the summary.

    Raises:
        BulkpauseError: Nothing was sent.
        DeclinedError: The question was answered "no".
    """
    ending.metrics.endpoint = options.named_settings.endpoint_name
    if options.is_confirmed:
        stderr().wait_for_nobody()
    with Notices(are_held=writes_lines(options)) as notices:
        return _run(options, notices, ending)


def _run(options: Options, notices: Notices, ending: Ending) -> ExitCode:
    prepared = prepare(options, notices)
    options = prepared.options
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    token = token_of(options, notices)
    # An invalid one is refused before the question.
    proxy = None if options.is_simulated else find_proxy(options.settings)
    if not prepared.plan.items and not prepared.plan.invalid_rows:
        return _end_without_run(prepared, options, notices, ending)
    if not confirm(prepared, options):
        raise DeclinedError
    # A program that reads the output has chosen these options, or gets `run.started`.
    if not options.is_json and not writes_lines(options):
        for note in start_notes(options, proxy):
            notices.note(note)
    stderr().wait_for_nobody()
    try:
        return _pause(prepared, token, options, notices, ending)
    except LogHeldError as error:
        raise _with_next_step(error, options) from error


def _with_next_step(error: LogHeldError, options: Options) -> LogHeldError:
    if options.log is None:
        return error
    write = retry_command if options.is_retry else resume_command
    command = write(options.log, options)
    return LogHeldError(f"{error}; once it has ended, carry on with: {command}")


def _pause(
    prepared: Prepared,
    token: Token,
    options: Options,
    notices: Notices,
    ending: Ending,
) -> ExitCode:
    run_id = _new_run_id(options)
    ending.display = display = display_for(options, run_id)
    session = _Session(prepared, run_id, display, options, notices, ending)
    with SIGNALS.deferred():
        with asyncio.Runner() as runner:
            runner.run(session.pause(token))
        result = session.result()
    ending.metrics.totals = result.totals
    if (code := SIGNALS.exit_code) is not None:
        result = replace(result, code=ExitCode(code))
        # Nobody who ended the run waits for a reader of its result.
        hurry(READER_S)
    # Not in the loop: there, no signal could end the wait for a reader.
    print_result(result, display, options)
    return result.code


def _over(log: Path) -> str:
    return f"the run is over; show its result with: {status_command(log)}"


class _Session:
    """One run, from the opening of its log to its result."""

    def __init__(
        self,
        prepared: Prepared,
        run_id: str,
        display: Display,
        options: Options,
        notices: Notices,
        ending: Ending,
    ) -> None:
        self._prepared = prepared
        self._plan = prepared.plan
        self._recovery = prepared.loaded.recovery
        self._log = options.log or Path(f"bulkpause-{run_id}.jsonl")
        self._notices = notices
        self._ending = ending
        self._run_id = run_id
        self._display = display
        self._options = options
        self._signals = RunSignals(SIGNALS, display, grace_s=options.grace_s)
        self._totals = totals_of_plan(
            self._plan,
            self._recovery,
            is_retry=options.is_retry,
            operation=options.operation,
        )
        #: What this process has seen, should the log lose it.
        self._seen = deepcopy(self._totals)
        self._pauser: Pauser | None = None
        self._log_error: LogError | None = None

    async def pause(self, token: Token) -> None:
        """Open the log, and pause what is left of the plan, until a signal comes.

        Raises:
            BulkpauseError: The log cannot be opened or used; nothing was sent.
        """
        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(self._signals.handled())
                self._pauser = await self._open(stack, token)
                self._begin(self._pauser)
                # What is true of a signal that comes after the loop, whatever ends that.
                SIGNALS.outcome = _over(self._log)
                await self._pause_plan(self._pauser)
        except LogError as error:
            if self._pauser is None:
                raise
            self._log_error = error

    async def _open(self, stack: AsyncExitStack, token: Token) -> Pauser:
        options, settings = self._options, self._options.named_settings
        if options.is_simulated:
            simulator = await stack.enter_async_context(_simulator(options))
            settings = replace(settings, base_url=simulator.base_url, proxy=None)
        pauser = Pauser(
            token,
            settings,
            log=self._log,
            resume=options.resume,
            guard_rails=options.guard_rails,
            run_id=self._run_id,
            resume_within_s=options.resume_within_s,
            retried=options.reopened,
            remember=options.remembers,
            action=options.action,
            resume_rules=options.resume_rules,
        )
        reuse_loaded_log(pauser, self._prepared.loaded)
        self._signals.attach(pauser)
        return await stack.enter_async_context(pauser)

    def _begin(self, pauser: Pauser) -> None:
        """Count anew what is left, now that no other run can change the log."""
        sharing = pauser.sharing
        if sharing is not None and (notice := note_of_others(sharing)) is not None:
            self._notices.add(notice)
        for notice in self._notices.take():
            self._display.handle(notice)
        for warning in pauser.warnings:
            text = f"warning: {warning}"
            self._display.handle(Notice("log.mended", {"state": warning}, text))
        if (reason := pauser.share_warning) is not None:
            text = f"warning: {reason}"
            self._display.handle(Notice("budget.unavailable", {"reason": reason}, text))
        plan = self._plan.without(pauser.already_done)
        if len(plan.items) < len(self._plan.items):
            self._plan = plan
            needs = needs_of(self._options, datetime.now(UTC))
            self._recovery = read_recovery(self._log, needs)
            self._recovery.reopen(self._options.reopened)
        for log in self._options.undone:
            mark_undone(log, self._log)
        start = _fields_of_start(self._prepared, plan, self._log, self._options)
        start |= fields_of_sharing(sharing)
        self._display.handle(Notice("run.started", start))
        # Now, since the recovery changes with the run.
        self._totals = totals_of_plan(
            plan,
            self._recovery,
            is_retry=self._options.is_retry,
            operation=self._options.operation,
        )
        self._totals.since = timestamp(datetime.now(UTC))
        self._seen = deepcopy(self._totals)

    async def _pause_plan(self, pauser: Pauser) -> None:
        if not self._plan.items and not self._plan.invalid_rows:
            self._display.close()  # another run has done it all meanwhile
            return
        now = asyncio.get_running_loop().time
        monitor = Monitor(pauser, len(self._plan.items), self._display, now=now)
        metrics = published(
            self._ending.metrics, lambda: self._seen, self._ending.warn_of_metrics
        )
        async with monitor.open(), metrics:
            # The result says why the run stopped.
            with suppress(TokenError, GuardRailError, StoppedError):
                async for record in self._records(pauser):
                    self._seen.add(record)
                    monitor.add(record)

    def _records(self, pauser: Pauser) -> AsyncGenerator[Record, None]:
        if self._options.action is Action.RESUME:
            return pauser.undo(self._plan)
        return pauser.pause(self._plan)

    def result(self) -> RunResult:
        """Count the run's records as they are on the disk, and say how to carry on."""
        pauser = self._pauser
        if pauser is None:
            raise RuntimeError("the run has not begun")
        try:
            if self._log_error is not None:
                raise self._log_error
            totals = self._totals_on_disk()
        except LogError as error:
            return self._result_of_failure(error, pauser)
        return RunResult(
            totals=totals,
            code=exit_of_run(totals, pauser.stopped),
            log=self._log,
            run_id=self._run_id,
            stopped=pauser.stopped,
            sharing=pauser.sharing,
            steps=steps_of_run(
                self._log, totals, self._options, stopped=pauser.stopped
            ),
        )

    def _totals_on_disk(self) -> Totals:
        """Count the run's records as they are on the disk.

        Raises:
            LogError: They cannot be read, or some of them are missing.
        """
        totals = add_all(read_run(self._log, self._run_id), deepcopy(self._totals))
        check_none_is_missing(self._seen, totals, self._log)
        if totals.not_attempted < 0:
            sum_of_counts = totals.counts_as_sum()
            raise RuntimeError(f"the log holds more records than rows: {sum_of_counts}")
        return totals

    def _result_of_failure(self, error: LogError, pauser: Pauser) -> RunResult:
        """Sum up what this process knows: the log does not hold all of it."""
        failure, totals_on_record = examine(self._log, self._run_id, self._seen, error)
        unrecorded = sorted(pauser.unrecorded)
        add_all(
            (record_of_unrecorded(id_, self._run_id) for id_ in unrecorded), self._seen
        )
        return RunResult(
            totals=self._seen,
            code=ExitCode.LOG,
            log=self._log,
            run_id=self._run_id,
            stopped=StopReason(StopCause.LOG, str(error)),
            sharing=pauser.sharing,
            failure=failure,
            steps=self._steps_after(totals_on_record),
        )

    def _steps_after(self, totals: Totals | None) -> NextSteps:
        """Advise only what the log, as it is now, allows."""
        if totals is None:
            return NextSteps()
        return steps_of_run(self._log, totals, self._options)


def _new_run_id(options: Options) -> str:
    return new_run_id(datetime.now(UTC), options.named_settings.endpoint_name)


def _fields_of_start(
    prepared: Prepared, plan: Plan, log: Path, options: Options
) -> dict[str, object]:
    return {
        "action": options.action,
        "ids": len(plan.items),
        "host": options.host,
        "limits": [str(limit) for limit in options.settings.limits],
        "digest": prepared.digest,
        "log": str(log),
        **fields_of_start(options),
    }


def _simulator(options: Options) -> "Simulator":
    """Simulate the documented API with unknown window phases and some delay.

    Each simulator begins anew, so that of an undo begins with paused campaigns.
    """
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator  # noqa: PLC0415

    documented = Behaviour(latency_s=0.06, jitter_s=0.02)
    if options.action is Action.RESUME:
        documented = replace(documented, default_status="paused")
    return Simulator(documented.with_random_phases(random.Random()))


def _end_without_run(
    prepared: Prepared, options: Options, notices: Notices, ending: Ending
) -> ExitCode:
    """End a run whose ids are all done already, or of which nothing is known."""
    recovery = prepared.loaded.recovery
    totals = totals_of_plan(
        prepared.plan,
        recovery,
        is_retry=options.is_retry,
        operation=options.operation,
    )
    log = options.log
    # A write-ahead log without its plan is all that counts the ids that it lost.
    if (
        log is not None
        and not recovery.not_on_record
        and write_ahead_path(log).exists()
    ):
        with SIGNALS.deferred():
            asyncio.run(_remove_write_ahead_log(log))
        SIGNALS.check()
    age_s = recovery.age_s(datetime.now(UTC))
    result = RunResult(
        totals=totals,
        code=exit_of_totals(totals),
        log=log if log is not None and exists(log) else None,
        run_id=_new_run_id(options),
        steps=NextSteps()
        if log is None
        else steps_of_run(log, totals, options, age_s=age_s),
    )
    ending.metrics.totals = totals
    ending.display = display = display_for(options, result.run_id)
    for notice in notices.take():
        display.handle(notice)
    print_result(result, display, options)
    display.close()
    return result.code


async def _remove_write_ahead_log(log: Path) -> None:
    """Remove the write-ahead log of a run that was killed after its last record."""
    async with Journal(log, resume=True, now=partial(datetime.now, UTC)):
        pass
