"""The verbs that pause: `run` a file, and `retry` a log."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from bulkpause import logs, report
from bulkpause.credentials import Token, find_token
from bulkpause.errors import LogError, SettingsError
from bulkpause.estimate import time_needed_s
from bulkpause.exits import Exit, exit_of_stop, exit_of_totals
from bulkpause.journal import read_recovery, records_of, write_ahead_path
from bulkpause.options import Options
from bulkpause.pauser import Pauser, check_same_run, new_run_id
from bulkpause.plan import Plan
from bulkpause.preview import (
    plan_lines,
    plan_of_input,
    refuse_problems,
    refuse_surprise,
)
from bulkpause.progress import Face, Lines, Nothing, Snapshot, Tally, clock, watch
from bulkpause.recovery import Recovery
from bulkpause.settings import BURST, STEADY
from bulkpause.simulator import Behaviour, Simulator, Window
from bulkpause.summary import Totals, total


_SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


def run(options: Options) -> Exit:
    """Check everything, ask, pause, sum up.

    Raises:
        BulkpauseError: Nothing was sent, or the log failed on the way.
    """
    recovery = _earlier_runs(options)
    if options.input is None:
        found = _plan_of_log(options, recovery)
    else:
        found = plan_of_input(options, recovery)
        refuse_problems(found, options)
    refuse_surprise(found, options)
    token = _token(options)
    if not found.items:
        totals = Totals(found.rows, found.duplicate, found.already_done)
        click.echo(totals.identity())
        return exit_of_totals(totals)
    _confirm(found, options)
    with asyncio.Runner() as runner:
        return runner.run(_pause(found, token, options))


# Before anything is sent


def _earlier_runs(options: Options) -> Recovery:
    log = options.log
    if log is None:
        return Recovery()
    there = [path for path in (log, write_ahead_path(log)) if os.path.lexists(path)]
    if there and not options.is_resumed:
        raise SettingsError(
            f"{there[0]} exists; a log is never overwritten: go on with --resume, or "
            "name another with --log; nothing was sent"
        )
    if not there and options.input is None:
        raise LogError(f"{log} does not exist; nothing was sent")
    recovery = read_recovery(log)
    check_same_run(recovery, options.named, log)
    return recovery


def _plan_of_log(options: Options, recovery: Recovery) -> Plan:
    if not recovery.is_plan_whole:
        raise LogError(
            f"{options.log}: the run was cut off before its plan was on the disk, and "
            "before anything was sent; go on with `bulkpause run INPUT --resume`"
        )
    items = tuple(recovery.unfinished.values())
    rows = len(items)
    return Plan(rows=rows, items=items, problems=(), duplicate=0, already_done=0)


def _token(options: Options) -> Token:
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    return token


def _confirm(found: Plan, options: Options) -> None:
    """Ask once, on a terminal; elsewhere it must have been said before."""
    if options.is_confirmed:
        return
    count = len(found.items)
    campaigns = "1 campaign" if count == 1 else f"{count} campaigns"
    if not sys.stdin.isatty() or options.input == "-":
        again = " ".join(["bulkpause", *sys.argv[1:], "--yes"])
        raise click.UsageError(
            f"{campaigns} would be paused on {options.host}, and nobody can be asked "
            f"here: {again}"
        )
    for line in plan_lines(found, options):
        click.echo(line, err=True)
    needed = clock(time_needed_s(count, options.settings.limits))
    question = f"Pause {campaigns} on {options.host}, in at most {needed}?"
    if not click.confirm(question, err=True):
        raise click.Abort


# The run


async def _pause(found: Plan, token: Token, options: Options) -> Exit:
    settings = options.named
    run_id = new_run_id(datetime.now(UTC), settings)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    async with AsyncExitStack() as stack:
        if options.is_simulated:
            simulator = await stack.enter_async_context(Simulator(_documented_api()))
            settings = replace(settings, base_url=simulator.base_url)
        pauser = Pauser(
            token,
            settings,
            log=log,
            is_resumed=options.is_resumed,
            guards=options.guards,
            run_id=run_id,
        )
        received = _stop_on_signals(pauser, stack)
        await stack.enter_async_context(pauser)
        for warning in pauser.warnings:
            click.echo(f"warning: {warning}", err=True)
        with suppress(asyncio.CancelledError):  # how a second signal ends it
            await _carry(found, pauser, options)
    totals = _totals_from_log(found, log, run_id)
    code = _exit_of(pauser, totals, received)
    _sum_up(totals, code, pauser, log, options)
    return code


async def _carry(found: Plan, pauser: Pauser, options: Options) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally(len(found.items))

    def snapshot() -> Snapshot:
        waiting, now = pauser.gate.waiting, loop.time()
        until = None if waiting is None else waiting.until
        left = len(found.items) - sum(tally.by_status.values())
        return Snapshot(
            total=tally.total,
            by_status=dict(tally.by_status),
            in_flight=pauser.gate.in_flight,
            rate_per_s=tally.rate_per_s(now),
            left_s=pauser.gate.time_left_s(left),
            waits_for=None if waiting is None else waiting.reason,
            waits_s=None if until is None else max(0.0, until - now),
            failures=tuple(tally.failures),
        )

    watching = asyncio.create_task(watch(snapshot, _face(options, pauser.run_id)))
    try:
        async for record in pauser.pause([*found.problems, *found.items]):
            if record.id is not None:
                tally.add(record, loop.time())
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _face(options: Options, run_id: str) -> Face:
    kind = options.progress
    if kind == "auto":
        can_draw = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        kind = "bar" if can_draw else "lines"
    if kind == "bar":
        # Imported where something is drawn: a scheduled job never pays for it.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.bar import Bar  # noqa: PLC0415

        return Bar(Console(stderr=True))
    if kind == "lines":
        return Lines(logs.configure(options.log_level, run_id))
    return Nothing()


def _documented_api() -> Behaviour:
    """Ask for the documented limits, at a phase that nobody knows, and some delay."""
    windows = tuple(
        Window(
            limit=limit.requests,
            period_s=limit.period_s,
            phase_s=random.uniform(0, limit.period_s),
        )
        for limit in (BURST, STEADY)
    )
    return Behaviour(windows=windows, latency_s=0.06, jitter_s=0.02)


def _stop_on_signals(pauser: Pauser, stack: AsyncExitStack) -> list[signal.Signals]:
    """Let the first signal end the run in order, and the second at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    received: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            pauser.stop(number.name)
            waits = "waiting for the requests in flight; a second one leaves at once"
            click.echo(f"{number.name}: {waits}", err=True)
        elif task is not None:
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
        stack.callback(loop.remove_signal_handler, number)
    return received


