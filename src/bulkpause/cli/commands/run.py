"""The commands that pause: `run` an input, and `retry` a log."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkpause.api.credentials import Token
from bulkpause.cli.display import display_for
from bulkpause.cli.exit_codes import ExitCode, exit_of_run, exit_of_totals
from bulkpause.cli.log_failure import (
    check_none_is_missing,
    examine,
    record_of_unrecorded,
)
from bulkpause.cli.next_steps import NextSteps, steps_of_run, totals_of_log
from bulkpause.cli.options import Options
from bulkpause.cli.preflight import Prepared, confirm, prepare, token_of
from bulkpause.cli.result import RunResult, print_result
from bulkpause.cli.signals import SignalHandler
from bulkpause.errors import LogError
from bulkpause.journal.reader import exists, read_recovery, read_run, write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import new_run_id
from bulkpause.journal.writer import Journal
from bulkpause.model import Record, Status, StopCause, StopReason, timestamp
from bulkpause.pauser import Pauser, reuse_loaded_log
from bulkpause.plan import Plan
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.monitor import Monitor
from bulkpause.report.totals import NOT_ATTEMPTED, Totals, add_all
from bulkpause.settings import find_proxy


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def run(options: Options) -> ExitCode:
    """Check everything, ask, pause, and print the summary.

    Raises:
        BulkpauseError: Nothing was sent.
    """
    prepared = prepare(options)
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    token = token_of(options)
    if not options.is_simulated:
        find_proxy(options.settings)  # an invalid one is refused before the question
    if not prepared.plan.items and not prepared.plan.invalid_rows:
        return _end_without_run(prepared, options)
    if not confirm(prepared, options):
        click.echo("nothing was sent", err=True)
        return ExitCode.USAGE
    with asyncio.Runner() as runner:
        return runner.run(_pause(prepared, token, options))


async def _pause(prepared: Prepared, token: Token, options: Options) -> ExitCode:
    run_id = _new_run_id(options)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    display = display_for(options, run_id)
    signals = SignalHandler(display)
    with signals.handled():
        session = _Session(prepared, log, run_id, display, options)
        await session.pause(token, signals)
        result = session.result(signals.exit_code)
        display.handle(Notice("run.finished", result.as_dict(options)))
        print_result(result, options)
    return result.code


class _Session:
    """One run, from the opening of its log to its result."""

    def __init__(
        self,
        prepared: Prepared,
        log: Path,
        run_id: str,
        display: Display,
        options: Options,
    ) -> None:
        self._prepared = prepared
        self._plan = prepared.plan
        self._recovery = prepared.loaded.recovery
        self._log = log
        self._run_id = run_id
        self._display = display
        self._options = options
        self._totals = totals_of_plan(self._plan, self._recovery, options)
        #: What this process has seen, should the log lose it.
        self._seen = deepcopy(self._totals)
        self._pauser: Pauser | None = None
        self._log_error: LogError | None = None

    async def pause(self, token: Token, signals: SignalHandler) -> None:
        """Open the log, and pause what is left of the plan.

        Raises:
            BulkpauseError: The log cannot be opened or used; nothing was sent.
        """
        try:
            async with AsyncExitStack() as stack:
                self._pauser = await self._open(stack, token, signals)
                self._begin(self._pauser)
                with suppress(asyncio.CancelledError):  # by the second signal
                    # A task of its own: the log is still closed in order after it.
                    signals.task = asyncio.create_task(self._pause_plan(self._pauser))
                    await signals.task
        except LogError as error:
            if self._pauser is None:
                raise
            self._log_error = error

    async def _open(
        self, stack: AsyncExitStack, token: Token, signals: SignalHandler
    ) -> Pauser:
        options, settings = self._options, self._options.named_settings
        if options.is_simulated:
            simulator = await stack.enter_async_context(_simulator())
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
        )
        reuse_loaded_log(pauser, self._prepared.loaded)
        signals.attach(pauser)
        return await stack.enter_async_context(pauser)

    def _begin(self, pauser: Pauser) -> None:
        """Count anew what is left, now that no other run can change the log."""
        for warning in pauser.warnings:
            text = f"warning: {warning}"
            self._display.handle(Notice("log.mended", {"state": warning}, text))
        if (reason := pauser.share_warning) is not None:
            text = f"warning: {reason}"
            self._display.handle(Notice("budget.unavailable", {"reason": reason}, text))
        plan = self._plan.without(pauser.already_done)
        if len(plan.items) < len(self._plan.items):
            self._plan = plan
            self._recovery = read_recovery(self._log)
            self._recovery.reopen(self._options.reopened)
        start = _fields_of_start(self._prepared, plan, self._log, self._options)
        if (sharing := pauser.sharing) is not None:
            priority = self._options.settings.priority
            start |= {"shared_in": sharing.place, "priority": priority}
        self._display.handle(Notice("run.started", start))
        # Now, since the recovery changes with the run.
        self._totals = totals_of_plan(plan, self._recovery, self._options)
        self._totals.since = timestamp(datetime.now(UTC))
        self._seen = deepcopy(self._totals)

    async def _pause_plan(self, pauser: Pauser) -> None:
        if not self._plan.items and not self._plan.invalid_rows:
            self._display.close()  # another run has done it all meanwhile
            return
        now = asyncio.get_running_loop().time
        monitor = Monitor(pauser, len(self._plan.items), self._display, now=now)
        async with monitor.open():
            async for record in pauser.pause(self._plan):
                self._seen.add(record)
                monitor.add(record)

    def result(self, signal_code: ExitCode | None) -> RunResult:
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
            code=signal_code or exit_of_run(totals, pauser.stopped),
            log=self._log,
            run_id=self._run_id,
            stopped=pauser.stopped,
            sharing=pauser.sharing,
            steps=steps_of_run(self._log, totals, self._options),
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
        failure, recovery = examine(self._log, self._run_id, self._seen, error)
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
            steps=self._steps_after(recovery),
        )

    def _steps_after(self, recovery: Recovery | None) -> NextSteps:
        """Advise only what the log, as it is now, allows."""
        if recovery is None:
            return NextSteps()
        return steps_of_run(self._log, totals_of_log(recovery), self._options)


def _new_run_id(options: Options) -> str:
    return new_run_id(datetime.now(UTC), options.named_settings.endpoint_name)


def _fields_of_start(
    prepared: Prepared, plan: Plan, log: Path, options: Options
) -> dict[str, object]:
    return {
        "ids": len(plan.items),
        "host": options.host,
        "limits": [str(limit) for limit in options.settings.limits],
        "digest": prepared.digest,
        "log": str(log),
    }


def _simulator() -> "Simulator":
    """Simulate the documented API with unknown window phases and some delay."""
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator  # noqa: PLC0415

    documented = Behaviour(latency_s=0.06, jitter_s=0.02)
    return Simulator(documented.with_random_phases(random.Random()))


def totals_of_plan(plan: Plan, recovery: Recovery, options: Options) -> Totals:
    """Begin the totals of a run: its rows, and what earlier runs left open.

    The list of a retry is its log: ids that the log does not hold are in its rows, and
    so is not known how many there are if the log does not say it.
    """
    is_retry = options.is_retry
    missing = recovery.not_on_record if is_retry else 0
    sent = {item.id for item in plan.items}
    others = [record for id_, record in recovery.latest.items() if id_ not in sent]
    open_before = _count_open(others, is_retry=is_retry)
    if is_retry:
        left = sum(item.id not in sent for item in recovery.not_attempted)
        open_before.update({NOT_ATTEMPTED: left} if left else {})
    # An input is read again with its invalid rows; a log to retry records them.
    invalid = len(recovery.invalid) if is_retry else 0
    return Totals(
        rows=plan.rows + missing,
        duplicate=plan.duplicate,
        already_done=plan.already_done,
        not_paused_before=invalid + _count_not_paused(others),
        not_on_record=missing,
        is_plan_known=recovery.is_plan_known or not is_retry,
        open_before=open_before,
    )


def _count_open(others: Sequence[Record], *, is_retry: bool) -> Counter[str]:
    """Count the ids that are not sent and that may still be running, by status."""
    # Those that an input leaves open belong to another list.
    found = Counter(record.status for record in others)
    counted = (
        status
        for status in Status
        if status is Status.REJECTED or (is_retry and status.is_retryable)
    )
    return Counter({status.value: found[status] for status in counted if found[status]})


def _count_not_paused(others: Sequence[Record]) -> int:
    return sum(
        record.status.is_settled and not record.status.is_paused for record in others
    )


def _end_without_run(prepared: Prepared, options: Options) -> ExitCode:
    """End a run whose ids are all done already, or of which nothing is known."""
    recovery = prepared.loaded.recovery
    totals = totals_of_plan(prepared.plan, recovery, options)
    log = options.log
    # A write-ahead log without its plan is all that counts the ids that it lost.
    if (
        log is not None
        and not recovery.not_on_record
        and write_ahead_path(log).exists()
    ):
        asyncio.run(_remove_write_ahead_log(log))
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
    display = display_for(options, result.run_id)
    display.handle(Notice("run.finished", result.as_dict(options)))
    display.close()
    print_result(result, options)
    return result.code


async def _remove_write_ahead_log(log: Path) -> None:
    """Remove the write-ahead log of a run that was killed after its last record."""
    async with Journal(log, resume=True, now=partial(datetime.now, UTC)):
        pass
