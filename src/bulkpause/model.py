"""Immutable values that pass between packages.

Times are seconds on the event loop's clock. Fields named `..._at` in an `Attempt` or
a `Record` are wall-clock times in UTC instead.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, repeat
from math import inf
from operator import attrgetter
from typing import Any

from bulkpause._text import later, quote, replace_surrogates
from bulkpause._value import value
from bulkpause.vocabulary import (
    RECORD_VERSION,
    Action,
    Priority,
    Status,
    StopCause,
    TransportError,
)


@value(kw_only=False, frozen=True)
class StopReason:
    """Why a run stopped before all of its ids had a status.

    Attributes:
        cause: The kind of reason.
        detail: The reason in words, safe to show.
    """

    cause: StopCause
    detail: str


@value(kw_only=False, frozen=True)
class Waiting:
    """The condition that the next request waits for.

    Attributes:
        condition: In words, as in "waiting for {condition}".
        until: When the wait ends (loop's clock); None if that is not known.
    """

    condition: str
    until: float | None


@value(kw_only=False, frozen=True)
class Companion:
    """Another run that uses the same account.

    Attributes:
        run_id: Its name.
        priority: Which of the runs go first.
        since: When it began: RFC 3339 in UTC.
    """

    run_id: str
    priority: Priority
    since: str


@value(frozen=True)
class Sharing:
    """How a run shares the rate limits of its account.

    Attributes:
        place: Where the shared budget is kept, without any password.
        priority: That of this run.
        companions: The other runs that use the account now.
        met: Every other run that used the account while this run did.
        share: The part of the account's requests that were this run's, from 0 to 1;
            None before the first.
        problem: Why the budget gives no slot now; None if it does.
    """

    place: str
    priority: Priority = Priority.NORMAL
    companions: tuple[Companion, ...] = ()
    met: tuple[Companion, ...] = ()
    share: float | None = None
    problem: str | None = None

    @property
    def goes_first(self) -> Priority | None:
        """The priority that goes first now; None if all runs have the same."""
        ranks = {self.priority, *(one.priority for one in self.companions)}
        return max(ranks, key=lambda one: one.rank) if len(ranks) > 1 else None


@value
class Earlier:
    """What a campaign was before its pause, as far as it is known.

    Attributes:
        status: Its status, in the API's words.
        scheduled_time: Its `scheduled_time`, as the API or the input writes it.
        paused_at: When our pause was made: RFC 3339 in UTC. Known to an undo; without
            it, neither a change since then nor a read that lags behind it is noticed.
    """

    status: str | None = None
    scheduled_time: str | None = None
    paused_at: str | None = None


@value
class Item:
    """One campaign: its id, its row in the input, its name and sort value.

    `earlier` is what it was before its pause; None if nothing is known of that.
    `account` is the name of its account, where a run has several. Lone surrogates in the
    name, which stand for bytes that are not UTF-8, are replaced: no log could hold them.
    """

    id: str
    row: int
    name: str | None = None
    sort_text: str | None = None
    earlier: Earlier | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not self.name.isascii():
            object.__setattr__(self, "name", replace_surrogates(self.name))


def items_without_init(
    ids: Sequence[str],
    rows: Iterable[int],
    names: Sequence[str | None] | None = None,
    sort_texts: Iterable[str | None] | None = None,
    earlier: Iterable[Earlier | None] | None = None,
) -> list[Item]:
    """Make the items of many rows from their columns, as `Item` makes them one by one.

    A frozen class sets each field by name in a call of Python. Here that is skipped,
    which takes a fifth of the time: an input may have a million rows.

    Args:
        ids: The ids.
        rows: The number of the row of each.
        names: The name of each; None if there are none.
        sort_texts: The sort value of each; None if there are none.
        earlier: What the campaign of each was; None if nothing is known of that.
    """
    items = list(map(object.__new__, repeat(Item, len(ids))))
    columns: dict[str, Iterable[object]] = {
        "id": ids,
        "row": rows,
        "name": repeat(None) if names is None else _encodable(names),
        "sort_text": repeat(None) if sort_texts is None else sort_texts,
        "account": repeat(None),
        "earlier": repeat(None) if earlier is None else earlier,
    }
    for field, values in columns.items():
        deque(map(vars(Item)[field].__set__, items, values), maxlen=0)
    return items


def remember_earlier(items: Iterable[Item], earlier: Iterable[Earlier | None]) -> None:
    """Set what the campaigns of new items were, without a copy of each item.

    For the reader that has made them: to all others they are frozen.
    """
    deque(map(vars(Item)["earlier"].__set__, items, earlier), maxlen=0)


def _encodable(names: Sequence[str | None]) -> Sequence[str | None]:
    if "".join(filter(None, names)).isascii():
        return names
    return [None if name is None else replace_surrogates(name) for name in names]


@value(frozen=True)
class InvalidRow:
    """A row without a valid id.

    Attributes:
        row: Its number in the input.
        detail: What is wrong, as in "is a date, not an id", or "no id".
        remedy: What to do about it.
        value: The text that is wrong; None if there is none.
        source: The name of its input, if there are several.
        account: The name of its account, where a run has several and it has one.
    """

    row: int
    detail: str
    remedy: str
    value: str | None = None
    source: str | None = None
    account: str | None = None

    @property
    def reason(self) -> str:
        """The detail, after the value that it is about."""
        return (
            self.detail if self.value is None else f"{quote(self.value)} {self.detail}"
        )

    def __str__(self) -> str:
        place = (
            f"row {self.row}"
            if self.source is None
            else f"{self.source}: row {self.row}"
        )
        return f"{place}: {self.reason}; {self.remedy}"


@value(kw_only=False, frozen=True)
class Limit:
    """A rate limit: up to this many requests in any period of this many seconds."""

    requests: int
    period_s: float

    def __post_init__(self) -> None:
        if self.requests < 1 or not 0 < self.period_s < inf:
            raise ValueError(f"not a valid rate limit: {self}")

    def __str__(self) -> str:
        return f"{self.requests}/{self.period_s:g}s"


@value
class RateLimitHeaders:
    """One rate-limit window of the server, from the headers of a response.

    Attributes:
        limit: Requests allowed in the window (`X-RateLimit-Limit`).
        remaining: Requests left in the window (`X-RateLimit-Remaining`).
        reset_s: Whole seconds until the window reset (`X-RateLimit-Reset`).
    """

    limit: int
    remaining: int
    reset_s: int


@value(slots=False)
class Reply:
    """The result of one attempt: an HTTP response or a transport error, never both.

    Attributes:
        received_at: When the response or the error came (loop's clock).
        sent_at: When the request was written, after the connection was set up; None
            if nothing was written.
        is_cold: Whether the request was the first on its connection, so that its
            round trip is not a good measure.
        http_status: HTTP status of the response.
        error: The transport error.
        is_untrusted: Whether the server's certificate, or its name in it, does not
            verify. `message` says why.
        trace_id: The id under which the server logs the request.
        title: Title of the error that the API describes in the response.
        message: Message of the error that the API describes in the response.
        campaign_status: Status of the campaign in the response to a read-back.
        company_id: Company of the campaign in that response.
        scheduled_time: Its `scheduled_time` there.
        update_time: Its `update_time` there.
        served_at: The server's clock, from the header `Date`.
        is_campaign_missing: Whether that response is a list without the campaign.
        is_contradictory: Whether it is one that contradicts itself, so that nothing is
            taken from it.
        rate_limit: Rate-limit window in the headers of the response.
        retry_after_s: Seconds in the header `Retry-After`; -1 if the server says that too many
            requests run in parallel.
    """

    received_at: float
    sent_at: float | None = None
    is_cold: bool = False
    http_status: int | None = None
    error: TransportError | None = None
    is_untrusted: bool = False
    trace_id: str | None = None
    title: str | None = None
    message: str | None = None
    campaign_status: str | None = None
    company_id: str | None = None
    scheduled_time: str | None = None
    update_time: str | None = None
    served_at: datetime | None = None
    is_campaign_missing: bool = False
    is_contradictory: bool = False
    rate_limit: RateLimitHeaders | None = None
    retry_after_s: float | None = None

    @property
    def is_rate_limited(self) -> bool:
        return self.http_status == 429

    @property
    def shows_update_time(self) -> bool:
        """Whether it says when its campaign was last changed, readable or not."""
        return bool((self.update_time or "").strip())

    @property
    def trace_suffix(self) -> str:
        """The trace id in parentheses, to end a message; empty without one."""
        return f" (trace_id {self.trace_id})" if self.trace_id else ""


@value(slots=False)
class Attempt:
    """One request for an id, and its reply.

    Attributes:
        request_id: Unique to the request.
        started_at: Before it was sent, as RFC 3339 in UTC.
        latency_ms: Milliseconds from sending to the reply.
        reply: The response or transport error.
    """

    request_id: str
    started_at: str
    latency_ms: float
    reply: Reply

    @property
    def ended_at(self) -> str:
        """When the reply came: RFC 3339 in UTC."""
        return later(self.started_at, self.latency_ms)


@value(slots=False)
class PriorAttempt:
    """An attempt as the log keeps it; used for attempts of earlier runs.

    Attributes:
        http_status: HTTP status of the response; None for a transport error.
        trace_id: The id under which the server logs the request.
        error: The transport error, as text.
        at: When the attempt started: RFC 3339 in UTC.
        request_id: Unique to the request.
        is_in_doubt: Whether the attempt may have been applied.
    """

    http_status: int | None = None
    trace_id: str | None = None
    error: str | None = None
    at: str | None = None
    request_id: str | None = None
    is_in_doubt: bool = False


@value(slots=False)
class Record:
    """The final status of one id in one run: one line of the result log.

    The fields are the keys of the line, in its order. `planned` is how many ids the
    log is meant to hold, those of this run included, `input_digest` the digest of the
    ids of the input, `endpoint` a base URL or `simulator`, `v` the version of the
    record's shape. `name` is the campaign's name, if the input has one. `account` is the
    name of the account, where a run has several. `reads` is how often the run has
    read the campaign. `earlier_status` and `earlier_scheduled_time` are what the campaign
    was before its pause, if that is known; `paused_at` is when that pause was made, or
    may have been: for a resume, and for a pause where `started_at` and `latency_ms` do not tell.
    """

    id: str | None
    name: str | None = None
    account: str | None = None
    action: Action = Action.PAUSE
    status: Status
    http_status: int | None = None
    trace_id: str | None = None
    title: str | None = None
    message: str | None = None
    error: str | None = None
    campaign_status: str | None = None
    attempts: int = 0
    history: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None
    row: int | None = None
    reads: int = 0
    earlier_status: str | None = None
    earlier_scheduled_time: str | None = None
    paused_at: str | None = None
    request_id: str | None = None
    latency_ms: float | None = None
    started_at: str | None = None
    finished_at: str | None = None
    run_id: str | None = None
    planned: int | None = None
    input_digest: str | None = None
    endpoint: str | None = None
    v: int = RECORD_VERSION


def record_without_init(fields: dict[str, Any]) -> Record:
    """Make a record of its fields, which are right, without setting them one by one.

    A log may have a million records.

    Args:
        fields: By their names, in the order in which a log has them. A field that is
            missing has its default. The record keeps the dictionary.
    """
    record = object.__new__(Record)
    object.__setattr__(record, "__dict__", fields)
    return record


#: The fields of a record, in their order.
FIELD_NAMES = tuple(vars(Record)["__annotations__"])
#: Values of some records, at least one: a column for each of some fields.
Columns = Sequence[Sequence[object]]
_RECORDS_AT_ONCE = 1000


def columns_of(records: Iterable[Record], names: Sequence[str]) -> Iterator[Columns]:
    """Give fields of records as columns, some records at a time."""
    remaining = iter(records)
    while block := list(islice(remaining, _RECORDS_AT_ONCE)):
        yield list(zip(*map(attrgetter(*names), block), strict=True))
