"""What a proxy does for a connection over TLS."""

import asyncio
import re


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do as a proxy does: connect, say so, and carry bytes both ways."""
    head = await reader.readuntil(b"\r\n\r\n")
    match = re.match(rb"CONNECT 127\.0\.0\.1:(\d+) HTTP/1\.1\r\n", head)
    assert match is not None
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(match[1]))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(reader, far_writer))
            group.create_task(carry(far_reader, writer))
    finally:
        far_writer.close()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
