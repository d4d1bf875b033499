"""Failures of the server and the network, as one request of the client reports them."""

import asyncio
import gc
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import chain

import anyio
import pytest

from bulkpause.api.client import Client
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.model import Reply
from bulkpause.vocabulary import Action, TransportError
from tests.support.broken_api import (
    ENDED_BODIES,
    ENDED_RESPONSES,
    UNFINISHED_BODIES,
    UNFINISHED_RESPONSES,
    decompression_bomb,
)
from tests.support.faulty_server import (
    BAD_REQUEST,
    CHUNKED,
    NO_CONTENT,
    OK,
    Behaviour,
    FaultyServer,
    dripping,
    flooding,
    hanging_unread,
    http_response,
    read_request,
    responding,
    sending,
    sending_then_hanging,
    sending_then_resetting,
)


pytestmark = pytest.mark.anyio

SECRET = "s3cret-canary"
TIMEOUT_S = 60.0
#: For what never ends. A busy machine sends and reads its first bytes before that.
SHORT_TIMEOUT_S = 3.0
READ_BACK_BODY = b'{"total": 1, "items": [{"id": "7", "status": "paused"}]}'


@asynccontextmanager
async def client_of(
    endpoint: Endpoint, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Client]:
    client = Client(
        endpoint, Token(SECRET), reason="stop", timeout_s=timeout_s, max_in_flight=10
    )
    async with client:
        yield client


async def sent(
    server: FaultyServer, action: Action = Action.PAUSE, timeout_s: float = TIMEOUT_S
) -> Reply:
    async with client_of(server.endpoint, timeout_s) as client:
        with anyio.fail_after(90):
            return await client.send(action, "7", "r-1")


@dataclass(frozen=True)
class Result:
    """What one attempt must bring, and how many requests must have been sent."""

    error: TransportError | None = None
    http_status: int | None = None
    was_sent: bool = True
    requests: int = 1


async def result_of(
    behaviour: Behaviour, action: Action = Action.PAUSE, timeout_s: float = TIMEOUT_S
) -> Result:
    async with FaultyServer(behaviour) as server:
        reply = await sent(server, action, timeout_s)
    was_sent = reply.sent_at is not None
    return Result(reply.error, reply.http_status, was_sent, len(server.requests))


async def results_of(
    behaviours: Mapping[str, Behaviour], action: Action = Action.PAUSE
) -> dict[str, Result]:
    """Make attempts side by side, since each lasts until its timeout."""
    results = await asyncio.gather(
        *(
            result_of(behaviour, action, SHORT_TIMEOUT_S)
            for behaviour in behaviours.values()
        )
    )
    return dict(zip(behaviours, results, strict=True))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    ("behaviour", "error"), ENDED_RESPONSES.values(), ids=ENDED_RESPONSES
)
async def test_broken_response_is_transport_error_after_sending(
    behaviour: Behaviour, error: TransportError, action: Action
) -> None:
    assert await result_of(behaviour, action) == Result(error)


@pytest.mark.parametrize("action", Action)
async def test_unfinished_response_is_read_timeout_after_sending(
    action: Action,
) -> None:
    assert await results_of(UNFINISHED_RESPONSES, action) == dict.fromkeys(
        UNFINISHED_RESPONSES, Result(TransportError.READ_TIMEOUT)
    )


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("behaviour", ENDED_BODIES.values(), ids=ENDED_BODIES)
async def test_broken_body_leaves_http_status(
    behaviour: Behaviour, action: Action
) -> None:
    assert await result_of(behaviour, action) == Result(http_status=400)


@pytest.mark.parametrize("action", Action)
async def test_unfinished_body_leaves_http_status(action: Action) -> None:
    assert await results_of(UNFINISHED_BODIES, action) == dict.fromkeys(
        UNFINISHED_BODIES, Result(http_status=400)
    )


LENGTH = b"Content-Length: %d\r\n\r\n" % len(READ_BACK_BODY)
INCOMPLETE_READ_BACKS: dict[str, tuple[Behaviour, TransportError]] = {
    "truncated body": (
        sending(OK + LENGTH + READ_BACK_BODY[:-1]),
        TransportError.MALFORMED,
    ),
    "reset within the body": (
        sending_then_resetting(OK + LENGTH + READ_BACK_BODY[:-1]),
        TransportError.MALFORMED,
    ),
    "hang within the body": (
        sending_then_hanging(OK + LENGTH + READ_BACK_BODY[:-1]),
        TransportError.READ_TIMEOUT,
    ),
    "body byte by byte": (dripping(OK + b"\r\n", b" "), TransportError.READ_TIMEOUT),
    "malformed chunks": (
        sending(OK + CHUNKED, b"zz\r\n{}"),
        TransportError.READ_TIMEOUT,
    ),
}


