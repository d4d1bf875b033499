"""The state of a list at one moment, in the form that every display shows."""

from bulkpause.lister import ListSnapshot
from bulkpause.model import SIMULATOR
from bulkpause.progress.monitor import LONG_WAIT_S
from bulkpause.progress.rate import allowed_per_s
from bulkpause.progress.snapshot import Snapshot
from bulkpause.settings import Settings


def snapshot_of_list(
    listing: ListSnapshot, settings: Settings, now: float, started_at: float
) -> Snapshot:
    """Show a list as a run shows its ids: those found, of those that there are.

    Args:
        listing: How far the list is read.
        settings: The rate limits, and whether the API is simulated.
        now: The loop's clock.
        started_at: When the list was begun, on the same clock.
    """
    waiting = listing.waiting
    waits_s = _waits_s(listing, now)
    is_long = waiting is not None and waits_s >= LONG_WAIT_S
    condition = None if waiting is None else waiting.condition
    if listing.last_error is not None:
        condition = f"{condition} (last error: {listing.last_error})"
    # The pages are read twice, in two directions.
    verb = "listed" if listing.sweep == 1 else "checked"
    return Snapshot(
        total=listing.total or listing.read,
        by_status={verb: listing.read} if listing.read else {},
        requests=listing.requests,
        in_flight=listing.in_flight,
        accepted=0,
        to_retry=0,
        to_read_back=0,
        rate_per_s=listing.requests / max(1.0, now - started_at),
        allowed_per_s=allowed_per_s(settings.limits),
        left_s=None,
        waits_for=condition if is_long else None,
        waits_s=waits_s if is_long else None,
        simulated=settings.name == SIMULATOR,
    )


def _waits_s(listing: ListSnapshot, now: float) -> float:
    if listing.waiting is None or listing.waiting.until is None:
        return 0.0
    return max(0.0, listing.waiting.until - now)
