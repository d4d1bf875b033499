"""The rules of a shared budget: a pure function of the state, the time and a call.

A run may send if, for every limit, what it uses itself and what the others use leaves
a slot. What the others use is what they said last:

- Requests without a reply are held. If their run is not heard of for `LEASE_S`, they
  count as counted by the server at that moment.
- Requests with a reply rest for the limit's period, or until the server's window has
  certainly been reset.
- If the server says that more was used elsewhere, that counts instead.

No run waits in a queue that another could block. Runs of the same priority share evenly:
whoever had more slots of late leaves the next one to those that wait and had fewer.
"""

from collections import Counter
from dataclasses import replace
from math import ceil, inf

from bulkpause._value import value
from bulkpause.model import Companion, Limit
from bulkpause.ratelimit.budget.state import (
    Answer,
    Call,
    Member,
    Resting,
    SharedReset,
    State,
)
from bulkpause.vocabulary import Priority


#: Seconds without a call after which a run counts as dead.
LEASE_S = 3.0
#: Each run calls at least this often, in seconds, while it is alive.
BEAT_S = 1.0
#: Seconds in which every run that is alive has called again.
SETTLE_S = 2.0
#: The most seconds after which a run that waits asks again. So nobody has to be told
#: of a slot that becomes free.
POLL_S = 0.25
#: The least seconds between two questions of one run.
MIN_WAIT_S = 0.0005
#: Seconds for which a slot is kept for a run that is late to ask for it.
LATE_S = 0.06
#: Seconds from sending to counting that are assumed where no reply will be seen.
UNSEEN_S = 2.0
#: The part of each limit that background runs leave free.
RESERVE = 0.2
#: Slots of so many seconds ago have half the weight in the even shares.
HALF_LIFE_S = 10.0
#: A run that did not ask for a slot for so many seconds wants none at present.
WANTS_S = 3.0
#: The most that two clocks drift apart, in seconds per second.
CLOCK_DRIFT = 0.0005
#: The store's clock may seem to go back by so much without having been set.
BACK_S = 0.05


def new_state(limits: tuple[Limit, ...], now: float, *, settles: bool) -> State:
    """Make the state of an account of which nothing is known.

    Args:
        limits: The rate limits, the longest period first.
        now: The store's clock.
        settles: Whether runs may be alive that the store has forgotten.
    """
    return State(
        limits=limits,
        born=now,
        at=now,
        members={},
        resets=(None,) * len(limits),
        settles_until=now + SETTLE_S if settles else -inf,
    )


def step(state: State, now: float, call: Call) -> tuple[State, Answer]:
    """Take note of what a run says, and decide how many requests it may send."""
    state = _up_to(_on_its_clock(state, now, call), now, caller=call.owner)
    known = state.members.get(call.owner)
    if known is not None and call.number <= known.call_number:
        return state, Answer(born=state.born, wait_s=POLL_S, waits_for="its own call")
    state = _after_news(state, call)
    member = _member_of(state, now, call, known)
    others = {owner: m for owner, m in state.members.items() if owner != call.owner}
    account = _Account(state, now, call, member, others)
    answer = account.answer()
    if call.leaves:
        member = _left(member, now)
    elif call.asks:
        member = account.after(answer, member)
    state = replace(
        state,
        at=max(now, state.at),
        members=others | {call.owner: member},
        last_sent_at=now if answer.slots else state.last_sent_at,
        granted=answer.granted,
    )
    return state, answer


def is_in_use(state: State, now: float) -> bool:
    """Tell whether a run is alive that keeps to the limits of a state."""
    return any(member.lease_until > now for member in state.members.values())


def with_limits(state: State, limits: tuple[Limit, ...], now: float) -> State:
    """Make a state for other limits, in which what still counts goes on counting."""
    new = new_state(limits, now, settles=False)
    members = {}
    for owner, known in state.members.items():
        member = _lapsed(known)
        # Each request stands once in each window in which it counts.
        counts: Counter[Resting] = Counter()
        for window in member.resting:
            counts |= Counter(window)
        resting = tuple(counts.elements())
        members[owner] = replace(
            member, held=(0,) * len(limits), resting=(resting,) * len(limits)
        )
    return replace(new, members=members, cooldown_until=state.cooldown_until)


def _on_its_clock(state: State, now: float, call: Call) -> State:
    """Move a state to the store's clock as it is now, if that may have been set."""
    if call.saw_step or now < state.at - BACK_S:
        return _shifted(state, now - state.at)
    is_gap = now - state.at > LEASE_S and not call.is_clock_steady
    if is_gap and is_in_use(state, state.at):
        # All died at once, or the clock was set: who is alive will say so.
        return replace(state, settles_until=max(state.settles_until, now + SETTLE_S))
    return state


