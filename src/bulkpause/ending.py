"""The last words of a run, to people and to programs."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click
import orjson

from bulkpause import report
from bulkpause.exits import Exit
from bulkpause.model import Stopped
from bulkpause.options import Options
from bulkpause.summary import Totals
from bulkpause.view import writes_lines


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. Without a log there was nothing to do."""

    totals: Totals
    code: Exit
    log: Path | None
    run_id: str
    stopped: Stopped | None = None

    def command(self, options: Options) -> str | None:
        """Give the command that goes on with what is left, if something is."""
        if self.log is None or not self.totals.is_unfinished:
            return None
        return report.retry_command(
            self.log,
            options.settings,
            is_simulated=options.is_simulated,
            is_confirmed=options.is_confirmed,
            token_file=options.token_file,
        )

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give all of it under names that JSON can carry."""
        return report.as_object(self.totals, options.settings.limits) | {
            "run_id": self.run_id,
            "log": None if self.log is None else str(self.log),
            "exit_code": self.code,
            "stopped": None if self.stopped is None else self.stopped.reason,
            "next": self.command(options),
        }


def say_end(end: End, options: Options) -> None:
    """Say how the run ended. It is over and on record, whether or not this is read."""
    text = "\n".join(report.end_of_run(end.totals, options.settings.limits))
    if options.is_json:
        text = orjson.dumps(end.as_dict(options)).decode()
    try:
        click.echo(text)
    except OSError as error:
        _leave(sys.stdout)
        _tell(f"warning: the totals were not written: {error.strerror}")
    if options.is_json or writes_lines(options) or end.log is None:
        return
    command = end.command(options)
    for line in report.closing(end.totals, end.stopped, end.log, command):
        _tell(line)


def _tell(text: str) -> None:
    """Write to standard error, if somebody reads it."""
    try:
        click.echo(text, err=True)
    except OSError:
        _leave(sys.stderr)


def _leave(stream: TextIO) -> None:
    """Keep the interpreter from writing again, at its end, what could not be written."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
