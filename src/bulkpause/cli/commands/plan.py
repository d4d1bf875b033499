"""What a run would send, before it does: the plan, its problems, its digest."""

import click
import orjson

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.options import Options
from bulkpause.cli.preflight import (
    IDS_SHOWN,
    _show_problems,
    needed_s,
    plan_lines,
    plan_of_input,
)
from bulkpause.journal.recovery import Recovery
from bulkpause.plan import Plan


def plan(options: Options) -> ExitCode:
    """Say what a run would send. Sends nothing.

    Raises:
        BulkpauseError: The input cannot be used.
    """
    found = plan_of_input(options, Recovery())
    if options.is_json:
        click.echo(orjson.dumps(_plan_as_dict(found, options)))
    else:
        _show_problems(options.input_name, found.problems)
        for line in plan_lines(found, options):
            click.echo(line)
    if found.problems and not options.skips_invalid:
        return ExitCode.INPUT
    return ExitCode.ALL_PAUSED


def _plan_as_dict(found: Plan, options: Options) -> dict[str, object]:
    return {
        "rows": found.rows,
        "ids": len(found.items),
        "duplicate": found.duplicate,
        "already_done": found.already_done,
        "problems": [
            {"row": one.row, "reason": one.detail, "remedy": one.remedy}
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
