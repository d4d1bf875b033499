"""Carry out exchanges through `aiohttp.ClientSession`, whose requests can be traced.

Instrumentation, such as that of OpenTelemetry, adds trace configs to each session. Only
a request that goes through its session gets a span.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from math import inf
from typing import Any

import aiohttp
from yarl import URL

from bulkpause.api.exchange import EXCHANGE, Exchange
from bulkpause.api.proxy import Proxy


_MIN_TOTAL_S = 0.001


class LostConnectionError(Exception):
    """Carries aiohttp's error past aiohttp's own silent resend of a GET."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        super().__init__()
        self.error = error


class SessionCarrier:
    """Leaves each request to a session, which does not follow, store or resend anything.

    Args:
        session: Its connector notes in the exchange when a request is sent.
        base_url: The base URL of the API.
        headers: Sent with every request.
        proxy: The proxy that opens a tunnel to the API.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        headers: Mapping[str, str],
        proxy: Proxy | None,
    ) -> None:
        self._session = session
        self._base_url = base_url
        # Not of the session: its headers are sent to a proxy as well.
        self._headers = headers
        self._proxy_arguments = _proxy_arguments(proxy)

    async def carry_out(self, exchange: Exchange) -> None:
        """Send a request, and note its response: see `Carrier`."""
        EXCHANGE.set(exchange)
        try:
            async with self._request(exchange) as response:
                exchange.note_head(response.status, response.headers)
                await exchange.read_body(response.content)
        except LostConnectionError as lost:
            raise lost.error from None

    def _request(
        self, exchange: Exchange
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers = {**self._headers, "X-Request-Id": exchange.request_id}
        if exchange.body is not None:
            headers["Content-Type"] = "application/json"
        return self._session.request(
            exchange.method,
            URL(self._base_url + exchange.path, encoded=True),
            data=exchange.body,
            headers=headers,
            # aiohttp names a type even where there is no body.
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            timeout=_timeout(exchange.ends_at),
            # aiohttp resends a GET only.
            middlewares=(_send_once,) if exchange.method == "GET" else (),
            **self._proxy_arguments,
        )


def _proxy_arguments(proxy: Proxy | None) -> dict[str, Any]:
    if proxy is None:
        return {}
    authorization = proxy.authorization
    headers = {} if authorization is None else {"Proxy-Authorization": authorization}
    return {"proxy": proxy.url, "proxy_headers": headers}


def _timeout(ends_at: float) -> aiohttp.ClientTimeout:
    left_s = ends_at - asyncio.get_running_loop().time()
    # aiohttp takes 0 for "no timeout".
    return aiohttp.ClientTimeout(total=max(left_s, _MIN_TOTAL_S), ceil_threshold=inf)


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET twice: the second would use no slot.

    Raises:
        LostConnectionError: The connection was lost.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise LostConnectionError(error) from error
