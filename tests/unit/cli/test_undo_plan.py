"""Which campaigns an undo takes from logs, and what it says of the others."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkpause import InputError, LogHeldError, Record, SettingsError, Status
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, default_undo_log, resume_command
from bulkpause.cli.undo_pauses import Undone
from bulkpause.cli.undo_plan import plan_of_undo
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.inputs.layout import Layout
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import UndoMark, encode
from bulkpause.journal.fold import recover
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Earlier, Item
from bulkpause.plan import Plan, make_plan
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action
from tests.support.result_logs import write_killed_log


BASE_URL = "https://api.example"
MORNING = "2026-07-01T08:00:00.000Z"
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


def write(log: Path, *records: Record, missing: int = 0) -> Path:
    """Write a log that holds all ids that were planned, but for some."""
    planned = len(records) + missing
    lines = [replace(one, planned=one.planned and planned) for one in records]
    log.write_bytes(b"".join(map(encode, lines)))
    return log


def options(
    *logs: Path, earlier_status: str | None = None, takes_unknown: bool = False
) -> Options:
    return Options(
        inputs=(),
        settings=Settings(base_url=BASE_URL),
        action=Action.RESUME,
        undone=logs,
        earlier_status=earlier_status,
        takes_unknown=takes_unknown,
        is_confirmed=True,
    )


def plan(
    *logs: Path,
    earlier_status: str | None = None,
    own: Recovery | None = None,
    only: dict[str | None, Plan] | None = None,
    takes_unknown: bool = False,
) -> dict[str, Item]:
    settings = options(
        *logs, earlier_status=earlier_status, takes_unknown=takes_unknown
    )
    part = Undone(options=settings, logs=logs, own=own or Recovery())
    found = plan_of_undo([part], settings, Notices(are_held=False), only)
    return {item.id: item for item in found.whole.plan.items}


def chosen(*ids: str) -> dict[str | None, Plan]:
    return {None: make_plan([Item(id=id_, row=row) for row, id_ in enumerate(ids, 1)])}


def test_only_what_we_paused_is_taken(tmp_path: Path) -> None:
    others = [
        record(str(number), status)
        for number, status in enumerate(Status, 2)
        if status not in {Status.PAUSED, Status.INVALID, Status.UNKNOWN}
    ]
    # Records of version 1 do not say how many were planned, and are kept whole.
    old = replace(record("99", Status.ALREADY_PAUSED), planned=None)
    items = plan(write(tmp_path / "log", record("1"), old, *others))
    assert items == {
        "1": Item(id="1", row=1, earlier=Earlier(status="running", paused_at=NOON))
    }


def test_unknown_ids_need_a_word(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), record("2", Status.UNKNOWN, at=LATER))
    with pytest.raises(SettingsError) as refused:
        plan(log)
    assert "1 id may be paused by us, though that is not on record (2)" in str(
        refused.value
    )
    assert f"bulkpause retry {log} --status unknown --base-url" in str(refused.value)
    items = plan(log, takes_unknown=True)
    assert items["2"].earlier == Earlier(status="running", paused_at=LATER)
    # Nobody asked for it.
    assert set(plan(log, only=chosen("1"))) == {"1"}
    with pytest.raises(SettingsError, match=r"not on record \(2\)"):
        plan(log, only=chosen("2"))


def test_undone_log_is_not_to_be_retried(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), record("2", Status.UNKNOWN))
    with log.open("ab") as file:
        file.write(encode(UndoMark(undone_by="u", run_id="r", at=NOON)))
    with pytest.raises(SettingsError, match="--resume-unknown") as refused:
        plan(log)
    assert "retry" not in str(refused.value)


def test_unknown_id_that_is_settled_is_taken(tmp_path: Path) -> None:
    """By a retry in another log, or by an earlier run of the undo."""
    log = write(tmp_path / "log", record("1", Status.UNKNOWN))
    later = write(tmp_path / "later", record("1", at=LATER))
    items = plan(log, later)
    assert items["1"].earlier == Earlier(status="running", paused_at=LATER)
    own = recover([record("1", Status.FAILED, action=Action.RESUME)], [])
    assert set(plan(log, own=own)) == {"1"}


def test_ids_that_log_lacks_are_said(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), missing=2)
    settings = replace(options(log), log=tmp_path / "undo")
    part = Undone(options=settings, logs=(log,), own=Recovery())
    text = plan_of_undo([part], settings, Notices(are_held=False)).unseen[None]
    assert text.startswith(
        f"{log}: 2 planned ids not on record, which may be paused by us: left out;"
    )
    assert f"undo {log} --only INPUT " in text
    assert " --resume-unknown --log" in text
    # They were named in an earlier run of the undo.
    own = recover(
        [record(i, Status.RESUMED, action=Action.RESUME) for i in ("1", "7", "8")], []
    )
    part = replace(part, own=own)
    assert plan_of_undo([part], settings, Notices(are_held=False)).unseen == {}


@pytest.mark.parametrize(
    ("status", "seen", "is_lost_one"),
    [
        (Status.RESUMED, None, True),
        (Status.UNKNOWN, None, True),
        (Status.NOT_RESUMABLE, "paused", True),
        (Status.NOT_RESUMABLE, None, False),
        (Status.NOT_RESUMABLE, "draft", False),
        (Status.ALREADY_RUNNING, "running", False),
    ],
)
def test_id_not_found_paused_is_not_lost_one(
    tmp_path: Path, status: Status, seen: str | None, is_lost_one: bool
) -> None:
    log = write(tmp_path / "log", record("1"), missing=1)
    named = replace(record("9", status, action=Action.RESUME), campaign_status=seen)
    undo_log = write(tmp_path / "undo", named)
    settings = replace(options(log), log=undo_log)
    part = Undone(options=settings, logs=(log,), own=read_recovery(undo_log))
    unseen = plan_of_undo([part], settings, Notices(are_held=False)).unseen
    assert (unseen == {}) is is_lost_one


def test_id_that_log_lacks_is_taken_by_name(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), record("2", at=LATER), missing=1)
    with pytest.raises(SettingsError, match=r"not on record \(9\)") as refused:
        plan(log, only=chosen("1", "9"))
    assert "retry" not in str(refused.value)
    items = plan(
        log, only=chosen("1", "9"), takes_unknown=True, earlier_status="running"
    )
    assert items["9"].earlier == Earlier(status="running", paused_at=LATER)


def test_id_that_was_never_sent_is_left_out(tmp_path: Path) -> None:
    log = write_killed_log(tmp_path / "log", 2, base_url=BASE_URL)
    assert plan(log, takes_unknown=True) == {}
    with pytest.raises(InputError, match="none of the 1 id of --only"):
        plan(log, only=chosen("1001"), takes_unknown=True)


def test_latest_pause_of_several_logs_counts(tmp_path: Path) -> None:
    older = write(tmp_path / "a", record("1", earlier_status="scheduled"), record("2"))
    newer = write(tmp_path / "b", record("1", at=LATER), record("3"))
    for logs in ((older, newer), (newer, older)):
        items = plan(*logs)
        assert set(items) == {"1", "2", "3"}
        assert items["1"].earlier == Earlier(status="running", paused_at=LATER)


@pytest.mark.parametrize(
    ("fields", "paused_at"),
    [
        ({}, "2026-07-01T12:00:00.080Z"),
        ({"campaign_status": "paused", "reads": 1}, "2026-07-01T12:00:00.080Z"),
        ({"campaign_status": "paused", "reads": 2}, LATER),
        ({"reads": 1}, LATER),
        ({"history": ({"http_status": 503, "at": NOON},)}, LATER),
        ({"http_status": 400}, LATER),
        ({"latency_ms": None}, LATER),
        (
            {"reads": 2, "paused_at": "2026-07-01T12:30:00.000Z"},
            "2026-07-01T12:30:00.000Z",
        ),
    ],
    ids=[
        "unread",
        "read back",
        "read before",
        "read",
        "retried",
        "refused",
        "old",
        "said",
    ],
)
def test_pause_was_when_it_was_accepted(
    tmp_path: Path, fields: dict[str, Any], paused_at: str
) -> None:
    accepted: dict[str, Any] = {
        "http_status": 204,
        "latency_ms": 80.0,
        "finished_at": LATER,
    }
    one = replace(record("1"), **(accepted | fields))
    earlier = plan(write(tmp_path / "log", one))["1"].earlier
    assert earlier is not None
    assert earlier.paused_at == paused_at


def test_changes_that_cannot_be_seen_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(write(tmp_path / "log", record("1")))
    assert (
        "what others changed within 2 s after a pause (5 s" in capsys.readouterr().err
    )


@pytest.mark.parametrize("word", [" ", "Aktiv"])
def test_missing_past_is_given_only_where_it_is_missing(
    tmp_path: Path, word: str
) -> None:
    log = write(tmp_path / "log", record("1"), record("2", earlier_status=word))
    with pytest.raises(SettingsError, match="whether 1 of 2 campaigns were running"):
        plan(log)
    items = plan(log, earlier_status="scheduled")
    statuses = {
        id_: item.earlier and item.earlier.status for id_, item in items.items()
    }
    assert statuses == {"1": "running", "2": "scheduled"}


@pytest.mark.parametrize("word", ["paused", "Paused ", "draft", "canceled"])
def test_what_sent_nothing_before_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """Nobody is asked, and no word of anybody is taken for it."""
    doubtful = record("3", Status.UNKNOWN, earlier_status=word)
    log = write(
        tmp_path / "log", record("1"), record("2", earlier_status=word), doubtful
    )
    assert set(plan(log)) == {"1"}
    said = word.strip().lower()
    assert capsys.readouterr().err.startswith(
        "warning: 2 campaigns on record as neither running nor scheduled before the "
        f"pause: left alone: 2 ({said}), 3 ({said})\n"
    )
    words: dict[str, Any] = {"earlier_status": "running", "takes_unknown": True}
    assert set(plan(log, **words)) == {"1"}
    own = recover([record("2", Status.FAILED, action=Action.RESUME)], [])
    assert set(plan(log, own=own, **words)) == {"1"}


def test_chosen_campaign_paused_before_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = record("2", earlier_status="paused")
    log = write(tmp_path / "log", record("1"), before, missing=1)
    words: dict[str, Any] = {"earlier_status": "running", "takes_unknown": True}
    assert plan(log, only=chosen("2"), **words) == {}
    said = capsys.readouterr().err
    assert "left alone: 2 (paused)" in said
    assert "--only" not in said
    # Of what was not chosen, nothing is said.
    assert set(plan(log, only=chosen("1"), **words)) == {"1"}
    assert "left alone: 2" not in capsys.readouterr().err


def test_campaign_paused_by_other_log_is_taken(tmp_path: Path) -> None:
    """What a log calls paused before may be so by our pause in another log."""
    ours = write(tmp_path / "a", record("1"))
    repeated = record("1", at=LATER, earlier_status="paused")
    again = write(tmp_path / "b", repeated)
    assert plan(ours, again)["1"].earlier == Earlier(status="running", paused_at=NOON)


@pytest.mark.parametrize(("at", "ids"), [(LATER, set()), (MORNING, {"1"})])
def test_word_of_latest_pause_counts(tmp_path: Path, at: str, ids: set[str]) -> None:
    logs = (
        write(tmp_path / "a", record("1")),
        write(tmp_path / "b", record("1", at=at, earlier_status="draft")),
    )
    assert set(plan(*logs)) == set(plan(*reversed(logs))) == ids


def test_mixed_list_is_to_be_undone_by_kind(tmp_path: Path) -> None:
    unknown = [record(id_, earlier_status=None) for id_ in ("1", "2")]
    with pytest.raises(SettingsError, match="undo each kind by itself with --only"):
        plan(write(tmp_path / "log", *unknown))


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
    of_command = Options(
        inputs=(),
        settings=Settings(),
        action=Action.RESUME,
        undone=(Path("a.jsonl"), Path("b.jsonl")),
        only=("wrong.csv", "1000248"),
        layout=Layout(column="campaign"),
        earlier_status="running",
        guard_rails=GuardRails(canary=0),
    )
    assert resume_command(Path("u.jsonl"), of_command) == (
        "bulkpause undo a.jsonl b.jsonl --only wrong.csv --only 1000248 "
        "--column campaign --as running --canary 0 "
        "--log u.jsonl --resume --share none"
    )


def test_only_chosen_campaigns_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "log", record("1"), record("2"), record("3"))
    assert set(plan(log, only=chosen("3", "1"))) == {"1", "3"}
    assert "--only" not in capsys.readouterr().err


def test_chosen_campaign_that_we_did_not_pause_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    already = record("2", Status.ALREADY_PAUSED)
    log = write(tmp_path / "log", record("1"), already)
    assert set(plan(log, only=chosen("1", "2", "9"))) == {"1"}
    assert capsys.readouterr().err.startswith(
        "warning: 2 ids of --only not recorded as paused by bulkpause: left out: 2, 9\n"
    )
    with pytest.raises(InputError, match="none of the 2 ids of --only is recorded"):
        plan(log, only=chosen("2", "9"))


def test_past_of_other_campaigns_is_not_asked(tmp_path: Path) -> None:
    log = write(tmp_path / "log", record("1"), record("2", earlier_status=None))
    assert set(plan(log, only=chosen("1"))) == {"1"}


def test_only_logs_with_chosen_campaigns_are_marked(tmp_path: Path) -> None:
    first, second = (write(tmp_path / id_, record(id_)) for id_ in ("1", "2"))
    both = write(tmp_path / "both", record("1"), record("3"))
    found = plan_of_undo(
        [Undone(options=options(), logs=(first, second, both), own=Recovery())],
        options(),
        Notices(are_held=False),
        chosen("1"),
    )
    assert found.marked == {None: (first, both)}
    assert (found.whole.plan.rows, found.whole.plan.duplicate) == (2, 1)


@pytest.mark.parametrize("only", [None, chosen("1")], ids=["all", "chosen"])
def test_logs_that_call_it_paused_are_marked(
    tmp_path: Path, only: dict[str | None, Plan] | None
) -> None:
    already = record("1", Status.ALREADY_PAUSED)
    said = {
        "paused": record("1"),
        "already": already,
        # Records of version 1 are kept whole.
        "old": replace(already, planned=None),
        "before": record("1", at=LATER, earlier_status="paused"),
        "unknown": record("1", Status.UNKNOWN),
        "rejected": record("1", Status.REJECTED),
        "other": record("2", Status.ALREADY_PAUSED),
    }
    logs = tuple(write(tmp_path / name, one) for name, one in said.items())
    found = plan_of_undo(
        [Undone(options=options(), logs=logs, own=Recovery())],
        options(),
        Notices(are_held=False),
        only,
    )
    assert found.marked == {None: logs[:5]}


def test_log_of_undo_beside_others_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "log", record("1"))
    undo = write(tmp_path / "undo", record("1", Status.RESUMED, action=Action.RESUME))
    assert set(plan(log, undo)) == {"1"}
    assert "undo is the log of an undo: left out" in capsys.readouterr().err


def test_log_of_account_needs_its_account(tmp_path: Path) -> None:
    log = write(tmp_path / "acme.jsonl", replace(record("1"), account="acme"))
    with pytest.raises(SettingsError, match="of the account acme; pass --accounts"):
        plan(log)


def test_accounts_are_planned_apart(tmp_path: Path) -> None:
    parts = [
        Undone(
            name=name,
            options=options(),
            logs=(write(tmp_path / name, replace(record("1"), account=name)),),
            own=Recovery(),
        )
        for name in ("acme", "globex")
    ]
    found = plan_of_undo(parts, options(), Notices(are_held=False))
    ids = {name: [item.id for item in p.items] for name, p in found.whole.plans.items()}
    assert ids == {"acme": ["1"], "globex": ["1"]}
    only: dict[str | None, Plan] = {"acme": make_plan([Item(id="1", row=1)])}
    found = plan_of_undo(parts, options(), Notices(are_held=False), only)
    assert found.marked == {"acme": (tmp_path / "acme",), "globex": ()}


def test_folder_of_logs_has_undo_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    folder.mkdir()
    assert default_undo_log(folder) == tmp_path / "monday.undo.jsonl"
    of_accounts = tmp_path / "monday.undo"
    assert default_undo_log(folder, is_of_accounts=True) == of_accounts
    one = folder / "acme.jsonl"
    assert default_undo_log(one, is_of_accounts=True) == of_accounts


def test_note_says_whose_word_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a log says of a campaign needs no note: its end says what was left alone."""
    unsaid = record("2", earlier_status=None)
    log = write(tmp_path / "log", record("1"), unsaid)
    plan(log, only=chosen("1"))
    assert "running before" not in capsys.readouterr().err
    plan(log, earlier_status="running")
    assert capsys.readouterr().err.startswith(
        "note: 1 campaign running before by --as running: those that show a "
        "scheduled_time are left alone\n"
    )
