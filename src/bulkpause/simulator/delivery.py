"""The ways in which an answer leaves the server, or fails to."""

import asyncio
import socket
import struct

from aiohttp import web

from bulkpause.simulator.answers import Response
from bulkpause.simulator.faults import Delivery


CLIENT_GONE_CHECK_S = 0.02
LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


async def deliver(
    request: web.BaseRequest,
    answer: Response | None,
    delivery: Delivery,
    *,
    slow_byte_interval_s: float,
) -> web.StreamResponse:
    """Give an answer in the way asked for, or none at all.

    Every way but `WHOLE` writes to the connection itself, if anything, and closes it.
    What it returns then finds the connection closed, and is dropped.
    """
    transport = request.transport
    if answer is None:
        await _give_nothing(request, delivery)
        return web.Response()
    if delivery is Delivery.WHOLE or transport is None:
        return web.Response(
            status=answer.status, headers=answer.headers, body=answer.body or None
        )
    if delivery is Delivery.SLOW:
        await _write_slowly(transport, answer.rendered(), slow_byte_interval_s)
    else:
        transport.write(answer.rendered()[: -(len(answer.body) // 2 + 1)])
    transport.close()
    return web.Response()


async def _give_nothing(request: web.BaseRequest, delivery: Delivery) -> None:
    if delivery is Delivery.NEVER:
        await _client_gone(request)
    elif delivery is Delivery.RESET:
        reset(request.transport)
    elif request.transport is not None:
        request.transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Tear a connection down with RST, where there still is one."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT_AT_ALL)
    transport.abort()


async def _write_slowly(
    transport: asyncio.Transport, rendered: bytes, interval_s: float
) -> None:
    for position in range(len(rendered)):
        await asyncio.sleep(interval_s)
        if transport.is_closing():
            return
        transport.write(rendered[position : position + 1])


async def _client_gone(request: web.BaseRequest) -> None:
    # Looked at again and again: to have requests cancelled when their client goes
    # would also stop those that are on their way in, and these must be counted.
    while request.transport is not None:
        await asyncio.sleep(CLIENT_GONE_CHECK_S)
