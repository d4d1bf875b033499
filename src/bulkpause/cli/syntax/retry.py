"""Declare `retry`: pause the ids that a log leaves open."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import (
    ACCOUNTS,
    API_OPTIONS,
    REMEMBER,
    RESUME_OPTIONS,
    RUN_OPTIONS,
)
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import EXIT_CODES, block
from bulkpause.cli.options import RETRIABLE, RETRIED_BY_DEFAULT, parse_retried
from bulkpause.cli.path_arguments import PATH
from bulkpause.cli.repeated_options import LISTED
from bulkpause.cli.run_command import RunCommand, send


@click.command(
    cls=RunCommand,
    epilog=block(
        "Examples",
        """
        See what is left, then pause it:
          bulkpause status pauses.jsonl
          bulkpause retry pauses.jsonl
    """,
    )
    + EXIT_CODES,
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option(
    "--status",
    type=parse_retried,
    metavar=LISTED,
    default=",".join(RETRIED_BY_DEFAULT),
    show_default=True,
    help=f"Statuses to retry, separated by commas: {', '.join(RETRIABLE)}.",
)
@click.option(
    "--expect",
    type=click.IntRange(0),
    metavar="N",
    help="Refuse a different number of ids to pause.",
)
@ACCOUNTS
@API_OPTIONS
@RUN_OPTIONS
@REMEMBER
@RESUME_OPTIONS
def retry(**given: Any) -> ExitCode:
    """Pause the ids that LOG leaves open, or resume those of the log of an undo.

    These are the failed, unknown and not attempted ones, unless --status names others.
    Ids in doubt are read back first. Records are appended to LOG. With --accounts, LOG
    is the folder of their logs.
    """
    fixed = {"inputs": (), "resume": True, "resume_within": None}
    return send(options_of({**given, **fixed}))
