"""A budget in a SQLite database, for the runs of one host.

SQLite makes a step atomic with one transaction, begun with `BEGIN IMMEDIATE`. It runs
in a thread of its own, so that the event loop never waits for a lock or a disk.
"""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from bulkpause._text import quote, sanitize
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.codec import STATE_VERSION, foreign, newer
from bulkpause.ratelimit.budget.store import (
    Result,
    Step,
    StoreError,
    UnusablePlaceError,
)


#: Says that a database is one of budgets: "bpBU".
APPLICATION_ID = 0x62704255
#: The first whose write-ahead log works without shared memory being set up by hand.
OLDEST_SQLITE = (3, 8)
#: Seconds to wait for the lock of another run. It holds it for less than a
#: millisecond, unless it is stopped in the midst of a step.
LOCK_WAIT_S = 0.5
#: A folder that was changed so many seconds ago or less may have lost a database, of
#: which the runs that use it do not know yet.
UNNOTICED_S = 2.0
#: `written_s` is wall-clock time. It only tells how old a state of another boot is.
_TABLE = """
CREATE TABLE budget (account TEXT PRIMARY KEY, boot TEXT, written_s REAL, state BLOB)
"""
_READ = "SELECT boot, written_s, state FROM budget WHERE account = ?"
_WRITE = "INSERT OR REPLACE INTO budget VALUES (?, ?, ?, ?)"
#: The threads of all stores of this process. Threads start when they are needed; more
#: would only wait for each other, since Python runs one at a time.
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="budget")
#: Errors that do not pass: there can be no database at the path.
_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
#: Gives the user. None on Windows, where who may use a file is not in its mode.
_USER_ID: Callable[[], int] | None = getattr(os, "geteuid", None)
_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


class SqliteStore:
    """The state of one account in a database that other runs use too.

    Args:
        path: The database. It is created, readable for its owner only.
        account: The name of the account in it.
        clock: The monotonic clock of this boot, the same for all processes.
        boot_id: Names this boot: its clock means nothing in another one.
        wall_clock: Seconds since the epoch, as in the times of files.
        remembers_s: A state that another boot wrote less than so many seconds ago is
            not understood, and not forgotten either.
        makes_folder: Whether the folder may be created, for its owner only.
    """

    is_clock_steady = True

    def __init__(
        self,
        path: Path,
        account: str,
        *,
        clock: Callable[[], float],
        boot_id: str,
        wall_clock: Callable[[], float],
        remembers_s: float = 60.0,
        makes_folder: bool = False,
    ) -> None:
        self.place = sanitize(str(path))
        self.may_have_lost = False
        self._path = path
        self._account = account
        self._clock = clock
        self._boot_id = boot_id
        self._wall_clock = wall_clock
        self._remembers_s = remembers_s
        self._makes_folder = makes_folder
        self._database: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._is_closed = False
        self._running: asyncio.Future[Any] | None = None

    async def open(self) -> None:
        """Open or create the database.

        Raises:
            SettingsError: The path is a symbolic link, no file, another user's file
                that is not shared with a group, or a database of something else.
            UnusablePlaceError: There can be no database.
        """
        await self._in_thread(self._open)

    async def step(self, make: Step[Result]) -> Result:
        """Make a step in a thread."""
        return await self._in_thread(partial(self._step, make))

    async def close(self) -> None:
        """Close the database."""
        if not self._is_closed:
            self._is_closed = True
            await self._in_thread(self._close)

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        """Make one call at a time in a thread that all stores share.

        A call whose caller gave up is waited for: it has the database still.
        """
        while (running := self._running) is not None and not running.done():
            await asyncio.wait([running])
        loop = asyncio.get_running_loop()
        self._running = called = loop.run_in_executor(_THREADS, call)
        return await asyncio.shield(called)

    def _open(self) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise UnusablePlaceError(f"SQLite {sqlite3.sqlite_version} is too old")
        try:
            self._opened()
        except sqlite3.DatabaseError as error:
            if _code(error) in _DAMAGED:
                raise foreign(self.place) from error
            if _code(error) in _UNUSABLE:
                raise UnusablePlaceError(sanitize(str(error))) from error
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise UnusablePlaceError(reason) from error

    def _step(self, make: Step[Result]) -> Result:
        try:
            database = self._opened()
            database.execute("BEGIN IMMEDIATE")
            try:
                result = self._step_in_transaction(database, make)
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error
        except OSError as error:
            raise StoreError(error.strerror or "it cannot be opened") from error
        return result

    def _step_in_transaction(
        self, database: sqlite3.Connection, make: Step[Result]
    ) -> Result:
        row = database.execute(_READ, (self._account,)).fetchone()
        new, result = make(self._known(row), self._clock())
        written = (self._account, self._boot_id, self._wall_clock(), new)
        database.execute(_WRITE, written)
        return result

    def _known(self, row: tuple[str, float, bytes] | None) -> bytes | None:
        """Give the state of this boot.

        Raises:
            StoreError: Another boot wrote it just now.
        """
        if row is None:
            return None
        boot_id, written_s, state = row
        if boot_id == self._boot_id:
            return state
        if abs(self._wall_clock() - written_s) < self._remembers_s:
            raise StoreError(
                f"it was used less than {self._remembers_s:.0f} s ago on another "
                "machine, or before this one was restarted"
            )
        return None

    def _translated(self, error: sqlite3.DatabaseError) -> Exception:
        """Tell a database that does not answer from what is none."""
        if _code(error) in _DAMAGED:
            return foreign(self.place)
        return StoreError(sanitize(str(error)))

    def _opened(self) -> sqlite3.Connection:
        """Give the database at the path, also if that was replaced meanwhile."""
        if self._database is not None:
            if _inode(self._path) == self._inode:
                return self._database
            self._close()
        self.may_have_lost = prepare(
            self._path, self._wall_clock(), makes_folder=self._makes_folder
        )
        database = sqlite3.connect(
            self._path,
            timeout=LOCK_WAIT_S,
            isolation_level=None,
            check_same_thread=False,  # one call at a time
        )
        try:
            _initialise(database, self.place)
        except BaseException:
            database.close()
            raise
        self._inode = _inode(self._path)
        self._database = database
        return database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _code(error: sqlite3.DatabaseError) -> int:
    """Give the primary code of an error, without its extension."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _initialise(database: sqlite3.Connection, place: str) -> None:
    """Create the table in a new database, or check that it is one of budgets.

    Raises:
        SettingsError: It is another database, or one of a newer bulkpause.
    """
    # No disk is waited for before the first request. Later only for what keeps the
    # file whole: what it says may be lost with the machine.
    database.execute("PRAGMA synchronous = OFF").close()
    database.execute("PRAGMA journal_mode = WAL").close()
    database.execute("BEGIN IMMEDIATE")
    try:
        _check_or_create(database, place)
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    database.execute("PRAGMA synchronous = NORMAL").close()


def _check_or_create(database: sqlite3.Connection, place: str) -> None:
    with closing(database.execute("SELECT count(*) FROM sqlite_master")) as rows:
        is_empty = rows.fetchone() == (0,)
    application_id, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    if is_empty and application_id == 0:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {STATE_VERSION}")
        database.execute(_TABLE)
    elif application_id != APPLICATION_ID:
        raise foreign(place)
    elif version > STATE_VERSION:
        raise newer(place)
    elif not _has_table(database):
        raise foreign(place)


def _has_table(database: sqlite3.Connection) -> bool:
    query = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'budget'"
    )
    with closing(database.execute(query)) as rows:
        return bool(rows.fetchone()[0])


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
