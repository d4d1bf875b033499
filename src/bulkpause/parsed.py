"""Command line values that our own functions read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bulkpause.errors import SettingsError
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


DURATION = Parsed("duration", parse_duration)
LIMIT = Parsed("limit", parse_limit)
#: A path, or - for standard input. Shells complete it.
INPUT = click.Path(allow_dash=True)
PATH = click.Path(path_type=Path)
