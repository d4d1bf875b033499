"""Retry policy: decide what follows an attempt.

A decision is to finish with a status, retry, read back, resend or stop the run. These
are pure functions of their arguments: no state, no clock, no I/O. Jitter comes in as
a number.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from bulkpause._value import value
from bulkpause.doubt import NOT_PROCESSED, Doubt
from bulkpause.engine.view import BEFORE_PAUSE, View, is_transient, view_of
from bulkpause.model import Reply, StopReason
from bulkpause.operation import Operation
from bulkpause.vocabulary import Status, StopCause


#: Read-backs of an id whose status may lag behind its attempt. By default they are 15 s
#: apart in all.
MAX_READ_BACKS = 5
#: Why it is open what a campaign is that was read.
CONTRADICTORY = "the answer to its read contradicts itself"
#: The longest wait in seconds of an id that gets one 429 after another. The gate keeps
#: what the server asks for; this only lets other ids go first.
MAX_RATE_LIMITED_WAIT_S = 4.0


class Verify(StrEnum):
    """Which ids are read back after all first attempts."""

    NONE = "none"
    #: Ids in doubt.
    DOUBTFUL = "doubtful"
    #: Ids in doubt, and ids whose request was refused.
    REFUSED = "refused"
    #: Every id: proves that no campaign still runs.
    ALL = "all"


@value(frozen=True)
class RetryPolicy:
    """Retries, waits, read-backs, and how long an outage is tolerated.

    Args:
        max_attempts: Attempts for each id; those that got a 429 do not count.
        verify: Which ids are read back.
        wait_initial_s: Seconds before the first retry and the second read-back; each
            next wait is doubled.
        wait_max_s: The longest such wait in seconds.
        give_up_after_s: Seconds without a usable response to any id that end the run.
    """

    max_attempts: int = 4
    verify: Verify = Verify.REFUSED
    wait_initial_s: float = 1.0
    wait_max_s: float = 30.0
    give_up_after_s: float = 300.0


@value(kw_only=False)
class Finish:
    """Record this status: it is final. `error` says why, in our words."""

    status: Status
    error: str | None = None


@value(kw_only=False)
class Retry:
    """Repeat the same request after this many seconds."""

    wait_s: float


@value(kw_only=False)
class ReadBack:
    """Read the campaign's status after all first attempts."""


@value(kw_only=False)
class Resend:
    """Send the request again: the campaign is not seen as the operation wants it."""


@value(kw_only=False)
class Send:
    """Send the request of the operation, now that the campaign was read.

    `body` is its body; None for that of all ids. After `valid_until` (wall clock) the
    campaign has to be read again first.
    """

    body: Mapping[str, object] | None = None
    valid_until: datetime | None = None


@value(kw_only=False)
class Stop:
    """Send nothing more in this run. The id gets no new status from this reply."""

    reason: StopReason


Decision = Finish | Retry | ReadBack | Resend | Send | Stop


def is_final_refusal(http_status: int | None) -> bool:
    """Tell whether a status refuses a request for good, in an undocumented way.

    These may have one common cause, such as a wrong base URL. A 400 belongs to its id.
    """
    return (
        http_status is not None
        and 300 <= http_status < 500
        and http_status not in {400, 401, 429} | NOT_PROCESSED
    )


def counts_as_attempt(http_status: int | None) -> bool:
    """Tell whether an attempt counts against the maximum. A rate-limited one does not.

    Args:
        http_status: HTTP status of the response; None for a transport error.
    """
    return http_status != 429


def after_accepted(
    operation: Operation, retry_policy: RetryPolicy
) -> Finish | ReadBack:
    """Decide what follows an attempt that was accepted (204)."""
    is_proven = retry_policy.verify is not Verify.ALL
    return Finish(operation.done) if is_proven else ReadBack()


