"""A proxy gets to know the host of the API, and nothing else."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkpause.engine.policy import RetryPolicy
from bulkpause.model import Record, TransportError
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from tests.support.authority import Authority, Pair, context_of, needs_openssl
from tests.support.broken_api import NO_CONTENT, hang, raw
from tests.support.faulty_server import Behaviour, FaultyServer, choosing
from tests.support.tls_tunnel import tunnel


pytestmark = [pytest.mark.anyio, needs_openssl, pytest.mark.usefixtures("trusted")]

SECRET = "s3cret-canary"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@asynccontextmanager
async def api(pair: Pair) -> AsyncIterator[FaultyServer]:
    """Pause whatever comes, over TLS."""
    behaviour = choosing(lambda _: NO_CONTENT)
    async with FaultyServer(behaviour, tls=context_of(pair)) as server:
        yield server


async def paused(server: FaultyServer, *ids: str, **settings: Any) -> list[Record]:
    wanted = Settings(
        base_url=server.endpoint.base_url,
        timeout_s=1.5,
        retry_policy=RetryPolicy(max_attempts=1),
        **settings,
    )
    async with Pauser(SECRET, wanted) as pauser:
        with anyio.fail_after(20):
            return [record async for record in pauser.pause(ids)]


def url_of(proxy: FaultyServer, user: str = "") -> str:
    return proxy.endpoint.base_url.replace("//", f"//{user}")


def heads(server: FaultyServer) -> bytes:
    """Give what came before a tunnel, connection by connection."""
    return b"".join(raw.partition(b"\r\n\r\n")[0] for raw in server.received).lower()


async def test_a_proxy_is_asked_for_a_tunnel_and_sees_no_token(good: Pair) -> None:
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        records = await paused(server, "1", proxy=url_of(proxy))
        asked = f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode()

    assert [record.status for record in records] == ["paused"]
    assert proxy.received[0].startswith(asked)
    seen = b"".join(proxy.received)
    assert b"authorization" not in heads(proxy)
    assert SECRET.encode() not in seen
    assert b"campaigns" not in seen
    assert f"Authorization: Bearer {SECRET}\r\n".encode() in server.received[0]


async def test_a_tunnel_is_used_again(good: Pair) -> None:
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        ids = [str(number) for number in range(5)]
        user = "jane:word@"
        options = {"proxy": url_of(proxy, user), "max_in_flight": 1}
        records = await paused(server, *ids, **options)

    assert {record.status for record in records} == {"paused"}
    assert (len(proxy.received), len(server.requests)) == (1, 5)


async def test_the_password_of_the_proxy_goes_to_the_proxy_alone(good: Pair) -> None:
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        await paused(server, "1", proxy=url_of(proxy, "jane:w%40rd@"))

    basic = b64encode(b"jane:w@rd").lower()
    assert b"proxy-authorization: basic " + basic in heads(proxy)
    assert b"\r\nauthorization" not in heads(proxy)
    assert b"proxy-authorization" not in server.received[0].lower()


async def test_a_proxy_may_be_reached_over_tls(good: Pair) -> None:
    proxy_server = FaultyServer(tunnel, tls=context_of(good))
    async with api(good) as server, proxy_server as proxy:
        records = await paused(server, "1", proxy=url_of(proxy))

    assert [record.status for record in records] == ["paused"]
    assert SECRET.encode() not in b"".join(proxy.received)


def refusing(status: str) -> Behaviour:
    return raw(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


PROXY_FAULTS: dict[str, tuple[Behaviour, TransportError, str | None]] = {
    "407": (
        refusing("407 Proxy Authentication Required"),
        TransportError.PROXY,
        "HTTP 407 Proxy Authentication Required",
    ),
    "403": (refusing("403 \x1b[2J"), TransportError.PROXY, None),
    "502": (refusing("502 Bad Gateway"), TransportError.PROXY, "HTTP 502 Bad Gateway"),
    "204": (refusing("204 No Content"), TransportError.PROXY, "HTTP 204 No Content"),
    "302": (refusing("302 Found\r\nLocation: http://x"), TransportError.PROXY, None),
    "hang": (hang, TransportError.CONNECT_TIMEOUT, None),
    "hang-up": (raw(), TransportError.HANG_UP, None),
    "nonsense": (raw(b"SSH-2.0-OpenSSH_9\r\n"), TransportError.MALFORMED, None),
    "no tunnel": (
        raw(b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        TransportError.TLS,
        None,
    ),
}


@pytest.mark.parametrize("case", PROXY_FAULTS)
async def test_a_proxy_that_fails_lets_nothing_be_sent(good: Pair, case: str) -> None:
    behaviour, fault, message = PROXY_FAULTS[case]
    async with api(good) as server, FaultyServer(behaviour) as proxy:
        (record,) = await paused(server, "1", proxy=url_of(proxy, "jane:w0rd@"))

    assert (record.status, record.error) == ("failed", fault)
    assert message is None or record.message == message
    assert (record.message or "").isprintable()
    assert server.received == []
    assert SECRET.encode() not in b"".join(proxy.received)


async def test_a_proxy_that_is_not_there_lets_nothing_be_sent(good: Pair) -> None:
    async with api(good) as server:
        (record,) = await paused(server, "1", proxy="http://127.0.0.1:1")

    assert (record.status, record.error) == ("failed", TransportError.PROXY)
    assert record.message == "Connection refused"
    assert server.received == []


async def test_a_proxy_that_plays_the_api_is_found_out(
    authority: Authority, good: Pair
) -> None:
    other = authority.signed("other", "DNS:api.example")

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context_of(other))
        await reader.read()

    async with api(good) as server, FaultyServer(play) as proxy:
        (record,) = await paused(server, "1", proxy=url_of(proxy))

    assert (record.status, record.error) == ("failed", TransportError.TLS)
    assert SECRET.encode() not in b"".join(proxy.received)


def point_at(proxy: FaultyServer, variables: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES[:3]:
        variables.setenv(name, proxy.endpoint.base_url)
        variables.setenv(name.upper(), proxy.endpoint.base_url)


async def test_the_environment_is_not_asked(
    good: Pair, variables: pytest.MonkeyPatch
) -> None:
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        point_at(proxy, variables)
        records = await paused(server, "1")

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


async def test_the_environment_is_asked_when_it_is_trusted(
    good: Pair, variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1\nlogin jane\npassword word\n")
    netrc.chmod(0o600)
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        point_at(proxy, variables)
        variables.setenv("NETRC", str(netrc))
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received[0].startswith(b"CONNECT ")
    assert b"authorization" not in heads(proxy)
    assert f"\r\nAuthorization: Bearer {SECRET}\r\n".encode() in server.received[0]


async def test_the_environment_may_keep_the_host_from_the_proxy(
    good: Pair, variables: pytest.MonkeyPatch
) -> None:
    async with api(good) as server, FaultyServer(tunnel) as proxy:
        point_at(proxy, variables)
        variables.setenv("NO_PROXY", "127.0.0.1")
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


async def test_what_is_sent_in_the_clear_goes_through_no_proxy(
    variables: pytest.MonkeyPatch,
) -> None:
    plain = FaultyServer(choosing(lambda _: NO_CONTENT))
    async with plain as server, FaultyServer(tunnel) as proxy:
        point_at(proxy, variables)
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


@pytest.mark.parametrize("trust_env", [False, True])
async def test_keys_are_written_for_nobody_unless_the_environment_is_trusted(
    good: Pair, variables: pytest.MonkeyPatch, tmp_path: Path, trust_env: bool
) -> None:
    keys = tmp_path / "keys"
    variables.setenv("SSLKEYLOGFILE", str(keys))
    async with api(good) as server:
        await paused(server, "1", trust_env=trust_env)

    assert ("CLIENT_" in text_of(keys)) == trust_env


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""
