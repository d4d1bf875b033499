"""Work on one campaign id in a run: its attempts so far and the next action."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from bulkpause._text import timestamp
from bulkpause._value import state
from bulkpause.doubt import Doubt, doubt_of, doubt_of_prior
from bulkpause.engine.policy import counts_as_attempt
from bulkpause.engine.run_context import RunContext
from bulkpause.model import Attempt, Earlier, Item, PriorAttempt, Record, Reply
from bulkpause.operation import Operation
from bulkpause.vocabulary import Action, Status


_NOTHING_KNOWN = Earlier()


@state
class Job:
    """An item, the attempts that were made for it, and the next action.

    Attributes:
        item: The campaign.
        prior_attempts: Attempts of earlier runs.
        action: The action of the next request.
        attempts: Attempts of this run.
        first_reads: Reads of this run that decide whether an attempt is made.
        is_read_for_attempt: Whether the next request, or the latest, is such a read,
            though there were attempts.
        read_back_attempts: Read-back attempts of this run.
        uncounted_requests: Ids of requests that failed during an outage: they do not
            count against the maximum number of attempts.
        body: The body of its request; None for that of all ids.
        valid_until: When the campaign has to be read again before it is sent (wall
            clock); None if it has not.
    """

    item: Item
    prior_attempts: Sequence[PriorAttempt] = ()
    action: Action = Action.PAUSE
    attempts: list[Attempt] = field(default_factory=list)
    first_reads: list[Attempt] = field(default_factory=list)
    read_back_attempts: list[Attempt] = field(default_factory=list)
    uncounted_requests: set[str] = field(default_factory=set)
    body: Mapping[str, object] | None = None
    valid_until: datetime | None = None
    is_read_for_attempt: bool = False
    _old_first_reads: int = 0

    def add(self, attempt: Attempt) -> None:
        """Add an attempt at the current action."""
        if self.action is not Action.READ:
            self.attempts.append(attempt)
            self._old_first_reads = len(self.first_reads)
        elif self.is_first_read:
            self.first_reads.append(attempt)
        else:
            self.read_back_attempts.append(attempt)

    def read_back(self) -> None:
        """Read the campaign back with the next request."""
        self.action = Action.READ
        self.is_read_for_attempt = False

    def read_for_attempt(self) -> None:
        """Read the campaign with the next request, to decide on the next attempt."""
        self.action = Action.READ
        self.is_read_for_attempt = True

    def check_is_valid(self, now: datetime) -> None:
        """Read the campaign with the next request if its time has come too near."""
        if self.valid_until is not None and now > self.valid_until:
            self.read_for_attempt()

    @property
    def is_first_read(self) -> bool:
        """Whether the next request, or the latest, is a read that decides on an attempt.

        Without any attempt, each read is one.
        """
        return self.action is Action.READ and (
            not self.attempts or self.is_read_for_attempt
        )

    @property
    def has_one_request(self) -> bool:
        """Whether an attempt of this run is all that was ever sent for it."""
        others = self.prior_attempts or self.first_reads or self.read_back_attempts
        return len(self.attempts) == 1 and not others

    @property
    def doubt(self) -> Doubt:
        """Whether one of our attempts may have been applied."""
        earlier = map(doubt_of_prior, self.prior_attempts)
        own = (doubt_of(attempt.reply) for attempt in self.attempts)
        return max((*earlier, *own), default=Doubt.EXCLUDED)

    @property
    def is_in_doubt(self) -> bool:
        """Whether one of our attempts is likely enough to have been applied."""
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
    def last_reply(self) -> Reply | None:
        """The reply to the last attempt of this run; None if none was made."""
        return self.attempts[-1].reply if self.attempts else None

    @property
    def is_accepted(self) -> bool:
        """Whether the last attempt of this run was accepted (204)."""
        reply = self.last_reply
        return reply is not None and reply.http_status == 204

    @property
    def last_read_back_reply(self) -> Reply | None:
        """The reply to the last read-back of this run; None if none was sent."""
        return self.read_back_attempts[-1].reply if self.read_back_attempts else None

    @property
    def campaign_status(self) -> str | None:
        """The latest status that a read showed; None if none did.

        What was seen before an attempt of this run says nothing about it.
        """
        reads = self._first_reads_since or self.read_back_attempts
        if not reads:
            return None
        latest_first = reversed(reads)
        statuses = (attempt.reply.campaign_status for attempt in latest_first)
        return next((status for status in statuses if status is not None), None)

    @property
    def _attempts_at_action(self) -> list[Attempt]:
        if self.action is not Action.READ:
            return self.attempts
        return (
            self._first_reads_since if self.is_first_read else self.read_back_attempts
        )

    @property
    def _first_reads_since(self) -> list[Attempt]:
        """The first reads since the last attempt of this run."""
        return self.first_reads[self._old_first_reads :]

    def record(
        self, status: Status, context: RunContext, *, error: str | None = None
    ) -> Record:
        """Make the record: the last attempt in full, earlier ones as history.

        Without any attempt, it says why the campaign could not be read.

        Args:
            status: The status that the id has reached.
            context: The run.
            error: Why, where the last reply does not say it.
        """
        past = self._past()
        last, own = past.last, self.attempts[-1] if self.attempts else None
        reply = own.reply if own else None
        earlier = self.item.earlier or _NOTHING_KNOWN
        return Record(
            id=self.item.id,
            name=self.item.name,
            account=context.account,
            action=context.operation.action,
            status=status,
            http_status=last.http_status,
            trace_id=last.trace_id,
            title=reply.title if reply else None,
            message=reply.message if reply else None,
            error=error or last.error,
            campaign_status=self.campaign_status,
            attempts=past.counted,
            history=past.history,
            reason=context.reason,
            row=self.item.row,
            reads=len(self.first_reads) + len(self.read_back_attempts),
            earlier_status=earlier.status,
            earlier_scheduled_time=earlier.scheduled_time,
            paused_at=self._paused_at(status, context.operation),
            request_id=last.request_id,
            latency_ms=own.latency_ms if own else None,
            started_at=past.started_at,
            finished_at=timestamp(context.now()),
            run_id=context.run_id,
            planned=context.planned,
            input_digest=context.input_digest,
            endpoint=context.endpoint,
        )

    def _paused_at(self, status: Status, operation: Operation) -> str | None:
        """When our pause was made, or may have been; None if the other fields say it.

        A record is made after the last read, which may be minutes later.
        """
        if operation.action is Action.RESUME:
            return None if self.item.earlier is None else self.item.earlier.paused_at
        if status not in {operation.done, Status.UNKNOWN} or self.has_one_request:
            return None
        for attempt in reversed(self.attempts):
            if doubt_of(attempt.reply) is not Doubt.EXCLUDED:
                return attempt.ended_at
        for prior in reversed(self.prior_attempts):
            if doubt_of_prior(prior) is not Doubt.EXCLUDED:
                return prior.at
        return None

    def _past(self) -> "_Past":
        made = [*self.prior_attempts, *map(_as_prior, self.attempts)]
        return _Past(
            last=made[-1] if made else self._failed_read,
            counted=sum(counts_as_attempt(attempt.http_status) for attempt in made),
            history=tuple(map(_history_entry, made[:-1])),
            started_at=self._started_at(made),
        )

    def _started_at(self, made: Sequence[PriorAttempt]) -> str | None:
        """When the first request for the id was sent, in this run or before."""
        reads = [read.started_at for read in self.first_reads[:1]]
        attempts = [attempt.at for attempt in made[:1] if attempt.at is not None]
        return min((*attempts, *reads), default=None)

    @property
    def _failed_read(self) -> PriorAttempt:
        """The last read in place of an attempt. One that worked says nothing but when."""
        read = self.first_reads[-1]
        if read.reply.campaign_status is not None:
            return PriorAttempt(at=read.started_at)
        return replace(_as_prior(read), request_id=None)


def make_jobs(
    items: Sequence[Item],
    prior_attempts: Mapping[str, Sequence[PriorAttempt]],
    *,
    operation: Operation,
    reads_back: bool,
    reads_first: bool = False,
) -> Iterator[Job]:
    """Make the jobs of a run, ids in doubt first: their campaigns may be running still.

    Other jobs are made when they are taken, and freed when they are finished, so that
    a long run needs no more memory than a short one.

    Args:
        items: The campaigns, in sending order.
        prior_attempts: Attempts of earlier runs by id.
        operation: What the run does.
        reads_back: Whether ids in doubt are read back before they are sent again.
        reads_first: Whether every campaign is read before it is sent.
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
            prior = prior_attempts.get(item.id, ())
            yield Job(
                item, prior, action=Action.READ if reads_first else operation.action
            )


class _Past(NamedTuple):
    """What a record says of all attempts, those of earlier runs too."""

    last: PriorAttempt
    counted: int
    history: tuple[dict[str, str | int | None], ...]
    started_at: str | None


def _as_prior(attempt: Attempt) -> PriorAttempt:
    return PriorAttempt(
        http_status=attempt.reply.http_status,
        trace_id=attempt.reply.trace_id,
        error=attempt.reply.error,
        at=attempt.started_at,
        request_id=attempt.request_id,
    )


def _history_entry(attempt: PriorAttempt) -> dict[str, str | int | None]:
    return {
        "http_status": attempt.http_status,
        "trace_id": attempt.trace_id,
        "error": attempt.error,
        "at": attempt.at,
    }
