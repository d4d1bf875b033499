"""Serve HTTP on loopback: delay, decide and record each request, then respond."""

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from aiohttp import web

from bulkpause.simulator.account import Account, Outcome
from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.call import Call, is_token_accepted
from bulkpause.simulator.campaign import Campaign
from bulkpause.simulator.delivery import deliver
from bulkpause.simulator.faults import Fault
from bulkpause.simulator.ledger import Entry, Ledger


LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
BODY_KEPT_BYTES = 4096
STOP_WITHIN_S = 0.5
#: The company of the campaigns, and of the first token.
_FIRST_COMPANY = 1_000_000


def loopback_address(host: str) -> str:
    """Give the address to listen on.

    Raises:
        ValueError: The host is neither a loopback address nor `localhost`.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address in LOOPBACK or host == "::1"):
        raise ValueError(f"the simulator listens on loopback only, not on {host!r}")
    return host


def base_url(address: str, port: int) -> str:
    """Give the URL of an address and port, without a slash at the end."""
    return (
        f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    )


class Simulator:
    """A simulator of the Ocamba Hood API on loopback. Use it with `async with`.

    It can be started again after a stop, and then has the same port, campaigns,
    windows, scripts and ledger as before.

    Args:
        behaviour: Its options; the documented behaviour by default.
        host: A loopback address or `localhost`.
        port: 0 takes a free one.
        ledger_path: The file to which the entries of the ledger are appended.

    Raises:
        ValueError: The host is not on loopback.
        OSError: On start, if the port is taken or the ledger file cannot be opened.
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
        self._accounts = {
            company_id: Account(self.behaviour, company_id=company_id)
            for company_id in self.behaviour.accounts.values()
        }
        self._companies = {**self.behaviour.accounts}
        self._network = self.behaviour.network
        self._random = Random(self.behaviour.seed)
        self._listener: asyncio.Server | None = None
        self._protocols: web.Server | None = None
        # The HTTP server keeps one task for as long as a connection lasts. The task
        # identifies the connection, and cancelling it ends the current request.
        self._connections: WeakKeyDictionary[asyncio.Task[None], int]
        self._connections = WeakKeyDictionary()
        self._connection_count = 0
        self._busy: set[asyncio.Task[None]] = set()
        self._admitted = 0

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end; known after the start."""
        return base_url(self._address, self._port)

    def status(self, campaign_id: str, company_id: str | None = None) -> str:
        """Give the status of a campaign, of a company if there are several accounts."""
        return self._account_of(company_id).status(campaign_id)

    def _account_of(self, company_id: str | None) -> Account:
        return self._accounts.get(company_id or "", self._account)

    def _companies_with(self, authorization: str) -> Mapping[str, str]:
        """Give the companies by token; a new token may be a company of its own."""
        is_new = self.behaviour.account_per_token and is_token_accepted(
            authorization, self.behaviour.token
        )
        token = authorization.partition(" ")[2]
        if is_new and token not in self._companies:
            company_id = str(_FIRST_COMPANY + len(self._companies))
            if self._companies:  # the first has the account that is there
                account = Account(self.behaviour, company_id=company_id)
                self._accounts[company_id] = account
            self._companies[token] = company_id
        return self._companies

    def put(self, campaign: Campaign, company_id: str | None = None) -> None:
        """Create or change a campaign, as another client would.

        Args:
            campaign: The campaign.
            company_id: Its company, if there are several accounts.
        """
        self._account_of(company_id).put(campaign)

    def inject(self, fault: Fault | None) -> None:
        """Inject one fault into every request from now on; None: the planned ones."""
        self._account.always = fault

    def spend(self, requests: int) -> None:
        """Count requests that other clients make on the account at this moment."""
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
        # Everything that must happen comes before the first wait, since a cancelled
        # caller does not get past it.
        busy = self._stop()
        self.ledger.close()
        if busy:
            await asyncio.wait(busy, timeout=STOP_WITHIN_S)
        await asyncio.sleep(0)  # lets idle connections close

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
            return web.Response()  # stopped: its connection is closed already
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
            return web.Response(status=400)  # the request is incomplete
        await _wait(self._delay_s() + (self._network.setup_s if is_cold else 0.0))
        call = Call.of(
            request.method,
            request.raw_path,
            request.headers,
            body,
            token=self.behaviour.token,
            accounts=self._companies_with(request.headers.get("Authorization", "")),
            connection=connection,
            admitted=admitted,
        )
        outcome = self._decide(call)
        await _wait(self._delay_s())
        return await deliver(
            request,
            outcome.response,
            outcome.delivery,
            slow_byte_interval_s=self.behaviour.slow_byte_interval_s,
        )

    def _delay_s(self) -> float:
        return self._network.draw_one_way_s(self._random)

    def _connection(self, task: asyncio.Task[None]) -> int:
        if task not in self._connections:
            self._connection_count += 1
            self._connections[task] = self._connection_count
        return self._connections[task]

    def _decide(self, call: Call) -> Outcome:
        loop = asyncio.get_running_loop()
        now = loop.time()
        outcome = self._account_of(call.company_id).decide(call, now)
        entry = self._entry(call, outcome, now)
        self.ledger.append(entry)
        if outcome.is_late:
            loop.call_later(self.behaviour.late_s, self._act_late, call, entry)
        return outcome

    def _act_late(self, call: Call, entry: Entry) -> None:
        now = asyncio.get_running_loop().time()
        account = self._account_of(entry.company_id)
        if entry.id is not None and account.act_late(call, now):
            acted = replace(entry, acted=True, status_after=account.status(entry.id))
            self.ledger.put(acted)

    def _entry(self, call: Call, outcome: Outcome, now: float) -> Entry:
        response = outcome.response
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
            http_status=None if response is None else response.status,
            trace_id=None if response is None else response.trace_id,
            fault=outcome.fault,
            acted=outcome.acted,
            status_after=None
            if call.id is None
            else self.status(call.id, call.company_id),
            limited=outcome.limited,
            counted=outcome.counted,
            connection=call.connection,
            in_flight=len(self._busy),
            company_id=call.company_id,
        )


async def serve(
    behaviour: Behaviour,
    *,
    host: str,
    port: int,
    ledger_path: Path | None,
    started: Callable[[str], None],
) -> None:
    """Run a simulator until this is cancelled.

    Args:
        behaviour: Its options.
        host: A loopback address or `localhost`.
        port: 0 takes a free one.
        ledger_path: The file to which the entries of the ledger are appended.
        started: Called with the base URL once requests are accepted.

    Raises:
        ValueError: The host is not on loopback.
        OSError: The port is taken, or the ledger file cannot be opened.
    """
    simulator = Simulator(behaviour, host=host, port=port, ledger_path=ledger_path)
    async with simulator:
        started(simulator.base_url)
        await asyncio.Event().wait()


async def _wait(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)
