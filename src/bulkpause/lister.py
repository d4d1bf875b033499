"""Read a list of campaigns page by page, through the gate, until it is whole."""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.api.client import MAX_PAGE_BYTES, Fetched
from bulkpause.api.endpoint import list_path
from bulkpause.engine.policy import stop_for_certificate
from bulkpause.engine.ports import RateLimiter
from bulkpause.engine.view import is_transient
from bulkpause.errors import (
    BudgetError,
    GuardRailError,
    SettingsError,
    StoppedError,
    TokenError,
)
from bulkpause.listing.campaign import FIELDS, Campaign
from bulkpause.listing.filters import Filters
from bulkpause.listing.page import Page, parse_page
from bulkpause.listing.patience import Patience
from bulkpause.listing.survey import Survey
from bulkpause.listing.sweeps import PageRequest, Sweeps
from bulkpause.model import Reply, Waiting
from bulkpause.operation import KNOWN_STATUSES


#: So many answers in a row that are not a list end it.
_MAX_UNREADABLE = 3
#: Names and values for the query of a URL.
Parameters = Sequence[tuple[str, str]]


class Fetcher(Protocol):
    """Makes requests that are not about one campaign."""

    async def fetch(self, method: str, path: str, request_id: str) -> Fetched:
        """Make one attempt. A network failure is in the reply, not raised."""
        ...

    def redact(self, text: str) -> str:
        """Remove secrets from a text of the server."""
        ...


@value
class Listed:
    """A list of campaigns, the oldest first.

    Attributes:
        campaigns: The campaigns that fit the filters.
        total: How many there are, by the API's last word; None without one.
        doubt: Why the list may lack campaigns; None if it is whole.
        requests: The requests that it took.
        sweeps: How often its pages were read.
    """

    campaigns: tuple[Campaign, ...]
    total: int | None
    doubt: str | None
    requests: int
    sweeps: int

    @property
    def is_whole(self) -> bool:
        return self.doubt is None


@value
class ListSnapshot:
    """How far a list is read.

    Attributes:
        read: The campaigns that this sweep has found.
        total: How many there are, by the API's last word; None without one.
        sweep: The number of this sweep, from 1.
        requests: The requests so far.
        in_flight: Those without an answer.
        waiting: What the next request waits for; None if for nothing.
        last_error: The last failure, while the page is asked for again.
    """

    read: int
    total: int | None
    sweep: int
    requests: int
    in_flight: int
    waiting: Waiting | None
    last_error: str | None


def refuse_unknown(filters: Filters, campaigns: Iterable[Campaign]) -> None:
    """Refuse a list that a mistyped status may have emptied.

    Raises:
        SettingsError: No campaign has a status that is asked for, and its word is not
            known either.
    """
    if unknown := filters.unknown_statuses(campaigns):
        raise SettingsError(
            f"--status: no campaign has the status {quote(unknown[0])}, which is not "
            f"known; known are {', '.join(sorted(KNOWN_STATUSES))}; nothing was "
            "written. Add --filter-here to read all campaigns and look for it"
        )


