"""Open the budget that a program shares with others on its account, and join it."""

import asyncio
import platform
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bulkpause._text import timestamp
from bulkpause.api.credentials import Token
from bulkpause.journal.platform import SYSTEM
from bulkpause.ratelimit.budget.member import Identity
from bulkpause.ratelimit.budget.opening import Clocks, Databases, open_store
from bulkpause.ratelimit.budget.place import (
    AUTO_SHARE,
    NO_SHARE,
    account_name,
    automatic_path,
    is_url,
)
from bulkpause.ratelimit.budget.store import Store, UnusablePlaceError
from bulkpause.settings import Settings, endpoint_of


def boot_id(now: datetime) -> str:
    """Name this boot. It needs the running event loop's clock."""
    uptime_s = asyncio.get_running_loop().time()
    return SYSTEM.boot_id(now=now, uptime_s=uptime_s)


async def open_budget(
    settings: Settings,
    token: Token,
    now: Callable[[], datetime],
    databases: Databases | None = None,
) -> Store | None:
    """Open the budget of an account; None if the settings say not to share it.

    Args:
        settings: The API, the rate limits and the place to share.
        token: The bearer token, which names the account.
        now: The wall clock.
        databases: Databases that other accounts use too; None for one of its own.

    Raises:
        SettingsError: The place must not be used, or is used for something else.
        UnusablePlaceError: With `auto`, there is no place.
    """
    if settings.share == NO_SHARE or not settings.limits:
        return None
    clocks = Clocks(
        monotonic=time.monotonic,
        wall=lambda: now().timestamp(),
        boot_id=boot_id(now()),
    )
    account = account_of(settings, token)
    return await open_store(
        settings.share,
        account,
        clocks,
        longest_s=settings.longest_period_s,
        databases=databases,
    )


def unshared_warning(error: UnusablePlaceError) -> str:
    """Say that the account is not shared although it should be, and what to do."""
    return (
        f"other runs on this account are not seen ({error}): do not start any, "
        "or name a database for all of them with --share"
    )


def budget_path(settings: Settings) -> Path | None:
    """Give the database of the budget; None if there is none or it is on a server.

    Raises:
        UnusablePlaceError: With `auto`, there is no place.
    """
    share = settings.share
    if share == NO_SHARE or not settings.limits or is_url(share):
        return None
    is_auto = share == AUTO_SHARE
    return automatic_path() if is_auto else Path(share)


def identity_of(
    run_id: str,
    settings: Settings,
    now: datetime,
    *,
    replaces: tuple[str, ...] = (),
) -> Identity:
    """Say to the others on the account who this is.

    Args:
        run_id: The name of the run.
        settings: The priority.
        now: The wall clock.
        replaces: Earlier runs whose requests it restores from its log.
    """
    return Identity(
        owner=f"{run_id}/{secrets.token_hex(4)}",
        host=f"{boot_id(now)}/{platform.node()}",
        priority=settings.priority,
        since=timestamp(now),
        replaces=replaces,
    )


def account_of(settings: Settings, token: Token) -> str:
    """Name the account that a token is for by a hash."""
    return account_name(endpoint_of(settings).base_url, token.reveal())
