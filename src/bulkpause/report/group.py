"""Logs of one endpoint, account and action, taken together: the last word on each id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bulkpause.model import Action, Item, Record
from bulkpause.report.log_status import LogStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWords:
    """One run of a log, and how many ids have their last word from it.

    Attributes:
        run_id: The name of the run; None for planned ids that no run has sent.
        log: The path of its log.
        ids: The number of ids.
    """

    run_id: str | None
    log: str
    ids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """Logs of one endpoint, account and action, taken together.

    An id that is in several of the logs counts once: its latest word holds.

    Attributes:
        status: The totals of the last words, the endpoint and the times.
        account: The name of the account; None if the logs name none.
        action: What was done to the campaigns.
        logs: The paths of the logs.
        records: The last word on each id that was sent, and the invalid rows.
        not_attempted: The planned ids that were not sent, each with its log.
        requests_of: The records whose requests are to be counted. Beside those that
            hold, these are words of one log that a later one of another replaced.
        runs: The runs, each with its number of last words.
    """

    status: LogStatus
    account: str | None = None
    action: Action = Action.PAUSE
    logs: Sequence[str] = ()
    records: Sequence[Record] = ()
    not_attempted: Sequence[tuple[Item, str]] = ()
    requests_of: Sequence[Record] = ()
    runs: Sequence[RunWords] = ()
    log_of_run: Mapping[str | None, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The account or the endpoint, to tell groups apart."""
        return self.account or self.status.endpoint or "endpoint not on record"
