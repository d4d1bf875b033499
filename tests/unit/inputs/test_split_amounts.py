from pathlib import Path

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.model import InvalidRow


MAY_BE_ONE = "has a cell under a blank heading: a comma may have cut its value in two"


def details_of(folder: Path, text: str, sort_column: str | None) -> list[str]:
    path = folder / "export.csv"
    path.write_text(text)
    table = load_input(str(path), Layout(sort_column=sort_column)).table
    assert table.error is None
    return [row.detail for row in table.rows if isinstance(row, InvalidRow)]


@pytest.mark.parametrize(
    "text",
    [
        "id,spend,\n1000248,1,234\n1000249,12,\n",
        "id,spend,\n1000248,1,234.50\n1000249,12,\n",
        "id,spend,,\n1000248,$1,234,567\n1000249,12,,\n",
        "id,spend,name,\n1000248,1,234,a\n1000249,12,b,\n",
        "id,name,spend,\n" + "1000248,a,12,\n" * 2000 + "1000248,a,1,234\n",
    ],
)
def test_amount_cut_by_its_comma_is_invalid(tmp_path: Path, text: str) -> None:
    assert details_of(tmp_path, text, "spend") == [MAY_BE_ONE]
    assert details_of(tmp_path, text, None) == []


@pytest.mark.parametrize(
    "text",
    [
        "id;spend;\n1000248;1;234\n",
        "id,spend,\n1000248,12,\n1000249,1.50,234\n",
        "id,spend,\n1000248,12,x\n1000249,1234,567\n",
        "id,spend,name\n1000248,1,234\n",
        ",id,spend\n1,1000248,12\n",
    ],
)
def test_other_cells_under_blank_headings_are_read(tmp_path: Path, text: str) -> None:
    assert details_of(tmp_path, text, "spend") == []
