"""A run's side of the shared budget: it asks for slots, and says what it uses."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from math import inf

from bulkpause._value import state, value
from bulkpause.errors import BudgetError, SettingsError
from bulkpause.model import Companion, Limit, Sharing
from bulkpause.ratelimit.budget import codec, rules
from bulkpause.ratelimit.budget.clock import ClockOffset
from bulkpause.ratelimit.budget.state import (
    Answer,
    Call,
    SharedReset,
    State,
    WindowUse,
)
from bulkpause.ratelimit.budget.store import Store, StoreError
from bulkpause.vocabulary import Priority


#: A store that takes longer to answer, in seconds, does not answer.
ANSWER_S = 1.0
#: A slot whose grant took longer to arrive, in seconds, is not used.
GRANT_S = 0.5
#: The most seconds that it takes to leave: a call that is under way, the last one, and
#: the end of the connection.
LEAVE_S = 3 * ANSWER_S
#: Seconds until a store that did not answer is asked again.
RETRY_S = 0.2
WAITS_FOR_ANSWER = "the shared budget"
#: Seconds after a reply in which it is told to the others, unless a question does it.
TELL_S = 0.02
#: The most slots that a run takes ahead of their requests, if nobody else wants them.
#: Then one step of the store is enough for all of them.
MOST_AHEAD = 9
#: A slot is taken ahead if the run's own windows allow its request within so many
#: seconds: then one step is enough for a second's requests, whose replies come apart.
AHEAD_S = 0.25
#: Seconds after the last call that named it, after which a slot that was taken ahead is
#: not used any more. It is well within a lease. A process with many accounts needs it:
#: there, a request waits for those of all others.
KEEP_AHEAD_S = 1.5


class OtherLimitsError(SettingsError):
    """Runs that are alive, or died just now, keep to other limits."""


@value
class OwnUse:
    """What a run uses of its account, on its own clock.

    Attributes:
        uses: Its use of each limit, the longest period first. The slot that it asks
            for is among those held.
        resets: What it knows of each window's reset.
        cooldown_until: Until when the server wants no request.
        gap_s: The least seconds between two requests that its pacing requires.
    """

    uses: tuple[WindowUse, ...]
    resets: tuple[SharedReset | None, ...]
    cooldown_until: float = -inf
    gap_s: float = 0.0


@value
class Identity:
    """Who a run is, for the other runs on its account.

    Attributes:
        owner: Its run id, and after a slash a text of its own.
        host: Where it runs.
        priority: Which of the runs go first.
        since: When it began: RFC 3339 in UTC.
        replaces: Earlier runs whose requests it restores from its log.
    """

    owner: str
    host: str = ""
    priority: Priority = Priority.NORMAL
    since: str = ""
    replaces: tuple[str, ...] = ()


@state
class _Seen:
    """What a run has seen of its account so far."""

    companions: tuple[Companion, ...] = ()
    met: dict[str, Companion] = field(default_factory=dict)
    born: float | None = None
    granted_before: int = 0
    granted_earlier: int = 0
    granted: int = 0
    own: int = 0

    def add(self, answer: Answer) -> None:
        """Take note of an answer."""
        if answer.born != self.born:
            # The count of a store that lost its memory begins again.
            self.granted_earlier += self.granted - self.granted_before
            self.granted_before = answer.granted - answer.slots
            self.born = answer.born
        self.granted = max(answer.granted, self.granted_before)
        self.own += answer.slots
        self.companions = answer.companions
        self.met |= {one.run_id: one for one in answer.companions}

    @property
    def share(self) -> float | None:
        """The part of all slots that were this run's."""
        all_ = self.granted_earlier + self.granted - self.granted_before
        return self.own / all_ if all_ else None


