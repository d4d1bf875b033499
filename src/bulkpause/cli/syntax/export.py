"""Declare `export`: write the ids of logs as an input of `run`."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.help import block
from bulkpause.cli.path_arguments import LOGS
from bulkpause.cli.repeated_options import LISTED, OneValueCommand
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.vocabulary import Status


@click.command(
    cls=OneValueCommand,
    epilog=block(
        "Examples",
        """
        Ids that cannot be paused, for a spreadsheet:
          bulkpause export pauses.jsonl --status rejected,not_pausable > ids.csv
        Ids that are not paused, for another run with another log:
          bulkpause export pauses.jsonl > left.csv
          bulkpause run left.csv
    """,
    ),
)
@LOGS
@click.option(
    "--status",
    metavar=LISTED,
    default="failed,unknown,not_attempted",
    show_default=True,
    help=f"Statuses, separated by commas: {', '.join([*Status, NOT_ATTEMPTED])}.",
)
@click.option(
    "--format",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Output format.",
)
def export(**given: Any) -> ExitCode:
    """Write the ids of each LOG to stdout as a file that `run` accepts. Sends nothing.

    A LOG may be a folder, which stands for its *.jsonl. An id that several logs hold
    is written once, with the latest of their words and its run. Ids that were planned
    and are not on record cannot be listed; stderr counts them.
    """
    from bulkpause.cli.commands.export import export_logs  # noqa: PLC0415

    statuses = given["status"].split(",")
    return export_logs(given["logs"], statuses, as_csv_file=given["format"] == "csv")
