"""Build HTTP responses: success, the documented error body, and gateway pages."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
# An internal error has no message. The documentation gives no text for a rejected
# pause. One text for all of them keeps a client from inferring a status from the
# message that it can only learn by reading back.
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
INVALID_BODY = "The request body is not valid."


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A status with headers and body; `trace_id` is the one in either of them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    trace_id: str | None = None

    def rendered(self) -> bytes:
        """Render the response as HTTP/1.1, as the last one of its connection."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += ["Connection: close", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponses:
    """Builds error responses.

    Attributes:
        trace: Where the trace id goes: `body`, `header`, `both` or `none`.
        header: The header that carries it.
    """

    trace: str
    header: str

    def build(
        self, status: int, message: str | None = None, *, trace_id: str | None = None
    ) -> Response:
        """Build the documented error body, with a fresh trace id unless one is given."""
        trace_id = None if self.trace == "none" else trace_id or str(uuid.uuid4())
        title = TITLES.get(status) or f"{HTTPStatus(status).phrase}."
        body: dict[str, object] = {"code": status, "title": title}
        if text := message or MESSAGES.get(status):
            body["message"] = text
        headers = {"Content-Type": "application/json"}
        if trace_id is not None and self.trace in {"body", "both"}:
            body["trace_id"] = trace_id
        if trace_id is not None and self.trace in {"header", "both"}:
            headers[self.header] = trace_id
        return Response(
            status=status, headers=headers, body=orjson.dumps(body), trace_id=trace_id
        )


def json_response(value: object, status: int = 200) -> Response:
    """Build a success with a value as JSON."""
    headers = {"Content-Type": "application/json"}
    return Response(status=status, headers=headers, body=orjson.dumps(value))


def gateway_page(status: int) -> Response:
    """Build an HTML error page, as a gateway in front of the service sends it."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body>{title}</body></html>\n"
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Response(status=status, headers=headers, body=page.encode())


def malformed_json(status: int) -> Response:
    """Build a response whose body is not the JSON that its content type announces."""
    headers = {"Content-Type": "application/json"}
    return Response(status=status, headers=headers, body=b"{something went wrong")


def redirect(status: int, location: str) -> Response:
    return Response(status=status, headers={"Location": location})


def with_retry_after(response: Response, retry_after: int | str | None) -> Response:
    """Add `Retry-After`; None leaves the response as it is."""
    if retry_after is None:
        return response
    return with_headers(response, {"Retry-After": str(retry_after)})


def with_headers(response: Response, headers: Mapping[str, str]) -> Response:
    """Add headers to a response."""
    return replace(response, headers={**response.headers, **headers})
