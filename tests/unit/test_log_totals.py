"""Totals of a log and of a plan hold all that earlier runs left open."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bulkpause.errors import LogError
from bulkpause.journal.codec import Header, WalEntry, encode
from bulkpause.journal.fold import recover
from bulkpause.journal.needs import Needs
from bulkpause.journal.reader import latest_records, read_log
from bulkpause.journal.recovery import Recovery
from bulkpause.log_totals import complete_totals, totals_of_log, totals_of_plan
from bulkpause.model import Item, Record
from bulkpause.plan import Plan
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status


def plan_of(*ids: str, already_done: int = 0) -> Plan:
    items = tuple(Item(id=id_, row=row) for row, id_ in enumerate(ids, 1))
    return Plan(
        rows=len(ids) + already_done,
        items=items,
        invalid_rows=(),
        duplicate=0,
        already_done=already_done,
    )


def log_of(
    *statuses: Status,
    planned: int | None = None,
    whole: frozenset[Status] = frozenset(),
    entries: Sequence[WalEntry] = (),
    **fields: Any,
) -> Recovery:
    """Make the state of a log whose ids are 1, 2, 3 and so on."""
    count = len(statuses) if planned is None else planned
    records = [
        Record(
            id=str(number),
            status=status,
            run_id="run",
            **{"planned": count, "endpoint": "simulator", **fields},
        )
        for number, status in enumerate(statuses, 1)
    ]
    return recover(records, entries, Needs(whole=whole))


@pytest.mark.posix_only
def test_link_to_a_log_finds_its_plan(tmp_path: Path) -> None:
    """What was planned and not sent stands beside the file, not beside the link."""
    log, link = tmp_path / "log.jsonl", tmp_path / "links" / "latest"
    header = Header(run="run", base_url="simulator", digest="", planned=2, boot_id="")
    plan = {"planned": [["1", 1], ["2", 2]]}
    log.write_bytes(encode(Record(id="1", status=Status.PAUSED, run_id="run")))
    (tmp_path / "log.jsonl.wal").write_bytes(encode(header) + encode(plan))
    link.parent.mkdir()
    link.symlink_to(log)
    totals = totals_of_log(link)[1]
    assert (totals.open_ids, totals.rows) == (1, 2)


def test_retry_counts_ids_that_it_leaves_open() -> None:
    log = log_of(Status.PAUSED, Status.FAILED, Status.UNKNOWN, Status.REJECTED)
    totals = totals_of_plan(plan_of("2"), log, is_retry=True)
    assert totals.open_before == {"unknown": 1, "rejected": 1}
    assert totals.not_done_before == 1


def test_retried_rejected_id_is_not_counted_before() -> None:
    log = log_of(Status.PAUSED, Status.REJECTED, whole=frozenset({Status.REJECTED}))
    totals = totals_of_plan(plan_of("2"), log, is_retry=True)
    assert (totals.open_before.total(), totals.not_done_before) == (0, 0)
    totals.add(Record(id="2", status=Status.PAUSED))
    assert totals.is_all_done


def test_retry_counts_ids_not_on_record() -> None:
    log = log_of(Status.PAUSED, Status.FAILED, planned=7)
    totals = totals_of_plan(plan_of("2"), log, is_retry=True)
    assert (totals.rows, totals.not_on_record, totals.not_attempted) == (6, 5, 6)


def test_retry_counts_ids_not_attempted_that_it_leaves() -> None:
    header = Header(run="r", base_url="simulator", digest="", planned=2, boot_id="")
    log = recover([], [header, (Item(id="1", row=1), Item(id="2", row=2))])
    totals = totals_of_plan(plan_of("1"), log, is_retry=True)
    assert totals.open_before == {"not_attempted": 1}


@pytest.mark.parametrize("is_retry", [False, True])
def test_log_without_plan_leaves_totals_in_doubt(is_retry: bool) -> None:
    log = log_of(Status.PAUSED, v=1, planned=None, endpoint=None)
    log_without_plan = recover(
        [Record(id="1", status=Status.PAUSED, run_id="run", v=1)], []
    )
    assert totals_of_plan(plan_of(), log, is_retry=is_retry).is_plan_known
    found = totals_of_plan(plan_of(), log_without_plan, is_retry=is_retry)
    assert not found.is_plan_known
    new = totals_of_plan(plan_of(), recover([], []), is_retry=is_retry)
    assert new.is_plan_known is not is_retry


def test_run_counts_ids_open_beside_its_input() -> None:
    statuses = (Status.PAUSED, Status.FAILED, Status.UNKNOWN)
    header = Header(run="run", base_url="simulator", digest="", planned=4, boot_id="")
    items = tuple(Item(id=str(number), row=number) for number in range(1, 5))
    log = log_of(*statuses, planned=4, entries=[header, items])
    totals = totals_of_plan(plan_of("9"), log, is_retry=False)
    totals.add(Record(id="9", status=Status.PAUSED))
    assert totals.counts_as_sum() == "1 row = 1 paused"
    assert totals.open_before == {"failed": 1, "unknown": 1, "not_attempted": 1}
    assert (totals.open_ids, totals.is_all_done) == (3, False)
    assert totals.is_retryable


@pytest.mark.parametrize(
    ("given", "left"), [("89", 5), ("34567", 0), ("34", 5)], ids=str
)
def test_run_counts_ids_not_on_record_beside(given: str, left: int) -> None:
    digest = plan_of(*"34567").digest
    log = log_of(Status.PAUSED, Status.PAUSED, planned=7, input_digest=digest)
    totals = totals_of_plan(plan_of(*given, already_done=2), log, is_retry=False)
    assert totals.open_before["not_on_record"] == left
    assert (totals.rows, totals.not_on_record) == (len(given) + 2, 0)
    assert totals.not_attempted == len(given)
    assert (totals.open_ids, totals.lacks_ids) == (len(given) + left, left > 0)


def test_run_counts_ids_rejected_before() -> None:
    log = log_of(Status.PAUSED, Status.REJECTED, Status.FAILED)
    totals = totals_of_plan(plan_of("3", already_done=2), log, is_retry=False)
    assert totals.open_before == {"rejected": 1}
    assert (totals.rows, totals.not_on_record) == (3, 0)


def test_totals_of_log_count_all_that_is_planned() -> None:
    header = Header(run="run", base_url="simulator", digest="", planned=4, boot_id="")
    plan = (Item(id="1", row=1), Item(id="2", row=2))
    paused = Record(
        id="1",
        status=Status.PAUSED,
        planned=4,
        run_id="run",
        endpoint="simulator",
    )
    entries: list[WalEntry] = [header, plan]
    totals = Totals()
    recovery = recover([paused], entries, Needs(tally=totals))
    complete_totals(totals, recovery)
    assert (totals.rows, totals.not_attempted, totals.not_on_record) == (4, 3, 2)
    assert totals.parts_open() == {"not attempted": 1, "not on record": 2}


def record(id_: str, status: Status) -> Record:
    return Record(id=id_, status=status, run_id="run", planned=2, endpoint="simulator")


def test_log_in_brief_without_its_tally_is_refused() -> None:
    with pytest.raises(ValueError, match="not counted"):
        complete_totals(Totals(), log_of(Status.PAUSED, Status.REJECTED))


@pytest.mark.parametrize("last", [Status.PAUSED, Status.FAILED])
def test_totals_count_last_records_only(tmp_path: Path, last: Status) -> None:
    log = tmp_path / "log.jsonl"
    again = [
        record("1", Status.REJECTED),
        record("2", Status.PAUSED),
        record("1", last),
    ]
    log.write_bytes(b"".join(encode(one) for one in again))
    _, totals = totals_of_log(log)
    assert totals.by_status == Counter([Status.PAUSED, last])
    assert (totals.rows, totals.requests) == (2, 2)
    latest = latest_records(log, read_log(log))
    assert [(one.id, one.status) for one in latest] == [
        ("2", Status.PAUSED),
        ("1", last),
    ]


def test_log_replaced_between_readings_is_refused(tmp_path: Path) -> None:
    log, other = tmp_path / "log.jsonl", tmp_path / "other.jsonl"
    for path in (log, other):
        path.write_bytes(encode(record("1", Status.PAUSED)))
    loaded = read_log(log)
    other.replace(log)
    with pytest.raises(LogError, match="was replaced or shortened"):
        list(latest_records(log, loaded))
