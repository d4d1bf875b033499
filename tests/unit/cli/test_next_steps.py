"""What is advised from a log can be done now, as printed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.next_steps import (
    NextSteps,
    complete_totals,
    steps_of_log,
    totals_of_log,
)
from bulkpause.errors import LogError
from bulkpause.journal.codec import Header, WalEntry, encode
from bulkpause.journal.fold import recover
from bulkpause.journal.needs import Needs
from bulkpause.journal.reader import latest_records, read_log
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Item, Record, Status, timestamp
from bulkpause.report.totals import Totals


LOG = Path("pauses.jsonl")
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOST = "https://api.example"
RETRY = f"bulkpause retry pauses.jsonl --base-url {HOST}"
RESUME = "bulkpause run INPUT --log pauses.jsonl --resume"


def record(
    id_: str,
    status: Status,
    *,
    endpoint: str | None = HOST,
    planned: int | None = 2,
    age: timedelta = timedelta(0),
    **fields: Any,
) -> Record:
    at = timestamp(NOW - age)
    return Record(
        id=id_,
        status=status,
        planned=planned,
        endpoint=endpoint,
        started_at=at,
        finished_at=at,
        **{"run_id": new_run_id(NOW, endpoint or HOST), **fields},
    )


def steps(recovery: Recovery) -> NextSteps:
    totals = Totals()
    counts = recovery.brief.count_by_status()
    totals.by_status.update(counts)
    return steps_of_log(LOG, recovery, complete_totals(totals, recovery), NOW)


def log_of(first: Status, second: Status | None = None, **fields: Any) -> Recovery:
    found = [record("1", first, **fields)]
    if second is not None:
        found.append(record("2", second, **fields))
    return recover(found, [])


def version_1(host: str) -> dict[str, Any]:
    """Give the fields of a record of version 1."""
    run_id = new_run_id(NOW, host)
    return {"run_id": run_id, "endpoint": None, "planned": None, "v": 1}


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_open_id_is_retried(status: Status) -> None:
    found = steps(log_of(Status.PAUSED, status))
    assert (found.retry, found.resume) == (RETRY, None)
    assert list(found.lines()) == [f"retry with: {RETRY}"]


@pytest.mark.parametrize(
    "status", [Status.PAUSED, Status.REJECTED, Status.NOT_PAUSABLE]
)
def test_nothing_is_advised_that_does_nothing(status: Status) -> None:
    found = steps(log_of(Status.PAUSED, status))
    assert (found.command, list(found.lines())) == (None, [])


def test_missing_id_needs_input() -> None:
    found = steps(log_of(Status.PAUSED))
    assert (found.retry, found.resume) == (None, f"{RESUME} --base-url {HOST}")
    both = steps(log_of(Status.FAILED))
    assert (both.command, both.resume) == (RETRY, f"{RESUME} --base-url {HOST}")


def test_old_log_is_resumed_with_its_age() -> None:
    found = steps(log_of(Status.PAUSED, age=timedelta(hours=49)))
    assert found.resume == f"{RESUME} --resume-within 50h --base-url {HOST}"


def test_empty_log_needs_input() -> None:
    assert steps(Recovery()).command == RESUME


def test_simulated_log_is_retried_on_simulator() -> None:
    found = steps(log_of(Status.FAILED, Status.PAUSED, endpoint="simulator"))
    assert found.command == "bulkpause retry pauses.jsonl --simulate"


@pytest.mark.parametrize(
    ("host", "words"), [(DEFAULT_BASE_URL, ""), ("simulator", " --simulate")]
)
def test_endpoint_of_version_1_is_found_by_run_id(host: str, words: str) -> None:
    found = steps(log_of(Status.FAILED, **version_1(host)))
    assert found.retry == f"bulkpause retry pauses.jsonl{words}"
    assert found.resume == f"{RESUME}{words}"


def test_unknown_endpoint_of_version_1_is_said() -> None:
    found = steps(log_of(Status.FAILED, **version_1(HOST)))
    assert found.command is None
    assert list(found.lines()) == [
        "its endpoint is not on record: retry it with the --base-url of its run"
    ]


def test_endpoint_name_that_is_no_url_is_said() -> None:
    found = steps(log_of(Status.FAILED, endpoint="sta\x1bging"))
    assert found.command is None
    (line,) = found.lines()
    assert line.startswith("its endpoint is named sta\N{REPLACEMENT CHARACTER}ging: ")


def test_totals_of_log_count_all_that_is_planned() -> None:
    header = Header(
        run=new_run_id(NOW, HOST), base_url=HOST, digest="", planned=4, boot_id=""
    )
    plan = (Item(id="1", row=1), Item(id="2", row=2))
    entries: list[WalEntry] = [header, plan]
    paused = record("1", Status.PAUSED, planned=4, run_id=header.run)
    totals = Totals()
    recovery = recover([paused], entries, Needs(tally=totals))
    complete_totals(totals, recovery)
    assert (totals.rows, totals.not_attempted, totals.not_on_record) == (4, 3, 2)
    assert totals.parts_running() == {"not attempted": 1, "not on record": 2}


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
