"""Declare `plan`: show what a run would send."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import ACCOUNTS, API_OPTIONS, INPUT_OPTIONS, INPUTS, VERIFY
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import block
from bulkpause.cli.json_command import JsonCommand


@click.command(
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        Plan, then pause exactly what was planned:
          bulkpause plan export.csv --order-by spend:desc
          bulkpause run export.csv --order-by spend:desc --plan d1302dc1fa212ad4
    """,
    ),
)
@INPUTS
@click.option("--json", is_flag=True, help="Print one JSON object.")
@INPUT_OPTIONS
@ACCOUNTS
@API_OPTIONS
@VERIFY
def plan(**given: Any) -> ExitCode:
    """Show what `run` with the same INPUTs would send. Sends nothing.

    `run --plan DIGEST` accepts only the ids that were planned, in the same order.
    Invalid rows end it with exit code 3, as they would end the run.
    """
    from bulkpause.cli.commands.plan import show_plan  # noqa: PLC0415

    return show_plan(options_of(given))
