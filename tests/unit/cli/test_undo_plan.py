"""Which campaigns an undo takes from logs, and what it says of the others."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bulkpause import InputError, LogHeldError, Record, SettingsError, Status
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, default_undo_log, resume_command
from bulkpause.cli.undo_plan import plan_of_undo
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import encode
from bulkpause.journal.fold import recover
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Action, Earlier, Item
from bulkpause.settings import Settings


BASE_URL = "https://api.example"
NOON, LATER = "2026-07-01T12:00:00.000Z", "2026-07-01T13:00:00.000Z"


def record(
    id_: str,
    status: Status = Status.PAUSED,
    *,
    at: str = NOON,
    action: Action = Action.PAUSE,
    earlier_status: str | None = "running",
    endpoint: str = BASE_URL,
) -> Record:
    return Record(
        id=id_,
        action=action,
        status=status,
        row=1,
        attempts=1,
        request_id=f"run-{id_}",
        earlier_status=earlier_status,
        started_at=at,
        finished_at=at,
        run_id="run",
        planned=1,
        endpoint=endpoint,
    )


def write(log: Path, *records: Record) -> Path:
    log.write_bytes(b"".join(map(encode, records)))
    return log


def plan(
    *logs: Path, earlier_status: str | None = None, own: Recovery | None = None
) -> dict[str, Item]:
    options = Options(
        inputs=(),
        settings=Settings(base_url=BASE_URL),
        action=Action.RESUME,
        undone=logs,
        earlier_status=earlier_status,
        is_confirmed=True,
    )
    found = plan_of_undo(options, own or Recovery(), Notices(are_held=False))
    return {item.id: item for item in found.plan.items}


def test_only_what_we_paused_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [
        record(str(number), status)
        for number, status in enumerate(Status, 2)
        if status is not Status.PAUSED and status is not Status.INVALID
    ]
    # Records of version 1 do not say how many were planned, and are kept whole.
    old = replace(record("99", Status.ALREADY_PAUSED), planned=None)
    items = plan(write(tmp_path / "log", record("1"), old, *others))
    assert items == {
        "1": Item(id="1", row=1, earlier=Earlier(status="running", paused_at=NOON))
    }
    assert "1 id unknown, which may have been paused by us" in capsys.readouterr().err


def test_latest_pause_of_several_logs_counts(tmp_path: Path) -> None:
    older = write(tmp_path / "a", record("1", earlier_status="scheduled"), record("2"))
    newer = write(tmp_path / "b", record("1", at=LATER), record("3"))
    for logs in ((older, newer), (newer, older)):
        items = plan(*logs)
        assert set(items) == {"1", "2", "3"}
        assert items["1"].earlier == Earlier(status="running", paused_at=LATER)


def test_missing_past_is_given_only_where_it_is_missing(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), record("2", earlier_status="Aktiv"))
    with pytest.raises(SettingsError, match="whether 1 of 2 campaigns were running"):
        plan(log)
    items = plan(log, earlier_status="scheduled")
    statuses = {
        id_: item.earlier and item.earlier.status for id_, item in items.items()
    }
    assert statuses == {"1": "running", "2": "scheduled"}


def test_resumed_undo_does_not_ask_again(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1", earlier_status=None))
    own = recover([record("1", Status.FAILED, action=Action.RESUME)], [])
    assert plan(log, own=own)["1"].earlier == Earlier(status="running", paused_at=NOON)


def test_log_of_undo_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1", Status.RESUMED, action=Action.RESUME))
    with pytest.raises(SettingsError, match="the log of an undo"):
        plan(log)


def test_log_of_other_endpoint_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1", endpoint="https://other.example"))
    with pytest.raises(SettingsError, match=r"use --base-url https://other\.example"):
        plan(log)


def test_log_that_run_holds_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"))
    with closing(AppendFile(log)), pytest.raises(LogHeldError, match="a run holds"):
        plan(log)


def test_missing_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        plan(tmp_path / "log")


def test_log_of_undo_stands_beside_its_log() -> None:
    assert default_undo_log(Path("logs/a.b.jsonl")) == Path("logs/a.b.undo.jsonl")


def test_resume_command_of_undo_is_whole() -> None:
    options = Options(
        inputs=(),
        settings=Settings(),
        action=Action.RESUME,
        undone=(Path("a.jsonl"), Path("b.jsonl")),
        earlier_status="running",
        guard_rails=GuardRails(canary=0),
    )
    assert resume_command(Path("u.jsonl"), options) == (
        "bulkpause undo a.jsonl b.jsonl --as running --canary 0 "
        "--log u.jsonl --resume --share none"
    )
