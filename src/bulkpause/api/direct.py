"""Carry out exchanges on the connections of aiohttp's pool, without a session.

Look-ups, connecting, TLS, tunnels, the pool and the parser are aiohttp's. A session does
more for each request than this API needs: cookies, redirects, a URL and headers built
from their parts. Without it a request takes about half of the time.
"""

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from multidict import CIMultiDict
from yarl import URL

from bulkpause.api.deadlines import Deadlines
from bulkpause.api.exchange import Exchange
from bulkpause.api.proxy import Proxy
from bulkpause.api.transport import Connector


class _Target(aiohttp.ClientRequest):
    """Tells the connector where to connect, for all requests."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """The key of the connections in the pool, which is the same each time."""
        return super().connection_key


class DirectCarrier:
    """Writes each request to a connection of a pool, and reads its response from that.

    Args:
        connector: The pool. It notes in the exchange when a request is sent.
        base_url: The base URL of the API.
        headers: Sent with every request. No repr of the carrier shows them.
        proxy: The proxy that opens a tunnel to the API.
    """

    __slots__ = ("_connector", "_deadlines", "_head", "_path", "_target")

    def __init__(
        self,
        connector: Connector,
        *,
        base_url: str,
        headers: Mapping[str, str],
        proxy: Proxy | None,
    ) -> None:
        url = URL(base_url, encoded=True)
        host = url.host_port_subcomponent or ""
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self._connector = connector
        self._deadlines = Deadlines(_end)
        self._path = url.raw_path.rstrip("/")
        self._head = f" HTTP/1.1\r\nHost: {host}\r\n{''.join(lines)}X-Request-Id: "
        self._target = _Target("GET", url, **_proxy_arguments(proxy, host))

    async def carry_out(self, exchange: Exchange) -> None:
        """Send a request, and note its response: see `Carrier`."""
        data = self._encode(exchange)
        kept = self._connector.kept(self._target)
        connection = kept or await self._connection(exchange)
        try:
            permission = exchange.permission()
            if permission is not None:
                async with asyncio.timeout_at(exchange.ends_at):
                    await permission
            # One that was kept was looked at just now.
            if kept is None or permission is not None:
                self._connector.check(connection, exchange)
            await self._send_and_receive(exchange, data, connection.protocol)
        except BaseException:
            connection.close()
            raise
        self._connector.keep(self._target, connection)

    async def _connection(self, exchange: Exchange) -> Connection:
        idle = await self._connector.idle(self._target)
        if idle is not None:
            return idle
        async with asyncio.timeout_at(exchange.ends_at):
            return await self._connector.open(self._target)

    async def _send_and_receive(
        self, exchange: Exchange, data: bytes, protocol: ResponseHandler | None
    ) -> None:
        transport = None if protocol is None else protocol.transport
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError
        protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        exchange.sent_at = asyncio.get_running_loop().time()
        transport.write(data)
        self._deadlines.add(protocol, exchange.ends_at)
        try:
            message, stream = await protocol.read()
            while 100 <= message.code < 200 and message.code != 101:
                message, stream = await protocol.read()
        finally:
            self._deadlines.discard(protocol)
        exchange.note_head(message.code, message.headers)
        if not stream.at_eof():
            async with asyncio.timeout_at(exchange.ends_at):
                await exchange.read_body(stream)

    def _encode(self, exchange: Exchange) -> bytes:
        """Write a request as bytes.

        Raises:
            ValueError: The request id could end its header.
        """
        if not exchange.request_id.isprintable():
            raise ValueError(exchange.request_id)
        head = (
            f"{exchange.method} {self._path}{exchange.path}"
            f"{self._head}{exchange.request_id}\r\n"
        )
        body = exchange.body
        if body is None:
            # Some servers refuse a POST that does not say it has no body.
            length = "" if exchange.method == "GET" else "Content-Length: 0\r\n"
            return f"{head}{length}\r\n".encode()
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def _end(protocol: ResponseHandler) -> None:
    protocol.set_exception(TimeoutError())


def _proxy_arguments(proxy: Proxy | None, host: str) -> dict[str, Any]:
    if proxy is None:
        return {}
    # With its host from the start: the pool finds a tunnel by its headers, to which
    # aiohttp adds this one when it connects.
    headers = CIMultiDict({"Host": host})
    if proxy.authorization is not None:
        headers["Proxy-Authorization"] = proxy.authorization
    return {"proxy": URL(proxy.url), "proxy_headers": headers}
