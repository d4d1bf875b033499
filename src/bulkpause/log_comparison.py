"""Compare the campaigns that run now with the ids of result logs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulkpause._text import format_count, label, sanitize
from bulkpause.journal.recovery import Recovery
from bulkpause.lister import Listed
from bulkpause.listing.campaign import Campaign
from bulkpause.report.totals import NOT_ATTEMPTED


#: At most this many campaigns are named; the others are counted.
CAMPAIGNS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIds:
    """The ids of a log, and what it does not say.

    Attributes:
        log: The name of the log.
        statuses: The status on record by id, `not_attempted` without a record.
        gap: Which ids cannot be compared, and why; None if all can.
        invalid: The rows without a valid id.
    """

    log: str
    statuses: Mapping[str, str]
    gap: str | None
    invalid: int = 0


def ids_of_log(log: str, recovery: Recovery) -> LogIds:
    """Take the ids of a log, those that were planned and not attempted included.

    Raises:
        ValueError: The log was read in brief, so that ids would be missing here.
    """
    if recovery.brief.ids:
        raise ValueError("ids in brief cannot be compared")
    recorded = {id_: one.status.value for id_, one in recovery.latest.items()}
    planned = dict.fromkeys(recovery.planned, NOT_ATTEMPTED)
    return LogIds(
        log=sanitize(log),
        statuses=planned | recorded,
        gap=_gap(recovery),
        invalid=len(recovery.invalid),
    )


def _gap(recovery: Recovery) -> str | None:
    if not (recovery.latest or recovery.planned):
        return "has no ids on record"
    if not recovery.is_plan_known:
        return "does not say how many ids were planned"
    if missing := recovery.not_on_record:
        return f"lacks {format_count(missing, 'planned id')}"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The campaigns of a list that logs hold.

    Attributes:
        logs: The logs.
        statuses: The statuses that were listed.
        listed: The list.
        host: The name of the API.
    """

    logs: Sequence[LogIds]
    statuses: Sequence[str]
    listed: Listed
    host: str

    @property
    def running(self) -> list[Campaign]:
        """The campaigns that are listed and that a log holds."""
        return [one for one in self.listed.campaigns if self._log_of(one.id)]

    @property
    def doubts(self) -> list[str]:
        """Why campaigns of the logs may be missing here."""
        gaps = [f"{one.log} {one.gap}" for one in self.logs if one.gap is not None]
        doubt = self.listed.doubt
        return (
            gaps if doubt is None else [f"the list may be incomplete: {doubt}", *gaps]
        )

    def lines(self) -> Iterator[str]:
        """Say which ids of the logs are listed, and what is not known."""
        words, running = " or ".join(self.statuses), self.running
        logs = ", ".join(one.log for one in self.logs)
        ids = format_count(len(self._ids()), "id")
        yield f"{len(running)} of {ids} of {logs} {_are(len(running))} {words}"
        for campaign in running[:CAMPAIGNS_SHOWN]:
            yield f"  {self._line_of(campaign)}"
        if hidden := len(running[CAMPAIGNS_SHOWN:]):
            yield f"  and {hidden} more"
        if others := len(self.listed.campaigns) - len(running):
            campaigns = format_count(others, "other campaign")
            yield f"{campaigns} on {self.host} {_are(others)} {words}"
        if invalid := sum(one.invalid for one in self.logs):
            rows = format_count(invalid, "row")
            yield f"{rows} without a valid id cannot be compared"
        for doubt in self.doubts:
            yield f"not certain: {doubt}"

    def as_dict(self) -> dict[str, object]:
        """Give the comparison in values that JSON can carry."""
        running = self.running
        return {
            "logs": [one.log for one in self.logs],
            "statuses": list(self.statuses),
            "ids": len(self._ids()),
            "listed": len(self.listed.campaigns),
            "complete": self.listed.is_whole,
            "running": [
                one.as_dict() | {"status_on_record": self._status_on_record(one.id)}
                for one in running
            ],
            "others": len(self.listed.campaigns) - len(running),
            "invalid": sum(one.invalid for one in self.logs),
            "doubts": self.doubts,
        }

    def _ids(self) -> set[str]:
        return {id_ for one in self.logs for id_ in one.statuses}

    def _log_of(self, id_: str) -> LogIds | None:
        """Give the last log that holds an id."""
        holding = (one for one in reversed(self.logs) if id_ in one.statuses)
        return next(holding, None)

    def _status_on_record(self, id_: str) -> str | None:
        log = self._log_of(id_)
        return None if log is None else log.statuses[id_]

    def _line_of(self, campaign: Campaign) -> str:
        status = sanitize(campaign.status or "no status")
        name = label(campaign.id, campaign.name)
        return f"{name}: {status} now, {self._status_on_record(campaign.id)} on record"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
