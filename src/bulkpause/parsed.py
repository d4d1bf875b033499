"""Command line values that our own functions read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bulkpause.errors import SettingsError
from bulkpause.proxy import parse_proxy
from bulkpause.settings import parse_duration, parse_limit


class Parsed(click.ParamType[object]):
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


class ProxyUrl(Parsed):
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


DURATION = Parsed("duration", parse_duration)
LIMIT = Parsed("limit", parse_limit)
#: A path, or - for standard input. Shells complete it.
INPUT = click.Path(allow_dash=True)
PATH = click.Path(path_type=Path)
