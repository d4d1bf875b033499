"""One id on its way through a run: its attempts so far, and what they leave open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bulkpause.engine.policy import counts_as_attempt, may_be_applied
from bulkpause.model import (
    Action,
    Attempt,
    Item,
    PriorAttempt,
    Record,
    Reply,
    Status,
    timestamp,
)


@dataclass(slots=True)
class Job:
    """An item, what was tried for it, and what is to be asked next.

    Attributes:
        item: The campaign.
        prior_attempts: Pause attempts of earlier runs.
        action: What the next request asks.
        pauses: Pause attempts of this run.
        read_backs: Read-backs of this run.
        forgiven: Their request ids, where the try is not used up.
    """

    item: Item
    prior_attempts: Sequence[PriorAttempt] = ()
    action: Action = Action.PAUSE
    pauses: list[Attempt] = field(default_factory=list)
    read_backs: list[Attempt] = field(default_factory=list)
    uncounted: set[str] = field(default_factory=set)

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt at the present action."""
        (self.pauses if self.action is Action.PAUSE else self.read_backs).append(
            attempt
        )

    @property
    def is_in_doubt(self) -> bool:
        """Whether one of our attempts may have paused the campaign."""
        return any(one.is_in_doubt for one in self.prior_attempts) or any(
            may_be_applied(attempt.reply) for attempt in self.pauses
        )

    @property
    def attempts(self) -> int:
        """How many attempts of this run at the present action used up a try."""
        made = self.pauses if self.action is Action.PAUSE else self.read_backs
        return sum(
            counts_as_attempt(attempt.reply)
            for attempt in made
            if attempt.request_id not in self.uncounted
        )

    @property
    def last_pause(self) -> Reply | None:
        """What the last pause attempt of this run brought."""
        return self.pauses[-1].reply if self.pauses else None

    @property
    def is_accepted(self) -> bool:
        """Whether the last pause attempt of this run was answered with 204."""
        return self.last_pause is not None and self.last_pause.http_status == 204

    def record(
        self,
        status: Status,
        *,
        reason: str | None,
        run_id: str,
        planned: int,
        endpoint: str,
        now: datetime,
    ) -> Record:
        """Sum up: the last pause attempt in full, the earlier ones as history."""
        made = [*self.prior_attempts, *(_past(attempt) for attempt in self.pauses)]
        last = made[-1]
        reply = self.last_pause
        return Record(
            id=self.item.id,
            status=status,
            http_status=last.http_status,
            trace_id=last.trace_id,
            title=reply.title if reply else None,
            message=reply.message if reply else None,
            error=last.error,
            campaign_status=self._campaign_status(),
            attempts=sum(one.http_status != 429 for one in made),
            history=tuple(_history(one) for one in made[:-1]),
            reason=reason,
            row=self.item.row,
            request_id=last.request_id,
            latency_ms=self.pauses[-1].latency_ms if self.pauses else None,
            started_at=made[0].at,
            finished_at=timestamp(now),
            run_id=run_id,
            planned=planned,
            endpoint=endpoint,
        )

    def _campaign_status(self) -> str | None:
        seen = (
            read_back.reply.campaign_status for read_back in reversed(self.read_backs)
        )
        return next((status for status in seen if status is not None), None)


def _past(attempt: Attempt) -> PriorAttempt:
    return PriorAttempt(
        http_status=attempt.reply.http_status,
        trace_id=attempt.reply.trace_id,
        error=attempt.reply.error,
        at=timestamp(attempt.started_at),
        request_id=attempt.request_id,
    )


def _history(past: PriorAttempt) -> dict[str, str | int | None]:
    return {
        "http_status": past.http_status,
        "trace_id": past.trace_id,
        "error": past.error,
        "at": past.at,
    }
