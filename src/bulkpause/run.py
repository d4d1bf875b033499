"""The verb `run`: from a file to an exit code."""

import asyncio
import os
import random
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bulkpause.errors import InputError
from bulkpause.exits import Exit, exit_of_stop, exit_of_totals
from bulkpause.input_file import opened
from bulkpause.model import Problem
from bulkpause.pauser import Pauser, new_run_id
from bulkpause.plan import Plan, make_plan
from bulkpause.settings import BURST, STEADY, Settings
from bulkpause.simulator import Behaviour, Simulator, Window
from bulkpause.source import Layout, read
from bulkpause.summary import Totals
from bulkpause.token import Token, find_token


#: So many row problems are shown; the others are counted.
MOST_PROBLEMS_SHOWN = 20
_SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for."""

    input: str
    layout: Layout
    settings: Settings
    log: Path | None
    token_file: Path | None
    is_confirmed: bool
    is_simulated: bool
    skips_invalid: bool


def run(options: RunOptions) -> Exit:
    """Check everything, ask, pause, sum up.

    Raises:
        BulkpauseError: Nothing was sent, or the log failed on the way.
    """
    plan = _checked_plan(options)
    token = _token(options)
    if not options.is_confirmed and not _confirms(plan, options):
        click.echo("nothing was sent", err=True)
        return Exit.UNFINISHED
    with asyncio.Runner() as runner:
        return runner.run(_pause(plan, token, options))


def _checked_plan(options: RunOptions) -> Plan:
    with opened(options.input) as lines:
        source = read(lines, name=options.input, layout=options.layout)
        plan = make_plan(source.rows)
    if plan.rows == 0:
        raise InputError(f"{options.input}: it holds no ids; nothing was sent")
    if plan.problems:
        _show_problems(options.input, plan.problems)
        if not options.skips_invalid:
            count = len(plan.problems)
            what = "row holds" if count == 1 else "rows hold"
            raise InputError(
                f"{options.input}: {count} {what} no usable id; nothing was sent; "
                "mend the file, or leave these rows out with --skip-invalid"
            )
    return plan


def _show_problems(name: str, problems: tuple[Problem, ...]) -> None:
    for problem in problems[:MOST_PROBLEMS_SHOWN]:
        click.echo(f"{name}: {problem}", err=True)
    if (hidden := len(problems) - MOST_PROBLEMS_SHOWN) > 0:
        click.echo(f"{name}: and {hidden} more", err=True)


def _token(options: RunOptions) -> Token:
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    return token


def _confirms(plan: Plan, options: RunOptions) -> bool:
    host = "the simulator" if options.is_simulated else options.settings.endpoint.host
    count = len(plan.items)
    campaigns = "1 campaign" if count == 1 else f"{count} campaigns"
    if not sys.stdin.isatty() or options.input == "-":
        raise click.UsageError(
            f"{campaigns} would be paused on {host}: add --yes, since nobody can be "
            "asked here"
        )
    return click.confirm(f"Pause {campaigns} on {host}?", err=True)


async def _pause(plan: Plan, token: Token, options: RunOptions) -> Exit:
    run_id = new_run_id(datetime.now(UTC))
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    totals = Totals(rows=plan.rows, duplicate=plan.duplicate)
    async with AsyncExitStack() as stack:
        settings = options.settings
        if options.is_simulated:
            simulator = await stack.enter_async_context(Simulator(_documented_api()))
            settings = replace(settings, base_url=simulator.base_url)
        pauser = Pauser(token, settings, log=log, run_id=run_id)
        received = _stop_on_signals(pauser, stack)
        await stack.enter_async_context(pauser)
        async for record in pauser.pause([*plan.problems, *plan.items]):
            totals.add(record)
    click.echo(f"log: {log}", err=True)
    click.echo(totals.identity())
    if pauser.stopped is None:
        return exit_of_totals(totals)
    click.echo(f"stopped: {pauser.stopped.reason}", err=True)
    if received:
        return _SIGNALS[received[0]]
    return exit_of_stop(pauser.stopped, totals)


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
            pauser.stop(f"{number.name}; a second one leaves at once")
        elif task is not None:
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
        stack.callback(loop.remove_signal_handler, number)
    return received
