"""Lists of several accounts are shown as one, with the accounts that need a look."""

from dataclasses import replace

from bulkpause.lister import ListSnapshot
from bulkpause.model import Limit, Waiting
from bulkpause.progress.list_snapshot import snapshot_of_lists
from bulkpause.progress.snapshot import Snapshot
from bulkpause.settings import Settings


SETTINGS = Settings(limits=(Limit(10, 1.0),))
READING = ListSnapshot(
    read=100, total=250, sweep=1, requests=2, in_flight=1, waiting=None, last_error=None
)


def shown(
    listings: dict[str | None, ListSnapshot],
    errors: dict[str | None, str] | None = None,
) -> Snapshot:
    settings = [SETTINGS] * len(listings)
    return snapshot_of_lists(listings, settings, errors or {}, now=5.0, started_at=1.0)


def test_one_list_is_shown_as_it_is() -> None:
    waiting = replace(READING, waiting=Waiting("the next attempt", 9.0), last_error="x")
    found = shown({None: waiting})
    assert (found.total, found.by_status, found.requests) == (250, {"listed": 100}, 2)
    assert found.waits_for == "the next attempt (last error: x)"
    assert found.accounts == ()


def test_lists_are_added_up() -> None:
    checked = replace(READING, read=40, total=40, sweep=2)
    found = shown({"acme": READING, "globex": checked})
    assert (found.total, found.by_status, found.requests) == (290, {"listed": 140}, 4)
    assert (found.allowed_per_s, found.waits_for) == (20.0, None)


def test_accounts_that_need_a_look_are_named() -> None:
    failing = replace(READING, last_error="HTTP 503")
    found = shown({"a": failing, "b": READING, "c": READING}, {"c": "token refused"})
    assert found.accounts == ("a: last error: HTTP 503", "c: stopped: token refused")


def test_lists_without_a_total_have_none() -> None:
    found = shown({"a": READING, "b": replace(READING, total=None)})
    assert found.total == 200
    assert shown({}).total == 0
