"""The catalogue of broken responses, what each must lead to, and an API that sends them.

In this API the id of a campaign chooses the response, so that one run meets many.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from bulkpause.vocabulary import TransportError
from tests.support.faulty_server import (
    BAD_REQUEST,
    CHUNKED,
    NO_CONTENT,
    OK,
    Behaviour,
    Response,
    choosing,
    closing,
    dripping,
    flooding,
    hanging,
    hanging_unread,
    http_response,
    resetting,
    responding_in_plain_text,
    sending,
    sending_then_hanging,
    sending_then_resetting,
)


# Responses without a usable HTTP status. The request was written, so that the server
# may have applied it.

_RESETS: dict[str, Behaviour] = {
    "reset before the status line": sending_then_resetting(),
    "reset within the status line": sending_then_resetting(b"HTTP/1.1 2"),
    "reset within the headers": sending_then_resetting(OK + b"X: 1\r\n"),
}
_CLOSES: dict[str, Behaviour] = {
    "close before the status line": sending(),
    "close within the status line": sending(b"HTTP/1.1 20"),
    "close within the headers": sending(OK + b"X: 1\r\n"),
}
_MALFORMED: dict[str, Behaviour] = {
    "a flood of headers": flooding(OK, b"A: 1\r\n" * 100),
    "10,000 headers": sending_then_hanging(OK + b"A: 1\r\n" * 10_000),
    "one huge header": sending_then_hanging(OK + b"A: " + b"x" * 10**6),
    "one endless header": flooding(OK + b"A: ", b"x" * 4096),
    "one huge header name": sending_then_hanging(OK + b"x" * 10**6),
    "an endless reason phrase": flooding(b"HTTP/1.1 200 ", b"x" * 4096),
    "another protocol": sending_then_hanging(b"SSH-2.0-OpenSSH_9\r\n"),
    "a TLS alert": sending_then_hanging(b"\x15\x03\x01\x00\x02\x02\x28"),
    "HTTP/2": sending_then_hanging(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    "HTML without headers": sending_then_hanging(b"<html>no</html>"),
    "NUL bytes": sending_then_hanging(b"\0" * 100),
    "random bytes": sending_then_hanging(bytes(range(255, 0, -1))),
    "an empty status": sending_then_hanging(b"HTTP/1.1 \r\n\r\n"),
    "a status of two digits": sending_then_hanging(b"HTTP/1.1 20 OK\r\n\r\n"),
    "a status that is not a number": sending_then_hanging(b"HTTP/1.1 OK\r\n\r\n"),
    "an unknown HTTP version": sending_then_hanging(b"HTTP/9.9 204 No Content\r\n\r\n"),
    "two lengths": sending_then_hanging(
        BAD_REQUEST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    ),
    "a negative length": sending_then_hanging(
        BAD_REQUEST + b"Content-Length: -1\r\n\r\n"
    ),
    "a length that is not a number": sending_then_hanging(
        BAD_REQUEST + b"Content-Length: ten\r\n\r\n"
    ),
    "a length of 40 digits": sending_then_hanging(
        BAD_REQUEST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n"
    ),
    "a header without a name": sending_then_hanging(BAD_REQUEST + b": x\r\n\r\n"),
    "overlong body at once": sending(
        BAD_REQUEST + b"Content-Length: 2\r\n\r\n{}, and more"
    ),
    "malformed chunks at once": sending_then_hanging(
        BAD_REQUEST + CHUNKED + b"zz\r\n{}"
    ),
    "a NUL byte in a header": sending_then_hanging(BAD_REQUEST + b"A: x\0y\r\n\r\n"),
}
#: The client waits for more until a timeout.
UNFINISHED_RESPONSES: dict[str, Behaviour] = {
    "hang before the status line": sending_then_hanging(),
    "hang without reading": hanging_unread,
    "hang within the headers": sending_then_hanging(OK),
    "status line byte by byte": dripping(b"HTTP/1.1 200 ", b"O"),
    "headers one by one": dripping(OK, b"A: 1\r\n"),
    "endless 100 Continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a flood of early hints": flooding(
        b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    ),
}
#: With the transport error of each, the responses that do not last until a timeout.
ENDED_RESPONSES: dict[str, tuple[Behaviour, TransportError]] = {
    name: (behaviour, error)
    for error, behaviours in (
        (TransportError.RESET, _RESETS),
        (TransportError.HANG_UP, _CLOSES),
        (TransportError.MALFORMED, _MALFORMED),
    )
    for name, behaviour in behaviours.items()
}
TRANSPORT_ERRORS = {
    **ENDED_RESPONSES,
    **{
        name: (behaviour, TransportError.READ_TIMEOUT)
        for name, behaviour in UNFINISHED_RESPONSES.items()
    },
}


#: Responses with the HTTP status 400 and a broken body, which does not change the status.
#: The client sees the end of the body.
ENDED_BODIES: dict[str, Behaviour] = {
    "reset after the headers": sending_then_resetting(
        BAD_REQUEST + b"Content-Length: 9\r\n\r\n"
    ),
    "reset within the body": sending_then_resetting(
        BAD_REQUEST + b"Content-Length: 9\r\n\r\n", b"{}"
    ),
    "truncated body": sending(BAD_REQUEST + b"Content-Length: 9\r\n\r\n{}"),
    "overlong body": sending(BAD_REQUEST + b"Content-Length: 2\r\n\r\n{}", b", {}"),
    "endless body": flooding(BAD_REQUEST + b"\r\n", b"x" * 4096),
    "endless chunks": flooding(BAD_REQUEST + CHUNKED, b"4\r\nabcd\r\n" * 100),
    "a chunk that is too short": sending(
        BAD_REQUEST + CHUNKED, b"9\r\n{}\r\n0\r\n\r\n"
    ),
    "a chunk of 2**60 - 1 bytes": sending(
        BAD_REQUEST + CHUNKED, b"fffffffffffffff\r\n{}"
    ),
    "chunks without a last chunk": sending(BAD_REQUEST + CHUNKED, b"2\r\n{}\r\n"),
    "endless trailers": flooding(BAD_REQUEST + CHUNKED + b"0\r\n", b"A: 1\r\n" * 100),
    "a body that is not valid gzip": sending(
        BAD_REQUEST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "HTML": sending(
        BAD_REQUEST + b"Content-Type: text/html\r\n\r\n<html><h1>Bad</h1></html>"
    ),
    "an invalid content type": sending(
        BAD_REQUEST + b"Content-Type: \xff;;=\r\n\r\n{}"
    ),
    "an empty body": sending(BAD_REQUEST + b"\r\n"),
}
#: The same, but the client waits for more of the body until a timeout.
UNFINISHED_BODIES: dict[str, Behaviour] = {
    "hang within the body": sending_then_hanging(
        BAD_REQUEST + b"Content-Length: 9\r\n\r\n{}"
    ),
    "body byte by byte": dripping(BAD_REQUEST + b"\r\n", b"x"),
    "a chunk length that is not a number": sending_then_hanging(
        BAD_REQUEST + CHUNKED, b"zz\r\n{}"
    ),
    "a negative chunk length": sending_then_hanging(
        BAD_REQUEST + CHUNKED, b"-2\r\n{}\r\n"
    ),
    "a chunk length of 40 digits": sending_then_hanging(
        BAD_REQUEST + CHUNKED, b"f" * 40 + b"\r\n{}"
    ),
    "an endless chunk extension": flooding(BAD_REQUEST + CHUNKED + b"2;", b"x" * 4096),
}
BROKEN_BODIES = {**ENDED_BODIES, **UNFINISHED_BODIES}

#: Names of the responses that last until a timeout. Tests let them wait side by side.
UNFINISHED = UNFINISHED_RESPONSES.keys() | UNFINISHED_BODIES.keys()


#: Servers with which no TLS handshake succeeds, and the transport error of each.
TLS_FAILURES: dict[str, tuple[Behaviour, TransportError]] = {
    "plain text": (responding_in_plain_text, TransportError.TLS),
    "hang": (hanging, TransportError.CONNECT_TIMEOUT),
    "close": (closing, TransportError.REFUSED),
    "reset": (resetting, TransportError.REFUSED),
}


#: The last part of an id: what a read-back of the campaign shows, whatever the response
#: to the pause was. "unreadable" means that read-backs get no response.
READ_BACKS = ("paused", "running", "unreadable")

#: Statuses of three ids that got the same response to their pause, in the order of
#: `READ_BACKS`. In doubt: the pause may have been applied, and a read-back decides.
IN_DOUBT = ("paused", "unknown", "unknown")
#: HTTP 400: not applied, and read back for the reason; without one, it can be retried.
BAD_REQUEST_READ_BACK = ("already_paused", "rejected", "failed")
#: A response that is not documented: by its HTTP status, the pause was not applied.
REJECTED = ("paused", "rejected", "unknown")
#: The same, and the cause may pass.
NOT_APPLIED = ("paused", "failed", "unknown")
PAUSED = ("paused", "paused", "paused")

#: Responses to a pause, and the statuses to which each must lead.
OUTCOMES: dict[str, tuple[Response, tuple[str, ...]]] = {
    **{name: (broken, IN_DOUBT) for name, (broken, _) in TRANSPORT_ERRORS.items()},
    **{name: (broken, BAD_REQUEST_READ_BACK) for name, broken in BROKEN_BODIES.items()},
    **{
        str(code): (http_response(code, b"{}"), IN_DOUBT)
        for code in (200, 201, 202, 206, 299, 500, 501, 502, 504, 520, 599)
    },
    **{
        str(code): (http_response(code, b"{}"), NOT_APPLIED)
        for code in (403, 408, 425, 503)
    },
    **{
        str(code): (http_response(code, b"{}"), REJECTED)
        for code in (404, 405, 409, 410, 418, 422, 451)
    },
    "101": (sending(http_response(101, b"{}")), IN_DOUBT),
    "400": (http_response(400, b"{}"), BAD_REQUEST_READ_BACK),
    "HTML 502": (http_response(502, b"<html>Bad gateway</html>"), IN_DOUBT),
    "204 and close": (sending(NO_CONTENT), PAUSED),
    "204 with a length": (http_response(204), PAUSED),
    "204 with a body": (sending(NO_CONTENT, b"{}"), PAUSED),
}


def decompression_bomb() -> bytes:
    """Compress 200 MB of zeros with gzip, to about 200 kB."""
    compressor = zlib.compressobj(9, wbits=31)
    million = bytes(10**6)
    compressed = b"".join(compressor.compress(million) for _ in range(200))
    return compressed + compressor.flush()


def broken_api(responses: Mapping[str, Response | list[Response]]) -> Behaviour:
    """Serve an API in which the id of a campaign chooses the response.

    The first part of the id chooses the response to a pause, the last part the response
    to a read-back. An id that ends in "-good" is paused with 204.

    Args:
        responses: The response by the first part of the id. A list gives the responses
            to the first, the second, … pause of each id.
    """
    pauses: Counter[str] = Counter()

    def choose(request: bytes) -> Response:
        match = re.match(rb"([A-Z]+) /v1/hood/campaigns/([^/ ]+)", request)
        assert match is not None
        method, id_ = match[1], match[2].decode()
        first_part, _, last_part = id_.rpartition("-")
        if method == b"GET":
            return read_back(id_)
        if last_part == "good":
            return NO_CONTENT
        pauses[id_] += 1
        response = responses[first_part]
        return response[pauses[id_] - 1] if isinstance(response, list) else response

    return choosing(choose)


def read_back(id_: str) -> Response:
    """Respond to a read-back as the last part of the id asks."""
    statuses = {"paused": "paused", "good": "paused", "running": "running"}
    status = statuses.get(id_.rpartition("-")[2])
    if status is None:
        return sending()
    return http_response(200, orjson.dumps({"items": [{"id": id_, "status": status}]}))


def ids_of(first_parts: Iterable[str]) -> list[str]:
    """Give the three ids of each first part, each after an id that ends in "-good"."""
    return [
        id_
        for first_part in first_parts
        for n, last_part in enumerate(READ_BACKS)
        for id_ in (f"{first_part}-{n}-good", f"{first_part}-{last_part}")
    ]
