"""No interleaving of runs overfills a window: the rules and a server that counts.

The simulation knows what the rules cannot: when each request reached the server. Runs
ask, send, get answers late, repeat and lose calls, die and leave; the store's clock is
set, and it loses its memory.
"""

from dataclasses import dataclass, field
from random import Random

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.budget import codec, rules
from bulkpause.ratelimit.budget.member import KEEP_AHEAD_S
from bulkpause.ratelimit.budget.state import Answer, Call, Resting, WindowUse
from bulkpause.vocabulary import Priority
from tests.testkit.sliding_log import most_in_any_window


pytestmark = pytest.mark.unmeasured

LIMITS = (Limit(8, 8.0), Limit(3, 1.5))
STEP_S = 0.1
#: A run is alone for so many steps, and takes slots ahead.
ALONE_STEPS = 100
#: How long a run may use slots that it took ahead.
AHEAD_S = KEEP_AHEAD_S
#: How often each event happens in a step, on average.
EVENTS = {
    "die": 0.01,
    "leave": 0.01,
    "start": 0.05,
    "repeat": 0.2,
    "set_clock": 0.01,
    "lose_memory": 0.004,
}


@dataclass(slots=True)
class Run:
    """One run, on its own clock, which shows the true time."""

    name: str
    priority: Priority
    number: int = 0
    last_call_at: float = 0.0
    #: For each request in flight, when it was granted.
    in_flight: list[float] = field(default_factory=list)
    ahead: int = 0
    ahead_until: float = 0.0
    counted: list[float] = field(default_factory=list)
    born: float | None = None
    offset: float | None = None
    calls: list[Call] = field(default_factory=list)


