"""The verbs that pause: `run` a file, and `retry` a log."""

import asyncio
import logging
import os
import random
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkpause import complaint
from bulkpause.credentials import Token, find_token
from bulkpause.ending import End, say_end
from bulkpause.errors import InputError, LogError, SettingsError
from bulkpause.exits import Exit, exit_of_run, exit_of_totals
from bulkpause.interrupts import Interrupts
from bulkpause.journal import Journal, Reading, read_log, read_run, write_ahead_path
from bulkpause.model import timestamp
from bulkpause.options import Options
from bulkpause.pauser import Pauser
from bulkpause.plan import Plan
from bulkpause.preview import (
    needed_s,
    plan_lines,
    plan_of_input,
    refuse_problems,
    refuse_surprise,
)
from bulkpause.progress import Face, clock
from bulkpause.recovery import Recovery
from bulkpause.run_id import check_same_run, new_run_id
from bulkpause.settings import BURST, STEADY
from bulkpause.summary import Totals, total
from bulkpause.view import View, face_for


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def run(options: Options) -> Exit:
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
        options.settings.find_proxy()  # what can not be used is refused beforehand
    if not found.items and not found.problems:
        return _end_at_once(totals, options)
    if not _is_confirmed(found, options):
        click.echo("nothing was sent", err=True)
        return Exit.UNFINISHED
    with asyncio.Runner() as runner:
        return runner.run(_pause(found, known, totals, token, options))


# Before anything is sent


def _earlier_runs(options: Options) -> Reading:
    log = options.log
    if log is None:
        return Reading(Recovery(), (None, None))
    there = [path for path in (log, write_ahead_path(log)) if os.path.lexists(path)]
    if there and not options.is_resumed:
        raise SettingsError(
            f"{there[0]} exists; a log is never overwritten: go on with --resume, or "
            "name another with --log; nothing was sent"
        )
    if not there and options.input is None:
        raise InputError(f"{log} does not exist; nothing was sent")
    known = read_log(log)
    check_same_run(known.recovery, options.named, log)
    return known


def _plan_of_log(options: Options, recovery: Recovery) -> Plan:
    items = tuple(recovery.unfinished.values())
    found = Plan(rows=len(items), items=items, problems=(), duplicate=0, already_done=0)
    # A retry that was cut off meant the ids that are open now: its digest says so.
    if not recovery.is_plan_whole and found.digest != recovery.headers[-1].digest:
        raise LogError(
            f"{options.log}: the run was cut off before its plan was on the disk, and "
            "before anything was sent; go on with `bulkpause run INPUT --resume`"
        )
    return found


def _token(options: Options) -> Token:
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    return token


def _is_confirmed(found: Plan, options: Options) -> bool:
    """Ask once, on a terminal; elsewhere it must have been said before."""
    if options.is_confirmed or not found.items:
        return True
    count = len(found.items)
    campaigns = "1 campaign" if count == 1 else f"{count} campaigns"
    # A process may be started without a standard input.
    if sys.stdin is None or not sys.stdin.isatty() or options.input == "-":
        raise click.UsageError(
            f"{campaigns} would be paused on {options.host}, and nobody can be asked "
            f"here; add --yes: {complaint.with_yes(sys.argv[1:])}"
        )
    for line in plan_lines(found, options):
        click.echo(line, err=True)
    needed = clock(needed_s(found, options))
    question = f"Pause {campaigns} on {options.host}, in about {needed}?"
    return click.confirm(question, err=True)


# The run


async def _pause(
    found: Plan, known: Reading, totals: Totals, token: Token, options: Options
) -> Exit:
    settings = options.named
    run_id = new_run_id(datetime.now(UTC), settings)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    face = face_for(options, run_id)
    interrupts = Interrupts(face)
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
                face.note("log.mended", state=warning)
                face.say(f"warning: {warning}")
            face.note("run.started", **_beginning(found, log, options))
            totals.since = timestamp(datetime.now(UTC))
            with suppress(asyncio.CancelledError):  # how a second signal ends it
                # A task of its own, so that what is left is still put in order.
                interrupts.task = asyncio.create_task(_carry(found, pauser, face))
                await interrupts.task
        _add_up(totals, log, run_id)
        code = interrupts.exit_code or exit_of_run(totals, pauser.stopped)
        end = End(totals, code, log, run_id, pauser.stopped)
        face.note("run.finished", **end.as_dict(options))
        say_end(end, options)
    return code


async def _carry(found: Plan, pauser: Pauser, face: Face) -> None:
    now = asyncio.get_running_loop().time
    view = View(pauser, len(found.items), face, now=now)
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
    """Ask for the documented limits, at a phase that nobody knows, and some delay."""
    # Imported where it is asked for: it is a server, and half of aiohttp.
    from bulkpause.simulator import Behaviour, Simulator, Window  # noqa: PLC0415

    windows = tuple(
        Window(
            limit=limit.requests,
            period_s=limit.period_s,
            phase_s=random.uniform(0, limit.period_s),
        )
        for limit in (BURST, STEADY)
    )
    return Simulator(Behaviour(windows=windows, latency_s=0.06, jitter_s=0.02))


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


def _end_at_once(totals: Totals, options: Options) -> Exit:
    """End a run that has nothing to do: everything was done before."""
    if options.log is not None and write_ahead_path(options.log).exists():
        asyncio.run(_tidy(options.log))
    code = exit_of_totals(totals)
    run_id = new_run_id(datetime.now(UTC), options.named)
    end = End(totals, code, options.log, run_id)
    face = face_for(options, run_id)
    face.note("run.finished", **end.as_dict(options))
    face.close()
    say_end(end, options)
    return code
