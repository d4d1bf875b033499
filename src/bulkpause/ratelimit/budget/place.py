"""Where the budget of an account is kept: what `--share` says, and its folder."""

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bulkpause._shell import install_command
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.store import UnusablePlaceError


NO_SHARE, AUTO_SHARE = "none", "auto"
_PROGRAM = "bulkpause"
_HOMELESS = "there is no home directory"
_SCHEMES = ("valkey", "valkeys", "redis", "rediss")


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


def name_in(url: str) -> str | None:
    """Give the name of the account in the parameters of a URL; None if there is none."""
    names = parse_qs(urlsplit(url).query).get("name") if is_url(url) else None
    return names[0] if names else None


def _check_url(url: str) -> None:
    if not _is_valid(url):
        raise SettingsError(
            "the URL to share is not valid; write valkey://HOST:PORT/0, or valkeys:// "
            "with TLS"
        )
    if find_spec("redis") is None:
        raise SettingsError(
            f"to share over a server, install its client: {install_command('valkey')}"
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


def budgets_folder() -> Path:
    """Give the folder of the database that the runs of one user share.

    Raises:
        UnusablePlaceError: The user has no home.
    """
    return (state_folder_without_platformdirs() or _state_folder()) / "budget"


def state_folder_without_platformdirs() -> Path | None:
    """Give the folder of this user's state if two variables of Linux say it.

    It skips an import that takes half as long as all else until a budget is open.

    Returns:
        None if platformdirs is to be asked.
    """
    # With Python 3.11 and 3.12, Android is a Linux too.
    if sys.platform == "linux" and "ANDROID_DATA" not in os.environ:
        if (state := Path(os.environ.get("XDG_STATE_HOME", ""))).is_absolute():
            return state / _PROGRAM
        if Path(os.environ.get("HOME", "")).is_absolute():
            return Path("~/.local/state").expanduser() / _PROGRAM
    return None


def _state_folder() -> Path:
    # Imported on use: the library shares nothing unless it is told to.
    from platformdirs import user_state_path  # noqa: PLC0415

    try:
        folder = user_state_path(_PROGRAM, appauthor=False)
    except RuntimeError as error:
        raise UnusablePlaceError(_HOMELESS) from error
    if not folder.is_absolute():  # from versions that raise nothing
        raise UnusablePlaceError(_HOMELESS)
    return folder


def automatic_path() -> Path:
    """Give the database of the budgets that the runs of one user share.

    Raises:
        UnusablePlaceError: The user has no home.
    """
    return budgets_folder() / "budget.sqlite"
