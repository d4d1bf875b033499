"""Estimate the server's fixed window from its X-RateLimit headers.

`ServerWindow` estimates when the window resets and how much of it other clients have
used. `ArrivalOrder` reconstructs the order in which the server counted requests.

`X-RateLimit-Reset` is in whole seconds, rounded in an unknown direction, and was true
at some instant between sending and response. So the reset lies between an earliest
and a latest instant, which each response narrows. All instants are on the event
loop's clock and are passed in. Unlike the instant at which a request was counted, the
latest instant is not moved earlier by a round trip: a server may compute the seconds
when the response leaves, long after it counted the request.

The reset is only an assumption until one reset has been observed: a server that keeps
a sliding log may send the same headers. After a contradiction the headers are ignored
for the rest of the run.
"""

from bisect import bisect_right

from bulkpause._value import value
from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.budget.state import SharedReset


#: In shorter windows, rounding to seconds hides the reset.
MIN_PERIOD_S = 3.0
#: The server must have counted this many requests before a reset can be confirmed.
MIN_REQUESTS_TO_CONFIRM = 4
#: If at least this many seconds of a window had passed, its first request did not start
#: it, whichever way the seconds were rounded.
MIN_ELAPSED_S = 2
#: Maximum drift between client and server clock, in seconds per second.
CLOCK_DRIFT = 0.0005


@value(kw_only=False)
class WindowReset:
    """When a window resets: between `earliest` and `latest`, on the loop's clock."""

    earliest: float
    latest: float

    def shifted(self, seconds: float) -> "WindowReset":
        return WindowReset(self.earliest + seconds, self.latest + seconds)

    def widened(self, seconds: float) -> "WindowReset":
        return WindowReset(self.earliest - seconds, self.latest + seconds)

    @property
    def middle(self) -> float:
        return (self.earliest + self.latest) / 2

    def intersected(
        self, other: "WindowReset", period_s: float
    ) -> "WindowReset | None":
        """Give the instants that both allow, or None if they exclude each other.

        `other` may be the reset of an earlier or later window.
        """
        periods = round((self.middle - other.middle) / period_s)
        shifted = other.shifted(periods * period_s)
        earliest = max(self.earliest, shifted.earliest)
        latest = min(self.latest, shifted.latest)
        return WindowReset(earliest, latest) if earliest <= latest else None


