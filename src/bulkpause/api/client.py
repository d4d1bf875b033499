"""One request over aiohttp. What goes wrong there leaves here as a `Reply`.

Nothing is followed, retried or unpacked behind our back: a redirect is an answer, a
connection that broke is a fault, a compressed body stays compressed. At most 64 KiB
of a body are read.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from yarl import URL

from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.api.proxy import Proxy
from bulkpause.api.response import parse_response
from bulkpause.api.transport import (
    _SENDING,
    _BrokenError,
    _Connector,
    _detail,
    _fault,
    _one_try,
    _Sending,
    _tls,
)
from bulkpause.model import Action, Reply


#: No more of an answer's body than this is read.
MOST_BODY_BYTES = 64 * 1024

_SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds allowed for one attempt: whole, to connect, between two reads."""

    total_s: float
    connect_s: float
    read_s: float

    @classmethod
    def within(cls, total_s: float) -> Self:
        """Share out `total_s` so that each part fails with its own name."""
        return cls(total_s, total_s / 3, total_s * 2 / 3)


class Client:
    """Sends requests to one endpoint over one connection pool.

    Args:
        endpoint: Where to. The token goes nowhere else.
        token: Sent with every request.
        reason: Sent in the body of a pause; None sends an empty object.
        timeouts: For each attempt.
        max_in_flight: The size of the connection pool.
        proxy: Whom to ask for a tunnel to the endpoint, which must be https then.
        logs_keys: Whether `SSLKEYLOGFILE` may ask for the keys of connections, with
            which whoever reads the traffic reads the token.
        now: The wall clock, for `Retry-After` dates.

    Attributes:
        ends_at: When, on the loop's clock, an attempt ends at the latest.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: Token,
        *,
        reason: str | None,
        timeouts: Timeouts,
        max_in_flight: int,
        proxy: Proxy | None = None,
        logs_keys: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ends_at = inf
        self._endpoint = endpoint
        self._body = orjson.dumps({} if reason is None else {"reason": reason})
        self._now = now
        self._token = token
        self._timeouts = timeouts
        self._proxy = proxy
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=max_in_flight,
                ssl=_tls(logs_keys=logs_keys) if endpoint.is_secure else True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "bulkpause",
            },
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, action: Action, id_: str, request_id: str) -> Reply:
        """Make one attempt. Never raises for anything the network can do.

        Raises:
            ValueError: The id is none; nothing was sent.
        """
        sending = _Sending()
        _SENDING.set(sending)
        request = self._request(action, id_, request_id)
        try:
            async with request as response:
                return await self._reply(response, action, id_, sending)
        except (_BrokenError, aiohttp.ClientError, OSError, ValueError) as raised:
            error = raised.__cause__ if isinstance(raised, _BrokenError) else raised
            return Reply(
                received_at=asyncio.get_running_loop().time(),
                sent_at=sending.sent_at,
                is_cold=sending.is_cold,
                error=_fault(error, was_sent=sending.sent_at is not None),
                message=_detail(error),
            )

    def _request(
        self, action: Action, id_: str, request_id: str
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        is_pause = action is Action.PAUSE
        headers = {
            # None of the session's, which go to a proxy as well.
            "Authorization": self._token.header(),
            "X-Request-Id": request_id,
        }
        if is_pause:
            headers["Content-Type"] = "application/json"
        return self._session.request(
            "POST" if is_pause else "GET",
            URL(self._endpoint.url(action, id_), encoded=True),
            data=self._body if is_pause else None,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout(),
            middlewares=() if is_pause else (_one_try,),
            **self._tunnel(),
        )

    def _tunnel(self) -> dict[str, Any]:
        if self._proxy is None:
            return {}
        secret = self._proxy.authorization
        headers = {} if secret is None else {"Proxy-Authorization": secret}
        return {"proxy": self._proxy.url, "proxy_headers": headers}

    def _timeout(self) -> aiohttp.ClientTimeout:
        timeouts = self._timeouts
        left_s = self.ends_at - asyncio.get_running_loop().time()
        return aiohttp.ClientTimeout(
            # None at all, to aiohttp, means as long as it takes.
            total=min(timeouts.total_s, max(left_s, _SHORTEST_S)),
            sock_connect=timeouts.connect_s,
            sock_read=timeouts.read_s,
            ceil_threshold=inf,
        )

    async def _reply(
        self,
        response: aiohttp.ClientResponse,
        action: Action,
        id_: str,
        sending: _Sending,
    ) -> Reply:
        received_at = asyncio.get_running_loop().time()
        # The answer to a read-back is in the body, to a pause in the status.
        needs_body = action is Action.READ and response.status == 200
        body = await _bounded_body(response, needs_all=needs_body)
        answer = parse_response(
            response.headers, body, id_=id_, now=self._now, hide=self._token.hidden_in
        )
        return Reply(
            received_at=received_at,
            sent_at=sending.sent_at,
            is_cold=sending.is_cold,
            http_status=response.status,
            campaign_status=answer.campaign_status,
            rate_limit=answer.rate_limit,
            retry_after_s=answer.retry_after_s,
            trace_id=answer.trace_id,
            title=answer.title,
            message=answer.message,
        )


async def _bounded_body(response: aiohttp.ClientResponse, *, needs_all: bool) -> bytes:
    """Read what there is, up to the bound; a body cut short as far as it goes.

    Raises:
        ClientError, OSError: It was cut short, and all of it was needed.
    """
    body = bytearray()
    try:
        while len(body) <= MOST_BODY_BYTES:
            chunk = await response.content.read(MOST_BODY_BYTES + 1 - len(body))
            if not chunk:
                return bytes(body)
            body += chunk
    except (aiohttp.ClientError, OSError):
        if needs_all:
            raise
    return bytes(body[:MOST_BODY_BYTES])
