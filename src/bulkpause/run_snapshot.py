"""How a run, or several, stand at one moment."""

from collections.abc import Sequence
from math import inf

from bulkpause._value import value
from bulkpause.model import Sharing, Waiting
from bulkpause.vocabulary import Action


@value(frozen=True)
class RunSnapshot:
    """The counts of a run at one moment, for programs and displays.

    `progress.snapshot.Snapshot` adds the statuses, the rates and the reasons in words
    that a display shows.

    Attributes:
        action: What the run does.
        requests: Requests made so far, with retries, reads and probes.
        in_flight: Requests that have no response yet.
        to_retry: Ids that wait for a retry.
        to_read_back: Ids that wait to be read back.
        accepted: How many of these the API has accepted (204).
        waiting: The condition that the next request waits for; None if it does not
            wait.
        is_outage: The server seems to be down, and only probes are sent.
        time_left_s: Estimated seconds until every id has a status; None during an
            outage.
        sharing: How the account is shared with other runs; None if it is not.
    """

    action: Action
    requests: int
    in_flight: int
    to_retry: int
    to_read_back: int
    accepted: int
    waiting: Waiting | None
    is_outage: bool
    time_left_s: float | None
    sharing: Sharing | None = None


def merge_snapshots(snapshots: Sequence[RunSnapshot]) -> RunSnapshot:
    """Add up the states of several accounts. One alone stays as it is.

    They wait only if all of them wait, and then for the first that goes on.
    """
    if len(snapshots) == 1:
        return snapshots[0]
    waits = [one.waiting for one in snapshots if one.waiting is not None]
    left = [one.time_left_s for one in snapshots if one.time_left_s is not None]
    return RunSnapshot(
        action=snapshots[0].action,
        requests=sum(one.requests for one in snapshots),
        in_flight=sum(one.in_flight for one in snapshots),
        to_retry=sum(one.to_retry for one in snapshots),
        to_read_back=sum(one.to_read_back for one in snapshots),
        accepted=sum(one.accepted for one in snapshots),
        waiting=min(waits, key=lambda wait: inf if wait.until is None else wait.until)
        if len(waits) == len(snapshots)
        else None,
        is_outage=all(one.is_outage for one in snapshots),
        time_left_s=max(left, default=None),
    )
