"""Declare the options that commands share, and make one value of them."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from bulkpause._text import quote
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.api.proxy import parse_proxy
from bulkpause.cli.options import BASE_URL_VARIABLE, Options, usual_share
from bulkpause.engine.guard_rails import GuardRails, parse_tolerance
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.inputs.layout import Format, HiddenRows, Layout
from bulkpause.inputs.ordering import DecimalMark, parse_order
from bulkpause.model import Priority
from bulkpause.ratelimit.budget.place import check_share, has_secret
from bulkpause.settings import Settings, parse_duration, parse_limit


class ProxyUrl(click.ParamType[str]):
    """The address of a proxy. Its password must not be typed."""

    name = "url"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        if "@" in value and _is_typed(param, ctx):
            self.fail(
                "other users of this machine can see a password on the command line; "
                "set OCAMBA_PROXY to the address of the proxy",
                param,
                ctx,
            )
        try:
            parse_proxy(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        return str(value)


def _is_typed(param: click.Parameter | None, ctx: click.Context | None) -> bool:
    if param is None or ctx is None:
        return False
    return ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE


class FilePath(click.Path):
    """The path of a file. An empty one is refused: Python takes it for `.`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if not os.fspath(value).strip():
            self.fail("it is empty; name a file", param, ctx)
        return super().convert(value, param, ctx)


def parse_name(text: str) -> str:
    """Read the name of a column or a sheet, or a reason.

    Raises:
        SettingsError: It is blank.
    """
    if not text.strip():
        raise SettingsError("it is empty; write a text, or leave the option out")
    return text


def parse_digest(text: str) -> str:
    """Read the digest of a plan.

    Raises:
        SettingsError: It is none.
    """
    if not re.fullmatch("[0-9a-f]{16}", text):
        raise SettingsError(
            f"{quote(text)} is not a digest, which has 16 hexadecimal digits; copy it "
            "from the end of `bulkpause plan`"
        )
    return text


class SharePlace(click.ParamType[str]):
    """Where the budget of an account is shared. A password must not be typed."""

    name = "place"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        if has_secret(value) and _is_typed(param, ctx):
            self.fail(
                "other users of this machine can see a password on the command line; "
                "set BULKPAUSE_SHARE to the URL of the server",
                param,
                ctx,
            )
        try:
            check_share(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        return str(value)


PATH = FilePath()

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
INPUT_OPTIONS = _combine(
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
    click.option(
        "--skip-invalid",
        is_flag=True,
        help="Skip invalid rows instead of refusing the input.",
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
VERIFY = click.option(
    "--verify",
    type=click.Choice([verify.value for verify in Verify]),
    default=Verify.REFUSED.value,
    show_default=True,
    help="Ids to read back after the first attempts: none, those in doubt, those and "
    "every refused one, or all.",
)
RUN_OPTIONS = _combine(
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
    click.option(
        "--token-file",
        type=PATH,
        help="File with the bearer token.  [default: $OCAMBA_TOKEN, or "
        "$CREDENTIALS_DIRECTORY/ocamba-token]",
    ),
    click.option(
        "--proxy",
        type=ProxyUrl(),
        envvar="OCAMBA_PROXY",
        show_envvar=True,
        help="Proxy to the API: http://HOST:PORT or https://HOST:PORT.",
    ),
    click.option(
        "--trust-env",
        is_flag=True,
        help="Use HTTPS_PROXY, ALL_PROXY and SSLKEYLOGFILE from the environment. "
        "SSL_CERT_FILE and SSL_CERT_DIR are always used.",
    ),
    click.option(
        "--reason",
        type=parse_name,
        metavar="TEXT",
        help="Sent with every pause request.",
    ),
    click.option(
        "--share",
        type=SharePlace(),
        metavar="auto|none|PATH|URL",
        envvar="BULKPAUSE_SHARE",
        show_envvar=True,
        help="Share the account's limits with other runs: those of this user on this "
        "host, or all that name the same file or valkey://HOST:PORT/0.  [default: auto; "
        "none with --simulate]",
    ),
    click.option(
        "--priority",
        type=click.Choice([priority.value for priority in Priority]),
        default=Priority.NORMAL.value,
        show_default=True,
        help="Which of the runs that share an account go first.",
    ),
    click.option(
        "--max-in-flight",
        type=click.IntRange(1, 1_000),
        help="Maximum requests in flight.  [default: the smaller limit]",
    ),
    click.option(
        "--timeout",
        type=parse_duration,
        metavar="DURATION",
        default="30s",
        show_default=True,
        help="Longest time of one attempt: name look-up, connecting, TLS and response.",
    ),
    click.option(
        "--max-attempts",
        type=click.IntRange(1, 1_000),
        default=4,
        show_default=True,
        help="Attempts per id; 429 responses do not count.",
    ),
    click.option(
        "--give-up-after",
        type=parse_duration,
        metavar="DURATION",
        default="5m",
        show_default=True,
        help="Stop after this long without a usable response, 429s included.",
    ),
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
    click.option(
        "--canary",
        type=click.IntRange(0, 1_000_000_000),
        metavar="N",
        default=0,
        help="Pause the first N ids; continue only if all succeed.",
    ),
    click.option(
        "--max-failures",
        type=parse_tolerance,
        metavar="N|P%",
        help="Stop when more ids than this are rejected, failed or unknown; a "
        "percentage applies from 20 finished ids on.",
    ),
    VERIFY,
    click.option(
        "--json",
        is_flag=True,
        help="Print the summary, or the error, as one JSON object.",
    ),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "lines", "none"]),
        default="auto",
        show_default=True,
        help="Progress on stderr: a bar, or JSON lines.",
    ),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Minimum level of the JSON lines.",
    ),
)

