"""The commands that send: `run` an input, `retry` a log, and `undo` one."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause.accounts import Account, companies_of, log_of, make_log_folder
from bulkpause.api.credentials import Token
from bulkpause.cli.account_options import Part, endpoints_of, hosts_of
from bulkpause.cli.account_run import AccountRun
from bulkpause.cli.display import display_for, writes_lines
from bulkpause.cli.ending import DeclinedError, Ending
from bulkpause.cli.exit_codes import ExitCode, exit_of_totals, gravest
from bulkpause.cli.given_token import token_of
from bulkpause.cli.metrics_refresh import published
from bulkpause.cli.next_steps import NextSteps, steps_of_run
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, resume_command, retry_command, status_command
from bulkpause.cli.output import READER_S, hurry, stderr
from bulkpause.cli.preflight import Prepared, prepare, refuse_changed
from bulkpause.cli.question import confirm
from bulkpause.cli.result import RunResult, join_results, print_result
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
from bulkpause.fleet import Fleet
from bulkpause.journal.account_names import add_names
from bulkpause.journal.reader import exists, write_ahead_path
from bulkpause.journal.run_id import new_run_id
from bulkpause.journal.writer import Journal
from bulkpause.log_totals import totals_of_plan
from bulkpause.model import Record
from bulkpause.plan import Plan
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.monitor import Monitor
from bulkpause.report.totals import join_totals
from bulkpause.settings import find_proxy
from bulkpause.vocabulary import Action


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
    if prepared.parts:
        ending.metrics.endpoint = endpoints_of([one.options for one in prepared.parts])
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    token = None if options.accounts is not None else token_of(options, notices)
    # An invalid one is refused before the question.
    proxy = None if options.is_simulated else find_proxy(options.settings)
    if not prepared.plan.items and not prepared.plan.invalid_rows:
        return _end_without_run(prepared, options, notices, ending)
    if not confirm(prepared, options):
        raise DeclinedError
    refuse_changed(prepared)
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
    token: Token | None,
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
        result = _with_left_out(session.result(), prepared)
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
    """One run, from the opening of its logs to its result. Most have one log."""

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
        self._log = options.log or _default_log(run_id, options)
        self._notices = notices
        self._ending = ending
        self._run_id = run_id
        self._display = display
        self._options = options
        self._signals = RunSignals(SIGNALS, display, grace_s=options.grace_s)
        self._runs: dict[str | None, AccountRun] = {}
        self._fleet: Fleet | None = None

    async def pause(self, token: Token | None) -> None:
        """Open the logs, and pause what is left of the plan, until a signal comes.

        Args:
            token: The token of a run of one account.

        Raises:
            BulkpauseError: A log cannot be opened or used, or the campaigns are not
                those of the account; nothing was sent.
        """
        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(self._signals.handled())
                self._fleet = fleet = await self._open(stack, token)
                self._begin(fleet)
                # What is true of a signal that comes after the loop, whatever ends that.
                SIGNALS.outcome = _over(self._log)
                await self._pause_plan(fleet)
        except LogError:
            # The fleet keeps it, and the result says it.
            if self._fleet is None:
                raise

    async def _open(self, stack: AsyncExitStack, token: Token | None) -> Fleet:
        base_url = None
        if self._options.is_simulated:
            accounts = (part.account for part in self._prepared.parts)
            simulator = await stack.enter_async_context(
                _simulator(
                    self._options,
                    [account for account in accounts if account is not None],
                )
            )
            base_url = simulator.base_url
        if self._options.accounts is not None:
            make_log_folder(self._log)
            if self._prepared.lost:
                add_names(self._log, self._prepared.lost)
        for part in self._prepared.parts:
            self._runs[part.name] = self._run_of(part, token, base_url)
        fleet = Fleet(
            (run.pauser for run in self._runs.values()),
            guard_rails=self._options.guard_rails,
        )
        self._signals.attach(fleet)
        return await stack.enter_async_context(fleet)

    def _run_of(
        self, part: Part, token: Token | None, base_url: str | None
    ) -> AccountRun:
        account = part.account
        if account is not None:
            token = account.token
        if token is None:
            raise RuntimeError("a run of one account has no token")
        return AccountRun(
            part,
            token,
            log=self._log if account is None else log_of(self._log, account.name),
            # Request ids begin with it: those of two accounts differ.
            run_id=self._run_id if account is None else _new_run_id(part.options),
            base_url=base_url,
        )

    def _begin(self, fleet: Fleet) -> None:
        """Count anew what is left, now that no other run can change the logs."""
        runs = list(self._runs.values())
        sharing = runs[0].sharing if len(runs) == 1 else None
        if sharing is not None and (notice := note_of_others(sharing)) is not None:
            self._notices.add(notice)
        for warning in fleet.warnings:
            self._notices.warn(warning)
        for notice in self._notices.take():
            self._display.handle(notice)
        for run in self._runs.values():
            for notice in run.begin():
                self._display.handle(notice)
        self._display.handle(Notice("run.started", self._fields_of_start()))

    def _fields_of_start(self) -> dict[str, object]:
        options, runs = self._options, list(self._runs.values())
        fields: dict[str, object] = {
            "action": options.action,
            "ids": sum(len(run.plan.items) for run in runs),
            "host": hosts_of([part.options for part in self._prepared.parts]),
            "limits": [str(limit) for limit in options.settings.limits],
            "digest": self._prepared.digest,
            "log": str(self._log),
            **fields_of_start(options),
        }
        if options.accounts is not None:
            fields["accounts"] = len(runs)
        else:
            fields |= fields_of_sharing(runs[0].sharing)
        return fields

    async def _pause_plan(self, fleet: Fleet) -> None:
        plans = {
            name: run.plan
            for name, run in self._runs.items()
            if run.plan.items or run.plan.invalid_rows
        }
        if not plans:
            self._display.close()  # another run has done it all meanwhile
            return
        now = asyncio.get_running_loop().time
        ids = sum(len(plan.items) for plan in plans.values())
        monitor = Monitor(fleet, ids, self._display, now=now)
        # By the run: a row without an account is in the part of some account.
        runs = {run.run_id: run for run in self._runs.values()}
        metrics = published(
            self._ending.metrics,
            lambda: join_totals([run.seen for run in runs.values()]),
            self._ending.warn_of_metrics,
        )
        async with monitor.open(), metrics:
            # The result says why the run stopped.
            with suppress(TokenError, GuardRailError, StoppedError):
                async for record in self._records(fleet, plans):
                    runs[record.run_id or ""].seen.add(record)
                    monitor.add(record)

    def _records(
        self, fleet: Fleet, plans: Mapping[str | None, Plan]
    ) -> AsyncGenerator[Record, None]:
        if self._options.action is Action.RESUME:
            return fleet.undo(plans)
        return fleet.pause(plans)

    def result(self) -> RunResult:
        """Count the run's records as they are on the disk, and say how to carry on."""
        if self._fleet is None:
            raise RuntimeError("the run has not begun")
        errors = self._fleet.errors
        results = {
            name: run.result(
                error if isinstance(error := errors.get(name), LogError) else None
            )
            for name, run in self._runs.items()
        }
        results = _with_unseen(results, self._prepared)
        if self._options.accounts is None:
            return results[None]
        return _joined(results, self._log, self._run_id, self._prepared, self._options)


