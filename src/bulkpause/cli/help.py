"""Help pages with blocks that are shown as they are written: examples and tables."""

from collections.abc import Mapping
from importlib import import_module
from textwrap import dedent
from typing import Any

import click


class _Blocks(click.Command):
    """A command whose help has examples before its options, and notes at its end.

    Args:
        examples: Lines to type.
        notes: Other blocks by their headings.
    """

    def __init__(
        self,
        *arguments: Any,
        examples: str = "",
        notes: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.examples = examples
        self.notes = dict(notes or {})

    def format_help_text(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        super().format_help_text(ctx, formatter)
        if self.examples:
            _write(formatter, "Examples", self.examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        for heading, text in self.notes.items():
            _write(formatter, heading, text)


class HelpCommand(_Blocks):
    """The help page of a verb."""


class LazyGroup(_Blocks, click.Group):
    """The help page of the program.

    Args:
        late: The modules of verbs that are imported when they are called.
    """

    def __init__(
        self, *arguments: Any, late: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._late = dict(late or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._late})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # For a name that is mistyped all are looked at, to suggest the nearest.
        while cmd_name not in self.commands and self._late:
            name, module = self._late.popitem()
            self.add_command(getattr(import_module(module), name))
        return super().get_command(ctx, cmd_name)


def _write(formatter: click.HelpFormatter, heading: str, text: str) -> None:
    with formatter.section(heading):
        for line in dedent(text).strip("\n").splitlines():
            formatter.write(f"{'':>{formatter.current_indent}}{line}".rstrip() + "\n")
