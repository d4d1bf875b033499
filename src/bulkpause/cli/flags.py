"""Declare the options that commands share."""

from collections.abc import Callable
from typing import TypeVar

import click

from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.options import BASE_URL_VARIABLE
from bulkpause.cli.parameter_types import (
    ProxyUrl,
    SharePlace,
    parse_metrics_path,
    parse_name,
)
from bulkpause.cli.path_arguments import PATH
from bulkpause.engine.guard_rails import parse_tolerance
from bulkpause.engine.policy import Verify
from bulkpause.engine.resume import ResumeBody
from bulkpause.inputs.layout import Format, HiddenRows
from bulkpause.inputs.ordering import DecimalMark, parse_order
from bulkpause.settings import parse_duration, parse_limit
from bulkpause.shard import parse_shard
from bulkpause.vocabulary import Priority


_Command = TypeVar("_Command", bound=Callable[..., object])


def _combine(
    *options: Callable[[_Command], _Command],
) -> Callable[[_Command], _Command]:
    """Combine decorators into one, which lists the options in the given order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


INPUTS = click.argument(
    "inputs",
    metavar="INPUT...",
    nargs=-1,
    required=True,
    # Ids too. Shells complete paths.
    type=click.Path(allow_dash=True),
)
LAYOUT_OPTIONS = _combine(
    click.option(
        "--column",
        type=parse_name,
        metavar="TEXT",
        help="Column with the ids, or JSON keys such as campaign.id.  "
        "[default: id, campaign_id]",
    ),
    click.option(
        "--name-column",
        type=parse_name,
        metavar="TEXT",
        help="Column with the names, which are shown and recorded.  [default: name, "
        "campaign_name and the like]",
    ),
    click.option(
        "--account-column",
        type=parse_name,
        metavar="TEXT",
        help="With --accounts: column with the account of each row.  [default: account]",
    ),
    click.option(
        "--format",
        type=click.Choice([format_.value for format_ in Format]),
        help="Format of text.  [default: from the file name, else from the first line]",
    ),
    click.option(
        "--sheet",
        type=parse_name,
        metavar="TEXT",
        help="Sheet of a spreadsheet that has several.",
    ),
    click.option(
        "--hidden-rows",
        type=click.Choice([choice.value for choice in HiddenRows]),
        help="Rows that a spreadsheet's filter hides: skip or pause them.  [default: "
        "refuse the spreadsheet]",
    ),
    click.option(
        "--multiline-cells",
        is_flag=True,
        help="Take quoted cells of several lines as cells even if they look like rows.",
    ),
    click.option(
        "--any-id",
        is_flag=True,
        help="Accept each id that is valid by itself, whatever the others are.",
    ),
    click.option(
        "--skip-invalid",
        is_flag=True,
        help="Skip invalid rows instead of refusing the input.",
    ),
)
INPUT_OPTIONS = _combine(
    LAYOUT_OPTIONS,
    click.option(
        "--order-by",
        type=parse_order,
        metavar="COLUMN[:DESC]",
        help="Pause in the order of this column of numbers, such as spend:desc.",
    ),
    click.option(
        "--decimal-mark",
        type=click.Choice([mark.value for mark in DecimalMark]),
        callback=lambda _context, _option, mark: mark and DecimalMark(mark),
        help="The mark before a fraction, if the column to sort by leaves it open.",
    ),
)
LIMITS = _combine(
    click.option(
        "--burst",
        type=parse_limit,
        metavar="LIMIT",
        default="10/1s",
        show_default=True,
        help="Short-window limit; `none` disables it.",
    ),
    click.option(
        "--steady",
        type=parse_limit,
        metavar="LIMIT",
        default="150/1m",
        show_default=True,
        help="Long-window limit; `none` disables it.",
    ),
)
ACCOUNTS_FILE = click.option(
    "--accounts",
    type=PATH,
    metavar="FILE.toml|DIR",
    help="Several accounts at once: a section [NAME] with token_file or token_env for "
    "each, or a folder with one token file for each.",
)
ACCOUNTS = _combine(
    ACCOUNTS_FILE,
    click.option(
        "--shard",
        metavar="K/N",
        type=parse_shard,
        help="Send only the K-th of N parts: whole accounts, or ids without --accounts. "
        "auto/N takes K from JOB_COMPLETION_INDEX.",
    ),
)
API_OPTIONS = _combine(
    click.option(
        "--base-url",
        default=DEFAULT_BASE_URL,
        show_default=True,
        envvar=BASE_URL_VARIABLE,
        show_envvar=True,
        help="Base URL of the API.",
    ),
    click.option(
        "--simulate",
        is_flag=True,
        help="Use the built-in simulator instead of the API.",
    ),
    LIMITS,
)
VERIFY = click.option(
    "--verify",
    type=click.Choice([verify.value for verify in Verify]),
    default=Verify.REFUSED.value,
    show_default=True,
    help="Ids to read back after the first attempts: none, those in doubt, those and "
    "every refused one, or all.",
)
TOKEN_FILE = click.option(
    "--token-file",
    type=PATH,
    help="File with the bearer token.  [default: $OCAMBA_TOKEN, or "
    "$CREDENTIALS_DIRECTORY/ocamba-token]",
)
PROXY = click.option(
    "--proxy",
    type=ProxyUrl(),
    envvar="OCAMBA_PROXY",
    show_envvar=True,
    help="Proxy to the API: http://HOST:PORT or https://HOST:PORT.",
)
TRUST_ENV = click.option(
    "--trust-env",
    is_flag=True,
    help="Use HTTPS_PROXY, ALL_PROXY and SSLKEYLOGFILE from the environment. "
    "SSL_CERT_FILE and SSL_CERT_DIR are always used.",
)
SHARE = click.option(
    "--share",
    type=SharePlace(),
    metavar="auto|none|PATH|URL",
    envvar="BULKPAUSE_SHARE",
    show_envvar=True,
    help="Share the account's limits with other runs: those of this user on this "
    "host, or all that name the same file or valkey://HOST:PORT/0.  [default: auto; "
    "none with --simulate]",
)
PRIORITY = click.option(
    "--priority",
    type=click.Choice([priority.value for priority in Priority]),
    default=Priority.NORMAL.value,
    show_default=True,
    help="Which of the runs that share an account go first.",
)
TIMEOUT = click.option(
    "--timeout",
    type=parse_duration,
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="Longest time of one attempt: name look-up, connecting, TLS and response.",
)
GIVE_UP_AFTER = click.option(
    "--give-up-after",
    type=parse_duration,
    metavar="DURATION",
    default="5m",
    show_default=True,
    help="Stop after this long without a usable response, 429s included. Requests in "
    "flight are awaited, up to --timeout; if the server still answers reads, ids in "
    "doubt are read back first, which takes up to 20 s.",
)
JSON = click.option(
    "--json",
    is_flag=True,
    help="Print the summary, or the error, as one JSON object.",
)
PROGRESS = click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "lines", "none"]),
    default="auto",
    show_default=True,
    help="Progress on stderr: a bar, or JSON lines.",
)
_METRICS = click.option(
    "--metrics",
    type=parse_metrics_path,
    metavar="FILE.prom",
    help="Write metrics to this file, for the node exporter, every 15 s and at the "
    "end.",
)
LOG_LEVEL = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Minimum level of the JSON lines.",
)
_REASON = click.option(
    "--reason",
    type=parse_name,
    metavar="TEXT",
    help="Sent with every pause request.",
)


def _canary(count: int, verb: str) -> Callable[[_Command], _Command]:
    return click.option(
        "--canary",
        type=click.IntRange(0, 1_000_000_000),
        metavar="N",
        default=count,
        show_default=bool(count),
        help=f"{verb} the first N ids; continue only if all succeed.",
    )


_CONNECTION_OPTIONS = (
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
    TOKEN_FILE,
    PROXY,
    TRUST_ENV,
)
_ATTEMPT_OPTIONS = (
    SHARE,
    PRIORITY,
    click.option(
        "--max-in-flight",
        type=click.IntRange(1, 1_000),
        help="Maximum requests in flight.  [default: the smaller limit]",
    ),
    TIMEOUT,
    click.option(
        "--max-attempts",
        type=click.IntRange(1, 1_000),
        default=4,
        show_default=True,
        help="Attempts per id; 429 responses do not count.",
    ),
    GIVE_UP_AFTER,
    click.option(
        "--deadline",
        type=parse_duration,
        metavar="DURATION",
        help="Send nothing new after this long; requests in flight get one more second.",
    ),
    click.option(
        "--grace",
        type=parse_duration,
        metavar="DURATION",
        default="10s",
        show_default=True,
        help="After a first signal (Ctrl-C, SIGTERM, SIGHUP), requests in flight may "
        "take this long; a second signal exits at once.",
    ),
)
_END_OPTIONS = (
    click.option(
        "--max-failures",
        type=parse_tolerance,
        metavar="N|P%",
        help="Stop when more ids than this are rejected, failed or unknown; a "
        "percentage applies from 20 finished ids on. Nothing new is sent while refused "
        "ids that are read back may be too many.",
    ),
    VERIFY,
    JSON,
    PROGRESS,
    _METRICS,
    LOG_LEVEL,
)
#: Options of the commands that make requests, and pause nothing.
READ_OPTIONS = _combine(
    TOKEN_FILE,
    PROXY,
    TRUST_ENV,
    SHARE,
    PRIORITY,
    TIMEOUT,
    GIVE_UP_AFTER,
    JSON,
    PROGRESS,
    LOG_LEVEL,
)
RUN_OPTIONS = _combine(
    *_CONNECTION_OPTIONS,
    _REASON,
    *_ATTEMPT_OPTIONS,
    _canary(0, "Pause"),
    *_END_OPTIONS,
)
UNDO_OPTIONS = _combine(
    *_CONNECTION_OPTIONS, *_ATTEMPT_OPTIONS, _canary(1, "Resume"), *_END_OPTIONS
)
REMEMBER = click.option(
    "--remember",
    is_flag=True,
    help="Read each campaign before its pause, and record what it was, for an undo. "
    "Doubles the requests.",
)
RESUME_OPTIONS = _combine(
    click.option(
        "--resume-body",
        type=click.Choice([body.value for body in ResumeBody]),
        default=ResumeBody.AUTO.value,
        show_default=True,
        help="Body of a resume: none, run_immediately (now), scheduled_time (time), or "
        "what the campaign was before (auto).",
    ),
    click.option(
        "--start-overdue",
        is_flag=True,
        help="Resume campaigns whose scheduled_time has passed too: they send at once.",
    ),
    click.option(
        "--resume-changed",
        is_flag=True,
        help="Resume campaigns too that were changed since they were paused.",
    ),
)
