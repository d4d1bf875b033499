"""Declare `run`: pause every campaign of an input."""

from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import (
    ACCOUNTS,
    API_OPTIONS,
    INPUT_OPTIONS,
    INPUTS,
    REMEMBER,
    RUN_OPTIONS,
)
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import EXIT_CODES, block
from bulkpause.cli.parameter_types import parse_digest
from bulkpause.cli.path_arguments import LOG_PATH
from bulkpause.cli.run_command import RunCommand, send
from bulkpause.settings import parse_duration


@click.command(
    cls=RunCommand,
    epilog=block(
        "Examples",
        """
        See the plan, confirm, and pause:
          bulkpause run export.xlsx
        Two lists, or a few ids, at once:
          bulkpause run germany.csv france.csv
          bulkpause run 1000248 1000249
        In an incident: most expensive first, without a question, with proof:
          bulkpause run export.csv --yes --order-by spend:desc --verify all
        A scheduled job with a log for each day, resumed after an interruption:
          bulkpause run feed.jsonl --yes --log "$(date +%F).jsonl" --resume
        Carefully: three ids first, and at most 2 % failures:
          bulkpause run export.csv --canary 3 --max-failures 2%
        In many accounts at once, with a log for each in a folder:
          bulkpause run all.csv --accounts accounts.toml --log monday/
        A trial on the built-in simulator:
          bulkpause run export.csv --simulate
    """,
    )
    + EXIT_CODES,
)
@INPUTS
@click.option(
    "--log",
    type=LOG_PATH,
    help="Result log.  [default: a new file with the time in its name]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the log if it exists: ids that it settles are skipped.",
)
@click.option(
    "--resume-within",
    type=parse_duration,
    metavar="DURATION",
    default="24h",
    show_default=True,
    help="Refuse to resume an older log: campaigns may have been started again.",
)
@click.option(
    "--expect",
    type=click.IntRange(0),
    metavar="N",
    help="Refuse an input with a different number of ids, those done included.",
)
@click.option(
    "--plan",
    type=parse_digest,
    metavar="DIGEST",
    help="Refuse the input unless its digest is DIGEST, from `bulkpause plan`.",
)
@INPUT_OPTIONS
@ACCOUNTS
@API_OPTIONS
@RUN_OPTIONS
@REMEMBER
def run(**given: Any) -> ExitCode:
    """Pause every campaign of the INPUTs.

    An INPUT is a path, - for standard input, or an id itself. A file is a spreadsheet
    (.xlsx, .ods), CSV with a header, JSON, JSON lines, or a plain list of ids; .gz is
    unpacked. All of it is checked before anything is sent. The summary goes to standard
    output, everything else to standard error.
    """
    if given["resume"] and given["log"] is None:
        raise click.UsageError("--resume needs the log to resume; name it with --log")
    return send(options_of(given))
