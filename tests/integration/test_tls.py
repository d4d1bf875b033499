import asyncio
import ssl
import time
import warnings

import anyio
import pytest

from bulkpause.api.client import Client, Timeouts
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.engine.policy import RetryPolicy
from bulkpause.model import Action, Reply, TransportError
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from tests.support.authority import LOOPBACK, Authority, Pair, context_of, needs_openssl
from tests.support.broken_api import NO_TLS
from tests.support.faulty_server import (
    Behaviour,
    FaultyServer,
    answering,
    hanging_up_after,
)


pytestmark = [pytest.mark.anyio, needs_openssl]

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


async def sent(endpoint: Endpoint) -> Reply:
    client = Client(
        endpoint,
        Token("s3cret"),
        reason=None,
        timeouts=Timeouts(total_s=4.0, connect_s=1.5, read_s=1.5),
        max_in_flight=1,
    )
    async with client:
        with anyio.fail_after(20):
            return await client.send(Action.PAUSE, "7", "r")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_of_a_known_authority_is_accepted(
    trusted: None, good: Pair, host: str
) -> None:
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(good)) as server:
        reply = await sent(Endpoint(f"https://{host}:{server.port}"))

    assert (reply.http_status, reply.error) == (204, None)
    assert server.requests == [b"POST /v1/hood/campaigns/7/pause HTTP/1.1"]


REFUSED = {
    "expired": (LOOPBACK, -1, "localhost", "certificate has expired"),
    "another name": ("DNS:api.example", 2, "localhost", "Hostname mismatch"),
    "a name within ours": ("DNS:local", 2, "localhost", "Hostname mismatch"),
    "another address": ("IP:127.0.0.2", 2, "127.0.0.1", "IP address mismatch"),
    "a name for an address": ("DNS:127.0.0.1", 2, "127.0.0.1", "IP address mismatch"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_certificate_that_does_not_fit_is_refused(
    authority: Authority, trusted: None, case: str
) -> None:
    alternatives, days, host, message = REFUSED[case]
    pair = authority.signed(case.replace(" ", "-"), alternatives, days=days)
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(pair)) as server:
        reply = await sent(Endpoint(f"https://{host}:{server.port}"))

    assert (reply.error, reply.sent_at) == (TransportError.TLS, None)
    assert message in str(reply.message)
    assert server.requests == []


async def test_setting_up_a_connection_is_not_part_of_the_sending_time(
    trusted: None, good: Pair
) -> None:
    context = context_of(good)
    context.sni_callback = lambda *_: time.sleep(0.3)
    async with FaultyServer(answering(NO_CONTENT), tls=context) as server:
        started_at = asyncio.get_running_loop().time()
        reply = await sent(Endpoint(f"https://localhost:{server.port}"))

    assert reply.http_status == 204
    assert reply.sent_at is not None
    assert reply.sent_at - started_at >= 0.3


async def test_a_certificate_that_signs_itself_is_refused(authority: Authority) -> None:
    context = context_of(authority.pair)
    async with FaultyServer(answering(NO_CONTENT), tls=context) as server:
        reply = await sent(server.endpoint)

    assert (reply.error, reply.sent_at) == (TransportError.TLS, None)
    assert "self-signed certificate" in (reply.message or "")
    assert server.requests == []


async def test_an_unknown_authority_is_refused(good: Pair) -> None:
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(good)) as server:
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


async def version_for_anyone(server: FaultyServer) -> str:
    """Give the protocol that a client gets who takes what there is."""
    context = outdated(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    version = writer.get_extra_info("ssl_object").version()
    writer.transport.abort()
    return str(version)


async def test_an_outdated_protocol_is_refused(authority: Authority) -> None:
    context = outdated(context_of(authority.pair))
    async with FaultyServer(answering(NO_CONTENT), tls=context) as server:
        version = await version_for_anyone(server)
        reply = await sent(server.endpoint)

    assert version == "TLSv1.1"
    assert reply.error in {TransportError.TLS, TransportError.REFUSED}
    assert (reply.sent_at, server.requests) == (None, [])


@pytest.mark.parametrize(("behaviour", "fault"), NO_TLS.values(), ids=NO_TLS)
async def test_without_a_secure_connection_nothing_is_sent(
    behaviour: Behaviour, fault: TransportError
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(Endpoint(f"https://127.0.0.1:{server.port}"))

    assert (reply.error, reply.sent_at) == (fault, None)
    assert b"s3cret" not in b"".join(server.received)
    assert server.requests == []


async def test_a_plain_client_gets_nowhere_with_a_secure_server(good: Pair) -> None:
    behaviour = hanging_up_after(NO_CONTENT)
    async with FaultyServer(behaviour, tls=context_of(good)) as server:
        reply = await sent(Endpoint(f"http://127.0.0.1:{server.port}"))

    assert reply.http_status is None
    assert reply.sent_at is not None
    assert server.requests == []


async def test_a_certificate_of_another_name_fails_every_id_of_a_run(
    authority: Authority, trusted: None
) -> None:
    pair = authority.signed("wrong-name", "DNS:api.example")
    retry_policy = RetryPolicy(max_attempts=2, wait_initial_s=0.01)
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(pair)) as server:
        settings = Settings(
            base_url=server.endpoint.base_url, retry_policy=retry_policy
        )
        async with Pauser("s3cret", settings) as pauser:
            records = [record async for record in pauser.pause(["1", "2", "3"])]

    assert [record.status for record in records] == ["failed"] * 3
    assert {record.error for record in records} == {TransportError.TLS}
    assert server.requests == []
