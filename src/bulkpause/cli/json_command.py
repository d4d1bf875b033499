"""A command with `--json`, which writes one JSON object for every end."""

from collections.abc import Sequence

import click

from bulkpause.cli.ending import Ending
from bulkpause.cli.repeated_options import OneValueCommand


_JSON = "--json"


class JsonCommand(OneValueCommand):
    """Finds out whether an object is asked for before an argument can be wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ending = ctx.ensure_object(Ending)
        ending.is_json = is_json_typed(args) or self._is_set(ctx)
        left = super().parse_args(ctx, args)
        ending.is_json = bool(ctx.params.get("json"))
        return left

    def _is_set(self, ctx: click.Context) -> bool:
        """Tell whether the environment variable of the option is on."""
        for option in self.params:
            if isinstance(option, click.Option) and _JSON in option.opts:
                value = option.resolve_envvar_value(ctx) or ""
                return value.strip().lower() in {"1", "true", "t", "yes", "y", "on"}
        return False


def is_json_typed(words: Sequence[str]) -> bool:
    """Tell whether words of a command ask for a JSON object."""
    end = words.index("--") if "--" in words else len(words)
    return _JSON in words[:end]
