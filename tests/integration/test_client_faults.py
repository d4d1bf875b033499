import asyncio
import gc
import logging
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest

from bulkpause.api.client import Client, Timeouts
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.model import Action, Reply, TransportError
from tests.support.broken_api import (
    BAD_REQUEST,
    CHUNKED,
    NO_CONTENT,
    OK,
    SPOILT_BODIES,
    UNANSWERED,
    dripping,
    flooding,
    never_reading,
    raw,
    raw_then_hang,
    raw_then_reset,
)
from tests.support.faulty_server import (
    Behaviour,
    FaultyServer,
    answering,
    hanging_up_after,
    read_request,
)


pytestmark = pytest.mark.anyio

SECRET = "s3cret-canary"
TIMEOUTS = Timeouts(total_s=1.6, connect_s=1.0, read_s=0.7)
VIEW_BODY = b'{"total": 1, "items": [{"id": "7", "status": "paused"}]}'


@asynccontextmanager
async def client_of(
    endpoint: Endpoint, timeouts: Timeouts = TIMEOUTS
) -> AsyncIterator[Client]:
    client = Client(
        endpoint, Token(SECRET), reason="stop", timeouts=timeouts, max_in_flight=10
    )
    async with client:
        yield client


async def sent(
    server: FaultyServer, action: Action = Action.PAUSE, timeouts: Timeouts = TIMEOUTS
) -> Reply:
    async with client_of(server.endpoint, timeouts) as client:
        with anyio.fail_after(20):
            return await client.send(action, "7", "r-1")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("behaviour", "fault"), UNANSWERED.values(), ids=UNANSWERED)