async def test_read_back_with_incomplete_body_is_transport_error() -> None:
    behaviours = {
        name: behaviour for name, (behaviour, _) in INCOMPLETE_READ_BACKS.items()
    }

    assert await results_of(behaviours, Action.READ) == {
        name: Result(error) for name, (_, error) in INCOMPLETE_READ_BACKS.items()
    }


async def test_overlong_read_back_has_no_campaign_status() -> None:
    body = b'{"items": [{"id": "7", "status": "paused"}], "x": "%s"}' % (b"x" * 10**6)
    async with FaultyServer(responding(http_response(200, body))) as server:
        reply = await sent(server, Action.READ)

    assert (reply.http_status, reply.campaign_status) == (200, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("action", Action)
async def test_redirect_is_not_followed(action: Action, status: int) -> None:
    async with FaultyServer(responding(NO_CONTENT)) as target:
        location = target.endpoint.url(Action.PAUSE, "7")
        redirect = http_response(status, headers=[("Location", location)])
        async with FaultyServer(responding(redirect, NO_CONTENT)) as server:
            reply = await sent(server, action)

    assert (reply.http_status, reply.error) == (status, None)
    assert (len(server.requests), target.received) == (1, [])


async def test_redirect_to_same_host_is_not_followed() -> None:
    headers = [("Location", "/v1/hood/campaigns/7/cancel")]
    redirect = http_response(302, headers=headers)
    async with FaultyServer(responding(redirect, NO_CONTENT)) as server:
        reply = await sent(server)

    assert reply.http_status == 302
    assert server.requests == [b"POST /v1/hood/campaigns/7/pause HTTP/1.1"]


@pytest.mark.parametrize("status", [101, 200, 201, 202, 206, 299, 408, 418, 451, 999])
async def test_unusual_http_status_is_kept(status: int) -> None:
    async with FaultyServer(sending(http_response(status, b"{}"))) as server:
        reply = await sent(server)

    assert (reply.http_status, reply.error) == (status, None)


async def test_interim_responses_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n"
    async with FaultyServer(responding(interim + NO_CONTENT)) as server:
        reply = await sent(server)

    assert reply.http_status == 204


async def test_authentication_challenge_changes_nothing() -> None:
    headers = [("WWW-Authenticate", "Basic"), ("Set-Cookie", "a=b")]
    challenge = http_response(401, headers=headers)
    async with (
        FaultyServer(responding(challenge, challenge)) as server,
        client_of(server.endpoint) as client,
    ):
        replies = [await client.send(Action.PAUSE, "7", "r") for _ in range(2)]

    assert [reply.http_status for reply in replies] == [401, 401]
    assert b"Cookie" not in server.received[0]
    assert server.received[0].count(f"Bearer {SECRET}\r\n".encode()) == 2


@pytest.mark.parametrize("action", Action)
async def test_request_is_not_resent_after_connection_loss(
    action: Action,
) -> None:
    async def close_at_second_request(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await respond_once(reader, writer)
        await read_request(reader)

    async with (
        FaultyServer(close_at_second_request) as server,
        client_of(server.endpoint) as client,
    ):
        first = await client.send(action, "7", "r-1")
        second = await client.send(action, "8", "r-2")

    assert (first.http_status, second.error) == (204, TransportError.HANG_UP)
    assert second.sent_at is not None
    assert (len(server.requests), len(server.received)) == (2, 1)


async def respond_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await read_request(reader)
    writer.write(NO_CONTENT)
    await writer.drain()


async def test_closed_connection_is_not_reused() -> None:
    async with (
        FaultyServer(respond_once) as server,
        client_of(server.endpoint) as client,
    ):
        first = await client.send(Action.PAUSE, "7", "r-1")
        await until_closed(server)
        second = await client.send(Action.PAUSE, "8", "r-2")

    assert (first.http_status, second.http_status) == (204, 204)
    assert (len(server.requests), len(server.received)) == (2, 2)


@pytest.mark.parametrize(
    "unusable",
    [
        pytest.param(NO_CONTENT * 2, id="stray response"),
        pytest.param(
            http_response(204, headers=[("Connection", "close")]), id="announced end"
        ),
    ],
)
async def test_request_that_follows_at_once_avoids_unusable_connection(
    unusable: bytes,
) -> None:
    async with (
        FaultyServer(responding(unusable)) as server,
        client_of(server.endpoint) as client,
    ):
        replies = [
            await client.send(Action.PAUSE, id_, f"r-{id_}") for id_ in ("7", "8", "9")
        ]

    assert {reply.http_status for reply in replies} == {204}
    assert (len(server.requests), len(server.received)) == (3, 3)
    assert all(reply.is_cold for reply in replies)


async def until_requested(server: FaultyServer, requests: int) -> None:
    with anyio.fail_after(60):
        while len(server.requests) < requests:
            await anyio.sleep(0.01)


async def until_closed(server: FaultyServer) -> None:
    with anyio.fail_after(60):
        while server.open_connections:
            await anyio.sleep(0.01)
    await anyio.sleep(0.05)


async def test_unsolicited_response_is_not_used_for_later_request() -> None:
    async def send_unsolicited(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await respond_once(reader, writer)
        await asyncio.sleep(0.02)
        writer.write(NO_CONTENT)
        await reader.read()

    async with (
        FaultyServer(send_unsolicited) as server,
        client_of(server.endpoint) as client,
    ):
        first = await client.send(Action.PAUSE, "7", "r-1")
        await anyio.sleep(0.1)
        second = await client.send(Action.PAUSE, "8", "r-2")
        third = await client.send(Action.PAUSE, "9", "r-3")

    assert (first.http_status, third.http_status) == (204, 204)
    assert (second.error, second.sent_at) == (TransportError.MALFORMED, None)
    assert [line[:26] for line in server.requests] == [
        b"POST /v1/hood/campaigns/7/",
        b"POST /v1/hood/campaigns/9/",
    ]


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 27\r\n\r\n",
        b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_smuggled_response_is_not_used_for_later_request(
    response: bytes,
) -> None:
    smuggled = b"HTTP/1.1 202 Accepted\r\n\r\n\r\n"
    async with (
        FaultyServer(responding(response + smuggled, NO_CONTENT)) as server,
        client_of(server.endpoint) as client,
    ):
        await client.send(Action.PAUSE, "7", "r-1")
        second = await client.send(Action.PAUSE, "8", "r-2")

    assert second.http_status != 202


@contextmanager
def listening(backlog: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener


def endpoint_of(listener: socket.socket) -> Endpoint:
    return Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.parametrize("action", Action)
async def test_refused_connection_sends_nothing(action: Action) -> None:
    with listening(1) as listener:
        endpoint = endpoint_of(listener)
    async with client_of(endpoint) as client:
        reply = await client.send(action, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.REFUSED, None)
    assert (reply.http_status, reply.message) == (None, "Connection refused")


@pytest.mark.skipif(sys.platform != "linux", reason="backlogs differ elsewhere")
async def test_unaccepted_connection_sends_nothing() -> None:
    with listening(0) as listener, socket.socket() as filler:
        filler.connect(listener.getsockname())
        async with client_of(endpoint_of(listener), 0.3) as client:
            started_at = asyncio.get_running_loop().time()
            with anyio.fail_after(10):
                reply = await client.send(Action.PAUSE, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.CONNECT_TIMEOUT, None)
    assert reply.received_at - started_at > 0.25


async def test_failed_name_resolution_sends_nothing() -> None:
    # Longer than any valid name: the resolver fails without a request to the network.
    name = ".".join(["a" * 63] * 5)
    async with client_of(Endpoint(f"http://{name}:9")) as client:
        reply = await client.send(Action.PAUSE, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.DNS, None)


async def test_timeout_while_waiting_for_pool_sends_nothing() -> None:
    async with FaultyServer(sending_then_hanging()) as server:
        client = Client(
            server.endpoint,
            Token(SECRET),
            reason=None,
            timeout_s=SHORT_TIMEOUT_S,
            max_in_flight=1,
        )
        async with client:
            replies = await asyncio.gather(
                *(client.send(Action.PAUSE, id_, "r") for id_ in "78")
            )

    # Both time out at once: the second may still get the connection of the first.
    was_sent = {
        TransportError.READ_TIMEOUT: True,
        TransportError.CONNECT_TIMEOUT: False,
    }
    assert replies[0].error is TransportError.READ_TIMEOUT
    assert [reply.sent_at is not None for reply in replies] == [
        was_sent[reply.error] for reply in replies if reply.error
    ]
    assert len(server.requests) <= sum(reply.sent_at is not None for reply in replies)


@pytest.mark.parametrize(
    "behaviour",
    [
        sending_then_hanging(),
        sending_then_hanging(OK),
        sending_then_hanging(BAD_REQUEST + b"\r\n", b"{"),
        flooding(BAD_REQUEST + b"\r\n", b"x"),
    ],
    ids=["no response", "in the headers", "in the body", "in a flood"],
)
async def test_cancelled_attempt_leaves_no_connection(behaviour: Behaviour) -> None:
    async with (
        FaultyServer(behaviour) as server,
        client_of(server.endpoint, timeout_s=30) as client,
    ):
        for requests in (1, 2):
            attempt = asyncio.create_task(client.send(Action.PAUSE, "7", "r-1"))
            await until_requested(server, requests)
            await anyio.sleep(0.2)  # so that what the server sends arrives, as a rule
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            await until_closed(server)

    # The pool kept no connection from the first attempt for the second.
    assert (len(server.requests), len(server.received)) == (2, 2)


async def test_timeout_leaves_no_pending_cancellation() -> None:
    async with FaultyServer(
        sending_then_hanging(BAD_REQUEST + b"\r\n", b"{")
    ) as server:
        reply = await sent(server, timeout_s=SHORT_TIMEOUT_S)
        task = asyncio.current_task()

    assert reply.http_status == 400
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize(
    "behaviour",
    [hanging_unread, sending_then_hanging(), dripping(OK, b"A: 1\r\n")],
    ids=["unread", "hang", "drip"],
)
async def test_attempt_lasts_for_its_whole_timeout(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    async with FaultyServer(behaviour) as server:
        started_at = loop.time()
        await sent(server, timeout_s=0.3)

    assert loop.time() - started_at > 0.25


class _TextCollector(logging.Handler):
    """Keeps everything that a formatter could write of a log record."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))
        self.texts.append(repr(record.__dict__))


@contextmanager
def collected_logs() -> Iterator[list[str]]:
    root = logging.getLogger()
    handler = _TextCollector()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


async def texts_of_attempt(behaviour: Behaviour | None) -> list[str]:
    """Make an attempt, and give every repr of the reply and the client.

    The connection is refused if the behaviour is None.
    """
    async with FaultyServer(behaviour or hanging_unread) as server:
        endpoint = server.endpoint if behaviour else Endpoint("http://127.0.0.1:1")
        async with client_of(endpoint, SHORT_TIMEOUT_S) as client:
            reply = await client.send(Action.PAUSE, "7", "r-1")
            # The repr of its attributes includes that of its session.
            return list(map(repr, (reply, client, vars(client))))


CANARY_CASES: dict[str, list[Behaviour | None]] = {
    "ended responses": [behaviour for behaviour, _ in ENDED_RESPONSES.values()],
    "unfinished responses": list(UNFINISHED_RESPONSES.values()),
    "ended bodies": list(ENDED_BODIES.values()),
    "unfinished bodies": list(UNFINISHED_BODIES.values()),
    "success": [responding(NO_CONTENT)],
    "refused connection": [None],
}


@pytest.mark.slow
@pytest.mark.parametrize("behaviours", CANARY_CASES.values(), ids=CANARY_CASES)
async def test_token_appears_in_no_log_or_repr(
    behaviours: list[Behaviour | None],
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    with collected_logs() as logs:
        # Side by side: many of them last until a timeout.
        texts = await asyncio.gather(*map(texts_of_attempt, behaviours))
        gc.collect()
    loop.set_debug(False)

    assert any("asyncio" in text for text in logs)
    assert not [text for text in chain(logs, *texts) if SECRET in text]


MEMORY_PROBE = """
import asyncio, resource, sys
from bulkpause.api.client import Client
from bulkpause.api.endpoint import Endpoint
from bulkpause.vocabulary import (Action)
from bulkpause.api.credentials import Token

async def main(base_url):
    client = Client(
        Endpoint(base_url), Token("x"), reason=None,
        timeout_s=20, max_in_flight=10,
    )
    async with client:
        await client.send(Action.PAUSE, "warm", "r")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reply = await client.send(Action.PAUSE, "7", "r")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(reply.http_status, after - before)

asyncio.run(main(sys.argv[1]))
"""


async def memory_growth_kib(second: Behaviour) -> tuple[int, int]:
    """Measure the client's memory growth during its second request.

    Returns:
        The HTTP status of that request, and the growth of the peak memory.
    """
    first = sending(NO_CONTENT.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        is_first = len(server.received) == 1
        await (first if is_first else second)(reader, writer)

    async with FaultyServer(behave) as server:
        child = await anyio.run_process(
            [sys.executable, "-c", MEMORY_PROBE, server.endpoint.base_url],
            stderr=subprocess.PIPE,
            env=dict(os.environ),
        )
    status, growth = child.stdout.split()
    return int(status), int(growth)


@pytest.mark.slow
async def test_decompression_bomb_is_not_decompressed() -> None:
    response = http_response(400, decompression_bomb(), [("Content-Encoding", "gzip")])

    status, growth_kib = await memory_growth_kib(sending(response))

    assert status == 400
    assert growth_kib < 16 * 1024


@pytest.mark.slow
async def test_endless_body_is_not_kept_in_memory() -> None:
    endless = flooding(BAD_REQUEST + b"\r\n", b"x" * 65_536)

    status, growth_kib = await memory_growth_kib(endless)

    assert status == 400
    assert growth_kib < 16 * 1024
