"""The state of lists at one moment, in the form that every display shows."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from bulkpause.lister import ListSnapshot
from bulkpause.progress.accounts import first_lines
from bulkpause.progress.monitor import LONG_WAIT_S
from bulkpause.progress.rate import allowed_per_s_of_all
from bulkpause.progress.snapshot import Snapshot
from bulkpause.settings import Settings
from bulkpause.vocabulary import SIMULATOR


def snapshot_of_lists(
    listings: Mapping[str | None, ListSnapshot],
    settings: Sequence[Settings],
    errors: Mapping[str | None, str],
    *,
    now: float,
    started_at: float,
) -> Snapshot:
    """Show lists as a run shows its ids: those found, of those that there are.

    Args:
        listings: How far the list of each account is read, by its name.
        settings: The rate limits of each, and whether the API is simulated.
        errors: Why lists ended early.
        now: The loop's clock.
        started_at: When the lists were begun, on the same clock.
    """
    listing = _merged(list(listings.values()))
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
        allowed_per_s=allowed_per_s_of_all(one.limits for one in settings),
        left_s=None,
        waits_for=condition if is_long else None,
        waits_s=waits_s if is_long else None,
        simulated=all(one.name == SIMULATOR for one in settings),
        accounts=first_lines(list(_lines(listings, errors)))
        if len(listings) > 1
        else (),
    )


def _merged(listings: Sequence[ListSnapshot]) -> ListSnapshot:
    """Add up the states of several lists. One alone stays as it is.

    They wait only if all of them wait, and then for the first that goes on.
    """
    if len(listings) == 1:
        return listings[0]
    totals = [one.total for one in listings]
    waits = [one.waiting for one in listings if one.waiting is not None]
    is_waiting = bool(waits) and len(waits) == len(listings)
    return ListSnapshot(
        read=sum(one.read for one in listings),
        total=None if None in totals else sum(filter(None, totals)),
        sweep=min((one.sweep for one in listings), default=1),
        requests=sum(one.requests for one in listings),
        in_flight=sum(one.in_flight for one in listings),
        waiting=min(waits, key=lambda wait: inf if wait.until is None else wait.until)
        if is_waiting
        else None,
        last_error=None,
    )


def _lines(
    listings: Mapping[str | None, ListSnapshot], errors: Mapping[str | None, str]
) -> Iterator[str]:
    """Say of accounts whose list ended early, or whose server does not answer, why."""
    for account, listing in listings.items():
        if (error := errors.get(account)) is not None:
            yield f"{account}: stopped: {error}"
        elif listing.last_error is not None:
            yield f"{account}: last error: {listing.last_error}"


def _waits_s(listing: ListSnapshot, now: float) -> float:
    if listing.waiting is None or listing.waiting.until is None:
        return 0.0
    return max(0.0, listing.waiting.until - now)
