"""A server on loopback that misbehaves by script.

A behaviour is an async function of a reader and a writer. It has a connection to
itself and may do with it what it likes; when it returns, the connection is closed.
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


class FaultyServer:
    """Gives every connection to a behaviour, and keeps every byte that came in.

    Args:
        behaviour: What is done with each connection.
        tls: What to secure connections with; None speaks plain text.
    """

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        #: The raw bytes of each connection, in the order in which they were opened.
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
        """The first line of every request, connection by connection."""
        return [
            line
            for raw in self.received
            for line in re.findall(rb"[A-Z]+ [^\r\n]+ HTTP/1\.1", raw)
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
        #: A request that was read, and is to be read again.
        self.in_hand: bytes | None = None

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self._record.extend(data)
        super().feed_data(data)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, head and body."""
    if isinstance(reader, _RecordingReader) and reader.in_hand is not None:
        request, reader.in_hand = reader.in_hand, None
        return request
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


def answering(*answers: bytes) -> Behaviour:
    """Answer the requests of a connection in turn, then wait for its end."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)
            await writer.drain()
        await reader.read()

    return behave


def hanging_up_after(*answers: bytes) -> Behaviour:
    """Answer the requests of a connection in turn, then close it in good order."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)
            await writer.drain()

    return behave


def choosing(choose: Callable[[bytes], bytes | Behaviour]) -> Behaviour:
    """Let each request choose its answer, or what becomes of its connection."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert isinstance(reader, _RecordingReader)
        while isinstance(
            chosen := choose(request := await read_request(reader)), bytes
        ):
            writer.write(chosen)
            await writer.drain()
        reader.in_hand = request
        await chosen(reader, writer)

    return behave


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset in place of an end."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