#: Fields whose option has another name. All others are named alike.
_OPTION_OF = {
    "deadline_s": "deadline",
    "give_up_after_s": "give_up_after",
    "grace_s": "grace",
    "timeout_s": "timeout",
    "order": "order_by",
    "resume_within_s": "resume_within",
    "retried": "status",
    "digest": "plan",
    "is_confirmed": "yes",
    "is_simulated": "simulate",
    "is_json": "json",
    "skips_invalid": "skip_invalid",
    "has_multiline_cells": "multiline_cells",
    "takes_any_id": "any_id",
}


def options_of(given: Mapping[str, Any]) -> Options:
    """Make options of the parameters of a command; a missing one has its default.

    Raises:
        UsageError: Two of them contradict each other.
    """
    _refuse_two_apis(given)
    return Options(
        settings=_settings(given),
        layout=_layout(given),
        guard_rails=GuardRails(**_fields_of(GuardRails, given)),
        **_fields_of(Options, given),
    )


def _refuse_two_apis(given: Mapping[str, Any]) -> None:
    context = click.get_current_context(silent=True)
    if context is None or not given["simulate"]:
        return
    for param in context.command.params:
        if param.name in {"base_url", "proxy"} and _is_typed(param, context):
            raise click.UsageError(
                "--simulate pauses campaigns of the built-in simulator, and "
                f"{param.opts[0]} is for the API; leave one of them out"
            )


def _settings(given: Mapping[str, Any]) -> Settings:
    limits = (given["steady"], given["burst"])
    retry_policy = _fields_of(RetryPolicy, given)
    if "verify" in given:
        retry_policy["verify"] = Verify(given["verify"])
    return Settings(
        limits=tuple(limit for limit in limits if limit is not None),
        retry_policy=RetryPolicy(**retry_policy),
        **_fields_of(Settings, given) | _sharing(given),
    )


def _sharing(given: Mapping[str, Any]) -> dict[str, Any]:
    if "share" not in given:
        return {}
    usual = usual_share(is_simulated=given["simulate"])
    return {
        "share": usual if given["share"] is None else given["share"],
        "priority": Priority(given["priority"]),
    }


def _layout(given: Mapping[str, Any]) -> Layout:
    layout = _fields_of(Layout, given)
    kinds: Mapping[str, type[StrEnum]] = {"format": Format, "hidden_rows": HiddenRows}
    for name, kind in kinds.items():
        if layout.get(name) is not None:
            layout[name] = kind(layout[name])
    return Layout(**layout)


def _fields_of(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the parameters that are fields of a dataclass."""
    options = {
        field.name: _OPTION_OF.get(field.name, field.name) for field in fields(kind)
    }
    return {field: given[name] for field, name in options.items() if name in given}
