"""Requests over TLS: only a server with a valid certificate receives anything."""

import asyncio
import ssl
import time
import warnings

import anyio
import pytest

from bulkpause.api.client import Client
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.engine.policy import RetryPolicy
from bulkpause.model import Reply
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action, TransportError
from tests.support.authority import LOOPBACK, Authority, Pair, context_of, needs_openssl
from tests.support.broken_api import TLS_FAILURES
from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    responding,
    sending,
)
from tests.support.records import until_stopped


pytestmark = [pytest.mark.anyio, needs_openssl]


async def sent(endpoint: Endpoint) -> Reply:
    client = Client(
        endpoint,
        Token("s3cret"),
        reason=None,
        timeout_s=1.5,
        max_in_flight=1,
    )
    async with client:
        with anyio.fail_after(20):
            return await client.send(Action.PAUSE, "7", "r")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_certificate_of_trusted_authority_is_accepted(
    trusted: None, server_pair: Pair, host: str
) -> None:
    async with FaultyServer(
        responding(NO_CONTENT), tls=context_of(server_pair)
    ) as server:
        reply = await sent(Endpoint(f"https://{host}:{server.port}"))

    assert (reply.http_status, reply.error) == (204, None)
    assert server.requests == [b"POST /v1/hood/campaigns/7/pause HTTP/1.1"]


INVALID = {
    "expired": (LOOPBACK, -1, "localhost", "certificate has expired"),
    "another name": ("DNS:api.example", 2, "localhost", "Hostname mismatch"),
    "a part of the name": ("DNS:local", 2, "localhost", "Hostname mismatch"),
    "another address": ("IP:127.0.0.2", 2, "127.0.0.1", "IP address mismatch"),
    "a name for an address": ("DNS:127.0.0.1", 2, "127.0.0.1", "IP address mismatch"),
}


@pytest.mark.parametrize("case", INVALID)
async def test_invalid_certificate_is_rejected(
    authority: Authority, trusted: None, case: str
) -> None:
    alternatives, days, host, message = INVALID[case]
    pair = authority.signed(case.replace(" ", "-"), alternatives, days=days)
    async with FaultyServer(responding(NO_CONTENT), tls=context_of(pair)) as server:
        reply = await sent(Endpoint(f"https://{host}:{server.port}"))

    assert (reply.error, reply.sent_at) == (TransportError.TLS, None)
    assert message in str(reply.message)
    assert server.requests == []


async def test_sent_at_excludes_tls_handshake(trusted: None, server_pair: Pair) -> None:
    context = context_of(server_pair)
    context.sni_callback = lambda *_: time.sleep(0.3)
    async with FaultyServer(responding(NO_CONTENT), tls=context) as server:
        started_at = asyncio.get_running_loop().time()
        reply = await sent(Endpoint(f"https://localhost:{server.port}"))

    assert reply.http_status == 204
    assert reply.sent_at is not None
    assert reply.sent_at - started_at >= 0.3


async def test_self_signed_certificate_is_rejected(authority: Authority) -> None:
    context = context_of(authority.pair)
    async with FaultyServer(responding(NO_CONTENT), tls=context) as server:
        reply = await sent(server.endpoint)

    assert (reply.error, reply.sent_at) == (TransportError.TLS, None)
    assert "self-signed certificate" in (reply.message or "")
    assert server.requests == []


async def test_certificate_of_unknown_authority_is_rejected(server_pair: Pair) -> None:
    async with FaultyServer(
        responding(NO_CONTENT), tls=context_of(server_pair)
    ) as server:
        reply = await sent(server.endpoint)

    assert (reply.error, reply.sent_at) == (TransportError.TLS, None)
    assert "unable to get local issuer certificate" in (reply.message or "")
    assert server.requests == []


def outdated(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def version_without_checks(server: FaultyServer) -> str:
    """Give the TLS version that the server agrees on with a client without checks."""
    context = outdated(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    version = writer.get_extra_info("ssl_object").version()
    writer.transport.abort()
    return str(version)


async def test_outdated_tls_version_is_rejected(authority: Authority) -> None:
    context = outdated(context_of(authority.pair))
    async with FaultyServer(responding(NO_CONTENT), tls=context) as server:
        version = await version_without_checks(server)
        reply = await sent(server.endpoint)

    assert version == "TLSv1.1"
    assert reply.error in {TransportError.TLS, TransportError.REFUSED}
    assert (reply.sent_at, server.requests) == (None, [])


@pytest.mark.parametrize(
    ("behaviour", "error"), TLS_FAILURES.values(), ids=TLS_FAILURES
)
async def test_failed_tls_handshake_sends_nothing(
    behaviour: Behaviour, error: TransportError
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(Endpoint(f"https://127.0.0.1:{server.port}"))

    assert (reply.error, reply.sent_at) == (error, None)
    assert b"s3cret" not in b"".join(server.received)
    assert server.requests == []


async def test_http_request_to_tls_server_gets_no_response(server_pair: Pair) -> None:
    behaviour = sending(NO_CONTENT)
    async with FaultyServer(behaviour, tls=context_of(server_pair)) as server:
        reply = await sent(Endpoint(f"http://127.0.0.1:{server.port}"))

    assert reply.http_status is None
    assert reply.sent_at is not None
    assert server.requests == []


async def test_certificate_for_other_host_fails_every_id(
    authority: Authority, trusted: None
) -> None:
    pair = authority.signed("wrong-name", "DNS:api.example")
    retry_policy = RetryPolicy(max_attempts=2, wait_initial_s=0.01)
    async with FaultyServer(responding(NO_CONTENT), tls=context_of(pair)) as server:
        settings = Settings(
            base_url=server.endpoint.base_url, retry_policy=retry_policy
        )
        async with Pauser("s3cret", settings) as pauser:
            records = [
                record async for record in until_stopped(pauser.pause(["1", "2", "3"]))
            ]

    assert [record.status for record in records] == ["failed"] * 3
    assert {record.error for record in records} == {TransportError.TLS}
    assert server.requests == []
