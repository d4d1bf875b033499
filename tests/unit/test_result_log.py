"""Programs read from a log what is on record, what is open, and what is missing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulkpause._text import timestamp
from bulkpause.errors import InputError, LogError
from bulkpause.journal.codec import Header, Sent, encode, encode_plan
from bulkpause.journal.reader import write_ahead_path
from bulkpause.model import Item, Record
from bulkpause.result_log import read_log
from bulkpause.vocabulary import Action, Status


AT = timestamp(datetime(2026, 11, 28, tzinfo=UTC))
ITEMS = tuple(Item(id=id_, row=row) for row, id_ in enumerate("1234", 1))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "pauses.jsonl"


def record(id_: str | None, status: Status, planned: int) -> bytes:
    return encode(
        Record(
            id=id_,
            status=status,
            run_id="run",
            planned=planned,
            endpoint="simulator",
            finished_at=AT,
        )
    )


def test_finished_log_gives_all_clear(log: Path) -> None:
    log.write_bytes(record("1", Status.PAUSED, 2) + record("2", Status.PAUSED, 2))
    found = read_log(str(log))
    assert found.path == log
    assert found.records.keys() == {"1", "2"}
    assert (found.summary.may_be_running, found.summary.is_all_paused) == (0, True)
    assert (found.open_items, found.invalid_rows) == ((), ())
    assert (found.endpoint, found.run_id, found.last_at) == ("simulator", "run", AT)
    assert found.is_held is False


@pytest.mark.parametrize("status", [Status.PAUSED, Status.REJECTED])
def test_settled_ids_have_whole_records(log: Path, status: Status) -> None:
    whole = Record(
        id="1",
        name="Autumn sale",
        status=status,
        attempts=1,
        request_id="run-1",
        latency_ms=61.5,
        started_at=AT,
        finished_at=AT,
        run_id="run",
        planned=1,
        endpoint="simulator",
    )
    log.write_bytes(encode(whole))
    assert read_log(log).records == {"1": whole}


def test_killed_run_leaves_open_items(log: Path) -> None:
    header = Header(run="run", base_url="simulator", digest="", planned=4, boot_id="")
    sent = Sent(sent="2", action=Action.PAUSE, request_id="run-2", at=AT, clock_s=0.0)
    log.write_bytes(record("1", Status.PAUSED, 4))
    write_ahead_path(log).write_bytes(
        b"".join([encode(header), *encode_plan(ITEMS), encode(sent)])
    )
    found = read_log(log)
    assert found.records["2"].status is Status.UNKNOWN
    assert [item.id for item in found.open_items] == ["2", "3", "4"]
    assert found.summary.not_attempted == 2
    assert found.summary.may_be_running == 3


def test_shortened_log_gives_no_all_clear(log: Path) -> None:
    log.write_bytes(record("1", Status.PAUSED, 3))
    summary = read_log(log).summary
    assert (summary.not_on_record, summary.may_be_running) == (2, 2)
    assert not summary.is_all_paused
    assert "2 may still be running: 2 not on record" in str(summary)


def test_empty_log_gives_no_all_clear(log: Path) -> None:
    log.touch()
    summary = read_log(log).summary
    assert (summary.may_be_running, summary.is_all_paused) == (None, False)
    assert str(summary) == "nothing is on record: every campaign may still be running"


def test_invalid_rows_are_given_apart(log: Path) -> None:
    log.write_bytes(record("1", Status.PAUSED, 1) + record(None, Status.INVALID, 1))
    found = read_log(log)
    assert found.records.keys() == {"1"}
    assert [one.status for one in found.invalid_rows] == [Status.INVALID]
    assert not found.summary.is_all_paused


def test_missing_log_is_error(log: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_log(log)


def test_other_file_is_error(log: Path) -> None:
    log.write_text("campaign_id\n1000248\n")
    with pytest.raises(LogError):
        read_log(log)
