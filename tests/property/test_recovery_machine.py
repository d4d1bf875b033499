"""Any sequence of runs, retries, crashes and faults on one log keeps the guarantees.

The log is one of pauses or of resumes: the machine draws which.

Each run is traced to its end. A crash goes back to a moment of it: the files hold the
lines written until then, a power cut takes lines that were not synced, and the server
has done what it did until then.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bulkpause import Pauser, Record, RetryPolicy, Settings, Verify
from bulkpause.journal.codec import run_of
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Earlier, Item
from bulkpause.operation import operation_of
from bulkpause.vocabulary import Action, Status
from tests.support.crash_simulation import Trace, crash_after, replace_files, traced
from tests.support.fakes import (
    BROUGHT_ABOUT,
    Call,
    FakeServer,
    Fault,
    client_replaced_by,
    disagreements,
    ids,
    random_faults,
)
from tests.support.log_records import latest_by_id
from tests.support.nightly import IS_NIGHTLY
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

IDS = ids(8)
FAULTS = {
    Fault.LOST_AFTER: 0.2,
    Fault.LOST_BEFORE: 0.15,
    Fault.ERROR_AFTER: 0.15,
    Fault.UNAVAILABLE: 0.1,
    Fault.NOT_SENT: 0.1,
}


class LogMachine(RuleBasedStateMachine):
    """A result log, its write-ahead log and a server, under random events."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.log = self.path / "log"
        self.server = FakeServer()
        self.action = Action.PAUSE
        self.remembers = False
        self.plans: dict[str, set[str]] = {}
        self.has_lost_plan = False

    def teardown(self) -> None:
        try:
            self._finish()
        finally:
            self.folder.cleanup()

    @initialize(
        action=st.sampled_from([Action.PAUSE, Action.RESUME]),
        remembers=st.booleans(),
        statuses=st.dictionaries(
            st.sampled_from(IDS),
            st.sampled_from(["paused", "draft", "scheduled", "running"]),
        ),
    )
    def begin(self, action: Action, remembers: bool, statuses: dict[str, str]) -> None:
        self.action, self.remembers = action, remembers
        default = "running" if action is Action.PAUSE else "paused"
        self.server = FakeServer(statuses=statuses, default=default)

    @property
    def brought_about(self) -> str:
        return BROUGHT_ABOUT[self.action]

    @rule(wanted=st.sets(st.sampled_from(IDS), min_size=1), seed=st.integers(0, 99))
    def run(self, wanted: set[str], seed: int) -> None:
        self._run(sorted(wanted), seed)

    @rule(seed=st.integers(0, 99))
    def retry(self, seed: int) -> None:
        self._run(list(read_recovery(self.log).unfinished.values()), seed)

    @rule(
        wanted=st.sets(st.sampled_from(IDS), min_size=1),
        seed=st.integers(0, 99),
        instant=st.floats(0, 1),
        write_ahead_left=st.floats(0, 1),
        log_left=st.floats(0, 1),
        has_power=st.booleans(),
    )
    def crash(
        self,
        wanted: set[str],
        seed: int,
        instant: float,
        write_ahead_left: float,
        log_left: float,
        has_power: bool,
    ) -> None:
        before = dict(self.server.statuses)
        trace = self._run(sorted(wanted), seed)
        opened = (
            next(n for n, one in enumerate(trace.steps) if is_write_ahead_log(one)) + 1
        )
        steps = opened + round(instant * (len(trace.steps) - opened))
        crash = crash_after(trace, steps)
        left = {"log": log_left, "log.wal": write_ahead_left}
        replace_files(
            self.path,
            {
                name: kept.content
                if has_power
                else kept.cut(round(left[name] * len(kept.tail)))
                for name, kept in crash.files.items()
                if not (kept.is_removed and has_power)
            },
        )
        self.server.statuses = before | dict.fromkeys(crash.changed, self.brought_about)
        self.server.calls = [
            call
            for call in self.server.calls
            if not call.acted
            or (
                self.server.status(call.id) == self.brought_about
                and (has_power or self._is_known(call))
            )
        ]
        self.has_lost_plan |= is_plan_torn(read_recovery(self.log))

    @rule()
    def lose_write_ahead_log(self) -> None:
        """Leave the result log alone, as when it is copied."""
        self.log.with_name("log.wal").unlink(missing_ok=True)
        self.server.calls = [
            call for call in self.server.calls if not call.acted or self._is_known(call)
        ]
        self.has_lost_plan = True

    def _is_known(self, call: Call) -> bool:
        """Check that a file names the request, or that its run recorded its id.

        Requests are not synced. If a power cut takes one from the write-ahead log,
        the campaign counts as changed by another person.
        """
        ahead = self.log.with_name("log.wal")
        lines = ahead.read_bytes().split(b"\n")[:-1] if ahead.exists() else []
        if any(b'"%s"' % call.request_id.encode() in line for line in lines):
            return True
        found = read_recovery(self.log)
        record = found.records.get(call.id)
        run = found.brief.run_of(call.id) if record is None else record.run_id
        return run == run_of(call.request_id)

    @rule(id_=st.sampled_from(IDS))
    def another_person_changes_campaign(self, id_: str) -> None:
        self.server.act(id_, self.action)

    @invariant()
    def no_record_is_wrong(self) -> None:
        assert disagreements(self._records().values(), self.server) == []

    @invariant()
    def every_planned_id_is_known(self) -> None:
        found = read_recovery(self.log)
        known = found.settled | set(found.unfinished)
        assert known >= set(self._records())
        assert known >= set(found.planned)

    @invariant()
    def every_planned_id_counts(self) -> None:
        """Runs that have a record left count their whole plan."""
        lines = self.log.read_bytes().split(b"\n")[:-1] if self.log.exists() else []
        runs = {orjson.loads(line)["run_id"] for line in lines}
        planned = set[str]().union(*(self.plans[run] for run in runs))
        found = read_recovery(self.log)
        assert found.known + found.not_on_record >= len(planned)
        assert found.not_on_record == 0 or self.has_lost_plan

    def _records(self) -> dict[str, Record]:
        """Read the latest status of each id, those of a killed run included."""
        return latest_by_id(self.log)

    def _run(self, wanted: list[str] | list[Item], seed: int) -> Trace:
        self.server.fault_of = random_faults(FAULTS, {Fault.LOST_AFTER: 0.2}, seed)
        return self._pause(wanted)

    def _pause(self, wanted: list[str] | list[Item]) -> Trace:
        trace = Trace()
        self.server.on_changed = trace.add_changed
        settled = settled_on_record(self.log)
        asked = len(self.server.calls)
        names = {one if isinstance(one, str) else one.id for one in wanted}

        async def run() -> None:
            retry_policy = RetryPolicy(max_attempts=3, verify=Verify.REFUSED)
            async with Pauser(
                "token",
                Settings(limits=(), max_in_flight=3, retry_policy=retry_policy),
                log=self.log,
                resume=True,
                now=wall_clock,
                action=self.action,
                remember=self.remembers,
            ) as pauser:
                self.plans[pauser.run_id] = names
                records = [record async for record in self._list(pauser, wanted)]
            assert sorted(one.id or "" for one in records) == sorted(names - settled)

        with client_replaced_by(self.server), traced(trace):
            run_on_virtual_time(run())
        again = settled & {call.id for call in self.server.calls[asked:]}
        assert not again, f"settled, and requested again: {again}"
        return trace

    def _list(
        self, pauser: Pauser, wanted: list[str] | list[Item]
    ) -> AsyncIterator[Record]:
        if self.action is Action.PAUSE:
            return pauser.pause(wanted)
        was_running = Earlier(status="running")
        return pauser.undo(
            Item(id=one, row=1, earlier=was_running) if isinstance(one, str) else one
            for one in wanted
        )

    def _finish(self) -> None:
        """Settle every id in a last run without faults."""
        self.server.fault_of = random_faults({}, {})
        self._pause(IDS)
        records = self._records()
        assert set(records) >= set(IDS)
        assert disagreements(records.values(), self.server) == []
        assert all(record.status.is_settled for record in records.values())
        may_be_changed = operation_of(self.action).applies_to
        left = {id_ for id_ in IDS if self.server.status(id_) in may_be_changed}
        refused = {id_ for id_, one in records.items() if one.status is Status.REJECTED}
        assert left <= refused
        found = read_recovery(self.log)
        assert found.not_on_record == 0 or self.has_lost_plan
        if not found.not_on_record:
            assert [path.name for path in self.path.iterdir()] == ["log"]


