"""Any response bytes give a valid reply, and only a proof makes an id paused.

The strategies draw responses that are nearly valid, truncated, doubled or overwritten.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import orjson
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkpause.api.client import Client
from bulkpause.api.credentials import Token
from bulkpause.doubt import Doubt
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import (
    Decision,
    Finish,
    ReadBack,
    Retry,
    RetryPolicy,
    Stop,
    Verify,
    after_attempt,
    after_read_back,
)
from bulkpause.model import Record, Reply
from bulkpause.operation import PAUSE
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action, Status
from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    choosing,
    read_request,
    reset,
)
from tests.support.nightly import IS_NIGHTLY
from tests.support.records import until_stopped
from tests.support.tracing import traced_sessions


cheap = settings(
    max_examples=5_000 if IS_NIGHTLY else 150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
costly = settings(cheap, max_examples=500 if IS_NIGHTLY else 15)

_VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"http/1.1", b""])
_STATUSES = st.sampled_from(
    [
        *(*range(100, 104), *range(200, 210), *range(301, 309), *range(400, 432)),
        *(451, 499, *range(500, 512), 0, 20, 600, 999, 2040),
    ]
)
_REASONS = st.sampled_from([b" No Content", b" OK", b"", b" ", b" \xff\x00", b" 204"])
_NAMES = st.sampled_from(
    [
        *(b"X-RateLimit-Limit", b"X-RateLimit-Remaining", b"X-RateLimit-Reset"),
        *(b"Retry-After", b"Date", b"X-Trace-Id", b"Location", b"Set-Cookie"),
        *(b"Connection", b"Content-Encoding", b"Content-Type", b"Content-Length"),
        *(
            b"Transfer-Encoding",
            b"Trailer",
            b"Upgrade",
            b"Keep-Alive",
            b"",
            b" X",
            b"X\0",
        ),
    ]
)
_VALUES = st.binary(max_size=20) | st.sampled_from(
    [
        *(b"0", b"1", b"10", b"-1", b"9" * 30, b"close", b"keep-alive", b"gzip"),
        *(b"chunked", b"identity", b"application/json", b"/v1/hood/campaigns/8/cancel"),
        *(b"Sun, 22 Nov 2026 12:01:30 GMT", b"paused", b"a: b", b"h2c, websocket"),
    ]
)
_STATES = st.sampled_from(["paused", "running", "draft", "", None, 7, ["paused"]])
_READ_BACKS = st.builds(
    lambda id_, state: orjson.dumps(
        {"total": 1, "items": [{"id": id_, "status": state}]}
    ),
    st.sampled_from(["7", 7, "8", 7.0, None, "07", True]),
    _STATES,
)
_ERRORS = st.builds(
    lambda title, trace: orjson.dumps({"title": title, "trace_id": trace, "code": 400}),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    st.none() | st.integers(0, 9) | st.text("abc-\x1b\u202e", max_size=10),
)
_BODIES = _READ_BACKS | _ERRORS | st.binary(max_size=50) | st.just(b"[" * 5_000)


@st.composite
def _framed(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Give a body, and the header that marks its end, correctly or not."""
    body = draw(_BODIES)
    match draw(st.integers(0, 3)):
        case 0:
            length = len(body) + draw(st.sampled_from([0, 0, 0, -1, 1, 100]))
            return b"Content-Length: %d\r\n" % length, body
        case 1:
            size = b"%x" % (len(body) + draw(st.sampled_from([0, 0, 0, 1, -1])))
            end = draw(
                st.sampled_from([b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"", b"zz\r\n"])
            )
            chunks = size + b"\r\n" + body + b"\r\n" + end
            return b"Transfer-Encoding: chunked\r\n", chunks
        case 2:
            return b"Connection: close\r\n", body
        case _:
            return b"", body


