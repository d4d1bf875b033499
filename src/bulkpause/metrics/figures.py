"""What monitoring is told of a run, and what it remembers of earlier ones."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Self

from bulkpause._value import value
from bulkpause.report.totals import Totals


@value
class Figures:
    """The numbers of a run at one moment.

    Attributes:
        rows: The number of input rows with each status.
        may_be_running: Ids whose campaign is not known to have stopped sending; None if
            it is not known how many were planned.
        requests: Requests sent for ids with a status, attempts and read-backs.
        retries: Attempts after the first.
        rate_limited: Attempts that got a 429.
        read_backs: Ids that were read back.
    """

    rows: Mapping[str, int]
    may_be_running: int | None
    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    read_backs: int = 0

    @classmethod
    def of(cls, totals: Totals) -> Self:
        """Take the numbers from the totals of a run."""
        return cls(
            rows=totals.counts(),
            may_be_running=totals.may_run,
            requests=totals.requests,
            retries=totals.retries,
            rate_limited=totals.rate_limited,
            read_backs=totals.read_backs,
        )


@value
class History:
    """How the last runs of a job ended. Times are seconds since the epoch.

    Attributes:
        endpoint: The endpoint that these runs were for.
        exit_code: The exit code of the last one.
        ended_at_s: When that ended.
        succeeded_at_s: When one last ended with 0: every id is paused.
        completed_at_s: When one last ended with 0 or 1: nothing is left to retry.
        rows: The number of input rows with each status, as they were last known.
        may_be_running: Ids that may be running, as they were last known.
        counted_at_s: When these were known.
    """

    endpoint: str | None = None
    exit_code: int | None = None
    ended_at_s: float | None = None
    succeeded_at_s: float | None = None
    completed_at_s: float | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    may_be_running: int | None = None
    counted_at_s: float | None = None

    def counting(self, figures: "Figures | None", now_s: float) -> "History":
        """Take the counts of a run. One whose input cannot be used has none.

        Those of the run before stay: its campaigns are as they were.
        """
        if figures is None:
            return self
        return replace(
            self,
            rows=figures.rows,
            may_be_running=figures.may_be_running,
            counted_at_s=now_s,
        )

    def of_endpoint(self, endpoint: str | None) -> "History":
        """Forget runs for another endpoint: a trial's success is none of the job."""
        if endpoint is None:
            return self
        is_same = self.endpoint in {None, endpoint}
        return replace(self if is_same else History(), endpoint=endpoint)

    def after(self, exit_code: int, ended_at_s: float) -> "History":
        """Add a run that has ended."""
        is_success, is_complete = exit_code == 0, exit_code in {0, 1}
        return replace(
            self,
            exit_code=exit_code,
            ended_at_s=ended_at_s,
            succeeded_at_s=ended_at_s if is_success else self.succeeded_at_s,
            completed_at_s=ended_at_s if is_complete else self.completed_at_s,
        )


@value
class JobState:
    """All that the file of a job says.

    Attributes:
        job_name: Tells apart the jobs whose files one node exporter reads.
        command: `run`, `retry` or the like.
        started_at_s: When the run began, in seconds since the epoch.
        duration_s: How long it takes or took.
        exit_code: Its exit code; None while it runs.
        endpoint: A base URL or `simulator`; None if the options were not usable.
        figures: Its numbers; None if nothing was planned.
        is_locked_out: Whether another run held its log.
    """

    job_name: str
    command: str
    started_at_s: float
    duration_s: float
    exit_code: int | None = None
    endpoint: str | None = None
    figures: Figures | None = None
    is_locked_out: bool = False