def test_ids_lost_before_a_killed_run_count() -> None:
    machine = LogMachine()
    machine.begin(action=Action.PAUSE, remembers=False, statuses={})
    crash = {"seed": 0, "write_ahead_left": 0.0, "log_left": 0.0, "has_power": False}
    machine.crash(wanted={"1001", "1003"}, instant=0.75, **crash)
    machine.lose_write_ahead_log()
    machine.crash(wanted={"1002"}, instant=0.5, **crash)
    machine.every_planned_id_counts()
    machine.retry(seed=0)
    machine.every_planned_id_counts()
    assert read_recovery(machine.log).not_on_record == 1
    machine.teardown()


def is_plan_torn(recovery: Recovery) -> bool:
    """Check whether the write-ahead log lacks ids of the last run's plan."""
    headers, sizes = recovery.headers, recovery.plan_sizes
    return bool(headers) and sizes[-1] != headers[-1].planned


def is_write_ahead_log(step: object) -> bool:
    return getattr(step, "name", "") == "log.wal"


def settled_on_record(log: Path) -> set[str]:
    """Read the log without the code under test."""
    lines = log.read_bytes().split(b"\n")[:-1] if log.exists() else []
    last = {one["id"]: one["status"] for one in map(orjson.loads, lines)}
    return {id_ for id_, status in last.items() if Status(status).is_settled}


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=10_000 if IS_NIGHTLY else 150,
    stateful_step_count=50 if IS_NIGHTLY else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
