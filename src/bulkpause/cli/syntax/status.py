"""Declare `status`: show what logs hold, and what may still be running."""

from pathlib import Path

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.help import EXIT_CODES, block
from bulkpause.cli.json_command import JsonCommand
from bulkpause.cli.path_arguments import LOGS


@click.command(
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        After an incident:
          bulkpause status pauses.jsonl
        A run and the retry of what it left, or all logs of a folder:
          bulkpause status monday.jsonl tuesday.jsonl
          bulkpause status logs/
        For a program:
          bulkpause status pauses.jsonl --json
    """,
    )
    + EXIT_CODES,
)
@LOGS
@click.option("--json", is_flag=True, help="Print one JSON object.")
def status(logs: tuple[Path, ...], *, json: bool) -> ExitCode:
    """Show from each LOG what is paused and what may still be running.

    It says whose log it is, how old it is, and whether a run holds it now. An id that
    was planned and is not known to have stopped counts as still running. A LOG may be
    a folder, which stands for its *.jsonl. Logs of one endpoint and account are taken
    together: of each id, the latest word of all of them holds. Sends nothing.
    """
    from bulkpause.cli.commands.status import show_status  # noqa: PLC0415

    return show_status(logs, is_json=json)
