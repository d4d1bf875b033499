"""Fakes for the engine's ports: a server, a sender, a rate limiter and a recorder."""

import asyncio
import copy
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from itertools import count
from math import inf
from typing import Self

import pytest

from bulkpause.engine.policy import RetryPolicy
from bulkpause.engine.run_context import RunContext
from bulkpause.errors import LogError
from bulkpause.model import Earlier, Item, Record, Reply, Waiting
from bulkpause.operation import PAUSE, operation_of
from bulkpause.vocabulary import Action, Status, TransportError
from tests.testkit.virtual_time import wall_clock


class Fault(StrEnum):
    """A fault of one request; "after" and "before" refer to the moment the server acts."""

    NONE = "none"
    LOST_AFTER = "lost-after"
    LOST_BEFORE = "lost-before"
    ERROR_AFTER = "500-after"
    ERROR_BEFORE = "500-before"
    UNAVAILABLE = "503"
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What the server makes of one request, and answers.

    Attributes:
        outcome: The HTTP status or the transport error; None for the regular response.
        acts: Whether the request is carried out before the answer.
        late_s: Seconds after which it is carried out instead; None if it never is.
        is_sent: Whether it reaches the server.
        retry_after_s: `Retry-After` of the answer.
        takes_s: Seconds to the answer, such as a timeout; None for the usual time.
    """

    outcome: int | TransportError | None = None
    acts: bool = False
    late_s: float | None = None
    is_sent: bool = True
    retry_after_s: float | None = None
    takes_s: float | None = None

    def __repr__(self) -> str:
        """Write only what is not usual: failing courses show many answers."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        usual = {one.name: one.default for one in fields(self)}
        shown = (f"{k}={v!r}" for k, v in values.items() if v != usual[k])
        return f"Answer({', '.join(shown)})"


