"""A program resumes what a log says that it paused."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bulkpause import (
    Action,
    Earlier,
    Item,
    LogError,
    Pauser,
    Record,
    ResumeRules,
    Settings,
    SettingsError,
    Status,
    read_log,
)
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.reader import read_recovery
from bulkpause.model import Reply
from tests.support.fakes import (
    FakeServer,
    Fault,
    View,
    client_replaced_by,
    disagreements,
    ids,
    no_faults,
)
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


SETTINGS = Settings(limits=())


def pause(server: FakeServer, log: Path, *, remember: bool = False) -> None:
    async def run() -> None:
        async with Pauser(
            "token", SETTINGS, log=log, resume=True, remember=remember, now=wall_clock
        ) as pauser:
            assert [record async for record in pauser.pause(ids(5))]

    with client_replaced_by(server):
        run_on_virtual_time(run())


def undo(
    server: FakeServer,
    items: list[Item],
    log: Path,
    undone: tuple[Path, ...] = (),
    retried: tuple[Status, ...] = (),
) -> list[Record]:
    async def run() -> list[Record]:
        async with Pauser(
            "token",
            SETTINGS,
            log=log,
            resume=bool(retried),
            retried=retried,
            action=Action.RESUME,
            undone=undone,
            now=wall_clock,
        ) as pauser:
            records = [record async for record in pauser.undo(items)]
            assert pauser.summary.may_be_running is None
            assert not pauser.summary.is_all_paused
            return records

    with client_replaced_by(server):
        return run_on_virtual_time(run())


def paused_items(log: Path) -> Iterator[Item]:
    for id_, record in read_log(log).records.items():
        if record.status is Status.PAUSED:
            earlier = Earlier(
                status=record.earlier_status, paused_at=record.finished_at
            )
            yield Item(id=id_, row=record.row or 0, earlier=earlier)


def test_program_takes_its_pauses_back(tmp_path: Path) -> None:
    server = FakeServer(statuses={"1003": "paused", "1004": "draft"})
    pause(server, log := tmp_path / "log", remember=True)
    assert read_log(log).summary.may_be_running == 0
    records = undo(server, list(paused_items(log)), tmp_path / "undo", (log,))
    assert {record.id: record.status.value for record in records} == dict.fromkeys(
        ("1001", "1002", "1005"), "resumed"
    )
    assert disagreements(records, server) == []
    assert server.status("1003") == "paused"
    assert read_log(log).summary.may_be_running is None
    found = read_log(tmp_path / "undo")
    assert (found.action, found.summary.may_be_running) == (Action.RESUME, None)
    assert found.summary.is_all_done


@pytest.mark.parametrize("word", ["running", "aktiv", "sent"])
@pytest.mark.parametrize("lag_s", [0.5, 4.0, 14.0])
def test_undo_outwaits_reads_that_lag(tmp_path: Path, word: str, lag_s: float) -> None:
    """Undone at once, before any read shows the pause."""
    log, own = tmp_path / "log", tmp_path / "undo"
    server = FakeServer(views={"*": View(lag_s=lag_s, words={"running": word})})

    async def run() -> list[Record]:
        async with Pauser("token", SETTINGS, log=log, now=wall_clock) as pauser:
            assert [record async for record in pauser.pause(ids(5))]
        items = [
            replace(item, earlier=replace(item.earlier or Earlier(), status="running"))
            for item in paused_items(log)
        ]
        async with Pauser(
            "token", SETTINGS, log=own, action=Action.RESUME, now=wall_clock
        ) as undo:
            return [record async for record in undo.undo(items)]

    with client_replaced_by(server):
        records = run_on_virtual_time(run())
    assert {record.status.value for record in records} == {"resumed"}
    assert {server.status(id_) for id_ in ids(5)} == {"running"}


def test_campaign_of_unknown_past_is_left_alone(tmp_path: Path) -> None:
    server = FakeServer(default="paused")
    (record,) = undo(server, [Item(id="1001", row=1)], tmp_path / "undo")
    assert record.status is Status.NOT_RESUMABLE
    assert record.error == "left alone: its status before the pause is not known"


def test_log_that_run_holds_is_not_undone(tmp_path: Path) -> None:
    """A run that has begun since the undo was planned may pause more."""
    pause(server := FakeServer(), log := tmp_path / "log", remember=True)
    items = list(paused_items(log))
    with closing(AppendFile(log)), pytest.raises(LogError, match="another run holds"):
        undo(server, items, tmp_path / "undo", (log,))
    assert server.status("1001") == "paused"
    assert not (tmp_path / "undo").exists()


def test_undone_log_is_not_resumed(tmp_path: Path) -> None:
    pause(server := FakeServer(), log := tmp_path / "log", remember=True)
    undo(server, list(paused_items(log)), tmp_path / "undo", (log,))
    with pytest.raises(SettingsError, match="was undone by"):
        pause(server, log)


@pytest.mark.parametrize("word", ["running", "draft"])
def test_undo_that_left_all_alone_marks_nothing(tmp_path: Path, word: str) -> None:
    pause(server := FakeServer(), log := tmp_path / "log", remember=True)
    server.statuses |= dict.fromkeys(ids(5), word)
    own = tmp_path / "undo"
    records = undo(server, list(paused_items(log)), own, (log,))
    assert Status.RESUMED not in {record.status for record in records}
    assert read_log(log).summary.may_be_running == 0
    # Nor does it once it is carried on with.
    undo(server, [Item(id="1009", row=9)], own, (log,), (Status.FAILED,))
    assert read_recovery(log).undone_by is None


class Witness(FakeServer):
    """Looks at the logs of pauses when a request comes, as after a kill."""

    def __init__(self, *logs: Path) -> None:
        super().__init__()
        self.logs = logs
        self.marked: dict[Action, set[bool]] = {}

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        for log in filter(Path.exists, self.logs):
            is_marked = read_recovery(log).undone_by is not None
            self.marked.setdefault(action, set()).add(is_marked)
        return await super().send(action, id_, request_id, body)


def test_logs_are_marked_between_read_and_resume(tmp_path: Path) -> None:
    logs = tmp_path / "log", tmp_path / "other"
    pause(server := Witness(*logs), logs[0], remember=True)
    shutil.copy(*logs)
    server.marked.clear()
    undo(server, list(paused_items(logs[0])), tmp_path / "undo", logs)
    assert False in server.marked[Action.READ]
    assert server.marked[Action.RESUME] == {True}


def test_retry_of_undo_marks_what_that_named(tmp_path: Path) -> None:
    """No resume was sent by then, and the retry is not given the log."""
    pause(server := Witness(log := tmp_path / "log"), log, remember=True)
    items = list(paused_items(log))
    server.statuses |= dict.fromkeys(ids(5), "draft")
    undo(server, items, own := tmp_path / "undo", (log,))
    assert read_recovery(log).undone_by is None
    server.statuses |= dict.fromkeys(ids(5), "paused")
    records = undo(server, items, own, retried=(Status.NOT_RESUMABLE,))
    assert {record.status for record in records} == {Status.RESUMED}
    assert server.marked[Action.RESUME] == {True}
    assert not own.with_name("undo.wal").exists()


def test_log_of_undo_that_resumed_marks_at_once(tmp_path: Path) -> None:
    """The other log records as paused what was resumed before."""
    pause(server := FakeServer(), log := tmp_path / "log", remember=True)
    items, other = list(paused_items(log)), tmp_path / "other"
    shutil.copy(log, other)
    undo(server, items, own := tmp_path / "undo", (log,))
    undo(server, [items[0]], own, (other,), retried=(Status.FAILED,))
    assert read_recovery(other).undone_by == str(own)


def test_log_lost_after_reads_resumes_nothing(tmp_path: Path) -> None:
    pause(server := FakeServer(), log := tmp_path / "log", remember=True)
    items = list(paused_items(log))

    def lose(action: Action, id_: str, nth: int) -> Fault:
        log.unlink(missing_ok=True)
        return no_faults(action, id_, nth)

    server.fault_of = lose
    with pytest.raises(LogError, match="was removed or emptied"):
        undo(server, items, tmp_path / "undo", (log,))
    assert not [call for call in server.calls if call.action is Action.RESUME]
    assert {server.status(id_) for id_ in ids(5)} == {"paused"}
    assert read_recovery(tmp_path / "undo").unmarked == [str(log)]


def test_pauser_does_only_what_it_was_made_for() -> None:
    pauser = Pauser("token", SETTINGS, action=Action.RESUME)

    async def run() -> None:
        async with pauser:
            pauser.pause(["1001"])

    with (
        client_replaced_by(FakeServer()),
        pytest.raises(RuntimeError, match="made to resume"),
    ):
        run_on_virtual_time(run())


@pytest.mark.parametrize(
    ("rules", "undated"),
    [(ResumeRules(), {"1001"}), (ResumeRules(resumes_changed=True), set())],
)
def test_campaigns_without_update_time_are_told(
    rules: ResumeRules, undated: set[str]
) -> None:
    """No change since the pause can be seen of them, and so is none ruled out."""
    was = Earlier(status="running", paused_at="2026-07-01T07:00:00.000Z")

    async def run() -> frozenset[str]:
        async with Pauser(
            "token",
            SETTINGS,
            action=Action.RESUME,
            resume_rules=rules,
            now=wall_clock,
        ) as pauser:
            items = [Item(id="1001", row=1, earlier=was), Item(id="1002", row=2)]
            assert [record async for record in pauser.undo(items)]
            return pauser.undated

    with client_replaced_by(FakeServer(default="paused")):
        assert run_on_virtual_time(run()) == undated
