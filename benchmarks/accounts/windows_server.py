"""A server with an account for each token, each with fixed windows of its own.

Run as a program it listens on loopback and prints its address. Arguments are the limits,
as in `10/1`. It ends when its standard input ends, and then prints one JSON object: the
requests, the rejections, the accounts, and when the first request of each came.
"""

import asyncio
import json
import sys
import time
from asyncio import Transport
from dataclasses import dataclass, field

from benchmarks.wall_clock.stub_server import END_OF_HEAD, RESPONSE, end_of_request


_TOO_MANY = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
)
_AUTHORIZATION = b"authorization: bearer "


@dataclass(slots=True)
class Account:
    """The windows of one account: the number of each, and the requests in it."""

    first_at: float
    phase_s: float
    windows: dict[float, tuple[int, int]] = field(default_factory=dict)
    requests: int = 0
    rejected: int = 0

    def admits(self, limits: list[tuple[int, float]], now: float) -> bool:
        """Count a request, unless a window is full."""
        counts: dict[float, tuple[int, int]] = {}
        self.requests += 1
        for most, period_s in limits:
            number = int((now + self.phase_s) // period_s)
            window, count = self.windows.get(period_s, (number, 0))
            count = count + 1 if window == number else 1
            if count > most:
                self.rejected += 1
                return False
            counts[period_s] = (number, count)
        self.windows = counts
        return True


class Windows(asyncio.Protocol):
    """One connection, which requests of all accounts may use."""

    accounts: dict[bytes, Account]
    limits: list[tuple[int, float]]

    def __init__(self) -> None:
        self._data = b""
        self._transport: Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := end_of_request(self._data)) is not None:
            head, self._data = self._data[:end], self._data[end:]
            assert self._transport is not None
            self._transport.write(RESPONSE if self._admits(head) else _TOO_MANY)

    def _admits(self, request: bytes) -> bool:
        head = request.partition(END_OF_HEAD)[0].lower()
        token = head.partition(_AUTHORIZATION)[2].partition(b"\r\n")[0]
        now = time.monotonic()
        account = self.accounts.get(token)
        if account is None:
            # Windows of different accounts begin at different times.
            phase_s = hash(token) % 60_000 / 1000
            account = self.accounts[token] = Account(first_at=now, phase_s=phase_s)
        return account.admits(self.limits, now)


async def serve(limits: list[tuple[int, float]]) -> None:
    """Serve until standard input ends."""
    Windows.accounts, Windows.limits = {}, limits
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Windows, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    accounts = Windows.accounts.values()
    print(
        json.dumps(
            {
                "requests": sum(one.requests for one in accounts),
                "rejected": sum(one.rejected for one in accounts),
                "first_at": [one.first_at for one in accounts],
                "cpu_s": time.process_time(),
            }
        )
    )


def _limit(text: str) -> tuple[int, float]:
    most, _, period_s = text.partition("/")
    return int(most), float(period_s)


if __name__ == "__main__":
    asyncio.run(serve(list(map(_limit, sys.argv[1:]))))
