"""Stand-ins for the ports of the engine, each named for what it does wrong."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Self, TypeVar, TypeVarTuple

import pytest

from bulkpause.engine.dispatcher import Context
from bulkpause.engine.policy import PAUSABLE, RetryPolicy
from bulkpause.errors import LogError
from bulkpause.model import Action, Record, Reply, Status, TransportError
from tests.testkit.virtual_time import VirtualTimeLoop


_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
#: The wall clock of virtual time begins here.
EPOCH = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


class OneThreadLoop(VirtualTimeLoop):
    """Runs what is meant for other threads in place, so that every run is the same."""

    def run_in_executor(
        self, executor: Any, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> "asyncio.Future[_T]":
        future: asyncio.Future[_T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (it is handed on)
            future.set_exception(error)
        return future


def on_virtual_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end on a clock that jumps."""
    with asyncio.Runner(loop_factory=OneThreadLoop) as runner:
        return runner.run(main)


def wall_clock() -> datetime:
    """Give the wall clock that goes with the clock of the loop."""
    return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())


class Fate(StrEnum):
    """What becomes of a request. "After" means after the server acted."""

    WELL = "well"
    LOST_AFTER = "lost-after"
    LOST_BEFORE = "lost-before"
    ERROR_AFTER = "500-after"
    ERROR_BEFORE = "500-before"
    UNAVAILABLE = "503"
    NOT_SENT = "not-sent"


