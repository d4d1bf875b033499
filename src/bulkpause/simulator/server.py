"""The server: takes requests, has them decided, records them, gives the answers."""

import asyncio
import ipaddress
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from aiohttp import web

from bulkpause.simulator.account import Account, Decision
from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.call import Call
from bulkpause.simulator.delivery import deliver
from bulkpause.simulator.faults import Fault
from bulkpause.simulator.ledger import Entry, Ledger
from bulkpause.simulator.network import Network


BODY_KEPT_BYTES = 4096
STOP_WITHIN_S = 0.5


class Simulator:
    """A stand-in for the Ocamba Hood API on loopback, started as a context.

    It may be started again after it was stopped: it then has the same port,
    campaigns, windows, scripts and ledger as before.

    Args:
        behaviour: what it was asked to be; the documented API by default.
        host: a loopback address or `localhost`.
        port: 0 takes a free one.
        ledger_path: the file to which entries of the ledger are appended.

    Raises:
        ValueError: the host is not on loopback.
        OSError: on starting, when the port or the ledger's file cannot be had.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ledger_path: Path | None = None,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.ledger = Ledger(ledger_path)
        self._address = loopback_address(host)
        self._port = port
        self._account = Account(self.behaviour)
        self._network = Network(
            latency_s=self.behaviour.latency_s,
            jitter_s=self.behaviour.jitter_s,
            cold_s=self.behaviour.cold_s,
            source=random.Random(self.behaviour.seed),
        )
        self._listener: asyncio.Server | None = None
        self._protocols: web.Server | None = None
        # The HTTP server keeps one task as long as a connection lasts. It stands for
        # the connection here, and to cancel it ends the request that it is at.
        self._connections: WeakKeyDictionary[asyncio.Task[None], int]
        self._connections = WeakKeyDictionary()
        self._connections_so_far = 0
        self._busy: set[asyncio.Task[None]] = set()
        self._admitted = 0

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end; known once it was started."""
        return base_url(self._address, self._port)

    def status(self, campaign_id: str) -> str:
        """Tell the status of a campaign, without a request."""
        return self._account.status(campaign_id)

    def misbehave(self, fault: Fault | None) -> None:
        """Meet every request from now on with one fault; None: as it was planned."""
        self._account.always = fault

    def spend(self, requests: int) -> None:
        """Count requests that somebody else makes on the account at this moment."""
        now = asyncio.get_running_loop().time()
        for _ in range(requests):
            self._account.spend(now)

    async def __aenter__(self) -> Self:
        self.ledger.open()
        try:
            await self._listen()
        except BaseException:
            self.ledger.close()
            raise
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What must happen stands before the first wait, which a cancelled caller
        # does not get through.
        busy = self._stop()
        self.ledger.close()
        if busy:
            await asyncio.wait(busy, timeout=STOP_WITHIN_S)
        await asyncio.sleep(0)  # for connections that were idle to be closed

    async def _listen(self) -> None:
        self._protocols = web.Server(self._handle, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(
            self._protocols, self._address, self._port
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    def _stop(self) -> list[asyncio.Task[None]]:
        if self._listener is None or self._protocols is None:
            return []
        self._listener.close()
        self._listener = None
        busy = list(self._busy)
        for task in busy:
            task.cancel()
        for connection in self._protocols.connections:
            if connection.transport is not None:
                connection.transport.abort()
        return busy

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._listener is None:
            return web.Response()  # too late: its connection is closed already
        limit = self.behaviour.parallel_limit
        admitted = limit is None or self._admitted < limit
        self._admitted += admitted
        self._busy.add(request.task)
        try:
            return await self._serve(request, admitted=admitted)
        finally:
            self._admitted -= admitted
            self._busy.discard(request.task)

    async def _serve(
        self, request: web.BaseRequest, *, admitted: bool
    ) -> web.StreamResponse:
        is_cold = request.task not in self._connections
        connection = self._connection(request.task)
        try:
            body = await request.content.read()
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400)  # the client did not send all of it
        await _wait(self._network.way_in_s(is_cold=is_cold))
        call = Call.of(
            request.method,
            request.raw_path,
            request.headers,
            body,
            token=self.behaviour.token,
            connection=connection,
            admitted=admitted,
        )
        decision = self._decide(call)
        await _wait(self._network.way_out_s())
        return await deliver(
            request,
            decision.answer,
            decision.delivery,
            slow_byte_interval_s=self.behaviour.slow_byte_interval_s,
        )

    def _connection(self, task: asyncio.Task[None]) -> int:
        if task not in self._connections:
            self._connections_so_far += 1
            self._connections[task] = self._connections_so_far
        return self._connections[task]

    def _decide(self, call: Call) -> Decision:
        now = asyncio.get_running_loop().time()
        decision = self._account.decide(call, now)
        self.ledger.append(self._entry(call, decision, now))
        return decision

    def _entry(self, call: Call, decision: Decision, now: float) -> Entry:
        answer = decision.answer
        return Entry(
            number=len(self.ledger) + 1,
            at=now,
            wall_time=datetime.now(UTC).isoformat(timespec="microseconds"),
            method=call.method,
            raw_path=call.raw_path,
            id=call.id,
            action=call.action,
            request_id=call.request_id,
            token_ok=call.token_ok,
            body=call.body[:BODY_KEPT_BYTES].decode(errors="replace"),
            http_status=None if answer is None else answer.status,
            trace_id=None if answer is None else answer.trace_id,
            fault=decision.fault,
            acted=decision.acted,
            status_after=None if call.id is None else self.status(call.id),
            limited=decision.limited,
            counted=decision.counted,
            connection=call.connection,
            in_flight=len(self._busy),
        )


async def serve(
    behaviour: Behaviour,
    *,
    host: str,
    port: int,
    ledger_path: Path | None,
    started: Callable[[str], None],
) -> None:
    """Run a stand-in until this is cancelled.

    Args:
        behaviour: what it was asked to be.
        host: a loopback address or `localhost`.
        port: 0 takes a free one.
        ledger_path: the file to which entries of the ledger are appended.
        started: called with the base URL once requests are taken.

    Raises:
        ValueError: the host is not on loopback.
        OSError: the port or the ledger's file cannot be had.
    """
    simulator = Simulator(behaviour, host=host, port=port, ledger_path=ledger_path)
    async with simulator:
        started(simulator.base_url)
        await asyncio.Event().wait()


async def _wait(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def loopback_address(host: str) -> str:
    """Give the address to listen on.

    Raises:
        ValueError: the host is no loopback address, and not `localhost`.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address in LOOPBACK or host == "::1"):
        raise ValueError(f"the stand-in listens on loopback only, not on {host!r}")
    return host


def base_url(address: str, port: int) -> str:
    """Write an address and port as the beginning of a URL."""
    return (
        f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    )
