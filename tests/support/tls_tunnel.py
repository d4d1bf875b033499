"""A proxy that opens tunnels, as a behaviour of a `FaultyServer`."""

import asyncio
import re


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept a CONNECT request to loopback, and forward bytes in both directions."""
    head = await reader.readuntil(b"\r\n\r\n")
    match = re.match(rb"CONNECT 127\.0\.0\.1:(\d+) HTTP/1\.1\r\n", head)
    assert match is not None
    api_reader, api_writer = await asyncio.open_connection("127.0.0.1", int(match[1]))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(forward(reader, api_writer))
            group.create_task(forward(api_reader, writer))
    finally:
        api_writer.close()


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