_ACTING = frozenset({Fate.WELL, Fate.LOST_AFTER, Fate.ERROR_AFTER})
#: The answer that each fate but the good one has, or the fault in its place.
_OUTCOMES: Mapping[Fate, int | TransportError] = {
    Fate.LOST_AFTER: TransportError.HANG_UP,
    Fate.LOST_BEFORE: TransportError.RESET,
    Fate.ERROR_AFTER: 500,
    Fate.ERROR_BEFORE: 500,
    Fate.UNAVAILABLE: 503,
    Fate.NOT_SENT: TransportError.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached the server: its ledger is made of these."""

    action: Action
    id: str
    request_id: str
    at: float
    acted: bool


FateOf = Callable[[Action, str, int], Fate]


def always_well(action: Action, id_: str, nth: int) -> Fate:
    return Fate.WELL


def drawn(
    pauses: Mapping[Fate, float], views: Mapping[Fate, float], seed: int = 0
) -> FateOf:
    """Draw fates with these probabilities; what they leave goes well.

    What is drawn hangs on the seed, the id and the number of its request alone.
    """

    def fate(action: Action, id_: str, nth: int) -> Fate:
        point = random.Random(f"{seed}/{action}/{id_}/{nth}").random()
        for one, share in (pauses if action is Action.PAUSE else views).items():
            if point < share:
                return one
            point -= share
        return Fate.WELL

    return fate


class FakeServer:
    """A model of the API behind the sender's port, with a ledger and no socket.

    It takes the place of `Client`, so that it can be entered.

    Args:
        statuses: Those of the campaigns that do not run.
        fate: What becomes of the nth pause or view of an id, from 0.
        latency_s: From the request to its answer; it acts at half of it.
        told: Called with each id that is paused, at that instant.
    """

    def __init__(
        self,
        *,
        statuses: Mapping[str, str] | None = None,
        fate: FateOf = always_well,
        latency_s: float = 0.05,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.statuses = dict(statuses or {})
        self.calls: list[Call] = []
        self.fate = fate
        self.told = told
        self._latency_s = latency_s
        self._so_far: Counter[tuple[Action, str]] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def status(self, id_: str) -> str:
        return self.statuses.get(id_, "running")

    def calls_of(self, action: Action, id_: str) -> list[Call]:
        return [call for call in self.calls if (call.action, call.id) == (action, id_)]

    def act(self, id_: str) -> bool:
        """Pause a campaign, if it can be paused."""
        if self.status(id_) not in PAUSABLE:
            return False
        self.statuses[id_] = "paused"
        self.told(id_)
        return True

    async def send(self, action: Action, id_: str, request_id: str) -> Reply:
        loop = asyncio.get_running_loop()
        fate = self.fate(action, id_, self._so_far[action, id_])
        self._so_far[action, id_] += 1
        sent_at = loop.time()
        await asyncio.sleep(self._latency_s / 2)
        if fate is Fate.NOT_SENT:
            return Reply(received_at=loop.time(), error=TransportError.REFUSED)
        acted = action is Action.PAUSE and fate in _ACTING and self.act(id_)
        seen = self.status(id_)
        self.calls.append(
            Call(action=action, id=id_, request_id=request_id, at=sent_at, acted=acted)
        )
        await asyncio.sleep(self._latency_s / 2)
        outcome = _OUTCOMES.get(fate, 204 if acted else 400)
        if fate is Fate.WELL and action is Action.READ:
            return _reply(sent_at, 200, campaign_status=seen)
        return _reply(sent_at, outcome)


def _reply(
    sent_at: float, outcome: int | TransportError, campaign_status: str | None = None
) -> Reply:
    fault = outcome if isinstance(outcome, TransportError) else None
    return Reply(
        sent_at=sent_at,
        received_at=asyncio.get_running_loop().time(),
        http_status=int(outcome) if fault is None else None,
        error=fault,
        campaign_status=campaign_status,
    )


@contextmanager
def in_place_of_the_client(server: FakeServer) -> Iterator[None]:
    """Let every `Pauser` send to a fake server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bulkpause.pauser.Client", lambda *_, **__: server)
        yield


class ScriptedSender:
    """Gives each id its answers in order, the last one again and again.

    Args:
        answers: For each id a list of HTTP statuses, faults, campaign statuses as
            text (to a read-back), or whole replies; `*` is for every other id.
        latency_s: From request to answer.
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[int | str | TransportError | Reply]],
        latency_s: float = 0.01,
    ) -> None:
        self.sent: list[tuple[float, Action, str]] = []
        self.in_flight = self.most_in_flight = 0
        self._answers = answers
        self._latency_s = latency_s
        self._so_far: Counter[str] = Counter()

    @property
    def order(self) -> list[str]:
        """What was sent, as `pause 1001`, in order."""
        return [f"{action} {id_}" for _, action, id_ in self.sent]

    async def send(self, action: Action, id_: str, request_id: str) -> Reply:
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        self.sent.append((sent_at, action, id_))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self._latency_s)
        self.in_flight -= 1
        answers = self._answers.get(id_) or self._answers["*"]
        answer = answers[min(self._so_far[id_], len(answers) - 1)]
        self._so_far[id_] += 1
        match answer:
            case Reply():
                return answer
            case TransportError():
                return _reply(sent_at, answer)
            case str():
                return _reply(sent_at, 200, campaign_status=answer)
            case _:
                return _reply(sent_at, answer)


class OpenGate:
    """Lets everything through, a bounded number at a time, and counts."""

    def __init__(self, max_in_flight: int = 10) -> None:
        self.taken = self.told = 0
        self._free = asyncio.Semaphore(max_in_flight)

    async def acquire(self) -> None:
        await self._free.acquire()
        self.taken += 1

    async def release(self, reply: Reply | None) -> None:
        self.told += 1
        self._free.release()


@dataclass(slots=True)
class KeepingRecorder:
    """Keeps what it is given, up to the line on which it fails.

    Attributes:
        lines: What was kept: `sent 1001`, `answered 1001 500`, `paused 1001`.
        fails_at: From this line on, counted from 0, nothing is kept.
    """

    lines: list[str] = field(default_factory=list)
    fails_at: int | None = None

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        self._keep(f"sent {id_}")

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        doubt = " doubtful" if is_in_doubt else ""
        self._keep(f"answered {id_} {reply.http_status or reply.error}{doubt}")

    def write(self, record: Record) -> None:
        self._keep(f"{record.status} {record.id}")

    def _keep(self, line: str) -> None:
        if self.fails_at is not None and len(self.lines) >= self.fails_at:
            raise LogError("the disk is full")
        self.lines.append(line)


def context(retry_policy: RetryPolicy | None = None, *, run_id: str = "run") -> Context:
    """Give an engine all that it needs beside its ports; jitter is at its most."""
    return Context(
        run_id=run_id,
        planned=1,
        endpoint="https://api.example",
        request_ids=(f"{run_id}-{number}" for number in count(1)),
        reason=None,
        retry_policy=retry_policy or RetryPolicy(),
        now=wall_clock,
        jitter=lambda: 1.0,
    )


def ids(number: int, first: int = 1001) -> list[str]:
    return [str(id_) for id_ in range(first, first + number)]


def disagreements(records: Iterable[Record], server: FakeServer) -> list[str]:
    """Name the records that say something else than the server knows."""
    ours = {call.id for call in server.calls if call.acted}
    return [
        f"{record.id} is {record.status}, at the server {server.status(record.id)}"
        for record in records
        if record.id is not None and not _agrees(record, server, ours)
    ]


def _agrees(record: Record, server: FakeServer, ours: set[str]) -> bool:
    id_ = record.id or ""
    match record.status:
        case Status.PAUSED | Status.ALREADY_PAUSED:
            return server.status(id_) == "paused"
        case Status.NOT_PAUSABLE:
            return server.status(id_) not in {"paused", "running", "scheduled"}
        case Status.UNKNOWN:
            return True
        case _:  # not by us; whether by somebody else was not asked or not answered
            return id_ not in ours
