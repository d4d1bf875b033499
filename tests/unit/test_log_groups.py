"""Several logs are taken together: of each id, the latest word holds."""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from bulkpause.errors import LogError
from bulkpause.journal.codec import (
    WAL_VERSION,
    Answered,
    Header,
    Sent,
    encode,
    encode_plan,
)
from bulkpause.journal.reader import write_ahead_path
from bulkpause.log_groups import group_logs
from bulkpause.model import Item, Record
from bulkpause.opened_log import open_log
from bulkpause.report.breakdown import count_by_status
from bulkpause.report.group import LogGroup, RunWords
from bulkpause.report.headline import headline
from bulkpause.report.origin import Origin
from bulkpause.report.page.html import page_of
from bulkpause.report.totals import NOT_ON_RECORD
from bulkpause.vocabulary import Action, Status
from tests.support.old_records import as_version_1
from tests.support.result_logs import (
    ENDPOINT,
    RUN,
    record,
    records,
    write_killed_log,
    write_log,
)


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
AT = "2026-11-27T08:00:01.000Z"
RETRY = "20261128T080000Z-bbbbbb-e0e0e0"


def later(number: int, status: Status = Status.PAUSED, **fields: Any) -> Record:
    """Make a record of a run on the next day."""
    at = f"2026-11-28T08:00:{number:02}.000Z"
    known = {"run_id": RETRY, "started_at": at, "finished_at": at, "planned": 1}
    return record(number, status, **(known | fields))


def groups(*logs: Path) -> list[LogGroup]:
    """Group logs that are read whole, as those are that are read in brief."""
    opened = [open_log(log, needs_records=True) for log in logs]
    whole = group_logs(opened, NOW, needs_records=True)
    brief = group_logs(map(open_log, logs), NOW, needs_records=True)
    for one, other in zip(whole, brief, strict=True):
        assert one.status.totals.counts() == other.status.totals.counts()
        assert (one.runs, one.open_logs) == (other.runs, other.open_logs)
    return whole


def one(*logs: Path) -> LogGroup:
    (group,) = groups(*logs)
    return group


def status_of(group: LogGroup, id_: str) -> str:
    (found,) = (each.status for each in group.records if each.id == id_)
    return found


@pytest.fixture
def monday(tmp_path: Path) -> Path:
    failed = record(3, Status.FAILED, http_status=503, planned=3)
    sample = [record(1, planned=3), record(2, planned=3), failed]
    return write_log(tmp_path / "monday.jsonl", sample)


