"""Answers: success, the documented error body, and the pages of gateways."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson


TITLES: Mapping[int, str] = {
    400: "Bad request.",
    401: "Unauthorized.",
    403: "Forbidden.",
    404: "Not found.",
    409: "Conflict.",
    422: "Unprocessable entity.",
    429: "Too many requests.",
    500: "Internal server error.",
    503: "Service unavailable.",
}
# An internal error comes without a message. The documentation has no words for a
# refused pause: one text for all of them keeps a client from telling by words what
# it can only know by reading back.
MESSAGES: Mapping[int, str] = {
    400: "The request is not valid.",
    401: "Unauthorized.",
    403: "The request is not allowed.",
    404: "There is no such resource.",
    409: "The request conflicts with the state of the resource.",
    422: "The request cannot be processed.",
    429: "The rate limit is exceeded.",
    503: "The service is not available.",
}
BODY_NOT_VALID = "The request body is not valid."


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A status with headers and body; `trace_id` is the one that they carry."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    trace_id: str | None = None

    def rendered(self) -> bytes:
        """Write the answer out as HTTP/1.1, as the last one of its connection."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += ["Connection: close", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Makes errors; `trace` says where the trace id stands, `header` in which one."""

    trace: str
    header: str

    def make(self, status: int, message: str | None = None) -> Response:
        """Make the documented error body, with a fresh trace id."""
        trace_id = None if self.trace == "none" else str(uuid.uuid4())
        body: dict[str, object] = {"code": status, "title": TITLES[status]}
        if words := message or MESSAGES.get(status):
            body["message"] = words
        headers = {"Content-Type": "application/json"}
        if trace_id is not None and self.trace in {"body", "both"}:
            body["trace_id"] = trace_id
        if trace_id is not None and self.trace in {"header", "both"}:
            headers[self.header] = trace_id
        return Response(
            status=status, headers=headers, body=orjson.dumps(body), trace_id=trace_id
        )


def found(value: object) -> Response:
    """Answer 200 with a value as JSON."""
    headers = {"Content-Type": "application/json"}
    return Response(status=200, headers=headers, body=orjson.dumps(value))


def gateway_page(status: int) -> Response:
    """Answer in HTML, as what stands in front of a service does."""
    words = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{words}</title></head><body>{words}</body></html>\n"
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Response(status=status, headers=headers, body=page.encode())


def garbled(status: int) -> Response:
    """Answer with a body that is not the JSON that its type promises."""
    headers = {"Content-Type": "application/json"}
    return Response(status=status, headers=headers, body=b"{something went wrong")


def redirect(location: str) -> Response:
    return Response(status=302, headers={"Location": location})
