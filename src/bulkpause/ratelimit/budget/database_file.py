"""The file of a database: made readable for its owner only, and no trap of another's."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from bulkpause._text import quote
from bulkpause.errors import SettingsError


#: A folder that was changed so many seconds ago or less may have lost a database, of
#: which the runs that use it do not know yet.
UNNOTICED_S = 2.0
#: Gives the user. None on Windows, where who may use a file is not in its mode.
_USER_ID: Callable[[], int] | None = getattr(os, "geteuid", None)


def prepare(path: Path, now_s: float, *, makes_folder: bool) -> bool:
    """Check the file of a database, or create it, readable for its owner only.

    SQLite's own locks are lost if a file is opened and closed beside it: an existing
    one is looked at only.

    Args:
        path: The database.
        now_s: Seconds since the epoch.
        makes_folder: Whether its folder may be created.

    Returns:
        Whether runs may be alive whose database was removed: it was created now in a
        folder in which something was changed just before.

    Raises:
        SettingsError: The path must not be used.
        OSError: It cannot be created.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        is_new_folder = makes_folder and _make_folder(path.parent)
        changed_s = path.parent.stat().st_mtime
        _create(path)
        return not is_new_folder and abs(now_s - changed_s) < UNNOTICED_S
    _check(path, found)
    return False


def _make_folder(folder: Path) -> bool:
    """Make a folder for its owner only, and say whether it is new."""
    if not folder.parent.exists():
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
    _check_folder(folder.parent, folder.parent.lstat())
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _check_folder(folder, folder.lstat())
        return False
    return True


def _check_folder(folder: Path, found: os.stat_result) -> None:
    """Refuse a folder in which somebody else could put something.

    Raises:
        SettingsError: It is no folder, or others may write to it.
    """
    is_open = stat.S_IMODE(found.st_mode) & 0o022
    is_foreign = _USER_ID is not None and (is_open or found.st_uid != _USER_ID())
    if not stat.S_ISDIR(found.st_mode) or is_foreign:
        raise SettingsError(
            f"the folder of the shared budget {quote(str(folder))} must be yours alone; "
            "run chmod 700 on it, or name a file with --share"
        )


def _create(path: Path) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        _check(path, path.lstat())  # another run was faster


def _check(path: Path, found: os.stat_result) -> None:
    """Refuse what could be somebody else's trap.

    Raises:
        SettingsError: It is a link, no file, or another user's own file.
    """
    name = quote(str(path))
    if stat.S_ISLNK(found.st_mode):
        raise SettingsError(
            f"the shared budget {name} is a symbolic link; name the file itself with "
            "--share"
        )
    if not stat.S_ISREG(found.st_mode):
        raise SettingsError(
            f"the shared budget {name} is not a file; name a file with --share"
        )
    is_for_group = stat.S_IMODE(found.st_mode) & 0o062 == 0o060
    user = found.st_uid if _USER_ID is None else _USER_ID()
    if found.st_uid != user and not is_for_group:
        raise SettingsError(
            f"the shared budget {name} belongs to another user; ask them to run "
            f"chmod 660 on it, or name another file with --share"
        )
    if stat.S_IMODE(found.st_mode) & 0o002 and _USER_ID is not None:
        raise SettingsError(
            f"every user may write to the shared budget {name}; run chmod 660 on it, or "
            "name another file with --share"
        )