def _joined(
    results: Mapping[str | None, RunResult],
    folder: Path | None,
    run_id: str,
    prepared: Prepared,
    options: Options,
) -> RunResult:
    """Make one result of all accounts, of those included that the run was not of."""
    # Imported on use: most runs are of one account.
    from bulkpause.cli.beside_logs import (  # noqa: PLC0415
        results_beside,
        results_unseen,
    )

    beside = results_beside(folder, results.keys(), prepared.account_names, options)
    beside |= results_unseen(prepared.unseen, results.keys())
    return join_results(results, folder, run_id, options, beside)


def _with_unseen(
    results: dict[str | None, RunResult], prepared: Prepared
) -> dict[str | None, RunResult]:
    if not prepared.unseen:
        return results
    from bulkpause.cli.beside_logs import with_unseen  # noqa: PLC0415 (see above)

    return with_unseen(results, prepared.unseen)


def _with_left_out(result: RunResult, prepared: Prepared) -> RunResult:
    """Say of an undo that it was to resume more than the logs record as paused."""
    if prepared.left_out is None:
        return result
    code = gravest([result.code, ExitCode.SOME_NOT_PAUSABLE])
    return replace(result, code=code, doubt=result.doubt or prepared.left_out)


def _default_log(run_id: str, options: Options) -> Path:
    name = f"bulkpause-{run_id}"
    return Path(name if options.accounts is not None else f"{name}.jsonl")


