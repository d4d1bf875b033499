"""One request of the client against a raw server: what is sent and what is parsed."""

import asyncio
import gzip
import random
import re
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import anyio
import orjson
import pytest

from bulkpause.api.client import Client
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint, parse_endpoint
from bulkpause.api.exchange import MAX_BODY_BYTES
from bulkpause.api.proxy import Proxy
from bulkpause.api.response import TRACE_HEADERS
from bulkpause.errors import SettingsError
from bulkpause.model import RateLimitHeaders, Reply
from bulkpause.simulator import Behaviour as SimulatorBehaviour
from bulkpause.simulator import Simulator
from bulkpause.vocabulary import Action
from tests.support.faulty_server import (
    NO_CONTENT,
    FaultyServer,
    http_response,
    read_request,
    responding,
)


pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@asynccontextmanager
async def client_of(
    endpoint: Endpoint, *, reason: str | None = "stop", max_in_flight: int = 10
) -> AsyncIterator[Client]:
    client = Client(
        endpoint,
        Token("abc"),
        reason=reason,
        timeout_s=10,
        max_in_flight=max_in_flight,
        now=lambda: NOW,
    )
    async with client:
        yield client


async def exchanged(
    response: bytes, action: Action = Action.PAUSE, reason: str | None = "stop"
) -> tuple[Reply, bytes]:
    """Respond to one request, and give the reply and the raw request."""
    async with (
        FaultyServer(responding(response)) as server,
        client_of(server.endpoint, reason=reason) as client,
    ):
        reply = await client.send(action, "1000248", "run-1")
    return reply, bytes(server.received[0])


async def replied(response: bytes, action: Action = Action.PAUSE) -> Reply:
    return (await exchanged(response, action))[0]


