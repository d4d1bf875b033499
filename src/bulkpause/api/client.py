"""Send one HTTP request to Ocamba Hood over aiohttp and return it as a `Reply`.

aiohttp does nothing on its own here: a redirect is a response and is not followed, a
lost connection is a transport error and is not retried, and a compressed body is not
decompressed. At most 64 KiB of a body are read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from bulkpause.api.connections import Connections
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.api.proxy import Proxy
from bulkpause.api.redaction import Redactor
from bulkpause.api.response import clean, http_date, parse_response
from bulkpause.api.transport import (
    WIRE_TIMING,
    Connector,
    LostConnectionError,
    WireTiming,
    detail_of,
    is_untrusted,
    send_once,
    tls_context,
    transport_error_of,
)
from bulkpause.errors import SettingsError
from bulkpause.model import Action, Reply


#: The rest of a longer response body is not read.
MAX_BODY_BYTES = 64 * 1024
#: The same for a page of a list, which holds many campaigns.
MAX_PAGE_BYTES = 4 * 1024 * 1024

_MIN_TOTAL_S = 0.001


#: What is raised if an attempt gets no valid HTTP response.
FAILURES = (LostConnectionError, aiohttp.ClientError, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to a request that is not about one campaign.

    Attributes:
        reply: The response without its body, or the transport error.
        body: At most `MAX_PAGE_BYTES` of the body.
        served_at: The server's time in the header `Date`; None without one.
    """

    reply: Reply
    body: bytes = b""
    served_at: datetime | None = None


