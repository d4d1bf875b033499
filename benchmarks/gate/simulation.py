"""One run: ids through a pacer, over a network, to a server."""

import asyncio
from collections import deque

from benchmarks.gate.ledger import Ledger
from benchmarks.gate.rivals import Pacer
from bulkpause.model import Reply
from tests.testkit.network import Connections
from tests.testkit.server_model import ServerModel


#: A run is given up after so many requests for each id.
MOST_REQUESTS_PER_ID = 5


class Run:
    """Sends a number of ids through a pacer to a server, one dispatcher for all.

    Args:
        pacer: What says when.
        model: The server.
        connections: The way between them.
        ledger: Where arrivals and answers are noted.
        ids: How many; each is sent again until it is allowed.
    """

    def __init__(
        self,
        pacer: Pacer,
        model: ServerModel,
        connections: Connections,
        ledger: Ledger,
        ids: int,
    ) -> None:
        self.requests = 0
        self.finished = 0
        self._pacer = pacer
        self._model = model
        self._connections = connections
        self._ledger = ledger
        self._ids = ids
        self._waiting = deque(range(ids))
        self._news = asyncio.Event()

    async def dispatch(self) -> None:
        """Take slots in order, and start a task for each request."""
        async with asyncio.TaskGroup() as tasks:
            while self._goes_on:
                if not self._waiting:
                    self._news.clear()
                    await self._news.wait()
                    continue
                await self._pacer.acquire()
                self.requests += 1
                tasks.create_task(self._send(self._waiting.popleft()))

    @property
    def _goes_on(self) -> bool:
        most_requests = MOST_REQUESTS_PER_ID * self._ids
        return self.finished < self._ids and self.requests < most_requests

    async def _send(self, id_: int) -> None:
        loop = asyncio.get_running_loop()
        is_cold, setup_s, way_s = self._connections.open(loop.time())
        if setup_s:
            await asyncio.sleep(setup_s)
        sent_at = loop.time()
        await asyncio.sleep(way_s)
        verdict = self._model.arrive(loop.time())
        arrived = self._ledger.arrived(loop.time(), allowed=verdict.allowed)
        await asyncio.sleep(self._connections.back_s())
        self._connections.release(loop.time())
        self._ledger.answered(loop.time(), arrived)
        reply = Reply(
            received_at=loop.time(),
            sent_at=sent_at,
            is_cold=is_cold,
            http_status=204 if verdict.allowed else 429,
            rate_limit=verdict.rate_limit,
            retry_after_s=verdict.retry_after_s,
        )
        await self._pacer.release(reply)
        self._settle(id_, reply)

    def _settle(self, id_: int, reply: Reply) -> None:
        if reply.is_rate_limited:
            self._waiting.appendleft(id_)
        else:
            self.finished += 1
        self._news.set()
