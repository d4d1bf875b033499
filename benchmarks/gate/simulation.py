"""Simulate one client: ids through a rate limiter, over a network, to a server."""

import asyncio
from collections import deque

from benchmarks.gate.ledger import ArrivalLedger
from benchmarks.gate.rivals import RateLimiter
from bulkpause.model import Reply
from tests.testkit.network import Connections
from tests.testkit.server_model import ServerModel


#: A simulation stops after this number of requests per id.
MAX_REQUESTS_PER_ID = 5


class Simulation:
    """Sends ids through a rate limiter to a server, with one dispatcher.

    Args:
        limiter: Decides when a request is sent.
        model: The server.
        connections: The network between them.
        ledger: The record of arrivals and responses.
        ids: The number of ids. Each is sent until it is allowed.

    Attributes:
        requests: The number of requests sent.
        finished: The number of ids that were allowed.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        model: ServerModel,
        connections: Connections,
        ledger: ArrivalLedger,
        ids: int,
    ) -> None:
        self.requests = 0
        self.finished = 0
        self._limiter = limiter
        self._model = model
        self._connections = connections
        self._ledger = ledger
        self._ids = ids
        self._waiting = deque(range(ids))
        self._changed = asyncio.Event()

    async def dispatch(self) -> None:
        """Acquire slots in order, and start a task for each request."""
        async with asyncio.TaskGroup() as tasks:
            while self._is_running:
                if not self._waiting:
                    self._changed.clear()
                    await self._changed.wait()
                    continue
                await self._limiter.acquire()
                self.requests += 1
                tasks.create_task(self._send(self._waiting.popleft()))

    @property
    def _is_running(self) -> bool:
        max_requests = MAX_REQUESTS_PER_ID * self._ids
        return self.finished < self._ids and self.requests < max_requests

    async def _send(self, id_: int) -> None:
        loop = asyncio.get_running_loop()
        is_cold, setup_s, way_s = self._connections.open(loop.time())
        if setup_s:
            await asyncio.sleep(setup_s)
        sent_at = loop.time()
        await asyncio.sleep(way_s)
        decision = self._model.arrive(loop.time())
        arrivals = self._ledger.record_arrival(loop.time(), allowed=decision.allowed)
        await asyncio.sleep(self._connections.back_s())
        self._connections.release(loop.time())
        self._ledger.record_response(loop.time(), arrivals)
        reply = Reply(
            received_at=loop.time(),
            sent_at=sent_at,
            is_cold=is_cold,
            http_status=204 if decision.allowed else 429,
            rate_limit=decision.rate_limit,
            retry_after_s=decision.retry_after_s,
        )
        await self._limiter.release(reply)
        self._settle(id_, reply)

    def _settle(self, id_: int, reply: Reply) -> None:
        if reply.is_rate_limited:
            self._waiting.appendleft(id_)
        else:
            self.finished += 1
        self._changed.set()