class Simulation:
    """Drives the rules by events drawn at random, and counts as a server would."""

    def __init__(self, random: Random, *, events: dict[str, float]) -> None:
        self.random = random
        self.events = events
        self.now = 100.0
        self.offset = 0.0
        self.state: bytes | None = None
        self.runs: list[Run] = []
        self.names = 0
        self.arrived: list[float] = []
        #: How many slots were granted ahead.
        self.ahead = 0

    def simulate(self, steps: int) -> None:
        self.start()
        for number in range(steps):
            if number == ALONE_STEPS:
                self.start()
            self.now += STEP_S * self.random.random()
            for name, probability in (
                self.events.items() if number > ALONE_STEPS else ()
            ):
                if self.random.random() < probability:
                    getattr(self, name)()
            self.random.shuffle(self.runs)
            for run in self.runs:
                self.live(run)

    def live(self, run: Run) -> None:
        """Get answers, ask for slots, and call at least once a second."""
        # A lease is kept until an answer comes; the request was counted before that.
        for granted_at in [at for at in run.in_flight if self.random.random() < 0.2]:
            run.in_flight.remove(granted_at)
            self.arrived.append(self.random.uniform(granted_at, self.now))
            run.counted.append(self.now)
        if self.unused_ahead(run) and self.allowed_by_itself(run):
            run.ahead -= 1
            run.in_flight.append(self.now)
        elif self.random.random() < 0.7:
            self.ask(run)
        elif self.now - run.last_call_at > rules.BEAT_S - STEP_S:
            self.call(run)

    def ask(self, run: Run) -> None:
        run.ahead = 0
        # As the gate does: its own windows have a slot for the first request.
        if not self.allowed_by_itself(run):
            return
        answer = self.call(run, asks=self.random.randint(1, LIMITS[1].requests))
        is_lost = self.random.random() < 0.05
        if answer.is_granted and not is_lost:
            run.in_flight.append(self.now)
            run.ahead, run.ahead_until = answer.slots - 1, self.now + AHEAD_S
            self.ahead += run.ahead

    def unused_ahead(self, run: Run) -> int:
        return run.ahead if self.now < run.ahead_until else 0

    def allowed_by_itself(self, run: Run) -> bool:
        """Tell whether the windows of a run allow one more request of its own."""
        return all(
            len(run.in_flight)
            + sum(at > self.now - limit.period_s for at in run.counted)
            < limit.requests
            for limit in LIMITS
        )

    def call(self, run: Run, *, asks: int = 0, leaves: bool = False) -> Answer:
        saw_step = run.offset is not None and run.offset != self.offset
        run.offset, run.last_call_at = self.offset, self.now
        run.number += 1
        call = Call(
            owner=run.name,
            number=run.number,
            priority=run.priority,
            asks=asks,
            leaves=leaves,
            uses=tuple(self.use(run, limit, asks=asks) for limit in LIMITS),
            resets=(None, None),
            born=run.born,
            saw_step=saw_step,
            is_clock_steady=False,
        )
        run.calls.append(call)
        if self.unused_ahead(run):
            run.ahead_until = self.now + AHEAD_S  # it is named again
        answer = self.make_step(call)
        run.born = answer.born
        return answer

    def use(self, run: Run, limit: Limit, *, asks: int) -> WindowUse:
        counted = [at for at in run.counted if at > self.now - limit.period_s]
        resting = (Resting(at + self.offset, at + self.offset) for at in counted)
        held = len(run.in_flight) + asks + self.unused_ahead(run)
        return WindowUse(held=held, resting=tuple(resting))

    def make_step(self, call: Call) -> Answer:
        now = self.now + self.offset
        if self.state is None:
            state = rules.new_state(LIMITS, now, settles=True)
        else:
            state = codec.decode(self.state, place="the test")
        state, answer = rules.step(state, now, call)
        self.state = codec.encode(state)
        return answer

    def start(self) -> None:
        if len(self.runs) < 4:
            self.names += 1
            priority = self.random.choice(list(Priority))
            run = Run(f"run{self.names}/x", priority)
            self.call(run)
            self.runs.append(run)

    def drawn(self) -> Run | None:
        """Choose a run, one with requests in flight if there is any."""
        runs = [run for run in self.runs if run.in_flight] or self.runs
        return self.random.choice(runs) if runs else None

    def die(self) -> None:
        """Die with requests in flight, which arrive before the lease is over."""
        if run := self.drawn():
            self.runs.remove(run)
            until = run.last_call_at + rules.LEASE_S
            for at in run.in_flight:
                self.arrived.append(self.random.choice([at, until]))

    def leave(self) -> None:
        """Leave with requests in flight, which arrive a little later."""
        if run := self.drawn():
            self.runs.remove(run)
            self.call(run, leaves=True)
            until = self.now + rules.UNSEEN_S
            for at in run.in_flight:
                self.arrived.append(self.random.choice([at, until]))

    def repeat(self) -> None:
        """Let a copy of an old call arrive late."""
        if run := self.drawn():
            self.make_step(self.random.choice(run.calls))

    def set_clock(self) -> None:
        seconds = self.random.choice([-500.0, -3.0, -0.5, 0.5, 3.0, 20.0, 5000.0])
        # With nobody alive to see it, a clock set forward cannot be told from time.
        if seconds < 0 or self.all_are_alive():
            self.offset += seconds

    def lose_memory(self) -> None:
        # What runs that ended had left is lost as well.
        if self.all_are_alive():
            self.state = None

    def all_are_alive(self) -> bool:
        """Tell whether nothing counts that no living run could say again."""
        if self.state is None:
            return False
        state = codec.decode(self.state, place="the test")
        return set(state.members) <= {run.name for run in self.runs}


@pytest.mark.parametrize("event", ["nothing", *EVENTS, "everything"])
def test_no_window_holds_more_than_its_limit(event: str) -> None:
    # A run starts now and then, or there would soon be none.
    events = EVENTS if event == "everything" else {"start": EVENTS["start"]}
    if event in EVENTS:
        events = events | {event: 3 * EVENTS[event]}
    total = ahead = 0
    for seed in range(8):
        simulation = Simulation(Random(seed), events=events)
        simulation.simulate(300)
        arrived = sorted(simulation.arrived)
        for limit in LIMITS:
            assert most_in_any_window(arrived, limit) <= limit.requests, seed
        total += len(arrived)
        ahead += simulation.ahead
    assert total > 40
    assert ahead > 10
