"""The mark of an undo is a line of the log, and goes wherever the log goes."""

import shutil
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from bulkpause import LogError, Record, SettingsError, Status
from bulkpause.journal import codec
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import UndoMark, decode_mark, encode
from bulkpause.journal.needs import WHOLE, Needs
from bulkpause.journal.reader import read_log, read_recovery, records_in_brief
from bulkpause.journal.undone import check_not_undone, mark_undone
from bulkpause.log_totals import totals_of_log
from bulkpause.report.totals import Totals


NOON = "2026-07-01T12:00:00.000Z"
MARK = UndoMark(undone_by="/logs/a.undo.jsonl", run_id="undo", at=NOON)


def record(id_: str) -> Record:
    return Record(
        id=id_,
        status=Status.PAUSED,
        http_status=204,
        attempts=1,
        row=1,
        request_id=f"run-{id_}",
        latency_ms=60.0,
        started_at=NOON,
        finished_at=NOON,
        run_id="run",
        planned=2,
        endpoint="https://api.example",
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(encode(record("1")) + encode(record("2")))
    return path


def test_undone_log_gives_no_all_clear(log: Path) -> None:
    assert totals_of_log(log)[1].is_all_done
    mark_undone(log, MARK)
    totals = totals_of_log(log)[1]
    assert totals.undone_by == MARK.undone_by
    assert (totals.is_all_done, totals.tells_what_runs) == (False, False)
    assert totals.as_dict()["may_run"] is None


@pytest.mark.parametrize("move", [shutil.copy, shutil.move, Path.symlink_to])
def test_copy_and_move_keep_the_mark(log: Path, tmp_path: Path, move: object) -> None:
    mark_undone(log, MARK)
    there = tmp_path / "there"
    there.mkdir()
    if move is Path.symlink_to:
        (there / "log").symlink_to(log)
    else:
        assert callable(move)
        move(log, there / "log")
    assert totals_of_log(there / "log")[1].undone_by == MARK.undone_by
    with pytest.raises(SettingsError, match="was undone by /logs/a"):
        check_not_undone(read_recovery(there / "log"), there / "log")


def test_link_marks_its_log(log: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(log.name)
    mark_undone(tmp_path / "latest", MARK)
    assert read_recovery(log).undone_by == MARK.undone_by


def test_all_undos_are_named_once(log: Path) -> None:
    for name in ("a", "b", "a"):
        mark_undone(log, UndoMark(undone_by=name, run_id="undo", at=NOON))
    assert read_recovery(log).undone_by == "a and b"


def test_mark_hides_no_record(log: Path) -> None:
    mark_undone(log, MARK)
    with log.open("ab") as file:
        file.write(encode(record("3")))
    assert set(read_recovery(log, WHOLE).latest) == {"1", "2", "3"}
    loaded = read_log(log, Needs(tally=(totals := Totals())))
    assert totals.by_status[Status.PAUSED] == loaded.recovery.lines - 1 == 3
    assert [one.id for one in records_in_brief(log, loaded)] == ["1", "2", "3"]


def test_torn_mark_is_no_mark(log: Path) -> None:
    whole = log.read_bytes()
    for cut in range(1, len(encode(MARK)) - 1):
        log.write_bytes(whole + encode(MARK)[:cut])
        assert read_recovery(log).undone_by is None
        mark_undone(log, MARK)
        assert log.read_bytes() == whole + encode(MARK)


def test_torn_record_is_cut_before_mark(log: Path) -> None:
    whole = log.read_bytes()
    log.write_bytes(whole + encode(record("3"))[:60])
    mark_undone(log, MARK)
    assert log.read_bytes() == whole + encode(MARK)


def test_damaged_mark_is_reported(log: Path) -> None:
    damaged = encode(MARK).replace(b"/a.undo", b"/b.undo")
    log.write_bytes(log.read_bytes() + damaged + encode(record("3")))
    with pytest.raises(LogError, match="line 3 is damaged"):
        read_recovery(log)


def test_repaired_mark_needs_no_checksum(log: Path) -> None:
    line = encode(MARK)
    fields = orjson.loads(line)
    del fields["crc32"]
    assert decode_mark(orjson.dumps(fields)) == decode_mark(line) == MARK


def test_older_version_refuses_an_undone_log(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and does not say that all campaigns are paused."""
    mark_undone(log, MARK)
    monkeypatch.setattr(codec, "MARK_VERSION", 3)
    with pytest.raises(LogError, match="line 3 was written by a newer bulkpause"):
        read_recovery(log)


def test_held_log_is_not_marked(log: Path) -> None:
    before = log.read_bytes()
    with closing(AppendFile(log)), pytest.raises(LogError, match="holds"):
        mark_undone(log, MARK)
    assert log.read_bytes() == before


def test_removed_log_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="was removed or emptied"):
        mark_undone(tmp_path / "log", MARK)
    assert list(tmp_path.iterdir()) == []