def test_id_of_two_logs_has_one_result(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    for logs in ((monday, tuesday), (tuesday, monday)):
        group = one(*logs)
        assert len(group.requests_of) == 4
        assert sorted(each.id or "" for each in group.results) == [
            *("1001", "1002", "1003")
        ]
        assert {each.status for each in group.results} == {Status.PAUSED}


def test_request_without_a_record_is_no_result(tmp_path: Path, monday: Path) -> None:
    killed = write_killed_log(tmp_path / "killed.jsonl", 5)
    sent = Sent(
        sent="1005", action=Action.PAUSE, request_id=f"{RUN}-5", at=AT, clock_s=1.0
    )
    with write_ahead_path(killed).open("ab") as ahead:
        ahead.write(encode(sent))
    group = one(monday, killed)
    assert {each.id for each in group.records} == {"1001", "1002", "1003", "1005"}
    assert {each.id for each in group.results} == {"1001", "1002", "1003"}


def test_retry_in_another_log_has_the_last_word(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    for logs in ((monday, tuesday), (tuesday, monday)):
        group = one(*logs)
        totals = group.status.totals
        assert (totals.rows, totals.open_ids) == (3, 0)
        assert totals.is_all_done
    assert one(monday).status.totals.open_ids == 1


def test_later_failure_is_no_all_clear(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(1, Status.FAILED)])
    group = one(tuesday, monday)
    assert status_of(group, "1001") == "failed"
    assert group.status.totals.open_ids == 2


def test_each_run_is_named_with_its_last_words(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    assert one(monday, tuesday).runs == [
        RunWords(run_id=RUN, log=str(monday), ids=2),
        RunWords(run_id=RETRY, log=str(tuesday), ids=1),
    ]


def test_requests_of_replaced_words_still_count(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    assert len(one(monday, tuesday).requests_of) == 4


def test_resumed_log_names_both_runs(tmp_path: Path, monday: Path) -> None:
    with monday.open("ab") as file:
        file.write(encode(later(3, planned=3)))
    assert [(run.run_id, run.ids) for run in one(monday).runs] == [(RUN, 2), (RETRY, 1)]


@pytest.mark.parametrize(
    "fields",
    [{"endpoint": "https://other.example"}, {"account": "germany"}],
    ids=["endpoint", "account"],
)
def test_other_campaigns_are_kept_apart(
    tmp_path: Path, monday: Path, fields: dict[str, Any]
) -> None:
    other = write_log(tmp_path / "other.jsonl", [later(3, **fields)])
    first, second = groups(monday, other)
    assert first.status.totals.open_ids == 1
    assert second.status.totals.rows == 1
    assert first.label == ENDPOINT
    assert second.label in fields.values()


def planned_log(path: Path, run: str, *numbers: int) -> Path:
    """Write the logs of a run that was killed before its first request."""
    items = [Item(id=str(1000 + n), row=n) for n in numbers]
    header = Header(
        run=run, base_url=ENDPOINT, digest="", planned=len(items), boot_id=""
    )
    path.touch()
    ahead = write_ahead_path(path)
    ahead.write_bytes(encode(header) + b"".join(encode_plan(items)))
    return path


@pytest.mark.parametrize("version", [3, WAL_VERSION])
def test_killed_logs_of_accounts_are_kept_apart(tmp_path: Path, version: int) -> None:
    logs = [
        write_killed_log(tmp_path / f"{name}.jsonl", 2, account=name, version=version)
        for name in ("acme", "globex")
    ]
    assert sum(group.status.totals.open_ids for group in groups(*logs)) == 4


@pytest.mark.parametrize("version", [3, WAL_VERSION])
def test_doubt_about_an_account_is_said(tmp_path: Path, version: int) -> None:
    group = one(write_killed_log(tmp_path / "log.jsonl", 2, version=version))
    assert ("whose campaigns they are" in "".join(group.status.lines())) is (
        version == 3
    )


def test_made_record_names_its_account(tmp_path: Path) -> None:
    log = write_killed_log(tmp_path / "acme.jsonl", 1, account="acme")
    request = f"{RUN}-1"
    sent = Sent(
        sent="1001", action=Action.PAUSE, request_id=request, at=AT, clock_s=1.0
    )
    with write_ahead_path(log).open("ab") as file:
        file.write(encode(sent))
    group = one(log)
    assert [record.account for record in group.records] == [group.account] == ["acme"]


@pytest.mark.parametrize(
    "statuses", [(Status.PAUSED, Status.FAILED), (Status.FAILED, Status.PAUSED)]
)
def test_one_file_of_two_accounts_is_refused(
    tmp_path: Path, statuses: tuple[Status, Status]
) -> None:
    names = ("acme", "globex")
    lines = [
        record(1, status, account=name, planned=1)
        for name, status in zip(names, statuses, strict=True)
    ]
    log = write_log(tmp_path / "both.jsonl", lines)
    with pytest.raises(LogError, match=r"several accounts \(acme, globex\)"):
        open_log(log)


def test_later_plan_reopens_its_ids(tmp_path: Path, monday: Path) -> None:
    tuesday = planned_log(tmp_path / "tuesday.jsonl", RETRY, 1, 9)
    group = one(monday, tuesday)
    assert [item.id for item, _ in group.not_attempted] == ["1001", "1009"]
    assert group.status.totals.parts_open() == {"failed": 1, "not attempted": 2}
    assert RunWords(run_id=None, log=str(tuesday), ids=2) in group.runs


def test_earlier_plan_is_settled_by_a_later_word(tmp_path: Path) -> None:
    killed = planned_log(tmp_path / "killed.jsonl", RUN, 3)
    assert one(killed).status.totals.open_ids == 1
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    assert one(killed, tuesday).status.totals.open_ids == 0


def test_ids_not_on_record_stay_open(tmp_path: Path, monday: Path) -> None:
    lost = write_log(tmp_path / "lost.jsonl", [later(3, planned=5)])
    totals = one(monday, lost).status.totals
    assert totals.not_on_record == 4
    assert totals.parts_open() == {NOT_ON_RECORD.replace("_", " "): 4}


def test_unknown_plan_of_one_log_holds_for_all(tmp_path: Path, monday: Path) -> None:
    bare = write_log(tmp_path / "bare.jsonl", [later(3, planned=None)])
    assert not one(monday, bare).status.totals.is_plan_known


def test_logs_of_version_1_are_not_mixed(tmp_path: Path) -> None:
    paths: list[Path] = []
    for name in ("one", "two"):
        sample = records(1, run_id=f"20261127T080000Z-aaaaaa-{name}")
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(b"".join(as_version_1(encode(each)) for each in sample))
        paths.append(path)
    first, second = groups(*paths)
    assert first.status.endpoint is None
    assert (len(first.records), len(second.records)) == (1, 1)


def test_age_is_that_of_the_oldest_log(tmp_path: Path, monday: Path) -> None:
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    status = one(monday, tuesday).status
    assert status.is_old
    assert list(status.lines())[-1] == (
        "0 may still be running, by logs of 2026-11-27 08:00:03 UTC to 2026-11-28 "
        "08:00:03 UTC"
    )
    assert not one(tuesday).status.is_old


def test_invalid_rows_of_all_logs_count(tmp_path: Path, monday: Path) -> None:
    invalid = Record(
        id=None, status=Status.INVALID, row=4, planned=1, endpoint=ENDPOINT
    )
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3), invalid])
    totals = one(monday, tuesday).status.totals
    assert (totals.rows, totals.by_status[Status.INVALID]) == (4, 1)
    assert not totals.is_all_done


