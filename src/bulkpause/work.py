"""One id on its way through a run: its attempts so far, and what they leave open."""

from dataclasses import dataclass, field
from datetime import datetime

from bulkpause.model import Action, Attempt, Item, Record, Status, timestamp
from bulkpause.policy import counts_as_attempt, may_be_applied


@dataclass(slots=True)
class Work:
    """An item, what was tried for it, and what is to be asked next."""

    item: Item
    action: Action = Action.PAUSE
    pauses: list[Attempt] = field(default_factory=list)
    views: list[Attempt] = field(default_factory=list)

    def add(self, attempt: Attempt) -> None:
        (self.pauses if self.action is Action.PAUSE else self.views).append(attempt)

    @property
    def is_doubtful(self) -> bool:
        """Whether one of our attempts may have paused the campaign."""
        return any(may_be_applied(attempt.reply) for attempt in self.pauses)

    @property
    def attempts(self) -> int:
        """How many attempts of the present action used up a try."""
        made = self.pauses if self.action is Action.PAUSE else self.views
        return sum(counts_as_attempt(attempt.reply) for attempt in made)

    def record(
        self, status: Status, *, reason: str | None, run_id: str, now: datetime
    ) -> Record:
        """Sum up: the last pause attempt in full, the earlier ones as history."""
        last = self.pauses[-1]
        reply = last.reply
        campaign_status = self.views[-1].reply.campaign_status if self.views else None
        return Record(
            id=self.item.id,
            status=status,
            http_status=reply.http_status,
            trace_id=reply.trace_id,
            title=reply.title,
            message=reply.message,
            error=reply.fault,
            campaign_status=campaign_status,
            attempts=sum(counts_as_attempt(attempt.reply) for attempt in self.pauses),
            history=tuple(_earlier(attempt) for attempt in self.pauses[:-1]),
            reason=reason,
            row=self.item.row,
            request_id=last.request_id,
            latency_ms=last.latency_ms,
            started_at=timestamp(self.pauses[0].started_at),
            finished_at=timestamp(now),
            run_id=run_id,
        )


def _earlier(attempt: Attempt) -> dict[str, str | int | None]:
    reply = attempt.reply
    return {
        "http_status": reply.http_status,
        "trace_id": reply.trace_id,
        "error": reply.fault,
        "at": timestamp(attempt.started_at),
    }
