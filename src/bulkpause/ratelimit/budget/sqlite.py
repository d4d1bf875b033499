"""Budgets in a SQLite database, for the runs of one host.

SQLite makes a step atomic with one transaction, begun with `BEGIN IMMEDIATE`. A step
runs on the event loop, since it neither waits for a lock nor for a disk: a database that
another run has locked is tried again, and what is written goes to the system's memory.
In a thread, it would have to wait for a busy loop several times. What may wait for a disk
runs in a thread: to open the database, to move its log into it, and to close it. Each
time it is a new one: that is seldom, and an executor takes longer to import.
"""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from bulkpause._text import sanitize
from bulkpause.ratelimit.budget.codec import STATE_VERSION, foreign, newer
from bulkpause.ratelimit.budget.database_file import prepare
from bulkpause.ratelimit.budget.store import (
    Result,
    Step,
    StoreError,
    UnusablePlaceError,
)


Returned = TypeVar("Returned")
#: Says that a database is one of budgets: "bpBU".
APPLICATION_ID = 0x62704255
#: The first whose write-ahead log works without shared memory being set up by hand.
OLDEST_SQLITE = (3, 8)
#: Seconds to wait for the lock of another run. It holds it for less than a
#: millisecond, unless it is stopped in the midst of a step.
LOCK_WAIT_S = 0.5
#: The first and the longest wait until a locked database is tried again, in seconds.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.0005, 0.01
#: After so many steps, SQLite's log is moved into the database. Most runs end before.
STEPS_TO_CHECKPOINT = 4_000
#: Nobody needs what was written so many seconds ago.
FORGET_S = 30 * 86_400.0
#: `written_s` is wall-clock time. It only tells how old a state is that nobody uses.
_TABLE = """
CREATE TABLE budget (account TEXT PRIMARY KEY, boot TEXT, written_s REAL, state BLOB)
"""
_READ = "SELECT boot, written_s, state FROM budget WHERE account = ?"
_INSERT = "INSERT INTO budget (boot, written_s, state, account) VALUES (?, ?, ?, ?)"
_UPDATE = "UPDATE budget SET boot = ?, written_s = ?, state = ? WHERE account = ?"
#: Only if it is still as it was.
_REPLACE = """
UPDATE budget SET written_s = ?, state = ? WHERE account = ? AND state = ?
"""
_FORGET = "DELETE FROM budget WHERE written_s < ? AND (boot <> ? OR ?)"
_THREAD = "budget"
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
_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Database:
    """One database, for all accounts of a process that keep their budgets in it.

    Args:
        path: The database. It is created, readable for its owner only.
        clock: The monotonic clock of this boot, the same for all processes.
        boot_id: Names this boot: its clock means nothing in another one.
        wall_clock: Seconds since the epoch, as in the times of files.
        makes_folder: Whether the folder may be created, for its owner only.

    Attributes:
        place: The path, to be shown.
        may_have_lost: Whether a database may have been there that was removed.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float],
        boot_id: str,
        wall_clock: Callable[[], float],
        makes_folder: bool = False,
    ) -> None:
        self.place = sanitize(str(path))
        self.may_have_lost = False
        self._path = path
        self._clock = clock
        self._boot_id = boot_id
        self._wall_clock = wall_clock
        self._makes_folder = makes_folder
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._steps = 0
        #: What was written last for each account.
        self._written: dict[str, bytes] = {}
        #: The accounts that somebody else wrote between the last two steps.
        self._shared: set[str] = set()
        self._running: asyncio.Future[Any] | None = None

    async def open(self) -> None:
        """Open or create the database, unless it is open.

        Raises:
            SettingsError: The path is a symbolic link, no file, another user's file
                that is not shared with a group, or a database of something else.
            UnusablePlaceError: There can be no database.
        """
        if self._connection is None:
            await self._in_thread(self._open_first)

    async def step(
        self, account: str, make: Step[Result], remembers_s: float
    ) -> Result:
        """Make a step of an account, again and again while another run has the lock.

        Args:
            account: The name of the account.
            make: The step.
            remembers_s: A state that another boot wrote less than so many seconds ago
                is not understood, and not forgotten either.
        """
        loop = asyncio.get_running_loop()
        gives_up_at, wait_s = loop.time() + LOCK_WAIT_S, FIRST_WAIT_S
        while True:
            try:
                connection = self._connection
                if connection is not None and self._is_at_path():
                    return self._step(connection, account, make, remembers_s)
                await self._in_thread(self._reopen)
                continue
            except sqlite3.DatabaseError as error:
                if _code(error) not in _LOCKED or loop.time() > gives_up_at:
                    raise self._translated(error) from error
            except OSError as error:
                raise StoreError(error.strerror or "it cannot be opened") from error
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def close(self) -> None:
        """Close the database."""
        await self._in_thread(self._close)

    async def _in_thread(self, call: Callable[[], Returned]) -> Returned:
        """Make one call at a time in a thread.

        A call whose caller gave up is waited for: it has the database still.
        """
        while (running := self._running) is not None and not running.done():
            await asyncio.wait([running])
        self._running = called = asyncio.wrap_future(_called_in_thread(call))
        return await asyncio.shield(called)

    def _open_first(self) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise UnusablePlaceError(f"SQLite {sqlite3.sqlite_version} is too old")
        try:
            self._reopen()
        except sqlite3.DatabaseError as error:
            if _code(error) in _DAMAGED:
                raise foreign(self.place) from error
            if _code(error) in _UNUSABLE:
                raise UnusablePlaceError(sanitize(str(error))) from error
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise UnusablePlaceError(reason) from error

    def _is_at_path(self) -> bool:
        """Tell whether the open database is that at the path: it may be replaced."""
        return _inode(self._path) == self._inode

    def _reopen(self) -> None:
        if self._connection is not None and self._is_at_path():
            return
        self._disconnect()
        self.may_have_lost = prepare(
            self._path, self._wall_clock(), makes_folder=self._makes_folder
        )
        connection = _connected(self._path, LOCK_WAIT_S)
        try:
            _initialise(connection, self.place)
        except BaseException:
            connection.close()
            raise
        self._inode = _inode(self._path)
        self._connection = connection

    def _step(
        self,
        connection: sqlite3.Connection,
        account: str,
        make: Step[Result],
        remembers_s: float,
    ) -> Result:
        self._steps += 1
        if self._steps % STEPS_TO_CHECKPOINT == 0:
            with suppress(RuntimeError):  # there is no thread: the log grows on
                Thread(target=self._checkpoint, name=_THREAD).start()
        if account in self._written and account not in self._shared:
            # Guessed, not read: a step of a run that is alone is one statement.
            known = self._written[account]
            new, result = make(known, self._clock())
            values = (self._wall_clock(), new, account, known)
            if connection.execute(_REPLACE, values).rowcount:
                self._written[account] = new
                return result
        return self._read_and_write(connection, account, make, remembers_s)

    def _read_and_write(
        self,
        connection: sqlite3.Connection,
        account: str,
        make: Step[Result],
        remembers_s: float,
    ) -> Result:
        connection.execute("BEGIN IMMEDIATE")
        try:
            row = connection.execute(_READ, (account,)).fetchone()
            new, result = make(self._known(row, remembers_s), self._clock())
            values = (self._boot_id, self._wall_clock(), new, account)
            connection.execute(_INSERT if row is None else _UPDATE, values)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        known = self._written.get(account)
        # What was there before this run may be of one that has ended.
        if row is not None and known is not None and row[2] != known:
            self._shared.add(account)
        else:
            self._shared.discard(account)
        self._written[account] = new
        return result

    def _known(
        self, row: tuple[str, float, bytes] | None, remembers_s: float
    ) -> bytes | None:
        """Give the state of this boot.

        Raises:
            StoreError: Another boot wrote it just now.
        """
        if row is None:
            return None
        boot_id, written_s, state = row
        if boot_id == self._boot_id:
            return state
        if abs(self._wall_clock() - written_s) < remembers_s:
            raise StoreError(
                f"it was used less than {remembers_s:.0f} s ago on another "
                "machine, or before this one was restarted"
            )
        return None

    def _translated(self, error: sqlite3.DatabaseError) -> Exception:
        """Tell a database that does not answer from what is none."""
        if _code(error) in _DAMAGED:
            return foreign(self.place)
        return StoreError(sanitize(str(error)))

    def _checkpoint(self) -> None:
        """Move SQLite's log into the database, on a connection of its own."""
        # The log grows on if that fails.
        with (
            suppress(sqlite3.DatabaseError),
            closing(_connected(self._path, 0.0)) as own,
        ):
            own.execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.DatabaseError):
                self._forget_old(self._connection)
        self._disconnect()

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        """Remove the accounts that nobody used for long.

        A state of this boot is as old as it says only if the machine runs for as long:
        the wall clock may have been set.
        """
        is_old_boot = self._clock() > FORGET_S
        old = (self._wall_clock() - FORGET_S, self._boot_id, is_old_boot)
        connection.execute(_FORGET, old).close()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteStore:
    """The state of one account in a database.

    Args:
        database: The database, which other accounts may use too.
        account: The name of the account in it.
        remembers_s: A state that another boot wrote less than so many seconds ago is
            not understood, and not forgotten either.
        closes: Whether the database is closed with this store.
    """

    is_clock_steady = True

    def __init__(
        self,
        database: Database,
        account: str,
        *,
        remembers_s: float = 60.0,
        closes: bool = True,
    ) -> None:
        self.place = database.place
        self._database = database
        self._account = account
        self._remembers_s = remembers_s
        self._closes = closes
        self._is_closed = False

    @property
    def may_have_lost(self) -> bool:
        """Whether the account may have had a state that was removed."""
        return self._database.may_have_lost

    async def step(self, make: Step[Result]) -> Result:
        """Make a step."""
        return await self._database.step(self._account, make, self._remembers_s)

    async def close(self) -> None:
        """Close the database, unless other accounts use it."""
        if self._closes and not self._is_closed:
            self._is_closed = True
            await self._database.close()


