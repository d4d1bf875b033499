"""What the content of an `.ods` workbook says beside the values of its cells."""

from pathlib import Path

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.inputs.table import Table
from bulkpause.model import InvalidRow, Item
from tests.inputs.workbooks import ODS_REST, ods, ods_cell, ods_row


TEXT = 'office:value-type="string"'
NOTE = "<office:annotation><text:p>see</text:p><text:p>x</text:p></office:annotation>"


def read(folder: Path, *rows: str, layout: Layout | None = None) -> Table:
    path = folder / "export.ods"
    path.write_bytes(ods({"A": [ods_row("id", "name"), *rows]}))
    return load_input(str(path), layout or Layout()).table


def cell_of(content: str, attributes: str = TEXT) -> str:
    return f"<table:table-cell {attributes}>{content}</table:table-cell>"


@pytest.mark.parametrize("takes_any_id", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        "<text:p>1000248<text:tab/>1000249</text:p>",
        "<text:p>1000248<text:line-break/>1000249</text:p>",
        "<text:p><text:span>1000248<text:tab/></text:span>1000249</text:p>",
        "<text:p>1000248</text:p><text:p>1000249</text:p>",
    ],
)
def test_several_ids_in_cell_are_never_joined(
    tmp_path: Path, content: str, *, takes_any_id: bool
) -> None:
    layout = Layout(takes_any_id=takes_any_id)
    (row,) = read(tmp_path, ods_row(cell_of(content), "a"), layout=layout).rows
    assert isinstance(row, InvalidRow)
    assert row.detail == "holds more than one line or a tab"


def test_note_on_cell_is_no_text_of_it(tmp_path: Path) -> None:
    number = 'office:value-type="float" office:value="1000248"'
    rows = (
        ods_row(cell_of(f"{NOTE}<text:p>1000248</text:p>", number), "a"),
        ods_row(cell_of(f"<text:p>1000249</text:p>{NOTE}"), "b"),
    )
    assert [row.id for row in read(tmp_path, *rows).rows if isinstance(row, Item)] == [
        "1000248",
        "1000249",
    ]


def test_comment_of_xml_in_cell_is_damage(tmp_path: Path) -> None:
    cell = cell_of("<text:p>1000<!-- -->248</text:p>")
    error = read(tmp_path, ods_row(cell, "a")).error
    assert error is not None
    assert error.detail == "the workbook is damaged"


@pytest.mark.parametrize(
    "attribute", ['table:display="false"', 'table:visibility="collapse"']
)
def test_rows_of_hidden_group_are_hidden(tmp_path: Path, attribute: str) -> None:
    group = "table:table-row-group"
    rows = (
        f"<{group}>{ods_row(1000248, 'a')}<{group} {attribute}>",
        f"<{group}>{ods_row(1000249, 'b')}</{group}>{ods_row(1000250, 'c')}</{group}>",
        f"</{group}>{ods_row(ods_cell(1000251), 'd')}",
    )
    error = read(tmp_path, *rows).error
    assert error is not None
    assert error.detail == "2 of 4 rows are hidden"


def test_some_thousand_equal_rows_are_read(tmp_path: Path) -> None:
    repeated = 'table:number-rows-repeated="9000"'
    table = read(tmp_path, ods_row(1000248, "a", attributes=repeated), ODS_REST)
    assert (table.error, len(table.rows)) == (None, 9000)


def test_sort_texts_show_units_of_cells(tmp_path: Path) -> None:
    money = 'office:value-type="currency" office:value="90" office:currency="EUR"'
    percentage = 'office:value-type="percentage" office:value="0.5"'
    rows = (
        ods_row(1000248, ods_cell(90, money, "90 €")),
        ods_row(1000249, ods_cell(0.5, percentage, "50%")),
        ods_row(1000250, cell_of("<text:p>10<text:tab/>11</text:p>")),
        ods_row(1000251, ods_cell(500, shown="500.00 zl")),
    )
    table = read(tmp_path, *rows, layout=Layout(sort_column="name"))
    texts = [row.sort_text for row in table.rows if isinstance(row, Item)]
    assert texts == ["90 EUR", "50.0%", "(no number)", "500 zl"]
