"""Programs read an input whole, and get what is wrong with it as one error."""

import pickle
from pathlib import Path

import pytest

from bulkpause.errors import InputError
from bulkpause.inputs.campaign_list import read_input
from bulkpause.inputs.keyword_words import in_keywords
from bulkpause.inputs.layout import Layout


@pytest.fixture
def mangled(tmp_path: Path) -> Path:
    file = tmp_path / "sale.csv"
    file.write_text("Campaign ID,Name\n1000248,Summer\n1.2E+17,Autumn\n1000249,\n")
    return file


def test_rows_keep_order_names_and_columns(tmp_path: Path) -> None:
    file = tmp_path / "sale.csv"
    file.write_text("Campaign ID,Name\n1000249,Winter\n1000248,Summer\n")
    campaigns = read_input(file)
    assert [(item.id, item.row, item.name) for item in campaigns.items] == [
        ("1000249", 2, "Winter"),
        ("1000248", 3, "Summer"),
    ]
    assert (campaigns.id_column, campaigns.name_column) == ("Campaign ID", "Name")
    assert (campaigns.sheet, campaigns.hidden) == (None, None)
    assert (len(campaigns), [*campaigns]) == (2, [*campaigns.items])


def test_invalid_rows_refuse_list(mangled: Path) -> None:
    with pytest.raises(InputError, match="pass skip_invalid=True") as error:
        read_input(str(mangled))
    assert [(row.row, row.value) for row in error.value.rows] == [(3, "1.2E+17")]
    assert str(error.value).startswith(
        f"{mangled}: 1 of 3 rows cannot be used, the first is row 3: '1.2E+17' is"
    )


def test_skipped_invalid_rows_stay_in_list(mangled: Path) -> None:
    campaigns = read_input(mangled, skip_invalid=True)
    assert [item.id for item in campaigns.items] == ["1000248", "1000249"]
    assert [row.row for row in campaigns.invalid_rows] == [3]
    assert [row.row for row in campaigns] == [2, 3, 4]


def test_layout_names_column(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("id,other\n1,2\n")
    assert read_input(file, Layout(column="other")).items[0].id == "2"


@pytest.mark.parametrize("content", [None, b"", b"name\nSummer\n"])
def test_unreadable_input_is_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ids.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match="nothing was sent") as error:
        read_input(file, skip_invalid=True)
    assert error.value.rows == ()


def test_input_error_survives_pickling(mangled: Path) -> None:
    with pytest.raises(InputError) as error:
        read_input(mangled)
    again = pickle.loads(pickle.dumps(error.value))  # noqa: S301 (our own bytes)
    assert (str(again), again.rows) == (str(error.value), error.value.rows)


def test_remedy_is_in_words_of_programs(tmp_path: Path) -> None:
    file = tmp_path / "ids"
    file.write_text('{"campaign":{"id":"1"}}\n')
    with pytest.raises(InputError, match=r"pass Layout\(column='campaign.id'\)"):
        read_input(file)


@pytest.mark.parametrize(
    ("remedy", "in_program"),
    [
        ("name one with --column", "name one with Layout(column=…)"),
        ("or pass --format lines", "or pass Layout(format=Format.LINES)"),
        ("--hidden-rows skip", "Layout(hidden_rows=HiddenRows.SKIP)"),
        ("or pass --any-id", "or pass Layout(takes_any_id=True)"),
        ("delete it or pass --skip-invalid", "delete it or pass skip_invalid=True"),
    ],
)
def test_option_is_keyword_in_program(remedy: str, in_program: str) -> None:
    assert in_keywords(remedy) == in_program
