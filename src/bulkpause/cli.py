"""The command line: options in, exit code out."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from bulkpause.endpoint import DEFAULT_BASE_URL
from bulkpause.errors import BulkpauseError
from bulkpause.exits import Exit, exit_of_error
from bulkpause.export import NOT_ATTEMPTED
from bulkpause.guard import GuardRails, parse_tolerance
from bulkpause.model import Status
from bulkpause.options import Options
from bulkpause.order import parse_order
from bulkpause.parsed import DURATION, LIMIT, PATH, Parsed
from bulkpause.policy import Rules, Verify
from bulkpause.settings import Settings
from bulkpause.simulate import simulate
from bulkpause.source import Format, Layout


_Command = TypeVar("_Command", bound=Callable[..., object])


def _all(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Make one decorator of many, to be read from the top."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_OF_THE_INPUT = _all(
    click.option(
        "--column", help="The column that holds the ids.  [default: id, campaign_id]"
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice([one.value for one in Format]),
        help="Of INPUT.  [default: by its name, else by its first line]",
    ),
    click.option(
        "--order-by",
        "order",
        type=Parsed("column[:desc]", parse_order),
        help="Which campaigns go first, such as spend:desc.",
    ),
    click.option(
        "--skip-invalid", is_flag=True, help="Leave out rows without a usable id."
    ),
)
_OF_THE_API = _all(
    click.option(
        "--base-url",
        default=DEFAULT_BASE_URL,
        show_default=True,
        envvar="OCAMBA_BASE_URL",
        show_envvar=True,
        help="The API's address.",
    ),
    click.option("--simulate", is_flag=True, help="Use a built-in stand-in instead."),
    click.option(
        "--burst",
        type=LIMIT,
        default="10/1s",
        show_default=True,
        help="The short limit; none lifts it.",
    ),
    click.option(
        "--steady",
        type=LIMIT,
        default="150/1m",
        show_default=True,
        help="The long limit; none lifts it.",
    ),
)
_OF_THE_RUN = _all(
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
    click.option(
        "--token-file",
        type=PATH,
        help="A file that holds the bearer token.  [default: $OCAMBA_TOKEN, or "
        "$CREDENTIALS_DIRECTORY/ocamba-token]",
    ),
    click.option("--reason", help="Told to the API with every pause."),
    click.option(
        "--max-in-flight",
        type=click.IntRange(1),
        help="Unanswered requests at a time.  [default: what the smallest limit holds]",
    ),
    click.option(
        "--timeout",
        type=DURATION,
        default="30s",
        show_default=True,
        help="For one attempt, connecting included.",
    ),
    click.option(
        "--max-attempts",
        type=click.IntRange(1),
        default=4,
        show_default=True,
        help="For one id. Being told to slow down does not count.",
    ),
    click.option(
        "--give-up-after",
        type=DURATION,
        default="5m",
        show_default=True,
        help="End when no id had a usable answer for so long.",
    ),
    click.option("--deadline", type=DURATION, help="Send nothing new after so long."),
    click.option(
        "--canary",
        type=click.IntRange(0),
        default=0,
        help="The first so many must all be paused before the rest is sent.",
    ),
    click.option(
        "--max-failures",
        type=Parsed("n|p%", parse_tolerance),
        help="End when more ids than that are rejected, failed or unknown; a "
        "percentage is judged from 20 finished ids on.",
    ),
    click.option(
        "--verify",
        type=click.Choice([one.value for one in Verify]),
        default=Verify.REFUSED.value,
        show_default=True,
        help="Which ids to read back when the first tries are through: none, those "
        "in doubt, those and the refused ones, or all.",
    ),
    click.option("--json", "is_json", is_flag=True, help="Sum up as one JSON object."),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "lines", "none"]),
        default="auto",
        show_default=True,
        help="On stderr: a bar, or JSON lines.",
    ),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Of the JSON lines.",
    ),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bulkpause")
def cli() -> None:
    r"""Pause Ocamba Hood campaigns in bulk, inside the API's rate limits.

    \b
    Look, then pause:
      bulkpause plan campaigns.csv
      bulkpause run campaigns.csv --log pauses.jsonl
    Go on after a failure, or after anything else:
      bulkpause retry pauses.jsonl
    Is anything still running?
      bulkpause status pauses.jsonl

    Exit codes: 0 all paused, 1 some can not be paused, 2 usage, 3 input, 4 token,
    5 unfinished, 6 log or disk, 7 log in use, 8 guard rail, 130 and 143 signals.
    """


@cli.command()
@click.argument("input", metavar="INPUT")
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
@click.option("--expect", type=int, help="Refuse an input with another number of ids.")
@click.option("--plan", "digest", help="Refuse an input with another digest.")
@_OF_THE_INPUT
@_OF_THE_API
@_OF_THE_RUN
def run(**given: Any) -> Exit:
    r"""Pause every campaign of INPUT: a path, or - for standard input.

    INPUT is CSV with a heading, JSON lines, or a plain list of ids; .gz is unpacked.
    All of it is checked before anything is sent.

    \b
    bulkpause run export.csv                     asks, then pauses
    bulkpause run export.csv --yes --order-by spend:desc
    bulkpause run export.csv --yes --log today.jsonl --resume
    bulkpause run export.csv --simulate --yes    touches nothing real
    """
    if given["resume"] and given["log"] is None:
        raise click.UsageError("--resume needs --log, to know what to go on with")
    return _run(_options(given))


@cli.command()
@click.argument("log", metavar="LOG", type=PATH)
@click.option("--expect", type=int, help="Refuse another number of ids.")
@_OF_THE_API
@_OF_THE_RUN
def retry(**given: Any) -> Exit:
    r"""Pause what LOG leaves open: failed, unknown, and not attempted ids.

    Results are appended to LOG.

    \b
    bulkpause retry pauses.jsonl
    """
    return _run(_options({**given, "input": None, "resume": True}))


@cli.command()
@click.argument("input", metavar="INPUT")
@click.option("--json", "is_json", is_flag=True, help="As one JSON object.")
@_OF_THE_INPUT
@_OF_THE_API
def plan(**given: Any) -> Exit:
    r"""Say what `run INPUT` would send. Sends nothing.

    The digest it prints ties a run to what was looked at.

    \b
    bulkpause plan export.csv --order-by spend:desc
    bulkpause run export.csv --order-by spend:desc --plan DIGEST
    """
    from bulkpause.preview import plan as plan_input  # noqa: PLC0415 (see _run)

    return plan_input(_options(given))


@cli.command()
@click.argument("log", metavar="LOG", type=PATH)
@click.option("--json", "is_json", is_flag=True, help="As one JSON object.")
def status(log: Path, *, is_json: bool) -> Exit:
    r"""Answer from LOG what is paused, what may still run, and why.

    \b
    bulkpause status pauses.jsonl
    """
    from bulkpause.review import show_status  # noqa: PLC0415 (see _run)

    return show_status(log, is_json=is_json)


@cli.command()
@click.argument("log", metavar="LOG", type=PATH)
@click.option(
    "--status",
    "statuses",
    default="failed,unknown,not_attempted",
    show_default=True,
    help=f"Any of {', '.join([*Status, NOT_ATTEMPTED])}, with commas between.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
)
def export(log: Path, statuses: str, format_: str) -> Exit:
    r"""Write the ids of LOG to stdout as a file that `run` accepts.

    \b
    bulkpause export pauses.jsonl --status rejected > rejected.csv
    """
    from bulkpause.review import export_log  # noqa: PLC0415 (see _run)

    return export_log(log, statuses.split(","), as_csv_file=format_ == "csv")


def _run(options: Options) -> Exit:
    # What a verb needs is imported when it is called: help, and what is refused for
    # its options, comes at once.
    from bulkpause.run import run as run_options  # noqa: PLC0415

    return run_options(options)


def _options(given: dict[str, Any]) -> Options:
    """Make options of what the command line gave; what a verb lacks has its default."""
    limits = (given["steady"], given["burst"])
    rules = Rules()
    settings = Settings(
        base_url=given["base_url"],
        limits=tuple(limit for limit in limits if limit is not None),
    )
    if "timeout" in given:
        rules = Rules(
            max_attempts=given["max_attempts"],
            verify=Verify(given["verify"]),
            give_up_after_s=given["give_up_after"],
        )
        settings = Settings(
            base_url=settings.base_url,
            reason=given["reason"],
            limits=settings.limits,
            max_in_flight=given["max_in_flight"],
            timeout_s=given["timeout"],
            rules=rules,
        )
    format_ = given.get("format_")
    return Options(
        input=given["input"],
        settings=settings,
        layout=Layout(
            format=None if format_ is None else Format(format_),
            column=given.get("column"),
        ),
        order=given.get("order"),
        log=given.get("log"),
        token_file=given.get("token_file"),
        guards=GuardRails(
            canary=given.get("canary", 0),
            max_failures=given.get("max_failures"),
            deadline_s=given.get("deadline"),
        ),
        expect=given.get("expect"),
        digest=given.get("digest"),
        progress=given.get("progress", "auto"),
        log_level=given.get("log_level", "info"),
        is_resumed=given.get("resume", False),
        is_confirmed=given.get("yes", False),
        is_simulated=given["simulate"],
        is_json=given.get("is_json", False),
        skips_invalid=given.get("skip_invalid", False),
    )


cli.add_command(simulate)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = Exit.USAGE
    except click.Abort:
        click.echo("nothing was sent", err=True)
        code = Exit.INTERRUPTED
    except BulkpauseError as error:
        click.echo(f"bulkpause: {error}", err=True)
        code = exit_of_error(error)
    except Exception:  # noqa: BLE001 (Python's own code for it is 1, which is taken)
        traceback.print_exc()
        click.echo("bulkpause: this is a defect; what was done is logged", err=True)
        code = Exit.DEFECT
    sys.exit(int(code or 0))