def after_attempt(
    reply: Reply,
    *,
    operation: Operation,
    attempts: int,
    rate_limited: int,
    doubt: Doubt,
    retry_policy: RetryPolicy,
    jitter: float,
) -> Decision:
    """Decide what follows an attempt.

    Args:
        reply: The reply to the latest attempt.
        operation: What the run does.
        attempts: Counted attempts, including this one.
        rate_limited: The last attempts in a row that got a 429, including this one.
        doubt: Whether any of our attempts, including this one, may have been applied.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
    """
    verify = retry_policy.verify
    if (decision := after_any(reply, rate_limited)) is not None:
        return decision
    if reply.http_status == 204:
        return after_accepted(operation, retry_policy)
    if is_transient(reply) and attempts < retry_policy.max_attempts:
        return Retry(backoff_s(attempts, reply, retry_policy, jitter))
    if needs_read_back(reply, doubt=doubt, verify=verify):
        return ReadBack()
    return Finish(status_without_read_back(reply, doubt=doubt, verify=verify))


def after_read_back(
    reply: Reply,
    *,
    operation: Operation,
    attempts: int,
    rate_limited: int,
    attempt: Reply | None,
    doubt: Doubt,
    retry_policy: RetryPolicy,
    jitter: float,
    may_precede_pause: bool = False,
) -> Decision:
    """Decide what follows a read-back.

    Args:
        reply: The reply to the latest read-back.
        operation: What the run does.
        attempts: Counted read-backs, including this one.
        rate_limited: The last read-backs in a row that got a 429, including this one.
        attempt: The reply to the last attempt of this run; None if this run has made
            none, because an earlier run left the id in doubt.
        doubt: Whether any of our attempts may have been applied.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
        may_precede_pause: Whether it may show a campaign to resume as it was before its
            pause.
    """
    if (decision := after_any(reply, rate_limited)) is not None:
        return decision
    view = view_of(reply, operation)
    may_change = (may_precede_pause and view in BEFORE_PAUSE) or _may_change(
        view, doubt=doubt, is_recovery=attempt is None
    )
    if may_change and attempts < MAX_READ_BACKS:
        return Retry(read_back_wait_s(attempts, reply, retry_policy, jitter))
    if view is View.WANTED:
        is_ours = doubt is not Doubt.EXCLUDED
        return Finish(operation.done if is_ours else operation.already)
    if view is View.INAPPLICABLE:
        return Finish(_status_of_inapplicable(attempt, doubt, operation))
    if attempt is None:
        return Resend()
    status = _status_of_unseen(view, attempt, doubt, retry_policy.verify)
    # A transport error says more, and what it left open.
    is_to_say = reply.is_contradictory and attempt.error is None
    return Finish(status, CONTRADICTORY if is_to_say else None)


def after_any(reply: Reply, rate_limited: int) -> Decision | None:
    """Decide what follows a reply that says nothing about its id; else None."""
    if reply.is_rate_limited:
        return Retry(rate_limited_wait_s(rate_limited))
    if reply.http_status == 401:
        return _stop_for_token(reply)
    if reply.is_untrusted:
        return stop_for_certificate(reply)
    return None


def _status_of_inapplicable(
    attempt: Reply | None, doubt: Doubt, operation: Operation
) -> Status:
    # What was accepted stays ours, whatever happened to the campaign since.
    if attempt is not None and attempt.http_status == 204:
        return operation.done
    may_have_moved_on = operation.may_move_on and doubt is Doubt.POSSIBLE
    return Status.UNKNOWN if may_have_moved_on else operation.inapplicable


def _may_change(view: View, *, doubt: Doubt, is_recovery: bool) -> bool:
    """Tell whether a later read-back may show more.

    A status may lag behind an attempt that was applied. In a recovery it matters less:
    the request is sent again.
    """
    match view:
        case View.UNREADABLE:
            return True
        case View.OTHER:
            return not is_recovery
        case View.UNCHANGED:
            return not is_recovery and doubt is not Doubt.EXCLUDED
        case _:
            return False


def _status_of_unseen(
    view: View, attempt: Reply, doubt: Doubt, verify: Verify
) -> Status:
    """Give the status of an id that no read-back showed as wanted."""
    is_open = doubt is Doubt.UNLIKELY and view is View.OTHER
    if doubt is Doubt.POSSIBLE or is_open:
        return Status.UNKNOWN
    if view in {View.UNREADABLE, View.DENIED}:
        return status_without_read_back(attempt, doubt=doubt, verify=verify)
    return _status_of_refusal(attempt)


