"""Send one HTTP request to Ocamba Hood over aiohttp and return it as a `Reply`.

aiohttp does nothing on its own here: a redirect is a response and is not followed, a
lost connection is a transport error and is not retried, and a compressed body is not
decompressed. At most 64 KiB of a body are read, or 4 MiB of a page. That holds for both
ways of sending: through a session if something traces it, and without one else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from bulkpause._value import value
from bulkpause.api.connections import Connections
from bulkpause.api.credentials import Token
from bulkpause.api.direct import DirectCarrier
from bulkpause.api.endpoint import Endpoint
from bulkpause.api.exchange import Carrier, Exchange
from bulkpause.api.proxy import Proxy
from bulkpause.api.redaction import Redactor
from bulkpause.api.response import clean, http_date, parse_response
from bulkpause.api.session import SessionCarrier
from bulkpause.api.transport import (
    Connector,
    detail_of,
    is_untrusted,
    tls_context,
    transport_error_of,
)
from bulkpause.errors import SettingsError
from bulkpause.model import Reply
from bulkpause.vocabulary import Action


#: At most so much of a page of a list is read: it holds many campaigns.
MAX_PAGE_BYTES = 4 * 1024 * 1024

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "bulkpause",
}


#: What is raised if an attempt gets no valid HTTP response.
FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)


@value
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
        before_sending: Called once a request has its connection, before it is written.
            It gives what has to be waited for; None for nothing.
        connections: Pools that other clients use too; None for one of its own.

    Attributes:
        ends_at: The deadline of every attempt, on the loop's clock.
        rate_limited: How many responses were a 429.

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
        before_sending: Callable[[], Awaitable[None] | None] | None = None,
        connections: Connections | None = None,
    ) -> None:
        _check_aiohttp_agrees(endpoint.base_url)
        if proxy is not None:
            _check_aiohttp_agrees(proxy.url)
        self.ends_at = inf
        self.rate_limited = 0
        self._endpoint = endpoint
        self._body = orjson.dumps({} if reason is None else {"reason": reason})
        self._now = now
        of_proxy = () if proxy is None else proxy.secrets
        self._redact = Redactor((*token.secrets, *of_proxy)).redact
        self._timeout_s = timeout_s
        self._before_sending = before_sending
        self._connector = connector = (
            _own_pool(endpoint, limit=max_in_flight, logs_keys=logs_keys)
            if connections is None
            else connections.pool(logs_keys=logs_keys)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=connections is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        self._carrier = _carrier(
            self._session,
            connector,
            base_url=endpoint.base_url,
            headers={**_HEADERS, "Authorization": token.header()},
            proxy=proxy,
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
        exchange = Exchange(
            method="GET" if action is Action.READ else "POST",
            path=self._endpoint.path(action, id_),
            body=self._body_of(action, body),
            request_id=request_id,
            needs_body=action is Action.READ,
            ends_at=self._next_deadline(),
            before_sending=self._before_sending,
        )
        return await self._reply_to(exchange, id_)

    async def fetch(self, method: str, path: str, request_id: str) -> Fetched:
        """Make a request that is not about one campaign, and give what it answers.

        Args:
            method: GET, or POST without a body.
            path: The path of the URL after that of the base URL, and its query.
            request_id: Unique to the request.
        """
        exchange = Exchange(
            method=method,
            path=path,
            body=None,
            request_id=request_id,
            needs_body=True,
            ends_at=self._next_deadline(),
            before_sending=self._before_sending,
            most_bytes=MAX_PAGE_BYTES,
        )
        reply = await self._reply_to(exchange, "")
        if reply.error is not None or exchange.headers is None:
            return Fetched(reply=reply)
        return Fetched(
            reply=reply,
            body=exchange.received_body,
            served_at=http_date(exchange.headers.get("Date", "")),
        )

    def redact(self, text: str) -> str:
        """Remove the token, and the proxy's password, from a text of the server."""
        return self._redact(text)

    @property
    def tls(self) -> str | None:
        """The TLS version of the last new connection; None without TLS."""
        return self._connector.tls

    async def _reply_to(self, exchange: Exchange, id_: str) -> Reply:
        try:
            await self._carrier.carry_out(exchange)
        except FAILURES as error:
            if not exchange.has_result:
                return self._failed(exchange, error)
        return self._reply(exchange, id_)

    def _body_of(
        self, action: Action, body: Mapping[str, object] | None
    ) -> bytes | None:
        if action is Action.PAUSE:
            return self._body
        return None if body is None else orjson.dumps(body)

    def _next_deadline(self) -> float:
        now = asyncio.get_running_loop().time()
        return min(now + self._timeout_s, self.ends_at)

    def _failed(self, exchange: Exchange, error: Exception) -> Reply:
        detail = detail_of(error)
        was_sent = exchange.sent_at is not None
        return Reply(
            received_at=asyncio.get_running_loop().time(),
            sent_at=exchange.sent_at,
            is_cold=exchange.is_cold,
            error=transport_error_of(error, was_sent=was_sent),
            is_untrusted=is_untrusted(error),
            message=None if detail is None else clean(self._redact(detail)),
        )

    def _reply(self, exchange: Exchange, id_: str) -> Reply:
        parsed = parse_response(
            exchange.headers,
            exchange.received_body,
            id_=id_,
            now=self._now,
            redact=self._redact,
        )
        self.rate_limited += exchange.http_status == 429
        return Reply(
            received_at=exchange.received_at,
            sent_at=exchange.sent_at,
            is_cold=exchange.is_cold,
            http_status=exchange.http_status,
            campaign_status=parsed.campaign_status,
            company_id=parsed.company_id,
            scheduled_time=parsed.scheduled_time,
            update_time=parsed.update_time,
            served_at=parsed.served_at,
            is_campaign_missing=parsed.is_campaign_missing,
            is_contradictory=parsed.is_contradictory,
            rate_limit=parsed.rate_limit,
            retry_after_s=parsed.retry_after_s,
            trace_id=parsed.trace_id,
            title=parsed.title,
            message=parsed.message,
        )


def _own_pool(endpoint: Endpoint, *, limit: int, logs_keys: bool) -> Connector:
    # A context reads all certificates of the system: not for plain text.
    context = tls_context(logs_keys=logs_keys) if endpoint.is_secure else True
    return Connector(limit=limit, ssl=context)


def _carrier(
    session: aiohttp.ClientSession,
    connector: Connector,
    *,
    base_url: str,
    headers: Mapping[str, str],
    proxy: Proxy | None,
) -> Carrier:
    # Nothing sees a request that does not go through its session.
    if session.trace_configs:
        return SessionCarrier(session, base_url=base_url, headers=headers, proxy=proxy)
    return DirectCarrier(connector, base_url=base_url, headers=headers, proxy=proxy)


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
