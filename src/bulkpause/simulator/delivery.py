"""Send a response in full, slowly or cut short, or break the connection."""

import asyncio
import socket
import struct
import sys

from aiohttp import web

from bulkpause.simulator.faults import Delivery
from bulkpause.simulator.responses import Response


DISCONNECT_CHECK_S = 0.02
#: The option's two numbers, of which the second is the seconds to linger.
_LINGER = "hh" if sys.platform == "win32" else "ii"
NO_LINGER = struct.pack(_LINGER, 1, 0)


async def deliver(
    request: web.BaseRequest,
    response: Response | None,
    delivery: Delivery,
    *,
    slow_byte_interval_s: float,
) -> web.StreamResponse:
    """Send a response in the given way, or none at all.

    Every way but `WHOLE` writes to the connection itself, if anything, and closes it.
    The returned response then finds the connection closed, and is dropped.
    """
    transport = request.transport
    if response is None:
        await _send_nothing(request, delivery)
        return web.Response()
    if delivery is Delivery.WHOLE or transport is None:
        return web.Response(
            status=response.status, headers=response.headers, body=response.body or None
        )
    if delivery is Delivery.SLOW:
        await _write_slowly(transport, response.rendered(), slow_byte_interval_s)
    else:
        transport.write(response.rendered()[: -(len(response.body) // 2 + 1)])
    transport.close()
    return web.Response()


async def _send_nothing(request: web.BaseRequest, delivery: Delivery) -> None:
    if delivery is Delivery.NEVER:
        await _wait_for_disconnect(request)
    elif delivery is Delivery.RESET:
        reset(request.transport)
    elif request.transport is not None:
        request.transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Close a connection with RST, if it is still open."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()


async def _write_slowly(
    transport: asyncio.Transport, rendered: bytes, interval_s: float
) -> None:
    for position in range(len(rendered)):
        await asyncio.sleep(interval_s)
        if transport.is_closing():
            return
        transport.write(rendered[position : position + 1])


async def _wait_for_disconnect(request: web.BaseRequest) -> None:
    # Polled, because cancelling requests of disconnected clients would also cancel
    # those that are still delayed on the way in, and these must be counted.
    while request.transport is not None:
        await asyncio.sleep(DISCONNECT_CHECK_S)