class BudgetMember:
    """One run among those that share an account's budget.

    Args:
        store: Where the budget is kept.
        limits: The rate limits, the longest period first.
        identity: Who the run is.
        own_use: Says what the run uses now.
        free_soon: Counts the requests that its windows allow within `AHEAD_S`, after
            the one that waits.
        demand: Says how many requests the run still wants to send.
        on_answer: Called with each answer, on the run's own clock.
        give_up_after_s: Seconds without an answer after which `acquire` raises.
    """

    def __init__(
        self,
        store: Store,
        limits: tuple[Limit, ...],
        identity: Identity,
        *,
        own_use: Callable[[], OwnUse],
        free_soon: Callable[[], int],
        demand: Callable[[], int],
        on_answer: Callable[[Answer], None],
        give_up_after_s: float,
    ) -> None:
        self.waits_for = WAITS_FOR_ANSWER
        #: How often the others have given up what this run held: it was not heard of.
        self.lapses = 0
        #: How many slots are asked for that are not granted yet.
        self._wanted = 0
        #: How many slots were granted ahead of their requests, and until when they may
        #: be used.
        self._ahead = 0
        self._ahead_until = -inf
        #: Whether the call that is made, and the last one that was answered, name slots
        #: that this run holds.
        self._names_slots = self._named_slots = False
        self._store = store
        self._limits = limits
        self._identity = identity
        self._own_use = own_use
        self._free_soon = free_soon
        self._demand = demand
        self._on_answer = on_answer
        self._give_up_after_s = give_up_after_s
        self._offset = ClockOffset()
        self._seen = _Seen()
        self._number = 0
        #: The state that was written last, and its bytes: nobody changed it since if
        #: they are found again.
        self._written: tuple[bytes, State] | None = None
        self._called_at = -inf
        self._has_news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._problem: str | None = None
        self._silent_since: float | None = None
        self._lease_until = -inf
        self._beat: asyncio.Task[None] | None = None

    @property
    def sharing(self) -> Sharing:
        """How the account is shared now."""
        return Sharing(
            place=self._store.place,
            priority=self._identity.priority,
            companions=self._seen.companions,
            met=tuple(self._seen.met.values()),
            share=self._seen.share,
            problem=self._problem,
        )

    @property
    def has_lease(self) -> bool:
        """Whether the others still count what this run holds as held."""
        return _now() < self._lease_until

    async def join(self) -> None:
        """Say what earlier runs have used, and go on saying it while this run lives.

        A store that does not answer yet is no error: nothing is sent before it does.

        Raises:
            SettingsError: The budget is one of other limits, of a newer bulkpause, or
                none at all.
        """
        try:
            with suppress(StoreError):
                await self._call_first()
        except BaseException:
            await self._store.close()
            raise
        self._beat = asyncio.create_task(self._keep_telling())

    async def _call_first(self) -> None:
        """Call for the first time; wait for runs of other limits that may be dead."""
        gives_up_at = _now() + rules.LEASE_S + RETRY_S
        while True:
            try:
                await self._call()
            except OtherLimitsError:
                if _now() > gives_up_at:
                    raise
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def leave(self) -> None:
        """Leave what still counts to the others, if the store answers.

        It takes at most `LEAVE_S`, whatever the store does: without a last word, what
        this run held counts as used when its lease ends.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._say_last_word()
                await self._store.close()

    async def _say_last_word(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.wait([self._beat], timeout=ANSWER_S)
        with suppress(StoreError, SettingsError):
            await self._call(leaves=True)

    def tell_soon(self) -> None:
        """Tell the others of a reply, if there are others."""
        if self._seen.companions:
            self._has_news.set()

    async def acquire(self) -> None:
        """Wait until the account has a slot for one more request.

        Raises:
            BudgetError: The store did not answer for too long, or holds something else.
        """
        self._wanted += 1
        try:
            while not await self._is_granted():
                pass
        finally:
            self._wanted -= 1
            self.waits_for = WAITS_FOR_ANSWER

    async def _is_granted(self) -> bool:
        """Ask once. If there is no slot, wait until it is worth asking again."""
        if self._unused_ahead():
            self._ahead -= 1
            return True
        asked_at = _now()
        try:
            answer = await self._call(asks=True)
        except StoreError:
            await self._wait_for_store()
            return False
        except SettingsError as error:
            raise BudgetError(str(error)) from error
        if answer.is_granted:
            return _now() - asked_at <= GRANT_S
        self.waits_for = answer.waits_for
        await asyncio.sleep(answer.wait_s)
        return False

    def _unused_ahead(self) -> int:
        """Count the slots that were taken ahead, and are still to be used."""
        return self._ahead if _now() < self._ahead_until else 0

    async def _wait_for_store(self) -> None:
        self.waits_for = f"the shared budget in {self._store.place} ({self._problem})"
        silent_since = _now() if self._silent_since is None else self._silent_since
        await asyncio.sleep(RETRY_S)
        if _now() - silent_since >= self._give_up_after_s:
            raise BudgetError(
                f"the shared budget in {self._store.place} did not answer for "
                f"{_now() - silent_since:.0f} s: {self._problem}"
            )

    async def _keep_telling(self) -> None:
        """Call at least every `BEAT_S`, so that the others know that this run lives."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._called_at + rules.BEAT_S):
                    await self._has_news.wait()
                await asyncio.sleep(TELL_S)
            if not self._has_news.is_set() and _now() < self._called_at + rules.BEAT_S:
                continue  # a question has said all meanwhile
            # What it is, `acquire` says: nothing is sent without an answer.
            with suppress(StoreError, SettingsError):
                await self._call()

    async def _call(self, *, asks: bool = False, leaves: bool = False) -> Answer:
        """Say what this run uses, and take note of the answer.

        Raises:
            StoreError: The store does not answer.
            SettingsError: It holds something else than a budget of these limits.
        """
        async with self._turn:
            self._called_at = started_at = _now()
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = await self._step(asks=asks, leaves=leaves)
            except TimeoutError:
                self._note_problem("it does not answer")
                raise StoreError(self._problem) from None
            except (StoreError, SettingsError) as error:
                self._note_problem(str(error))
                raise
            self._problem = self._silent_since = None
            is_lapsed = -inf < self._lease_until <= started_at
            self.lapses += is_lapsed and self._named_slots
            self._named_slots = self._names_slots
            self._lease_until = started_at + rules.LEASE_S
            if asks:
                self._ahead = max(0, answer.slots - 1)
            # Also those that were named again: the account goes on counting them.
            self._ahead_until = started_at + KEEP_AHEAD_S
            if answer.companions and self._ahead:
                # They wait for what this run took while it was alone.
                self._ahead = 0
                self._has_news.set()
            self._seen.add(answer)
            self._on_answer(answer)
        return answer

    def _note_problem(self, problem: str) -> None:
        self._problem = problem
        if self._silent_since is None:
            self._silent_since = _now()

    async def _step(self, *, asks: bool, leaves: bool) -> Answer:
        self._number += 1
        self._has_news.clear()
        loop, sent_at = asyncio.get_running_loop(), _now()
        own = self._own_use()
        call_at = self._call_on_own_clock(own, asks=asks, leaves=leaves)

        def make(
            raw: bytes | None, now: float
        ) -> tuple[bytes, tuple[Answer, ClockOffset]]:
            offset = self._offset.copy()
            is_set = offset.observe(now, before_s=sent_at, after_s=loop.time())
            call = call_at(
                # To the late side.
                ahead_s=offset.most,
                cooldown_until=own.cooldown_until + offset.most,
                resets=_on_store_clock(own.resets, offset),
                saw_step=is_set,
            )
            state, answer = rules.step(self._state_of(raw, now), now, call)
            encoded = codec.encode(state)
            self._written = encoded, state
            return encoded, (answer, offset)

        answer, offset = await self._store.step(make)
        self._offset = offset
        return _on_own_clock(answer, offset)

    def _call_on_own_clock(
        self, own: OwnUse, *, asks: bool, leaves: bool
    ) -> Callable[..., Call]:
        """Say what this run uses now, and for how many slots it asks.

        Returns:
            Makes the call of what it is on the store's clock.
        """
        demand = self._demand()
        # The account takes back what is not named.
        self._ahead = 0 if asks or leaves else self._unused_ahead()
        slots = 1 + self._slots_ahead(demand) if asks else 0
        # The gate counts slots that are wanted, and not those taken ahead.
        more_held = slots + self._unused_ahead() - self._wanted
        uses = _with_held(own.uses, more_held)
        self._names_slots = any(use.held for use in uses)
        return partial(
            Call,
            owner=self._identity.owner,
            number=self._number,
            host=self._identity.host,
            priority=self._identity.priority,
            since=self._identity.since,
            demand=demand,
            asks=slots,
            leaves=leaves,
            uses=uses,
            gap_s=own.gap_s,
            born=self._seen.born,
            is_clock_steady=self._store.is_clock_steady,
            replaces=self._identity.replaces,
        )

    def _slots_ahead(self, demand: int) -> int:
        """Count the slots to ask for after the first, for requests that come soon."""
        most = min(demand - 1, MOST_AHEAD)
        return max(0, min(self._free_soon(), most)) if most > 0 else 0

    def _state_of(self, raw: bytes | None, now: float) -> State:
        """Decode a state, or make one if there is none or nobody uses it."""
        if raw is None:
            return rules.new_state(self._limits, now, settles=self._store.may_have_lost)
        if self._written is not None and self._written[0] == raw:
            return self._written[1]
        state = codec.decode(raw, place=self._store.place)
        if state.limits == self._limits:
            return state
        if rules.is_in_use(state, now):
            theirs = ", ".join(map(str, reversed(state.limits)))
            raise OtherLimitsError(
                f"other runs share the budget in {self._store.place} with the limits "
                f"{theirs}; use the same --burst and --steady"
            )
        return rules.with_limits(state, self._limits, now)


def _with_held(uses: tuple[WindowUse, ...], more: int) -> tuple[WindowUse, ...]:
    """Add slots to those that are held, or take them away."""
    if not more:
        return uses
    return tuple(
        [
            WindowUse(
                held=max(0, use.held + more),
                resting=use.resting,
                elsewhere=use.elsewhere,
            )
            for use in uses
        ]
    )


def _on_store_clock(
    resets: tuple[SharedReset | None, ...], offset: ClockOffset
) -> tuple[SharedReset | None, ...]:
    if not any(resets):
        return resets
    return tuple([_moved(reset, offset.least, offset.most) for reset in resets])


def _on_own_clock(answer: Answer, offset: ClockOffset) -> Answer:
    if answer.cooldown_until == -inf and not any(answer.resets):
        return answer
    late, early = -offset.least, -offset.most
    return replace(
        answer,
        resets=tuple(_moved(reset, early, late) for reset in answer.resets),
        cooldown_until=answer.cooldown_until + late,
    )


def _moved(reset: SharedReset | None, early: float, late: float) -> SharedReset | None:
    if reset is None:
        return None
    return replace(reset, earliest=reset.earliest + early, latest=reset.latest + late)


def _now() -> float:
    return asyncio.get_running_loop().time()