REGULAR = Answer(acts=True)
_ANSWERS: Mapping[Fault, Answer] = {
    Fault.NONE: REGULAR,
    Fault.LOST_AFTER: Answer(outcome=TransportError.HANG_UP, acts=True),
    Fault.LOST_BEFORE: Answer(outcome=TransportError.RESET),
    Fault.ERROR_AFTER: Answer(outcome=500, acts=True),
    Fault.ERROR_BEFORE: Answer(outcome=500),
    Fault.UNAVAILABLE: Answer(outcome=503),
    Fault.NOT_SENT: Answer(outcome=TransportError.REFUSED, is_sent=False),
}
#: Statuses in which a campaign sends, whatever the words that views have for them.
SENDING = frozenset({"running", "scheduled"})
#: The status that an action brings about.
BROUGHT_ABOUT = {Action.PAUSE: "paused", Action.RESUME: "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """An answer that all requests get for a time, or those with one action."""

    answer: Answer
    starts_at: float = 0.0
    ends_at: float = inf
    action: Action | None = None

    def meets(self, action: Action, now: float) -> bool:
        is_meant = self.action is None or self.action is action
        return is_meant and self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How read-backs show a campaign: late, and in which words."""

    lag_s: float = 0.0
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached the server: an entry of its ledger."""

    action: Action
    id: str
    request_id: str
    at: float
    acted: bool


#: Gives what the nth request (from 0) with this action for this id meets.
FaultOf = Callable[[Action, str, int], Fault | Answer]


def no_faults(action: Action, id_: str, nth: int) -> Fault:
    return Fault.NONE


def random_faults(
    changes: Mapping[Fault, float] | Mapping[Answer, float],
    read_backs: Mapping[Fault, float],
    seed: int = 0,
) -> FaultOf:
    """Draw faults with these probabilities.

    A draw depends only on the seed, the id and the number of its request.
    """

    def fault_of(action: Action, id_: str, nth: int) -> Fault | Answer:
        point = random.Random(f"{seed}/{action}/{id_}/{nth}").random()
        shares = read_backs if action is Action.READ else changes
        for fault, share in shares.items():
            if point < share:
                return fault
            point -= share
        return Fault.NONE

    return fault_of


class FakeServer:
    """A `Sender` that models the API with a ledger and without sockets.

    It replaces `Client`, and so it is an async context manager.

    Args:
        statuses: Statuses of the campaigns that do not have the default.
        default: The status of all others.
        fault_of: Gives the fault of each request.
        latency_s: From a request to its response; the server acts after half of it.
        on_changed: Called with each id at the moment it is paused or resumed.
        storms: Answers that all requests get for a time; the first that holds counts.
        views: How read-backs show campaigns; `*` is for every other id.

    Attributes:
        now: The last time that the server knows of (loop's clock).
    """

    _STATE = ("statuses", "calls", "now", "_before", "_late", "_others", "_requests")

    def __init__(
        self,
        *,
        statuses: Mapping[str, str] | None = None,
        default: str = "running",
        fault_of: FaultOf = no_faults,
        latency_s: float = 0.05,
        on_changed: Callable[[str], None] = lambda _: None,
        storms: Sequence[Storm] = (),
        views: Mapping[str, View] | None = None,
    ) -> None:
        self.statuses = dict(statuses or {})
        self.calls: list[Call] = []
        self.fault_of = fault_of
        self.on_changed = on_changed
        self._default = default
        self.storms = storms
        self.views = views or {}
        self.now = 0.0
        #: Status before our change, and the time of that, which lagging views show.
        self._before: dict[str, tuple[float, str]] = {}
        self._late: list[tuple[float, Call]] = []
        self._others: set[str] = set()
        self._latency_s = latency_s
        self._requests: Counter[tuple[Action, str]] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def status(self, id_: str) -> str:
        return self.statuses.get(id_, self._default)

    def calls_of(self, action: Action, id_: str) -> list[Call]:
        return [call for call in self.calls if (call.action, call.id) == (action, id_)]

    def act(self, id_: str, action: Action = Action.PAUSE) -> bool:
        """Pause or resume a campaign, if it can be."""
        operation = operation_of(action)
        if (status := self.status(id_)) not in operation.applies_to:
            return False
        self._before[id_] = (self.now, status)
        self.statuses[id_] = BROUGHT_ABOUT[action]
        self.on_changed(id_)
        return True

    def shown(self, id_: str) -> str:
        """Give the word that a read-back shows now."""
        view = self.views.get(id_) or self.views.get("*") or View()
        paused_at, before = self._before.get(id_, (-inf, ""))
        status = before if self.now - paused_at < view.lag_s else self.status(id_)
        return view.words.get(status, status)

    @property
    def still_late(self) -> set[str]:
        """The ids of the late requests that are not due yet."""
        return {
            call.id for _, call in self._late if call.request_id not in self._others
        }

    def forget(self, request_ids: set[str]) -> None:
        """Let these requests have been another person's, also those still to act."""
        self._others |= request_ids
        for number, call in enumerate(self.calls):
            if call.acted and call.request_id in request_ids:
                self.calls[number] = replace(call, acted=False)

    def state(self) -> object:
        """Give a copy of all that the server knows, for `restore`."""
        return copy.deepcopy(
            {name: getattr(self, name) for name in self._STATE}  # no callbacks
        )

    def restore(self, state: object) -> None:
        """Go back to a state, which is used up."""
        assert isinstance(state, dict)
        for name, value in state.items():
            setattr(self, name, value)

    def settle(self, until: float) -> None:
        """Carry out the late requests that are due until then."""
        due = sorted((one for one in self._late if one[0] <= until), key=lambda o: o[0])
        self._late = [one for one in self._late if one[0] > until]
        for at, call in due:
            self.now = max(self.now, at)
            if self.act(call.id, call.action) and call.request_id not in self._others:
                self.calls[self.calls.index(call)] = replace(call, acted=True)
        self.now = max(self.now, until)

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        answer = self._answer(action, id_, sent_at)
        takes_s = self._latency_s if answer.takes_s is None else answer.takes_s
        await asyncio.sleep(self._latency_s / 2)
        if not answer.is_sent:
            return _reply(None, answer.outcome or TransportError.REFUSED)
        self.settle(loop.time())
        is_change = action is not Action.READ
        acted = is_change and answer.acts and self.act(id_, action)
        shown = self.shown(id_)
        call = Call(
            action=action, id=id_, request_id=request_id, at=sent_at, acted=acted
        )
        self.calls.append(call)
        if is_change and answer.late_s is not None:
            self._late.append((self.now + answer.late_s, call))
        await asyncio.sleep(max(0.0, takes_s - self._latency_s / 2))
        if answer.outcome is not None:
            reply = _reply(sent_at, answer.outcome)
            return replace(reply, retry_after_s=answer.retry_after_s)
        if is_change:
            return _reply(sent_at, 204 if acted else 400)
        return _reply(sent_at, 200, campaign_status=shown)

    def _answer(self, action: Action, id_: str, now: float) -> Answer:
        for storm in self.storms:
            if storm.meets(action, now):
                return storm.answer
        nth = self._requests[action, id_]
        self._requests[action, id_] += 1
        fault = self.fault_of(action, id_, nth)
        return _ANSWERS[fault] if isinstance(fault, Fault) else fault


def _reply(
    sent_at: float | None,
    outcome: int | TransportError,
    campaign_status: str | None = None,
) -> Reply:
    error = outcome if isinstance(outcome, TransportError) else None
    return Reply(
        sent_at=sent_at,
        received_at=asyncio.get_running_loop().time(),
        http_status=int(outcome) if error is None else None,
        error=error,
        campaign_status=campaign_status,
    )


@contextmanager
def client_replaced_by(server: FakeServer) -> Iterator[None]:
    """Make every `Pauser` send to a fake server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bulkpause.api.client.Client", lambda *_, **__: server)
        yield


#: A reply of a `ScriptedSender`: an HTTP status, a transport error, a campaign status as
#: text (for a read-back), or a whole reply.
Step = int | str | TransportError | Reply


class ScriptedSender:
    """Gives each id its scripted replies in order; the last one is repeated.

    Args:
        script: For each id its steps; `*` is for every other id.
        latency_s: From a request to its reply.

    Attributes:
        sent: Time, action and id of each request.
        bodies: The bodies of the resumes of each id, and any of its reads.
        max_in_flight: The most requests that were in flight at a time.
        ends_at: The deadline that a run sets; it is kept and not obeyed.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[Step]],
        latency_s: float = 0.01,
    ) -> None:
        self.sent: list[tuple[float, Action, str]] = []
        self.bodies: dict[str, list[Mapping[str, object] | None]] = {}
        self.max_in_flight = 0
        self.ends_at = inf
        self._in_flight = 0
        self._script = script
        self._latency_s = latency_s
        self._requests: Counter[str] = Counter()

    @property
    def order(self) -> list[str]:
        """The requests in order, written as `pause 1001`."""
        return [f"{action} {id_}" for _, action, id_ in self.sent]

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        self.sent.append((sent_at, action, id_))
        if action is Action.RESUME or body is not None:
            self.bodies.setdefault(id_, []).append(body)
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        await asyncio.sleep(self._latency_s)
        self._in_flight -= 1
        match self._next_step(id_):
            case Reply() as reply:
                return reply
            case TransportError() as error:
                return _reply(sent_at, error)
            case str() as campaign_status:
                return _reply(sent_at, 200, campaign_status=campaign_status)
            case http_status:
                return _reply(sent_at, http_status)

    def _next_step(self, id_: str) -> Step:
        steps = self._script.get(id_) or self._script["*"]
        step = steps[min(self._requests[id_], len(steps) - 1)]
        self._requests[id_] += 1
        return step


