"""No false all-clear: what a log says is true, whatever server, disk and people do.

Random courses of runs, retries, kills, stops and lost files, against a server that
answers oddly, applies late, shows campaigns late or in other words, and is out of
service at times. After each step the server's ledger decides:

- No campaign that the server runs is reported as stopped: neither by its record, nor
  by `status` in saying that 0 may still be running.
- No campaign that the server paused for us is reported as not paused by us.

`tests/support/truth.py` says which lies no client can see through; only these are left
out. Two claims are weaker where the user asked for less:

- `--verify none` and `doubtful` do not read back an id whose answer says that the pause
  was not applied. There, `rejected` and `failed` repeat the server's word.
- A 204 is believed, unless `--verify all` reads it back.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bulkpause import Pauser, RetryPolicy, Settings, Verify
from bulkpause.errors import BulkpauseError
from bulkpause.journal.reader import read_recovery
from bulkpause.model import Item
from bulkpause.vocabulary import Action, Status
from tests.support.fakes import Answer, FakeServer, View, client_replaced_by, ids
from tests.support.nightly import IS_NIGHTLY
from tests.support.records import until_stopped
from tests.support.truth import (
    DAMAGES,
    PAUSE_ANSWERS,
    READ_ANSWERS,
    VIEWS,
    Claims,
    Files,
    Kept,
    Sky,
    Spell,
    Weather,
    denials,
    false_all_clears,
)
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

#: A wall is ten different ids in a row.
IDS = ids(11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happens at one step of a run: a kill, a power cut, a stop, or a damage."""

    kind: str
    at_step: int
    share: float = 1.0


spells = st.builds(
    Spell,
    answer=st.sampled_from(PAUSE_ANSWERS),
    action=st.sampled_from([None, *Action]),
    starts_s=st.sampled_from([0.0, 0.1, 2.0, 10.0]),
    lasts_s=st.sampled_from([1.0, 8.0, 35.0, 1e9]),
)
weathers = st.builds(
    Weather,
    pauses=st.dictionaries(
        st.sampled_from(IDS),
        st.lists(st.sampled_from(PAUSE_ANSWERS), min_size=1, max_size=3),
        max_size=4,
    ),
    others=st.one_of(st.just(PAUSE_ANSWERS[0]), st.sampled_from(PAUSE_ANSWERS)),
    reads=st.dictionaries(
        st.sampled_from(["*", *IDS]),
        st.lists(st.sampled_from(READ_ANSWERS), min_size=1, max_size=3),
        max_size=2,
    ),
    goes_on=st.booleans(),
    spells=st.lists(spells, max_size=1),
)
policies = st.builds(
    RetryPolicy,
    max_attempts=st.sampled_from([2, 1, 3]),
    verify=st.sampled_from(
        [Verify.REFUSED, Verify.ALL, Verify.REFUSED, Verify.DOUBTFUL, Verify.NONE]
    ),
    give_up_after_s=st.sampled_from([20.0, 60.0, 5.0]),
)
events = st.one_of(
    st.none(),
    st.builds(
        Event,
        kind=st.sampled_from(["kill", "power cut", "kill", "stop", *DAMAGES]),
        at_step=st.integers(1, 60),
        share=st.sampled_from([1.0, 0.0, 0.5, 0.9]),
    ),
)
wishes = st.one_of(
    st.just(frozenset(IDS)), st.frozensets(st.sampled_from(IDS), min_size=1)
)
RETRIED = (Status.REJECTED, Status.NOT_PAUSABLE, Status.ALREADY_PAUSED)