def split(request: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    return line, dict(re.split(b": ?", text, maxsplit=1) for text in lines), body


async def test_pause_is_post_with_reason() -> None:
    _, request = await exchanged(NO_CONTENT)

    line, headers, body = split(request)
    assert line == b"POST /v1/hood/campaigns/1000248/pause HTTP/1.1"
    assert headers.pop(b"Host").startswith(b"127.0.0.1:")
    assert headers == {
        b"Accept": b"application/json",
        b"Accept-Encoding": b"identity",
        b"Authorization": b"Bearer abc",
        b"Content-Length": b"%d" % len(body),
        b"Content-Type": b"application/json",
        b"User-Agent": b"bulkpause",
        b"X-Request-Id": b"run-1",
    }
    assert orjson.loads(body) == {"reason": "stop"}


async def test_read_back_is_get_without_body() -> None:
    _, request = await exchanged(http_response(200), Action.READ)

    line, headers, body = split(request)
    assert line == b"GET /v1/hood/campaigns/1000248 HTTP/1.1"
    assert not headers.keys() & {b"Content-Type", b"Content-Length"}
    assert (headers[b"Authorization"], body) == (b"Bearer abc", b"")


async def test_pause_without_reason_sends_empty_object() -> None:
    _, request = await exchanged(NO_CONTENT, reason=None)

    assert split(request)[2] == b"{}"


async def test_reason_with_any_characters_is_sent_unchanged() -> None:
    reason = '"\\\r\n\0</script>\N{RIGHT-TO-LEFT OVERRIDE}\N{PILE OF POO}'

    _, request = await exchanged(NO_CONTENT, reason=reason)

    assert orjson.loads(split(request)[2]) == {"reason": reason}


async def test_id_arrives_byte_for_byte() -> None:
    rng = random.Random(7)
    letters = string.ascii_letters + string.digits
    ids = [
        rng.choice(letters) + "".join(rng.choices(letters + "-_", k=rng.randrange(64)))
        for _ in range(500)
    ]
    behaviour = responding(*[NO_CONTENT] * len(ids))
    async with (
        FaultyServer(behaviour) as server,
        client_of(server.endpoint) as client,
    ):
        for id_ in ids:
            await client.send(Action.PAUSE, id_, "r")

    assert server.requests == [
        f"POST /v1/hood/campaigns/{id_}/pause HTTP/1.1".encode() for id_ in ids
    ]


@pytest.mark.parametrize(
    "id_",
    [
        "",
        ".",
        "..",
        "7/cancel?",
        "7/../8",
        "7\n",
        "7 ",
        "%37",
        "7;",
        "\N{DIGIT SEVEN}\u0301",
    ],
)
async def test_invalid_id_is_not_sent(id_: str) -> None:
    async with (
        FaultyServer(responding(NO_CONTENT)) as server,
        client_of(server.endpoint) as client,
    ):
        with pytest.raises(ValueError, match="is not safe in a URL path"):
            await client.send(Action.PAUSE, id_, "r")

    assert server.received == []


@pytest.mark.parametrize(
    "base_url",
    [
        "https://user@api.ocamba.com",
        "https://@api.ocamba.com",
        "https://api.ocamba.com\\@evil.example",
        "https://api.ocamba.com:4_4",
        "https://api.oc\tamba.com",
        "https://api.ocamba.com?",
        "https://[::1].evil.example",
        "https://API.ocamba.com",
    ],
)
async def test_client_refuses_base_url_read_differently_by_yarl(base_url: str) -> None:
    with pytest.raises(SettingsError, match="the URL is refused"):
        async with client_of(Endpoint(base_url)):
            pass


async def test_client_refuses_proxy_read_differently_by_yarl() -> None:
    with pytest.raises(SettingsError, match="the URL is refused"):
        Client(
            Endpoint("https://api.ocamba.com"),
            Token("abc"),
            reason=None,
            timeout_s=1,
            max_in_flight=1,
            proxy=Proxy("http://proxy.example\\@evil.example"),
        )


async def test_base_url_path_precedes_request_path() -> None:
    async with FaultyServer(responding(NO_CONTENT)) as server:
        endpoint = parse_endpoint(f"{server.endpoint.base_url}/ocamba/")
        async with client_of(endpoint) as client:
            await client.send(Action.PAUSE, "7", "r")

    assert server.requests == [b"POST /ocamba/v1/hood/campaigns/7/pause HTTP/1.1"]


async def test_204_reply_has_its_times() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(0.1)
        writer.write(NO_CONTENT)
        await reader.read()

    async with FaultyServer(late) as server, client_of(server.endpoint) as client:
        started_at = asyncio.get_running_loop().time()
        reply = await client.send(Action.PAUSE, "7", "r")

    assert reply.sent_at is not None
    assert started_at <= reply.sent_at <= reply.received_at - 0.09
    assert reply == Reply(
        http_status=204,
        is_cold=True,
        sent_at=reply.sent_at,
        received_at=reply.received_at,
    )


async def test_reply_is_received_when_headers_arrive() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(b"{}")
        await reader.read()

    async with FaultyServer(slow) as server, client_of(server.endpoint) as client:
        reply = await client.send(Action.PAUSE, "7", "r")
        ended_at = asyncio.get_running_loop().time()

    assert ended_at - reply.received_at >= 0.1


async def test_rejection_has_title_message_and_trace_id() -> None:
    body = b'{"code":400,"title":"Bad request.","message":"No.","trace_id":"t-1"}'

    reply = await replied(http_response(400, body))

    assert (reply.http_status, reply.error) == (400, None)
    assert (reply.title, reply.message, reply.trace_id) == (
        "Bad request.",
        "No.",
        "t-1",
    )


UNUSABLE_BODIES = {
    "HTML": b"<html>Bad gateway</html>",
    "an array": b"[1, 2]",
    "a string": b'"trace_id"',
    "null": b"null",
    "a number": b"1e999",
    "half an object": b'{"title": "x"',
    "invalid UTF-8": b'{"title": "\xff\xfe"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "deep arrays": b"[" * 60_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"title": NaN}',
    "fields of other types": b'{"title": 1, "message": {"a": 1}, "trace_id": [], "items": 5}',
    "null fields": b'{"title": null, "message": null, "trace_id": null, "items": null}',
    "items of other types": b'{"items": [null, 1, [], {}, {"id": "1000248", "status": 1}]}',
    "longer than the maximum": b'{"title": "' + b"x" * MAX_BODY_BYTES + b'"}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("body", UNUSABLE_BODIES.values(), ids=UNUSABLE_BODIES)
async def test_unusable_body_leaves_only_http_status(
    body: bytes, status: int, action: Action
) -> None:
    reply = await replied(http_response(status, body), action)

    assert reply == Reply(
        http_status=status,
        is_cold=True,
        sent_at=reply.sent_at,
        received_at=reply.received_at,
    )


async def test_body_of_maximum_length_is_read() -> None:
    start, end = b'{"title": "x", "fill": "', b'"}'
    fill = b"y" * (MAX_BODY_BYTES - len(start) - len(end))

    assert (await replied(http_response(400, start + fill + end))).title == "x"


async def test_compressed_body_is_not_decompressed() -> None:
    compressed = gzip.compress(b'{"title": "x"}')

    reply = await replied(
        http_response(400, compressed, [("Content-Encoding", "gzip")])
    )

    assert (reply.http_status, reply.title) == (400, None)


async def test_repeated_key_gives_one_of_its_values() -> None:
    reply = await replied(http_response(400, b'{"title": "a", "title": "b"}'))

    assert reply.title in {"a", "b"}


async def test_long_text_is_cut_short() -> None:
    body = orjson.dumps({"message": "x" * 5000})

    assert (await replied(http_response(400, body))).message == "x" * 500


CONTROL_CHARACTERS = [
    ("\x1b[2J\x1b]0;owned\x07", "[2J]0;owned"),
    ("\r\n\n\t\v\f\x00\x08\x7f", ""),
    ("\x80\x85\x9b31m\x9f", "31m"),
    ("\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}", ""),
    ("\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}", ""),
    ("\N{ZERO WIDTH SPACE}\N{SOFT HYPHEN}\ufeff", ""),
]


@pytest.mark.parametrize(("text", "printable"), CONTROL_CHARACTERS)
@pytest.mark.parametrize("field", ["title", "message", "trace_id"])
async def test_terminal_control_characters_are_replaced(
    field: str, text: str, printable: str
) -> None:
    reply = await replied(http_response(400, orjson.dumps({field: f"a{text}b"})))

    cleaned = getattr(reply, field)
    assert cleaned.isprintable()
    assert cleaned.replace("\N{REPLACEMENT CHARACTER}", "") == f"a{printable}b"


async def test_other_scripts_and_emoji_are_kept() -> None:
    text = "Größe 広告 [bold]x[/] =1+1 \N{PILE OF POO}"

    reply = await replied(http_response(400, orjson.dumps({"message": text})))

    assert reply.message == text


@pytest.mark.parametrize("name", TRACE_HEADERS)
async def test_trace_id_is_read_from_header(name: str) -> None:
    reply = await replied(http_response(500, b"<html>", [(name.lower(), "h-1")]))

    assert reply.trace_id == "h-1"


@pytest.mark.parametrize(
    ("body", "trace_id"),
    [
        (b'{"trace_id": "b-1"}', "b-1"),
        (b'{"trace_id": ""}', "h-1"),
        (b'{"trace_id": 7}', "h-1"),
        (b'{"trace_id": null}', "h-1"),
        (b'{"trace_id": ["b-1"]}', "h-1"),
        (b"{}", "h-1"),
        (b"[]", "h-1"),
    ],
)
async def test_trace_id_in_body_precedes_header(body: bytes, trace_id: str) -> None:
    reply = await replied(http_response(400, body, [("X-Trace-Id", "h-1")]))

    assert reply.trace_id == trace_id


async def test_trace_id_from_header_is_printable() -> None:
    raw = http_response(500, b"", [("X-Trace-Id", "a\N{RIGHT-TO-LEFT OVERRIDE}\x9bb")])
    reply = await replied(raw.replace(b"b\r\n", b"b\xff\r\n"))

    assert reply.trace_id is not None
    assert reply.trace_id.isprintable()


async def test_missing_trace_id_is_none() -> None:
    assert (await replied(http_response(500))).trace_id is None


@pytest.mark.parametrize(
    ("items", "campaign_status"),
    [
        ([{"id": "1000248", "status": "paused"}], "paused"),
        ([{"id": 1000248, "status": "running"}], "running"),
        (
            [{"id": "1", "status": "sent"}, {"id": "1000248", "status": "draft"}],
            "draft",
        ),
        ([{"id": "1000249", "status": "paused"}], None),
        ([{"id": "01000248", "status": "paused"}], None),
        ([{"status": "paused"}], None),
        ([{"id": "1000248"}], None),
        ([], None),
    ],
)
async def test_campaign_status_is_that_of_requested_id(
    items: list[object], campaign_status: str | None
) -> None:
    body = orjson.dumps({"total": 1, "items": items})

    reply = await replied(http_response(200, body), Action.READ)

    assert reply.campaign_status == campaign_status


RATE_LIMIT = {
    "X-RateLimit-Limit": "150",
    "X-RateLimit-Remaining": "149",
    "X-RateLimit-Reset": "60",
}


@pytest.mark.parametrize("status", [204, 400, 500])
async def test_rate_limit_headers_are_read(status: int) -> None:
    reply = await replied(http_response(status, headers=RATE_LIMIT.items()))

    assert reply.rate_limit == RateLimitHeaders(limit=150, remaining=149, reset_s=60)


@pytest.mark.parametrize("remaining", [0, 150])
async def test_rate_limit_remaining_may_be_zero_or_full(remaining: int) -> None:
    headers = RATE_LIMIT | {
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": "0",
    }

    reply = await replied(http_response(204, headers=headers.items()))

    assert reply.rate_limit == RateLimitHeaders(
        limit=150, remaining=remaining, reset_s=0
    )


MALFORMED_NUMBERS = [
    "",
    "-1",
    "1.5",
    "1e2",
    "many",
    "0x10",
    "10, 10",
    "9" * 400,
    "1_0",
    "+1",
]


@pytest.mark.parametrize("value", MALFORMED_NUMBERS)
@pytest.mark.parametrize("name", RATE_LIMIT)
async def test_malformed_rate_limit_header_is_ignored(name: str, value: str) -> None:
    reply = await replied(
        http_response(204, headers=(RATE_LIMIT | {name: value}).items())
    )

    assert (reply.http_status, reply.rate_limit) == (204, None)


@pytest.mark.parametrize("name", RATE_LIMIT)
async def test_incomplete_rate_limit_headers_are_ignored(name: str) -> None:
    headers = {key: value for key, value in RATE_LIMIT.items() if key != name}

    assert (
        await replied(http_response(204, headers=headers.items()))
    ).rate_limit is None


@pytest.mark.parametrize("name", RATE_LIMIT)
async def test_repeated_rate_limit_headers_are_ignored(name: str) -> None:
    headers = [*RATE_LIMIT.items(), (name, "1")]

    assert (await replied(http_response(204, headers=headers))).rate_limit is None


@pytest.mark.parametrize(
    "contradiction",
    [
        {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Remaining": "151"},
        {"X-RateLimit-Reset": "86401"},
    ],
)
async def test_contradictory_rate_limit_headers_are_ignored(
    contradiction: dict[str, str],
) -> None:
    assert (
        await replied(http_response(204, headers=(RATE_LIMIT | contradiction).items()))
    ).rate_limit is None


def http_date(seconds_from_now: float) -> str:
    moment = NOW + timedelta(seconds=seconds_from_now)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("text", "retry_after_s"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-1", -1.0),
        ("1000000000", 1e9),
        ("1" + "0" * 400, 1e9),
        (http_date(90), 90.0),
        (http_date(-90), 0.0),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90.0),
        ("Sun, 22 Nov 2026 12:01:30", None),
        ("Sun Nov 22 12:01:30 2026", 90.0),
        ("Sun, 22 Nov 2026 12:01:30 -0000", None),
        ("Sun, 22 Nov 99999999999999999999 12:01:30 GMT", None),
        ("Sun, 22 Nov 2026 12:01:30 +99999999", None),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("-2", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("7, 8", None),
        ("7 seconds", None),
    ],
)
async def test_retry_after_is_read_in_every_form(
    text: str, retry_after_s: float | None
) -> None:
    reply = await replied(http_response(503, headers=[("Retry-After", text)]))

    assert (reply.http_status, reply.retry_after_s) == (503, retry_after_s)


async def test_missing_retry_after_is_none() -> None:
    assert (await replied(http_response(429))).retry_after_s is None


async def test_retry_after_date_is_relative_to_server_clock() -> None:
    headers = [("Retry-After", http_date(3690)), ("Date", http_date(3600))]

    assert (await replied(http_response(503, headers=headers))).retry_after_s == 90.0


@pytest.mark.parametrize(
    "date",
    ["", "now", "Sun, 22 Nov 2026 12:00:00", "Sun, 1 Jan 99999999999999 1:1:1 Z"],
)
async def test_retry_after_date_falls_back_to_local_clock(date: str) -> None:
    headers = [("Retry-After", http_date(90)), ("Date", date)]

    assert (await replied(http_response(503, headers=headers))).retry_after_s == 90.0


async def test_connection_is_reused_for_next_request() -> None:
    behaviour = responding(
        NO_CONTENT, http_response(400, b"{}"), http_response(200, b"{}")
    )
    async with (
        FaultyServer(behaviour) as server,
        client_of(server.endpoint) as client,
    ):
        for action in (Action.PAUSE, Action.PAUSE, Action.READ):
            await client.send(action, "7", "r")

    assert (len(server.received), len(server.requests)) == (1, 3)


async def test_pool_opens_one_connection_per_request_in_flight() -> None:
    all_received = asyncio.Event()

    async def wait_for_all(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        if len(server.requests) == 150:
            all_received.set()
        await all_received.wait()
        writer.write(NO_CONTENT)
        await reader.read()

    async with (
        FaultyServer(wait_for_all) as server,
        client_of(server.endpoint, max_in_flight=150) as client,
    ):
        replies = await asyncio.gather(
            *(client.send(Action.PAUSE, str(number), "r") for number in range(150))
        )

    assert {reply.http_status for reply in replies} == {204}


async def test_kept_connection_goes_to_whoever_waits() -> None:
    order: list[str] = []
    async with (
        FaultyServer(responding(NO_CONTENT)) as server,
        client_of(server.endpoint, max_in_flight=1) as client,
        asyncio.TaskGroup() as group,
    ):

        async def send(name: str) -> None:
            for _ in range(5):
                await client.send(Action.PAUSE, "7", "r")
                order.append(name)

        group.create_task(send("a"))
        group.create_task(send("b"))

    assert order == ["a", "b"] * 5


async def test_pool_never_exceeds_max_in_flight() -> None:
    max_open = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal max_open
        await read_request(reader)
        max_open = max(max_open, server.open_connections)
        await asyncio.sleep(0.01)
        writer.write(NO_CONTENT)

    async with (
        FaultyServer(count) as server,
        client_of(server.endpoint, max_in_flight=3) as client,
    ):
        await asyncio.gather(*(client.send(Action.PAUSE, "7", "r") for _ in range(20)))

    assert (max_open <= 3, len(server.requests)) == (True, 20)


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1\nlogin jane\npassword word\n")
    path.chmod(0o600)
    return path


async def test_environment_proxy_and_netrc_are_ignored(
    monkeypatch: pytest.MonkeyPatch, netrc: Path
) -> None:
    async with (
        FaultyServer(responding(NO_CONTENT)) as proxy,
        FaultyServer(responding(NO_CONTENT)) as server,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.endpoint.base_url)
            monkeypatch.setenv(name.lower(), proxy.endpoint.base_url)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with client_of(server.endpoint) as client:
            reply = await client.send(Action.PAUSE, "7", "r")

    _, headers, _ = split(bytes(server.received[0]))
    assert (reply.http_status, proxy.received) == (204, [])
    assert headers[b"Authorization"] == b"Bearer abc"


async def test_cookies_are_not_stored_or_sent() -> None:
    with_cookie = http_response(400, headers=[("Set-Cookie", "session=1; Path=/")])
    async with (
        FaultyServer(responding(with_cookie, with_cookie)) as server,
        client_of(Endpoint(f"http://localhost:{server.port}")) as client,
    ):
        for _ in range(2):
            await client.send(Action.PAUSE, "7", "r")

    assert len(server.requests) == 2
    assert b"cookie" not in bytes(server.received[0]).lower()


async def test_client_closes_its_connections_on_exit() -> None:
    async with FaultyServer(responding(NO_CONTENT)) as server:
        async with client_of(server.endpoint) as client:
            await client.send(Action.PAUSE, "7", "r")
            assert server.open_connections == 1
        with anyio.fail_after(10):
            while server.open_connections:
                await anyio.sleep(0.01)


async def test_simulator_campaign_is_paused_and_read_back() -> None:
    async with (
        Simulator(SimulatorBehaviour()) as simulator,
        client_of(parse_endpoint(simulator.base_url)) as client,
    ):
        paused = await client.send(Action.PAUSE, "7", "r-1")
        rejected = await client.send(Action.PAUSE, "7", "r-2")
        read_back = await client.send(Action.READ, "7", "r-3")

    assert (paused.http_status, rejected.http_status) == (204, 400)
    assert rejected.trace_id
    assert (read_back.http_status, read_back.campaign_status) == (200, "paused")


async def test_only_first_request_on_connection_is_cold() -> None:
    async with (
        Simulator() as simulator,
        client_of(parse_endpoint(simulator.base_url)) as client,
    ):
        first = await client.send(Action.PAUSE, "1000248", "r-1")
        second = await client.send(Action.PAUSE, "1000249", "r-2")

    assert (first.is_cold, second.is_cold) == (True, False)
