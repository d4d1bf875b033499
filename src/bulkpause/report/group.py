"""Logs of one endpoint, account and action, taken together: the last word on each id."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.vocabulary import Action


if TYPE_CHECKING:
    from bulkpause.model import Item, PriorAttempt, Record
from bulkpause.report.log_status import LogStatus


#: Runs that are listed. The number of the others is given.
MAX_RUNS_SHOWN = 10


@value
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


@value
class LogGroup:
    """Logs of one endpoint, account and action, taken together.

    Their records are left out where their totals are enough. An id that is in several of
    the logs counts once: its latest word holds.

    Attributes:
        status: The totals of the last words, the endpoint and the times.
        account: The name of the account; None if the logs name none.
        action: What was done to the campaigns.
        logs: The paths of the logs.
        records: The last word on each id that was sent, and the invalid rows.
        not_attempted: The planned ids that were not sent, each with its log.
        requests_of: The records whose requests are to be counted. Beside those that
            hold, these are words of one log that a later one of another replaced.
        unrecorded: The attempts of ids that were sent and have no record since.
        replaced: Records of one log that a later one of the same log replaced: it
            repeats their attempts, but not their reads.
        runs: The runs, each with its number of last words.
        log_of_run: The log of each run that has a last word.
        open_logs: The logs that have the last word on an id that is open, or lack ids.
        left_to_pauses: Of a group of undos, how many ids of each status count in the
            group of their pauses: the undo has not changed them.
    """

    status: LogStatus
    account: str | None = None
    action: Action = Action.PAUSE
    logs: Sequence[str] = ()
    records: "Sequence[Record]" = ()
    not_attempted: "Sequence[tuple[Item, str]]" = ()
    requests_of: "Sequence[Record]" = ()
    unrecorded: "Sequence[PriorAttempt]" = ()
    replaced: "Sequence[Record]" = ()
    runs: Sequence[RunWords] = ()
    log_of_run: Mapping[str | None, str] = field(default_factory=dict)
    open_logs: frozenset[str] = frozenset()
    left_to_pauses: Mapping[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The account or the endpoint, to tell groups apart; and the action if need be."""
        name = self.account or self.status.endpoint or "endpoint not on record"
        return name if self.action is Action.PAUSE else f"{name}, {self.action}"

    @property
    def results(self) -> "Sequence[Record]":
        """The last word on each id, as it is on record and not made of requests.

        Only for a group with its records.
        """
        on_record = set(map(id, self.requests_of))
        return [record for record in self.records if id(record) in on_record]

    def run_lines(self) -> Iterator[str]:
        """Say which run the last words are from, if there are several runs."""
        runs = [run for run in self.runs if run.run_id is not None]
        if len(runs) < 2 and len(self.logs) < 2:
            return
        for run in self.runs[:MAX_RUNS_SHOWN]:
            ids = format_count(run.ids, "id")
            how = "not sent" if run.run_id is None else f"last from run {run.run_id}"
            yield sanitize(f"{ids} {how}, in {run.log}")
        if (hidden := len(self.runs) - MAX_RUNS_SHOWN) > 0:
            yield f"and {format_count(hidden, 'more run')}"
