"""The verbs that pause: `run` a file, and `retry` a log."""

import asyncio
import logging
import os
import random
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import orjson

from bulkpause.api.credentials import Token
from bulkpause.cli.display import display_for, writes_lines
from bulkpause.cli.exit_codes import ExitCode, exit_of_run, exit_of_totals
from bulkpause.cli.options import Options, retry_command
from bulkpause.cli.preflight import (
    _earlier_runs,
    _is_confirmed,
    _plan_of_log,
    _token,
    plan_of_input,
    refuse_problems,
    refuse_surprise,
)
from bulkpause.cli.signals import SignalHandler
from bulkpause.journal.reader import LoadedLog, read_run, write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import new_run_id
from bulkpause.journal.writer import Journal
from bulkpause.model import StopReason, timestamp
from bulkpause.pauser import Pauser
from bulkpause.plan import Plan
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.monitor import Monitor
from bulkpause.report import text as report
from bulkpause.report.totals import Totals, total


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def run(options: Options) -> ExitCode:
    """Check everything, ask, pause, sum up.

    Raises:
        BulkpauseError: Nothing was sent, or the log failed on the way.
    """
    known = _earlier_runs(options)
    recovery = known.recovery
    if options.input is None:
        found = _plan_of_log(options, recovery)
    else:
        found = plan_of_input(options, recovery)
        refuse_problems(found, options)
    refuse_surprise(found, options)
    totals = _rows_of(found, recovery, options)
    # What libraries log goes nowhere: they tell of errors with all that these hold.
    logging.getLogger().addHandler(logging.NullHandler())
    token = _token(options)
    if not options.is_simulated:
        options.settings.find_proxy()  # what cannot be used is refused beforehand
    if not found.items and not found.problems:
        return _end_at_once(totals, options)
    if not _is_confirmed(found, options):
        click.echo("nothing was sent", err=True)
        return ExitCode.UNFINISHED
    with asyncio.Runner() as runner:
        return runner.run(_pause(found, known, totals, token, options))


# Before anything is sent


# The run


async def _pause(
    found: Plan, known: LoadedLog, totals: Totals, token: Token, options: Options
) -> ExitCode:
    settings = options.named
    run_id = new_run_id(datetime.now(UTC), settings.endpoint_name)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    display = display_for(options, run_id)
    interrupts = SignalHandler(display)
    with interrupts.handled():
        async with AsyncExitStack() as stack:
            if options.is_simulated:
                simulator = await stack.enter_async_context(_documented_api())
                settings = replace(settings, base_url=simulator.base_url, proxy=None)
            pauser = Pauser(
                token,
                settings,
                log=log,
                is_resumed=options.is_resumed,
                guards=options.guards,
                run_id=run_id,
                known=known,
            )
            interrupts.stop(pauser)
            await stack.enter_async_context(pauser)
            for warning in pauser.warnings:
                fields = {"state": warning}
                text = f"warning: {warning}"
                display.handle(Notice("log.mended", fields, text))
            display.handle(Notice("run.started", _beginning(found, log, options)))
            totals.since = timestamp(datetime.now(UTC))
            with suppress(asyncio.CancelledError):  # how a second signal ends it
                # A task of its own, so that what is left is still put in order.
                interrupts.task = asyncio.create_task(_carry(found, pauser, display))
                await interrupts.task
        _add_up(totals, log, run_id)
        code = interrupts.exit_code or exit_of_run(totals, pauser.stopped)
        end = RunResult(totals, code, log, run_id, pauser.stopped)
        display.handle(Notice("run.finished", end.as_dict(options)))
        say_end(end, options)
    return code


async def _carry(found: Plan, pauser: Pauser, display: Display) -> None:
    now = asyncio.get_running_loop().time
    view = Monitor(pauser, len(found.items), display, now=now)
    async with view.open():
        async for record in pauser.pause([*found.problems, *found.items]):
            view.add(record)


def _beginning(found: Plan, log: Path, options: Options) -> dict[str, object]:
    return {
        "ids": len(found.items),
        "host": options.host,
        "limits": [str(limit) for limit in options.settings.limits],
        "digest": found.digest,
        "log": str(log),
    }


def _documented_api() -> "Simulator":
    """Simulate the documented API with unknown window phases and some delay."""
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator  # noqa: PLC0415

    documented = Behaviour(latency_s=0.06, jitter_s=0.02)
    return Simulator(documented.with_random_phases(random.Random()))


# After the run


def _rows_of(found: Plan, recovery: Recovery, options: Options) -> Totals:
    # An input is read anew, with its rows that hold no usable id.
    invalid = recovery.invalid if options.input is None else ()
    return Totals(
        rows=found.rows,
        duplicate=found.duplicate,
        already_done=found.already_done,
        not_paused_before=recovery.not_pausable + len(invalid),
    )


async def _tidy(log: Path) -> None:
    """Remove the write-ahead file that a run has left which was killed at its end."""
    async with Journal(log, is_resumed=True, now=partial(datetime.now, UTC)):
        pass


def _add_up(totals: Totals, log: Path, run_id: str) -> None:
    """Add the run up, from the input and the log and from nothing else."""
    total(read_run(log, run_id), totals)
    if totals.not_attempted < 0:
        accounts = totals.identity()
        raise RuntimeError(f"the log holds more records than rows: {accounts}")


def _end_at_once(totals: Totals, options: Options) -> ExitCode:
    """End a run that has nothing to do: everything was done before."""
    if options.log is not None and write_ahead_path(options.log).exists():
        asyncio.run(_tidy(options.log))
    code = exit_of_totals(totals)
    run_id = new_run_id(datetime.now(UTC), options.named.endpoint_name)
    end = RunResult(totals, code, options.log, run_id)
    display = display_for(options, run_id)
    display.handle(Notice("run.finished", end.as_dict(options)))
    display.close()
    say_end(end, options)
    return code


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. Without a log there was nothing to do."""

    totals: Totals
    code: ExitCode
    log: Path | None
    run_id: str
    stopped: StopReason | None = None

    def command(self, options: Options) -> str | None:
        """Give the command that goes on with what is left, if something is."""
        if self.log is None or not self.totals.is_unfinished:
            return None
        return retry_command(
            self.log,
            options.settings,
            is_simulated=options.is_simulated,
            is_confirmed=options.is_confirmed,
            token_file=options.token_file,
        )

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give all of it under names that JSON can carry."""
        return report.as_object(self.totals, options.settings.limits) | {
            "run_id": self.run_id,
            "log": None if self.log is None else str(self.log),
            "exit_code": self.code,
            "stopped": None if self.stopped is None else self.stopped.detail,
            "next": self.command(options),
        }


def say_end(end: RunResult, options: Options) -> None:
    """Say how the run ended. It is over and on record, whether or not this is read."""
    text = "\n".join(report.summary_lines(end.totals, options.settings.limits))
    if options.is_json:
        text = orjson.dumps(end.as_dict(options)).decode()
    try:
        click.echo(text)
    except OSError as error:
        _leave(sys.stdout)
        _tell(f"warning: the totals were not written: {error.strerror}")
    if options.is_json or writes_lines(options) or end.log is None:
        return
    command = end.command(options)
    for line in report.closing_lines(end.totals, end.stopped, end.log, command):
        _tell(line)


def _tell(text: str) -> None:
    """Write to standard error, if somebody reads it."""
    try:
        click.echo(text, err=True)
    except OSError:
        _leave(sys.stderr)


def _leave(stream: TextIO) -> None:
    """Keep the interpreter from writing again, at its end, what could not be written."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
