"""Retry policy: decide what follows an attempt.

A decision is to finish with a status, retry, read back, resend or stop the run. These
are pure functions of their arguments: no state, no clock, no I/O. Jitter comes in as
a number.
"""

from dataclasses import dataclass
from enum import StrEnum

from bulkpause.model import Reply, Status, StopCause, StopReason


#: A longer `Retry-After` is cut to this many seconds.
MAX_RETRY_AFTER_S = 300.0
#: Campaign statuses, as the API names them, in which a pause has an effect.
PAUSABLE = frozenset({"running", "scheduled"})

#: Too slow or too early: the server did not process the request. 429 has its own rule.
_NOT_PROCESSED = frozenset({408, 425})


class Verify(StrEnum):
    """Which ids are read back after all first attempts."""

    NONE = "none"
    #: Ids in doubt.
    DOUBTFUL = "doubtful"
    #: Ids in doubt, and ids whose pause request got a 400.
    REFUSED = "refused"
    #: Every id: proves that no campaign still runs.
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Retries, waits, read-backs, and how long an outage is tolerated.

    Args:
        max_attempts: Attempts for each id; 429 responses do not count.
        verify: Which ids are read back.
        wait_initial_s: Seconds before the first retry; each next wait is doubled.
        wait_max_s: The longest such wait in seconds.
        give_up_after_s: Seconds without a valid response to any id that end the run.
    """

    max_attempts: int = 4
    verify: Verify = Verify.REFUSED
    wait_initial_s: float = 1.0
    wait_max_s: float = 30.0
    give_up_after_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Finish:
    """Record this status: it is final."""

    status: Status


@dataclass(frozen=True, slots=True)
class Retry:
    """Repeat the same request after this many seconds."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Read the campaign's status after all first attempts."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Send a pause request again: the campaign may still run."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Send nothing more in this run. The id gets no new status from this reply."""

    reason: StopReason


Decision = Finish | Retry | ReadBack | Resend | Stop


def may_be_applied(reply: Reply) -> bool:
    """Tell whether this attempt may have paused the campaign."""
    if reply.http_status is None:
        return reply.sent_at is not None
    return reply.http_status == 204 or _is_ambiguous_error(reply)


def is_rejected(reply: Reply) -> bool:
    """Tell whether the API gave a final negative response: it will not pause the id.

    An unexpected 2xx and any 3xx count as such, too.
    """
    status = reply.http_status
    return (
        status is not None
        and status < 500
        and status not in {204, 429}
        and status not in _NOT_PROCESSED
    )


def counts_as_attempt(http_status: int | None) -> bool:
    """Tell whether an attempt counts against the maximum. A rate-limited one does not.

    Args:
        http_status: HTTP status of the response; None for a transport error.
    """
    return http_status != 429


def after_pause(
    reply: Reply,
    *,
    attempts: int,
    is_in_doubt: bool,
    retry_policy: RetryPolicy,
    jitter: float,
) -> Decision:
    """Decide what follows a pause request.

    Args:
        reply: The reply to the latest pause request.
        attempts: Counted pause attempts, including this one.
        is_in_doubt: Whether any of our attempts, including this one, may have been
            applied.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
    """
    match reply.http_status:
        case 429:
            return Retry(0.0)
        case 401:
            return _stop_for_token(reply)
        case 204 if retry_policy.verify is not Verify.ALL:
            return Finish(Status.PAUSED)
    if _is_transient(reply) and attempts < retry_policy.max_attempts:
        return Retry(backoff_s(attempts, reply, retry_policy, jitter))
    if _needs_read_back(reply, is_in_doubt=is_in_doubt, verify=retry_policy.verify):
        return ReadBack()
    return Finish(status_without_read_back(reply, is_in_doubt=is_in_doubt))


