"""Declare `undo`: resume the campaigns that logs record as paused."""

import os
from pathlib import Path
from typing import Any

import click

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import (
    ACCOUNTS,
    API_OPTIONS,
    LAYOUT_OPTIONS,
    RESUME_OPTIONS,
    UNDO_OPTIONS,
)
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import EXIT_CODES, block
from bulkpause.cli.options import EARLIER_STATUSES, default_undo_log
from bulkpause.cli.path_arguments import LOG_PATH, PATH
from bulkpause.cli.run_command import RunCommand, send
from bulkpause.vocabulary import Action


@click.command(
    cls=RunCommand,
    epilog=block(
        "Examples",
        """
        The wrong list was paused: resume it, one campaign first:
          bulkpause undo pauses.jsonl
        Only what should not have been paused:
          bulkpause undo pauses.jsonl --only 1000248,1000249
          bulkpause undo pauses.jsonl --only wrong.csv
        Unattended, all of it running before:
          bulkpause undo pauses.jsonl --as running --yes
        Is everything resumed, and what was left alone?
          bulkpause status pauses.undo.jsonl
        In many accounts, from the folder of their logs:
          bulkpause undo monday/ --accounts accounts.toml
    """,
    )
    + EXIT_CODES,
)
@click.argument("logs", metavar="LOG...", type=PATH, nargs=-1, required=True)
@click.option(
    "--only",
    multiple=True,
    metavar="INPUT",
    type=click.Path(allow_dash=True),
    help="Resume only these campaigns of the LOGs: ids, separated by commas, or an "
    "input as for `run`. One that no LOG records as paused is left out, with exit code 1. "
    "May be repeated.",
)
@click.option(
    "--as",
    type=click.Choice(EARLIER_STATUSES),
    help="What campaigns were before their pause, if no log says it.  [default: ask]",
)
@click.option(
    "--resume-unknown",
    is_flag=True,
    help="Take ids too that may be paused by us, but are unknown in the LOGs: resume "
    "those that are read as paused, whoever paused them.",
)
@click.option(
    "--log",
    type=LOG_PATH,
    help="Result log of the undo.  [default: beside the first LOG, as in "
    "pauses.undo.jsonl]",
)
@click.option("--resume", is_flag=True, help="Resume the log of the undo if it exists.")
@click.option(
    "--expect",
    type=click.IntRange(0),
    metavar="N",
    help="Refuse a different number of ids to resume.",
)
@RESUME_OPTIONS
@LAYOUT_OPTIONS
@ACCOUNTS
@API_OPTIONS
@UNDO_OPTIONS
def undo(**given: Any) -> ExitCode:
    """Resume the campaigns that each LOG records as paused by bulkpause.

    Each is read first. One that is not paused any more, or was changed since its pause,
    is left alone. So is one whose scheduled_time has passed: it would send at once. A
    change within 2 s after the pause (5 s where the API's clock is not shown) cannot be
    told from it. A LOG may be a folder, which stands for its *.jsonl, of one account each with
    --accounts. The other options about inputs are for those of --only.
    """
    fixed = {"inputs": (), "action": Action.RESUME, "resume_within": None}
    # What belongs to a log stands beside the file, not beside a link to it.
    logs = tuple(
        Path(os.path.realpath(log)) if log.is_symlink() else log
        for log in given["logs"]
    )
    is_of_accounts = given["accounts"] is not None
    log = given["log"] or default_undo_log(logs[0], is_of_accounts=is_of_accounts)
    return send(options_of({**given, **fixed, "logs": logs, "log": log}))
