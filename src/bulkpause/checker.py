"""Ask the API what a run would need to know, without changing anything."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum

from bulkpause._text import format_count, format_duration
from bulkpause._value import value
from bulkpause.api.client import Fetched
from bulkpause.api.endpoint import CHECK_PATH, list_path
from bulkpause.connection import Connection
from bulkpause.errors import (
    BudgetError,
    BulkpauseError,
    GuardRailError,
    SettingsError,
    StoppedError,
    TokenError,
)
from bulkpause.listing.page import Page, parse_page
from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.budget.place import NO_SHARE
from bulkpause.settings import Settings


#: A difference of clocks that is worth saying, in seconds. `Date` has whole seconds.
CLOCK_TOLERANCE_S = 5.0
#: The smallest page that shows whether campaigns can be read.
_SMALLEST_PAGE = (("page", "1,1"), ("fields", "id,company_id"))


class NoCampaignsError(SettingsError):
    """There is no campaign at this address: a run would be refused each of its ids."""


class State(StrEnum):
    """The result of one check."""

    OK = "ok"
    #: A run would work, but something is not as usual.
    WARNING = "warning"
    #: A run would end with an error.
    FAILED = "failed"
    #: It depends on something that failed.
    SKIPPED = "skipped"


@value
class Finding:
    """The result of one check.

    Attributes:
        name: What was checked, in one word.
        state: Whether it is as it should be.
        detail: What was found, and what to do about it.
        facts: The numbers in it, in values that JSON can carry.
        error: How a run would end; None if this does not end it.
    """

    name: str
    state: State
    detail: str
    facts: Mapping[str, object] = field(default_factory=dict)
    error: BulkpauseError | None = None

    def as_dict(self) -> dict[str, object]:
        """Give the finding in values that JSON can carry."""
        return {"name": self.name, "state": self.state, "detail": self.detail} | dict(
            self.facts
        )


def ok(name: str, detail: str, **facts: object) -> Finding:
    return Finding(name=name, state=State.OK, detail=detail, facts=facts)


def warning(name: str, detail: str, **facts: object) -> Finding:
    return Finding(name=name, state=State.WARNING, detail=detail, facts=facts)


def skipped(name: str, detail: str) -> Finding:
    return Finding(name=name, state=State.SKIPPED, detail=detail)


def failed(name: str, error: BulkpauseError) -> Finding:
    return Finding(name=name, state=State.FAILED, detail=str(error), error=error)


@value
class Answers:
    """What the API answered.

    Attributes:
        token: The answer to the token check.
        page: The answer to a list of one campaign; None if it was not asked for.
        campaigns: That list; None if the answer is not one.
        latencies_ms: Of each request, from sending to the answer. The first has a new
            connection, whose set-up does not count.
        setup_ms: What the set-up of that connection took, name look-up and TLS included.
        tls: The TLS version; None without TLS.
        clock_ahead_s: How far this machine's clock is ahead of the server's, at least;
            negative if it is behind, None if the server does not tell.
    """

    token: Fetched
    page: Fetched | None
    campaigns: Page | None
    latencies_ms: tuple[float, ...]
    setup_ms: float | None
    tls: str | None
    clock_ahead_s: float | None


async def ask(
    connection: Connection, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Answers:
    """Check the token, and read one campaign twice. Each request takes a slot.

    Args:
        connection: The client and the gate of the account.
        now: The wall clock.
    """
    begun = asyncio.get_running_loop().time()
    fetched = [await _fetch(connection, "POST", CHECK_PATH)]
    asked_at = now()
    if (status := fetched[0].reply.http_status) is not None:
        path = list_path(_SMALLEST_PAGE)
        # A run does not check its token: the campaigns decide.
        pages = 1 if status == 401 else 2
        fetched += [await _fetch(connection, "GET", path) for _ in range(pages)]
    replies = [one.reply for one in fetched]
    sent_at = replies[0].sent_at
    if connection.sharing is None:
        # Nobody else knows of these requests: a run that begins now has a full burst.
        await asyncio.sleep(connection.burst_s)
    page = fetched[-1] if len(fetched) > 1 else None
    return Answers(
        token=fetched[0],
        page=page,
        campaigns=parse_page(page.body, connection.client.redact)
        if page is not None and page.reply.http_status == 200
        else None,
        latencies_ms=tuple(_latencies_ms(replies)),
        setup_ms=None if sent_at is None else round((sent_at - begun) * 1000, 1),
        tls=connection.client.tls,
        clock_ahead_s=_clock_ahead_s(fetched[0].served_at, asked_at),
    )


async def _fetch(connection: Connection, method: str, path: str) -> Fetched:
    try:
        await connection.gate.acquire()
    except BudgetError as error:
        raise StoppedError(str(error)) from error
    reply: Reply | None = None
    try:
        fetched = await connection.client.fetch(
            method, path, next(connection.request_ids)
        )
        reply = fetched.reply
    finally:
        await connection.gate.release(reply)
    return fetched


def _latencies_ms(replies: list[Reply]) -> Iterator[float]:
    for reply in replies:
        if reply.sent_at is not None and reply.http_status is not None:
            yield round((reply.received_at - reply.sent_at) * 1000, 1)


def _clock_ahead_s(served_at: datetime | None, here: datetime) -> float | None:
    """Compare the clocks. `Date` is cut to whole seconds, and is a moment old."""
    if served_at is None:
        return None
    ahead_s = (here - served_at).total_seconds()
    return round(max(0.0, ahead_s - 1.0) if ahead_s > 0 else ahead_s, 1)


def findings_of(
    answers: Answers, limits: tuple[Limit, ...], company_id: str | None = None
) -> Iterator[Finding]:
    """Judge what the API answered, one finding for each thing.

    Args:
        answers: What the API answered.
        limits: The rate limits of the settings.
        company_id: The company that the campaigns must have; None for any.
    """
    yield _judge_reach(answers)
    yield _judge_tls(answers)
    yield _judge_token(answers)
    yield _judge_reading(answers)
    if company_id is not None:
        yield _judge_company(answers.campaigns, company_id)
    yield _judge_latency(answers)
    yield _judge_clock(answers)
    yield _judge_rate(answers, limits)


def judge_share(connection: Connection, settings: Settings) -> Finding:
    """Say whether the account's limits are shared with other runs, and with which."""
    sharing = connection.sharing
    if connection.share_warning is not None:
        return warning("share", connection.share_warning)
    if sharing is not None:
        others = format_count(len(sharing.companions), "other run")
        detail = f"{sharing.place}, {others} now"
        return ok("share", detail, place=sharing.place, runs=len(sharing.companions))
    if settings.share == NO_SHARE or not settings.limits:
        return ok("share", "not shared with other runs", place=None)
    return ok("share", "no other run has used the account yet", place=None)