def test_word_that_leaves_more_open_wins_a_tie(tmp_path: Path) -> None:
    statuses = (Status.PAUSED, Status.REJECTED, Status.FAILED)
    logs = [
        write_log(tmp_path / f"{status}.jsonl", [record(1, status, planned=1)])
        for status in statuses
    ]
    for order in permutations(range(3)):
        group = one(*(logs[number] for number in order))
        assert status_of(group, "1001") == "failed"
    assert status_of(one(logs[1], logs[0]), "1001") == "rejected"


def test_group_without_records_counts_the_same(tmp_path: Path, monday: Path) -> None:
    with monday.open("ab") as file:
        file.write(encode(later(3, planned=3)))
    (brief,) = group_logs([open_log(monday)], NOW, needs_records=False)
    whole = one(monday)
    assert (brief.runs, brief.log_of_run) == (whole.runs, whole.log_of_run)
    assert brief.status == whole.status
    assert (brief.records, len(whole.records)) == ([], 3)


def test_reads_of_a_replaced_record_are_known(tmp_path: Path) -> None:
    failed = record(1, Status.FAILED, planned=1, reads=5)
    log = write_log(tmp_path / "log.jsonl", [failed, later(1)])
    group = one(log)
    assert [each.reads for each in group.requests_of] == [0]
    assert [each.reads for each in group.replaced] == [5]


