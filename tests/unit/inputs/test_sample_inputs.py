"""The sample inputs, which the README uses, have the content that they show."""

from pathlib import Path

import pytest

from bulkpause.inputs.amounts import read_amounts
from bulkpause.inputs.layout import Format, HiddenRows, Layout
from bulkpause.inputs.reader import (
    detect_format,
    find_first_row,
    load_input,
    read,
)
from bulkpause.inputs.table import HiddenCount, Table
from bulkpause.model import Earlier, Item
from bulkpause.plan import Plan, make_plan
from tests.support.input_lines import open_lines


SAMPLES = Path(__file__).parents[3] / "sample_inputs"


def plan_of(name: str, layout: Layout | None = None) -> Plan:
    path = str(SAMPLES / name)
    with open_lines(path) as lines:
        return make_plan(read(lines, name=path, layout=layout or Layout()))


def format_of(name: str) -> Format:
    with open_lines(str(SAMPLES / name)) as lines:
        _, first_line = find_first_row(lines, None, Table())
        return detect_format(name, first_line)


@pytest.mark.parametrize(
    ("name", "format_", "counts"),
    [
        ("ad_ops_export.csv", Format.CSV, (63, 62, 0, 1)),
        ("incident.csv", Format.CSV, (150, 150, 0, 0)),
        ("feed.jsonl", Format.JSONL, (40, 40, 0, 0)),
        ("plain_list.txt", Format.LINES, (50, 50, 0, 0)),
        ("mangled_ids.csv", Format.CSV, (19, 9, 10, 0)),
        ("titled_report.csv", Format.CSV, (14, 10, 4, 0)),
    ],
)
def test_sample_has_expected_format_and_counts(
    name: str, format_: Format, counts: tuple[int, ...]
) -> None:
    plan = plan_of(name)
    assert format_of(name) is format_
    assert counts == (
        plan.rows,
        len(plan.items),
        len(plan.invalid_rows),
        plan.duplicate,
    )


def test_every_sample_is_tested() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {
        "ad_ops_export.csv",
        "feed.jsonl",
        "filtered.xlsx",
        "incident.csv",
        "mangled_ids.csv",
        "plain_list.txt",
        "titled_report.csv",
    }


@pytest.mark.parametrize(
    "name", ["ad_ops_export.csv", "incident.csv", "feed.jsonl", "plain_list.txt"]
)
def test_sample_ids_look_like_api_ids(name: str) -> None:
    plan = plan_of(name)
    assert all(len(item.id) == 7 and item.id.isdecimal() for item in plan.items)


def test_awkward_export_sample_is_read_correctly() -> None:
    data = (SAMPLES / "ad_ops_export.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n,,,,\r\n" in data
    assert b" 1083161 ," in data
    assert data.startswith(b"Campaign ID,", 3)
    plan = plan_of("ad_ops_export.csv")
    assert plan.items[0] == Item(
        id="1000248",
        row=2,
        name="Free trial | DE | v2",
        earlier=Earlier(status="running"),
    )
    assert plan.items[-1].row == 65


def test_incident_sample_has_spend_in_one_notation() -> None:
    plan = plan_of("incident.csv", Layout(sort_column="spend"))
    amounts = read_amounts(plan.items)
    assert (amounts.faults, amounts.add_up().blanks, amounts.decimals) == ((), 1, 2)


def test_mangled_sample_reports_each_invalid_row() -> None:
    plan = plan_of("mangled_ids.csv")
    assert [(invalid.row, invalid.reason) for invalid in plan.invalid_rows] == [
        (3, "'1.00025E+06' is a reformatted number, not an id"),
        (5, "'1E17' is a reformatted number, not an id"),
        (6, "'1000251.0' has a fraction of zeros"),
        (8, "'1,000,252' has separators between its thousands"),
        (10, "'1000253000000000000' is a number rounded by a spreadsheet, not an id"),
        (11, "'#REF!' is an error of the spreadsheet, not an id"),
        (14, "'10-Feb' is a date, not an id"),
        (16, "'1000255,00' has a fraction of zeros"),
        (18, "'########' is from a column too narrow to show its numbers"),
        (20, "no id"),
    ]


def test_filtered_sample_hides_paused_campaigns() -> None:
    path = str(SAMPLES / "filtered.xlsx")
    refused = load_input(path, Layout()).table
    assert refused.error is not None
    assert refused.error.detail == "4 of 16 rows are hidden by the filter A3:D19"
    table = load_input(path, Layout(hidden_rows=HiddenRows.SKIP)).table
    assert (table.id_column, table.name_column) == ("Campaign ID", "Name")
    assert (table.sheet, table.statuses) == ("Export", {"running": 12})
    assert table.hidden == HiddenCount(rows=4, filter_range="A3:D19", are_skipped=True)
