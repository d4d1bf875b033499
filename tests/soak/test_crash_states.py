"""Resume from every state in which a crash can leave the files of a run.

One run is traced: each line that it wrote, each sync, and each campaign that the
server paused, in order. A kill leaves all written lines. A power cut may take any
bytes that were not synced, or leave zeros in their place. A resumed run from each
state is compared with the server, on virtual time and without sockets.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from bulkpause import Pauser, Record, RetryPolicy, Settings, Status
from tests.support.crash_simulation import (
    Crash,
    Trace,
    crash_after,
    replace_files,
    traced,
)
from tests.support.fakes import (
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

IDS = ids(24)
STATUSES = {"1004": "paused", "1007": "draft"}
PAUSES = {
    Fault.LOST_AFTER: 0.15,
    Fault.LOST_BEFORE: 0.1,
    Fault.ERROR_AFTER: 0.1,
    Fault.UNAVAILABLE: 0.1,
}
SETTINGS = Settings(limits=(), max_in_flight=5, retry_policy=RetryPolicy())
#: States that there are at least, and that are resumed without the nightly size.
MIN_STATES = 2_000
#: Tests that share the states, so that they can run in parallel.
SHARES = 4


@dataclass(frozen=True, slots=True)
class State:
    """The files, and the campaigns that the server paused, after a crash."""

    log: bytes
    ahead: bytes | None
    paused: frozenset[str]

    def files(self) -> dict[str, bytes]:
        files = {"log": self.log}
        return files if self.ahead is None else {**files, "log.wal": self.ahead}


def pause(server: FakeServer, log: Path, *, resume: bool = True) -> None:
    async def run() -> None:
        async with Pauser(
            "token", SETTINGS, log=log, resume=resume, now=wall_clock
        ) as pauser:
            async for _ in pauser.pause(IDS):
                pass

    with client_replaced_by(server):
        run_on_virtual_time(run())


def trace_of_a_run(folder: Path, crash: State | None = None) -> Trace:
    """Trace a run from nothing, or a resumed run from a crash."""
    trace = Trace()
    paused = dict.fromkeys(crash.paused if crash else (), "paused")
    server = FakeServer(
        statuses={**STATUSES, **paused},
        fault_of=random_faults(PAUSES, {}),
        on_paused=trace.add_paused,
    )
    for id_ in paused:
        trace.add_paused(id_)
    replace_files(folder, crash.files() if crash else {})
    with traced(trace):
        pause(server, folder / "log", resume=crash is not None)
    return trace


def states_of(trace: Trace) -> Iterator[State]:
    """List every state, with the last lines cut at each byte too."""
    for steps in range(1, len(trace.steps) + 1):
        crash = crash_after(trace, steps)
        if len(crash.files) == 2:
            yield from _states_at(crash)
    yield from _cut_at_every_byte(trace)


def _states_at(crash: Crash) -> Iterator[State]:
    log, ahead = crash.files["log"], crash.files["log.wal"]
    if ahead.is_removed:
        yield State(log.content, None, crash.paused)
    for log_left in _left(log.content, log.synced):
        for write_ahead_left in _left(ahead.content, ahead.synced):
            yield State(log_left, write_ahead_left, crash.paused)


def _left(content: bytes, synced: int) -> list[bytes]:
    """List what a crash may leave: all, synced bytes only, half the rest, zeros."""
    tail = len(content) - synced
    if not tail:
        return [content]
    zeros = content[:synced] + bytes(tail)
    return [content, content[:synced], content[: synced + tail // 2], zeros]


def _cut_at_every_byte(trace: Trace) -> Iterator[State]:
    """Cut the last two lines before they were synced."""
    for name in ("log", "log.wal"):
        last = [n for n, step in enumerate(trace.steps) if _is_line_of(step, name)][-2:]
        crash = crash_after(trace, last[-1] + 1)
        before = len(crash_after(trace, last[0]).files[name].content)
        log, ahead = crash.files["log"].content, crash.files["log.wal"].content
        for end in range(before, len(crash.files[name].content)):
            if name == "log":
                yield State(log[:end], ahead, crash.paused)
            else:
                yield State(log, ahead[:end], crash.paused)


def _is_line_of(step: object, name: str) -> bool:
    return getattr(step, "line", None) is not None and getattr(step, "name", "") == name


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    """Build the states of a run, and of a run that resumed a crash of it.

    Without the nightly size, a sample of them.
    """
    folder = tmp_path_factory.mktemp("traced")
    trace = trace_of_a_run(folder)
    crash = next(_states_at(crash_after(trace, len(trace.steps) // 2)))
    again = trace_of_a_run(folder, crash)
    every = list(dict.fromkeys([*states_of(trace), *states_of(again)]))
    return every if IS_NIGHTLY else random.Random(1).sample(every, MIN_STATES)


def test_crash_states_are_enough(states: list[State]) -> None:
    assert len(states) >= MIN_STATES


def test_paused_ids_are_always_in_write_ahead_log(tmp_path: Path) -> None:
    trace = trace_of_a_run(tmp_path)
    for steps in range(len(trace.steps) + 1):
        crash = crash_after(trace, steps)
        lines = crash.files["log.wal"].content if "log.wal" in crash.files else b""
        entries = map(orjson.loads, lines.splitlines())
        assert crash.paused <= {one.get("sent") for one in entries}


@pytest.mark.parametrize("share", range(SHARES))
def test_resume_works_from_every_state(
    share: int, states: list[State], tmp_path: Path
) -> None:
    violations = []
    with traced(Trace()):
        for number, state in list(enumerate(states))[share::SHARES]:
            replace_files(tmp_path, state.files())
            found = problems_after(state, tmp_path / "log")
            violations += [f"state {number}: {one}" for one in found]
    assert violations == []


def problems_after(state: State, log: Path) -> list[str]:
    """Resume, and list every broken guarantee."""
    paused = dict.fromkeys(state.paused, "paused")
    server = FakeServer(statuses={**STATUSES, **paused})
    before = _whole_records(state.log)
    pause(server, log)
    records = latest_by_id(log)
    done = {id_ for id_, status in before.items() if Status(status).is_settled}
    sent = {call.id for call in server.calls}
    return [
        *(f"{id_} was lost" for id_ in IDS if id_ not in records),
        *(f"{id_} was settled and requested again" for id_ in sorted(done & sent)),
        *(f"{id_} was sent and not paused" for id_ in _not_paused(records)),
        *disagreements(records.values(), server),
        *([f"{log.name}.wal is left"] if len(list(log.parent.iterdir())) > 1 else []),
    ]


def _whole_records(log: bytes) -> dict[str, str]:
    lines = log.split(b"\n")[:-1]
    return {one["id"]: one["status"] for one in map(orjson.loads, lines)}


def _not_paused(records: dict[str, Record]) -> list[str]:
    return [
        id_
        for id_, record in records.items()
        if not record.status.is_paused and id_ not in STATUSES
    ]
