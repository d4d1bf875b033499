import stat
from pathlib import Path
from typing import Any

import pytest

from bulkpause.simulator import Entry, Fault, Ledger, Window


def entry(number: int = 1, **fields: Any) -> Entry:
    values: dict[str, Any] = {
        "number": number,
        "at": 100.0 + number,
        "wall_time": "2026-01-02T03:04:05.000006+00:00",
        "method": "POST",
        "raw_path": "/v1/hood/campaigns/7/pause",
        "id": "7",
        "action": "pause",
        "request_id": None,
        "token_ok": True,
        "body": "{}",
        "http_status": 204,
        "trace_id": None,
        "fault": None,
        "acted": False,
        "status_after": "running",
        "limited": False,
        "counted": True,
        "connection": 1,
        "in_flight": 1,
    }
    return Entry(**values | fields)


def ledger_of(*entries: Entry) -> Ledger:
    ledger = Ledger()
    for each in entries:
        ledger.append(each)
    return ledger


def test_entries_are_indexed() -> None:
    first, second, third = entry(1), entry(2), entry(3)

    ledger = ledger_of(first, second, third)

    assert (ledger[0], ledger[-1], ledger[1:]) == (first, third, [second, third])


def test_entries_keep_their_order() -> None:
    ledger = ledger_of(entry(1), entry(2))

    assert (len(ledger), [each.number for each in ledger]) == (2, [1, 2])


def test_entries_of_one_campaign_are_selected() -> None:
    ledger = ledger_of(entry(1, id="7"), entry(2, id="8"), entry(3, id="7"))

    assert [each.number for each in ledger.of("7")] == [1, 3]


def test_acted_ids_are_in_order() -> None:
    ledger = ledger_of(
        entry(1, id="9", acted=True), entry(2, id="8"), entry(3, id="7", acted=True)
    )

    assert ledger.acted_ids() == ["9", "7"]


def test_resumed_campaign_is_not_paused() -> None:
    ledger = ledger_of(
        entry(1, acted=True, status_after="paused"),
        entry(2, action="resume", acted=True, status_after="running"),
    )

    assert ledger.paused_ids() == set()
    assert ledger.acted_ids("resume") == ["7"]


def test_last_entry_decides_whether_campaign_is_paused() -> None:
    ledger = ledger_of(
        entry(1, id="7", status_after="running"),
        entry(2, id="7", status_after="paused"),
        entry(3, id="8", status_after="sent"),
        entry(4, id=None, status_after=None),
    )

    assert ledger.paused_ids() == {"7"}


def test_rate_limited_requests_are_listed() -> None:
    ledger = ledger_of(entry(1), entry(2, limited=True), entry(3, http_status=429))

    assert [each.number for each in ledger.rate_limited()] == [2]


def test_requests_are_counted_per_fixed_window() -> None:
    ledger = ledger_of(*(entry(at=at) for at in (0.4, 0.6, 0.9, 1.1, 1.4, 1.6)))

    assert ledger.most_in_a_window(Window(limit=1, period_s=1.0)) == 3
    assert ledger.most_in_a_window(Window(limit=1, period_s=1.0, phase_s=0.5)) == 4


def test_uncounted_requests_do_not_fill_window() -> None:
    ledger = ledger_of(entry(1, at=0.1), entry(2, at=0.2, counted=False))

    assert ledger.most_in_a_window(Window(limit=1, period_s=1.0)) == 1


def test_empty_ledger_fills_no_window() -> None:
    assert Ledger().most_in_a_window(Window(limit=1, period_s=1.0)) == 0


def test_ledger_is_read_from_its_file(tmp_path: Path) -> None:
    entries = [entry(1, body='{"reason":"ü\\n"}'), entry(2, fault=Fault.LOST, id=None)]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.open()
    for each in entries:
        ledger.append(each)

    read_entries = list(Ledger.read(tmp_path / "ledger.jsonl"))
    ledger.close()

    assert read_entries == entries
    assert isinstance(read_entries[1].fault, Fault)


def test_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.open()
    ledger.append(entry(1))
    ledger.close()
    path.write_bytes(path.read_bytes() * 2)
    path.write_bytes(path.read_bytes()[:-1])

    assert list(Ledger.read(path)) == [entry(1)]


def test_damaged_line_raises_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"number":1\n')

    with pytest.raises(ValueError, match="line 1"):
        Ledger.read(path)


def test_existing_file_is_appended_to(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for number in (1, 2):
        ledger.open()
        ledger.append(entry(number))
        ledger.close()

    assert list(Ledger.read(tmp_path / "ledger.jsonl")) == [entry(1), entry(2)]


@pytest.mark.posix_only
def test_file_is_private_to_its_owner(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.open()
    ledger.close()

    assert stat.S_IMODE((tmp_path / "ledger.jsonl").stat().st_mode) == 0o600


def test_closed_ledger_accepts_entries() -> None:
    ledger = Ledger()
    ledger.close()
    ledger.append(entry(1))

    assert len(ledger) == 1


def test_late_effect_replaces_entry_and_survives_reading(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.open()
    ledger.append(entry(1))
    ledger.append(entry(2))

    ledger.put(entry(1, acted=True, status_after="paused"))
    ledger.close()

    read = Ledger.read(tmp_path / "ledger")
    for each in (ledger, read):
        assert [one.acted for one in each] == [True, False]
        assert each.acted_ids() == ["7"]
        assert each.paused_ids() == {"7"}


def test_entry_without_number_is_added() -> None:
    ledger = ledger_of(entry(1))

    ledger.put(entry(0))

    assert len(ledger) == 2
