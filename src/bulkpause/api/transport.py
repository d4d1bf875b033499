"""Open connections for the client, with TLS and DNS, and classify their errors."""

import asyncio
import os
import socket
import ssl
from concurrent.futures import Future
from math import inf
from threading import Thread
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from bulkpause.api.exchange import EXCHANGE, Exchange
from bulkpause.vocabulary import TransportError


#: The most connections to one host that are opened at a time. Many accounts would open
#: thousands at once, and wait for all of them before the first request is written.
MOST_OPENING = 200
#: The exchange has its own deadline, which holds for the connection too.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, ceil_threshold=inf)


class Connector(aiohttp.TCPConnector):
    """A connection pool that notes when a request is sent, and drops stray data.

    Data that arrived before the request would be taken for its response. The request is
    written as soon as it has a connection: `connect` is the last moment to check for
    such data, and the moment to note as the time of sending.

    Args:
        limit: The most connections.
        ssl: How to verify the server.

    Attributes:
        tls: The TLS version of the last new connection; None without TLS.
    """

    def __init__(self, *, limit: int, ssl: ssl.SSLContext | bool) -> None:
        super().__init__(limit=limit, ssl=ssl, resolver=Resolver())
        self._warm: WeakSet[ResponseHandler] = WeakSet()
        self._opening: dict[ConnectionKey, asyncio.Semaphore] = {}
        #: Connections that a request of this turn of the event loop may use.
        self._kept: dict[aiohttp.ClientRequest, list[Connection]] = {}
        self.tls: str | None = None

    def kept(self, target: aiohttp.ClientRequest) -> Connection | None:
        """Take a connection that was kept in this turn; None if there is none.

        Where others wait for a connection, none is: they come first.
        """
        kept = None if self._waiters else self._kept.get(target)
        while kept:
            connection = kept.pop()
            if _is_clean(connection):
                return connection
            connection.close()
        return None

    async def idle(self, target: aiohttp.ClientRequest) -> Connection | None:
        """Take an idle connection from the pool; None if there is none."""
        return await self._get(target.connection_key, [])

    def keep(self, target: aiohttp.ClientRequest, connection: Connection) -> None:
        """Take a connection back whose response has come.

        It serves a request to the same target that follows at once, and is given to the
        pool if none does, which closes one that could give a wrong response.
        """
        if not self._kept:
            asyncio.get_running_loop().call_soon(self._release_kept)
        self._kept.setdefault(target, []).append(connection)

    def _release_kept(self) -> None:
        kept, self._kept = self._kept, {}
        for connections in kept.values():
            for connection in connections:
                connection.release()

    async def open(self, target: aiohttp.ClientRequest) -> Connection:
        """Wait for a connection to a target, which may be a new one.

        Raises:
            ClientError, OSError: There is none.
        """
        return await self._connect(target, [], _NO_TIMEOUT)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's own)
    ) -> Connection:
        connection = await self._connect(req, traces, timeout)
        exchange = EXCHANGE.get()
        try:
            if (permission := exchange.permission()) is not None:
                await permission
            self.check(connection, exchange)
            exchange.sent_at = asyncio.get_running_loop().time()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _connect(
        self,
        target: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's own)
    ) -> Connection:
        key = target.connection_key
        if key not in self._opening:
            self._opening[key] = asyncio.Semaphore(MOST_OPENING)
        async with self._opening[key]:
            return await super().connect(target, traces, timeout)

    def check(self, connection: Connection, exchange: Exchange) -> None:
        """Check that a request may be written to a connection, and note if it is new.

        Raises:
            ClientPayloadError: There is stray data on it, or it was closed.
        """
        protocol = connection.protocol
        if protocol is None or protocol.should_close:
            raise aiohttp.ClientPayloadError
        if protocol not in self._warm:
            self._warm.add(protocol)
            exchange.is_cold = True
            self.tls = _tls_version(connection)


