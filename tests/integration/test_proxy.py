"""Requests through a proxy, which learns the host of the API and nothing else."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkpause.engine.policy import RetryPolicy
from bulkpause.model import Record
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from bulkpause.vocabulary import TransportError
from tests.support.authority import Authority, Pair, context_of, needs_openssl
from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    choosing,
    hanging,
    sending,
)
from tests.support.records import until_stopped
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
    """Respond to everything with 204, over TLS."""
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
            return [record async for record in until_stopped(pauser.pause(ids))]


def url_of(proxy: FaultyServer, user_info: str = "") -> str:
    return proxy.endpoint.base_url.replace("//", f"//{user_info}")


def heads(server: FaultyServer) -> bytes:
    """Give the first headers of each connection, those for the proxy itself."""
    connections = server.received
    return b"".join(one.partition(b"\r\n\r\n")[0] for one in connections).lower()


async def test_proxy_opens_tunnel_and_sees_no_token(server_pair: Pair) -> None:
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        records = await paused(server, "1", proxy=url_of(proxy))
        connect = f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode()

    assert [record.status for record in records] == ["paused"]
    assert proxy.received[0].startswith(connect)
    received = b"".join(proxy.received)
    assert b"authorization" not in heads(proxy)
    assert SECRET.encode() not in received
    assert b"campaigns" not in received
    assert f"Authorization: Bearer {SECRET}\r\n".encode() in server.received[0]


async def test_tunnel_is_reused(server_pair: Pair) -> None:
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        ids = [str(1001 + number) for number in range(5)]
        options = {"proxy": url_of(proxy, "jane:word@"), "max_in_flight": 1}
        records = await paused(server, *ids, **options)

    assert {record.status for record in records} == {"paused"}
    assert (len(proxy.received), len(server.requests)) == (1, 5)


async def test_proxy_password_is_sent_to_proxy_only(server_pair: Pair) -> None:
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        await paused(server, "1", proxy=url_of(proxy, "jane:w%40rd@"))

    basic = b64encode(b"jane:w@rd").lower()
    assert b"proxy-authorization: basic " + basic in heads(proxy)
    assert b"\r\nauthorization" not in heads(proxy)
    assert b"proxy-authorization" not in server.received[0].lower()


async def test_proxy_may_be_reached_over_tls(server_pair: Pair) -> None:
    proxy_server = FaultyServer(tunnel, tls=context_of(server_pair))
    async with api(server_pair) as server, proxy_server as proxy:
        records = await paused(server, "1", proxy=url_of(proxy))

    assert [record.status for record in records] == ["paused"]
    assert SECRET.encode() not in b"".join(proxy.received)


def rejecting(status: str) -> Behaviour:
    return sending(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


PROXY_ERRORS: dict[str, tuple[Behaviour, TransportError, str | None]] = {
    "407": (
        rejecting("407 Proxy Authentication Required"),
        TransportError.PROXY,
        "HTTP 407 Proxy Authentication Required",
    ),
    "403": (rejecting("403 \x1b[2J"), TransportError.PROXY, None),
    "502": (rejecting("502 Bad Gateway"), TransportError.PROXY, "HTTP 502 Bad Gateway"),
    "204": (rejecting("204 No Content"), TransportError.PROXY, "HTTP 204 No Content"),
    "302": (rejecting("302 Found\r\nLocation: http://x"), TransportError.PROXY, None),
    "hang": (hanging, TransportError.CONNECT_TIMEOUT, None),
    "close": (sending(), TransportError.HANG_UP, None),
    "another protocol": (
        sending(b"SSH-2.0-OpenSSH_9\r\n"),
        TransportError.MALFORMED,
        None,
    ),
    "no tunnel": (
        sending(b"HTTP/1.1 200 OK\r\n\r\n", NO_CONTENT),
        TransportError.TLS,
        None,
    ),
}


@pytest.mark.parametrize("case", PROXY_ERRORS)
async def test_failing_proxy_sends_nothing(server_pair: Pair, case: str) -> None:
    behaviour, error, message = PROXY_ERRORS[case]
    async with api(server_pair) as server, FaultyServer(behaviour) as proxy:
        (record,) = await paused(server, "1", proxy=url_of(proxy, "jane:w0rd@"))

    assert (record.status, record.error) == ("failed", error)
    assert message is None or record.message == message
    assert (record.message or "").isprintable()
    assert server.received == []
    assert SECRET.encode() not in b"".join(proxy.received)


@pytest.mark.parametrize(
    "echo",
    ["jane:w@rd", "w%40RD", "w&#x40;rd", b64encode(b"jane:w@rd").decode(), "x w@rd"],
)
async def test_password_echoed_by_proxy_is_hidden(server_pair: Pair, echo: str) -> None:
    proxy_server = FaultyServer(rejecting(f"407 no {echo}!"))
    async with api(server_pair) as server, proxy_server as proxy:
        (record,) = await paused(server, "1", proxy=url_of(proxy, "jane:w%40rd@"))

    assert re.fullmatch("HTTP 407 no (…|…:…|x …)!", record.message or "")


async def test_missing_proxy_sends_nothing(server_pair: Pair) -> None:
    async with api(server_pair) as server:
        (record,) = await paused(server, "1", proxy="http://127.0.0.1:1")

    assert (record.status, record.error) == ("failed", TransportError.PROXY)
    assert record.message == "Connection refused"
    assert server.received == []


async def test_proxy_posing_as_api_fails_tls(
    authority: Authority, server_pair: Pair
) -> None:
    other = authority.signed("other", "DNS:api.example")

    async def pose_as_api(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context_of(other))
        await reader.read()

    async with api(server_pair) as server, FaultyServer(pose_as_api) as proxy:
        (record,) = await paused(server, "1", proxy=url_of(proxy))

    assert (record.status, record.error) == ("failed", TransportError.TLS)
    assert SECRET.encode() not in b"".join(proxy.received)


def set_proxy_variables(proxy: FaultyServer, variables: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES[:3]:
        variables.setenv(name, proxy.endpoint.base_url)
        variables.setenv(name.upper(), proxy.endpoint.base_url)


async def test_environment_proxy_is_ignored_by_default(
    server_pair: Pair, variables: pytest.MonkeyPatch
) -> None:
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        set_proxy_variables(proxy, variables)
        records = await paused(server, "1")

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


async def test_environment_proxy_is_used_if_trusted(
    server_pair: Pair, variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1\nlogin jane\npassword word\n")
    netrc.chmod(0o600)
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        set_proxy_variables(proxy, variables)
        variables.setenv("NETRC", str(netrc))
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received[0].startswith(b"CONNECT ")
    assert b"authorization" not in heads(proxy)
    assert f"\r\nAuthorization: Bearer {SECRET}\r\n".encode() in server.received[0]


async def test_no_proxy_variable_excludes_host(
    server_pair: Pair, variables: pytest.MonkeyPatch
) -> None:
    async with api(server_pair) as server, FaultyServer(tunnel) as proxy:
        set_proxy_variables(proxy, variables)
        variables.setenv("NO_PROXY", "127.0.0.1")
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


async def test_http_request_bypasses_environment_proxy(
    variables: pytest.MonkeyPatch,
) -> None:
    plain = FaultyServer(choosing(lambda _: NO_CONTENT))
    async with plain as server, FaultyServer(tunnel) as proxy:
        set_proxy_variables(proxy, variables)
        records = await paused(server, "1", trust_env=True)

    assert [record.status for record in records] == ["paused"]
    assert proxy.received == []


@pytest.mark.parametrize("trust_env", [False, True])
async def test_tls_keys_are_logged_only_if_trusted(
    server_pair: Pair, variables: pytest.MonkeyPatch, tmp_path: Path, trust_env: bool
) -> None:
    keys = tmp_path / "keys"
    variables.setenv("SSLKEYLOGFILE", str(keys))
    async with api(server_pair) as server:
        await paused(server, "1", trust_env=trust_env)

    assert ("CLIENT_" in text_of(keys)) == trust_env


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""
