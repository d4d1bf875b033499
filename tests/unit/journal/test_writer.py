"""A journal writes, syncs, locks and removes the two logs of a run."""

import asyncio
import gc
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from bulkpause.errors import LogError, LogHeldError, SettingsError
from bulkpause.journal.codec import Header, encode
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_log, read_recovery, read_run, write_ahead_path
from bulkpause.journal.writer import SYNC_WITHIN_S, Journal
from bulkpause.model import Item, Record, Reply
from bulkpause.vocabulary import Action, Status
from tests.support.crash_simulation import (
    Appended,
    Opened,
    Removed,
    Synced,
    Trace,
    traced,
)
from tests.testkit.virtual_time import OneThreadLoop


pytestmark = pytest.mark.anyio
AT = "2026-07-01T08:00:00.000Z"
HEADER = Header(run="run", base_url="https://a", digest="d", planned=2, boot_id="b")
ITEMS = [Item(id="1", row=1), Item(id="2", row=2)]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": OneThreadLoop}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def journal(
    path: Path,
    *,
    resume: bool = False,
    on_failure: Callable[[LogError], None] = lambda _: None,
) -> Journal:
    return Journal(path, resume=resume, on_failure=on_failure)


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
        assert names(path) == ["log", "log.wal"]
    # Without a list, nothing is left to stand in the way of the next run.
    assert names(path) == []


async def test_requests_and_responses_are_in_write_ahead_log(
    path: Path,
) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.sent(Action.PAUSE, "1", "run-1", AT)
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
        assert set(opened.recovery.settled) == {"1"}


@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_whole_line_without_line_end_is_kept(path: Path, name: str) -> None:
    line = encode(paused("1") if name == "log" else HEADER)
    put(path, line[:-1], name)
    known = read_log(path)
    async with Journal(path, resume=True, known=known) as opened:
        assert opened.recovery is known.recovery
        assert opened.warnings == ()
        assert set(opened.recovery.settled) == ({"1"} if name == "log" else set())
        assert content(path, name) == line
        opened.write(paused("2"))
    assert set(read_recovery(path).settled) == {"1", "2"} - (
        {"1"} if name == "log.wal" else set()
    )


