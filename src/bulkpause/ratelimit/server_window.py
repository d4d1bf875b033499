"""What the server says of its own fixed window, and how far it is believed.

`X-RateLimitHeaders-Reset` is in whole seconds, rounded nobody knows which way, and true at
some instant between sending and answer. So the window's end lies between an earliest
and a latest instant, which each answer narrows. All instants are on the loop's
clock, and passed in. Unlike the moment at which a request was counted, the latest
instant is not put earlier by a round trip: a server may read the seconds as its
answer leaves, long after it counted the request.

That the count begins anew at the end is a claim until it was seen once: a server
that keeps a log may send the same headers. A contradiction ends all belief.
"""

from bisect import bisect_right
from dataclasses import dataclass

from bulkpause.model import Limit, RateLimitHeaders, Reply


#: Ends of windows shorter than this are lost in the rounding to seconds.
SHORTEST_TOLD_S = 3.0
#: From so many requests on it shows whether a server has forgotten them.
FEWEST_TO_JUDGE = 4
#: A window did not begin with the request that it tells of, whichever way the seconds
#: were rounded, if so many of its seconds were over by then.
SHORTEST_BEFORE_S = 2
#: Two clocks may part by so many seconds in a second.
CLOCK_DRIFT = 0.0005


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one window ends and the next begins: from `earliest` to `latest`."""

    earliest: float
    latest: float

    def moved(self, seconds: float) -> "Boundary":
        return Boundary(self.earliest + seconds, self.latest + seconds)

    def widened(self, seconds: float) -> "Boundary":
        return Boundary(self.earliest - seconds, self.latest + seconds)

    @property
    def middle(self) -> float:
        return (self.earliest + self.latest) / 2

    def narrowed(self, other: "Boundary", period_s: float) -> "Boundary | None":
        """Give what both allow, `other` being so many periods off; None if nothing."""
        periods = round((self.middle - other.middle) / period_s)
        near = other.moved(periods * period_s)
        earliest = max(self.earliest, near.earliest)
        latest = min(self.latest, near.latest)
        return Boundary(earliest, latest) if earliest <= latest else None


class ServerWindow:
    """The server's word on the window of one limit.

    Attributes:
        boundary: The end of the present window, if it is known.
        begun_at: When the present window had surely begun.
        is_true: Whether windows were seen to begin anew as told; None: not yet.
        others: How many requests others have spent from the present window.
    """

    def __init__(self, limit: Limit) -> None:
        self.boundary: Boundary | None = None
        self.begun_at = float("-inf")
        self.is_true: bool | None = None
        self.others = 0
        self._limit = limit
        self._most_counted = 0
        self._began_before = False
        self._countdown: ArrivalOrder | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether windows follow one another, and no log is kept.

        They do if they were seen to begin anew, or if the only request that a window
        had counted did not begin it, as it does in a log.
        """
        return self.is_true or (self.is_true is None and self._began_before)

    def answered_for_at(self, reply: Reply) -> float:
        """Say when an answer first told that the request of this one was counted."""
        is_counted_down = self.is_true or (
            self.is_true is None and self.begun_at == float("-inf")
        )
        seen, told = self._seen(reply), reply.rate_limit
        if not is_counted_down or seen is None or told is None:
            return reply.received_at
        one, half_s = self._countdown, self._limit.period_s / 2
        if one is None or abs(one.ends_at - seen.middle) > half_s:
            one = self._countdown = ArrivalOrder(seen.middle)
        return one.latest(reply, counted=told.limit - told.remaining)

    def roll(self, now: float) -> float | None:
        """Pass on to the next window, if it has surely begun.

        Returns:
            The instant before which answers belong to windows that are over.
        """
        if self.boundary is None or now < self.boundary.latest:
            return None
        period_s = self._limit.period_s
        periods = (now - self.boundary.latest) // period_s
        last = self.boundary.moved(periods * period_s)
        self.others = 0
        self.begun_at = last.latest
        drift_s = CLOCK_DRIFT * period_s * (periods + 1)
        self.boundary = last.moved(period_s).widened(drift_s)
        return last.earliest

    def judge(self, reply: Reply, *, counted: int, is_claimed: bool) -> None:
        """Hold the claim of fixed windows against what the server has counted.

        Args:
            reply: An answer.
            counted: How many of our requests it had surely counted, ever.
            is_claimed: Whether we act on the claim already.
        """
        if self.is_true is not None or reply.sent_at is None:
            return
        is_from_new = is_claimed and reply.sent_at >= self.begun_at
        if reply.is_rate_limited and is_from_new:
            self.distrust()
        elif reply.rate_limit is not None and self._seen(reply) is not None:
            remembered = self._limit.requests - reply.rate_limit.remaining
            # What never changes tells nothing: the count must have been higher.
            has_fallen = remembered < self._most_counted
            self._most_counted = max(self._most_counted, remembered)
            if has_fallen and FEWEST_TO_JUDGE <= counted >= 2 * remembered:
                self.is_true = True
            elif is_from_new:
                self.distrust()

    def learn(self, reply: Reply, *, resting: int, taken: int) -> None:
        """Take an answer into account.

        Args:
            reply: The answer.
            resting: Our requests that were answered and may count in this window.
            taken: Our requests in flight, the answered one included.
        """
        if self.is_true is False:
            return
        seen, told = self._seen(reply), reply.rate_limit
        if seen is None or told is None:
            self._miss(reply)
            return
        self._note_beginning(told)
        self.boundary = (self.boundary or seen).narrowed(seen, self._limit.period_s)
        if self.boundary is None:
            self.distrust()
        elif reply.sent_at is not None and reply.sent_at >= self.begun_at:
            self._count_others(told.remaining, resting, taken)

    def _note_beginning(self, told: RateLimitHeaders) -> None:
        if told.remaining == self._limit.requests - 1:
            over_s = self._limit.period_s - told.reset_s
            self._began_before = self._began_before or over_s >= SHORTEST_BEFORE_S

    def _miss(self, reply: Reply) -> None:
        """Drop a claim that the server does not keep up."""
        is_answer = reply.error is None and not reply.is_rate_limited
        if self.is_true is None and is_answer:
            self.boundary = None
            self.others = 0

    def distrust(self) -> None:
        """Do without the server's word from here on."""
        self.is_true = False
        self.boundary = None
        self.others = 0

    def _count_others(self, remaining: int, resting: int, taken: int) -> None:
        # Those in flight may have been counted or not. As long as we seem to be
        # alone they have been; else others have spent what is missing.
        ours = resting + (1 if self.others else taken)
        self.others = max(0, self._limit.requests - remaining - ours)

    def _seen(self, reply: Reply) -> Boundary | None:
        """Read the window's end from an answer, if it speaks of this window."""
        told, period_s = reply.rate_limit, self._limit.period_s
        if told is None or reply.sent_at is None or period_s < SHORTEST_TOLD_S:
            return None
        is_meant = (
            told.limit == self._limit.requests
            and 0 <= told.remaining <= told.limit
            and 0 <= told.reset_s <= period_s + 1
        )
        if not is_meant:
            return None
        latest = reply.received_at + min(told.reset_s + 1, period_s)
        seen = Boundary(reply.sent_at + told.reset_s - 1, latest)
        # Else it may be the end of more than one window.
        return seen if seen.latest - seen.earliest <= period_s / 2 else None


class ArrivalOrder:
    """The answers of one window that were the first to leave so few.

    Args:
        ends_at: When the window ends, roughly.
    """

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self._counts = [float("-inf")]
        self._answered_at = [float("-inf")]

    def latest(self, reply: Reply, *, counted: int) -> float:
        """Say when a request was answered for, by its own answer or a later one's.

        Args:
            reply: The answer to it.
            counted: How many the server had counted, this one included.
        """
        # An answer from before it was sent cannot tell of a later one.
        sent_at = reply.received_at if reply.sent_at is None else reply.sent_at
        index = max(
            bisect_right(self._counts, counted),
            bisect_right(self._answered_at, sent_at),
        )
        told_at = [reply.received_at, *self._answered_at[index : index + 1]]
        if counted > self._counts[-1]:
            self._counts.append(counted)
            # In order, in whichever order the answers were handed on.
            self._answered_at.append(max(reply.received_at, self._answered_at[-1]))
        return min(told_at)