class Lister:
    """Reads one list. Use it once.

    Args:
        fetcher: Makes the requests.
        gate: Limits their rate.
        filters: What the campaigns must be like.
        chooses_here: Whether all campaigns are read and chosen here, for an API that
            ignores a filter.
        trusts_filter: Whether it is not looked for campaigns that the API's filter
            leaves out, which takes a page for each 100 of all campaigns.
        give_up_after_s: Seconds without a usable answer that end the list.
        request_ids: A fresh id for each request.
        jitter: Gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        gate: RateLimiter,
        filters: Filters,
        request_ids: Iterator[str],
        chooses_here: bool = False,
        trusts_filter: bool = False,
        give_up_after_s: float = 300.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._fetcher = fetcher
        self._gate = gate
        self._filters = filters
        self._chooses_here, self._trusts_filter = chooses_here, trusts_filter
        self._request_ids = request_ids
        self._jitter = jitter
        self._sweeps = Sweeps()
        self._patience = Patience(give_up_after_s)
        self._requests = self._unreadable = 0
        #: Why no page can be had any more; None while pages can.
        self._stopped: str | None = None
        self._survey: Survey | None = None
        self._retry_at: float | None = None

    def snapshot(self) -> ListSnapshot:
        """Tell how far the list is read."""
        waiting = self._gate.waiting
        if waiting is None and self._retry_at is not None:
            waiting = Waiting("the next attempt", self._retry_at)
        survey = self._survey
        is_survey = survey is not None and not survey.is_over
        return ListSnapshot(
            read=survey.read if survey and is_survey else self._sweeps.read,
            total=survey.total if survey and is_survey else self._sweeps.total,
            sweep=self._sweeps.sweeps,
            requests=self._requests,
            in_flight=self._gate.in_flight,
            waiting=waiting,
            last_error=self._patience.last_error,
        )

    def requests_left(self) -> int:
        """Estimate how many requests are still to be made."""
        of_survey = 0 if self._survey is None else self._survey.pages_left()
        return self._sweeps.pages_left() + of_survey

    async def read(self) -> Listed:
        """Read the list until it is whole, or cannot become so.

        Raises:
            GuardRailError: The API lists a campaign that does not fit the filters, or
                leaves out one that does, and so may have ignored or misread them.
            TokenError: The API rejected the token.
            StoppedError: The API refused, or could not be reached, before it listed
                anything.
        """
        await self._read_sweeps()
        is_to_check = self._is_filtered_there and not self._trusts_filter
        if is_to_check and self._sweeps.is_whole:
            await self._check_filter()
        sweeps = self._sweeps
        campaigns = sweeps.campaigns()
        if self._chooses_here:
            campaigns = [one for one in campaigns if self._filters.fits(one)]
        survey_doubt = None if self._survey is None else self._survey.doubt
        return Listed(
            campaigns=tuple(campaigns),
            total=sweeps.total,
            doubt=sweeps.doubt or survey_doubt,
            requests=self._requests,
            sweeps=sweeps.sweeps,
        )

    @property
    def _is_filtered_there(self) -> bool:
        """Whether the API chooses the campaigns."""
        return not (self._chooses_here or self._filters.is_empty)

    async def _read_sweeps(self) -> None:
        while not self._sweeps.is_over:
            page = await self._next_page(self._sweeps.request, self._parameters)
            if page is not None:
                self._check(page)
                self._sweeps.add(page)
            elif self._stopped is not None:
                self._end_sweeps(self._stopped)

    def _end_sweeps(self, reason: str) -> None:
        """End the list with what was read, if anything was."""
        self._refuse_empty(reason)
        self._sweeps.end(reason)

    def _refuse_empty(self, reason: str) -> None:
        """Refuse a list that ended early and holds nothing.

        Raises:
            StoppedError: It does.
        """
        if not self._sweeps.campaigns():
            raise StoppedError(f"{reason}; no campaign was listed")

    async def _check_filter(self) -> None:
        """Read all campaigns once: the filter may have left out some that fit.

        Raises:
            GuardRailError: It has.
        """
        hidden = await self._hidden()
        if not hidden:
            return
        # Not those that have come to fit since: the list is read again for these.
        self._sweeps = Sweeps()
        await self._read_sweeps()
        listed = {one.id for one in self._sweeps.campaigns()}
        if left_out := [one for one in hidden if one.id not in listed]:
            more = len(left_out) - 1
            others, fit = (f" and {more} more", "they fit") if more else ("", "it fits")
            raise GuardRailError(
                f"the API does not list {left_out[0].id}{others} for this filter, "
                f"although {fit}: the API seems to misread the filter; nothing was written. Add "
                "--filter-here to read all campaigns and choose here"
            )

    async def _hidden(self) -> list[Campaign]:
        """Find campaigns that fit the filters and that the API has not listed for them."""
        listed = {one.id for one in self._sweeps.campaigns()}
        self._survey = survey = Survey(self._filters, listed, self._sweeps.request.size)
        while not survey.is_over:
            page = await self._next_page(survey.request, ())
            if page is not None:
                survey.add(page)
            elif self._stopped is not None:
                self._refuse_empty(self._stopped)
                survey.stop(self._stopped)
        return survey.hidden

    def _check(self, page: Page) -> None:
        if self._chooses_here:
            return
        for campaign in page.campaigns:
            if (misfit := self._filters.misfit(campaign)) is not None:
                option, _, fault = misfit.partition(": ")
                raise GuardRailError(
                    f"the API lists campaign {campaign.id}, which does not fit "
                    f"{option} ({fault}): it seems to ignore the filter; nothing was "
                    "written. Add --filter-here to read all campaigns and choose here"
                )

    @property
    def _parameters(self) -> tuple[tuple[str, str], ...]:
        return () if self._chooses_here else tuple(self._filters.parameters())

    async def _next_page(
        self, request: PageRequest, filters: Parameters
    ) -> Page | None:
        """Ask for a page; None if the answer is not one."""
        if (fetched := await self._fetch(request, filters)) is None:
            return None
        reply = fetched.reply
        self._refuse_untrusted(reply)
        if reply.is_rate_limited or is_transient(reply):
            await self._wait(reply)
        elif reply.http_status == 200:
            return self._page_of(fetched.body)
        elif not (self._may_be_too_large(reply) and self._sweeps.halve_page()):
            words = reply.message or reply.title or "no reason given"
            self._stop(
                f"the API refused the list with HTTP {reply.http_status} ({words})"
                f"{reply.trace_suffix}"
            )
        return None

    def _may_be_too_large(self, reply: Reply) -> bool:
        """Tell whether a page may be refused for its size, which none was before."""
        return reply.http_status == 400 and not self._sweeps.has_begun

    async def _lacks_slot(self) -> str | None:
        """Wait for a slot; say why there is none any more, or None with one."""
        try:
            await self._gate.acquire()
        except BudgetError as error:
            return str(error)
        return None

    async def _fetch(self, request: PageRequest, filters: Parameters) -> Fetched | None:
        """Ask for a page; None if there is no slot any more."""
        fields = ("fields", ",".join(FIELDS))
        path = list_path([*request.parameters(), fields, *filters])
        if (reason := await self._lacks_slot()) is not None:
            self._stop(reason)
            return None
        reply: Reply | None = None
        try:
            self._requests += 1
            fetched = await self._fetcher.fetch("GET", path, next(self._request_ids))
            reply = fetched.reply
        finally:
            await self._gate.release(reply)
        return fetched

    def _page_of(self, body: bytes) -> Page | None:
        page = parse_page(body, self._fetcher.redact)
        if page is not None:
            self._unreadable = 0
            self._patience.reset()
            return page
        if len(body) >= MAX_PAGE_BYTES and self._sweeps.halve_page():
            return None
        self._unreadable += 1
        if self._unreadable >= _MAX_UNREADABLE:
            self._stop("the API's answer is not a list of campaigns")
        return None

    async def _wait(self, reply: Reply) -> None:
        """Wait until the next attempt, or give up."""
        if (reason := self._patience.failed(reply)) is not None:
            self._stop(reason)
            return
        if reply.is_rate_limited:
            return  # the gate waits after a 429
        wait_s = self._patience.wait_s(reply, self._jitter())
        self._retry_at = asyncio.get_running_loop().time() + wait_s
        try:
            await asyncio.sleep(wait_s)
        finally:
            self._retry_at = None

    def _refuse_untrusted(self, reply: Reply) -> None:
        if reply.http_status == 401:
            raise TokenError(f"the API rejected the token{reply.trace_suffix}")
        if reply.is_untrusted:
            raise StoppedError(stop_for_certificate(reply).reason.detail)

    def _stop(self, reason: str) -> None:
        """Ask for no page any more."""
        self._stopped = reason
