"""The commands that pause: `run` an input, and `retry` a log."""

import asyncio
import logging
import random
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkpause.api.credentials import Token
from bulkpause.cli.display import display_for
from bulkpause.cli.exit_codes import ExitCode, exit_of_run, exit_of_totals
from bulkpause.cli.options import Options
from bulkpause.cli.preflight import confirm, load_log, make_run_plan, token_of
from bulkpause.cli.result import RunResult, print_result
from bulkpause.cli.signals import SignalHandler
from bulkpause.journal.reader import LoadedLog, read_run, write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import new_run_id
from bulkpause.journal.writer import Journal
from bulkpause.model import timestamp
from bulkpause.pauser import Pauser, reuse_loaded_log
from bulkpause.plan import Plan
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.monitor import Monitor
from bulkpause.report.totals import Totals, add_all
from bulkpause.settings import find_proxy


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def run(options: Options) -> ExitCode:
    """Check everything, ask, pause, and print the summary.

    Raises:
        BulkpauseError: Nothing was sent, or the log failed during the run.
    """
    loaded = load_log(options)
    plan = make_run_plan(options, loaded.recovery)
    totals = _totals_of_plan(plan, loaded.recovery, options)
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    token = token_of(options)
    if not options.is_simulated:
        find_proxy(options.settings)  # an invalid one is refused before the question
    if not plan.items and not plan.invalid_rows:
        return _end_without_run(totals, options)
    if not confirm(plan, options):
        click.echo("nothing was sent", err=True)
        return ExitCode.USAGE
    with asyncio.Runner() as runner:
        return runner.run(_pause(plan, loaded, totals, token, options))


async def _pause(
    plan: Plan, loaded: LoadedLog, totals: Totals, token: Token, options: Options
) -> ExitCode:
    settings = options.named_settings
    run_id = _new_run_id(options)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    display = display_for(options, run_id)
    signals = SignalHandler(display)
    with signals.handled():
        async with AsyncExitStack() as stack:
            if options.is_simulated:
                simulator = await stack.enter_async_context(_simulator())
                settings = replace(settings, base_url=simulator.base_url, proxy=None)
            pauser = Pauser(
                token,
                settings,
                log=log,
                resume=options.resume,
                guard_rails=options.guard_rails,
                run_id=run_id,
            )
            reuse_loaded_log(pauser, loaded)
            signals.attach(pauser)
            await stack.enter_async_context(pauser)
            for warning in pauser.warnings:
                text = f"warning: {warning}"
                display.handle(Notice("log.mended", {"state": warning}, text))
            start = _fields_of_start(plan, log, options)
            display.handle(Notice("run.started", start))
            totals.since = timestamp(datetime.now(UTC))
            with suppress(asyncio.CancelledError):  # by the second signal
                # A task of its own: the log is still closed in order after it.
                signals.task = asyncio.create_task(_pause_plan(plan, pauser, display))
                await signals.task
        _add_records(totals, log, run_id)
        code = signals.exit_code or exit_of_run(totals, pauser.stopped)
        result = RunResult(totals, code, log, run_id, pauser.stopped)
        display.handle(Notice("run.finished", result.as_dict(options)))
        print_result(result, options)
    return code


async def _pause_plan(plan: Plan, pauser: Pauser, display: Display) -> None:
    now = asyncio.get_running_loop().time
    monitor = Monitor(pauser, len(plan.items), display, now=now)
    async with monitor.open():
        async for record in pauser.pause(plan):
            monitor.add(record)


def _new_run_id(options: Options) -> str:
    return new_run_id(datetime.now(UTC), options.named_settings.endpoint_name)


def _fields_of_start(plan: Plan, log: Path, options: Options) -> dict[str, object]:
    return {
        "ids": len(plan.items),
        "host": options.host,
        "limits": [str(limit) for limit in options.settings.limits],
        "digest": plan.digest,
        "log": str(log),
    }


def _simulator() -> "Simulator":
    """Simulate the documented API with unknown window phases and some delay."""
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator  # noqa: PLC0415

    documented = Behaviour(latency_s=0.06, jitter_s=0.02)
    return Simulator(documented.with_random_phases(random.Random()))


def _totals_of_plan(plan: Plan, recovery: Recovery, options: Options) -> Totals:
    # An input is read again with its invalid rows; a log to retry records them.
    invalid = recovery.invalid if options.input is None else ()
    return Totals(
        rows=plan.rows,
        duplicate=plan.duplicate,
        already_done=plan.already_done,
        not_paused_before=recovery.not_pausable + len(invalid),
    )


def _add_records(totals: Totals, log: Path, run_id: str) -> None:
    """Count the run's records as they are on the disk, and from nothing else."""
    add_all(read_run(log, run_id), totals)
    if totals.not_attempted < 0:
        sum_of_counts = totals.counts_as_sum()
        raise RuntimeError(f"the log holds more records than rows: {sum_of_counts}")


def _end_without_run(totals: Totals, options: Options) -> ExitCode:
    """End a run whose ids are all done already."""
    if options.log is not None and write_ahead_path(options.log).exists():
        asyncio.run(_remove_write_ahead_log(options.log))
    code, run_id = exit_of_totals(totals), _new_run_id(options)
    result = RunResult(totals, code, options.log, run_id)
    display = display_for(options, run_id)
    display.handle(Notice("run.finished", result.as_dict(options)))
    display.close()
    print_result(result, options)
    return code


async def _remove_write_ahead_log(log: Path) -> None:
    """Remove the write-ahead log of a run that was killed after its last record."""
    async with Journal(log, resume=True, now=partial(datetime.now, UTC)):
        pass
