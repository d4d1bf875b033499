"""Doubt: whether an attempt may have been applied, by its reply alone.

Only 400 is documented as the refusal of a pause or a resume. A 401 or 429 is sent before the
request is looked at. Every other response leaves some doubt.
https://docs.ocamba.com/api/hood/v1.0/create-campaigns-by_id-pause
"""

from enum import IntEnum
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from bulkpause.model import PriorAttempt, Reply


#: Too slow, too early or too busy: the server says that it did not process the request.
NOT_PROCESSED = frozenset({408, 425, 503})


class Doubt(IntEnum):
    """Whether an attempt may have been applied."""

    #: It was not sent, or got the documented refusal, 400, or 401 or 429.
    EXCLUDED = 0
    #: By its HTTP status it was not applied, but the API documents no such response.
    UNLIKELY = 1
    #: It may have been applied.
    POSSIBLE = 2


def doubt_of_status(http_status: int) -> Doubt:
    """Tell whether an attempt with this HTTP status may have been applied."""
    if http_status in {400, 401, 429}:
        return Doubt.EXCLUDED
    if http_status < 300 or (http_status >= 500 and http_status not in NOT_PROCESSED):
        return Doubt.POSSIBLE
    return Doubt.UNLIKELY


def doubt_of(reply: "Reply") -> Doubt:
    """Tell whether this attempt may have been applied."""
    if reply.http_status is None:
        return Doubt.EXCLUDED if reply.sent_at is None else Doubt.POSSIBLE
    return doubt_of_status(reply.http_status)


def doubt_of_prior(attempt: "PriorAttempt") -> Doubt:
    """Tell whether an attempt of an earlier run may have been applied."""
    if attempt.is_in_doubt:
        return Doubt.POSSIBLE
    if attempt.http_status is None:
        return Doubt.EXCLUDED
    return doubt_of_status(attempt.http_status)