def _new_run_id(options: Options) -> str:
    return new_run_id(datetime.now(UTC), options.named_settings.endpoint_name)


def _simulator(options: Options, accounts: Sequence[Account]) -> "Simulator":
    """Simulate the documented API with unknown window phases and some delay.

    Each simulator begins anew, so that of an undo begins with paused campaigns.

    Args:
        options: The options of the run.
        accounts: The accounts that its tokens belong to; empty for one account.
    """
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator  # noqa: PLC0415

    companies = companies_of(accounts)
    documented = Behaviour(latency_s=0.06, jitter_s=0.02, accounts=companies)
    if options.action is Action.RESUME:
        documented = replace(documented, default_status="paused")
    return Simulator(documented.with_random_phases(random.Random()))


def _end_without_run(
    prepared: Prepared, options: Options, notices: Notices, ending: Ending
) -> ExitCode:
    """End a run whose ids are all done already, or of which nothing is known."""
    parts = {part.name: _result_of_part(part) for part in prepared.parts}
    results = _with_unseen(parts, prepared)
    if (
        options.accounts is not None
        and options.log is not None
        and options.log.is_dir()
    ):
        # A run that sends nothing settles too which accounts the folder has.
        names = {part.name for part in prepared.parts if part.name}
        add_names(options.log, names | prepared.lost)
    result = (
        results[None]
        if options.accounts is None
        else _joined(results, options.log, _new_run_id(options), prepared, options)
    )
    if not result.totals.rows and result.totals.is_plan_known:
        result = replace(result, nothing=_nothing_text(options))
    result = _with_left_out(result, prepared)
    ending.metrics.totals = result.totals
    ending.display = display = display_for(options, result.run_id)
    for notice in notices.take():
        display.handle(notice)
    print_result(result, display, options)
    display.close()
    return result.code


def _nothing_text(options: Options) -> str:
    """Say why there is nothing to do."""
    if options.undone:
        logs = ", ".join(map(str, options.undone))
        return (
            f"{logs}: nothing is on record as paused by bulkpause, and what was paused "
            "before stays so; no log is written"
        )
    if options.is_retry:
        return f"{options.log}: no id is {', '.join(options.retried)}"
    return "no ids are in the input; no log is written"


def _result_of_part(part: Part) -> RunResult:
    """Give the result of a part of which nothing is to be sent."""
    recovery, options = part.loaded.recovery, part.options
    totals = totals_of_plan(
        part.plan, recovery, is_retry=options.is_retry, operation=options.operation
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
    return RunResult(
        totals=totals,
        code=exit_of_totals(totals),
        log=log if log is not None and exists(log) else None,
        run_id=_new_run_id(options),
        limits=options.settings.limits,
        steps=NextSteps()
        if log is None
        else steps_of_run(log, totals, options, age_s=age_s),
    )


async def _remove_write_ahead_log(log: Path) -> None:
    """Remove the write-ahead log of a run that was killed after its last record."""
    async with Journal(log, resume=True):
        pass