class TruthMachine(RuleBasedStateMachine):
    """A log and its files, a server, and what the log says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.files = Files(Path(self.folder.name))
        self.server = FakeServer()
        self.sky = Sky(self.server)
        self.now = 0.0
        #: The ids of each run, and the runs that believed a denial.
        self.runs: dict[str, set[str]] = {}
        self.weakly_read: set[str | None] = set()
        self.is_damaged = False

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(
        statuses=st.dictionaries(
            st.sampled_from(IDS), st.sampled_from(["paused", "draft", "scheduled"])
        ),
        views=st.dictionaries(
            st.sampled_from(IDS), st.sampled_from(VIEWS), max_size=len(IDS)
        ),
    )
    def begin(self, statuses: dict[str, str], views: dict[str, View]) -> None:
        self.server.statuses = statuses
        self.server.views = views

    @rule(wanted=wishes, weather=weathers, policy=policies, event=events)
    def run(
        self,
        wanted: frozenset[str],
        weather: Weather,
        policy: RetryPolicy,
        event: Event | None,
    ) -> None:
        self._run(sorted(wanted), weather, policy, event)

    @rule(
        weather=weathers,
        policy=policies,
        event=events,
        retried=st.sampled_from([(), (), RETRIED]),
    )
    def retry(
        self,
        weather: Weather,
        policy: RetryPolicy,
        event: Event | None,
        retried: tuple[Status, ...],
    ) -> None:
        try:
            recovery = read_recovery(self.files.log)
        except BulkpauseError:
            assert self.is_damaged
            return
        recovery.reopen(retried)
        items = list(recovery.unfinished.values())
        if items:
            self._run(items, weather, policy, event, retried)

    @rule(
        seconds=st.sampled_from([1.0, 20.0, 3600.0]),
        paused=st.sets(st.sampled_from(IDS), max_size=2),
        damage=st.one_of(st.none(), st.sampled_from(DAMAGES)),
        share=st.sampled_from([0.0, 0.5, 0.9]),
    )
    def time_passes(
        self, seconds: float, paused: set[str], damage: str | None, share: float
    ) -> None:
        """Let time pass, other people pause campaigns, and files be lost."""
        self.now += seconds
        self.server.settle(self.now)
        for id_ in sorted(paused):
            self.server.act(id_)
        if damage is not None:
            self.damage_files(damage, share)
            self.forget_what_no_file_names()

    @invariant()
    def no_claim_is_false(self) -> None:
        self.server.settle(self.now)
        try:
            claims = Claims.of(self.files.log)
        except BulkpauseError:
            assert self.is_damaged
            return
        planned = {id_ for run in self.files.runs() for id_ in self.runs.get(run, ())}
        wrong = false_all_clears(claims, self.server, planned, self.sky)
        wrong += denials(claims, self.server, self.weakly_read, self.sky)
        assert not wrong, "\n".join(wrong)

    def damage_files(self, kind: str, share: float) -> None:
        self.is_damaged = True
        self.files.damage(kind, share)

    def forget_what_no_file_names(self) -> None:
        """Take a pause for another person's if the files no longer show it as ours."""
        self.server.forget(
            {
                call.request_id
                for call in self.server.calls
                if not self.files.names(call)
            }
        )

    def _run(
        self,
        wanted: Iterable[str | Item],
        weather: Weather,
        policy: RetryPolicy,
        event: Event | None,
        retried: tuple[Status, ...] = (),
    ) -> None:
        wanted = list(wanted)
        self.server.settle(self.now)
        self.sky.set(weather, policy.verify, self.now)
        course = _Course(self, event)
        at_step = None if event is None else event.at_step
        try:
            with (
                client_replaced_by(self.server),
                self.files.watched(at_step, course.strike),
            ):
                run_on_virtual_time(
                    self._pause(course, wanted, policy, retried), starts_at=self.now
                )
        except asyncio.CancelledError:
            assert course.snapshot is not None
        except BulkpauseError:
            assert course.snapshot is not None or self.is_damaged
        course.end()

    async def _pause(
        self,
        course: "_Course",
        wanted: list[str | Item],
        policy: RetryPolicy,
        retried: tuple[Status, ...],
    ) -> None:
        loop = asyncio.get_running_loop()
        course.task = asyncio.current_task()
        pauser = course.pauser = Pauser(
            "token",
            Settings(limits=(), max_in_flight=4, retry_policy=policy),
            log=self.files.log,
            resume=True,
            retried=retried,
            now=wall_clock,
        )
        self.runs[pauser.run_id] = {
            one if isinstance(one, str) else one.id for one in wanted
        }
        if policy.verify in {Verify.NONE, Verify.DOUBTFUL}:
            self.weakly_read.add(pauser.run_id)
        try:
            async with pauser:
                async for _ in until_stopped(pauser.pause(wanted)):
                    pass
        finally:
            self.now = max(self.now, loop.time())


class _Course:
    """One run up to its end, or up to the event that ends it."""

    def __init__(self, machine: TruthMachine, event: Event | None) -> None:
        self.task: asyncio.Task[object] | None = None
        self.pauser: Pauser | None = None
        self.snapshot: tuple[float, object, dict[str, Kept]] | None = None
        self._machine = machine
        self._event = event

    def strike(self) -> None:
        assert self._event is not None
        machine, event = self._machine, self._event
        if event.kind in {"kill", "power cut"}:
            now = asyncio.get_running_loop().time()
            machine.server.settle(now)
            self.snapshot = now, machine.server.state(), machine.files.kept()
            # What follows is undone.
            assert self.task is not None
            self.task.cancel()
        elif event.kind == "stop":
            assert self.pauser is not None
            self.pauser.stop("stopped")
        else:
            machine.damage_files(event.kind, event.share)

    def end(self) -> None:
        machine, event = self._machine, self._event
        if self.snapshot is not None:
            assert event is not None
            machine.now, state, kept = self.snapshot
            machine.server.restore(state)
            has_power = event.kind == "kill"
            machine.files.replace(
                {
                    name: one.content if has_power else one.after_power_cut(event.share)
                    for name, one in kept.items()
                }
            )
        if event is not None:
            machine.forget_what_no_file_names()


class FirstTruthMachine(TruthMachine):
    """A quarter of the courses: test workers share them."""


class SecondTruthMachine(TruthMachine):
    """Another quarter of the courses."""


class ThirdTruthMachine(TruthMachine):
    """Another quarter of the courses."""


class FourthTruthMachine(TruthMachine):
    """The last quarter of the courses."""


TestFirstTruthMachine = FirstTruthMachine.TestCase
TestSecondTruthMachine = SecondTruthMachine.TestCase
TestThirdTruthMachine = ThirdTruthMachine.TestCase
TestFourthTruthMachine = FourthTruthMachine.TestCase
_COURSES = settings(
    max_examples=(20_000 if IS_NIGHTLY else 1_000) // 4,
    stateful_step_count=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# Not in a loop: its variable would be collected as one more case.
TestFirstTruthMachine.settings = _COURSES
TestSecondTruthMachine.settings = _COURSES
TestThirdTruthMachine.settings = _COURSES
TestFourthTruthMachine.settings = _COURSES


def test_log_moved_under_finished_list_gives_no_all_clear() -> None:
    machine = TruthMachine()
    machine.begin(statuses={}, views={})
    refused = Weather(spells=[Spell(answer=Answer(outcome=400), lasts_s=1.0)])
    wanted, policy = frozenset(IDS), RetryPolicy(give_up_after_s=20.0)
    for weather in (refused, Weather(), Weather()):
        machine.run(wanted=wanted, weather=weather, policy=policy, event=None)
        machine.no_claim_is_false()
    moved = Event(kind="log moved", at_step=1)
    machine.run(wanted=wanted, weather=Weather(), policy=policy, event=moved)
    machine.no_claim_is_false()
    machine.teardown()
