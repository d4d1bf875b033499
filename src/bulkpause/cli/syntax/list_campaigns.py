"""Declare `list`: list the campaigns of an account."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import ACCOUNTS_FILE, API_OPTIONS, READ_OPTIONS
from bulkpause.cli.help import block
from bulkpause.cli.json_command import JsonCommand
from bulkpause.cli.list_request import list_request_of
from bulkpause.cli.parameter_types import parse_name
from bulkpause.cli.path_arguments import OUTPUT_PATH, PATH
from bulkpause.cli.repeated_options import LISTED
from bulkpause.cli.tls_files import prepare_tls_files
from bulkpause.listing.filters import parse_label, parse_moment, parse_statuses


@click.command(
    "list",
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        In an incident without a list: everything that sends, then pause it:
          bulkpause list --status running,scheduled --output running.jsonl
          bulkpause run running.jsonl --verify all
        Only some:
          bulkpause list --status running --label sale --created-after 2026-11-01
        Does anything run that a log has paused?
          bulkpause list --in pauses.jsonl
        In many accounts, and what still runs of the logs in their folder:
          bulkpause list --all --accounts accounts.toml -o all.jsonl
          bulkpause list --in monday/ --accounts accounts.toml
    """,
    )
    + block(
        "Exit codes",
        """
        0  the list is complete; with --in: nothing of the logs runs
        1  with --in: something of the logs runs, or may run
        5  the list may be incomplete, or none could be had; with --in: also if
           an id of the logs is not in it
        8  the API ignored a filter; nothing was written
        Others as in `bulkpause --help`.
        """,
    ),
)
@click.option(
    "--status",
    type=parse_statuses,
    metavar=LISTED,
    help="Campaigns in one of these statuses, separated by commas.",
)
@click.option(
    "--label",
    type=parse_label,
    metavar="TEXT",
    multiple=True,
    help="Campaigns with this label; repeat it for any of several.",
)
@click.option(
    "--name",
    type=parse_name,
    metavar="TEXT",
    help="Campaigns whose name contains this text.",
)
@click.option(
    "--created-after",
    type=parse_moment,
    metavar="TIME",
    help="Campaigns created then or later: a day or a time, in GMT.",
)
@click.option(
    "--created-before",
    type=parse_moment,
    metavar="TIME",
    help="Campaigns created before then.",
)
@click.option("--all", is_flag=True, help="All campaigns of the account.")
@click.option(
    "--filter-here",
    is_flag=True,
    help="Read all campaigns and choose here, for a filter that the API ignores.",
)
@click.option(
    "--trust-filter",
    is_flag=True,
    help="Do not read all campaigns once more to see whether the API's filter leaves "
    "out some: quicker with many campaigns.",
)
@click.option(
    "--in",
    type=PATH,
    metavar="LOG",
    multiple=True,
    help="Show which ids of this LOG, and of those after it, are running or scheduled, "
    "or may be. May be repeated. All campaigns are read for it, whatever their status. "
    "A folder stands for its *.jsonl.",
)
@click.argument("more_logs", metavar="[LOG]...", type=PATH, nargs=-1)
@click.option(
    "--output",
    "-o",
    type=OUTPUT_PATH,
    help="Write the list to this file, which must not exist, or to stdout for -.  "
    "[default: stdout]",
)
@click.option("--overwrite", is_flag=True, help="Replace the file of --output.")
@click.option(
    "--format",
    type=click.Choice(["jsonl", "csv"]),
    help="Output format.  [default: from the name of --output, else jsonl]",
)
@ACCOUNTS_FILE
@API_OPTIONS
@READ_OPTIONS
def list_(**given: Any) -> ExitCode:
    """List the campaigns of the account. Changes nothing.

    The list goes to standard output as a file that `run` accepts, once it is whole: all
    pages are read again until nothing new is found, and all campaigns once, to see that
    the API's filter leaves out none. A filter or --all is required.
    """
    request = list_request_of(given)
    prepare_tls_files(request.options)
    from bulkpause.cli.commands.list_campaigns import (  # noqa: PLC0415
        list_campaigns,
    )

    return list_campaigns(request)
