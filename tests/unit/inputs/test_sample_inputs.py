"""The files that the README and the first look of every user rest on."""

from pathlib import Path

import pytest

from bulkpause.inputs.files import opened
from bulkpause.inputs.reader import Format, Layout, Source, read
from bulkpause.model import Item
from bulkpause.plan import Plan, make_plan


SAMPLES = Path(__file__).parents[3] / "sample_inputs"


def plan_of(name: str, layout: Layout | None = None) -> tuple[Source, Plan]:
    path = str(SAMPLES / name)
    with opened(path) as lines:
        source = read(lines, name=path, layout=layout or Layout())
        return source, make_plan(source.rows)


@pytest.mark.parametrize(
    ("name", "format_", "counts"),
    [
        ("ad_ops_export.csv", Format.CSV, (63, 62, 0, 1)),
        ("incident.csv", Format.CSV, (150, 150, 0, 0)),
        ("feed.jsonl", Format.JSONL, (40, 40, 0, 0)),
        ("plain_list.txt", Format.LINES, (50, 50, 0, 0)),
        ("mangled_ids.csv", Format.CSV, (19, 8, 11, 0)),
    ],
)
def test_a_sample_holds_so_many_rows_ids_problems_and_repeats(
    name: str, format_: Format, counts: tuple[int, ...]
) -> None:
    source, plan = plan_of(name)
    assert source.format is format_
    found = (plan.rows, len(plan.items), len(plan.problems), plan.duplicate)
    assert found == counts


def test_every_sample_is_tested() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {
        "ad_ops_export.csv",
        "feed.jsonl",
        "incident.csv",
        "mangled_ids.csv",
        "plain_list.txt",
    }


@pytest.mark.parametrize(
    "name", ["ad_ops_export.csv", "incident.csv", "feed.jsonl", "plain_list.txt"]
)
def test_the_ids_of_good_samples_are_those_of_the_api(name: str) -> None:
    _, plan = plan_of(name)
    assert all(len(item.id) == 7 and item.id.isdecimal() for item in plan.items)


def test_the_export_is_awkward_and_yet_read_right() -> None:
    data = (SAMPLES / "ad_ops_export.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n,,,,\r\n" in data
    assert b" 1083161 ," in data
    source, plan = plan_of("ad_ops_export.csv")
    assert source.column == "Campaign ID"
    assert plan.items[0] == Item(id="1000248", row=2)
    assert plan.items[-1].row == 65


def test_the_incident_list_can_be_ordered_by_spend() -> None:
    _, plan = plan_of("incident.csv", Layout(sort_column="spend"))
    spends = [item.sort_text for item in plan.items]
    assert spends.count("") == 1
    assert "15.74 EUR" in spends
    assert any(spend and "," in spend for spend in spends)


def test_each_mangled_row_is_named_with_what_became_of_it() -> None:
    _, plan = plan_of("mangled_ids.csv")
    assert [(problem.row, problem.detail) for problem in plan.problems] == [
        (3, "'1.00025E+06' is a reformatted number, not an id"),
        (5, "'1E17' is a reformatted number, not an id"),
        (6, "'1000251.0' is a reformatted number, not an id"),
        (8, "'1,000,252' is a reformatted number, not an id"),
        (10, "'1000253000000000000' is a number that a spreadsheet rounded, not an id"),
        (11, "'#REF!' is no id"),
        (13, "'=\"1000254\"' is no id"),
        (14, "'10-Feb' is a date, not an id"),
        (16, "'1000255,00' is a reformatted number, not an id"),
        (18, "'########' is no id"),
        (20, "no id"),
    ]
