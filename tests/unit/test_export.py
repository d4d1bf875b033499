"""A log as a file that `run` accepts and a spreadsheet opens without harm."""

import csv
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.export import COLUMNS, NOT_ATTEMPTED, as_csv, as_jsonl, rows
from bulkpause.model import Item, Record, Status


RECORDS = [
    Record(id="1", status=Status.PAUSED, http_status=204, row=2),
    Record(id="2", status=Status.FAILED, http_status=500, trace_id="t-2", row=3),
    Record(id=None, status=Status.INVALID, row=4),
]
LEFT = [Item(id="3", row=5)]


def exported(*statuses: str) -> list[dict[str, Any]]:
    return list(rows(RECORDS, LEFT, frozenset(statuses)))


def cells_of(message: str) -> list[str]:
    (row,) = rows(
        [Record(id="1", status=Status.FAILED, message=message)], [], frozenset(Status)
    )
    text = "".join(as_csv([row]))
    (_, cells) = csv.reader(io.StringIO(text, newline=""))
    return cells


@pytest.mark.parametrize(
    ("statuses", "ids"),
    [
        (("paused",), ["1"]),
        (("failed", "paused"), ["1", "2"]),
        (("failed", NOT_ATTEMPTED), ["2", "3"]),
        (("unknown",), []),
    ],
    ids=str,
)
def test_ids_are_chosen_by_their_status(statuses: list[str], ids: list[str]) -> None:
    assert [row["campaign_id"] for row in exported(*statuses)] == ids


def test_a_row_without_an_id_is_left_out() -> None:
    assert exported("invalid") == []


def test_what_was_not_attempted_says_so() -> None:
    (row,) = exported(NOT_ATTEMPTED)
    assert (row["status"], row["row"], row["http_status"]) == ("not_attempted", 5, None)


def test_csv_has_a_heading_even_without_rows() -> None:
    assert "".join(as_csv([])) == ",".join(COLUMNS) + "\n"


def test_the_ids_stand_where_run_looks_for_them() -> None:
    assert COLUMNS[0] == "campaign_id"


def test_each_line_of_json_is_one_id() -> None:
    lines = "".join(as_jsonl(exported("paused", "failed"))).splitlines()
    found = [orjson.loads(line) for line in lines]
    assert [(row["campaign_id"], row["status"]) for row in found] == [
        ("1", "paused"),
        ("2", "failed"),
    ]
    assert all(list(row) == list(COLUMNS) for row in found)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n@"])
def test_no_cell_begins_a_formula(start: str) -> None:
    cell = cells_of(f"{start}HYPERLINK(1)")[COLUMNS.index("message")]
    assert cell.startswith("'")


@given(message=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_message_stays_in_its_cell(message: str) -> None:
    cells = cells_of(message)
    assert len(cells) == len(COLUMNS)
    assert not cells[COLUMNS.index("message")].startswith(("=", "+", "-", "@"))
    assert not any("\n" in cell or "\r" in cell for cell in cells)
