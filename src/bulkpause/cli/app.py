"""Define the commands, run one, and exit with its code."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from bulkpause.cli.ending import DeclinedError, Ending
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.flags import (
    ACCOUNTS,
    ACCOUNTS_FILE,
    API_OPTIONS,
    INPUT_OPTIONS,
    INPUTS,
    LAYOUT_OPTIONS,
    LIMITS,
    LOGS,
    PATH,
    READ_OPTIONS,
    REMEMBER,
    RESUME_OPTIONS,
    RUN_OPTIONS,
    UNDO_OPTIONS,
    VERIFY,
)
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import LazyGroup, block
from bulkpause.cli.json_command import JsonCommand, is_json_typed
from bulkpause.cli.list_request import list_request_of
from bulkpause.cli.options import (
    EARLIER_STATUSES,
    RETRIABLE,
    RETRIED_BY_DEFAULT,
    Options,
    default_undo_log,
    parse_retried,
)
from bulkpause.cli.output import finish, open_streams, stdout
from bulkpause.cli.parameter_types import parse_digest, parse_name
from bulkpause.cli.run_command import RunCommand
from bulkpause.cli.signals import SIGNALS, Interrupted
from bulkpause.cli.tls_files import prepare_tls_files
from bulkpause.errors import BulkpauseError
from bulkpause.listing.filters import parse_label, parse_moment, parse_statuses
from bulkpause.model import Action, Status
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.settings import parse_duration


_EXIT_CODES = block(
    "Exit codes",
    """
    0  every id is paused, or resumed by an undo
    1  finished; some ids cannot be paused, or were left alone by an undo
    2  usage error, or answered "no"; nothing was sent
    3  invalid input; nothing was sent
    4  the token is missing or was rejected
    5  incomplete: `bulkpause status LOG` says what to run next
    6  the log or its disk failed
    7  another run holds the log
    8  a guard rail stopped the run
    70 a bug in bulkpause
    74 the work is done, but its result could not be written
    129, 130, 143: SIGHUP, SIGINT, SIGTERM
    """,
)


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "BULKPAUSE",
    },
    lazy={
        "simulate": "bulkpause.cli.commands.simulate",
        "template": "bulkpause.cli.commands.template",
    },
    epilog=block(
        "Examples",
        """
        Plan, then pause:
          bulkpause plan campaigns.csv
          bulkpause run campaigns.csv --log pauses.jsonl
        Without a list: everything that sends, for `run`:
          bulkpause list --status running,scheduled -o running.jsonl
        Retry what is left, whatever stopped the run:
          bulkpause retry pauses.jsonl
        Is anything still running?
          bulkpause status pauses.jsonl
        Try it without a token, on the built-in simulator:
          bulkpause run campaigns.csv --simulate
        """,
    )
    + _EXIT_CODES
    + block(
        "Completion, in the startup file of your shell",
        """
        bash  eval "$(_BULKPAUSE_COMPLETE=bash_source bulkpause)"
        zsh   eval "$(_BULKPAUSE_COMPLETE=zsh_source bulkpause)"
        fish  _BULKPAUSE_COMPLETE=fish_source bulkpause | source
        In zsh, put it after compinit.
        """,
    ),
)
@click.version_option(package_name="bulkpause")
def cli() -> None:
    """Pause Ocamba Hood campaigns in bulk, inside the API's rate limits."""


