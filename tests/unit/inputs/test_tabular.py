from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.table import ReadError, Table
from bulkpause.inputs.tabular import read_cells
from bulkpause.model import InvalidRow, Item


ERROR_CELL = BadCell("#N/A", "is an error of the spreadsheet", "mend its formula")


def table_of(
    *rows: Sequence[str], titles_are_invalid: bool = False, **layout: Any
) -> Table:
    table = Table()
    table.fill(
        read_cells(
            iter([RowBatch(1, rows)]),
            layout=Layout(**layout),
            table=table,
            titles_are_invalid=titles_are_invalid,
            move_back="move them back",
        )
    )
    return table


def test_titles_are_skipped_if_not_invalid() -> None:
    rows = [["Report", ""], ["May", "2026"], [""], ["id", "name"], ["1000248", "a"]]
    assert table_of(*rows).rows == [Item(id="1000248", row=5, name="a")]
    assert len(table_of(*rows, titles_are_invalid=True).rows) == 3


def test_id_above_heading_is_never_skipped() -> None:
    table = table_of(["a", "1000247"], ["name", "id"], ["b", "1000248"])
    assert table.rows == [
        InvalidRow(
            row=1,
            detail="stands above the heading",
            remedy="delete it or pass --skip-invalid",
            value="a",
        ),
        Item(id="1000248", row=3, name="b"),
    ]


def test_rows_of_table_above_heading_are_named() -> None:
    above = [["Kampagnen-Nr", "Name"], ["1000240", "A"], ["1000241", "B"]]
    table = table_of(*above, ["Name", "ID"], ["C", "1000250"])
    assert [type(row) for row in table.rows] == [InvalidRow, InvalidRow, Item]


def test_bad_id_cell_is_invalid_row() -> None:
    assert table_of(["id", "name"], [ERROR_CELL, "a"]).rows == [
        InvalidRow(
            row=2,
            detail="is an error of the spreadsheet",
            remedy="mend its formula",
            value="#N/A",
        )
    ]


def test_bad_cell_in_other_column_is_text() -> None:
    assert table_of(["id", "name"], ["1000248", ERROR_CELL]).rows == [
        Item(id="1000248", row=2, name="#N/A")
    ]


def test_id_left_of_cell_beyond_heading_is_invalid() -> None:
    table = table_of(
        ["name", "id", ""],
        ["a", "cmp_1001", ""],
        ["b", "DE", "5"],
        ["c", "cmp_1002", "x"],
    )
    kinds = [isinstance(row, Item) for row in table.rows]
    assert kinds == [True, False, True]


def test_heading_with_other_columns_ends_table() -> None:
    table = table_of(
        ["id", "x"], ["1000248", "5"], ["x (€)", "id"], ["1234567", "1000250"]
    )
    assert table.rows == [Item(id="1000248", row=2)]
    assert str(table.error) == (
        "row 3: a second heading; save the tables as files of their own"
    )


def test_columns_are_noted_in_table() -> None:
    table = table_of(
        ["Status", " Campaign \n ID ", "Campaign"], ["running", "1000248", "a"]
    )
    assert (table.id_column, table.name_column) == ("Campaign ID", "Campaign")
    assert (table.status_column, table.statuses) == ("Status", {"running": 1})


@pytest.mark.parametrize("rows", [[], [[]], [["", " "]]])
def test_table_without_cells_is_empty(rows: list[list[str]]) -> None:
    assert str(table_of(*rows).error) == "the input is empty; add the ids to pause"


def test_table_of_numbers_is_advised_to_add_heading() -> None:
    assert str(table_of(["1000248"], ["1000249"]).error) == (
        "row 1: no id column among '1000248'; add a heading such as campaign_id"
    )


def test_rows_before_read_error_are_kept() -> None:
    def batches() -> Iterator[RowBatch]:
        yield RowBatch(1, [["id"], ["1000248"]])
        raise ReadError("the sheet is damaged", "save it again")

    table = Table()
    table.fill(
        read_cells(
            batches(),
            layout=Layout(),
            table=table,
            titles_are_invalid=False,
            move_back="move them back",
        )
    )
    assert table.rows == [Item(id="1000248", row=2)]
    assert str(table.error) == "the sheet is damaged; save it again"
