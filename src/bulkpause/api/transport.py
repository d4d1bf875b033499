"""Connections, TLS and host names beneath the client, and the names of their errors."""

import asyncio
import os
import socket
import ssl
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Thread
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from bulkpause.api.response import clean
from bulkpause.model import TransportError


class _BrokenError(Exception):
    """Carries aiohttp's error past its own silent second try of a GET."""


@dataclass(slots=True)
class _Sending:
    """When a request was written, and whether as the first on its connection."""

    sent_at: float | None = None
    is_cold: bool = False


#: Of the request that the present task makes.
_SENDING: ContextVar[_Sending] = ContextVar("sending")


class _Connector(aiohttp.TCPConnector):
    """Gives no connection on which something came that nobody asked for.

    It would be taken for the answer to the next request. As soon as there is a
    connection, aiohttp writes the request to it, so that this is its moment.
    """

    def __init__(self, *, limit: int, ssl: ssl.SSLContext | bool) -> None:
        super().__init__(limit=limit, ssl=ssl, resolver=Resolver())
        self._warm: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's own)
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        protocol, sending = connection.protocol, _SENDING.get()
        if protocol is None or protocol.should_close:
            connection.close()
            raise aiohttp.ClientPayloadError
        if protocol not in self._warm:
            self._warm.add(protocol)
            sending.is_cold = True
        sending.sent_at = asyncio.get_running_loop().time()
        return connection


def _tls(*, logs_keys: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not logs_keys:
        # None closes the file, which the declaration leaves out.
        context.keylog_filename = None  # type: ignore[assignment]
    return context


async def _one_try(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET twice, which would take no slot."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenError from error


def _fault(error: BaseException | None, *, was_sent: bool) -> TransportError:
    # From the most particular to the most general: the classes inherit widely.
    known: tuple[tuple[type[BaseException], TransportError], ...] = (
        (aiohttp.ClientConnectorDNSError, TransportError.DNS),
        (aiohttp.ClientSSLError, TransportError.TLS),
        (aiohttp.ClientConnectorCertificateError, TransportError.TLS),
        (aiohttp.ServerFingerprintMismatch, TransportError.TLS),
        (aiohttp.ClientHttpProxyError, TransportError.PROXY),
        (aiohttp.ClientProxyConnectionError, TransportError.PROXY),
        (
            TimeoutError,
            TransportError.READ_TIMEOUT if was_sent else TransportError.CONNECT_TIMEOUT,
        ),
        (aiohttp.ServerDisconnectedError, TransportError.HANG_UP),
        (OSError, TransportError.RESET if was_sent else TransportError.REFUSED),
        (
            aiohttp.ClientConnectionError,
            TransportError.RESET if was_sent else TransportError.REFUSED,
        ),
    )
    return next(
        (fault for kind, fault in known if isinstance(error, kind)),
        TransportError.MALFORMED,
    )


def _detail(error: BaseException | None) -> str | None:
    """Name the operating system's reason. An exception's own text may hold headers."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return clean(error.verify_message)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return clean(f"HTTP {error.status} {error.message}")
    if not isinstance(error, OSError) or not isinstance(error.strerror, str):
        return None
    # The event loop's own words name the address and leave the reason out.
    has_reason = not error.strerror.startswith("Connect call failed")
    return clean(error.strerror if has_reason else os.strerror(error.errno or 0))


class Resolver(AbstractResolver):
    """Asks the operating system; a look-up that hangs ends with the program.

    Raises:
        OSError: The name has no address, or cannot be looked up.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found: Future[list[ResolveResult]] = Future()

        def look_up() -> None:
            found.set_running_or_notify_cancel()
            try:
                found.set_result(_look_up(host, port, family))
            except Exception as error:  # noqa: BLE001 (it is handed on)
                found.set_exception(error)

        Thread(target=look_up, name=f"resolver-{host}", daemon=True).start()
        return await asyncio.wrap_future(found)

    async def close(self) -> None:
        pass


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(
        host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in found
    ]