@cli.command(
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
    + _EXIT_CODES,
)
@INPUTS
@click.option(
    "--log",
    type=PATH,
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
    return _run(options_of(given))


@cli.command(
    cls=RunCommand,
    epilog=block(
        "Examples",
        """
        See what is left, then pause it:
          bulkpause status pauses.jsonl
          bulkpause retry pauses.jsonl
    """,
    )
    + _EXIT_CODES,
)
@click.argument("log", metavar="LOG", type=PATH)
@click.option(
    "--status",
    type=parse_retried,
    metavar="STATUSES",
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
    return _run(options_of({**given, **fixed}))


@cli.command(
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
    + _EXIT_CODES,
)
@click.argument("logs", metavar="LOG...", type=PATH, nargs=-1, required=True)
@click.option(
    "--only",
    multiple=True,
    metavar="INPUT",
    type=click.Path(allow_dash=True),
    help="Resume only these campaigns of the LOGs: ids, separated by commas, or an "
    "input as for `run`. May be repeated.",
)
@click.option(
    "--as",
    type=click.Choice(EARLIER_STATUSES),
    help="What campaigns were before their pause, if no log says it.  [default: ask]",
)
@click.option(
    "--log",
    type=PATH,
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
    LOG may be a folder, which stands for its *.jsonl, of one account each with
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
    return _run(options_of({**given, **fixed, "logs": logs, "log": log}))


@cli.command(
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
    from bulkpause.cli.commands.plan import show_plan  # noqa: PLC0415 (see _run)

    return show_plan(options_of(given))


@cli.command(
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
    + _EXIT_CODES,
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
    from bulkpause.cli.commands.log import show_status  # noqa: PLC0415 (see _run)

    return show_status(logs, is_json=json)


@cli.command(
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
    metavar="STATUSES",
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
    from bulkpause.cli.commands.log import export_logs  # noqa: PLC0415 (see _run)

    statuses = given["status"].split(",")
    return export_logs(given["logs"], statuses, as_csv_file=given["format"] == "csv")


@cli.command(
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
    type=PATH,
    help="File to write. A report that is there is replaced, nothing else.",
)
@click.option(
    "--format",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="A page to look at, or a summary for tickets and chat.",
)
@LIMITS
def report(**given: Any) -> ExitCode:
    """Write what each LOG holds as one page: what may still be running, and why.

    It shows the requests against the rate limits, the latency, the causes with their
    trace ids, and all ids in a table to search. Several logs, and folders of them, are
    taken together as by `status`. The page loads nothing and sends nothing, and the
    logs are not changed.
    """
    file, format_ = given["output"], given["format"]
    if file is None and format_ == "html" and stdout().isatty():
        raise click.UsageError(
            "name the file for the page: -o report.html; or choose --format markdown"
        )
    from bulkpause.cli.commands.report import write_report  # noqa: PLC0415 (see _run)

    limits = tuple(limit for limit in (given["burst"], given["steady"]) if limit)
    return write_report(given["logs"], file, format_, limits)


@cli.command(
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
    metavar="STATUSES",
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
    help="Show which ids of this LOG, and of those after it, are running or scheduled, "
    "or may be. All campaigns are read for it, whatever their status. A folder stands "
    "for its *.jsonl.",
)
@click.argument("more_logs", metavar="[LOG]...", type=PATH, nargs=-1)
@click.option(
    "--output",
    "-o",
    type=PATH,
    help="Write the list to this file, which must not exist.  [default: stdout]",
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
    from bulkpause.cli.commands.list_campaigns import (  # noqa: PLC0415 (see _run)
        list_campaigns,
    )

    return list_campaigns(request)


@cli.command(
    cls=JsonCommand,
    epilog=block(
        "Examples",
        """
        Before a run, or as a probe of a scheduled job:
          bulkpause check --log pauses.jsonl
          bulkpause check --json
    """,
    )
    + _EXIT_CODES,
)
@click.option("--log", type=PATH, help="Result log that a run would write.")
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


def _run(options: Options) -> ExitCode:
    prepare_tls_files(options)
    # A command imports what it needs when it is called, so that help and usage errors
    # appear at once.
    from bulkpause.cli.commands.run import run as run_options  # noqa: PLC0415

    return run_options(options, click.get_current_context().ensure_object(Ending))


def main() -> NoReturn:
    """Run the command line and exit."""
    open_streams()
    # A command that is not found cannot tell whether it takes `--json`.
    ending = Ending(is_json=is_json_typed(sys.argv[1:]))
    try:
        code = _run_command(ending)
        ending.publish(code)
        finish()
        SIGNALS.defer_to_end()
    except Interrupted as interrupted:  # while the last words were waited for
        SIGNALS.acknowledge()
        code = ExitCode(interrupted.exit_code)
        ending.publish(code)
    sys.exit(int(code))


def _run_command(ending: Ending) -> ExitCode:
    """Run the command that was typed; say why it has no result if it has none."""
    try:
        code = cli(standalone_mode=False, obj=ending)
    except click.ClickException as error:
        return ending.of_usage(error)
    except click.Abort:  # Ctrl-D at the question
        return ending.of_usage(DeclinedError())
    except Interrupted as interrupted:
        SIGNALS.acknowledge()
        return ending.of_signal(ExitCode(interrupted.exit_code), str(interrupted))
    except BulkpauseError as error:
        return ending.of_error(error)
    except Exception as error:  # noqa: BLE001 (Python's own code, 1, is taken)
        return ending.of_bug(error)
    return ending.of_result(ExitCode(code or 0))
