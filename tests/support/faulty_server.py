"""A raw server on loopback that sends scripted bytes, and the behaviours to script it.

A behaviour is an async function of a reader and a writer that handles one connection in
any way it likes. When it returns, the connection is closed.
"""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self, SupportsIndex

from bulkpause.api.endpoint import Endpoint


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
#: A response in bytes leaves the connection open; a behaviour takes the connection over.
Response = bytes | Behaviour

OK = b"HTTP/1.1 200 OK\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

#: Longer than any test. The connection is closed earlier, by the client or the server.
_HANG_S = 60


def http_response(
    status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
) -> bytes:
    """Build a complete, correct response."""
    pairs = [("Content-Length", str(len(body))), *headers]
    lines = [f"HTTP/1.1 {status} Word", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join([*lines, "", ""]).encode() + body


class FaultyServer:
    """Runs a behaviour for every connection, and keeps every byte received.

    Args:
        behaviour: Handles each connection.
        tls: Certificate and TLS versions of the server; None means plain text.
    """

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        #: The raw bytes received on each connection, in the order of opening.
        self.received: list[bytearray] = []

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def endpoint(self) -> Endpoint:
        scheme = "https" if self._tls else "http"
        return Endpoint(f"{scheme}://127.0.0.1:{self.port}")

    @property
    def requests(self) -> list[bytes]:
        """The request line of every request, connection by connection."""
        return [
            line
            for connection in self.received
            for line in re.findall(rb"[A-Z]+ [^\r\n]+ HTTP/1\.1", connection)
        ]

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._protocol, "127.0.0.1", 0, ssl=self._tls, backlog=1000
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        tasks = list(self._open)
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        self.received.append(bytearray())
        reader = _RecordingReader(self.received[-1])
        return asyncio.StreamReaderProtocol(reader, self._serve)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._behaviour(reader, writer)
        finally:
            del self._open[task]
            writer.close()


class _RecordingReader(asyncio.StreamReader):
    def __init__(self, record: bytearray) -> None:
        super().__init__()
        self._record = record
        #: A request that was read already, for the next `read_request`.
        self.pushed_back: bytes | None = None

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self._record.extend(data)
        super().feed_data(data)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, headers and body."""
    if isinstance(reader, _RecordingReader) and reader.pushed_back is not None:
        request, reader.pushed_back = reader.pushed_back, None
        return request
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST in place of FIN."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def responding(*responses: bytes) -> Behaviour:
    """Respond to the requests of a connection in turn, then wait for the client."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for response in responses:
            await read_request(reader)
            writer.write(response)
            await writer.drain()
        await reader.read()

    return behave


def choosing(choose: Callable[[bytes], Response]) -> Behaviour:
    """Choose a response for each request, or a behaviour that takes over."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert isinstance(reader, _RecordingReader)
        while isinstance(
            response := choose(request := await read_request(reader)), bytes
        ):
            writer.write(response)
            await writer.drain()
        reader.pushed_back = request
        await response(reader, writer)

    return behave


def sending(*parts: bytes) -> Behaviour:
    """Read a request, send parts 20 ms apart, and close the connection."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)

    return behave


def sending_then_hanging(*parts: bytes) -> Behaviour:
    """Do as `sending`, but keep the connection open until the client closes it."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await sending(*parts)(reader, writer)
        await reader.read()

    return behave


def sending_then_resetting(*parts: bytes) -> Behaviour:
    """Do as `sending`, but end with a reset."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await sending(*parts)(reader, writer)
        reset(writer)

    return behave


def dripping(start: bytes, drop: bytes) -> Behaviour:
    """Send a start, then a drop every 30 ms (within any read timeout) without end."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.03)

    return behave


def flooding(start: bytes, drop: bytes) -> Behaviour:
    """Send a start, then drops as fast as the client reads, without end."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await sending(start)(reader, writer)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0)

    return behave


async def hanging_unread(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Neither read nor send."""
    await asyncio.sleep(_HANG_S)


async def hanging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one byte, then neither read nor send."""
    await reader.read(1)
    await asyncio.sleep(_HANG_S)


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one byte, then close the connection."""
    await reader.read(1)


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one byte, then reset the connection."""
    await reader.read(1)
    reset(writer)


async def responding_in_plain_text(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send an HTTP response in plain text after one byte of any protocol."""
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()
