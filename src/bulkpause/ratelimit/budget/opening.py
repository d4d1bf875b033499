"""Open the budget of an account at its place."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.place import AUTO_SHARE, automatic_path, is_url
from bulkpause.ratelimit.budget.store import Store, UnusablePlaceError


@value
class Clocks:
    """The clocks of a host.

    Attributes:
        monotonic: Seconds, the same for all processes of this boot.
        wall: Seconds since the epoch.
        boot_id: Names this boot.
    """

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    boot_id: str


class Databases:
    """The databases that the budgets of several accounts are in, opened once each.

    One may be on a server.
    """

    def __init__(self) -> None:
        self._opening: dict[str, asyncio.Task[Any]] = {}
        self._servers: dict[str, Any] = {}

    def server(self, url: str) -> Any:
        """Give the connections to a server."""
        # The rest names an account on it.
        address = url.partition("?")[0]
        if address not in self._servers:
            self._servers[address] = _valkey().Server(url)
        return self._servers[address]

    async def open(self, share: str, clocks: Clocks) -> Any:
        """Open a database, or give the one that is open.

        Raises:
            SettingsError: The place must not be used, or is used for something else.
            UnusablePlaceError: There is no place.
        """
        if share not in self._opening:
            opening = _open_database(share, clocks)
            self._opening[share] = asyncio.create_task(opening)
        return await asyncio.shield(self._opening[share])

    async def close(self) -> None:
        """Close all databases."""
        for opening in self._opening.values():
            with suppress(SettingsError, UnusablePlaceError):
                await (await opening).close()
        for server in self._servers.values():
            await server.close()
        self._opening.clear()
        self._servers.clear()


async def open_store(
    share: str,
    account: str,
    clocks: Clocks,
    *,
    longest_s: float,
    databases: Databases | None = None,
) -> Store:
    """Open the budget of an account.

    Args:
        share: As checked by `check_share`, and not `none`.
        account: The name of the account.
        clocks: The clocks of this host.
        longest_s: The longest period of the limits.
        databases: Databases that other accounts use too; None for one of its own.

    Raises:
        SettingsError: The place must not be used, or is used for something else.
        UnusablePlaceError: With `auto`, there is no place.
    """
    if is_url(share):
        server = None if databases is None else databases.server(share)
        on_server: Store = _valkey().ValkeyStore(share, account, server)
        return on_server
    try:
        if databases is None:
            database = await _open_database(share, clocks)
        else:
            database = await databases.open(share, clocks)
    except UnusablePlaceError as error:
        if share == AUTO_SHARE:
            raise
        raise SettingsError(
            f"the shared budget {quote(share)} cannot be used ({error}); name another "
            "file with --share"
        ) from error
    store: Store = _sqlite().SqliteStore(
        database, account, remembers_s=longest_s, closes=databases is None
    )
    return store


async def _open_database(share: str, clocks: Clocks) -> Any:
    is_auto = share == AUTO_SHARE
    try:
        # Not in a thread: two that import take the interpreter from each other.
        sqlite = _sqlite()
    except ImportError as error:
        raise UnusablePlaceError("this Python has no SQLite") from error
    database = sqlite.Database(
        automatic_path() if is_auto else Path(share),
        clock=clocks.monotonic,
        boot_id=clocks.boot_id,
        wall_clock=clocks.wall,
        makes_folder=is_auto,
    )
    await database.open()
    return database


def _valkey() -> Any:
    # Imported on use: its client is an extra.
    return import_module("bulkpause.ratelimit.budget.valkey")


def _sqlite() -> Any:
    # Imported on use: the library shares nothing unless it is told to.
    return import_module("bulkpause.ratelimit.budget.sqlite")
