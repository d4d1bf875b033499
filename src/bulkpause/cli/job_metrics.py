"""Publish the metrics of a command with `--metrics`, however it ends."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause._text import replace_surrogates, sanitize
from bulkpause.cli.exit_codes import ExitCode


# What makes and writes metrics is imported on use: most commands have none.
if TYPE_CHECKING:
    from bulkpause.metrics.figures import JobState
    from bulkpause.metrics.publisher import Publisher
    from bulkpause.report.totals import Totals


Warn = Callable[[str], None]


class JobMetrics:
    """Tells a file of metrics what a command is doing, and how it ended.

    Args:
        path: The file; None publishes nothing.
        command: The name of the command.
        now: The wall clock.

    Attributes:
        endpoint: The endpoint of the run; None until its options are known.
        totals: The totals of the run; None until there are any.
    """

    def __init__(
        self,
        path: Path | None = None,
        command: str = "",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.endpoint: str | None = None
        self.totals: Totals | None = None
        self._path = path
        self._command = command
        self._now = now
        self._started_at = now()
        self._publisher = None if path is None else _publisher(path)
        self._has_warned = False

    def publish(self, totals: "Totals") -> None:
        """Publish the state of the run, without waiting for the disk."""
        self.totals = totals
        if self._publisher is not None:
            self._publisher.publish(self._state(exit_code=None))

    def end(self, exit_code: int, warn: Warn) -> None:
        """Publish how the command ended."""
        if self._publisher is not None:
            self._publisher.finish(self._state(exit_code=exit_code))
            self.warn_of_fault(warn)

    def _state(self, *, exit_code: int | None) -> "JobState":
        from bulkpause.metrics.figures import Figures, JobState  # noqa: PLC0415

        name = "" if self._path is None else self._path.stem
        return JobState(
            job_name=sanitize(replace_surrogates(name)),
            command=self._command,
            started_at_s=self._started_at.timestamp(),
            duration_s=max(0.0, (self._now() - self._started_at).total_seconds()),
            exit_code=exit_code,
            endpoint=self.endpoint,
            figures=None if self.totals is None else Figures.of(self.totals),
            is_locked_out=exit_code == ExitCode.LOG_HELD,
        )

    def warn_of_fault(self, warn: Warn) -> None:
        """Say, once, why the file cannot be written, if it cannot."""
        fault = None if self._publisher is None else self._publisher.fault
        if fault is not None and not self._has_warned:
            self._has_warned = True
            warn(f"no metrics in {sanitize(str(self._path))}: {fault}")


def _publisher(path: Path) -> "Publisher":
    from bulkpause.metrics.publisher import Publisher  # noqa: PLC0415

    return Publisher(path)
