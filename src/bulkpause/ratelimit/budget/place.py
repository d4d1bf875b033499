"""Where the budget of an account is kept: read `--share`, and open the store."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from bulkpause._text import quote
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.store import Store, UnusablePlaceError


NO_SHARE, AUTO_SHARE = "none", "auto"
_SCHEMES = ("valkey", "valkeys", "redis", "rediss")


@dataclass(frozen=True, slots=True, kw_only=True)
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


def check_share(share: str) -> None:
    """Check the text of `--share`: `auto`, `none`, a path, or a URL.

    Raises:
        SettingsError: It is none of them, or needs a package that is missing.
    """
    if not share.strip():
        raise SettingsError("the place to share is empty; write auto, none or a path")
    if is_url(share):
        _check_url(share)


def is_url(share: str) -> bool:
    """Tell whether a text names a server rather than a file."""
    return "://" in share


def has_secret(share: str) -> bool:
    """Tell whether a URL holds a user or a password."""
    return is_url(share) and "@" in urlsplit(share).netloc


def _check_url(url: str) -> None:
    if not _is_valid(url):
        raise SettingsError(
            "the URL to share is not valid; write valkey://HOST:PORT/0, or valkeys:// "
            "with TLS"
        )
    if find_spec("redis") is None:
        raise SettingsError(
            "to share over a server, install its client: pip install "
            "'bulkpause[valkey]'"
        )


def _is_valid(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    database = parts.path.strip("/") or "0"
    has_host = parts.scheme in _SCHEMES and bool(parts.hostname)
    return has_host and has_port and database.isdecimal()


def account_name(base_url: str, token: str) -> str:
    """Name an account by a hash, from which the token cannot be found."""
    return hashlib.sha256(f"{base_url}\0{token}".encode()).hexdigest()[:32]


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
        await asyncio.to_thread(_path_for, account) if is_auto else Path(share),
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


def budgets_folder() -> Path:
    """Give the folder of the databases that the runs of one user share.

    Raises:
        UnusablePlaceError: The user has no home.
    """
    from platformdirs import user_state_path  # noqa: PLC0415 (as above)

    folder = user_state_path("bulkpause", appauthor=False)
    if not folder.is_absolute():
        raise UnusablePlaceError("there is no home directory")
    return folder / "budget"


def _path_for(account: str) -> Path:
    # In a folder of its own: what happens to other accounts does not matter here.
    return budgets_folder() / account / "budget.sqlite"
