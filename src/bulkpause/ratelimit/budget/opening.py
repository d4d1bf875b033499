"""Open the budget of an account at its place."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.place import AUTO_SHARE, is_url, path_for
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


async def open_store(
    share: str, account: str, clocks: Clocks, *, longest_s: float
) -> Store:
    """Open the budget of an account.

    Args:
        share: As checked by `check_share`, and not `none`.
        account: The name of the account.
        clocks: The clocks of this host.
        longest_s: The longest period of the limits.

    Raises:
        SettingsError: The place must not be used, or is used for something else.
        UnusablePlaceError: With `auto`, there is no place.
    """
    if is_url(share):
        valkey = import_module("bulkpause.ratelimit.budget.valkey")
        server: Store = valkey.ValkeyStore(share, account)
        return server
    try:
        return await _open_database(share, account, clocks, longest_s=longest_s)
    except UnusablePlaceError as error:
        if share == AUTO_SHARE:
            raise
        raise SettingsError(
            f"the shared budget {quote(share)} cannot be used ({error}); name another "
            "file with --share"
        ) from error


async def _open_database(
    share: str, account: str, clocks: Clocks, *, longest_s: float
) -> Store:
    # Imported on use: the library shares nothing unless it is told to.
    try:
        sqlite = await asyncio.to_thread(
            import_module, "bulkpause.ratelimit.budget.sqlite"
        )
    except ImportError as error:
        raise UnusablePlaceError("this Python has no SQLite") from error
    is_auto = share == AUTO_SHARE
    store = sqlite.SqliteStore(
        await asyncio.to_thread(path_for, account) if is_auto else Path(share),
        account,
        clock=clocks.monotonic,
        boot_id=clocks.boot_id,
        wall_clock=clocks.wall,
        remembers_s=longest_s,
        makes_folder=is_auto,
    )
    await store.open()
    opened: Store = store
    return opened
