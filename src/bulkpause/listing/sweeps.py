"""Decide which page of a list to ask for next, and whether the list is whole.

The campaigns of an account change while its pages are read: one that is paused leaves
the list, and the next one moves to a page that was read already. So the pages are read
in sweeps, from the oldest to the newest and back, until one finds nothing new and all
campaigns together are as many as the API says. In two directions, a total that is too
small shows: the second sweep begins with what the first has not reached.
"""

from dataclasses import field

from bulkpause._text import format_count
from bulkpause._value import state, value
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.page import Page, two_statuses, without_status


#: The items that a page is asked for. The API's own number is 10.
PAGE_SIZE, USUAL_PAGE_SIZE = 100, 10
#: A list that is not whole after so many sweeps changes too fast, or is wrong.
MAX_SWEEPS = 10
#: So many sweeps in a row without news show that the total is wrong.
MAX_SWEEPS_WITHOUT_NEWS = 3
#: Why a list with such items is in doubt. Whatever they name is nowhere on it.
INVALID_ITEMS = "the API lists campaigns without a valid id"
#: The most pages of one sweep, for an API that always has another page.
MAX_PAGES = 20_000


@value(kw_only=False)
class PageRequest:
    """The page to ask for.

    Attributes:
        number: Its number, from 1.
        size: How many items it is to have.
        is_newest_first: Whether the list begins with its newest campaigns.
    """

    number: int
    size: int
    is_newest_first: bool

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Give the parameters that ask the API for it.

        https://docs.ocamba.com/api/hood/v1.0/view-campaigns
        """
        sign = "-" if self.is_newest_first else ""
        return (
            ("sort", f"{sign}create_time,{sign}name"),
            ("page", f"{self.number},{self.size}"),
        )


@state
class _Sweep:
    """What one sweep has found so far."""

    page: int = 1
    items: int = 0
    ids: set[str] = field(default_factory=set)
    first_page: frozenset[str] = frozenset()
    last_page: frozenset[str] = frozenset()
    totals: set[int | None] = field(default_factory=set)
    total: int | None = None
    has_news: bool = False
    contradiction: str | None = None


class Sweeps:
    """The sweeps of one list, from its first page to its end.

    Attributes:
        is_over: Whether no page is to be asked for any more.
        is_whole: Whether the list holds every campaign.
        doubt: Why it may not; None while it is read, and if it does.
        sweeps: The number of sweeps that were begun.
    """

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        self.is_over = self.is_whole = False
        self.doubt: str | None = None
        self.sweeps = 1
        self._size = page_size
        self._sweep = _Sweep()
        self._earlier_first_page: frozenset[str] = frozenset()
        self._found: dict[str, Campaign] = {}
        self._without_news = 0
        self._invalid = 0
        #: Whether more campaigns were found than the API says there are.
        self._distrusts_total = False
        #: The ids since the total last changed, and the sweeps that found them.
        self._current: set[str] = set()
        self._current_total: int | None = None
        self._current_sweeps = 0

    @property
    def request(self) -> PageRequest:
        """The page to ask for next."""
        newest_first = self.sweeps % 2 == 0
        return PageRequest(self._sweep.page, self._size, newest_first)

    @property
    def has_begun(self) -> bool:
        """Whether a page was taken."""
        return self.sweeps > 1 or bool(self._sweep.totals)

    @property
    def total(self) -> int | None:
        """How many campaigns the list has, by the API's last word."""
        return self._sweep.total if self._sweep.totals else self._current_total

    @property
    def read(self) -> int:
        """How many campaigns this sweep has found."""
        return len(self._sweep.ids)

    def pages_left(self) -> int:
        """Estimate the pages that are still to be asked for, if all goes well."""
        if self.is_over:
            return 0
        of_sweep = max(1, -(-(self.total or 0) // self._size))
        rest = max(1, of_sweep - self._sweep.page + 1)
        return rest + of_sweep if self.sweeps == 1 else rest

    def campaigns(self) -> list[Campaign]:
        """Give the campaigns found, the oldest first.

        Of a whole list these are its last state; else all that were seen.
        """
        chosen = self._current if self.is_whole else self._found.keys()
        return sorted((self._found[id_] for id_ in chosen), key=_age)

    def halve_page(self) -> bool:
        """Ask for smaller pages, and begin anew; False if they cannot be smaller."""
        if self._size <= USUAL_PAGE_SIZE:
            return False
        self._size = max(USUAL_PAGE_SIZE, self._size // 2)
        self._sweep = _Sweep()
        return True

    def add(self, page: Page) -> None:
        """Take the page that was asked for."""
        self._take(page)
        if self._is_end(page):
            self._end_sweep()
        else:
            self._sweep.page += 1

    def end(self, doubt: str) -> None:
        """End the list, for a reason other than its pages."""
        self.is_over, self.doubt = True, doubt

    def _take(self, page: Page) -> None:
        sweep = self._sweep
        ids = frozenset(one.id for one in page.campaigns)
        sweep.has_news |= not ids <= self._found.keys()
        torn = self._ids_with_other_status(page)
        campaigns = without_status(page.campaigns, torn)
        self._found |= {one.id: one for one in campaigns}
        self._invalid = max(self._invalid, page.invalid)
        sweep.ids |= ids
        sweep.items += page.length
        sweep.totals.add(page.total)
        sweep.total = page.total
        sweep.contradiction = (
            sweep.contradiction
            or page.contradiction
            or two_statuses(torn, "on different pages")
        )
        if sweep.page == 1:
            sweep.first_page = ids
            has_more = page.total is not None and page.total > page.length
            if 0 < page.length < self._size and has_more:
                self._size = page.length  # the server cuts pages to it

    def _ids_with_other_status(self, page: Page) -> list[str]:
        """Find the campaigns that an earlier page of this sweep lists with another."""
        return [
            one.id
            for one in page.campaigns
            if one.id in self._sweep.ids and one.status != self._found[one.id].status
        ]

    def _is_end(self, page: Page) -> bool:
        sweep, ids = self._sweep, frozenset(one.id for one in page.campaigns)
        is_repeated = sweep.page > 1 and ids == sweep.last_page
        sweep.last_page = ids
        if page.length == 0 or is_repeated or sweep.page >= MAX_PAGES:
            return True
        is_short_of_total = sweep.page * self._size < (page.total or 0)
        if page.total is None or is_short_of_total or self._distrusts_total:
            return False
        # A full page may have one after it. That it has none is plain if this sweep
        # has come from the other end.
        is_one_way = sweep.first_page == self._earlier_first_page
        return not (is_one_way and page.length >= self._size)

    def _end_sweep(self) -> None:
        sweep = self._sweep
        self._without_news = 0 if sweep.has_news else self._without_news + 1
        self._compare(sweep)
        if self.is_whole:
            self.is_over = True
        elif self.sweeps >= MAX_SWEEPS or self._without_news >= MAX_SWEEPS_WITHOUT_NEWS:
            self.end(self._why_incomplete(sweep))
        else:
            self._earlier_first_page = sweep.first_page
            self._sweep = _Sweep()
            self.sweeps += 1

    def _compare(self, sweep: _Sweep) -> None:
        """Compare a sweep with those before it, as far as they saw the same list."""
        is_clear = sweep.contradiction is None and sweep.total is not None
        is_steady = is_clear and sweep.totals == {sweep.total}
        is_same = is_steady and sweep.total == self._current_total
        adds_none = sweep.ids <= self._current
        self._current = self._current | sweep.ids if is_same else sweep.ids
        self._current_sweeps = self._current_sweeps + 1 if is_same else int(is_steady)
        self._current_total = sweep.total if is_steady else None
        self._distrusts_total = len(self._found) > (sweep.total or 0)
        if len(self._current) > (sweep.total or 0):
            # One has left the list, and another has come.
            self._current, self._current_sweeps = sweep.ids, int(is_steady)
        elif adds_none and self._current_sweeps > 1:
            # An item without a valid id may be any campaign, whatever the total is.
            self.is_whole = len(self._current) == sweep.total and not self._invalid

    def _why_incomplete(self, sweep: _Sweep) -> str:
        read = format_count(len(self._found), "campaign")
        if self._invalid:
            return f"{INVALID_ITEMS}; {read} with one"
        if sweep.contradiction is not None:
            return sweep.contradiction
        if sweep.total is None:
            return f"the API does not say how many campaigns there are; {read} found"
        if self._without_news >= MAX_SWEEPS_WITHOUT_NEWS:
            return f"the API says {sweep.total} campaigns, and lists {len(self._found)}"
        sweeps = format_count(self.sweeps, "sweep")
        return f"the list changed while it was read, {sweeps} long; {read} found"


def _age(campaign: Campaign) -> tuple[str, str]:
    return campaign.create_time or "", campaign.id
