"""The command line: options in, exit code out."""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from bulkpause.cli import hints as complaint
from bulkpause.cli.exit_codes import ExitCode, exit_of_error
from bulkpause.cli.flags import (
    INPUT,
    OF_THE_API,
    OF_THE_INPUT,
    OF_THE_RUN,
    PATH,
    VERIFY,
    options_of,
)
from bulkpause.cli.help import HelpCommand, LazyGroup
from bulkpause.cli.options import Options
from bulkpause.errors import BulkpauseError, TokenError
from bulkpause.model import Status
from bulkpause.report.export import NOT_ATTEMPTED


_EXIT_CODES = """
    0  every id is paused
    1  finished; some ids cannot be paused
    2  the command cannot be used; nothing was sent
    3  the input cannot be used; nothing was sent
    4  the token is missing or was refused
    5  unfinished: `bulkpause retry` goes on
    6  the log or its disk failed
    7  another run holds the log
    8  a guard rail stopped the run
    70 a bug in bulkpause; 130, 143: SIGINT, SIGTERM
"""


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "BULKPAUSE",
    },
    late={"simulate": "bulkpause.cli.commands.simulate"},
    examples="""
        Look, then pause:
          bulkpause plan campaigns.csv
          bulkpause run campaigns.csv --log pauses.jsonl
        Go on with what is left, after whatever stopped it:
          bulkpause retry pauses.jsonl
        Is anything still running?
          bulkpause status pauses.jsonl
        Try it without a token; nothing real is touched:
          bulkpause run campaigns.csv --simulate
    """,
    notes={
        "Exit codes": _EXIT_CODES,
        "Completion, in the startup file of your shell": """
            bash  eval "$(_BULKPAUSE_COMPLETE=bash_source bulkpause)"
            zsh   eval "$(_BULKPAUSE_COMPLETE=zsh_source bulkpause)"
            fish  _BULKPAUSE_COMPLETE=fish_source bulkpause | source
            In zsh, it comes after compinit.
        """,
    },
)
@click.version_option(package_name="bulkpause")
def cli() -> None:
    """Pause Ocamba Hood campaigns in bulk, inside the API's rate limits."""


@cli.command(
    cls=HelpCommand,
    examples="""
        Look at the plan, answer a question, and pause:
          bulkpause run export.csv
        An incident: the most expensive first, without a question, with proof:
          bulkpause run export.csv --yes --order-by spend:desc --verify all
        A job that may be started again, and goes on where it was:
          bulkpause run feed.jsonl --yes --log today.jsonl --resume
        Carefully: three first, and no more than 2 % of failures:
          bulkpause run export.csv --canary 3 --max-failures 2%
        A trial that touches nothing real:
          bulkpause run export.csv --simulate
    """,
    notes={"Exit codes": _EXIT_CODES},
)
@click.argument("input", metavar="INPUT", type=INPUT)
@click.option(
    "--log",
    type=PATH,
    help="The file for the results.  [default: a new one with the time in its name]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the log if it is there: what it settles is left out.",
)
@click.option(
    "--expect",
    type=click.IntRange(0),
    help="Refuse an input with another number of ids to pause.",
)
@click.option(
    "--plan",
    metavar="DIGEST",
    help="Refuse an input with another digest than `bulkpause plan` gave.",
)
@OF_THE_INPUT
@OF_THE_API
@OF_THE_RUN
def run(**given: Any) -> ExitCode:
    """Pause every campaign of INPUT: a path, or - for standard input.

    INPUT is CSV with a heading, JSON lines, or a plain list of ids; .gz is unpacked.
    All of it is checked before anything is sent. Totals go to standard output, all
    else to standard error.
    """
    if given["resume"] and given["log"] is None:
        raise click.UsageError("--resume needs --log, to know what to go on with")
    return _run(options_of(given))


