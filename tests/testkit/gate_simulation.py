"""Simulate requests through a gate to a server model, on virtual time."""

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


#: Replaces the rate-limit headers of a response that are true at an instant.
Falsify = Callable[[RateLimitHeaders | None, float], RateLimitHeaders | None]

BURST, STEADY = Limit(10, 1.0), Limit(150, 60.0)
DOCUMENTED = (BURST, STEADY)

#: A simulation fails after this many requests per id.
MAX_REQUESTS_PER_ID = 5


class ConnectionModel(Protocol):
    """The network between client and server, such as `Connections`."""

    def open(self, now_s: float) -> tuple[bool, float, float]: ...
    def back_s(self) -> float: ...
    def release(self, now_s: float) -> None: ...


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Sends each id until it is accepted: one dispatcher, and a task per request.

    Requests in flight continue while the process is stopped: a request arrives at its
    time, and the process receives the response when it continues.

    Attributes:
        falsify: Replaces the headers of each response.
        headers_at_response: Gives the headers that are true when the response leaves.
            By default they are those of the request's arrival.
        killed_at: When the process is killed. Requests sent before still arrive.
        acquired_s: When each slot was acquired.
        arrivals_s: When each request arrived.
        accepted_s: When each accepted request arrived.
        gaps_s: The minimum gap that pacing required, at each arrival.
    """

    gate: Gate
    model: ServerModel
    ids: int
    connections: ConnectionModel = field(
        default_factory=lambda: Connections(Network(), Random(0))
    )
    falsify: Falsify = lambda headers, _: headers
    headers_at_response: Callable[[float], RateLimitHeaders | None] | None = None
    killed_at: float | None = None
    acquired_s: list[float] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    accepted_s: list[float] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)
    _waiting: int = 0
    _response_received: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def rate_limited(self) -> int:
        return len(self.arrivals_s) - len(self.accepted_s)

    @property
    def time_s(self) -> float:
        return self.accepted_s[-1] - self.arrivals_s[0]

    async def send_all(self) -> None:
        self._waiting = self.ids
        async with asyncio.TaskGroup() as tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.killed_at):
                    await self._dispatch(tasks)

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        while len(self.accepted_s) < self.ids:
            if self._waiting:
                await self.gate.acquire()
                self._waiting -= 1
                self.acquired_s.append(asyncio.get_running_loop().time())
                tasks.create_task(self._send())
            else:
                self._response_received.clear()
                await self._response_received.wait()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        is_cold, setup_s, way_out_s = self.connections.open(loop.time())
        await asyncio.sleep(setup_s)
        sent_at = loop.time()
        if self.killed_at is not None and sent_at >= self.killed_at:
            return
        arrived_at = _true_now() + way_out_s
        await _until(arrived_at)
        accepted, headers, retry_after_s = self._arrive(arrived_at)
        await _until(arrived_at + self.connections.back_s())
        if self.headers_at_response is not None:
            headers = self.headers_at_response(loop.time())
        self.connections.release(loop.time())
        await self.gate.release(
            Reply(
                received_at=loop.time(),
                sent_at=sent_at,
                is_cold=is_cold,
                http_status=204 if accepted else 429,
                rate_limit=headers,
                retry_after_s=retry_after_s,
            )
        )
        self._waiting += not accepted
        self._response_received.set()

    def _arrive(
        self, now_s: float
    ) -> tuple[bool, RateLimitHeaders | None, float | None]:
        assert len(self.arrivals_s) < MAX_REQUESTS_PER_ID * self.ids
        verdict = self.model.arrive(now_s)
        self.arrivals_s.append(now_s)
        self.gaps_s.append(self.gate.snapshot().gap_s)
        if verdict.allowed:
            self.accepted_s.append(now_s)
        headers = self.falsify(verdict.rate_limit, now_s)
        return verdict.allowed, headers, verdict.retry_after_s


def gate_of(*limits: Limit, clock_resolution_s: float = 0.0) -> Gate:
    """Make a gate with as many requests in flight as the smallest limit allows."""
    return Gate(
        limits,
        max_in_flight=min((limit.requests for limit in limits), default=10),
        jitter=Random(0).random,
        clock_resolution_s=clock_resolution_s,
    )


def run(
    traffic: Traffic,
    *,
    stopped_at: float | None = None,
    loop_factory: Callable[[], VirtualTimeLoop] = VirtualTimeLoop,
) -> Traffic:
    """Send everything on virtual time and return the traffic with its record.

    Args:
        traffic: The requests to send.
        stopped_at: When the process is stopped for 30 s.
        loop_factory: Makes the loop, whose clock may be coarse.
    """
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        if stopped_at is not None:
            runner.get_loop().call_at(stopped_at, stop, 30.0)
        runner.run(traffic.send_all())
    return traffic


def stop(seconds: float) -> None:
    """Stop the process for a while: the clock continues, and nothing runs."""
    loop = asyncio.get_event_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.advance(seconds)


async def _until(instant: float) -> None:
    await asyncio.sleep(instant - _true_now())
    # Timers of a coarse clock may be early.
    while (left_s := instant - _true_now()) > 0:
        await asyncio.sleep(left_s)


def _true_now() -> float:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop.true_time()
