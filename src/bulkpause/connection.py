"""Open the client, the gate and the budget for requests that are not part of a run."""

import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause._text import quote
from bulkpause.api.client import Client
from bulkpause.api.connections import Connections
from bulkpause.api.credentials import Token
from bulkpause.errors import SettingsError
from bulkpause.journal.platform import clock_resolution_s
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Sharing
from bulkpause.ratelimit.budget.place import AUTO_SHARE
from bulkpause.ratelimit.budget.store import Store, UnusablePlaceError
from bulkpause.ratelimit.gate import Gate
from bulkpause.settings import Settings, endpoint_of, find_proxy
from bulkpause.shared_budget import (
    budget_path,
    identity_of,
    open_budget,
    unshared_warning,
)


#: A longer period than this, in seconds, is no burst.
_LONGEST_BURST_S = 2.0


class Connection:
    """A client and a gate of an account. Use it with `async with`, once.

    Args:
        token: The bearer token.
        settings: The API's address, the rate limits and the place to share them.
        leaves_no_file: Whether a budget is shared only if there is a file of it.
        connections: Pools that other accounts use too; None for one of its own.
        now: The wall clock.

    Attributes:
        client: Makes the requests.
        gate: Limits their rate. Each request needs a slot of it.
        run_id: The name of the command for others on the account.
        request_ids: A fresh id for each request.
        demand: Says how many requests are still wanted, for the others.
        share_warning: Why the account is not shared although it should be; None if it
            is, or is not to be.

    Raises:
        SettingsError: The proxy of the environment cannot be used, or, on entering,
            the shared budget.
    """

    client: Client
    gate: Gate

    def __init__(
        self,
        token: Token,
        settings: Settings,
        *,
        leaves_no_file: bool = False,
        connections: Connections | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.run_id = run_id = new_run_id(now(), settings.endpoint_name)
        self.request_ids: Iterator[str] = (f"{run_id}-{n}" for n in count(1))
        self.demand: Callable[[], int] = lambda: 1
        self.share_warning: str | None = None
        self._leaves_no_file = leaves_no_file
        self._connections = connections
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
            store = await self._open_budget()
            self.client = await stack.enter_async_context(
                Client(
                    endpoint_of(settings),
                    self._token,
                    reason=None,
                    timeout_s=settings.timeout_s,
                    max_in_flight=settings.in_flight,
                    proxy=self._proxy,
                    logs_keys=settings.trust_env,
                    now=self._now,
                    before_sending=self.gate.confirm,
                    connections=self._connections,
                )
            )
            if store is not None:
                await self._join(store, stack)
            self._stack = stack.pop_all()
        return self

    @property
    def sharing(self) -> Sharing | None:
        """How the account is shared with others; None if it is not."""
        return self.gate.sharing

    @property
    def burst_s(self) -> float:
        """The shortest period of the limits, in seconds, up to a few seconds."""
        periods = (limit.period_s for limit in self._settings.limits)
        return min([*periods, _LONGEST_BURST_S])

    async def _open_budget(self) -> Store | None:
        try:
            if self._leaves_no_file:
                path = budget_path(self._settings)
                if path is not None and not self._is_there(path):
                    return None
            return await open_budget(self._settings, self._token, self._now)
        except UnusablePlaceError as error:
            self.share_warning = unshared_warning(error)
            return None

    def _is_there(self, path: Path) -> bool:
        """Tell whether there is a budget, also a dead link.

        Raises:
            SettingsError: There is none, and none can be made.
        """
        if os.path.lexists(path):
            return True
        if self._settings.share != AUTO_SHARE and not os.access(path.parent, os.W_OK):
            raise SettingsError(
                f"the shared budget {quote(str(path))} cannot be used: its folder does "
                "not exist or is not writable; name another file with --share"
            )
        return False

    async def _join(self, store: Store, stack: AsyncExitStack) -> None:
        settings = self._settings
        stack.push_async_callback(self.gate.leave)
        await self.gate.join(
            store,
            identity_of(self.run_id, settings, self._now()),
            demand=self._wanted_requests,
            give_up_after_s=settings.retry_policy.give_up_after_s,
        )

    def _wanted_requests(self) -> int:
        return self.demand()  # whoever is to be asked by now

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)