@cli.command(
    cls=HelpCommand,
    examples="""
        See what is left, then pause it:
          bulkpause status pauses.jsonl
          bulkpause retry pauses.jsonl
    """,
    notes={"Exit codes": _EXIT_CODES},
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option(
    "--expect", type=click.IntRange(0), help="Refuse another number of ids to pause."
)
@OF_THE_API
@OF_THE_RUN
def retry(**given: Any) -> ExitCode:
    """Pause what LOG leaves open: failed, unknown, and not attempted ids.

    What may have been paused before is read back first. Results are appended to LOG.
    """
    return _run(options_of({**given, "input": None, "resume": True}))


@cli.command(
    cls=HelpCommand,
    examples="""
        Look, then pause exactly what was looked at:
          bulkpause plan export.csv --order-by spend:desc
          bulkpause run export.csv --order-by spend:desc --plan DIGEST
    """,
)
@click.argument("input", metavar="INPUT", type=INPUT)
@click.option("--json", is_flag=True, help="As one JSON object.")
@OF_THE_INPUT
@OF_THE_API
@VERIFY
def plan(**given: Any) -> ExitCode:
    """Say what `run INPUT` would send. Sends nothing.

    The digest it prints ties a run to what was looked at: the ids and their order.
    Rows without a usable id end it with exit code 3, as they would end the run.
    """
    from bulkpause.cli.commands.plan import plan as plan_input  # noqa: PLC0415 (see _run)

    return plan_input(options_of(given))


@cli.command(
    cls=HelpCommand,
    examples="""
        After an incident:
          bulkpause status pauses.jsonl
        For a program:
          bulkpause status pauses.jsonl --json
    """,
    notes={"Exit codes": _EXIT_CODES},
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option("--json", is_flag=True, help="As one JSON object.")
def status(log: Path, *, json: bool) -> ExitCode:
    """Answer from LOG what is paused, what may still run, and why. Sends nothing."""
    from bulkpause.cli.commands.log import show_status  # noqa: PLC0415 (see _run)

    return show_status(log, is_json=json)


@cli.command(
    cls=HelpCommand,
    examples="""
        What was refused, for a spreadsheet:
          bulkpause export pauses.jsonl --status rejected,not_pausable > refused.csv
        What is not paused, for another run with another log:
          bulkpause export pauses.jsonl > left.csv
          bulkpause run left.csv
    """,
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option(
    "--status",
    default="failed,unknown,not_attempted",
    show_default=True,
    help=f"Any of {', '.join([*Status, NOT_ATTEMPTED])}, with commas between.",
)
@click.option(
    "--format",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
)
def export(**given: Any) -> ExitCode:
    """Write the ids of LOG to stdout as a file that `run` accepts. Sends nothing."""
    from bulkpause.cli.commands.log import export_log  # noqa: PLC0415 (see _run)

    statuses = given["status"].split(",")
    return export_log(given["log"], statuses, as_csv_file=given["format"] == "csv")


def _run(options: Options) -> ExitCode:
    # What a verb needs is imported when it is called: help, and what is refused for
    # its options, comes at once.
    from bulkpause.cli.commands.run import run as run_options  # noqa: PLC0415

    return run_options(options)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.UsageError):
            _suggest(complaint.corrected(error, sys.argv[1:]))
        code = ExitCode.USAGE
    except click.Abort:
        click.echo("nothing was sent", err=True)
        code = ExitCode.INTERRUPTED
    except BulkpauseError as error:
        click.echo(f"bulkpause: {error}", err=True)
        if isinstance(error, TokenError):
            _suggest(complaint.with_token_file(sys.argv[1:]))
        code = exit_of_error(error)
    except Exception as error:  # noqa: BLE001 (Python's own code, 1, is taken)
        for line in complaint.defect(error):
            click.echo(f"bulkpause: {line}", err=True)
        code = ExitCode.DEFECT
    sys.exit(int(code or 0))


def _suggest(command: str | None) -> None:
    if command is not None:
        click.echo(f"try: {command}", err=True)