class Client:
    """Sends requests to one endpoint over one connection pool.

    Args:
        endpoint: The API. The token is sent to no other host.
        token: Sent with every request.
        reason: Sent in the body of a pause request; None sends an empty object.
        timeout_s: Seconds for each attempt, from the look-up of the host's name to the
            end of the response. No part of it has a shorter one of its own.
        max_in_flight: The size of the connection pool.
        proxy: The proxy that opens a tunnel to the endpoint, which must be https then.
        logs_keys: Whether TLS keys may be written to the file of `SSLKEYLOGFILE`. With
            them, anyone who captures the traffic can read the token.
        now: The wall clock, for `Retry-After` dates.
        before_sending: Awaited once a request has its connection, before it is written.
        connections: Pools that other clients use too; None for one of its own.

    Attributes:
        ends_at: The deadline of every attempt, on the loop's clock.

    Raises:
        SettingsError: aiohttp would connect to another host than the one checked.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: Token,
        *,
        reason: str | None,
        timeout_s: float,
        max_in_flight: int,
        proxy: Proxy | None = None,
        logs_keys: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        before_sending: Callable[[], Awaitable[None]] | None = None,
        connections: Connections | None = None,
    ) -> None:
        _check_aiohttp_agrees(endpoint.base_url)
        if proxy is not None:
            _check_aiohttp_agrees(proxy.url)
        self.ends_at = inf
        self._endpoint = endpoint
        self._body = orjson.dumps({} if reason is None else {"reason": reason})
        self._now = now
        self._token = token
        of_proxy = () if proxy is None else proxy.secrets
        self._redact = Redactor((*token.secrets, *of_proxy)).redact
        self._timeout_s = timeout_s
        self._proxy = proxy
        self._before_sending = before_sending
        if connections is None:
            is_secure = endpoint.is_secure
            context = tls_context(logs_keys=logs_keys) if is_secure else True
            connector = Connector(limit=max_in_flight, ssl=context)
        else:
            connector = connections.pool(logs_keys=logs_keys)
        self._session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=connections is None,
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

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        """Make one attempt. A failure of the network is returned, never raised.

        Args:
            action: What is asked for.
            id_: The campaign.
            request_id: Sent as `X-Request-Id`.
            body: The body of a resume; None for none.

        Raises:
            ValueError: The id is not valid; nothing was sent.
        """
        timing = WireTiming(before_sending=self._before_sending)
        WIRE_TIMING.set(timing)
        request = self._request(action, id_, request_id, self._body_of(action, body))
        try:
            async with request as response:
                received_at = asyncio.get_running_loop().time()
                # A read-back needs all; the result of an attempt is in the HTTP status.
                needs_all = action is Action.READ and response.status == 200
                answer = await _bounded_body(response, needs_all=needs_all)
                return self._reply(response, answer, id_, received_at, timing)
        except FAILURES as raised:
            return self._failed(raised, timing)

    async def fetch(self, method: str, path: str, request_id: str) -> Fetched:
        """Make a request that is not about one campaign, and give what it answers.

        Args:
            method: GET, or POST without a body.
            path: The path of the URL after that of the base URL, and its query.
            request_id: Unique to the request.
        """
        timing = WireTiming()
        WIRE_TIMING.set(timing)
        try:
            async with self._session.request(
                method,
                URL(f"{self._endpoint.base_url}{path}", encoded=True),
                headers={
                    "Authorization": self._token.header(),
                    "X-Request-Id": request_id,
                },
                allow_redirects=False,
                timeout=self._timeout(),
                middlewares=(send_once,),
                **self._proxy_arguments(),
            ) as response:
                received_at = asyncio.get_running_loop().time()
                body = await _bounded_body(
                    response,
                    needs_all=response.status == 200,
                    most_bytes=MAX_PAGE_BYTES,
                )
                return Fetched(
                    reply=self._reply(response, body, "", received_at, timing),
                    body=body,
                    served_at=http_date(response.headers.get("Date", "")),
                )
        except FAILURES as raised:
            return Fetched(reply=self._failed(raised, timing))

    def redact(self, text: str) -> str:
        """Remove the token, and the proxy's password, from a text of the server."""
        return self._redact(text)

    @property
    def tls(self) -> str | None:
        """The TLS version of the last connection; None without TLS."""
        connector = self._session.connector
        return connector.tls if isinstance(connector, Connector) else None

    def _failed(self, raised: BaseException, timing: WireTiming) -> Reply:
        is_lost = isinstance(raised, LostConnectionError)
        error = raised.__cause__ if is_lost else raised
        was_sent = timing.sent_at is not None
        return Reply(
            received_at=asyncio.get_running_loop().time(),
            sent_at=timing.sent_at,
            is_cold=timing.is_cold,
            error=transport_error_of(error, was_sent=was_sent),
            is_untrusted=is_untrusted(error),
            message=self._detail_of(error),
        )

    def _detail_of(self, error: BaseException | None) -> str | None:
        detail = detail_of(error)
        return None if detail is None else clean(self._redact(detail))

    def _request(
        self, action: Action, id_: str, request_id: str, body: bytes | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        is_read = action is Action.READ
        headers = {
            # Not a header of the session: those are sent to a proxy as well.
            "Authorization": self._token.header(),
            "X-Request-Id": request_id,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._session.request(
            "GET" if is_read else "POST",
            URL(self._endpoint.url(action, id_), encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout(),
            # aiohttp resends a GET only.
            middlewares=(send_once,) if is_read else (),
            **self._proxy_arguments(),
        )

    def _body_of(
        self, action: Action, body: Mapping[str, object] | None
    ) -> bytes | None:
        if action is Action.PAUSE:
            return self._body
        return None if body is None else orjson.dumps(body)

    def _proxy_arguments(self) -> dict[str, Any]:
        if self._proxy is None:
            return {}
        authorization = self._proxy.authorization
        headers = (
            {} if authorization is None else {"Proxy-Authorization": authorization}
        )
        return {"proxy": self._proxy.url, "proxy_headers": headers}

    def _timeout(self) -> aiohttp.ClientTimeout:
        left_s = self.ends_at - asyncio.get_running_loop().time()
        return aiohttp.ClientTimeout(
            # aiohttp takes 0 for "no timeout".
            total=min(self._timeout_s, max(left_s, _MIN_TOTAL_S)),
            ceil_threshold=inf,
        )

    def _reply(
        self,
        response: aiohttp.ClientResponse,
        body: bytes,
        id_: str,
        received_at: float,
        timing: WireTiming,
    ) -> Reply:
        parsed = parse_response(
            response.headers, body, id_=id_, now=self._now, redact=self._redact
        )
        return Reply(
            received_at=received_at,
            sent_at=timing.sent_at,
            is_cold=timing.is_cold,
            http_status=response.status,
            campaign_status=parsed.campaign_status,
            company_id=parsed.company_id,
            scheduled_time=parsed.scheduled_time,
            update_time=parsed.update_time,
            served_at=parsed.served_at,
            is_campaign_missing=parsed.is_campaign_missing,
            rate_limit=parsed.rate_limit,
            retry_after_s=parsed.retry_after_s,
            trace_id=parsed.trace_id,
            title=parsed.title,
            message=parsed.message,
        )


def _check_aiohttp_agrees(url: str) -> None:
    """Check that yarl, by which aiohttp connects, reads a URL as `api.url` did.

    Two parsers that disagree on the host are a known way to divert a request. The
    check is made here because importing yarl would delay every command.

    Raises:
        SettingsError: yarl reads another host or port, or writes the URL differently.
    """
    try:
        parsed = URL(url)
    except ValueError:
        raise SettingsError("the URL is refused: it is not valid") from None
    is_same_host = parsed.host_port_subcomponent == urlsplit(url).netloc
    if not is_same_host or str(parsed) != url:
        raise SettingsError("the URL is refused: it can be read in two ways")


async def _bounded_body(
    response: aiohttp.ClientResponse,
    *,
    needs_all: bool,
    most_bytes: int = MAX_BODY_BYTES,
) -> bytes:
    """Read a body up to the maximum length, or up to where it breaks off.

    Raises:
        ClientError, OSError: It broke off, and all of it was needed.
    """
    body = bytearray()
    try:
        while len(body) <= most_bytes:
            chunk = await response.content.read(most_bytes + 1 - len(body))
            if not chunk:
                return bytes(body)
            body += chunk
    except (aiohttp.ClientError, OSError):
        if needs_all:
            raise
    return bytes(body[:most_bytes])