def _is_clean(connection: Connection) -> bool:
    """Tell whether a connection is open, and nothing came on it but its response."""
    protocol = connection.protocol
    return (
        protocol is not None and protocol.is_connected() and not protocol.should_close
    )


def _tls_version(connection: Connection) -> str | None:
    transport = connection.transport
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    return None if tls is None else tls.version()


def tls_context(*, logs_keys: bool) -> ssl.SSLContext:
    """Make a context that verifies certificates.

    Args:
        logs_keys: Whether the keys may be written to the file of `SSLKEYLOGFILE`.
    """
    context = ssl.create_default_context()
    if not logs_keys:
        # None closes the file; the type stub does not allow it.
        context.keylog_filename = None  # type: ignore[assignment]
    return context


#: An exception, and its transport error if it was raised before the request was
#: written, and after.
#: From the most specific class to the most general: many inherit from each other.
_ERRORS: tuple[tuple[type[BaseException], TransportError, TransportError], ...] = (
    (aiohttp.ClientConnectorDNSError, TransportError.DNS, TransportError.DNS),
    (aiohttp.ClientConnectorCertificateError, TransportError.TLS, TransportError.TLS),
    (aiohttp.ClientSSLError, TransportError.TLS, TransportError.TLS),
    (aiohttp.ClientHttpProxyError, TransportError.PROXY, TransportError.PROXY),
    (aiohttp.ClientProxyConnectionError, TransportError.PROXY, TransportError.PROXY),
    (TimeoutError, TransportError.CONNECT_TIMEOUT, TransportError.READ_TIMEOUT),
    (aiohttp.ServerDisconnectedError, TransportError.HANG_UP, TransportError.HANG_UP),
    (OSError, TransportError.REFUSED, TransportError.RESET),
    (aiohttp.ClientConnectionError, TransportError.REFUSED, TransportError.RESET),
)


def transport_error_of(
    error: BaseException | None, *, was_sent: bool
) -> TransportError:
    """Classify an exception by its class and by whether the request was written."""
    for kind, before_sending, after_sending in _ERRORS:
        if isinstance(error, kind):
            return after_sending if was_sent else before_sending
    return TransportError.MALFORMED


def is_untrusted(error: BaseException | None) -> bool:
    """Tell whether an exception means that a certificate does not verify."""
    return isinstance(error, aiohttp.ClientConnectorCertificateError)


def detail_of(error: BaseException | None) -> str | None:
    """Give the operating system's, OpenSSL's or the proxy's reason for an error.

    Never the exception's own text, which may contain headers and so the token. What is
    given is not clean yet, and may repeat a secret.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"HTTP {error.status} {error.message}"
    if not isinstance(error, OSError) or not isinstance(error.strerror, str):
        return None
    # The event loop's own text names the address and omits the reason.
    has_reason = not error.strerror.startswith("Connect call failed")
    return error.strerror if has_reason else os.strerror(error.errno or 0)


class Resolver(AbstractResolver):
    """Resolves host names with the operating system, in daemon threads.

    Python waits for the threads of an executor at exit, so that a look-up that hangs
    would keep the program from ending.

    Raises:
        OSError: The name has no address, or cannot be resolved.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses: Future[list[ResolveResult]] = Future()

        def look_up() -> None:
            addresses.set_running_or_notify_cancel()
            try:
                addresses.set_result(_look_up(host, port, family))
            except Exception as error:  # noqa: BLE001 (passed on to the waiting task)
                addresses.set_exception(error)

        Thread(target=look_up, name=f"resolver-{host}", daemon=True).start()
        return await asyncio.wrap_future(addresses)

    async def close(self) -> None:
        pass


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    """Find the addresses that this machine can use.

    Some systems refuse to say which these are, or have none but loopback: then all.
    """
    try:
        return _addresses(host, port, family, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:  # no server of names answers
            raise
        return _addresses(host, port, family)


def _addresses(
    host: str, port: int, family: socket.AddressFamily, *, flags: int = 0
) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=family_of_address,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for family_of_address, _, protocol, _, address in found
    ]
