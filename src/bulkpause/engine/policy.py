"""After so many attempts and this reply: done, again, read back, or stop the run.

Plain functions of their arguments. They keep nothing, wait for nothing and count
nothing; jitter comes in as a number.
"""

from dataclasses import dataclass
from enum import StrEnum

from bulkpause.model import Reply, Status, StopCause, StopReason


#: No `Retry-After` makes an id wait for longer than this many seconds.
LONGEST_RETRY_AFTER_S = 300.0
#: What the API calls a campaign that a pause could still stop.
PAUSABLE = frozenset({"running", "scheduled"})

#: The request came too slowly or too early to be looked at; 429 has its own rules.
_NOT_TAKEN = frozenset({408, 425})


class Verify(StrEnum):
    """Which ids are read back once the first tries are through."""

    NONE = "none"
    #: Those that may have been paused.
    DOUBTFUL = "doubtful"
    #: Those, and every one that was refused with 400.
    REFUSED = "refused"
    #: Every id: the proof that nothing still runs.
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to try, how long to wait between tries, what to read back.

    `give_up_after_s` without a usable answer to any id ends the run.
    """

    max_attempts: int = 4
    verify: Verify = Verify.REFUSED
    wait_initial_s: float = 1.0
    wait_max_s: float = 30.0
    give_up_after_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Finish:
    """This is the final word on the id."""

    status: Status


@dataclass(frozen=True, slots=True)
class Retry:
    """Make the same request again, after so many seconds."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Ask for the campaign's status once the first tries are through."""


@dataclass(frozen=True, slots=True)
class Resend:
    """The campaign still runs: make the pause request anew."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Send nothing more in this run. The id stays as it was before."""

    stopped: StopReason


Decision = Finish | Retry | ReadBack | Resend | Stop


def may_be_applied(reply: Reply) -> bool:
    """Tell whether the campaign may be paused now because of this attempt."""
    if reply.http_status is None:
        return reply.sent_at is not None
    return reply.http_status == 204 or _is_broken_server(reply)


def is_refused(reply: Reply) -> bool:
    """Tell whether the API answered that it will not do this."""
    status = reply.http_status
    return (
        status is not None
        and status < 500
        and status not in {204, 429}
        and status not in _NOT_TAKEN
    )


def counts_as_attempt(reply: Reply) -> bool:
    """Tell whether an attempt uses up one of the tries. Being too fast does not."""
    return not reply.is_rate_limited


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
        reply: What the latest attempt brought.
        attempts: How many attempts counted so far, this one included.
        is_in_doubt: Whether one of them may have been applied, this one included.
        retry_policy: What was asked for.
        jitter: A random number from 0 to 1.
    """
    match reply.http_status:
        case 429:
            return Retry(0.0)
        case 401:
            return _token_refused(reply)
        case 204 if retry_policy.verify is not Verify.ALL:
            return Finish(Status.PAUSED)
    if _is_transient(reply) and attempts < retry_policy.max_attempts:
        return Retry(wait_s(attempts, reply, retry_policy, jitter))
    if _is_read_back(reply, is_in_doubt=is_in_doubt, verify=retry_policy.verify):
        return ReadBack()
    return Finish(unsettled(reply, is_in_doubt=is_in_doubt))


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
        reply: What the latest read-back brought.
        attempts: How many read-backs counted so far, this one included.
        pause: What the last pause request of this run brought; None if there was
            none yet, since an earlier run left the id in doubt.
        is_in_doubt: Whether a pause request may have been applied.
        retry_policy: What was asked for.
        jitter: A random number from 0 to 1.
    """
    if reply.is_rate_limited:
        return Retry(0.0)
    if reply.http_status == 401:
        return _token_refused(reply)
    seen = reply.campaign_status if reply.http_status == 200 else None
    # A pause that was accepted may take a while to show.
    is_late = pause is not None and pause.http_status == 204 and seen in PAUSABLE
    if (_is_transient(reply) or is_late) and attempts < retry_policy.max_attempts:
        return Retry(wait_s(attempts, reply, retry_policy, jitter))
    if pause is None:
        return _after_recovery(seen)
    if seen is None:
        is_open = _is_transient(reply)
        return Finish(unsettled(pause, is_in_doubt=is_in_doubt, is_open=is_open))
    return Finish(_settled(seen, pause, is_in_doubt=is_in_doubt))


def _after_recovery(seen: str | None) -> Decision:
    """Decide on an id that an earlier run left in doubt, from its status alone."""
    if seen == "paused":
        return Finish(Status.PAUSED)
    if seen is None or seen in PAUSABLE:
        return Resend()
    return Finish(Status.NOT_PAUSABLE)


def wait_s(
    attempts: int, reply: Reply, retry_policy: RetryPolicy, jitter: float
) -> float:
    """Give the seconds until the next attempt: doubled each time, capped, jittered.

    `Retry-After` is a lower bound, itself capped.
    """
    grown = retry_policy.wait_initial_s * 2.0 ** min(attempts - 1, 30)
    jittered = min(grown, retry_policy.wait_max_s) * (0.5 + jitter / 2)
    asked = min(reply.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(jittered, asked)


def _token_refused(reply: Reply) -> Stop:
    trace = f" (trace_id {reply.trace_id})" if reply.trace_id else ""
    return Stop(StopReason(StopCause.TOKEN, f"the API refused the token{trace}"))


def _is_broken_server(reply: Reply) -> bool:
    """A 5xx tells nothing about what was done, but for 503: not let in."""
    status = reply.http_status
    return status is not None and status >= 500 and status != 503


def _is_transient(reply: Reply) -> bool:
    status = reply.http_status
    return status is None or status >= 500 or status in _NOT_TAKEN


def _is_read_back(reply: Reply, *, is_in_doubt: bool, verify: Verify) -> bool:
    match verify:
        case Verify.NONE:
            return False
        case Verify.DOUBTFUL:
            return is_in_doubt
        case Verify.REFUSED:
            return is_in_doubt or reply.http_status == 400
        case Verify.ALL:
            return True


def unsettled(pause: Reply, *, is_in_doubt: bool, is_open: bool = False) -> Status:
    """Give the status of an id that nothing more is asked about.

    Args:
        pause: What the last pause request brought.
        is_in_doubt: Whether a pause request may have been applied.
        is_open: Whether a read-back was due that a later run can make. A 400 is also
            what a campaign answers that is paused already, and so no final word.
    """
    if is_in_doubt:
        return Status.UNKNOWN
    is_final = is_refused(pause) and not (is_open and pause.http_status == 400)
    return Status.REJECTED if is_final else Status.FAILED


def _settled(seen: str, pause: Reply, *, is_in_doubt: bool) -> Status:
    if seen == "paused":
        # An odd success is none to rely on, but it may have been ours.
        is_odd_success = pause.http_status is not None and pause.http_status < 300
        is_ours = is_in_doubt or is_odd_success
        return Status.PAUSED if is_ours else Status.ALREADY_PAUSED
    if seen not in PAUSABLE or pause.http_status == 400:
        return Status.NOT_PAUSABLE
    return Status.REJECTED if is_refused(pause) else Status.FAILED
