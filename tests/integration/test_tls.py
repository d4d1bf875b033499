import asyncio
import os
import shutil
import ssl
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import anyio
import orjson
import pytest

from bulkpause.client import Client, Timeouts
from bulkpause.credentials import Token
from bulkpause.endpoint import Endpoint
from bulkpause.model import Action, Fault, Reply
from tests.broken_answers import NO_TLS
from tests.faulty_server import (
    Behaviour,
    FaultyServer,
    answering,
    hanging_up_after,
)


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        shutil.which("openssl") is None,
        reason="the openssl command is not there to make certificates",
    ),
]

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
LOOPBACK = "DNS:localhost,IP:127.0.0.1"


class Pair(NamedTuple):
    certificate: Path
    key: Path


class Authority:
    """Signs certificates for a test, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pair = self._paths("authority")
        openssl(
            *("req", "-x509", "-days", "2", "-subj", "/CN=authority"),
            # What Python verifies since 3.13, as RFC 5280 demands it.
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *_new_key(self.pair.key),
            *("-out", self.pair.certificate),
        )

    def signed(self, name: str, alternatives: str, *, days: int = 2) -> Pair:
        pair = self._paths(name)
        request = self._folder / f"{name}.csr"
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={alternatives}\nauthorityKeyIdentifier=keyid\n"
        )
        openssl(*("req", "-subj", f"/CN={name}", "-out", request), *_new_key(pair.key))
        openssl(
            *("x509", "-req", "-in", request, "-days", str(days)),
            *("-CA", self.pair.certificate, "-CAkey", self.pair.key),
            *("-set_serial", "7", "-extfile", extensions, "-out", pair.certificate),
        )
        return pair

    def _paths(self, name: str) -> Pair:
        return Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")


def _new_key(path: Path) -> tuple[str | Path, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return (*curve, "-nodes", "-keyout", path)


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607 (found on the path, as in a shell)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> Pair:
    return authority.signed("good", LOOPBACK)


def context_of(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


#: The client reads its authorities when it is imported, so each has a process.
CHILD = """
import asyncio, sys
import orjson
from bulkpause.client import Client, Timeouts
from bulkpause.endpoint import Endpoint
from bulkpause.model import Action
from bulkpause.credentials import Token

async def main(base_url):
    client = Client(
        Endpoint(base_url), Token("s3cret"), reason=None,
        timeouts=Timeouts(5, 5, 5), max_in_flight=1,
    )
    started_at = asyncio.get_running_loop().time()
    async with client:
        reply = await client.send(Action.PAUSE, "7", "r")
    print(orjson.dumps([reply, started_at]).decode())

asyncio.run(main(sys.argv[1]))
"""


async def told_by_a_child(
    server: FaultyServer, trusted: Path, host: str = "localhost"
) -> tuple[dict[str, object], float]:
    child = await anyio.run_process(
        [sys.executable, "-c", CHILD, f"https://{host}:{server.port}"],
        env=os.environ | {"SSL_CERT_FILE": str(trusted)},
        stderr=None,
    )
    reply, started_at = orjson.loads(child.stdout)
    return reply, started_at


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_of_a_known_authority_is_accepted(
    authority: Authority, good: Pair, host: str
) -> None:
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(good)) as server:
        reply, _ = await told_by_a_child(server, authority.pair.certificate, host)

    assert (reply["http_status"], reply["fault"]) == (204, None)
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
    authority: Authority, case: str
) -> None:
    alternatives, days, host, message = REFUSED[case]
    pair = authority.signed(case.replace(" ", "-"), alternatives, days=days)
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(pair)) as server:
        reply, _ = await told_by_a_child(server, authority.pair.certificate, host)

    assert (reply["fault"], reply["sent_at"]) == (Fault.TLS, None)
    assert message in str(reply["message"])
    assert server.requests == []


async def test_setting_up_a_connection_is_not_part_of_the_sending_time(
    authority: Authority, good: Pair
) -> None:
    context = context_of(good)
    context.sni_callback = lambda *_: time.sleep(0.3)
    async with FaultyServer(answering(NO_CONTENT), tls=context) as server:
        reply, started_at = await told_by_a_child(server, authority.pair.certificate)

    assert reply["http_status"] == 204
    assert isinstance(reply["sent_at"], float)
    assert reply["sent_at"] - started_at >= 0.3


async def sent(endpoint: Endpoint) -> Reply:
    client = Client(
        endpoint,
        Token("s3cret"),
        reason=None,
        timeouts=Timeouts(total_s=2.0, connect_s=0.4, read_s=0.4),
        max_in_flight=1,
    )
    async with client:
        with anyio.fail_after(20):
            return await client.send(Action.PAUSE, "7", "r")


async def test_a_certificate_that_signs_itself_is_refused(authority: Authority) -> None:
    context = context_of(authority.pair)
    async with FaultyServer(answering(NO_CONTENT), tls=context) as server:
        reply = await sent(server.endpoint)

    assert (reply.fault, reply.sent_at) == (Fault.TLS, None)
    assert "self-signed certificate" in (reply.message or "")
    assert server.requests == []


async def test_an_unknown_authority_is_refused(good: Pair) -> None:
    async with FaultyServer(answering(NO_CONTENT), tls=context_of(good)) as server:
        reply = await sent(server.endpoint)

    assert (reply.fault, reply.sent_at) == (Fault.TLS, None)
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
    assert reply.fault in {Fault.TLS, Fault.REFUSED}
    assert (reply.sent_at, server.requests) == (None, [])


@pytest.mark.parametrize(("behaviour", "fault"), NO_TLS.values(), ids=NO_TLS)
async def test_without_a_secure_connection_nothing_is_sent(
    behaviour: Behaviour, fault: Fault
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(Endpoint(f"https://127.0.0.1:{server.port}"))

    assert (reply.fault, reply.sent_at) == (fault, None)
    assert b"s3cret" not in b"".join(server.received)
    assert server.requests == []


async def test_a_plain_client_gets_nowhere_with_a_secure_server(good: Pair) -> None:
    behaviour = hanging_up_after(NO_CONTENT)
    async with FaultyServer(behaviour, tls=context_of(good)) as server:
        reply = await sent(Endpoint(f"http://127.0.0.1:{server.port}"))

    assert reply.http_status is None
    assert reply.sent_at is not None
    assert server.requests == []