# After the run


def _totals_from_log(found: Plan, log: Path, run_id: str) -> Totals:
    """Count from the input and the log, and from nothing else."""
    totals = Totals(found.rows, found.duplicate, found.already_done)
    total(records_of(log, run_id), totals)
    if totals.not_attempted < 0:
        raise RuntimeError(f"the log holds more records than rows: {totals.identity()}")
    return totals


def _exit_of(
    pauser: Pauser, totals: Totals, received: Sequence[signal.Signals]
) -> Exit:
    if received:
        return _SIGNALS[received[0]]
    if pauser.stopped is None:
        return exit_of_totals(totals)
    return exit_of_stop(pauser.stopped, totals)


def _sum_up(
    totals: Totals, code: Exit, pauser: Pauser, log: Path, options: Options
) -> None:
    command = None
    if totals.is_unfinished:
        command = report.retry_command(
            log, options.settings, is_simulated=options.is_simulated
        )
    if options.is_json:
        stopped = pauser.stopped
        summary = totals.as_dict() | {
            "run_id": pauser.run_id,
            "log": str(log),
            "exit_code": code,
            "stopped": None if stopped is None else stopped.reason,
            "next": command,
        }
        click.echo(orjson.dumps(summary))
        return
    for line in report.end_of_run(totals, options.settings.limits):
        click.echo(line)
    if pauser.stopped is not None:
        click.echo(f"stopped: {pauser.stopped.reason}", err=True)
    click.echo(f"log: {log}", err=True)
    if command is not None:
        click.echo(f"go on with: {command}", err=True)
