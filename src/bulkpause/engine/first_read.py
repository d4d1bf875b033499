"""Decide what follows the read of a campaign before its first request in a run.

`run --remember` reads what a campaign is before it pauses it. An undo reads whether it
may resume it. An id that an earlier run left in doubt may be done already.
"""

from datetime import datetime

from bulkpause.doubt import Doubt
from bulkpause.engine.policy import (
    MAX_READ_BACKS,
    Decision,
    Finish,
    Retry,
    RetryPolicy,
    Send,
    after_any,
    longest_lag_s,
    read_back_wait_s,
)
from bulkpause.engine.resume import ResumeRules, may_precede_pause, resume_of
from bulkpause.engine.view import BEFORE_PAUSE, View, view_of
from bulkpause.model import Earlier, Reply
from bulkpause.operation import Operation
from bulkpause.vocabulary import Status


NOT_PAUSED = "left alone: not paused any more"
NOT_FOUND = "the API shows no such campaign"


def after_remembering(reply: Reply, *, rate_limited: int) -> Decision:
    """Decide what follows the read before a pause. Nothing holds the pause up but a 429.

    Args:
        reply: The reply to the read.
        rate_limited: The last reads in a row that got a 429, including this one.
    """
    return after_any(reply, rate_limited) or Send()


def after_first_read(
    reply: Reply,
    *,
    operation: Operation,
    reads: int,
    rate_limited: int,
    earlier: Earlier,
    doubt: Doubt,
    rules: ResumeRules,
    retry_policy: RetryPolicy,
    jitter: float,
    now: datetime,
) -> Decision:
    """Decide what follows the read before a resume.

    Args:
        reply: The reply to the latest read.
        operation: What the run does.
        reads: Counted reads, including this one.
        rate_limited: The last reads in a row that got a 429, including this one.
        earlier: What the campaign was before our pause.
        doubt: Whether an attempt of an earlier run may have been applied.
        rules: How campaigns are resumed.
        retry_policy: The retry policy.
        jitter: A random number from 0 to 1.
        now: The wall clock.
    """
    if (decision := after_any(reply, rate_limited)) is not None:
        return decision
    view = view_of(reply, operation)
    again = Retry(read_back_wait_s(reads, reply, retry_policy, jitter))
    is_in_doubt = doubt is Doubt.POSSIBLE
    may_repeat = reads < MAX_READ_BACKS
    if view is View.UNCHANGED:
        found = resume_of(earlier, reply, rules, now)
        if isinstance(found, Send):
            return found
        # A view that lags behind an attempt of ours may show a change of our own.
        is_open = Finish(
            Status.UNKNOWN if is_in_doubt else operation.inapplicable, found
        )
        return again if is_in_doubt and may_repeat else is_open
    # The last of these reads comes late enough, whatever the clocks say.
    may_precede = view in BEFORE_PAUSE and may_precede_pause(
        earlier, reply, longest_lag_s(retry_policy), now
    )
    if may_repeat and (view is View.UNREADABLE or may_precede):
        return again
    return Finish(*_result_of(view, reply, operation, doubt))


def _result_of(
    view: View, reply: Reply, operation: Operation, doubt: Doubt
) -> tuple[Status, str | None]:
    """Give the result of an id whose campaign is not seen paused, and why."""
    if view is View.WANTED and doubt is Doubt.EXCLUDED:
        return operation.already, NOT_PAUSED
    if view is View.WANTED:
        return operation.done, None
    if doubt is Doubt.POSSIBLE:
        return Status.UNKNOWN, None
    if view in {View.INAPPLICABLE, View.OTHER}:
        return operation.inapplicable, NOT_PAUSED
    if reply.is_campaign_missing:
        return Status.REJECTED, NOT_FOUND
    # The token or the address may be at fault.
    return Status.FAILED, None
