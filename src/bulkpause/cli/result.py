"""Report the result of a run as text and as JSON, with the command that retries it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click
import orjson

from bulkpause.cli.display import writes_lines
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.options import Options, retry_command
from bulkpause.model import StopReason
from bulkpause.report import text as report
from bulkpause.report.totals import Totals


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run. Without a log, there was nothing to do."""

    totals: Totals
    code: ExitCode
    log: Path | None
    run_id: str
    stopped: StopReason | None = None

    def retry_command(self, options: Options) -> str | None:
        """Write the command that retries what is left; None if nothing is."""
        if self.log is None or not self.totals.is_unfinished:
            return None
        return retry_command(
            self.log,
            options.settings,
            is_simulated=options.is_simulated,
            is_confirmed=options.is_confirmed,
            token_file=options.token_file,
        )

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give the result in values that JSON can carry."""
        return report.as_object(self.totals, options.settings.limits) | {
            "run_id": self.run_id,
            "log": None if self.log is None else str(self.log),
            "exit_code": self.code,
            "stopped": None if self.stopped is None else self.stopped.detail,
            "next": self.retry_command(options),
        }


def print_result(result: RunResult, options: Options) -> None:
    """Print the summary. The run is over and on record, whether or not it is read."""
    text = "\n".join(report.summary_lines(result.totals, options.settings.limits))
    if options.is_json:
        text = orjson.dumps(result.as_dict(options)).decode()
    try:
        click.echo(text)
    except OSError as error:
        _discard(sys.stdout)
        _write_error(f"warning: the summary could not be written: {error.strerror}")
    if options.is_json or writes_lines(options) or result.log is None:
        return
    command = result.retry_command(options)
    for line in report.outcome_lines(
        result.totals, result.stopped, result.log, command
    ):
        _write_error(line)


def _write_error(text: str) -> None:
    """Write to standard error, if somebody reads it."""
    try:
        click.echo(text, err=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Keep the interpreter from failing at exit on text that could not be written."""
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), stream.fileno())
