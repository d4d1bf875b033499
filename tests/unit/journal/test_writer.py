"""A journal writes, syncs, locks and removes the two logs of a run."""

import asyncio
import gc
import os
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from bulkpause.errors import LogError, LogHeldError, SettingsError
from bulkpause.journal.codec import Header, encode
from bulkpause.journal.platform import boot_id
from bulkpause.journal.reader import read_log, read_recovery, read_run, write_ahead_path
from bulkpause.journal.writer import SYNC_WITHIN_S, Journal
from bulkpause.model import Action, Item, Record, Reply, Status
from tests.support.crash_simulation import (
    Appended,
    Opened,
    Removed,
    Synced,
    Trace,
    traced,
)
from tests.testkit.virtual_time import OneThreadLoop, wall_clock


pytestmark = pytest.mark.anyio
HEADER = Header(run="run", base_url="https://a", digest="d", planned=2, boot_id="b")
ITEMS = [Item(id="1", row=1), Item(id="2", row=2)]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": OneThreadLoop}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def journal(path: Path, *, resume: bool = False) -> Journal:
    return Journal(path, resume=resume, now=wall_clock)


def paused(id_: str) -> Record:
    return Record(id=id_, status=Status.PAUSED, run_id="run")


def content(path: Path, name: str = "log") -> bytes:
    return path.with_name(name).read_bytes()


def put(path: Path, data: bytes, name: str = "log") -> None:
    with path.with_name(name).open("ab") as file:
        file.write(data)


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


def kinds(ahead: Path) -> list[str]:
    return [next(iter(orjson.loads(line))) for line in ahead.read_bytes().splitlines()]


async def test_existing_log_is_refused_unless_resumed(path: Path) -> None:
    put(path, b"")
    with pytest.raises(SettingsError, match="log exists and is never overwritten"):
        journal(path)
    async with journal(path, resume=True):
        pass


async def test_write_ahead_log_alone_is_refused(path: Path) -> None:
    write_ahead_path(path).write_bytes(b"")
    with pytest.raises(SettingsError, match=r"log\.wal exists"):
        journal(path)


async def test_result_log_is_named_if_both_exist(path: Path) -> None:
    put(path, b"")
    put(path, b"", "log.wal")
    with pytest.raises(SettingsError, match=r"log exists"):
        journal(path)


async def test_missing_log_can_be_resumed(path: Path) -> None:
    async with journal(path, resume=True) as opened:
        assert opened.recovery.records == {}
    assert names(path) == ["log"]


async def test_requests_and_responses_are_in_write_ahead_log(
    path: Path,
) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.sent(Action.PAUSE, "1", "run-1")
        reply = Reply(received_at=1.0, sent_at=0.5, http_status=500)
        opened.answered("1", "run-1", reply, is_in_doubt=True)
        assert kinds(write_ahead_path(path)) == ["run", "planned", "sent", "answered"]
        assert content(path) == b""


async def test_finished_run_removes_write_ahead_log(path: Path) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.write(paused("1"))
        opened.write(paused("2"))
    assert names(path) == ["log"]


async def test_write_ahead_log_stays_while_record_is_missing(path: Path) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.write(paused("1"))
    assert names(path) == ["log", "log.wal"]
    assert set(read_recovery(path).unfinished) == {"2"}


async def test_id_of_earlier_run_keeps_write_ahead_log(path: Path) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
    async with journal(path, resume=True) as opened:
        opened.begin(HEADER, ITEMS[:1])
        opened.write(paused("1"))
    assert set(read_recovery(path).unfinished) == {"2"}


async def test_plan_is_synced_before_first_request(path: Path) -> None:
    with traced(trace := Trace()):
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            last = trace.steps[-1]
    assert last == Synced("log.wal")


async def test_record_is_synced_in_time(path: Path) -> None:
    with traced(trace := Trace()):
        async with journal(path) as opened:
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            assert trace.steps[-1] == Synced("log")


async def test_records_are_synced_in_groups(path: Path) -> None:
    with traced(trace := Trace()):
        async with journal(path) as opened:
            for number in range(100):
                opened.write(paused(str(number)))
                await asyncio.sleep(0.001)
            synced = trace.steps.count(Synced("log"))
    assert 2 <= synced <= 5


async def test_unchanged_log_is_not_synced(path: Path) -> None:
    with traced(trace := Trace()):
        async with journal(path) as opened:
            await asyncio.sleep(10 * SYNC_WITHIN_S)
            assert Synced("log") not in trace.steps
            opened.write(paused("1"))
            await asyncio.sleep(10 * SYNC_WITHIN_S)
            assert trace.steps.count(Synced("log")) == 1


async def test_closed_journal_leaves_no_task(path: Path) -> None:
    before = asyncio.all_tasks()
    async with journal(path) as opened:
        opened.write(paused("1"))
    assert asyncio.all_tasks() == before