def _up_to(state: State, now: float, *, caller: str) -> State:
    """Move a state to the present: end leases and windows, and forget what is over."""
    resets, members = _advanced(state, now), {}
    if resets == state.resets and state.members.keys() <= {caller}:
        return state  # as for a run that is alone
    for owner, known in state.members.items():
        if owner == caller:
            members[owner] = known  # it is about to say everything anew
            continue
        member = _lapsed(known) if known.lease_until <= now else known
        resting = _still_resting(state.limits, resets, member, now)
        if member.lease_until > now or any(resting):
            members[owner] = replace(member, resting=resting)
    return replace(state, members=members, resets=resets)


def _shifted(state: State, seconds: float) -> State:
    """Move all instants of a state, since the store's clock was set by so much."""
    members = {
        owner: replace(
            member,
            lease_until=member.lease_until + seconds,
            asked_at=member.asked_at + seconds,
            comes_at=member.comes_at + seconds,
            scored_at=member.scored_at + seconds,
            ahead_s=member.ahead_s + seconds,
        )
        for owner, member in state.members.items()
    }
    return replace(
        state,
        at=state.at + seconds,
        members=members,
        # In the new clock, nobody knows yet when a window resets.
        resets=(None,) * len(state.limits),
        cooldown_until=state.cooldown_until + seconds,
        settles_until=max(state.settles_until, state.at + SETTLE_S) + seconds,
        last_sent_at=state.last_sent_at + seconds,
    )


def _advanced(state: State, now: float) -> tuple[SharedReset | None, ...]:
    if not any(state.resets):
        return state.resets
    return tuple(
        reset and _next_reset(reset, limit.period_s, now)
        for reset, limit in zip(state.resets, state.limits, strict=True)
    )


def _next_reset(reset: SharedReset, period_s: float, now: float) -> SharedReset:
    """Give a reset that is not over for longer than one period."""
    periods = (now - reset.latest) // period_s
    if periods < 1:
        return reset
    wide_s = CLOCK_DRIFT * period_s * periods
    return replace(
        reset,
        earliest=reset.earliest + periods * period_s - wide_s,
        latest=reset.latest + periods * period_s + wide_s,
    )


def _still_resting(
    limits: tuple[Limit, ...],
    resets: tuple[SharedReset | None, ...],
    member: Member,
    now: float,
) -> tuple[tuple[Resting, ...], ...]:
    windows, ahead_s = [], member.ahead_s
    for limit, reset, window in zip(limits, resets, member.resting, strict=True):
        since = _confirmed_start(reset, limit.period_s, now) - ahead_s
        counted_since = now - limit.period_s - ahead_s
        windows.append(
            tuple([one for one in window if one[1] > counted_since and one[0] >= since])
        )
    return tuple(windows)


def _confirmed_start(reset: SharedReset | None, period_s: float, now: float) -> float:
    """Give the instant before which every reply belongs to a past window."""
    if reset is None or not reset.is_confirmed:
        return -inf
    return _start(reset, period_s, now)


def _start(reset: SharedReset, period_s: float, now: float) -> float:
    if reset.latest <= now:
        return reset.earliest
    return reset.earliest - period_s - CLOCK_DRIFT * period_s


def _lapsed(member: Member) -> Member:
    """Count what a dead run held as counted by the server when its lease ended."""
    if member.lease_until == -inf or not any(member.held):
        return member
    return _counted(member, member.lease_until)


def _left(member: Member, now: float) -> Member:
    """Count what a run leaves behind. Its last requests may still arrive."""
    member = _counted(member, now + UNSEEN_S)
    return replace(member, lease_until=-inf, demand=0, comes_at=-inf)


def _counted(member: Member, at: float) -> Member:
    at -= member.ahead_s
    resting = tuple(
        (*window, *[Resting(at, at)] * held)
        for window, held in zip(member.resting, member.held, strict=True)
    )
    return replace(member, held=(0,) * len(member.held), resting=resting)


def _after_news(state: State, call: Call) -> State:
    """Take note of what concerns all runs: an earlier run, a loss, a cooldown, a reset."""
    if not _has_news(state, call):
        return state
    members = {
        owner: member
        for owner, member in state.members.items()
        if run_id_of(owner) not in call.replaces
    }
    resets = tuple(
        _merged(known, told, limit.period_s)
        for known, told, limit in zip(
            state.resets, call.resets, state.limits, strict=True
        )
    )
    settles_until = state.settles_until
    if call.born is not None and call.born != state.born:
        # The store lost its memory. Whoever is alive calls again soon after.
        settles_until = max(settles_until, state.born + SETTLE_S)
    return replace(
        state,
        members=members,
        resets=resets,
        settles_until=settles_until,
        cooldown_until=max(state.cooldown_until, call.cooldown_until),
    )


