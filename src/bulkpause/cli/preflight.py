"""What is checked, shown and asked before anything is sent."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bulkpause._text import format_count, format_duration
from bulkpause.api.credentials import Token, find_token
from bulkpause.cli import hints as complaint
from bulkpause.cli.options import Options
from bulkpause.engine.policy import Verify
from bulkpause.errors import GuardRailError, InputError, LogError, SettingsError
from bulkpause.inputs.files import open_lines
from bulkpause.inputs.ordering import ordered
from bulkpause.inputs.reader import read
from bulkpause.journal.reader import LoadedLog, read_log, write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_same_run
from bulkpause.model import InvalidRow
from bulkpause.plan import Plan, make_plan
from bulkpause.ratelimit.estimate import time_needed_s


if TYPE_CHECKING:
    pass


def _earlier_runs(options: Options) -> LoadedLog:
    log = options.log
    if log is None:
        return LoadedLog(Recovery(), (None, None))
    there = [path for path in (log, write_ahead_path(log)) if os.path.lexists(path)]
    if there and not options.is_resumed:
        raise SettingsError(
            f"{there[0]} exists; a log is never overwritten: go on with --resume, or "
            "name another with --log; nothing was sent"
        )
    if not there and options.input is None:
        raise InputError(f"{log} does not exist; nothing was sent")
    known = read_log(log)
    check_same_run(known.recovery, options.named.endpoint_name, log)
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
    needed = format_duration(needed_s(found, options))
    question = f"Pause {campaigns} on {options.host}, in about {needed}?"
    return click.confirm(question, err=True)


#: So many row problems are shown; the others are counted.
MOST_PROBLEMS_SHOWN = 20


#: So many ids are shown from each end of a plan.
IDS_SHOWN = 3


def plan_of_input(options: Options, recovery: Recovery) -> Plan:
    name = options.input_name
    with open_lines(str(options.input)) as lines:
        layout = options.layout
        if options.order is not None:
            layout = replace(layout, sort_column=options.order.column)
        found = make_plan(read(lines, name=name, layout=layout), done=recovery.settled)
    if found.rows == 0:
        raise InputError(f"{name}: it holds no rows; fill in the ids to pause")
    if options.order is not None:
        found = replace(found, items=tuple(ordered(found.items, options.order)))
    _say_if_other_input(found, recovery)
    return found


def _say_if_other_input(found: Plan, recovery: Recovery) -> None:
    before = set(recovery.planned) - recovery.settled
    missing = before.difference(item.id for item in found.items)
    if missing:
        click.echo(
            f"warning: the input is another one: {len(missing)} ids that the log was "
            "to pause are not in it; `bulkpause retry` takes them up",
            err=True,
        )


def refuse_problems(found: Plan, options: Options) -> None:
    if not found.problems:
        return
    name = options.input_name
    _show_problems(name, found.problems)
    if not options.skips_invalid:
        hold = "holds" if len(found.problems) == 1 else "hold"
        raise InputError(
            f"{name}: {format_count(len(found.problems), 'row')} {hold} no usable id; nothing was sent; mend the file, "
            "or leave these rows out with --skip-invalid"
        )


def _show_problems(name: str, problems: tuple[InvalidRow, ...]) -> None:
    for problem in problems[:MOST_PROBLEMS_SHOWN]:
        click.echo(f"{name}: {problem}", err=True)
    if (hidden := len(problems) - MOST_PROBLEMS_SHOWN) > 0:
        click.echo(f"{name}: and {hidden} more", err=True)


def refuse_surprise(found: Plan, options: Options) -> None:
    count = len(found.items)
    if options.expect is not None and options.expect != count:
        raise GuardRailError(
            f"--expect {options.expect}: there are {count} ids to pause; nothing was "
            "sent"
        )
    if options.digest is not None and options.digest != found.digest:
        raise GuardRailError(
            f"--plan {options.digest}: the input is no longer the one that was looked "
            f"at, its digest is {found.digest}; nothing was sent"
        )


def plan_lines(found: Plan, options: Options) -> Iterator[str]:
    items = found.items
    yield (
        f"{format_count(found.rows, 'row')}: {len(items)} to pause, "
        f"{format_count(found.duplicate, 'repeat')}, {found.already_done} done before, {len(found.problems)} without a usable id"
    )
    if items:
        first = ", ".join(item.id for item in items[:IDS_SHOWN])
        last = ", ".join(item.id for item in items[-IDS_SHOWN:])
        yield f"first {first}" + (f"; last {last}" if len(items) > IDS_SHOWN else "")
    order = options.order
    if order is not None:
        end = "highest" if order.is_descending else "lowest"
        yield f"order: by {order.column}, {end} first"
    by_length = sorted(options.settings.limits, key=lambda limit: limit.period_s)
    limits = " and ".join(str(limit) for limit in by_length) or "no limits"
    yield f"on {options.host}, about {format_duration(needed_s(found, options))} at {limits}"
    yield f"digest {found.digest}"
    if found.problems and not options.skips_invalid:
        yield "a run refuses this input: mend it, or leave rows out with --skip-invalid"


def needed_s(found: Plan, options: Options) -> float:
    """Say how long the plan takes at the limits, if no request is made twice."""
    settings = options.settings
    requests_per_id = 2 if settings.retry_policy.verify is Verify.ALL else 1
    return time_needed_s(len(found.items) * requests_per_id, settings.limits)
