"""Look for campaigns that a filter of the API has left out, by one sweep of them all.

The API may misread a filter: a word in capitals, a part of a name, one of two statuses.
What it leaves out shows only in a list without the filter. That list may change while it
is read, but not so that a filter which leaves out many campaigns goes unseen.
"""

from collections.abc import Set as AbstractSet

from bulkpause._text import format_count
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.filters import Filters
from bulkpause.listing.page import Page, two_statuses
from bulkpause.listing.sweeps import INVALID_ITEMS, MAX_PAGES, PageRequest


class Survey:
    """One sweep of all campaigns, which are compared with those that a filter gave.

    Args:
        filters: What the campaigns must be like.
        listed: The ids that the API listed for the filter.
        page_size: The items of a page.

    Attributes:
        is_over: Whether no page is to be asked for any more.
        hidden: The campaigns that fit the filter and were not listed.
        doubt: Why there may be others; None if there are none.
        total: How many campaigns there are, by the API's last word; None without one.
    """

    def __init__(
        self, filters: Filters, listed: AbstractSet[str], page_size: int
    ) -> None:
        self.is_over = False
        self.hidden: list[Campaign] = []
        self.doubt: str | None = None
        self.total: int | None = None
        self._filters = filters
        self._listed = listed
        self._size = page_size
        self._number = 1
        #: The status of each campaign that was seen, as it was first.
        self._seen: dict[str, str | None] = {}
        self._contradiction: str | None = None

    @property
    def request(self) -> PageRequest:
        """The page to ask for next, the oldest campaigns first."""
        return PageRequest(self._number, self._size, is_newest_first=False)

    @property
    def read(self) -> int:
        """How many campaigns it has found."""
        return len(self._seen)

    def pages_left(self) -> int:
        """Estimate the pages that are still to be asked for."""
        if self.is_over:
            return 0
        return max(1, -(-((self.total or 0) - self.read) // self._size))

    def add(self, page: Page) -> None:
        """Take the page that was asked for."""
        self._contradiction = self._contradiction or self._contradiction_of(page)
        news = {one.id: one for one in page.campaigns if one.id not in self._seen}
        self._seen |= {one.id: one.status for one in news.values()}
        self.hidden += [
            one
            for one in news.values()
            if one.id not in self._listed and self._filters.fits(one)
        ]
        self.total = page.total
        has_more = page.total is not None and page.total > page.length
        if self._number == 1 and 0 < page.length < self._size and has_more:
            self._size = page.length  # the server cuts pages to it
        if self._is_end(has_news=bool(news)):
            self._end()
        self._number += 1

    def _contradiction_of(self, page: Page) -> str | None:
        """Say why a page, or it beside those before, does not show all campaigns."""
        if page.invalid:
            return INVALID_ITEMS
        seen = self._seen
        torn = [
            one.id
            for one in page.campaigns
            if seen.get(one.id, one.status) != one.status
        ]
        return page.contradiction or two_statuses(torn, "on different pages")

    def _is_end(self, *, has_news: bool) -> bool:
        if self.total is None:
            return not has_news or self._number >= MAX_PAGES
        # With as many campaigns as the filter gave, it has left out none.
        is_all = max(self.read, len(self._listed)) >= self.total
        return is_all or not has_news or self._number >= MAX_PAGES

    def _end(self) -> None:
        self.is_over = True
        if self._contradiction is not None:
            self.doubt = self._contradiction
        elif self.total is None:
            self.doubt = (
                f"the API does not say how many campaigns there are; {self.read} were "
                "read to see whether its filter leaves out any"
            )
        elif max(self.read, len(self._listed)) < self.total:
            read = format_count(self.read, "campaign")
            self.doubt = (
                f"{read} of {self.total} could be read to see whether the API's filter "
                "leaves out any"
            )

    def stop(self, reason: str) -> None:
        """End the sweep, for a reason other than its pages."""
        self.is_over = True
        self.doubt = f"whether the API's filter leaves out any is not known: {reason}"
