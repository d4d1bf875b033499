"""`kill -9` at random moments, then `--resume`, compared with the server's ledger.

What is killed is a run, or an undo of one.
Each course of runs has a server and a log of its own. Its runs are killed one after
another, while they start, send, wait or end; the last one is left alone. After each
kill, and at the end, the files are compared with what the server knows.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson
import pytest

from bulkpause.operation import operation_of
from bulkpause.simulator import Campaign, Fault, Simulator, Window
from bulkpause.vocabulary import Action, Status
from tests.support.nightly import IS_NIGHTLY
from tests.support.program import TOKEN, WITHIN_S, Program, Running, Serve


KILLS = 1_000 if IS_NIGHTLY else 100
KILLS_OF_UNDO = 100 if IS_NIGHTLY else 10
KILLS_A_COURSE = 10
#: So many courses run at a time.
LANES = 4
IDS = [str(1001 + n) for n in range(100)]
MAX_IN_FLIGHT = 6
FAULTS = {
    Fault.LOST: 0.08,
    Fault.RESET_BEFORE: 0.04,
    Fault.INTERNAL_ERROR_AFTER: 0.05,
    Fault.UNAVAILABLE: 0.05,
}
#: Some campaigns are not there to be paused.
STATUSES = {"1007": "draft", "1013": "paused", "1031": "canceled"}
NETWORK = {
    "windows": (Window(limit=20, period_s=0.2),),
    "latency_s": 0.03,
    "jitter_s": 0.01,
}
OPTIONS = ("--burst", "20/200ms", "--steady", "none", "--progress", "none")

pytestmark = [
    pytest.mark.timeout(300 + KILLS),
    pytest.mark.unmeasured,
    pytest.mark.slow,
    pytest.mark.posix_only,
]


@dataclass(slots=True)
class Course:
    """One log, from its first run to the end of its last one.

    Attributes:
        command: What is killed, without the options that all commands take.
        log: The log of it.
        action: What it does to campaigns.
    """

    program: Program
    simulator: Simulator
    is_calm: bool
    source: random.Random
    command: tuple[str, ...] = ("run", "ids.txt", "--log", "log.jsonl")
    log: str = "log.jsonl"
    action: Action = Action.PAUSE
    kills: int = 0
    violations: list[str] = field(default_factory=list)

    def run(self) -> None:
        while self.kills < KILLS_A_COURSE and self._is_killed():
            self.kills += 1
            self.violations += self._after_kill()
        ended = self._start().end()
        if ended.code not in {0, 1, 5}:
            self.violations.append(f"exit {ended.code}: {ended.stderr}")
        self.violations += self._at_end()
        if self.is_calm and self.action is Action.PAUSE:
            self.violations += self._needless_read_backs()

    def _start(self) -> Running:
        to = ("--base-url", self.simulator.base_url, "--resume", "--yes")
        limit = ("--max-in-flight", str(MAX_IN_FLIGHT))
        return self.program.start(*self.command, *to, *OPTIONS, *limit)

    def _is_killed(self) -> bool:
        """Start a run and kill it; False if it had ended by then."""
        running = self._start()
        if self.source.random() < 0.2:
            sleep(self.source.uniform(0, 0.6))
        else:
            more = len(self.simulator.ledger) + self.source.randint(1, 18)
            give_up_at = monotonic() + WITHIN_S
            while len(self.simulator.ledger) < more and running.exit_code is None:
                assert monotonic() < give_up_at
                sleep(0.002)
            sleep(self.source.uniform(0, 0.05))
        running.kill()
        return running.exit_code == -9

    def _needless_read_backs(self) -> Iterator[str]:
        viewed = {one.id for one in self.simulator.ledger if one.action == "view"}
        if len(viewed) > self.kills * MAX_IN_FLIGHT:
            yield f"{len(viewed)} ids read back after {self.kills} kills"

    def _after_kill(self) -> Iterator[str]:
        """List changes that are not on record, and too many ids in flight."""
        changed = set(self.simulator.ledger.acted_ids(self.action))
        recorded = {(one["id"], one["run_id"]) for one in self._lines()}
        ahead = whole_lines(self.program.folder / f"{self.log}.wal")
        tried = {one["sent"] for one in ahead if "sent" in one}
        for id_ in changed - tried - {id_ for id_, _ in recorded}:
            yield f"{id_} was changed, and is not on record"
        if self.action is Action.RESUME and changed:
            # Whatever the undo was killed at, its log gives no all-clear.
            last = whole_lines(self.program.folder / "log.jsonl")[-1]
            if "undone_by" not in last:
                yield "the log of the pauses is not marked"
        in_doubt = without_response(ahead, recorded, self.action)
        if len(in_doubt) > MAX_IN_FLIGHT:
            yield f"{len(in_doubt)} in flight when it was killed"

    def _lines(self) -> list[dict[str, Any]]:
        return whole_lines(self.program.folder / self.log)

    def _at_end(self) -> Iterator[str]:
        """Compare each record with the server: lost, repeated, or false."""
        records = self._lines()
        last = {record["id"]: record for record in records}
        for id_ in IDS:
            there = self.simulator.status(id_)
            if id_ not in last:
                yield f"{id_} was lost"
            elif not is_true(last[id_]["status"], there, self.action):
                yield f"{id_} is {last[id_]['status']}, is {there} there"
        for record in records:
            yield from self._later(record)
        if (self.program.folder / f"{self.log}.wal").exists():
            yield "the write-ahead log is left"

    def _later(self, record: dict[str, Any]) -> Iterator[str]:
        """List requests for an id after it was settled."""
        if not Status(record["status"]).is_settled:
            return
        # The answer takes longer than the milliseconds to which times are written.
        finished_at = datetime.fromisoformat(record["finished_at"])
        for entry in self.simulator.ledger.of(record["id"]):
            if datetime.fromisoformat(entry.wall_time) > finished_at:
                yield f"{entry.action} of {entry.id} after it was {record['status']}"


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a file."""
    data = path.read_bytes() if path.exists() else b""
    return [orjson.loads(line) for line in data.split(b"\n")[:-1]]