class UnlimitedGate:
    """A `RateLimiter` without a rate limit; it only limits the requests in flight.

    Attributes:
        acquired, released: How often its methods were called.
    """

    waiting: Waiting | None = None

    def __init__(self, max_in_flight: int = 10) -> None:
        self.acquired = self.released = 0
        self._free: asyncio.Queue[None] = asyncio.Queue()
        for _ in range(max_in_flight):
            self._free.put_nowait(None)

    @property
    def in_flight(self) -> int:
        return self.acquired - self.released

    async def acquire(self) -> None:
        await self._free.get()
        self.acquired += 1

    def try_acquire(self) -> bool:
        if self._free.empty():
            return False
        self._free.get_nowait()
        self.acquired += 1
        return True

    async def release(self, reply: Reply | None) -> None:
        self.released += 1
        self._free.put_nowait(None)

    async def restore(self, ages_s: Iterable[float]) -> None:
        pass

    def time_left_s(self, requests: int) -> float:
        return 0.0


@dataclass(slots=True)
class FailingRecorder:
    """A `Recorder` in memory whose disk is full from a chosen line on.

    Attributes:
        lines: The lines kept: `sent 1001`, `answered 1001 500`, `paused 1001`.
        fails_at: The first line, from 0, that cannot be written; None if all can.
    """

    lines: list[str] = field(default_factory=list)
    fails_at: int | None = None

    def sent(self, action: Action, id_: str, request_id: str, at: str) -> None:
        self._append(f"sent {id_}")

    def remembered(self, item: Item) -> None:
        earlier = item.earlier or Earlier()
        self._append(f"remembered {item.id} {earlier.status}")

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        doubt = " in doubt" if is_in_doubt else ""
        self._append(f"answered {id_} {reply.http_status or reply.error}{doubt}")

    def write(self, record: Record) -> None:
        self._append(f"{record.status} {record.id}")

    def _append(self, line: str) -> None:
        if self.fails_at is not None and len(self.lines) >= self.fails_at:
            raise LogError("the disk is full")
        self.lines.append(line)


def run_context(
    retry_policy: RetryPolicy | None = None, *, run_id: str = "run"
) -> RunContext:
    """Give the context of a dispatcher, with the longest waits that jitter allows."""
    return RunContext(
        run_id=run_id,
        planned=1,
        input_digest="0123456789abcdef",
        endpoint="https://api.example",
        request_ids=(f"{run_id}-{number}" for number in count(1)),
        operation=PAUSE,
        reason=None,
        retry_policy=retry_policy or RetryPolicy(),
        now=wall_clock,
        jitter=lambda: 1.0,
    )


def ids(number: int, first: int = 1001) -> list[str]:
    return [str(id_) for id_ in range(first, first + number)]


def disagreements(records: Iterable[Record], server: FakeServer) -> list[str]:
    """Describe the records that contradict the server."""
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
        case Status.RESUMED | Status.ALREADY_RUNNING:
            return server.status(id_) in SENDING
        case Status.NOT_PAUSABLE | Status.NOT_RESUMABLE:
            return server.status(id_) not in {"paused", "running", "scheduled"}
        case Status.UNKNOWN:
            return True
        case _:  # not changed by us; another client may have changed it
            return id_ not in ours