def backoff_s(
    attempts: int, reply: Reply, retry_policy: RetryPolicy, jitter: float
) -> float:
    """Give the seconds until the next attempt: exponential, capped, with jitter.

    Jitter cuts the wait by up to half. `Retry-After` is a lower bound.

    Args:
        attempts: Counted attempts so far.
        reply: The latest reply.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
    """
    doubled = retry_policy.wait_initial_s * 2.0 ** min(attempts - 1, 30)
    jittered = min(doubled, retry_policy.wait_max_s) * (0.5 + jitter / 2)
    return max(jittered, reply.retry_after_s or 0.0)


def rate_limited_wait_s(rate_limited: int) -> float:
    """Give the seconds that an id waits after a 429, besides the gate's cooldown.

    None after the first; then longer, so that an id that always gets one does not hold
    up the others.

    Args:
        rate_limited: How many in a row the id got.
    """
    if rate_limited < 2:
        return 0.0
    return min(2.0 ** min(rate_limited - 2, 30), MAX_RATE_LIMITED_WAIT_S)


def read_back_wait_s(
    attempts: int, reply: Reply, retry_policy: RetryPolicy, jitter: float
) -> float:
    """Give the seconds until the next read-back. Jitter only adds to them."""
    wait_s = retry_policy.wait_initial_s * 2.0 ** (attempts - 1) * (1 + jitter / 4)
    return max(wait_s, reply.retry_after_s or 0.0)


def longest_lag_s(retry_policy: RetryPolicy) -> float:
    """Give the seconds for which a read may lag behind a change.

    An id is read back for as long.
    """
    return retry_policy.wait_initial_s * (2.0 ** (MAX_READ_BACKS - 1) - 1)


def _stop_for_token(reply: Reply) -> Stop:
    detail = f"the API rejected the token{reply.trace_suffix}"
    return Stop(StopReason(StopCause.TOKEN, detail))


def stop_for_certificate(reply: Reply) -> Stop:
    """Stop the run: no server that can be trusted answers at this address."""
    fault = reply.message or "the reason is not known"
    detail = (
        f"the server's certificate does not verify ({fault}): check the base URL, the "
        "clock of this machine, and whether a proxy replaces certificates"
    )
    return Stop(StopReason(StopCause.OUTAGE, detail))


def needs_read_back(attempt: Reply, *, doubt: Doubt, verify: Verify) -> bool:
    """Tell whether an id is read back before its last word.

    Args:
        attempt: The reply to the last attempt.
        doubt: Whether any of our attempts may have been applied.
        verify: Which ids are read back.
    """
    match verify:
        case Verify.NONE:
            return False
        case Verify.DOUBTFUL:
            return doubt is Doubt.POSSIBLE
        case Verify.REFUSED:
            return doubt is not Doubt.EXCLUDED or attempt.http_status == 400
        case Verify.ALL:
            return True


def status_without_read_back(attempt: Reply, *, doubt: Doubt, verify: Verify) -> Status:
    """Give the status of an id whose campaign status could not be read, or is not to be.

    Args:
        attempt: The reply to the last attempt.
        doubt: Whether any of our attempts may have been applied.
        verify: Which ids are read back. What a read-back would have settled is open,
            so that a later run takes it.
    """
    if doubt is Doubt.POSSIBLE:
        return Status.UNKNOWN
    if not needs_read_back(attempt, doubt=doubt, verify=verify):
        return _status_of_refusal(attempt)
    return Status.UNKNOWN if doubt is Doubt.UNLIKELY else Status.FAILED


def _status_of_refusal(attempt: Reply) -> Status:
    """Give the status of an id that is known not to be changed by us.

    It is `failed` if the cause may pass: the network, the server, or the token's
    permissions.
    """
    may_pass = is_transient(attempt) or attempt.http_status in {401, 403, 429}
    return Status.FAILED if may_pass else Status.REJECTED