def after_read_back(
    reply: Reply,
    *,
    attempts: int,
    pause: Reply | None,
    is_in_doubt: bool,
    retry_policy: RetryPolicy,
    jitter: float,
) -> Decision:
    """Decide what follows a read-back.

    Args:
        reply: The reply to the latest read-back.
        attempts: Counted read-back attempts, including this one.
        pause: The reply to the last pause request of this run; None if this run has
            sent none, because an earlier run left the id in doubt.
        is_in_doubt: Whether a pause request may have been applied.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
    """
    if reply.is_rate_limited:
        return Retry(0.0)
    if reply.http_status == 401:
        return _stop_for_token(reply)
    campaign_status = reply.campaign_status if reply.http_status == 200 else None
    # The status may lag behind a pause that was accepted.
    is_accepted = pause is not None and pause.http_status == 204
    may_lag = is_accepted and campaign_status in PAUSABLE
    if (_is_transient(reply) or may_lag) and attempts < retry_policy.max_attempts:
        return Retry(backoff_s(attempts, reply, retry_policy, jitter))
    if pause is None:
        return _after_recovery(campaign_status)
    if campaign_status is None:
        return Finish(
            status_without_read_back(
                pause,
                is_in_doubt=is_in_doubt,
                is_read_back_due=_is_transient(reply),
            )
        )
    return Finish(_status_from(campaign_status, pause, is_in_doubt=is_in_doubt))


def _after_recovery(campaign_status: str | None) -> Decision:
    """Decide on an id that an earlier run left in doubt, by its status alone."""
    if campaign_status == "paused":
        return Finish(Status.PAUSED)
    if campaign_status is None or campaign_status in PAUSABLE:
        return Resend()
    return Finish(Status.NOT_PAUSABLE)


def backoff_s(
    attempts: int, reply: Reply, retry_policy: RetryPolicy, jitter: float
) -> float:
    """Give the seconds until the next attempt: exponential, capped, with jitter.

    Jitter cuts the wait by up to half. `Retry-After`, itself capped, is a lower bound.

    Args:
        attempts: Counted attempts so far.
        reply: The latest reply.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
    """
    doubled = retry_policy.wait_initial_s * 2.0 ** min(attempts - 1, 30)
    jittered = min(doubled, retry_policy.wait_max_s) * (0.5 + jitter / 2)
    retry_after_s = min(reply.retry_after_s or 0.0, MAX_RETRY_AFTER_S)
    return max(jittered, retry_after_s)


def _stop_for_token(reply: Reply) -> Stop:
    detail = f"the API rejected the token{reply.trace_suffix}"
    return Stop(StopReason(StopCause.TOKEN, detail))


def _is_ambiguous_error(reply: Reply) -> bool:
    """Tell whether a server error leaves open what was done: a 5xx other than 503."""
    status = reply.http_status
    return status is not None and status >= 500 and status != 503


def _is_transient(reply: Reply) -> bool:
    status = reply.http_status
    return status is None or status >= 500 or status in _NOT_PROCESSED


def _needs_read_back(reply: Reply, *, is_in_doubt: bool, verify: Verify) -> bool:
    match verify:
        case Verify.NONE:
            return False
        case Verify.DOUBTFUL:
            return is_in_doubt
        case Verify.REFUSED:
            return is_in_doubt or reply.http_status == 400
        case Verify.ALL:
            return True


def status_without_read_back(
    pause: Reply, *, is_in_doubt: bool, is_read_back_due: bool = False
) -> Status:
    """Give the status of an id whose campaign status is not known.

    Args:
        pause: The reply to the last pause request.
        is_in_doubt: Whether a pause request may have been applied.
        is_read_back_due: Whether a read-back was due that a later run can make. A 400
            is then not final, because a campaign that is already paused gets it, too.
    """
    if is_in_doubt:
        return Status.UNKNOWN
    may_be_paused = is_read_back_due and pause.http_status == 400
    is_final = is_rejected(pause) and not may_be_paused
    return Status.REJECTED if is_final else Status.FAILED


def _status_from(campaign_status: str, pause: Reply, *, is_in_doubt: bool) -> Status:
    if campaign_status == "paused":
        # An unexpected 2xx does not prove that our request paused it, but it may have.
        is_success = pause.http_status is not None and pause.http_status < 300
        return Status.PAUSED if is_in_doubt or is_success else Status.ALREADY_PAUSED
    if campaign_status not in PAUSABLE or pause.http_status == 400:
        return Status.NOT_PAUSABLE
    return Status.REJECTED if is_rejected(pause) else Status.FAILED