def test_attempts_without_a_record_are_told_apart(tmp_path: Path) -> None:
    failed = record(1, Status.FAILED, planned=2, reads=5)
    log = write_log(tmp_path / "log.jsonl", [failed, record(2, planned=2)])
    header = Header(
        run=RETRY, base_url=ENDPOINT, digest="", planned=1, planned_before=2, boot_id=""
    )
    sent = Sent(
        sent="1001",
        action=Action.PAUSE,
        request_id=f"{RETRY}-1",
        at="2026-11-28T08:00:00.000Z",
        clock_s=1.0,
    )
    items = encode_plan([Item(id="1001", row=1)])
    write_ahead_path(log).write_bytes(b"".join((encode(header), *items, encode(sent))))
    group = one(log)
    assert status_of(group, "1001") == "unknown"
    assert [each.id for each in group.requests_of] == ["1002"]
    assert [each.request_id for each in group.unrecorded] == [
        *(f"{RUN}-1", f"{RETRY}-1"),
    ]
    assert [each.reads for each in group.replaced] == [5]


def test_word_without_a_time_may_be_the_last(tmp_path: Path, monday: Path) -> None:
    """The line of its request is lost, and that of the answer is left."""
    assert status_of(one(monday), "1001") == "paused"
    header = Header(run=RETRY, base_url=ENDPOINT, digest="", planned=1, boot_id="")
    answered = Answered(
        answered="1001",
        request_id=f"{RETRY}-1",
        http_status=500,
        trace_id=None,
        error=None,
        is_doubtful=True,
    )
    items = encode_plan([Item(id="1001", row=1)])
    lines = (encode(header), *items, encode(answered))
    log = tmp_path / "tuesday.jsonl"
    write_ahead_path(log).write_bytes(b"".join(lines))
    log.touch()
    for logs in permutations([monday, log]):
        assert status_of(one(*logs), "1001") == "unknown"


def test_only_logs_with_open_ids_are_open(tmp_path: Path, monday: Path) -> None:
    assert one(monday).open_logs == {str(monday)}
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    assert one(monday, tuesday).open_logs == frozenset()
    failed = write_log(tmp_path / "failed.jsonl", [later(4, Status.FAILED)])
    assert one(monday, tuesday, failed).open_logs == {str(failed)}


def test_runs_are_listed_if_there_are_several(tmp_path: Path, monday: Path) -> None:
    assert list(one(monday).run_lines()) == []
    tuesday = write_log(tmp_path / "tuesday.jsonl", [later(3)])
    assert list(one(monday, tuesday).run_lines()) == [
        f"2 ids last from run {RUN}, in {monday}",
        f"1 id last from run {RETRY}, in {tuesday}",
    ]


def undo(folder: Path, at: str, status: Status, **fields: Any) -> Path:
    """Write the log of an undo of the first id."""
    resumed = later(1, status, action=Action.RESUME, finished_at=at, **fields)
    return write_log(folder / "monday.undo.jsonl", [resumed])


def test_undo_given_along_takes_back_the_all_clear(tmp_path: Path) -> None:
    paused = write_log(tmp_path / "paused.jsonl", [record(1, planned=1)])
    undone = undo(tmp_path, "2026-11-28T08:00:01.000Z", Status.RESUMED)
    pauses, resumes = groups(paused, undone)
    assert pauses.status.totals.undone_by == str(undone)
    assert not pauses.status.totals.tells_what_runs
    assert not pauses.status.totals.is_all_done
    assert resumes.status.totals.is_all_done
    assert resumes.label == f"{ENDPOINT}, resume"


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-11-26T08:00:00.000Z", Status.RESUMED),
        ("2026-11-28T08:00:01.000Z", Status.NOT_RESUMABLE),
    ],
    ids=["before the pause", "left alone"],
)
def test_other_undo_leaves_the_all_clear(
    tmp_path: Path, at: str, status: Status
) -> None:
    paused = write_log(tmp_path / "paused.jsonl", [record(1, planned=1)])
    pauses, _ = groups(paused, undo(tmp_path, at, status))
    assert pauses.status.totals.undone_by is None