FOREIGN = {
    "configuration": b'{"base_url": "https://api.example"}',
    "pretty configuration": b'{\n  "base_url": "https://api.example"\n}\n',
    "feed": b'{"id":"1","name":"Sale"}\n{"id":"2","name":"Sale 2"}\n',
    "feed without line end": b'{"id":"1","name":"Sale"}\n{"id":"2","name":"S"}',
    "feed of one line": b'{"id":"1","name":"Sale"}',
    "csv": b"id,name\n1,Sale\n2,Sale 2",
    "csv of one line": b"1000248",
    "binary": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "zeros": b"\0" * 4096,
    "text": b"Dear diary",
    "newer": b'{"v":3,"campaign":"1","result":["paused"]}\n{"id":"2',
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("is_reader", [True, False])
async def test_foreign_file_is_refused_untouched(
    path: Path, foreign: bytes, is_reader: bool
) -> None:
    put(path, foreign)
    words = r"/log: line 1 (is damaged, .* Name another log|.* upgrade bulkpause)"
    with pytest.raises(LogError, match=words):
        _ = read_log(path) if is_reader else journal(path, resume=True)
    assert (names(path), content(path)) == (["log"], foreign)


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("log", [None, b"", encode(paused("1")), b'{"id":"1","na'])
async def test_foreign_write_ahead_log_is_refused_untouched(
    path: Path, foreign: bytes, log: bytes | None
) -> None:
    if log is not None:
        put(path, log)
    if foreign.startswith(b'{"v"'):
        foreign = b'{"run":"r","version":3,"accounts":["main"]}\n{"sent":"2'
    if not foreign.strip(b"\0"):
        foreign += b"x"
    put(path, foreign, "log.wal")
    words = r"/log\.wal: line 1 (is damaged, .* Name another log|.* upgrade bulkpause)"
    with pytest.raises(LogError, match=words):
        journal(path, resume=True)
    assert content(path, "log.wal") == foreign
    assert names(path) == (["log.wal"] if log is None else ["log", "log.wal"])
    assert log is None or content(path) == log


async def test_torn_line_is_kept_while_other_log_is_foreign(path: Path) -> None:
    torn = encode(paused("1")) + b'{"id":"2"'
    put(path, torn)
    put(path, b"foreign", "log.wal")
    with pytest.raises(LogError, match=r"log\.wal: line 1"):
        journal(path, resume=True)
    assert content(path) == torn


@pytest.mark.parametrize("zeros", ["log", "log.wal"])
async def test_zeros_of_crash_are_cut(path: Path, zeros: str) -> None:
    put(path, b"", "log")
    put(path, b"", "log.wal")
    put(path, b"\0" * 4096, zeros)
    async with journal(path, resume=True) as opened:
        assert content(path, zeros) == b""
        assert "4096 bytes was cut" in opened.warnings[0]


async def test_empty_log_is_used(path: Path) -> None:
    put(path, b"")
    async with journal(path, resume=True) as opened:
        assert (opened.recovery.is_empty, opened.warnings) == (True, ())


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
            monkeypatch.setattr(SYSTEM, "sync_data", broken)
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            with pytest.raises(LogError, match="log cannot be synced"):
                opened.sent(Action.PAUSE, "2", "run-2", AT)
            with pytest.raises(LogError):
                opened.write(paused("2"))

    with pytest.raises(LogError, match="log cannot be synced"):
        await run()
    assert kinds(write_ahead_path(path)) == ["run", "planned"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (
            "bulkpause.journal.platform.SYSTEM.sync_data",
            "log cannot be synced: Input/output error",
        ),
        ("bulkpause.journal.append_file.AppendFile.check", "log cannot be synced: "),
    ],
)
async def test_failed_sync_is_told_at_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, what: str, words: str
) -> None:
    failures: list[LogError] = []
    synced: list[int] = []

    def broken(file: int) -> None:
        synced.append(file)
        raise OSError(5, "Input/output error") if "sync" in what else MemoryError

    async def run() -> None:
        async with journal(path, on_failure=failures.append) as opened:
            opened.begin(HEADER, ITEMS)
            monkeypatch.setattr(what, broken)
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            assert len(failures) == 1
            await asyncio.sleep(10 * SYNC_WITHIN_S)
            with pytest.raises(LogError, match=words):
                opened.write(paused("2"))
            with pytest.raises(LogError, match=words):
                opened.sent(Action.PAUSE, "2", "run-2", AT)

    with pytest.raises(LogError, match=words) as raised:
        await run()
    assert failures == [raised.value]
    assert len(synced) == 1
    assert names(path) == ["log", "log.wal"]


async def test_missing_thread_is_told_at_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[LogError] = []

    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def run() -> None:
        async with journal(path, on_failure=failures.append) as opened:
            opened.begin(HEADER, ITEMS)
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "run_in_executor", no_thread)
            opened.write(paused("1"))
            opened.write(paused("2"))
            await asyncio.sleep(SYNC_WITHIN_S)
            assert len(failures) == 1

    with pytest.raises(LogError, match="log cannot be synced: can't start new thread"):
        await run()
    assert names(path) == ["log", "log.wal"]


def moved(path: Path) -> None:
    path.rename(path.with_name("moved"))


def truncated(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)


#: What happens to a file, and what is said of it.
CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "moved": (moved, "was moved"),
    "removed": (Path.unlink, "was removed"),
    "replaced": (replaced, "was replaced by another file"),
    "truncated": (truncated, "was shortened"),
}


