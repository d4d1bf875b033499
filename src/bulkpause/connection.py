"""Open the client and the gate for requests that are not part of a run."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Self

from bulkpause.api.client import Client
from bulkpause.api.credentials import Token
from bulkpause.api.endpoint import Endpoint
from bulkpause.journal.platform import clock_resolution_s
from bulkpause.journal.run_id import new_run_id
from bulkpause.ratelimit.gate import Gate
from bulkpause.settings import Settings, endpoint_of, find_proxy


class Connection:
    """A client and a gate of an account. Use it with `async with`, once.

    Args:
        token: The bearer token.
        settings: The API's address and the rate limits.
        now: The wall clock.

    Attributes:
        client: Makes the requests.
        gate: Limits their rate. Each request needs a slot of it.
        endpoint: The API.
        request_ids: A fresh id for each request.

    Raises:
        SettingsError: The proxy of the environment cannot be used.
    """

    client: Client
    gate: Gate

    def __init__(
        self,
        token: Token,
        settings: Settings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.endpoint: Endpoint = endpoint_of(settings)
        run_id = new_run_id(now(), settings.endpoint_name)
        self.request_ids: Iterator[str] = (f"{run_id}-{n}" for n in count(1))
        self._token = token
        self._settings = settings
        self._proxy = find_proxy(settings)
        self._now = now
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings = self._settings
        async with AsyncExitStack() as stack:
            self.gate = Gate(
                settings.limits,
                max_in_flight=settings.in_flight,
                clock_resolution_s=clock_resolution_s(),
            )
            self.client = await stack.enter_async_context(
                Client(
                    self.endpoint,
                    self._token,
                    reason=None,
                    timeout_s=settings.timeout_s,
                    max_in_flight=settings.in_flight,
                    proxy=self._proxy,
                    logs_keys=settings.trust_env,
                    now=self._now,
                )
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)