@st.composite
def _nearly_valid(draw: st.DrawFn) -> bytes:
    """Give a complete response that shows a campaign, perhaps not the requested one."""
    status, body = draw(st.sampled_from([200, 200, 201, 204, 400])), draw(_READ_BACKS)
    head = b"HTTP/1.1 %d Word\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head + body


@st.composite
def _malformed(draw: st.DrawFn) -> bytes:
    status = b"%s %03d%s\r\n" % (draw(_VERSIONS), draw(_STATUSES), draw(_REASONS))
    pairs = draw(st.lists(st.tuples(_NAMES, _VALUES), max_size=5))
    framing, body = draw(_framed())
    headers = b"".join(name + b": " + value + b"\r\n" for name, value in pairs)
    return draw(_damaged(status + headers + framing + b"\r\n" + body))


_RESPONSES = _nearly_valid() | _malformed()


@st.composite
def _damaged(draw: st.DrawFn, response: bytes) -> bytes:
    at = draw(st.integers(0, len(response)))
    match draw(st.integers(0, 7)):
        case 0:
            return response[:at]
        case 1:
            return response[:at] + draw(st.binary(max_size=8)) + response[at:]
        case 2:
            return response + response
        case 3:
            return b"HTTP/1.1 100 Continue\r\n\r\n" + response
        case 4:
            return response[:at] + draw(st.binary(max_size=8)) + response[at + 4 :]
        case _:
            return response