class ServerWindow:
    """Estimate of the server's window for one rate limit.

    Attributes:
        reset: When the current window resets; None if unknown.
        started_at: Instant by which the current window had certainly started.
        is_confirmed: True once a reset was observed, False once it was refuted, and
            None before either.
        spent_by_others: Requests that other clients sent in the current window.
    """

    def __init__(self, limit: Limit) -> None:
        self.reset: WindowReset | None = None
        self.started_at = float("-inf")
        self.is_confirmed: bool | None = None
        self.spent_by_others = 0
        self._limit = limit
        self._highest_count = 0
        self._started_before_request = False
        self._arrival_order: ArrivalOrder | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether the server counts in fixed windows and does not keep a log.

        It does if a reset was observed, or if the only request counted in a window
        did not start that window, as it would in a log.
        """
        return self.is_confirmed or (
            self.is_confirmed is None and self._started_before_request
        )

    @property
    def shared(self) -> SharedReset | None:
        """What is known of the reset, for the other runs on the account."""
        if self.is_confirmed is False:
            return SharedReset(earliest=0.0, latest=0.0, is_confirmed=False)
        if self.reset is None:
            return None
        return SharedReset(
            earliest=self.reset.earliest,
            latest=self.reset.latest,
            is_confirmed=self.is_confirmed,
            highest_count=self._highest_count,
        )

    def adopt(self, shared: SharedReset) -> bool:
        """Take over what all runs on the account know together.

        Returns:
            Whether anything is new.
        """
        before = (self.reset, self.is_confirmed)
        if shared.is_confirmed is False:
            self.ignore_headers()
        elif self.is_confirmed is not False:
            theirs = WindowReset(shared.earliest, shared.latest)
            reset = (self.reset or theirs).intersected(theirs, self._limit.period_s)
            self.reset = reset or self.reset
            self.is_confirmed = self.is_confirmed or shared.is_confirmed
            self._highest_count = max(self._highest_count, shared.highest_count)
        return (self.reset, self.is_confirmed) != before

    def counted_by(self, reply: Reply) -> float:
        """Give the instant by which a request was counted, from all responses so far.

        A lower `X-RateLimit-Remaining` in an earlier response proves that the server
        had counted this request by then.
        """
        is_usable = self.is_confirmed or (
            self.is_confirmed is None and self.started_at == float("-inf")
        )
        reset, headers = self._reset_in(reply), reply.rate_limit
        if not is_usable or reset is None or headers is None:
            return reply.received_at
        order, half_s = self._arrival_order, self._limit.period_s / 2
        if order is None or abs(order.reset_at - reset.middle) > half_s:
            order = self._arrival_order = ArrivalOrder(reset.middle)
        return order.counted_by(reply, counted=headers.limit - headers.remaining)

    def advance(self, now: float) -> float | None:
        """Move to the next window if the current one has certainly been reset.

        Returns:
            The instant before which every response belongs to a past window; None if
            the window has not been reset for certain.
        """
        if self.reset is None or now < self.reset.latest:
            return None
        period_s = self._limit.period_s
        periods = (now - self.reset.latest) // period_s
        last = self.reset.shifted(periods * period_s)
        self.spent_by_others = 0
        self.started_at = last.latest
        drift_s = CLOCK_DRIFT * period_s * (periods + 1)
        self.reset = last.shifted(period_s).widened(drift_s)
        return last.earliest

    def check_reset(self, reply: Reply, *, counted: int, is_assumed: bool) -> None:
        """Confirm or refute the reset by comparing the server's count with ours.

        Args:
            reply: A response.
            counted: How many of our requests the server had certainly counted, ever.
            is_assumed: Whether slots were already released because of a reset.
        """
        if self.is_confirmed is not None or reply.sent_at is None:
            return
        is_after_reset = is_assumed and reply.sent_at >= self.started_at
        if reply.is_rate_limited and is_after_reset:
            self.ignore_headers()
        elif reply.rate_limit is not None and self._reset_in(reply) is not None:
            server_count = self._limit.requests - reply.rate_limit.remaining
            # A constant proves nothing: the count must have been higher before.
            has_fallen = server_count < self._highest_count
            self._highest_count = max(self._highest_count, server_count)
            if has_fallen and MIN_REQUESTS_TO_CONFIRM <= counted >= 2 * server_count:
                self.is_confirmed = True
            elif is_after_reset:
                self.ignore_headers()

    def observe(self, reply: Reply, *, resting: int, in_flight: int) -> None:
        """Update the estimate from the headers of a response.

        Args:
            reply: The response.
            resting: Our requests that have a response and may count in this window.
            in_flight: Our requests in flight, including the one of this response.
        """
        if self.is_confirmed is False:
            return
        reset, headers = self._reset_in(reply), reply.rate_limit
        if reset is None or headers is None:
            self._forget_unconfirmed_reset(reply)
            return
        self._note_window_start(headers)
        self.reset = (self.reset or reset).intersected(reset, self._limit.period_s)
        if self.reset is None:
            self.ignore_headers()
        elif reply.sent_at is not None and reply.sent_at >= self.started_at:
            self._count_others(headers.remaining, resting, in_flight)

    def ignore_headers(self) -> None:
        """Refute the reset and ignore the server's headers from now on."""
        self.is_confirmed = False
        self.reset = None
        self.spent_by_others = 0

    def _note_window_start(self, headers: RateLimitHeaders) -> None:
        if headers.remaining == self._limit.requests - 1:
            elapsed_s = self._limit.period_s - headers.reset_s
            self._started_before_request = (
                self._started_before_request or elapsed_s >= MIN_ELAPSED_S
            )

    def _forget_unconfirmed_reset(self, reply: Reply) -> None:
        """Forget a reset that the server no longer announces."""
        is_not_rate_limited = reply.error is None and not reply.is_rate_limited
        if self.is_confirmed is None and is_not_rate_limited:
            self.reset = None
            self.spent_by_others = 0

    def _count_others(self, remaining: int, resting: int, in_flight: int) -> None:
        # The server may or may not have counted our requests in flight. While no other
        # client is detected, assume that it has; otherwise others used the difference.
        ours = resting + (1 if self.spent_by_others else in_flight)
        self.spent_by_others = max(0, self._limit.requests - remaining - ours)

    def _reset_in(self, reply: Reply) -> WindowReset | None:
        """Read the reset from a response whose headers describe this window."""
        headers, period_s = reply.rate_limit, self._limit.period_s
        if headers is None or reply.sent_at is None or period_s < MIN_PERIOD_S:
            return None
        describes_this_window = (
            headers.limit == self._limit.requests
            and 0 <= headers.remaining <= headers.limit
            and 0 <= headers.reset_s <= period_s + 1
        )
        if not describes_this_window:
            return None
        latest = reply.received_at + min(headers.reset_s + 1, period_s)
        reset = WindowReset(reply.sent_at + headers.reset_s - 1, latest)
        # A wider interval could mean the reset of more than one window.
        return reset if reset.latest - reset.earliest <= period_s / 2 else None


class ArrivalOrder:
    """Order in which the server counted requests, from X-RateLimit-Remaining.

    Covers one window. Keeps each response that reported a higher count than all before.

    Args:
        reset_at: When the window resets, approximately.
    """

    def __init__(self, reset_at: float) -> None:
        self.reset_at = reset_at
        self._counts = [float("-inf")]
        self._received_at = [float("-inf")]

    def counted_by(self, reply: Reply, *, counted: int) -> float:
        """Give the instant by which a request was counted.

        That is the arrival of its own response, or of an earlier response to a request
        that the server counted later.

        Args:
            reply: The response to the request.
            counted: How many requests the server had counted, this one included.
        """
        # A response from before the request was sent proves nothing about it.
        sent_at = reply.received_at if reply.sent_at is None else reply.sent_at
        index = max(
            bisect_right(self._counts, counted),
            bisect_right(self._received_at, sent_at),
        )
        candidates = [reply.received_at, *self._received_at[index : index + 1]]
        if counted > self._counts[-1]:
            self._counts.append(counted)
            # Stays sorted even if responses are passed in out of order.
            self._received_at.append(max(reply.received_at, self._received_at[-1]))
        return min(candidates)
