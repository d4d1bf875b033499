"""Values that all requests and records of one run share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bulkpause.engine.policy import RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Values that all requests and records of a run share, and its random source.

    Attributes:
        run_id: Name of the run in every record.
        planned: How many ids the log is meant to hold, those of this run included.
        endpoint: The base URL of the API, or the name of the simulator.
        account: The name of the account, where a run has several.
        request_ids: Gives a new id for each request.
        reason: Sent with every pause request.
        retry_policy: When to retry, read back and give up.
        now: The wall clock.
        jitter: Gives random numbers from 0 to 1.
    """

    run_id: str
    planned: int
    endpoint: str
    request_ids: Iterator[str]
    reason: str | None
    retry_policy: RetryPolicy
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    account: str | None = None
