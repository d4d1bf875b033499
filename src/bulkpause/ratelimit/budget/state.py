"""The state of an account's budget, what a run says to it, and what it is answered.

All instants are seconds on the store's clock, but for those of resting requests, which
stand on the clock of their run beside the seconds by which the store's is ahead at most.
So a slot becomes free later rather than earlier.
"""

from math import inf
from typing import NamedTuple

from bulkpause._value import value
from bulkpause.model import Companion, Limit
from bulkpause.vocabulary import Priority


class Resting(NamedTuple):
    """A request that has its reply and still counts in a window.

    Attributes:
        received_at: When the reply had come, on the run's clock.
        counted_at: By when the server had counted the request, on the run's clock.
        rtt_s: The least seconds of a round trip from its host. Between requests of
            one host, a slot becomes free by so much earlier.
    """

    received_at: float
    counted_at: float
    rtt_s: float = 0.0


@value
class WindowUse:
    """What one run uses of one rate limit.

    Attributes:
        held: Requests without a reply, and those that slots are asked for.
        resting: Requests that have a reply and still count.
        elsewhere: Requests in the server's current window that are not of this run,
            by what the server says; 0 if it says nothing.
    """

    held: int = 0
    resting: tuple[Resting, ...] = ()
    elsewhere: int = 0


@value
class SharedReset:
    """When the server's window resets, as all runs know it together.

    Attributes:
        earliest, latest: The reset lies between these instants.
        is_confirmed: True once a reset was observed, False once it was refuted, None
            before either.
        highest_count: The most requests that the server has said it counted.
    """

    earliest: float
    latest: float
    is_confirmed: bool | None
    highest_count: int = 0


@value
class Call:
    """What a run says of itself, and what it wants.

    Attributes:
        owner: The run, unlike any other.
        number: Grows with each call of the owner: a late copy of a call is ignored.
        host: Where it runs. Round trips of different hosts do not compare.
        priority: Lower ones get what higher ones do not want.
        since: When the run began, for people: RFC 3339 in UTC.
        demand: How many requests it still wants to send.
        asks: For how many slots it asks, which `uses` holds already. All after the
            first are for requests that its own windows allow a moment later.
        leaves: Whether this is its last call.
        uses: Its use of each limit, in the order of the state's limits.
        ahead_s: How far the store's clock is ahead of the run's, at most.
        resets: What it knows of each window's reset; None if nothing.
        cooldown_until: Until when the server wants no request; -inf for never.
        gap_s: The least seconds between two requests that its pacing requires.
        born: The `born` of the state that it knows; None before its first answer.
        saw_step: Whether it saw that the store's clock was set.
        is_clock_steady: Whether the store's clock cannot be set.
        replaces: Names of ended runs whose requests are among its own.
    """

    owner: str
    number: int
    host: str = ""
    priority: Priority = Priority.NORMAL
    since: str = ""
    demand: int = 1
    asks: int = 0
    leaves: bool = False
    uses: tuple[WindowUse, ...]
    ahead_s: float = 0.0
    resets: tuple[SharedReset | None, ...]
    cooldown_until: float = -inf
    gap_s: float = 0.0
    born: float | None = None
    saw_step: bool = False
    is_clock_steady: bool = True
    replaces: tuple[str, ...] = ()


@value
class Member:
    """What the state holds of one run: what it said last, and its share of late.

    Attributes:
        call_number, host, priority, since, demand, gap_s: As in its last call.
        lease_until: Until when it counts as alive; -inf if it has left.
        asked_at: When it asked for a slot last.
        comes_at: When it will ask again; -inf if it does not wait.
        score, scored_at: Its slots of late, each of half the weight after a while.
        held: For each limit, requests without a reply.
        resting: For each limit, requests that still count.
        ahead_s: How far the store's clock is ahead of that of `resting`.
    """

    call_number: int
    host: str
    priority: Priority
    since: str
    demand: int
    gap_s: float
    lease_until: float
    asked_at: float
    comes_at: float
    score: float
    scored_at: float
    held: tuple[int, ...]
    resting: tuple[tuple[Resting, ...], ...]
    ahead_s: float = 0.0


@value
class State:
    """The budget of one account.

    Attributes:
        limits: The longest period first.
        born: When it was made. A store that lost it makes another one.
        at: When the last step was made.
        members: The runs by owner: alive, or with requests that still count.
        resets: What is known of each window's reset.
        cooldown_until: Until when the server wants no request.
        settles_until: Until when no slot is given, so that every run can say anew
            what it uses.
        last_sent_at: When the last slot was given.
        granted: How many slots were given in all.
    """

    limits: tuple[Limit, ...]
    born: float
    at: float
    members: dict[str, Member]
    resets: tuple[SharedReset | None, ...]
    cooldown_until: float = -inf
    settles_until: float = -inf
    last_sent_at: float = -inf
    granted: int = 0


@value
class Answer:
    """What a run gets back.

    Attributes:
        born: The `born` of the state.
        slots: How many of the requests that it asked for it may send.
        wait_s: If none, the seconds after which to ask again.
        waits_for: Why, in words, as in "waiting for ..."; empty if granted.
        others_resting: For each limit, requests of other runs that still count.
        resets: What is known of each window's reset.
        cooldown_until: Until when the server wants no request.
        companions: The other runs that are alive.
        granted: How many slots the state has given in all.
    """

    born: float
    slots: int = 0
    wait_s: float = 0.0
    waits_for: str = ""
    others_resting: tuple[int, ...] = ()
    resets: tuple[SharedReset | None, ...] = ()
    cooldown_until: float = -inf
    companions: tuple[Companion, ...] = ()
    granted: int = 0

    @property
    def is_granted(self) -> bool:
        """Whether it may send at least one request."""
        return self.slots > 0
