"""Declare `report`: write what logs hold as one page."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import LIMITS
from bulkpause.cli.help import block
from bulkpause.cli.json_command import JsonCommand
from bulkpause.cli.output import stdout
from bulkpause.cli.path_arguments import LOGS, OUTPUT_PATH


@click.command(
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        A page for the post-mortem, with all ids:
          bulkpause report pauses.jsonl -o report.html
        A run and the retry of what it left, in another log:
          bulkpause report monday.jsonl tuesday.jsonl -o report.html
        A summary for a ticket:
          bulkpause report pauses.jsonl --format markdown
    """,
    ),
)
@LOGS
@click.option(
    "--output",
    "-o",
    type=OUTPUT_PATH,
    help="File to write, or - for stdout. A report that is there is replaced, nothing "
    "else.  [default: stdout; a page goes to no terminal]",
)
@click.option(
    "--format",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="A page to look at, or a summary for tickets and chat.",
)
@LIMITS
@click.option(
    "--json",
    is_flag=True,
    help="Print one JSON object about the file of --output.",
)
def report(**given: Any) -> ExitCode:
    """Write what each LOG holds as one page: what may still be running, and why.

    It shows the requests against the rate limits, the latency, the causes with their
    trace ids, and all ids in a table to search. Several logs, and folders of them, are
    taken together as by `status`. The page loads nothing and sends nothing, and the
    logs are not changed. Logs that do not say of how many campaigns they are, as one
    without a record, end it with exit code 5.
    """
    file, format_ = given["output"], given["format"]
    if file is None and given["json"]:
        raise click.UsageError(
            "name the file of the report: -o report.html; --json says on standard "
            "output what became of it"
        )
    if file is None and format_ == "html" and stdout().isatty():
        raise click.UsageError(
            "name the file for the page: -o report.html; or choose --format markdown"
        )
    from bulkpause.cli.commands.report import write_report  # noqa: PLC0415

    limits = tuple(limit for limit in (given["burst"], given["steady"]) if limit)
    return write_report(given["logs"], file, format_, limits, is_json=given["json"])