def _judge_reach(answers: Answers) -> Finding:
    reply = answers.token.reply
    if reply.http_status is not None:
        return ok("reach", "the API answers")
    why = f" ({reply.message})" if reply.message else ""
    return failed(
        "reach",
        StoppedError(
            f"the API does not answer: {reply.error}{why}; check the network, the "
            "proxy and --base-url"
        ),
    )


def _judge_tls(answers: Answers) -> Finding:
    reply = answers.token.reply
    if reply.is_untrusted:
        return failed(
            "tls",
            StoppedError(
                f"the server's certificate does not verify ({reply.message}): check the "
                "base URL, the clock of this machine, and whether a proxy replaces "
                "certificates"
            ),
        )
    if reply.http_status is None:
        return skipped("tls", "the API does not answer")
    if answers.tls is None:
        return ok("tls", "none: the API is on this machine", version=None)
    return ok("tls", f"{answers.tls}, the certificate verifies", version=answers.tls)


def _judge_token(answers: Answers) -> Finding:
    reply = answers.token.reply
    match reply.http_status:
        case None:
            return skipped("token", "the API does not answer")
        case 204:
            return ok("token", "accepted")
        case 401 if not _reads(answers):
            detail = f"the API rejected the token{reply.trace_suffix}"
            return failed("token", TokenError(f"{detail}; make a new one"))
        case status:
            detail = f"the token check answers HTTP {status}{reply.trace_suffix}"
            seen = ", but campaigns can be read" if _reads(answers) else ""
            return warning("token", f"{detail}{seen}", http_status=status)


