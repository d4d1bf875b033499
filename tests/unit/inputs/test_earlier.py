"""What rows say of their campaigns is kept for an undo."""

from pathlib import Path

import orjson
import pytest

from bulkpause import Item, Layout, read_input
from bulkpause.model import Earlier


LISTED = {
    "1001": Earlier(status="running"),
    "1002": Earlier(status="scheduled", scheduled_time="2026-07-01 18:30:00"),
    "1003": None,
}


def as_csv(path: Path) -> None:
    path.write_text(
        "id,name,status,scheduled_time\n1001,A,running,\n"
        "1002,B, scheduled ,2026-07-01 18:30:00\n1003,C,,\n"
    )


def as_json_lines(path: Path) -> None:
    rows = [
        {
            "id": id_,
            "status": None if earlier is None else earlier.status,
            "scheduled_time": None if earlier is None else earlier.scheduled_time,
        }
        for id_, earlier in LISTED.items()
    ]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def earlier_of(path: Path) -> dict[str, Earlier | None]:
    rows = read_input(path, Layout()).rows
    return {row.id: row.earlier for row in rows if isinstance(row, Item)}


@pytest.mark.parametrize("write", [as_csv, as_json_lines])
def test_status_and_time_of_rows_are_kept(write: object, tmp_path: Path) -> None:
    assert callable(write)
    write(path := tmp_path / "list")
    assert earlier_of(path) == LISTED


def test_status_of_export_is_not_what_campaign_was(tmp_path: Path) -> None:
    (path := tmp_path / "left.csv").write_text(
        "campaign_id,status\n1001,failed\n1002,not_attempted\n1003,paused\n"
    )
    assert earlier_of(path) == {
        "1001": None,
        "1002": None,
        "1003": Earlier(status="paused"),
    }


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    (path := tmp_path / "list.csv").write_bytes(b"id,status\n1001,g\xe9l\xe9e\n")
    assert earlier_of(path) == {"1001": Earlier(status="gélée")}


def test_long_list_keeps_times_as_a_short_one_does(tmp_path: Path) -> None:
    earlier = Earlier(status="scheduled", scheduled_time="2026-07-01 18:30:00")
    fields = {"status": earlier.status, "scheduled_time": earlier.scheduled_time}
    names = [str(1_000_001 + number) for number in range(2_000)]
    (listed := tmp_path / "list.jsonl").write_bytes(
        b"".join(orjson.dumps({"id": id_, **fields}) + b"\n" for id_ in names)
    )
    rows = "".join(f"{id_},{','.join(map(str, fields.values()))}\n" for id_ in names)
    (table := tmp_path / "list.csv").write_text(f"id,{','.join(fields)}\n{rows}")
    assert earlier_of(listed) == earlier_of(table) == dict.fromkeys(names, earlier)
