"""End a command that has no result: with words for people, or with one JSON object."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from click.exceptions import NoSuchCommand

from bulkpause.cli.exit_codes import FINISHED, ExitCode, exit_of_error
from bulkpause.cli.job_metrics import JobMetrics
from bulkpause.cli.output import hurry, say, show_json, stdout
from bulkpause.errors import BulkpauseError, InputError, TokenError


# What describes problems and runs, and what helps, is imported on use: few commands
# need it.
if TYPE_CHECKING:
    from bulkpause.cli.problems import Problems
    from bulkpause.progress.display import Display


class ProblemsError(InputError):
    """The inputs have problems, which were shown.

    Attributes:
        problems: What is wrong with them.
    """

    def __init__(self, message: str, problems: "Sequence[Problems]") -> None:
        super().__init__(message)
        self.problems = problems


class DeclinedError(click.ClickException):
    """The question was answered "no"."""

    def __init__(self) -> None:
        super().__init__("nothing was sent")

    def show(self, file: object = None) -> None:
        del file
        say(self.message)


class Ending:
    """Says why a command ends without a result.

    Attributes:
        is_json: Whether standard output takes one JSON object for every end.
        display: Shows the run, which may have sent something; None without a run.
        metrics: Tell monitoring how the command ended, if that was asked for.
    """

    def __init__(
        self, *, is_json: bool = False, display: "Display | None" = None
    ) -> None:
        self.is_json = is_json
        self.display = display
        self.metrics = JobMetrics()

    def of_usage(self, error: click.ClickException) -> ExitCode:
        """Say what cannot be used."""
        _name_variable(error)
        error.show()
        if isinstance(error, (NoSuchCommand, click.NoSuchOption)):
            from bulkpause.cli import hints  # noqa: PLC0415

            _suggest(hints.corrected_command(_group_of(error), sys.argv[1:]))
        return self._write_object(ExitCode.USAGE, error.format_message())

    def of_error(self, error: BulkpauseError) -> ExitCode:
        """Say what bulkpause refused, and the command that helps if there is one."""
        say(f"bulkpause: {error}")
        if isinstance(error, TokenError):
            from bulkpause.cli import hints  # noqa: PLC0415

            _suggest(hints.with_token_file(sys.argv[1:]))
        problems = error.problems if isinstance(error, ProblemsError) else ()
        return self._write_object(exit_of_error(error), str(error), problems)

    def of_bug(self, error: Exception) -> ExitCode:
        """Report a bug in bulkpause."""
        from bulkpause.cli import hints  # noqa: PLC0415

        lines = list(hints.bug_report(error))
        text = "\n".join(f"bulkpause: {line}" for line in lines)
        message = "; ".join(lines)
        try:
            self._show_failure(message, text)
        except Exception:  # noqa: BLE001 (the bug may be the display's)
            say(text)
        return self._write_object(ExitCode.BUG, message)

    def _show_failure(self, message: str, text: str) -> None:
        """Say it as the run says all else, if one has begun."""
        if self.display is None:
            say(text)
            return
        from bulkpause.progress.event import Notice  # noqa: PLC0415

        fields = {"message": message, "exit_code": ExitCode.BUG}
        self.display.handle(Notice("run.failed", fields, text, level="error"))

    def of_signal(self, code: ExitCode, message: str) -> ExitCode:
        """Say that a signal ended the command; nobody waits for a reader any more."""
        hurry()
        say(message)
        return self._write_object(code, message)

    def of_result(self, code: ExitCode) -> ExitCode:
        """Choose the exit code of a command that has written its result, or tried to.

        One that says that the work is not done stays.
        """
        fault = stdout().fault
        if fault is None:
            return code
        if self.display is not None:  # which has said it
            return ExitCode.OUTPUT if code in FINISHED else code
        say(
            f"bulkpause: the output could not be written: {fault.strerror}; "
            "repeat the command with another place for it"
        )
        return ExitCode.OUTPUT

    def publish(self, code: ExitCode) -> None:
        """Tell monitoring the exit code. That it cannot be told changes none."""
        self.metrics.end(code, self.warn_of_metrics)

    def warn_of_metrics(self, message: str) -> None:
        """Say that metrics cannot be written, as the run says all else."""
        text = f"warning: {message}"
        if self.display is None:
            say(text)
            return
        from bulkpause.progress.event import Notice  # noqa: PLC0415

        fields = {"message": message}
        self.display.handle(Notice("metrics.failed", fields, text, level="warning"))

    def _write_object(
        self, code: ExitCode, message: str, problems: "Sequence[Problems]" = ()
    ) -> ExitCode:
        """Write the one object, unless a result has begun; give the exit code."""
        if self.is_json and not stdout().has_begun:
            from bulkpause.cli.problems import error_object  # noqa: PLC0415

            show_json(error_object(code, message, problems))
        return code


def _name_variable(error: click.ClickException) -> None:
    """Name the variable that a wrong value is from: no such option was typed."""
    if not isinstance(error, click.BadParameter) or error.ctx is None:
        return
    param = error.param
    name = None if param is None else param.name
    if param is None or name is None:
        return
    if error.ctx.get_parameter_source(name) is not ParameterSource.ENVIRONMENT:
        return
    if (variable := _variable_of(param, error.ctx)) is not None:
        error.param_hint = f"{variable} ({param.opts[0]})"


def _variable_of(param: click.Parameter, ctx: click.Context) -> str | None:
    """Find the variable that an option was read from."""
    prefix = ctx.auto_envvar_prefix
    automatic = None if prefix is None else f"{prefix}_{(param.name or '').upper()}"
    named = [param.envvar] if isinstance(param.envvar, str) else param.envvar or []
    return next((one for one in (*named, automatic) if one in os.environ), None)


def _group_of(error: click.UsageError) -> click.Group:
    command = None if error.ctx is None else error.ctx.find_root().command
    if not isinstance(command, click.Group):
        raise TypeError("the error comes from another program")
    return command


def _suggest(command: str | None) -> None:
    if command is not None:
        say(f"try: {command}")