def _reads(answers: Answers) -> bool:
    return answers.page is not None and answers.page.reply.http_status == 200


def _judge_reading(answers: Answers) -> Finding:
    is_rejected = answers.token.reply.http_status == 401 and not _reads(answers)
    if answers.page is None or is_rejected:
        return skipped("campaigns", "the API or the token does not work")
    reply, page = answers.page.reply, answers.campaigns
    if page is not None:
        count = (
            "" if page.total is None else f": {format_count(page.total, 'campaign')}"
        )
        return ok("campaigns", f"can be read{count}", total=page.total)
    if reply.http_status == 401:
        return failed(
            "campaigns", TokenError("the API rejects the token for campaigns")
        )
    if reply.is_rate_limited:
        return warning("campaigns", "rate-limited (429): others use the account now")
    if reply.http_status == answers.token.reply.http_status == 404:
        return failed(
            "campaigns",
            NoCampaignsError("HTTP 404, as for the token check; check --base-url"),
        )
    fault = reply.error or f"HTTP {reply.http_status}"
    return failed(
        "campaigns",
        StoppedError(
            f"cannot be read: {fault}{reply.trace_suffix}; check what the token may do"
        ),
    )


def _judge_company(page: Page | None, company_id: str) -> Finding:
    if page is None or not page.length:
        return skipped("company", "no campaign can be read")
    if page.company_id is None:
        return warning(
            "company",
            "the list does not show it: a run reads a campaign to check it",
        )
    if page.company_id != company_id:
        return failed(
            "company",
            GuardRailError(
                f"the campaigns belong to the company {page.company_id}, not to "
                f"{company_id}; check the token and the company_id"
            ),
        )
    return ok("company", f"the campaigns are those of {company_id}")


def _judge_latency(answers: Answers) -> Finding:
    if not answers.latencies_ms or answers.setup_ms is None:
        return skipped("latency", "the API does not answer")
    fastest = min(answers.latencies_ms)
    return ok(
        "latency",
        f"{fastest:.0f} ms a request, {answers.setup_ms:.0f} ms to connect",
        latency_ms=fastest,
        connect_ms=answers.setup_ms,
    )


def _judge_clock(answers: Answers) -> Finding:
    ahead_s = answers.clock_ahead_s
    if ahead_s is None:
        return skipped("clock", "the API does not tell its time")
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return ok("clock", "agrees with the server's", ahead_s=ahead_s)
    side = "ahead of" if ahead_s > 0 else "behind"
    return warning(
        "clock",
        f"{format_duration(abs(ahead_s))} {side} the server's: set it, since the log "
        "records its times",
        ahead_s=ahead_s,
    )


def _judge_rate(answers: Answers, limits: tuple[Limit, ...]) -> Finding:
    headers = _rate_limit(answers)
    if headers is None:
        return skipped("rate", "the API does not tell how many requests are left")
    facts = {
        "limit": headers.limit,
        "remaining": headers.remaining,
        "reset_s": headers.reset_s,
    }
    detail = (
        f"{headers.remaining} of {headers.limit} requests left, all again in "
        f"{format_duration(headers.reset_s)}"
    )
    ours = {limit.requests for limit in limits}
    if ours and headers.limit < min(ours):
        return warning(
            "rate",
            f"{detail}; less than --burst and --steady allow: lower them",
            **facts,
        )
    return ok("rate", detail, **facts)


def _rate_limit(answers: Answers) -> RateLimitHeaders | None:
    """Take the headers of campaign requests first: the token check has another tier."""
    pages = [] if answers.page is None else [answers.page.reply.rate_limit]
    known = (one for one in [*pages, answers.token.reply.rate_limit] if one is not None)
    return next(known, None)
