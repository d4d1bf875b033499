"""An API in which the id of a campaign says how its answers are broken."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from bulkpause.model import TransportError
from tests.support.faulty_server import (
    Behaviour,
    choosing,
    hanging_up_after,
    read_request,
    reset,
)


async def never_reading(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await asyncio.sleep(60)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.sleep(60)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    reset(writer)


async def speak_plainly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\n"


OK = b"HTTP/1.1 200 OK\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def raw(*parts: bytes) -> Behaviour:
    """Answer in as many pieces, a little apart, and hang up."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)

    return behave


def raw_then_hang(*parts: bytes) -> Behaviour:
    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await raw(*parts)(reader, writer)
        await reader.read()

    return behave


def raw_then_reset(*parts: bytes) -> Behaviour:
    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await raw(*parts)(reader, writer)
        reset(writer)

    return behave


def dripping(start: bytes, drop: bytes) -> Behaviour:
    """Send a drop far more often than the read timeout, and never come to an end."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(reader)
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.03)

    return behave


def flooding(start: bytes, drop: bytes) -> Behaviour:
    """Send as fast as the other side reads, and never come to an end."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await raw(start)(reader, writer)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0)

    return behave


#: No status is known: the request was written, and may have been acted upon.
UNANSWERED: dict[str, tuple[Behaviour, TransportError]] = {
    "reset before the status line": (raw_then_reset(), TransportError.RESET),
    "reset within the status line": (
        raw_then_reset(b"HTTP/1.1 2"),
        TransportError.RESET,
    ),
    "reset within the headers": (
        raw_then_reset(OK + b"X: 1\r\n"),
        TransportError.RESET,
    ),
    "hang-up before the status line": (raw(), TransportError.HANG_UP),
    "hang-up within the status line": (raw(b"HTTP/1.1 20"), TransportError.HANG_UP),
    "hang-up within the headers": (raw(OK + b"X: 1\r\n"), TransportError.HANG_UP),
    "hang before the status line": (raw_then_hang(), TransportError.READ_TIMEOUT),
    "hang without reading": (never_reading, TransportError.READ_TIMEOUT),
    "hang within the headers": (raw_then_hang(OK), TransportError.READ_TIMEOUT),
    "status line byte by byte": (
        dripping(b"HTTP/1.1 200 ", b"O"),
        TransportError.READ_TIMEOUT,
    ),
    "headers one by one": (dripping(OK, b"A: 1\r\n"), TransportError.READ_TIMEOUT),
    "100 Continue for ever": (
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        TransportError.READ_TIMEOUT,
    ),
    "a flood of early hints": (
        flooding(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        TransportError.READ_TIMEOUT,
    ),
    "a flood of headers": (flooding(OK, b"A: 1\r\n" * 100), TransportError.MALFORMED),
    "10,000 headers": (
        raw_then_hang(OK + b"A: 1\r\n" * 10_000),
        TransportError.MALFORMED,
    ),
    "one huge header": (
        raw_then_hang(OK + b"A: " + b"x" * 10**6),
        TransportError.MALFORMED,
    ),
    "one endless header": (
        flooding(OK + b"A: ", b"x" * 4096),
        TransportError.MALFORMED,
    ),
    "one huge header name": (
        raw_then_hang(OK + b"x" * 10**6),
        TransportError.MALFORMED,
    ),
    "an endless reason": (
        flooding(b"HTTP/1.1 200 ", b"x" * 4096),
        TransportError.MALFORMED,
    ),
    "another protocol": (
        raw_then_hang(b"SSH-2.0-OpenSSH_9\r\n"),
        TransportError.MALFORMED,
    ),
    "a TLS alert": (
        raw_then_hang(b"\x15\x03\x01\x00\x02\x02\x28"),
        TransportError.MALFORMED,
    ),
    "HTTP/2": (
        raw_then_hang(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
        TransportError.MALFORMED,
    ),
    "HTML without a head": (
        raw_then_hang(b"<html>no</html>"),
        TransportError.MALFORMED,
    ),
    "NUL bytes": (raw_then_hang(b"\0" * 100), TransportError.MALFORMED),
    "random bytes": (raw_then_hang(bytes(range(255, 0, -1))), TransportError.MALFORMED),
    "no status": (raw_then_hang(b"HTTP/1.1 \r\n\r\n"), TransportError.MALFORMED),
    "a status of two digits": (
        raw_then_hang(b"HTTP/1.1 20 OK\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "a status in words": (
        raw_then_hang(b"HTTP/1.1 OK\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "a version of the future": (
        raw_then_hang(b"HTTP/9.9 204 No Content\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "two lengths": (
        raw_then_hang(
            BAD_REQUEST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
        ),
        TransportError.MALFORMED,
    ),
    "a negative length": (
        raw_then_hang(BAD_REQUEST + b"Content-Length: -1\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "a length in words": (
        raw_then_hang(BAD_REQUEST + b"Content-Length: ten\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "a length beyond all numbers": (
        raw_then_hang(BAD_REQUEST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "a header without a name": (
        raw_then_hang(BAD_REQUEST + b": x\r\n\r\n"),
        TransportError.MALFORMED,
    ),
    "overlong body at once": (
        raw(BAD_REQUEST + b"Content-Length: 2\r\n\r\n{}, and more"),
        TransportError.MALFORMED,
    ),
    "malformed chunks at once": (
        raw_then_hang(BAD_REQUEST + CHUNKED + b"zz\r\n{}"),
        TransportError.MALFORMED,
    ),
    "a NUL byte in a header": (
        raw_then_hang(BAD_REQUEST + b"A: x\0y\r\n\r\n"),
        TransportError.MALFORMED,
    ),
}


#: The status is known, and what is wrong with the body does not change it.
SPOILT_BODIES: dict[str, Behaviour] = {
    "reset after the head": raw_then_reset(BAD_REQUEST + b"Content-Length: 9\r\n\r\n"),
    "reset within the body": raw_then_reset(
        BAD_REQUEST + b"Content-Length: 9\r\n\r\n", b"{}"
    ),
    "cut body": raw(BAD_REQUEST + b"Content-Length: 9\r\n\r\n{}"),
    "hang within the body": raw_then_hang(BAD_REQUEST + b"Content-Length: 9\r\n\r\n{}"),
    "body byte by byte": dripping(BAD_REQUEST + b"\r\n", b"x"),
    "overlong body": raw(BAD_REQUEST + b"Content-Length: 2\r\n\r\n{}", b", {}"),
    "endless body": flooding(BAD_REQUEST + b"\r\n", b"x" * 4096),
    "endless chunks": flooding(BAD_REQUEST + CHUNKED, b"4\r\nabcd\r\n" * 100),
    "a chunk that is too short": raw(BAD_REQUEST + CHUNKED, b"9\r\n{}\r\n0\r\n\r\n"),
    "a chunk length that is none": raw_then_hang(BAD_REQUEST + CHUNKED, b"zz\r\n{}"),
    "a negative chunk length": raw_then_hang(BAD_REQUEST + CHUNKED, b"-2\r\n{}\r\n"),
    "a chunk length beyond all numbers": raw_then_hang(
        BAD_REQUEST + CHUNKED, b"f" * 40 + b"\r\n{}"
    ),
    "a chunk of everything": raw(BAD_REQUEST + CHUNKED, b"fffffffffffffff\r\n{}"),
    "chunks that are never closed": raw(BAD_REQUEST + CHUNKED, b"2\r\n{}\r\n"),
    "an endless chunk extension": flooding(BAD_REQUEST + CHUNKED + b"2;", b"x" * 4096),
    "endless trailers": flooding(BAD_REQUEST + CHUNKED + b"0\r\n", b"A: 1\r\n" * 100),
    "a body that does not unpack": raw(
        BAD_REQUEST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "HTML": raw(
        BAD_REQUEST + b"Content-Type: text/html\r\n\r\n<html><h1>Bad</h1></html>"
    ),
    "an odd content type": raw(BAD_REQUEST + b"Content-Type: \xff;;=\r\n\r\n{}"),
    "no body at all": raw(BAD_REQUEST + b"\r\n"),
}


#: Whatever the client says first, no secure connection comes about.
NO_TLS: dict[str, tuple[Behaviour, TransportError]] = {
    "plain text": (speak_plainly, TransportError.TLS),
    "hang": (hang, TransportError.CONNECT_TIMEOUT),
    "hang-up": (hang_up, TransportError.REFUSED),
    "reset": (cut_off, TransportError.REFUSED),
}


Answer = bytes | Behaviour
#: What became of the campaign, whatever the answer to the pause said: it was paused,
#: it was not, or nobody can be asked.
FATES = ("acted", "idle", "lost")


def answer(status: int, body: bytes = b"{}", head: str = "") -> bytes:
    lines = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    return lines.encode() + body


def view_of(id_: str) -> Answer:
    seen = {"acted": "paused", "good": "paused", "idle": "running"}
    status = seen.get(id_.rpartition("-")[2])
    if status is None:
        return raw()
    return answer(200, orjson.dumps({"items": [{"id": id_, "status": status}]}))


def broken_api(pauses: Mapping[str, Answer | list[Answer]]) -> Behaviour:
    """Answer pauses by the first half of their id, and views by its fate.

    Of a list each id is given the answers in turn.
    """
    so_far: Counter[str] = Counter()

    def choose(request: bytes) -> Answer:
        match = re.match(rb"([A-Z]+) /v1/hood/campaigns/([^/ ]+)", request)
        assert match is not None
        method, id_ = match[1], match[2].decode()
        kind, _, fate = id_.rpartition("-")
        if method == b"GET":
            return view_of(id_)
        if fate == "good":
            return NO_CONTENT
        so_far[id_] += 1
        chosen = pauses[kind]
        return chosen[so_far[id_] - 1] if isinstance(chosen, list) else chosen

    return choosing(choose)


def ids_of(kinds: Iterable[str]) -> list[str]:
    """Give ids that share a kind, and between them those to which all goes well."""
    pairs = (
        (f"{kind}-{n}-good", kind, fate)
        for kind in kinds
        for n, fate in enumerate(FATES)
    )
    return [id_ for good, kind, fate in pairs for id_ in (good, f"{kind}-{fate}")]


#: It may have been done, and is settled by reading back.
DOUBTFUL = ("paused", "failed", "unknown")
#: It was refused, and is read back to see why; where it cannot be, it is left open.
REFUSED = ("already_paused", "not_pausable", "failed")
FINAL = ("rejected", "rejected", "rejected")
NOT_TAKEN = ("failed", "failed", "failed")
DONE = ("paused", "paused", "paused")

KINDS: dict[str, tuple[Answer, tuple[str, ...]]] = {
    **{name: (one, DOUBTFUL) for name, (one, _) in UNANSWERED.items()},
    **{name: (one, REFUSED) for name, one in SPOILT_BODIES.items()},
    **{str(code): (answer(code), DOUBTFUL) for code in (500, 501, 502, 504, 520, 599)},
    **{str(code): (answer(code), NOT_TAKEN) for code in (503, 408, 425)},
    **{
        str(code): (answer(code), FINAL)
        for code in (200, 201, 202, 206, 299, 403, 404, 405, 409, 410, 418, 422, 451)
    },
    "101": (hanging_up_after(answer(101)), FINAL),
    "400": (answer(400), REFUSED),
    "HTML 502": (answer(502, b"<html>Bad gateway</html>"), DOUBTFUL),
    "204 and more": (hanging_up_after(NO_CONTENT), DONE),
    "204 with a length": (answer(204, b""), DONE),
    "204 and bytes beyond": (raw(NO_CONTENT, b"{}"), DONE),
}
