"""The state of a run at one moment, as every display shows it."""

from bulkpause._value import value
from bulkpause.model import Sharing
from bulkpause.vocabulary import Action


@value
class Snapshot:
    """The numbers and texts that a display shows of a run at one moment.

    `Monitor` makes it from the records and from a `run_snapshot.RunSnapshot`, which holds
    the counts of the engine.

    Attributes:
        total: The ids to send.
        by_status: The finished ids by status, without statuses of count 0.
        requests: The requests sent so far.
        in_flight: The requests sent without a response yet.
        accepted: The ids to read back whose attempt was answered with 204.
        to_retry: The ids that wait for a retry.
        to_read_back: The ids that wait for a read-back.
        rate_per_s: The request rate of the last `rate.PERIOD_S` seconds.
        allowed_per_s: The highest request rate that the limits allow over that
            period; None without limits.
        left_s: The estimated seconds to the end; None during an outage, whose end
            cannot be estimated, and before the run has its ids.
        waits_for: The condition that the next request waits for; None if it waits
            for none, or only shortly.
        waits_s: The seconds until that condition holds; None if unknown.
        stopping: Why the run sends no more requests; None if it still sends.
        failures: One line for each of the latest ids that are not as wanted.
        simulated: Whether the API is the simulator.
        action: What the run does.
        sharing: How the account is shared with other runs; None if it is not.
        accounts: One line for each account that needs a look, and one that counts
            further ones; empty if none does.
    """

    total: int
    by_status: dict[str, int]
    requests: int
    in_flight: int
    accepted: int
    to_retry: int
    to_read_back: int
    rate_per_s: float
    allowed_per_s: float | None
    left_s: float | None
    waits_for: str | None = None
    waits_s: float | None = None
    stopping: str | None = None
    failures: tuple[str, ...] = ()
    simulated: bool = False
    action: Action = Action.PAUSE
    sharing: Sharing | None = None
    accounts: tuple[str, ...] = ()

    @property
    def finished(self) -> int:
        return sum(self.by_status.values())
