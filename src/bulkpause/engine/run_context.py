"""Values that all requests and records of one run share."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import field
from datetime import datetime

from bulkpause._value import value
from bulkpause.engine.policy import RetryPolicy
from bulkpause.engine.resume import ResumeRules
from bulkpause.operation import Operation


@value
class RunContext:
    """Values that all requests and records of a run share, and its random source.

    Attributes:
        run_id: Name of the run in every record.
        planned: How many ids the log is meant to hold, those of this run included; None
            if that is not known.
        input_digest: The digest of the ids of the input, those that are done included.
        endpoint: The base URL of the API, or the name of the simulator.
        account: The name of the account, where a run has several.
        request_ids: Gives a new id for each request.
        operation: What the run does.
        reason: Sent with every pause request.
        retry_policy: When to retry, read back and give up.
        resume_rules: How campaigns are resumed.
        remembers: Whether each campaign is read before it is paused, and recorded with
            what it was.
        before_first_change: Awaited before the operation is sent for a campaign that
            was read; after its first end it does nothing. It raises a `LogError` if
            nothing may be sent.
        now: The wall clock.
        jitter: Gives random numbers from 0 to 1.
    """

    run_id: str
    planned: int | None
    input_digest: str | None
    endpoint: str
    request_ids: Iterator[str]
    operation: Operation
    reason: str | None
    retry_policy: RetryPolicy
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    account: str | None = None
    resume_rules: ResumeRules = field(default_factory=ResumeRules)
    remembers: bool = False
    before_first_change: Callable[[], Awaitable[None]] | None = None
