"""The options that verbs share, in groups, and the one value that they make."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.api.proxy import parse_proxy
from bulkpause.cli.options import Options
from bulkpause.engine.guard_rails import GuardRails, parse_tolerance
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.inputs.ordering import parse_order
from bulkpause.inputs.reader import Format, Layout
from bulkpause.settings import Settings, parse_duration, parse_limit


class ParsedType(click.ParamType[object]):
    """A value that one of our own functions reads."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        try:
            return self._parse(value)
        except (SettingsError, ValueError) as error:
            self.fail(str(error), param, ctx)


class ProxyUrl(ParsedType):
    """The address of a proxy. Its password must not be typed."""

    def __init__(self) -> None:
        super().__init__("url", parse_proxy)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if "@" in value and _is_typed(param, ctx):
            self.fail(
                "everybody on this machine can see a password on the command line; "
                "set OCAMBA_PROXY to the address of the proxy",
                param,
                ctx,
            )
        super().convert(value, param, ctx)
        return value


def _is_typed(param: click.Parameter | None, ctx: click.Context | None) -> bool:
    if param is None or ctx is None:
        return False
    return ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE


DURATION = ParsedType("duration", parse_duration)


LIMIT = ParsedType("limit", parse_limit)


#: A path, or - for standard input. Shells complete it.
INPUT = click.Path(allow_dash=True)


PATH = click.Path(path_type=Path)


_Command = TypeVar("_Command", bound=Callable[..., object])


def _all(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Make one decorator of many, to be read from the top."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


OF_THE_INPUT = _all(
    click.option(
        "--column", help="The column that holds the ids.  [default: id, campaign_id]"
    ),
    click.option(
        "--format",
        type=click.Choice([one.value for one in Format]),
        help="Of INPUT.  [default: by its name, else by its first line]",
    ),
    click.option(
        "--order-by",
        type=ParsedType("column[:desc]", parse_order),
        help="Which campaigns go first, such as spend:desc.",
    ),
    click.option(
        "--skip-invalid", is_flag=True, help="Leave out rows without a usable id."
    ),
)
OF_THE_API = _all(
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
VERIFY = click.option(
    "--verify",
    type=click.Choice([one.value for one in Verify]),
    default=Verify.REFUSED.value,
    show_default=True,
    help="Which ids to read back when the first tries are through: none, those in "
    "doubt, those and the refused ones, or all.",
)
OF_THE_RUN = _all(
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
    click.option(
        "--token-file",
        type=PATH,
        help="A file that holds the bearer token.  [default: $OCAMBA_TOKEN, or "
        "$CREDENTIALS_DIRECTORY/ocamba-token]",
    ),
    click.option(
        "--proxy",
        type=ProxyUrl(),
        envvar="OCAMBA_PROXY",
        show_envvar=True,
        help="Reach the API through this proxy: http://HOST:PORT, or https.",
    ),
    click.option(
        "--trust-env",
        is_flag=True,
        help="Take the proxy of HTTPS_PROXY, and the file of SSLKEYLOGFILE.",
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
    click.option(
        "--deadline",
        type=DURATION,
        help="Send nothing new after so long, and wait a second for what is in flight.",
    ),
    click.option(
        "--canary",
        type=click.IntRange(0),
        default=0,
        help="The first so many must all be paused before the rest is sent.",
    ),
    click.option(
        "--max-failures",
        type=ParsedType("n|p%", parse_tolerance),
        help="End when more ids than that are rejected, failed or unknown; a "
        "percentage is judged from 20 finished ids on.",
    ),
    VERIFY,
    click.option("--json", is_flag=True, help="Sum up as one JSON object."),
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

#: Fields, and the options that they are taken from as they are.
_GUARDS = {
    "canary": "canary",
    "max_failures": "max_failures",
    "deadline_s": "deadline",
}
_RETRY_POLICY = {"max_attempts": "max_attempts", "give_up_after_s": "give_up_after"}
_SETTINGS = {
    "base_url": "base_url",
    "reason": "reason",
    "max_in_flight": "max_in_flight",
    "timeout_s": "timeout",
    "proxy": "proxy",
    "trust_env": "trust_env",
}
_OTHERS = {
    "input": "input",
    "order": "order_by",
    "log": "log",
    "token_file": "token_file",
    "expect": "expect",
    "digest": "plan",
    "progress": "progress",
    "log_level": "log_level",
    "is_resumed": "resume",
    "is_confirmed": "yes",
    "is_simulated": "simulate",
    "is_json": "json",
    "skips_invalid": "skip_invalid",
}


def options_of(given: Mapping[str, Any]) -> Options:
    """Make options of what the command line gave; what a verb lacks has its default."""
    return Options(
        settings=_settings(given),
        layout=_layout(given),
        guards=GuardRails(**_given(given, _GUARDS)),
        **_given(given, _OTHERS),
    )


def _settings(given: Mapping[str, Any]) -> Settings:
    limits = (given["steady"], given["burst"])
    retry_policy = _given(given, _RETRY_POLICY)
    if "verify" in given:
        retry_policy["verify"] = Verify(given["verify"])
    return Settings(
        limits=tuple(limit for limit in limits if limit is not None),
        retry_policy=RetryPolicy(**retry_policy),
        **_given(given, _SETTINGS),
    )


def _layout(given: Mapping[str, Any]) -> Layout:
    layout = _given(given, {"column": "column"})
    if given.get("format") is not None:
        layout["format"] = Format(given["format"])
    return Layout(**layout)


def _given(given: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    return {field: given[name] for field, name in fields.items() if name in given}