def _has_news(state: State, call: Call) -> bool:
    return (
        bool(call.replaces)
        or any(call.resets)
        or call.cooldown_until > state.cooldown_until
        or call.born not in {None, state.born}
    )


def run_id_of(owner: str) -> str:
    """Give the name of the run that an owner stands for."""
    return owner.partition("/")[0]


def _merged(
    known: SharedReset | None, told: SharedReset | None, period_s: float
) -> SharedReset | None:
    if known is None or told is None:
        return known or told
    if known.is_confirmed is False or told.is_confirmed is False:
        return replace(known, is_confirmed=False)
    middles = known.earliest + known.latest - told.earliest - told.latest
    shift_s = round(middles / 2 / period_s) * period_s
    earliest = max(known.earliest, told.earliest + shift_s)
    latest = min(known.latest, told.latest + shift_s)
    if earliest > latest:
        return replace(known, is_confirmed=False)
    return SharedReset(
        earliest=earliest,
        latest=latest,
        is_confirmed=known.is_confirmed or told.is_confirmed,
        highest_count=max(known.highest_count, told.highest_count),
    )


def _member_of(state: State, now: float, call: Call, known: Member | None) -> Member:
    """Note what a run has said. What it held and does not name any more is dropped."""
    asked = call.asks and not call.leaves
    return Member(
        call_number=call.number,
        host=call.host,
        priority=call.priority,
        since=call.since,
        demand=call.demand,
        gap_s=call.gap_s,
        lease_until=now + LEASE_S,
        asked_at=now if asked else (known.asked_at if known else -inf),
        comes_at=-inf,
        score=_score(known, now) if known else _least_score(state, call, now),
        scored_at=now,
        # A slot is held from its grant on.
        held=tuple(max(0, use.held - call.asks) for use in call.uses),
        resting=tuple(use.resting for use in call.uses),
        ahead_s=call.ahead_s,
    )


def _score(member: Member, now: float) -> float:
    return float(member.score * 0.5 ** ((now - member.scored_at) / HALF_LIFE_S))


def _least_score(state: State, call: Call, now: float) -> float:
    """Let a new run begin level with the others: it has no claim on the past."""
    scores = [
        _score(member, now)
        for member in state.members.values()
        if member.priority is call.priority and member.lease_until > now
    ]
    return min(scores, default=0.0)


@value
class _LimitUse:
    """What all runs use of one limit, as it concerns the run that asks.

    Attributes:
        index: Which limit it is.
        lack: How many slots too few there are for one more request.
        may_scout: Whether that may be sent all the same, to test a reset.
        free_times: When slots become free that are not free yet.
    """

    index: int
    lack: int
    may_scout: bool
    free_times: list[float]


