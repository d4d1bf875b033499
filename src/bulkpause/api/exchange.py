"""One HTTP request, and its response as far as it has come."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Protocol

from aiohttp import StreamReader
from multidict import CIMultiDictProxy

from bulkpause._value import state


#: The most bytes of a response about one campaign.
MAX_BODY_BYTES = 64 * 1024


@state(kw_only=True)
class Exchange:
    """One request, and its response as far as it has come. Times: the loop's clock.

    Attributes:
        method: The HTTP method.
        path: The path of the URL, after that of the base URL.
        body: The JSON to send; None sends no body.
        request_id: Sent as `X-Request-Id`.
        needs_body: Whether a successful response (200) says nothing without its body.
        ends_at: The deadline of the whole exchange.
        before_sending: Called once there is a connection, just before the request is
            written. It gives what has to be waited for; None for nothing.
        most_bytes: The rest of a longer response body is not read.
        sent_at: When the request was written to its connection; None if it was not.
        is_cold: Whether it was the first request on its connection.
        received_at: When the headers of the response came.
        http_status: Of the response; None until its headers came.
        headers: Of the response; None until they came.
        received_body: The body of the response, as much of it as was read.
    """

    method: str
    path: str
    body: bytes | None
    request_id: str
    needs_body: bool
    ends_at: float
    before_sending: Callable[[], Awaitable[None] | None] | None = None
    most_bytes: int = MAX_BODY_BYTES
    sent_at: float | None = None
    is_cold: bool = False
    received_at: float = 0.0
    http_status: int | None = None
    headers: CIMultiDictProxy[str] | None = None
    received_body: bytes = b""

    @property
    def has_result(self) -> bool:
        """Whether an error that comes now takes nothing away: the HTTP status came.

        The result of a change is in that; what is read is in the body.
        """
        if self.http_status is None:
            return False
        return not self.needs_body or self.http_status != 200

    def permission(self) -> Awaitable[None] | None:
        """Give what the request has to wait for on its connection; None for nothing."""
        return None if self.before_sending is None else self.before_sending()

    def note_head(self, http_status: int, headers: CIMultiDictProxy[str]) -> None:
        """Note that the headers of the response have come now."""
        self.received_at = asyncio.get_running_loop().time()
        self.http_status = http_status
        self.headers = headers

    async def read_body(self, stream: StreamReader) -> None:
        """Read a body up to its end or the maximum length.

        Raises:
            ClientError, OSError: It broke off. What came before it is kept.
        """
        body = bytearray()
        try:
            while len(body) < self.most_bytes:
                chunk = await stream.read(self.most_bytes - len(body))
                if not chunk:
                    return
                body += chunk
        finally:
            self.received_body = bytes(body)


#: The exchange of the current task. The connector, which aiohttp calls in the same task,
#: notes in it when the request is written.
EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")


class Carrier(Protocol):
    """Carries out exchanges with one host over a pool of connections."""

    async def carry_out(self, exchange: Exchange) -> None:
        """Send a request, and note its response in the exchange.

        Raises:
            ClientError, HttpProcessingError, OSError, ValueError: It failed. What came
                before that is noted.
        """
        ...