async def test_a_broken_answer_is_a_fault_of_a_request_that_was_written(
    behaviour: Behaviour, fault: TransportError, action: Action
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(server, action)

    assert (reply.error, reply.http_status) == (fault, None)
    assert reply.sent_at is not None
    assert len(server.requests) == 1


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("behaviour", SPOILT_BODIES.values(), ids=SPOILT_BODIES)
async def test_a_spoilt_body_does_not_take_the_status_away(
    behaviour: Behaviour, action: Action
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(server, action)

    assert (reply.http_status, reply.error) == (400, None)
    assert reply.sent_at is not None
    assert len(server.requests) == 1


LENGTH = b"Content-Length: %d\r\n\r\n" % len(VIEW_BODY)
SPOILT_VIEWS: dict[str, tuple[Behaviour, TransportError]] = {
    "cut body": (raw(OK + LENGTH + VIEW_BODY[:-1]), TransportError.MALFORMED),
    "reset within the body": (
        raw_then_reset(OK + LENGTH + VIEW_BODY[:-1]),
        TransportError.MALFORMED,
    ),
    "hang within the body": (
        raw_then_hang(OK + LENGTH + VIEW_BODY[:-1]),
        TransportError.READ_TIMEOUT,
    ),
    "body byte by byte": (dripping(OK + b"\r\n", b" "), TransportError.READ_TIMEOUT),
    "malformed chunks": (raw(OK + CHUNKED, b"zz\r\n{}"), TransportError.READ_TIMEOUT),
}


@pytest.mark.parametrize(
    ("behaviour", "fault"), SPOILT_VIEWS.values(), ids=SPOILT_VIEWS
)
async def test_a_read_back_without_its_whole_body_is_a_fault(
    behaviour: Behaviour, fault: TransportError
) -> None:
    async with FaultyServer(behaviour) as server:
        reply = await sent(server, Action.READ)

    assert (reply.error, reply.http_status) == (fault, None)
    assert len(server.requests) == 1


async def test_a_view_longer_than_the_bound_shows_nothing_and_is_no_fault() -> None:
    body = b'{"items": [{"id": "7", "status": "paused"}], "x": "%s"}' % (b"x" * 10**6)
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    async with FaultyServer(answering(OK + length + body)) as server:
        reply = await sent(server, Action.READ)

    assert (reply.http_status, reply.campaign_status) == (200, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("action", Action)
async def test_a_redirect_is_an_answer_and_is_not_followed(
    action: Action, status: int
) -> None:
    async with FaultyServer(answering(NO_CONTENT)) as target:
        location = target.endpoint.url(Action.PAUSE, "7").encode()
        head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n" % (status, location)
        answer = head + b"Content-Length: 0\r\n\r\n"
        async with FaultyServer(answering(answer, NO_CONTENT)) as server:
            reply = await sent(server, action)

    assert (reply.http_status, reply.error) == (status, None)
    assert (len(server.requests), target.received) == (1, [])


async def test_a_redirect_to_the_same_host_is_not_followed_either() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: /v1/hood/campaigns/7/cancel\r\n"
    behaviour = answering(answer + b"Content-Length: 0\r\n\r\n", NO_CONTENT)
    async with FaultyServer(behaviour) as server:
        reply = await sent(server)

    assert reply.http_status == 302
    assert server.requests == [b"POST /v1/hood/campaigns/7/pause HTTP/1.1"]


@pytest.mark.parametrize("status", [101, 200, 201, 202, 206, 299, 408, 418, 451, 999])
async def test_any_status_is_told_as_it_came(status: int) -> None:
    answer = b"HTTP/1.1 %d Odd\r\nContent-Length: 2\r\n\r\n{}" % status
    async with FaultyServer(hanging_up_after(answer)) as server:
        reply = await sent(server)

    assert (reply.http_status, reply.error) == (status, None)


async def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n"
    async with FaultyServer(answering(interim + NO_CONTENT)) as server:
        reply = await sent(server)

    assert reply.http_status == 204


async def test_a_challenge_for_other_credentials_changes_nothing() -> None:
    head = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nSet-Cookie: a=b\r\n"
    answer = head + b"Content-Length: 0\r\n\r\n"
    async with (
        FaultyServer(answering(answer, answer)) as server,
        client_of(server.endpoint) as client,
    ):
        replies = [await client.send(Action.PAUSE, "7", "r") for _ in range(2)]

    assert [reply.http_status for reply in replies] == [401, 401]
    assert b"Cookie" not in server.received[0]
    assert server.received[0].count(f"Bearer {SECRET}\r\n".encode()) == 2


@pytest.mark.parametrize("action", Action)
async def test_nothing_is_sent_twice_on_a_connection_that_was_dropped(
    action: Action,
) -> None:
    async def drop_at_the_second_request(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await answering_once(reader, writer)
        await read_request(reader)

    async with (
        FaultyServer(drop_at_the_second_request) as server,
        client_of(server.endpoint) as client,
    ):
        first = await client.send(action, "7", "r-1")
        second = await client.send(action, "8", "r-2")

    assert (first.http_status, second.error) == (204, TransportError.HANG_UP)
    assert second.sent_at is not None
    assert (len(server.requests), len(server.received)) == (2, 1)


async def answering_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await read_request(reader)
    writer.write(NO_CONTENT)
    await writer.drain()


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    async with (
        FaultyServer(answering_once) as server,
        client_of(server.endpoint) as client,
    ):
        first = await client.send(Action.PAUSE, "7", "r-1")
        await until_closed(server)
        second = await client.send(Action.PAUSE, "8", "r-2")

    assert (first.http_status, second.http_status) == (204, 204)
    assert (len(server.requests), len(server.received)) == (2, 2)


async def until_closed(server: FaultyServer) -> None:
    with anyio.fail_after(10):
        while server.open_connections:
            await anyio.sleep(0.01)
    await anyio.sleep(0.05)


async def test_what_nobody_asked_for_answers_no_later_request() -> None:
    async def talkative(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await answering_once(reader, writer)
        await asyncio.sleep(0.02)
        writer.write(NO_CONTENT)
        await reader.read()

    async with (
        FaultyServer(talkative) as server,
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
    "head",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 27\r\n\r\n",
        b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_an_answer_hidden_behind_another_answers_no_later_request(
    head: bytes,
) -> None:
    hidden = b"HTTP/1.1 202 Accepted\r\n\r\n\r\n"
    async with (
        FaultyServer(answering(head + hidden, NO_CONTENT)) as server,
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
async def test_a_refused_connection_sends_nothing(action: Action) -> None:
    with listening(1) as listener:
        endpoint = endpoint_of(listener)
    async with client_of(endpoint) as client:
        reply = await client.send(action, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.REFUSED, None)
    assert (reply.http_status, reply.message) == (None, "Connection refused")


@pytest.mark.skipif(sys.platform != "linux", reason="backlogs differ elsewhere")
async def test_a_connection_that_is_never_accepted_sends_nothing() -> None:
    with listening(0) as listener, socket.socket() as filler:
        filler.connect(listener.getsockname())
        patient = Timeouts(total_s=30, connect_s=0.3, read_s=30)
        async with client_of(endpoint_of(listener), patient) as client:
            with anyio.fail_after(10):
                reply = await client.send(Action.PAUSE, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.CONNECT_TIMEOUT, None)


async def test_a_name_that_cannot_be_found_sends_nothing() -> None:
    # Longer than any name: the resolver refuses it without asking the network.
    name = ".".join(["a" * 63] * 5)
    async with client_of(Endpoint(f"http://{name}:9")) as client:
        reply = await client.send(Action.PAUSE, "7", "r-1")

    assert (reply.error, reply.sent_at) == (TransportError.DNS, None)


async def test_waiting_for_a_connection_of_the_pool_sends_nothing() -> None:
    async with FaultyServer(raw_then_hang()) as server:
        client = Client(
            server.endpoint,
            Token(SECRET),
            reason=None,
            timeouts=Timeouts(total_s=0.5, connect_s=0.5, read_s=0.5),
            max_in_flight=1,
        )
        async with client:
            replies = await asyncio.gather(
                *(client.send(Action.PAUSE, id_, "r") for id_ in "78")
            )

    # Both are out of time at once: the second may still get what the first gives back.
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
        raw_then_hang(),
        raw_then_hang(OK),
        raw_then_hang(BAD_REQUEST + b"\r\n", b"{"),
        flooding(BAD_REQUEST + b"\r\n", b"x"),
    ],
    ids=["no answer", "in the head", "in the body", "in a flood"],
)
async def test_a_cancelled_attempt_leaves_no_connection(behaviour: Behaviour) -> None:
    timeouts = Timeouts(total_s=30, connect_s=30, read_s=30)
    async with (
        FaultyServer(behaviour) as server,
        client_of(server.endpoint, timeouts) as client,
    ):
        with anyio.move_on_after(0.2) as scope:
            await client.send(Action.PAUSE, "7", "r-1")
        await until_closed(server)
        assert client._session.connector is not None
        pooled = client._session.connector._conns

    assert scope.cancelled_caught
    assert not pooled
    assert len(server.requests) == 1


async def test_a_timeout_leaves_no_cancellation_behind() -> None:
    async with FaultyServer(raw_then_hang(BAD_REQUEST + b"\r\n", b"{")) as server:
        timeouts = Timeouts(total_s=0.2, connect_s=0.2, read_s=5)
        reply = await sent(server, timeouts=timeouts)
        task = asyncio.current_task()

    assert reply.http_status == 400
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize(
    "behaviour", [raw_then_hang(), dripping(OK, b"A: 1\r\n")], ids=["hang", "drops"]
)
async def test_the_whole_attempt_is_bounded(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    async with FaultyServer(behaviour) as server:
        started_at = loop.time()
        await sent(server, timeouts=Timeouts(total_s=0.3, connect_s=9, read_s=9))

    assert 0.25 < loop.time() - started_at < 5


async def test_the_wait_for_a_byte_is_bounded() -> None:
    async with FaultyServer(raw_then_hang()) as server:
        with anyio.fail_after(10):
            reply = await sent(server, timeouts=Timeouts(30, 30, read_s=0.2))

    assert reply.error is TransportError.READ_TIMEOUT


@pytest.mark.parametrize("total_s", [0.3, 6.0, 30.0])
def test_the_parts_of_an_attempt_end_before_the_whole(total_s: float) -> None:
    timeouts = Timeouts.within(total_s)

    assert 0 < timeouts.connect_s < timeouts.read_s < timeouts.total_s == total_s


class _Everything(logging.Handler):
    """Keeps what any formatter could make of a log record."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))
        self.texts.append(repr(record.__dict__))


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    root = logging.getLogger()
    handler = _Everything()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


CANARY_CASES = {
    **{name: behaviour for name, (behaviour, _) in UNANSWERED.items()},
    **SPOILT_BODIES,
    "success": answering(NO_CONTENT),
    "refused": None,
}


@pytest.mark.parametrize("behaviour", CANARY_CASES.values(), ids=CANARY_CASES)
async def test_the_token_shows_nowhere(behaviour: Behaviour | None) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    with everything_logged() as texts:
        async with FaultyServer(behaviour or never_reading) as server:
            endpoint = server.endpoint if behaviour else Endpoint("http://127.0.0.1:1")
            async with client_of(endpoint) as client:
                reply = await client.send(Action.PAUSE, "7", "r-1")
                texts.extend(map(repr, (reply, client, client._session, vars(client))))
        gc.collect()
    loop.set_debug(False)

    assert any("asyncio" in text for text in texts)
    assert not [text for text in texts if SECRET in text]


MEMORY_PROBE = """
import asyncio, resource, sys
from bulkpause.api.client import Client, Timeouts
from bulkpause.api.endpoint import Endpoint
from bulkpause.model import Action
from bulkpause.api.credentials import Token

async def main(base_url):
    client = Client(
        Endpoint(base_url), Token("x"), reason=None,
        timeouts=Timeouts(20, 20, 20), max_in_flight=10,
    )
    async with client:
        await client.send(Action.PAUSE, "warm", "r")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reply = await client.send(Action.PAUSE, "7", "r")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(reply.http_status, after - before)

asyncio.run(main(sys.argv[1]))
"""


def bomb() -> bytes:
    """Pack 200 MB of zeros."""
    packer = zlib.compressobj(9, wbits=31)
    million = bytes(10**6)
    packed = b"".join(packer.compress(million) for _ in range(200))
    return packed + packer.flush()


def closing(answer: bytes) -> bytes:
    return answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


async def memory_growth_kib(answer: bytes | Behaviour) -> tuple[int, int]:
    """Answer one request harmlessly and the next as asked; give status and growth."""
    first = hanging_up_after(closing(NO_CONTENT))
    second = hanging_up_after(answer) if isinstance(answer, bytes) else answer

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


async def test_a_compressed_bomb_is_not_unpacked() -> None:
    packed = bomb()
    head = BAD_REQUEST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

    status, growth_kib = await memory_growth_kib(head % len(packed) + packed)

    assert status == 400
    assert growth_kib < 16 * 1024


async def test_an_endless_body_is_not_kept() -> None:
    endless = flooding(BAD_REQUEST + b"\r\n", b"x" * 65_536)

    status, growth_kib = await memory_growth_kib(endless)

    assert status == 400
    assert growth_kib < 16 * 1024