async def test_log_is_synced_before_write_ahead_log_removal(path: Path) -> None:
    with traced(trace := Trace()):
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            opened.write(paused("1"))
            opened.write(paused("2"))
    steps = [one for one in trace.steps if not isinstance(one, Opened)]
    assert steps[-2:] == [Synced("log"), Removed("log.wal")]
    assert isinstance(steps[-4], Appended | Synced)


@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_torn_last_line_is_cut_and_reported(path: Path, name: str) -> None:
    put(path, encode(paused("1")))
    put(path, b'{"id":"2"' if name == "log" else b'{"sent":"', name)
    async with journal(path, resume=True) as opened:
        (warning,) = opened.warnings
        assert f"{name}: a torn last line of 9 bytes was cut" in warning
        assert set(opened.recovery.records) == {"1"}


@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_damage_is_reported_and_lock_is_released(path: Path, name: str) -> None:
    put(path, b'{"id"\n', name)
    for _ in range(2):  # a lock that was opened would be the second error
        with pytest.raises(LogError, match=f"{name}: line 1 is damaged"):
            journal(path, resume=True)


async def test_second_journal_is_refused(path: Path) -> None:
    async with journal(path):
        with pytest.raises(LogHeldError):
            journal(path, resume=True)
    async with journal(path, resume=True):
        pass


async def test_failed_sync_stops_both_logs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    async def run() -> None:
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            monkeypatch.setattr(os, "fdatasync", broken)
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            with pytest.raises(LogError, match="log cannot be synced"):
                opened.sent(Action.PAUSE, "2", "run-2")
            with pytest.raises(LogError):
                opened.write(paused("2"))

    with pytest.raises(LogError, match="log cannot be synced"):
        await run()
    assert kinds(write_ahead_path(path)) == ["run", "planned"]


@pytest.mark.parametrize("position", range(8))
async def test_failed_last_sync_is_raised(
    path: Path, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    so_far: list[int] = []
    sync = os.fdatasync

    def broken(file: int) -> None:
        so_far.append(file)
        if len(so_far) > position:
            raise OSError(5, "Input/output error")
        sync(file)

    async def run() -> None:
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            for number in range(10):
                opened.write(paused(str(number)))
                await asyncio.sleep(SYNC_WITHIN_S)

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(LogError, match="cannot be synced"):
        await run()
    # The files have a descriptor each; on the one that failed there is no other sync.
    assert len(so_far) == max(position + 1, 2)
    assert so_far[position] not in so_far[position + 1 :]
    assert names(path) == ["log", "log.wal"]


async def test_failed_last_sync_does_not_hide_other_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    async def run() -> None:
        async with journal(path) as opened:
            opened.write(paused("1"))
            monkeypatch.setattr(os, "fdatasync", broken)
            raise LookupError

    with pytest.raises(LookupError):
        await run()


async def test_only_records_of_named_run_are_read(path: Path) -> None:
    for other in ("an earlier run", "the next run"):
        put(path, encode(Record(id="1", status=Status.FAILED, run_id=other)))
    put(path, encode(paused("1")))
    assert list(read_run(path, "run")) == [paused("1")]


async def test_ids_in_doubt_are_read_with_run(path: Path) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.write(paused("1"))
        opened.sent(Action.PAUSE, "2", "run-2")
    found = [(record.id, record.status) for record in read_run(path, "run")]
    assert found == [("1", Status.PAUSED), ("2", Status.UNKNOWN)]
    assert list(read_run(path, "the next run")) == []


@pytest.mark.parametrize("is_enabled", [True, False])
@pytest.mark.parametrize("more", [b"", b"damaged\n"])
def test_reading_log_restores_garbage_collection(
    path: Path, is_enabled: bool, more: bytes
) -> None:
    put(path, encode(paused("1")) + more)
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        with suppress(LogError):
            read_log(path)
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_boot_id_is_stable() -> None:
    assert boot_id() == boot_id() != ""


def test_boot_id_is_empty_without_its_file(path: Path) -> None:
    assert boot_id(path) == ""


async def test_unchanged_log_is_not_read_again(path: Path) -> None:
    put(path, encode(paused("1")))
    known = read_log(path)
    async with Journal(path, resume=True, now=wall_clock, known=known) as opened:
        assert opened.recovery is known.recovery


@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_grown_log_is_read_again(path: Path, name: str) -> None:
    put(path, encode(paused("1")))
    known = read_log(path)
    more = encode(paused("2") if name == "log" else HEADER)
    put(path, more, name)
    async with Journal(path, resume=True, now=wall_clock, known=known) as opened:
        assert set(opened.recovery.records) == ({"1", "2"} if name == "log" else {"1"})
        assert len(opened.recovery.headers) == (name == "log.wal")


async def test_new_log_keeps_recovery_of_absent_log(path: Path) -> None:
    known = read_log(path)
    async with Journal(path, resume=False, now=wall_clock, known=known) as opened:
        assert opened.recovery is known.recovery
