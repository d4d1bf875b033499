"""Work on one campaign id in a run: its attempts so far and the next action."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from bulkpause.doubt import Doubt, doubt_of, doubt_of_prior
from bulkpause.engine.policy import counts_as_attempt
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
    """An item, the attempts that were made for it, and the next action.

    Attributes:
        item: The campaign.
        prior_attempts: Pause attempts of earlier runs.
        action: The action of the next request.
        pause_attempts: Pause attempts of this run.
        read_back_attempts: Read-back attempts of this run.
        uncounted_requests: Ids of requests that failed during an outage: they do not
            count against the maximum number of attempts.
    """

    item: Item
    prior_attempts: Sequence[PriorAttempt] = ()
    action: Action = Action.PAUSE
    pause_attempts: list[Attempt] = field(default_factory=list)
    read_back_attempts: list[Attempt] = field(default_factory=list)
    uncounted_requests: set[str] = field(default_factory=set)

    def add(self, attempt: Attempt) -> None:
        """Add an attempt at the current action."""
        self._attempts_at_action.append(attempt)

    def read_back(self) -> None:
        """Read the campaign back with the next request."""
        self.action = Action.READ

    @property
    def doubt(self) -> Doubt:
        """Whether one of our attempts may have paused the campaign."""
        earlier = map(doubt_of_prior, self.prior_attempts)
        own = (doubt_of(attempt.reply) for attempt in self.pause_attempts)
        return max((*earlier, *own), default=Doubt.EXCLUDED)

    @property
    def is_in_doubt(self) -> bool:
        """Whether one of our attempts is likely enough to have paused the campaign."""
        return self.doubt is Doubt.POSSIBLE

    @property
    def counted_attempts(self) -> int:
        """Attempts of this run at the current action that count against the maximum."""
        return sum(
            counts_as_attempt(attempt.reply.http_status)
            for attempt in self._attempts_at_action
            if attempt.request_id not in self.uncounted_requests
        )

    @property
    def rate_limited_in_a_row(self) -> int:
        """The last attempts of this run at the current action that got a 429."""
        replies = (attempt.reply for attempt in reversed(self._attempts_at_action))
        return sum(1 for _ in takewhile(lambda reply: reply.is_rate_limited, replies))

    @property
    def last_pause_reply(self) -> Reply | None:
        """The reply to the last pause request of this run; None if none was sent."""
        return self.pause_attempts[-1].reply if self.pause_attempts else None

    @property
    def is_accepted(self) -> bool:
        """Whether the last pause request of this run was accepted (204)."""
        reply = self.last_pause_reply
        return reply is not None and reply.http_status == 204

    @property
    def last_read_back_reply(self) -> Reply | None:
        """The reply to the last read-back of this run; None if none was sent."""
        return self.read_back_attempts[-1].reply if self.read_back_attempts else None

    @property
    def campaign_status(self) -> str | None:
        """The latest status that a read-back showed; None if none did."""
        for attempt in reversed(self.read_back_attempts):
            if attempt.reply.campaign_status is not None:
                return attempt.reply.campaign_status
        return None

    @property
    def _attempts_at_action(self) -> list[Attempt]:
        is_pause = self.action is Action.PAUSE
        return self.pause_attempts if is_pause else self.read_back_attempts

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
        """Make the record: the last pause attempt in full, earlier ones as history."""
        made = [*self.prior_attempts, *map(_as_prior, self.pause_attempts)]
        last = made[-1]
        own = self.pause_attempts[-1] if self.pause_attempts else None
        reply = own.reply if own else None
        return Record(
            id=self.item.id,
            name=self.item.name,
            status=status,
            http_status=last.http_status,
            trace_id=last.trace_id,
            title=reply.title if reply else None,
            message=reply.message if reply else None,
            error=last.error,
            campaign_status=self.campaign_status,
            attempts=sum([counts_as_attempt(attempt.http_status) for attempt in made]),
            history=tuple(map(_history_entry, made[:-1])),
            reason=reason,
            row=self.item.row,
            request_id=last.request_id,
            latency_ms=own.latency_ms if own else None,
            started_at=made[0].at,
            finished_at=timestamp(now),
            run_id=run_id,
            planned=planned,
            endpoint=endpoint,
        )


def make_jobs(
    items: Sequence[Item],
    prior_attempts: Mapping[str, Sequence[PriorAttempt]],
    *,
    reads_back: bool,
) -> Iterator[Job]:
    """Make the jobs of a run, ids in doubt first: their campaigns may be running.

    Other jobs are made when they are taken, and freed when they are finished, so that
    a long run needs no more memory than a short one.

    Args:
        items: The campaigns, in sending order.
        prior_attempts: Pause attempts of earlier runs by id.
        reads_back: Whether ids in doubt are read back before they are paused again.
    """
    first: set[str] = set()
    for item in items if reads_back else ():
        if item.id in prior_attempts:
            job = Job(item, prior_attempts[item.id], action=Action.READ)
            if job.is_in_doubt:
                first.add(item.id)
                yield job
    for item in items:
        if item.id not in first:
            yield Job(item, prior_attempts.get(item.id, ()))


def _as_prior(attempt: Attempt) -> PriorAttempt:
    return PriorAttempt(
        http_status=attempt.reply.http_status,
        trace_id=attempt.reply.trace_id,
        error=attempt.reply.error,
        at=timestamp(attempt.started_at),
        request_id=attempt.request_id,
    )


def _history_entry(attempt: PriorAttempt) -> dict[str, str | int | None]:
    return {
        "http_status": attempt.http_status,
        "trace_id": attempt.trace_id,
        "error": attempt.error,
        "at": attempt.at,
    }
