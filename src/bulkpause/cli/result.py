"""Report the result of a run as text and as JSON, with the command that carries on."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

import click
import orjson

from bulkpause.cli.display import writes_lines
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.log_failure import LogFailure
from bulkpause.cli.next_steps import NextSteps
from bulkpause.cli.options import Options
from bulkpause.engine.policy import Verify
from bulkpause.model import Sharing, StopReason
from bulkpause.report import text as report
from bulkpause.report.totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of a run. Without a log, there was nothing to do."""

    totals: Totals
    code: ExitCode
    log: Path | None
    run_id: str
    stopped: StopReason | None = None
    failure: LogFailure | None = None
    sharing: Sharing | None = None
    steps: NextSteps = field(default_factory=NextSteps)

    def summary_lines(self, options: Options) -> Iterator[str]:
        """Summarise the run for people."""
        yield from report.summary_lines(
            self.totals,
            options.settings.limits,
            reads_back_all=_reads_back_all(options),
        )
        if self.sharing is not None:
            yield from report.sharing_lines(self.sharing)

    def outcome_lines(self) -> Iterator[str]:
        """Say why the run stopped, where its log is, and how to carry on."""
        if self.stopped is not None:
            yield report.stopped_line(self.totals, self.stopped)
        yield f"log: {self.log}"
        if self.failure is not None:
            yield from self.failure.lines()
        yield from self.steps.lines()

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give the result in values that JSON can carry."""
        unread = self.totals.unread if _reads_back_all(options) else None
        return report.as_object(self.totals, options.settings.limits) | {
            "not_read_back": unread,
            "run_id": self.run_id,
            "log": None if self.log is None else str(self.log),
            "exit_code": self.code,
            "stopped": None if self.stopped is None else self.stopped.detail,
            "log_failure": None if self.failure is None else self.failure.as_dict(),
            "next": self.steps.command,
            "sharing": None if self.sharing is None else asdict(self.sharing),
        }


def _reads_back_all(options: Options) -> bool:
    return options.settings.retry_policy.verify is Verify.ALL


def print_result(result: RunResult, options: Options) -> None:
    """Print the summary. The run is over and on record, whether or not it is read."""
    text = "\n".join(result.summary_lines(options))
    if options.is_json:
        text = orjson.dumps(result.as_dict(options)).decode()
    try:
        click.echo(text)
    except OSError as error:
        _discard(sys.stdout)
        _write_error(f"warning: the summary could not be written: {error.strerror}")
    if options.is_json or writes_lines(options) or result.log is None:
        return
    for line in result.outcome_lines():
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