@value(kw_only=False)
class _Account:
    """The use of one account, as it concerns the run that calls."""

    state: State
    now: float
    call: Call
    member: Member
    others: dict[str, Member]

    def answer(self) -> Answer:
        slots, wait_s, waits_for = self._decide() if self.call.asks else (0, 0.0, "")
        return Answer(
            born=self.state.born,
            slots=slots,
            wait_s=wait_s,
            waits_for=waits_for,
            others_resting=self._others_resting(),
            resets=self.state.resets,
            cooldown_until=self.state.cooldown_until,
            companions=tuple(
                [
                    Companion(run_id_of(owner), member.priority, member.since)
                    for owner, member in self.others.items()
                    if self._is_alive(member)
                ]
            ),
            granted=self.state.granted + slots,
        )

    def _others_resting(self) -> tuple[int, ...]:
        resting = [member.resting for member in self.others.values()]
        if not resting:
            return (0,) * len(self.state.limits)
        return tuple([sum(map(len, windows)) for windows in zip(*resting, strict=True)])

    def after(self, answer: Answer, member: Member) -> Member:
        """Note what was decided for the run that asked."""
        if not answer.slots:
            return replace(member, comes_at=self.now + answer.wait_s)
        refused = self.call.asks - answer.slots
        held = tuple(use.held - refused for use in self.call.uses)
        return replace(member, held=held, score=member.score + answer.slots)

    def _decide(self) -> tuple[int, float, str]:
        """Give the slots that are granted; if none, the seconds to wait, and why."""
        state, now = self.state, self.now
        gap_s = max(m.gap_s for m in [self.member, *self.others.values()])
        limits = [self._use_of(index) for index in range(len(state.limits))]
        waits = [
            (state.settles_until - now, "the other runs to say what they use"),
            (state.cooldown_until - now, "a cooldown of the account"),
            (state.last_sent_at + gap_s - now, "the pacing of the account"),
            *map(self._wait_for_limit, limits),
        ]
        wait_s, reason = max(waits)
        if wait_s > 0:
            return 0, min(POLL_S, max(MIN_WAIT_S, wait_s)), reason
        return 1 + (0 if gap_s else self._more(limits)), 0.0, ""

    def _more(self, limits: list[_LimitUse]) -> int:
        """Count the slots after the first that are granted ahead of their requests.

        None if somebody else could want them; a run in the background leaves them to
        whoever may come. Where nobody else has used anything, the run keeps the limits
        by itself: slots that are free to it soon are granted now.
        """
        is_background = self.call.priority is Priority.BACKGROUND
        if is_background or any(map(self._is_alive, self.others.values())):
            return 0
        is_only_one = not self.others and not any(u.elsewhere for u in self.call.uses)
        if is_only_one and all(limit.lack <= 0 for limit in limits):
            return self.call.asks - 1
        return max(0, min([self.call.asks - 1, *(-limit.lack for limit in limits)]))

    def _use_of(self, index: int) -> _LimitUse:
        """Add up what all runs use of a limit, with one slot for the one that asks."""
        use, limit = self.call.uses[index], self.state.limits[index]
        own = self._free_times(index, self.member)
        theirs = [
            instant
            for member in self.others.values()
            for instant in self._free_times(index, member)
        ]
        held = sum(member.held[index] for member in self.others.values())
        own_held = use.held - self.call.asks + 1
        elsewhere = max(held + len(theirs), use.elsewhere)
        spare = self._spare(limit)
        used = own_held + len(own) + elsewhere + self._needier()
        return _LimitUse(
            index=index,
            lack=used - spare,
            may_scout=own_held == 1 and held == 0 and self._may_scout(index, spare),
            free_times=own + theirs,
        )

    def _wait_for_limit(self, limit: _LimitUse) -> tuple[float, str]:
        if limit.lack <= 0 or limit.may_scout:
            return 0.0, ""
        return self._time_until(limit), self._reason()

    def _free_times(self, index: int, member: Member) -> list[float]:
        """List when slots become free that are not free yet."""
        rests_s = self.state.limits[index].period_s + member.ahead_s
        resting = member.resting[index]
        # In one pass each: they hold all requests of a minute, and a run waits here.
        if member.host == self.call.host:
            free_at = [by + rests_s - rtt_s for _, by, rtt_s in resting]
        else:
            free_at = [by + rests_s for _, by, _ in resting]
        now = self.now
        return [instant for instant in free_at if instant > now]

    def _spare(self, limit: Limit) -> int:
        """Count the slots that the runs of this priority may use in all."""
        reserve = 0
        if self.call.priority is Priority.BACKGROUND:
            reserve = min(limit.requests - 1, ceil(limit.requests * RESERVE))
        wanted = sum(m.demand for m in self.others.values() if self._goes_first(m))
        return limit.requests - reserve - min(wanted, limit.requests)

    def _is_alive(self, member: Member) -> bool:
        return member.lease_until > self.now

    def _goes_first(self, member: Member) -> bool:
        is_waiting = member.asked_at > self.now - WANTS_S
        is_higher = member.priority.rank > self.call.priority.rank
        return self._is_alive(member) and is_waiting and is_higher

    def _needier(self) -> int:
        """Count the runs that wait for their turn, and had fewer slots of late."""
        mine = (self.member.score, self.call.owner)
        return sum(
            member.comes_at + LATE_S > self.now
            and self._is_alive(member)
            and member.priority is self.call.priority
            and (_score(member, self.now), owner) < mine
            for owner, member in self.others.items()
        )

    def _may_scout(self, index: int, spare: int) -> bool:
        """Tell whether one request may test a reset that nobody has seen yet.

        Nothing else may be in flight: if the server has not reset its count, then this
        is the only request too many.
        """
        reset, use = self.state.resets[index], self.call.uses[index]
        if reset is None or reset.is_confirmed is not None or reset.latest > self.now:
            return False
        counted = sum(
            one.received_at + member.ahead_s >= reset.earliest
            for member in [self.member, *self.others.values()]
            for one in member.resting[index]
        )
        return 1 + max(counted, use.elsewhere) <= spare

    def _time_until(self, limit: _LimitUse) -> float:
        """Give the seconds until as many slots more are free as lack, or POLL_S."""
        free_times = sorted(limit.free_times)
        instants = [self.now + POLL_S, *free_times[limit.lack - 1 : limit.lack]]
        reset = self.state.resets[limit.index]
        if reset is not None and reset.is_confirmed is not False:
            instants.append(reset.latest)
        later = [instant for instant in instants if instant > self.now]
        return min(later) - self.now

    def _reason(self) -> str:
        if any(map(self._goes_first, self.others.values())):
            return "a run that goes first on this account"
        if any(map(self._is_alive, self.others.values())):
            return "its turn among the runs on this account"
        return "requests of an earlier run on this account"
