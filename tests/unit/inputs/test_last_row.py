from collections.abc import Sequence
from pathlib import Path

import pytest

from bulkpause.inputs.last_row import End, why_cut
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.items import Items
from bulkpause.model import InvalidRow, Item


SHORT = "its value to sort by is shorter than others"


def is_cut(amounts: Sequence[str]) -> bool:
    items = [
        Item(id=str(1000248 + row), row=row, sort_text=amount)
        for row, amount in enumerate(amounts)
    ]
    return why_cut(Items.of(items), End.IN_AMOUNT) is not None


@pytest.mark.parametrize(
    "amounts",
    [
        ["120.50", "9.10", "1"],
        ["120.50", "9.10", "12.5"],
        ["1,20", "9,10", "12,"],
        ["1.234,50", "9,10", "12"],
        ["120.50", "9.10", ""],
        ["120", "9", " "],
    ],
)
def test_amount_shorter_than_others_is_cut(amounts: Sequence[str]) -> None:
    assert is_cut(amounts)


@pytest.mark.parametrize(
    "amounts",
    [
        ["120.50", "9.10", "1.05"],
        ["120.5", "9.10", "1"],
        ["120", "9", "1"],
        ["1,234", "5,678", "12"],
        ["120.50", "", ""],
        ["120.50", "high", "1"],
        ["120.50", "9.10", "low"],
        ["120.50", "9"],
    ],
)
def test_amount_is_whole_where_others_differ(amounts: Sequence[str]) -> None:
    assert not is_cut(amounts)


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("id,spend\n1000248,1.50\n1000249,2.50\n1000250,2", [SHORT]),
        ("id,spend\n1000248,1.50\n1000249,2.50\n1000250,", [SHORT]),
        ("id;spend\n1000248;1,50\n1000249;2,50\n1000250;2", [SHORT]),
        ("id\tspend\n1000248\t1.50\n1000249\t2.50\n1000250\t", [SHORT]),
        ("id,spend\n1000248,1.50\n1000249,2.50\n1000250,2\n", []),
        ('id,spend\n1000248,1.50\n1000249,2.50\n1000250,"2"', []),
        ("id,spend,name\n1000248,1.50,a\n1000249,2.50,b\n1000250,2,c", []),
    ],
)
def test_last_amount_without_line_end_is_doubted(
    tmp_path: Path, text: str, details: list[str]
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(text)
    rows = load_input(str(path), Layout(sort_column="spend")).table.rows
    found = [row.detail for row in rows if isinstance(row, InvalidRow)]
    assert len(rows) == 3
    assert [detail.rpartition(", and ")[2] for detail in found] == details
