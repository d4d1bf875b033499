"""A command that sends, whose metrics tell of every end."""

from collections.abc import Sequence
from pathlib import Path

import click

from bulkpause.api.early_import import import_early
from bulkpause.cli.ending import Ending
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.job_metrics import JobMetrics
from bulkpause.cli.json_command import JsonCommand
from bulkpause.cli.options import Options
from bulkpause.cli.parameter_types import parse_metrics_path
from bulkpause.cli.tls_files import prepare_tls_files
from bulkpause.errors import SettingsError


_METRICS = "--metrics"


class RunCommand(JsonCommand):
    """Finds the file of `--metrics` before an argument can be wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ending, name = ctx.ensure_object(Ending), self.name or ""
        ending.metrics = JobMetrics(_usable(self._path_in(ctx, args)), name)
        left = super().parse_args(ctx, args)
        ending.metrics = JobMetrics(ctx.params.get("metrics"), name)
        return left

    def _path_in(self, ctx: click.Context, args: Sequence[str]) -> str | None:
        if (typed := _typed_path(args)) is not None:
            return typed
        options = (each for each in self.params if _METRICS in each.opts)
        return next((each.resolve_envvar_value(ctx) for each in options), None)


def _typed_path(words: Sequence[str]) -> str | None:
    """Find the last value of the option, as the parser does."""
    found = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == "--":
            break
        if word == _METRICS:
            found = following
        elif word.startswith(f"{_METRICS}="):
            found = word.removeprefix(f"{_METRICS}=")
    return found


def _usable(text: str | None) -> Path | None:
    try:
        return None if text is None else parse_metrics_path(text)
    except SettingsError:
        return None  # the parser says so


def send(options: Options) -> ExitCode:
    """Carry out a command that sends."""
    prepare_tls_files(options)
    import_early()
    # A command imports what it needs when it is called, so that help and usage errors
    # appear at once.
    from bulkpause.cli.commands.run import run  # noqa: PLC0415

    return run(options, click.get_current_context().ensure_object(Ending))
