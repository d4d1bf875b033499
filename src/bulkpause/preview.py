"""What a run would send, before it does: the plan, its problems, its digest."""

from collections.abc import Iterator
from dataclasses import replace

import click
import orjson

from bulkpause.errors import GuardRailError, InputError
from bulkpause.estimate import time_needed_s
from bulkpause.exits import Exit
from bulkpause.input_file import opened
from bulkpause.model import Problem
from bulkpause.options import Options
from bulkpause.order import ordered
from bulkpause.plan import Plan, make_plan
from bulkpause.policy import Verify
from bulkpause.progress import clock
from bulkpause.recovery import Recovery
from bulkpause.report import counted
from bulkpause.source import read


#: So many row problems are shown; the others are counted.
MOST_PROBLEMS_SHOWN = 20
#: So many ids are shown from each end of a plan.
IDS_SHOWN = 3


def plan(options: Options) -> Exit:
    """Say what a run would send. Sends nothing.

    Raises:
        BulkpauseError: The input can not be used.
    """
    found = plan_of_input(options, Recovery())
    if options.is_json:
        click.echo(orjson.dumps(_plan_as_dict(found, options)))
    else:
        _show_problems(options.input_name, found.problems)
        for line in plan_lines(found, options):
            click.echo(line)
    if found.problems and not options.skips_invalid:
        return Exit.INPUT
    return Exit.ALL_PAUSED


def plan_of_input(options: Options, recovery: Recovery) -> Plan:
    name = options.input_name
    with opened(str(options.input)) as lines:
        layout = options.layout
        if options.order is not None:
            layout = replace(layout, sort_column=options.order.column)
        found = make_plan(
            read(lines, name=name, layout=layout).rows, done=recovery.settled
        )
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
            f"{name}: {counted(len(found.problems), 'row')} {hold} no usable id; nothing was sent; mend the file, "
            "or leave these rows out with --skip-invalid"
        )


def _show_problems(name: str, problems: tuple[Problem, ...]) -> None:
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
        f"{counted(found.rows, 'row')}: {len(items)} to pause, "
        f"{counted(found.duplicate, 'repeat')}, {found.already_done} done before, {len(found.problems)} without a usable id"
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
    yield f"on {options.host}, about {clock(needed_s(found, options))} at {limits}"
    yield f"digest {found.digest}"
    if found.problems and not options.skips_invalid:
        yield "a run refuses this input: mend it, or leave rows out with --skip-invalid"


def needed_s(found: Plan, options: Options) -> float:
    """Say how long the plan takes at the limits, if no request is made twice."""
    settings = options.settings
    requests_per_id = 2 if settings.rules.verify is Verify.ALL else 1
    return time_needed_s(len(found.items) * requests_per_id, settings.limits)


def _plan_as_dict(found: Plan, options: Options) -> dict[str, object]:
    return {
        "rows": found.rows,
        "ids": len(found.items),
        "duplicate": found.duplicate,
        "already_done": found.already_done,
        "problems": [
            {"row": one.row, "reason": one.reason, "remedy": one.remedy}
            for one in found.problems
        ],
        "first": [item.id for item in found.items[:IDS_SHOWN]],
        "last": [item.id for item in found.items[-IDS_SHOWN:]],
        "host": options.host,
        "order_by": None if options.order is None else str(options.order),
        "limits": [str(limit) for limit in options.settings.limits],
        "needed_s": round(needed_s(found, options), 1),
        "digest": found.digest,
    }
