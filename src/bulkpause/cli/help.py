"""Build the help pages: examples and tables as written, commands imported late."""

from collections.abc import Mapping
from importlib import import_module
from textwrap import dedent, indent
from typing import Any

import click


def block(heading: str, lines: str) -> str:
    r"""Write a part of an epilog that click does not rewrap: `\b` says so."""
    text = indent(dedent(lines).strip("\n"), "  ")
    return f"\b\n{heading}:\n{text}\n\n"


class LazyGroup(click.Group):
    """A group that imports some of its commands when they are called.

    Args:
        lazy: The modules of these commands by name.
    """

    def __init__(
        self, *arguments: Any, lazy: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._lazy = dict(lazy or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `--help run` means the page of `run`.
        help_names = self.get_help_option_names(ctx)
        if args[:1] and args[0] in help_names and args[1:2]:
            args = [*args[1:2], args[0]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # An unknown name imports all of them: click suggests the nearest one.
        while cmd_name not in self.commands and self._lazy:
            name, module = self._lazy.popitem()
            self.add_command(getattr(import_module(module), name))
        return super().get_command(ctx, cmd_name)
