"""No interleaving of runs overfills a window: the rules and a server that counts.

The model knows what the rules cannot: when each request reached the server. It draws
runs that ask, send, get answers late, repeat and lose calls, die, leave, and a store
whose clock is set or that loses its memory.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bulkpause.model import Limit, Priority
from bulkpause.ratelimit.budget import codec, rules
from bulkpause.ratelimit.budget.state import (
    Answer,
    Call,
    Resting,
    State,
    WindowUse,
)
from tests.testkit.sliding_log import most_in_any_window


pytestmark = pytest.mark.unmeasured

LIMITS = (Limit(6, 12.0), Limit(3, 1.5))
runs = st.integers(0, 3)


@dataclass(slots=True)
class Request:
    """A request in flight: the server has counted it when its answer comes."""

    granted_at: float


@dataclass(slots=True)
class Run:
    """One run, on its own clock, which is the true time."""

    name: str
    priority: Priority
    number: int = 0
    in_flight: list[Request] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    born: float | None = None
    offset: float | None = None
    last_call_at: float = 0.0
    sent_calls: list[Call] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    """Drives the rules by drawn events, and counts as a server would."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.clock_offset = 0.0
        self.state: bytes | None = None
        self.runs: dict[int, Run] = {}
        self.names = 0
        self.arrived: list[float] = []
        self.has_lost = False

    def store_s(self) -> float:
        return self.now + self.clock_offset

    @initialize()
    def start(self) -> None:
        self.state = codec.encode(
            rules.new_state(LIMITS, self.store_s(), settles=False)
        )

    def run(self, index: int) -> Run:
        if index not in self.runs:
            self.names += 1
            priority = list(Priority)[index % 3]
            self.runs[index] = Run(f"run{self.names}/x", priority)
        return self.runs[index]

    def beat(self) -> None:
        """Let time pass as it does for runs that live: each calls once a second."""
        for run in list(self.runs.values()):
            if self.now - run.last_call_at >= rules.BEAT_S:
                self.call(run)

    def call(self, run: Run, *, asks: bool = False, leaves: bool = False) -> Answer:
        run.number += 1
        is_set = run.offset is not None and run.offset != self.clock_offset
        run.offset = self.clock_offset
        call = Call(
            owner=run.name,
            number=run.number,
            priority=run.priority,
            asks=asks,
            leaves=leaves,
            uses=tuple(self.use(run, limit, asks=asks) for limit in LIMITS),
            resets=(None, None),
            born=run.born,
            saw_step=is_set,
            is_clock_steady=False,
        )
        run.sent_calls.append(call)
        run.last_call_at = self.now
        answer = self.step(call)
        run.born = answer.born
        return answer

    def use(self, run: Run, limit: Limit, *, asks: bool) -> WindowUse:
        since = self.now - limit.period_s
        return WindowUse(
            held=len(run.in_flight) + asks,
            resting=tuple(
                Resting(at + self.clock_offset, at + self.clock_offset)
                for at in run.counted
                if at > since
            ),
        )

    def step(self, call: Call) -> Answer:
        state = self.decoded()
        state, answer = rules.step(state, self.store_s(), call)
        self.state = codec.encode(state)
        return answer

    def decoded(self) -> State:
        if self.state is None:
            return rules.new_state(LIMITS, self.store_s(), settles=True)
        return codec.decode(self.state, place="the test")

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.3, 0.9, 1.5]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.beat()

    @rule(times=st.integers(1, 12))
    def much_time_passes(self, times: int) -> None:
        for _ in range(times):
            self.time_passes(1.0)

    @rule(index=runs, is_lost=st.booleans())
    def asks(self, index: int, *, is_lost: bool) -> None:
        run = self.run(index)
        answer = self.call(run, asks=True)
        if answer.is_granted and not is_lost:
            run.in_flight.append(Request(self.now))

    @rule(index=runs)
    def asks_eagerly(self, index: int) -> None:
        for _ in range(4):
            self.asks(index, is_lost=False)

    @precondition(lambda self: any(run.in_flight for run in self.runs.values()))
    @rule(index=runs, tells=st.booleans())
    def is_answered(self, index: int, *, tells: bool) -> None:
        run = self.run(index)
        assume(run.in_flight)
        request = run.in_flight.pop(0)
        # It was counted at any moment since; the latest one weighs most.
        self.arrive(self.now, request)
        run.counted.append(self.now)
        if tells:
            self.call(run)

    @precondition(lambda self: any(run.in_flight for run in self.runs.values()))
    @rule(index=runs)
    def is_counted_early(self, index: int) -> None:
        run = self.run(index)
        assume(run.in_flight)
        request = run.in_flight.pop(0)
        self.arrive(request.granted_at, request)
        run.counted.append(self.now)

    @precondition(lambda self: self.runs)
    @rule(index=runs, is_sent=st.booleans())
    def dies(self, index: int, *, is_sent: bool) -> None:
        """Die with requests in flight, which arrive until the lease is over."""
        run = self.runs.pop(index, None)
        assume(run is not None)
        assert run is not None
        for request in run.in_flight:
            self.arrive(run.last_call_at + (rules.LEASE_S if is_sent else 0), request)

    @precondition(lambda self: self.runs)
    @rule(index=runs)
    def leaves(self, index: int) -> None:
        run = self.runs.pop(index, None)
        assume(run is not None)
        assert run is not None
        self.call(run, leaves=True)
        for request in run.in_flight:
            self.arrive(self.now + rules.UNSEEN_S, request)

    @precondition(lambda self: any(run.sent_calls for run in self.runs.values()))
    @rule(index=runs, which=st.integers(0, 50))
    def old_call_is_repeated(self, index: int, which: int) -> None:
        run = self.run(index)
        assume(run.sent_calls)
        self.step(run.sent_calls[which % len(run.sent_calls)])

    @rule(seconds=st.sampled_from([-500.0, -3.0, -0.2, 0.2, 3.0, 20.0, 5000.0]))
    def clock_is_set(self, seconds: float) -> None:
        # With nobody alive to see it, a clock set forward cannot be told from time.
        assume(seconds < 0 or self.all_are_alive())
        self.clock_offset += seconds

    @precondition(lambda self: not self.has_lost)
    @rule()
    def store_loses_its_memory(self) -> None:
        # What runs that ended had left is lost as well.
        assume(self.all_are_alive())
        self.state = None
        self.has_lost = True

    def all_are_alive(self) -> bool:
        """Tell whether nothing counts that no living run could say again."""
        owners = {run.name for run in self.runs.values()}
        return self.state is not None and set(self.decoded().members) <= owners

    def arrive(self, at: float, request: Request) -> None:
        self.arrived.append(max(at, request.granted_at))
        for limit in LIMITS:
            most = most_in_any_window(sorted(self.arrived), limit)
            assert most <= limit.requests, (limit, sorted(self.arrived))


TestNoWindowIsOverfilled = Machine.TestCase
TestNoWindowIsOverfilled.settings = settings(
    derandomize=True, deadline=None, max_examples=150, stateful_step_count=60
)
