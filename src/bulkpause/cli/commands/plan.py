"""The command `plan`: show what a run would send, its invalid rows and its digest."""

import click
import orjson

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.options import Options
from bulkpause.cli.preflight import (
    IDS_SHOWN,
    needed_s,
    plan_lines,
    plan_of_input,
    show_invalid_rows,
)
from bulkpause.plan import Plan


def show_plan(options: Options) -> ExitCode:
    """Show what a run would send. Sends nothing.

    Raises:
        BulkpauseError: The input cannot be read.
    """
    plan = plan_of_input(options)
    if options.is_json:
        click.echo(orjson.dumps(_as_dict(plan, options)))
    else:
        show_invalid_rows(plan, options)
        for line in plan_lines(plan, plan.digest, options):
            click.echo(line)
    if plan.invalid_rows and not options.skips_invalid:
        return ExitCode.INPUT
    return ExitCode.ALL_PAUSED


def _as_dict(plan: Plan, options: Options) -> dict[str, object]:
    return {
        "rows": plan.rows,
        "ids": len(plan.items),
        "duplicate": plan.duplicate,
        "already_done": plan.already_done,
        "problems": [
            {"row": row.row, "reason": row.reason, "remedy": row.remedy}
            for row in plan.invalid_rows
        ],
        "first": [item.id for item in plan.items[:IDS_SHOWN]],
        "last": [item.id for item in plan.items[-IDS_SHOWN:]],
        "host": options.host,
        "order_by": None if options.order is None else str(options.order),
        "limits": [str(limit) for limit in options.settings.limits],
        "needed_s": round(needed_s(plan, options), 1),
        "digest": plan.digest,
    }