def _ending(response: bytes, *, is_reset: bool) -> Behaviour:
    """Send a response and end the connection, so that the client never waits."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        writer.write(response)
        await writer.drain()
        if is_reset:
            await asyncio.sleep(0)
            reset(writer)

    return behave


class Exchange:
    """A client, and a server that responds with the bytes of the test."""

    def __init__(self, portal: BlockingPortal, stack: ExitStack) -> None:
        self._portal = portal
        self._behaviour: Behaviour = _ending(NO_CONTENT, is_reset=False)
        server = FaultyServer(self._behave)
        self._server = stack.enter_context(portal.wrap_async_context_manager(server))
        client = portal.call(self._new_client)
        self._client = stack.enter_context(portal.wrap_async_context_manager(client))

    async def _new_client(self) -> Client:
        return Client(
            self._server.endpoint,
            Token("s3cret-canary"),
            reason=None,
            timeout_s=60,
            max_in_flight=2,
        )

    async def _behave(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            await self._behaviour(reader, writer)

    def reply(self, action: Action, response: bytes, *, is_reset: bool) -> Reply:
        self._behaviour = _ending(response, is_reset=is_reset)
        return self._portal.call(self._client.send, action, "7", "r-1")

    def first_reply(self, action: Action, response: bytes, *, is_traced: bool) -> Reply:
        """Meet a response on a new connection, and leave out the times."""
        self._behaviour = _ending(response, is_reset=False)
        reply = self._portal.call(self._send_once, action, is_traced)
        return replace(reply, received_at=0.0, sent_at=0.0)

    async def _send_once(self, action: Action, is_traced: bool) -> Reply:
        with traced_sessions() if is_traced else ExitStack():
            client = await self._new_client()
        async with client:
            return await client.send(action, "7", "r-1")


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def exchange(portal: BlockingPortal) -> Iterator[Exchange]:
    with ExitStack() as stack:
        yield Exchange(portal, stack)


def decisions(action: Action, reply: Reply) -> Iterator[Decision]:
    """Give the decisions on a reply under every policy."""
    for verify in Verify:
        for attempts in (1, 4):
            retry_policy = RetryPolicy(verify=verify)
            if action is Action.PAUSE:
                for doubt in Doubt:
                    yield after_attempt(
                        reply,
                        operation=PAUSE,
                        attempts=attempts,
                        rate_limited=1,
                        doubt=doubt,
                        retry_policy=retry_policy,
                        jitter=0.5,
                    )
            else:
                for pause in (None, Reply(received_at=0.0, http_status=400)):
                    yield after_read_back(
                        reply,
                        operation=PAUSE,
                        attempts=attempts,
                        attempt=pause,
                        rate_limited=1,
                        doubt=Doubt.EXCLUDED,
                        retry_policy=retry_policy,
                        jitter=0.5,
                    )


@cheap
@given(response=_RESPONSES, action=st.sampled_from(Action), is_reset=st.booleans())
def test_any_response_bytes_lead_to_valid_decision(
    exchange: Exchange, response: bytes, action: Action, is_reset: bool
) -> None:
    reply = exchange.reply(action, response, is_reset=is_reset)

    assert (reply.http_status is None) != (reply.error is None)
    if reply.http_status is not None:
        assert b"%03d" % reply.http_status in response
    for decision in decisions(action, reply):
        assert isinstance(decision, Decision)
        if isinstance(decision, Retry):
            assert 0 <= decision.wait_s <= 1e9
        if isinstance(decision, Stop):
            assert reply.http_status == 401
        if isinstance(decision, ReadBack):
            assert action is Action.PAUSE
        if decision == Finish(Status.PAUSED):
            assert is_proof(action, reply, response)


@cheap
@given(response=_RESPONSES, action=st.sampled_from(Action))
def test_traced_request_gets_same_reply(
    exchange: Exchange, response: bytes, action: Action
) -> None:
    untraced, traced = (
        exchange.first_reply(action, response, is_traced=is_traced)
        for is_traced in (False, True)
    )

    assert traced == untraced


def is_proof(action: Action, reply: Reply, response: bytes) -> bool:
    """Tell whether a response proves that the campaign is paused."""
    if action is Action.PAUSE:
        return reply.http_status == 204 and b" 204" in response
    is_shown = re.search(rb'"id":"?7"?,"status":"paused"', response) is not None
    return reply.http_status == 200 and b" 200" in response and is_shown


@costly
@given(
    fuzz=st.dictionaries(
        st.sampled_from([b"POST 7", b"POST 8", b"GET 7", b"GET 8"]),
        st.lists(st.tuples(_RESPONSES, st.booleans()), min_size=1, max_size=3),
    )
)
def test_run_reports_paused_only_with_proof(
    portal: BlockingPortal, fuzz: dict[bytes, list[tuple[bytes, bool]]]
) -> None:
    sent: dict[bytes, list[bytes]] = defaultdict(list)

    def choose(request: bytes) -> Behaviour:
        match = re.match(rb"([A-Z]+) /v1/hood/campaigns/([^/ ]+)", request)
        assert match is not None
        key = b" ".join(match.groups())
        remaining = fuzz.get(key, [])[len(sent[key]) :]
        response, is_reset = (
            remaining[0] if remaining else (b"HTTP/1.1 404 No\r\n\r\n", False)
        )
        sent[key].append(response)
        return _ending(response, is_reset=is_reset)

    records = portal.call(_paused, choose)

    assert len({record.id for record in records}) == len(records)
    for record in records:
        if record.status in {Status.PAUSED, Status.ALREADY_PAUSED}:
            id_ = (record.id or "").encode()
            shown = rb'"id":"?%s"?,"status":"paused"' % id_
            assert any(b" 204" in response for response in sent[b"POST " + id_]) or any(
                re.search(shown, response) for response in sent[b"GET " + id_]
            )


async def _paused(choose: Callable[[bytes], Behaviour]) -> list[Record]:
    async with FaultyServer(choosing(choose)) as server:
        wanted = Settings(
            base_url=server.endpoint.base_url,
            limits=(),
            timeout_s=60,
            retry_policy=RetryPolicy(max_attempts=2, wait_initial_s=0.001),
        )
        # A server may ask for a `Retry-After` of any length.
        guards = GuardRails(deadline_s=0.3)
        async with Pauser("s3cret-canary", wanted, guard_rails=guards) as pauser:
            return [record async for record in until_stopped(pauser.pause(["7", "8"]))]