def _called_in_thread(call: Callable[[], Returned]) -> Future[Returned]:
    """Call a function in a thread of its own, if it can be, and give its result."""
    result: Future[Returned] = Future()

    def run() -> None:
        result.set_running_or_notify_cancel()
        try:
            result.set_result(call())
        except Exception as error:  # noqa: BLE001 (raised where the call is awaited)
            result.set_exception(error)

    try:
        Thread(target=run, name=_THREAD).start()
    except RuntimeError:  # there is none to be had: the loop waits for the disk
        run()
    return result


def _connected(path: Path, wait_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=wait_s,
        isolation_level=None,
        check_same_thread=False,  # one call at a time
    )
    # In the loop it is never due: it waits for a disk.
    connection.execute("PRAGMA wal_autocheckpoint = 0").close()
    return connection


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
    # No disk is waited for before the first request: the first write of a log, which
    # SQLite syncs, is made here. Later only for what keeps the file whole: what it says
    # may be lost with the machine.
    database.execute("PRAGMA synchronous = OFF").close()
    database.execute("PRAGMA journal_mode = WAL").close()
    database.execute("BEGIN IMMEDIATE")
    try:
        _check_or_create(database, place)
        database.execute(f"PRAGMA user_version = {STATE_VERSION}").close()
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    database.execute("PRAGMA synchronous = NORMAL").close()
    database.execute("PRAGMA busy_timeout = 0").close()


def _check_or_create(database: sqlite3.Connection, place: str) -> None:
    with closing(database.execute("SELECT count(*) FROM sqlite_master")) as rows:
        is_empty = rows.fetchone() == (0,)
    application_id, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    if is_empty and application_id == 0:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}").close()
        database.execute(_TABLE).close()
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
