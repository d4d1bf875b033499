"""The verbs that pause: `run` a file, and `retry` a log."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import orjson

from bulkpause import complaint, report
from bulkpause.credentials import Token, find_token
from bulkpause.errors import InputError, LogError, SettingsError
from bulkpause.exits import Exit, exit_of_stop, exit_of_totals
from bulkpause.journal import read_recovery, read_run, write_ahead_path
from bulkpause.model import Stopped, timestamp
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
from bulkpause.view import View, face_for, writes_lines


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


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
    totals = _rows_of(found, recovery, options)
    token = _token(options)
    if not options.is_simulated:
        options.settings.find_proxy()  # what can not be used is refused beforehand
    if not found.items and not found.problems:
        return _end_at_once(totals, options)
    if not _is_confirmed(found, options):
        click.echo("nothing was sent", err=True)
        return Exit.UNFINISHED
    with asyncio.Runner() as runner:
        return runner.run(_pause(found, totals, token, options))


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
        raise InputError(f"{log} does not exist; nothing was sent")
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


class _Signals:
    """Lets the first signal end a run in order, the second at once, others nothing."""

    def __init__(self, face: Face) -> None:
        self.received: list[signal.Signals] = []
        self._face = face
        self.task: asyncio.Task[None] | None = None
        self._pauser: Pauser | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._take, number)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def stop(self, pauser: Pauser) -> None:
        """Let signals stop this, also one that came before."""
        self._pauser = pauser
        if self.received:
            pauser.stop(self.received[0].name)

    def _take(self, number: signal.Signals) -> None:
        self.received.append(number)
        if len(self.received) == 1:
            if self._pauser is not None:
                self._pauser.stop(number.name)
            waits = "waiting for the requests in flight; a second one leaves at once"
            self._face.note("run.interrupted", signal=number.name, state=waits)
            self._face.say(f"{number.name}: {waits}")
        elif self.task is not None:
            self.task.cancel()


async def _pause(found: Plan, totals: Totals, token: Token, options: Options) -> Exit:
    settings = options.named
    run_id = new_run_id(datetime.now(UTC), settings)
    log = options.log or Path(f"bulkpause-{run_id}.jsonl")
    face = face_for(options, run_id)
    signals = _Signals(face)
    with signals.handled():
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
            )
            signals.stop(pauser)
            await stack.enter_async_context(pauser)
            for warning in pauser.warnings:
                face.note("log.mended", state=warning)
                face.say(f"warning: {warning}")
            face.note("run.started", **_beginning(found, log, options))
            totals.since = timestamp(datetime.now(UTC))
            with suppress(asyncio.CancelledError):  # how a second signal ends it
                # A task of its own, so that what is left is still put in order.
                signals.task = asyncio.create_task(_carry(found, pauser, face))
                await signals.task
        # From the input and the log, and from nothing else.
        total(read_run(log, run_id), totals)
        if totals.not_attempted < 0:
            accounts = totals.identity()
            raise RuntimeError(f"the log holds more records than rows: {accounts}")
        code = _exit_of(pauser, totals, signals.received)
        end = _End(totals, code, log, run_id, pauser.stopped)
        face.note("run.finished", **end.as_dict(options))
        _say_end(end, options)
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


def _exit_of(
    pauser: Pauser, totals: Totals, received: Sequence[signal.Signals]
) -> Exit:
    if received:
        return _SIGNALS[received[0]]
    if pauser.stopped is None:
        return exit_of_totals(totals)
    return exit_of_stop(pauser.stopped, totals)


def _end_at_once(totals: Totals, options: Options) -> Exit:
    """End a run that has nothing to do: everything was done before."""
    code = exit_of_totals(totals)
    run_id = new_run_id(datetime.now(UTC), options.named)
    end = _End(totals, code, options.log, run_id)
    face = face_for(options, run_id)
    face.note("run.finished", **end.as_dict(options))
    face.close()
    _say_end(end, options)
    return code


@dataclass(frozen=True, slots=True)
class _End:
    """How a run ended. Without a log there was nothing to do."""

    totals: Totals
    code: Exit
    log: Path | None
    run_id: str
    stopped: Stopped | None = None

    def command(self, options: Options) -> str | None:
        if self.log is None or not self.totals.is_unfinished:
            return None
        return report.retry_command(
            self.log,
            options.settings,
            is_simulated=options.is_simulated,
            is_confirmed=options.is_confirmed,
            token_file=options.token_file,
        )

    def as_dict(self, options: Options) -> dict[str, object]:
        return report.as_object(self.totals, options.settings.limits) | {
            "run_id": self.run_id,
            "log": None if self.log is None else str(self.log),
            "exit_code": self.code,
            "stopped": None if self.stopped is None else self.stopped.reason,
            "next": self.command(options),
        }


def _say_end(end: _End, options: Options) -> None:
    """Say how the run ended. It is over and on record, whether or not this is read."""
    text = "\n".join(report.end_of_run(end.totals, options.settings.limits))
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
    for line in report.closing(end.totals, end.stopped, end.log, command):
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
