"""A traced session and the way without one send and receive the same."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import orjson
import pytest

from bulkpause.api.client import MAX_PAGE_BYTES, Client, Fetched
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.api.exchange import MAX_BODY_BYTES
from bulkpause.api.proxy import parse_proxy
from bulkpause.model import Reply
from bulkpause.vocabulary import Action, TransportError
from tests.support.authority import Pair, context_of, needs_openssl
from tests.support.broken_api import (
    ENDED_BODIES,
    ENDED_RESPONSES,
    UNFINISHED_BODIES,
    UNFINISHED_RESPONSES,
)
from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    http_response,
    responding,
    sending,
)
from tests.support.tls_tunnel import tunnel
from tests.support.tracing import traced_sessions


pytestmark = pytest.mark.anyio

TRACED = [False, True]


@asynccontextmanager
async def new_client(
    endpoint: Endpoint,
    *,
    is_traced: bool,
    proxy: str | None = None,
    timeout_s: float = 15.0,
) -> AsyncGenerator[Client]:
    """Give a client for one request, and check that it was traced or not."""
    with ExitStack() as stack:
        traced = stack.enter_context(traced_sessions()) if is_traced else []
        client = Client(
            endpoint,
            Token("s3cret-canary"),
            reason="Größe",
            timeout_s=timeout_s,
            max_in_flight=2,
            proxy=None if proxy is None else parse_proxy(proxy),
        )
    async with client:
        with anyio.fail_after(20):
            yield client
    assert len(traced) == is_traced


async def sent(
    endpoint: Endpoint,
    action: Action = Action.PAUSE,
    body: Mapping[str, object] | None = None,
    *,
    is_traced: bool,
    request_id: str = "run-1",
    proxy: str | None = None,
    timeout_s: float = 15.0,
) -> Reply:
    async with new_client(
        endpoint, is_traced=is_traced, proxy=proxy, timeout_s=timeout_s
    ) as client:
        return await client.send(action, "7", request_id, body)


async def fetched(
    endpoint: Endpoint, method: str, *, is_traced: bool, timeout_s: float = 15.0
) -> Fetched:
    async with new_client(endpoint, is_traced=is_traced, timeout_s=timeout_s) as client:
        answer = await client.fetch(method, "/v1/list?sort=id,name", "run-1")
    return replace(answer, reply=without_times(answer.reply))


def without_times(reply: Reply) -> Reply:
    return replace(reply, received_at=0.0, sent_at=reply.sent_at and 0.0)


async def replies_to(
    behaviour: Behaviour, action: Action, timeout_s: float
) -> list[Reply]:
    """Meet the same behaviour untraced and traced."""
    async with FaultyServer(behaviour) as server:
        replies = await asyncio.gather(
            *(
                sent(server.endpoint, action, is_traced=one, timeout_s=timeout_s)
                for one in TRACED
            )
        )
    return list(map(without_times, replies))


RATE_LIMITED = [("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "0")]
PAUSED = orjson.dumps({"total": 1, "items": [{"id": "7", "status": "paused"}]})
RESPONSES: Mapping[str, Behaviour] = {
    "204": responding(NO_CONTENT),
    "200": responding(http_response(200, PAUSED)),
    "400": responding(http_response(400, b'{"title": "x", "trace_id": "t"}')),
    "401": responding(http_response(401, headers=[("WWW-Authenticate", "Basic")])),
    "302": responding(http_response(302, headers=[("Location", "/elsewhere")])),
    "429": responding(
        http_response(
            429,
            headers=[*RATE_LIMITED, ("X-RateLimit-Reset", "3"), ("Retry-After", "7")],
        )
    ),
    "101": sending(http_response(101)),
    "interim": responding(b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT),
    "gzip": responding(http_response(400, b"x", [("Content-Encoding", "gzip")])),
}
LONG_PAGE = b'{"items": "' + b"x" * 2 * MAX_BODY_BYTES + b'"}'
PAGES: Mapping[str, Behaviour] = {
    "long": responding(
        http_response(200, LONG_PAGE, [("Date", "Sat, 28 Nov 2026 16:00:00 GMT")])
    ),
    "too long": responding(http_response(200, b"x" * (MAX_PAGE_BYTES + 1))),
    "cut off": sending(http_response(200, LONG_PAGE)[:-9]),
    "refused": responding(http_response(403, b'{"title": "no"}')),
    "cut off refusal": sending(http_response(403, b'{"title": "no"}')[:-3]),
    "nothing": sending(b""),
}
GROUPS: Mapping[str, Mapping[str, Behaviour]] = {
    "responses": RESPONSES,
    "ended responses": {name: one for name, (one, _) in ENDED_RESPONSES.items()},
    "unfinished responses": UNFINISHED_RESPONSES,
    "ended bodies": ENDED_BODIES,
    "unfinished bodies": UNFINISHED_BODIES,
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("group", GROUPS)
async def test_traced_request_gets_same_reply(group: str, action: Action) -> None:
    behaviours = GROUPS[group]
    # Unfinished ones last until their timeout, the others must not meet theirs.
    timeout_s = 2.0 if group.startswith("unfinished") else 15.0

    both = await asyncio.gather(
        *(replies_to(behaviour, action, timeout_s) for behaviour in behaviours.values())
    )

    untraced, traced = zip(*both, strict=True)
    assert dict(zip(behaviours, traced, strict=True)) == dict(
        zip(behaviours, untraced, strict=True)
    )


@pytest.mark.parametrize("behaviour", PAGES.values(), ids=PAGES)
async def test_traced_fetch_gets_same_answer(behaviour: Behaviour) -> None:
    async with FaultyServer(behaviour) as server:
        untraced, traced = [
            await fetched(server.endpoint, "GET", is_traced=one, timeout_s=5.0)
            for one in TRACED
        ]

    assert traced == untraced


@pytest.mark.parametrize("is_traced", TRACED)
async def test_fetch_gives_long_page_and_its_time(is_traced: bool) -> None:
    async with FaultyServer(PAGES["long"]) as server:
        answer = await fetched(server.endpoint, "GET", is_traced=is_traced)

    assert answer.body == LONG_PAGE
    assert answer.served_at == datetime(2026, 11, 28, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("is_traced", TRACED)
async def test_fetch_stops_at_most_bytes_of_page(is_traced: bool) -> None:
    async with FaultyServer(PAGES["too long"]) as server:
        answer = await fetched(server.endpoint, "GET", is_traced=is_traced)

    assert (answer.reply.http_status, len(answer.body)) == (200, MAX_PAGE_BYTES)


REQUESTS: Mapping[str, Callable[[Endpoint, bool], Awaitable[object]]] = {
    "pause": lambda endpoint, is_traced: sent(endpoint, is_traced=is_traced),
    "read": lambda endpoint, is_traced: sent(
        endpoint, Action.READ, is_traced=is_traced
    ),
    "resume": lambda endpoint, is_traced: sent(
        endpoint, Action.RESUME, is_traced=is_traced
    ),
    "resume with a body": lambda endpoint, is_traced: sent(
        endpoint, Action.RESUME, {"scheduled_time": "ü"}, is_traced=is_traced
    ),
    "list": lambda endpoint, is_traced: fetched(endpoint, "GET", is_traced=is_traced),
    "check": lambda endpoint, is_traced: fetched(endpoint, "POST", is_traced=is_traced),
}


@pytest.mark.parametrize("send", REQUESTS.values(), ids=REQUESTS)
async def test_traced_request_is_same_on_wire(
    send: Callable[[Endpoint, bool], Awaitable[object]],
) -> None:
    async with FaultyServer(responding(NO_CONTENT)) as server:
        for is_traced in TRACED:
            await send(server.endpoint, is_traced)

    heads, bodies = zip(
        *(bytes(one).split(b"\r\n\r\n") for one in server.received), strict=True
    )
    untraced, traced = (head.split(b"\r\n") for head in heads)
    assert untraced[0] == traced[0]
    assert sorted(untraced) == sorted(traced)
    assert len(set(bodies)) == 1


@pytest.mark.parametrize("is_traced", TRACED)
@pytest.mark.parametrize("request_id", ["r\r\nA: b", "r\nA: b", "r\0"])
async def test_request_id_cannot_add_header(request_id: str, is_traced: bool) -> None:
    async with FaultyServer(responding(NO_CONTENT)) as server:
        reply = await sent(server.endpoint, is_traced=is_traced, request_id=request_id)

    assert reply.error is TransportError.MALFORMED
    assert b"".join(server.received) == b""


async def test_traced_requests_reuse_their_connection() -> None:
    with traced_sessions() as traced:
        async with FaultyServer(responding(NO_CONTENT, NO_CONTENT)) as server:
            client = Client(
                server.endpoint,
                Token("s3cret-canary"),
                reason=None,
                timeout_s=5,
                max_in_flight=1,
            )
            async with client:
                for id_ in "78":
                    await client.send(Action.PAUSE, id_, "r")

    assert traced == [f"POST /v1/hood/campaigns/{id_}/pause" for id_ in "78"]
    assert len(server.received) == 1


@needs_openssl
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("is_traced", TRACED)
async def test_either_way_goes_through_proxy(
    server_pair: Pair, is_traced: bool
) -> None:
    async with (
        FaultyServer(responding(NO_CONTENT), tls=context_of(server_pair)) as server,
        FaultyServer(tunnel) as proxy,
    ):
        url = proxy.endpoint.base_url.replace("//", "//jane:word@")
        reply = await sent(server.endpoint, is_traced=is_traced, proxy=url)
        host = f"127.0.0.1:{server.port}".encode()

    assert (reply.http_status, len(server.requests)) == (204, 1)
    head = bytes(proxy.received[0]).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"CONNECT %s HTTP/1.1" % host
    assert head.count(b"Host: " + host) == 1


@needs_openssl
@pytest.mark.parametrize("is_traced", TRACED)
async def test_either_way_refuses_untrusted_server(
    server_pair: Pair, is_traced: bool
) -> None:
    tls = context_of(server_pair)
    async with FaultyServer(responding(NO_CONTENT), tls=tls) as server:
        reply = await sent(server.endpoint, is_traced=is_traced)

    assert (reply.error, reply.is_untrusted) == (TransportError.TLS, True)
    assert (reply.sent_at, server.requests) == (None, [])