def test_resumed_id_counts_once_where_it_was_resumed(
    tmp_path: Path, monday: Path
) -> None:
    undone = undo(tmp_path, "2026-11-28T08:00:01.000Z", Status.RESUMED)
    pauses, resumes = groups(monday, undone)
    totals = pauses.status.totals
    assert (totals.rows, totals.replaced, totals.open_ids) == (2, 1, 1)
    assert [each.id for each in pauses.results] == ["1002", "1003"]
    assert [each.id for each in resumes.results] == ["1001"]
    assert headline([pauses, resumes]) == (
        "1 resumed, 1 paused, 1 failed of 3 campaigns on record, by logs of 2026-11-27 "
        "08:00:03 UTC to 2026-11-28 08:00:01 UTC; an undo of this log was begun: "
        "campaigns may be running again; 1 of 3 campaigns on record may still be "
        "running, as of 2026-11-27 08:00:03 UTC"
    )


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (Status.NOT_RESUMABLE, {"failed": 1, "paused": 2}),
        (Status.ALREADY_RUNNING, {"failed": 1, "already_running": 1, "paused": 1}),
        (Status.REJECTED, {"failed": 1, "paused": 2}),
    ],
)
def test_id_left_to_pauses_counts_once(
    tmp_path: Path, monday: Path, status: Status, counts: dict[str, int]
) -> None:
    """One that no log records as paused counts where the undo has it."""
    undone = undo(tmp_path, "2026-11-28T08:00:01.000Z", status)
    both = groups(monday, undone)
    assert {one.status: one.count for one in count_by_status(both)} == counts
    other = write_log(tmp_path / "other", [later(9, status, action=Action.RESUME)])
    with_other = count_by_status(groups(monday, undone, other))
    assert sum(one.count for one in with_other) == 4


def test_page_counts_resumed_id_once(tmp_path: Path, monday: Path) -> None:
    undone = undo(tmp_path, "2026-11-28T08:00:01.000Z", Status.RESUMED)
    pauses, resumes = groups(monday, undone)
    page = page_of([pauses, resumes], Origin(made_at="now", version="1"))
    assert "3 of 3 ids have a result" in page
    assert "not counted above" not in page


def test_log_that_was_undone_whole_is_no_all_clear(tmp_path: Path) -> None:
    paused = write_log(tmp_path / "paused.jsonl", [record(1, planned=1)])
    undone = undo(tmp_path, "2026-11-28T08:00:01.000Z", Status.RESUMED)
    pauses, resumes = groups(paused, undone)
    assert headline([pauses, resumes]).startswith("1 resumed of 1 campaign on record,")
    assert "may be running again" in headline([pauses, resumes])
    assert "0 may still be running" not in "\n".join(pauses.status.lines())


def test_pause_after_an_undo_counts_once(tmp_path: Path) -> None:
    paused = write_log(tmp_path / "paused.jsonl", [record(1, planned=1)])
    undone = undo(tmp_path, "2026-11-28T08:00:00.000Z", Status.RESUMED)
    again = write_log(tmp_path / "again.jsonl", [later(1)])
    pauses, resumes = groups(paused, again, undone)
    assert pauses.status.totals.counts()["paused"] == 1
    assert (resumes.status.totals.rows, resumes.status.totals.replaced) == (0, 1)


def test_pause_after_an_undo_has_the_last_word(tmp_path: Path) -> None:
    paused = write_log(tmp_path / "paused.jsonl", [record(1, planned=1)])
    undone = undo(tmp_path, "2026-11-28T08:00:00.000Z", Status.RESUMED)
    again = write_log(tmp_path / "again.jsonl", [later(1)])
    pauses, _ = groups(paused, again, undone)
    assert pauses.status.totals.undone_by is None
    assert pauses.status.totals.is_all_done
