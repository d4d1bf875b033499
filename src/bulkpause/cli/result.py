"""Report the result of a run as text and as JSON, with the command that carries on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bulkpause._text import sanitize
from bulkpause.cli.display import writes_lines
from bulkpause.cli.exit_codes import FINISHED, ExitCode
from bulkpause.cli.log_failure import LogFailure
from bulkpause.cli.next_steps import NextSteps
from bulkpause.cli.options import Options, status_command
from bulkpause.cli.output import lost_text, say, show, show_json, stderr, stdout
from bulkpause.engine.policy import Verify
from bulkpause.model import Sharing, StopReason
from bulkpause.progress.display import Display
from bulkpause.progress.event import Level, Notice
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
        if options.is_simulated:
            yield report.SIMULATED
        if self.sharing is not None:
            yield from report.sharing_lines(self.sharing)

    def outcome_lines(self) -> Iterator[str]:
        """Say why the run stopped, where its log is, and how to carry on."""
        if self.stopped is not None:
            yield report.stopped_line(self.totals, self.stopped)
        yield sanitize(f"log: {self.log}")
        if self.failure is not None:
            yield from self.failure.lines()
        yield from self.steps.lines()

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give the result in values that JSON can carry."""
        unread = self.totals.unread if _reads_back_all(options) else None
        return report.as_object(self.totals, options.settings.limits) | {
            "not_read_back": unread,
            "simulated": options.is_simulated,
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


def print_result(result: RunResult, display: Display, options: Options) -> None:
    """Print the summary. The run is over and on record, whether or not it is read."""
    stderr().end_run()
    # A run that left something open says so at every level.
    level: Level = "info" if result.code in FINISHED else "error"
    facts = result.as_dict(options)
    display.handle(Notice("run.finished", facts, level=level))
    if stdout().isatty() and stderr().isatty():
        stderr().drain()  # the bar is erased before the summary stands in its place
    lost = lost_text(stderr())
    if options.is_json:
        show_json(facts)
    else:
        warnings = () if lost is None else (f"warning: {lost}",)
        show("\n".join((*result.summary_lines(options), *warnings)))
    for notice in _notices_of_output(lost, result.log):
        display.handle(notice)
    if options.is_json or writes_lines(options) or result.log is None:
        return
    for line in result.outcome_lines():
        say(line)


def _notices_of_output(lost: str | None, log: Path | None) -> Iterator[Notice]:
    """Say what could not be shown, where that can still be said."""
    if lost is not None:
        # Standard output has said it to people.
        yield Notice("lines.dropped", {"message": lost}, level="warning")
    if (fault := stdout().fault) is not None:
        remedy = "" if log is None else f"; show it with: {status_command(log)}"
        message = f"the summary could not be written: {fault.strerror}{remedy}"
        fields = {"message": message}
        yield Notice("summary.failed", fields, f"warning: {message}", level="warning")
