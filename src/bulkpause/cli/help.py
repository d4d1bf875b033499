"""Build the help pages: examples and tables as written, commands imported late."""

from collections.abc import Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any

import click


def block(heading: str, lines: str) -> str:
    r"""Write a part of an epilog that click does not rewrap: `\b` says so."""
    text = "\n".join(f"  {line}" for line in cleandoc(lines).split("\n"))
    return f"\b\n{heading}:\n{text}\n\n"


EXIT_CODES = block(
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


class LazyGroup(click.Group):
    """A group that imports a command when it is called.

    Args:
        lazy: The place of each command by its name, as in `package.module.name`.
    """

    def __init__(
        self, *arguments: Any, lazy: Mapping[str, str], **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._lazy = dict(lazy)

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
        names = [cmd_name] if cmd_name in self._lazy else [*self._lazy]
        for name in [] if cmd_name in self.commands else names:
            module, _, attribute = self._lazy.pop(name).rpartition(".")
            self.add_command(getattr(import_module(module), attribute))
        return super().get_command(ctx, cmd_name)