def without_response(
    ahead: list[dict[str, Any]], recorded: set[tuple[str, str]], action: Action
) -> set[str]:
    """List ids of the last run whose last request has no response on record."""
    run = next((one["run"] for one in reversed(ahead) if "run" in one), "")
    answered = {one["request_id"] for one in ahead if "answered" in one}
    return {
        one["sent"]
        for one in ahead
        if one.get("action") == action
        and one.get("request_id", "").startswith(f"{run}-")
        and one["request_id"] not in answered
        and (one["sent"], run) not in recorded
    }


def is_true(status: str, there: str, action: Action) -> bool:
    operation = operation_of(action)
    if status == "unknown":
        return True
    if Status(status).is_done:
        return there in operation.wanted
    if Status(status).is_inapplicable:
        return there in {"draft", "canceled"}
    return there in operation.applies_to


def a_course(
    folder: Path, serve: Serve, number: int, *, of_action: str = "pause"
) -> Course:
    """Begin a course. Every second one has a network without faults."""
    is_calm = number % 2 == 1
    faults: dict[str, Any] = {}
    if not is_calm and of_action == "pause":
        faults = {"fault_rates": FAULTS, "statuses": STATUSES}
    elif not is_calm:
        faults = {"resume_fault_rates": FAULTS}
    folder /= f"course-{number}"
    folder.mkdir()
    program = Program(folder, {"OCAMBA_TOKEN": TOKEN})
    program.ids(len(IDS))
    return Course(
        program=program,
        simulator=serve(**NETWORK, **faults, seed=number),
        is_calm=is_calm,
        source=random.Random(number),
    )


def an_undo(folder: Path, serve: Serve, number: int) -> Course:
    """Pause all campaigns, change some of them, and begin a course of undos."""
    course = a_course(folder, serve, number, of_action="resume")
    simulator = course.simulator
    to = ("--base-url", simulator.base_url, "--log", "log.jsonl", "--yes", *OPTIONS)
    assert course.program.call("run", "ids.txt", *to).code == 0
    for id_, status in {"1007": "running", "1013": "canceled"}.items():
        simulator.put(Campaign(id=id_, status=status))
    course.command = ("undo", "log.jsonl", "--as", "running", "--canary", "0")
    course.log, course.action = "log.undo.jsonl", Action.RESUME
    return course


@pytest.mark.parametrize(
    ("begin", "kills"),
    [(a_course, KILLS), (an_undo, KILLS_OF_UNDO)],
    ids=["run", "undo"],
)
def test_random_kills_lose_and_repeat_nothing(
    tmp_path: Path, serve: Serve, begin: Callable[..., Course], kills: int
) -> None:
    courses: list[Course] = []
    numbers = count()

    def lane(_: int) -> None:
        while sum(course.kills for course in courses) < kills:
            courses.append(course := begin(tmp_path, serve, next(numbers)))
            try:
                course.run()
            finally:
                course.program.close()

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(lane, range(LANES)))
    violations = [violation for course in courses for violation in course.violations]
    assert violations == []
    assert sum(course.kills for course in courses) >= kills
