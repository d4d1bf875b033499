"""Attempts of earlier runs, as the two logs keep them."""

from dataclasses import replace

from bulkpause.doubt import Doubt, doubt_of_status
from bulkpause.journal.codec import Answered, Sent
from bulkpause.model import PriorAttempt, Record
from bulkpause.vocabulary import Status, TransportError


#: The error of an attempt whose reply is not on record.
NO_ANSWER = "no_answer_on_record"
#: Transport errors after which the API may have applied the request.
_AMBIGUOUS_ERRORS = frozenset(
    {
        NO_ANSWER,
        TransportError.READ_TIMEOUT,
        TransportError.RESET,
        TransportError.HANG_UP,
        TransportError.MALFORMED,
    }
)


def attempt_of_request(sent: Sent, reply: Answered | None) -> PriorAttempt:
    """Make an attempt of a request. Without an outcome on record it is in doubt."""
    if reply is None:
        return PriorAttempt(
            error=NO_ANSWER,
            at=sent.at,
            request_id=sent.request_id,
            is_in_doubt=True,
        )
    return attempt_of_reply(reply, at=sent.at)


def attempt_of_reply(reply: Answered, *, at: str | None) -> PriorAttempt:
    """Make an attempt of a reply, with the time of its request, if it is on record."""
    return PriorAttempt(
        http_status=reply.http_status,
        trace_id=reply.trace_id,
        error=reply.error,
        at=at,
        request_id=reply.request_id,
        # Older versions noted fewer replies as in doubt.
        is_in_doubt=reply.is_doubtful or _is_ambiguous(reply.http_status),
    )


def attempts_of_record(record: Record) -> list[PriorAttempt]:
    """List the attempts of a record, earlier ones first."""
    earlier = [
        _attempt_of_history(PriorAttempt(**attempt)) for attempt in record.history
    ]
    if record.request_id is None and record.reads:
        return earlier  # it was read, and nothing was sent
    last = PriorAttempt(
        http_status=record.http_status,
        trace_id=record.trace_id,
        error=record.error,
        at=record.started_at,
        request_id=record.request_id,
        is_in_doubt=record.status is Status.UNKNOWN
        or _may_be_applied(record.http_status, record.error),
    )
    return [*earlier, last]


def _attempt_of_history(attempt: PriorAttempt) -> PriorAttempt:
    is_in_doubt = _may_be_applied(attempt.http_status, attempt.error)
    return replace(attempt, is_in_doubt=True) if is_in_doubt else attempt


def _may_be_applied(http_status: int | None, error: str | None) -> bool:
    """Tell whether an attempt on record may have been applied."""
    return error in _AMBIGUOUS_ERRORS or _is_ambiguous(http_status)


def _is_ambiguous(http_status: int | None) -> bool:
    if http_status is None or http_status < 200:  # no final response
        return False
    return doubt_of_status(http_status) is Doubt.POSSIBLE
