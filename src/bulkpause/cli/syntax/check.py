"""Declare `check`: say whether a run would work."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import ACCOUNTS, API_OPTIONS, READ_OPTIONS
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import EXIT_CODES, block
from bulkpause.cli.json_command import JsonCommand
from bulkpause.cli.path_arguments import LOG_PATH
from bulkpause.cli.tls_files import prepare_tls_files
from bulkpause.settings import parse_duration


@click.command(
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        Before a run, or as a probe of a scheduled job:
          bulkpause check --log pauses.jsonl
          bulkpause check --json
    """,
    )
    + EXIT_CODES,
)
@click.option("--log", type=LOG_PATH, help="Result log that a run would write.")
@click.option("--resume", is_flag=True, help="The run would resume the log.")
@click.option(
    "--resume-within",
    type=parse_duration,
    metavar="DURATION",
    default="24h",
    show_default=True,
    help="The greatest age of a log to resume.",
)
@ACCOUNTS
@API_OPTIONS
@READ_OPTIONS
def check(**given: Any) -> ExitCode:
    """Say whether a run would work. Changes nothing, and leaves no file.

    It checks the token, the way to the API, the right to read campaigns, the clock, the
    rate that is left and the place of the log. The exit code is what a run would end
    with: 0 if it would work.
    """
    options = options_of({**given, "inputs": ("-",)})
    prepare_tls_files(options)
    from bulkpause.cli.commands.check import check as check_options  # noqa: PLC0415

    return check_options(options)