@pytest.mark.parametrize("name", ["log", "log.wal"])
@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("when", ["record", "request", "response", "end"])
async def test_log_changed_under_run_ends_it(
    path: Path, name: str, change: Callable[[Path], object], words: str, when: str
) -> None:
    failures: list[LogError] = []

    async def run() -> None:
        async with journal(path, on_failure=failures.append) as opened:
            opened.begin(HEADER, ITEMS)
            opened.sent(Action.PAUSE, "1", "run-1", AT)
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            change(path.with_name(name))
            if when == "end":
                opened.write(paused("2"))
                return
            if when == "record":
                opened.write(paused("2"))
            elif when == "request":
                opened.sent(Action.PAUSE, "2", "run-2", AT)
            else:
                reply = Reply(received_at=1.0, http_status=503)
                opened.answered("2", "run-2", reply, is_in_doubt=False)
            await asyncio.sleep(SYNC_WITHIN_S)
            assert len(failures) == 1

    with pytest.raises(LogError, match=f"/{name} {words}"):
        await run()
    # The write-ahead log stays where it was put.
    ahead = "moved" if (name, words) == ("log.wal", "was moved") else "log.wal"
    gone = (name, words) == ("log.wal", "was removed")
    assert path.with_name(ahead).exists() != gone


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_log_moved_during_any_sync_is_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, position: int
) -> None:
    synced: list[int] = []

    def sync(file: int) -> None:
        synced.append(file)
        if len(synced) == position + 1:
            moved(path.with_name(name))

    async def run() -> None:
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            opened.write(paused("1"))
            await asyncio.sleep(SYNC_WITHIN_S)
            opened.write(paused("2"))

    monkeypatch.setattr(SYSTEM, "sync_data", sync)
    with pytest.raises(LogError, match=f"/{name} was moved"):
        await run()
    assert len(synced) > position


async def test_log_removed_before_first_request_sends_nothing(path: Path) -> None:
    async def run() -> None:
        async with journal(path) as opened:
            CHANGES["removed"][0](path)
            opened.begin(HEADER, ITEMS)
            raise AssertionError("it would be sent")

    with pytest.raises(LogError, match="/log was removed"):
        await run()


async def test_sent_ids_are_unrecorded_until_recorded(path: Path) -> None:
    async with journal(path) as opened:
        opened.begin(HEADER, ITEMS)
        opened.sent(Action.PAUSE, "1", "run-1", AT)
        opened.sent(Action.PAUSE, "2", "run-2", AT)
        opened.sent(Action.READ, "3", "run-3", AT)
        assert opened.unrecorded == {"1", "2"}
        opened.write(paused("1"))
    assert opened.unrecorded == {"2"}


async def test_header_without_plan_keeps_write_ahead_log(path: Path) -> None:
    put(path, encode(paused("1")))
    put(path, encode(HEADER), "log.wal")
    async with journal(path, resume=True):
        pass
    assert content(path, "log.wal") == encode(HEADER)
    # A record of a later run says how many ids are missing.
    async with journal(path, resume=True) as opened:
        opened.write(paused("2"))
    assert names(path) == ["log"]


async def test_discarded_journal_leaves_no_file(path: Path) -> None:
    journal(path).discard()
    assert names(path) == []
    put(path, encode(paused("1")))
    journal(path, resume=True).discard()
    assert names(path) == ["log"]


@pytest.mark.parametrize("position", range(8))
async def test_failed_last_sync_is_raised(
    path: Path, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    so_far: list[int] = []

    def broken(file: int) -> None:
        so_far.append(file)
        if len(so_far) > position:
            raise OSError(5, "Input/output error")
        os.fsync(file)

    async def run() -> None:
        async with journal(path) as opened:
            opened.begin(HEADER, ITEMS)
            for number in range(10):
                opened.write(paused(str(number)))
                await asyncio.sleep(SYNC_WITHIN_S)

    monkeypatch.setattr(SYSTEM, "sync_data", broken)
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
            monkeypatch.setattr(SYSTEM, "sync_data", broken)
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
        opened.sent(Action.PAUSE, "2", "run-2", AT)
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


async def test_unchanged_log_is_not_read_again(path: Path) -> None:
    put(path, encode(paused("1")))
    known = read_log(path)
    async with Journal(path, resume=True, known=known) as opened:
        assert opened.recovery is known.recovery


@pytest.mark.parametrize("name", ["log", "log.wal"])
async def test_grown_log_is_read_again(path: Path, name: str) -> None:
    put(path, encode(paused("1")))
    known = read_log(path)
    more = encode(paused("2") if name == "log" else HEADER)
    put(path, more, name)
    async with Journal(path, resume=True, known=known) as opened:
        assert set(opened.recovery.settled) == ({"1", "2"} if name == "log" else {"1"})
        assert len(opened.recovery.headers) == (name == "log.wal")


async def test_new_log_keeps_recovery_of_absent_log(path: Path) -> None:
    known = read_log(path)
    async with Journal(path, resume=False, known=known) as opened:
        assert opened.recovery is known.recovery
