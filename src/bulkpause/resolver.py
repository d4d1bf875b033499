"""Looks host names up, in threads that nobody has to wait for.

A look-up can not be called off. One that hangs in a thread of the loop's own would hold
up the end of the program for as long as the system's resolver likes.
"""

import asyncio
import socket
from concurrent.futures import Future
from threading import Thread

from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """Asks the operating system; a look-up that hangs ends with the program.

    Raises:
        OSError: The name has no address, or can not be looked up.
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
