"""Requests through a gate to a server model, on virtual time: what the server saw."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.gate import Gate
from tests.testkit.network import Connections, Network
from tests.testkit.server_model import ServerModel
from tests.testkit.virtual_time import VirtualTimeLoop


#: Gives what the answer says in place of the truth, at an instant.
Falsify = Callable[[RateLimitHeaders | None, float], RateLimitHeaders | None]

BURST, STEADY = Limit(10, 1.0), Limit(150, 60.0)
DOCUMENTED = (BURST, STEADY)

#: A run is given up after so many requests for each id.
MOST_REQUESTS_PER_ID = 5


class Ways(Protocol):
    """The way to the server and back, as `Connections` is."""

    def open(self, now_s: float) -> tuple[bool, float, float]: ...
    def back_s(self) -> float: ...
    def release(self, now_s: float) -> None: ...


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Sends each id until it is allowed: one dispatcher, a task for each request.

    What is under way goes on while the process is stopped: a request arrives when it
    would have, and its answer is found when the process goes on.

    Attributes:
        read: Gives what the server says as an answer leaves; else it says what held
            when the request arrived.
        killed_at: When the process ends. What was written by then arrives.
        taken_s: When each slot was taken.
        arrivals_s: When each request arrived.
        allowed_s: When each arrived that was allowed.
        gaps_s: The gap that the gate's care asked for, at each arrival.
    """

    gate: Gate
    model: ServerModel
    ids: int
    ways: Ways = field(default_factory=lambda: Connections(Network(), Random(0)))
    falsify: Falsify = lambda told, _: told
    read: Callable[[float], RateLimitHeaders | None] | None = None
    killed_at: float | None = None
    taken_s: list[float] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    allowed_s: list[float] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)
    _waiting: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def refused(self) -> int:
        return len(self.arrivals_s) - len(self.allowed_s)

    @property
    def time_s(self) -> float:
        return self.allowed_s[-1] - self.arrivals_s[0]

    async def send_all(self) -> None:
        self._waiting = self.ids
        async with asyncio.TaskGroup() as tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.killed_at):
                    await self._dispatch(tasks)

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        while len(self.allowed_s) < self.ids:
            if self._waiting:
                await self.gate.acquire()
                self._waiting -= 1
                self.taken_s.append(asyncio.get_running_loop().time())
                tasks.create_task(self._send())
            else:
                self._news.clear()
                await self._news.wait()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        is_cold, setup_s, way_s = self.ways.open(loop.time())
        await asyncio.sleep(setup_s)
        sent_at = loop.time()
        if self.killed_at is not None and sent_at >= self.killed_at:
            return
        arrived_at = sent_at + way_s
        await _until(arrived_at)
        allowed, told, retry_after_s = self._arrive(arrived_at)
        await _until(arrived_at + self.ways.back_s())
        if self.read is not None:
            told = self.read(loop.time())
        self.ways.release(loop.time())
        await self.gate.release(
            Reply(
                received_at=loop.time(),
                sent_at=sent_at,
                is_cold=is_cold,
                http_status=204 if allowed else 429,
                rate_limit=told,
                retry_after_s=retry_after_s,
            )
        )
        self._waiting += not allowed
        self._news.set()

    def _arrive(
        self, now_s: float
    ) -> tuple[bool, RateLimitHeaders | None, float | None]:
        assert len(self.arrivals_s) < MOST_REQUESTS_PER_ID * self.ids
        verdict = self.model.arrive(now_s)
        self.arrivals_s.append(now_s)
        self.gaps_s.append(self.gate._care.gap_s)
        if verdict.allowed:
            self.allowed_s.append(now_s)
        told = self.falsify(verdict.rate_limit, now_s)
        return verdict.allowed, told, verdict.retry_after_s


def gate_of(*limits: Limit) -> Gate:
    """Make a gate with as many in flight as the smallest window holds."""
    smallest = min((limit.requests for limit in limits), default=10)
    return Gate(limits, max_in_flight=smallest, jitter=Random(0).random)


def run(traffic: Traffic, *, stopped_at: float | None = None) -> Traffic:
    """Send everything on virtual time, and give back what was seen.

    Args:
        traffic: What to send.
        stopped_at: When the process is stopped for 30 s.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        if stopped_at is not None:
            runner.get_loop().call_at(stopped_at, stop, 30.0)
        runner.run(traffic.send_all())
    return traffic


def stop(seconds: float) -> None:
    """Stop the process: the clock goes on, and nothing runs."""
    loop = asyncio.get_event_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop._virtual.now += seconds


async def _until(instant: float) -> None:
    await asyncio.sleep(instant - asyncio.get_running_loop().time())
