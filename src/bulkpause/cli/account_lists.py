"""Read the lists of campaigns of several accounts side by side; most have one."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from bulkpause._value import value
from bulkpause.accounts import Account
from bulkpause.api.connections import Connections
from bulkpause.api.credentials import Token
from bulkpause.cli.account_options import hosts_of, name_of, options_of_account
from bulkpause.cli.list_request import ListRequest
from bulkpause.cli.options import Options
from bulkpause.cli.output import stderr
from bulkpause.cli.simulated import simulated_account
from bulkpause.connection import Connection
from bulkpause.errors import (
    BulkpauseError,
    StoppedError,
    TokenError,
    join_errors,
)
from bulkpause.lister import Listed, Lister
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice
from bulkpause.progress.list_snapshot import snapshot_of_lists
from bulkpause.progress.monitor import refreshed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.settings import Settings


@value
class Target:
    """An account whose campaigns are listed.

    Attributes:
        account: The account; None for the only one of a command.
        token: Its token.
        options: The options of the command, with the settings of the account.
        base_url: The address of a simulator; None for that of the options.
    """

    account: Account | None
    token: Token
    options: Options
    base_url: str | None = None

    @classmethod
    def of(cls, account: Account | None, token: Token, options: Options) -> "Target":
        """Take an account with its settings from the options of a command."""
        own = options_of_account(options, account)
        return cls(account=account, token=token, options=own)

    @property
    def settings(self) -> Settings:
        """The settings of the account."""
        settings = self.options.named_settings
        if self.base_url is None:
            return settings
        return replace(settings, base_url=self.base_url, proxy=None)

    @property
    def name(self) -> str | None:
        """The name of the account."""
        return name_of(self.account)


@value
class AccountLists:
    """What came of the lists of accounts.

    Attributes:
        listed: The lists, by the name of the account.
        errors: Why the others could not be had.
        host: The name of the API, or of all of them.
    """

    listed: Mapping[str | None, Listed]
    errors: Mapping[str | None, BulkpauseError]
    host: str


async def read_lists(
    targets: Sequence[Target], request: ListRequest, display: Display
) -> AccountLists:
    """Read the lists of all accounts at once. An outage or a refused token stops one.

    Args:
        targets: The accounts.
        request: What is to be listed.
        display: Shows how far the lists are read.

    Raises:
        GuardRailError: The API ignores or misreads a filter.
        SettingsError: The shared budget of an account cannot be used.
        BulkpauseError: No list could be had.
    """
    async with AsyncExitStack() as stack:
        if request.options.is_simulated:
            accounts = [one.account for one in targets if one.account is not None]
            simulator = await stack.enter_async_context(simulated_account(accounts))
            targets = [replace(one, base_url=simulator.base_url) for one in targets]
        pools: Connections | None = None
        # One account alone has all of it for itself.
        if len(targets) > 1:
            pools = Connections(limit=len(targets))
            stack.push_async_callback(pools.close)
        reading = _Reading(targets, request, display)
        stderr().wait_for_nobody()
        async with refreshed(display, reading.take_snapshot):
            return await reading.read(pools)


class _Reading:
    """The lists of all accounts while they are read."""

    def __init__(
        self, targets: Sequence[Target], request: ListRequest, display: Display
    ) -> None:
        self._targets = targets
        self._request = request
        self._display = display
        self._now = asyncio.get_running_loop().time
        self._started_at = self._now()
        self._connections: list[Connection] = []
        self._listers: dict[str | None, Lister] = {}
        self._found: dict[str | None, Listed] = {}
        self._errors: dict[str | None, BulkpauseError] = {}

    async def read(self, pools: Connections | None) -> AccountLists:
        """Read all lists to their ends.

        Args:
            pools: The connections of all accounts; None for one with its own.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for target in self._targets:
                    group.create_task(self._try_to_read(target, pools))
        except BaseExceptionGroup as errors:
            # The first one has ended the others.
            raise errors.exceptions[0] from None
        found, names = self._found, [one.name for one in self._targets]
        if not found and self._errors:
            raise join_errors(self._errors)
        return AccountLists(
            listed={name: found[name] for name in names if name in found},
            errors=self._errors,
            host=hosts_of([one.options for one in self._targets]),
        )

    async def _try_to_read(self, target: Target, pools: Connections | None) -> None:
        try:
            self._found[target.name] = await self._read(target, pools)
        except (TokenError, StoppedError) as error:
            self._errors[target.name] = error
        except BulkpauseError as error:
            raise join_errors({target.name: error}) from None

    async def _read(self, target: Target, pools: Connections | None) -> Listed:
        connection = Connection(target.token, target.settings, connections=pools)
        async with connection:
            if connection.share_warning is not None:
                self._warn_of_share(target, connection.share_warning)
            lister = self._lister(target, connection)
            self._listers[target.name] = lister
            self._connections.append(connection)
            return await lister.read()

    def _lister(self, target: Target, connection: Connection) -> Lister:
        request = self._request
        lister = Lister(
            fetcher=connection.client,
            gate=connection.gate,
            filters=request.filters,
            chooses_here=request.chooses_here,
            trusts_filter=request.trusts_filter,
            give_up_after_s=target.settings.retry_policy.give_up_after_s,
            request_ids=connection.request_ids,
        )
        connection.demand = lister.requests_left
        return lister

    def _warn_of_share(self, target: Target, reason: str) -> None:
        account = {} if target.name is None else {"account": target.name}
        text = f"warning: {'' if target.name is None else f'{target.name}: '}{reason}"
        fields = account | {"reason": reason}
        self._display.handle(Notice("budget.unavailable", fields, text))

    def take_snapshot(self) -> Snapshot:
        """Show how far all lists are read."""
        snapshot = snapshot_of_lists(
            {name: lister.snapshot() for name, lister in self._listers.items()},
            [target.settings for target in self._targets],
            {name: str(error) for name, error in self._errors.items()},
            now=self._now(),
            started_at=self._started_at,
        )
        if len(self._targets) > 1 or not self._connections:
            return snapshot
        return replace(snapshot, sharing=self._connections[0].sharing)
