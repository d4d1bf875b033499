"""Names are looked up on systems without the usual flag, or with loopback alone."""

import socket
from typing import Any

import pytest

from bulkpause.api.transport import Resolver


pytestmark = pytest.mark.anyio
FOUND = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the look-up is a real thread


class FakeLookUp:
    """`getaddrinfo` of a system that refuses a look-up with a flag."""

    def __init__(self, error: int) -> None:
        self._error = error
        self.flags: list[int] = []

    def __call__(self, *_: Any, flags: int) -> list[object]:
        self.flags.append(flags)
        if flags:
            raise socket.gaierror(self._error, "not with this flag")
        return [FOUND]


@pytest.mark.parametrize("error", [socket.EAI_BADFLAGS, socket.EAI_NONAME])
async def test_refused_flag_is_left_out(
    monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    look_up = FakeLookUp(error)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    (found,) = await Resolver().resolve("api.example", 443)
    assert (found["host"], found["port"]) == ("192.0.2.7", 443)
    assert look_up.flags == [socket.AI_ADDRCONFIG, 0]


async def test_silent_name_server_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = FakeLookUp(socket.EAI_AGAIN)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(socket.gaierror):
        await Resolver().resolve("api.example", 443)
    assert look_up.flags == [socket.AI_ADDRCONFIG]
