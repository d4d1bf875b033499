import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause._text import display_name, quote
from bulkpause.ids import as_item, checked, fault_of
from bulkpause.model import InvalidRow, Item
from tests.support.hostile_ids import HOSTILE_IDS


@pytest.mark.parametrize(
    "text",
    [
        "1000248",
        "0",
        "007",
        "a",
        "Z9-_",
        "x" * 64,
        "999999999999999",
        "1234567890123456",
        "1000000000000001",
        "000",
        "1e",
        "e17",
        "1e5a",
        "0x1f",
        "totals",
        "10-feb-brand",
        "2026-11",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_what_the_pattern_allows_is_an_id(text: str) -> None:
    assert as_item(2, text) == Item(id=text, row=2)


@pytest.mark.parametrize("around", [" ", "\t", "\N{NO-BREAK SPACE}", " \r\n", "\v\f"])
def test_white_space_round_an_id_is_no_part_of_it(around: str) -> None:
    assert as_item(2, f"{around}1000248{around}") == Item(id="1000248", row=2)


@pytest.mark.parametrize(
    "text",
    [
        "1.2E+17",
        "1E17",
        "1e5",
        "12E3",
        "1.00025E+06",
        "1,2E+17",
        "+1E+5",
        "-1E-5",
        "1000248.0",
        "1000248.",
        "1000248,00",
        "1,000,248",
        "1.000.248",
        "-1000248.5",
        "1000000000000000",
        "1234567890123000",
        "1200000000000000000",
        "10-Feb",
        "1-mar-26",
        "Mar-01",
        "DEC-2026",
        "2026-02-10",
        "10-02-2026",
    ],
)
def test_what_a_spreadsheet_made_of_an_id_is_refused_with_its_remedy(text: str) -> None:
    fault = fault_of(text)
    assert fault is not None
    assert repr(text) in fault[0]
    assert "as text" in fault[1]


@pytest.mark.parametrize("text", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_what_could_reach_another_route_is_refused(text: str) -> None:
    fault = fault_of(text)
    assert fault is not None
    assert "is no id" in fault[0]
    assert "1 to 64 letters" in fault[1]


@pytest.mark.parametrize(
    "text", ["null", "None", "NaN", "NA", "undefined", "TRUE", "false", "Total"]
)
def test_a_placeholder_is_no_id(text: str) -> None:
    assert fault_of(text) == (f"{text!r} is no id", "delete the row or fill in the id")


@pytest.mark.parametrize("text", ["id", "ID", "campaign_id", "CampaignId", "campaigns"])
def test_a_heading_is_no_id(text: str) -> None:
    assert fault_of(text) == (f"{text!r} is a heading, not an id", "delete the row")


@pytest.mark.parametrize("text", ["", "  ", "\N{NO-BREAK SPACE}\t"])
def test_an_empty_cell_is_told_from_a_bad_one(text: str) -> None:
    problem = as_item(7, text)
    assert str(problem) == "row 7: no id; fill it in or delete the row"


def test_a_problem_says_row_reason_and_remedy() -> None:
    assert str(as_item(12, "1E17")) == (
        "row 12: '1E17' is a reformatted number, not an id; "
        "format the id column as text, fill it in anew and export again"
    )


def test_a_sort_value_goes_with_its_id() -> None:
    assert as_item(2, "a", "5 EUR") == Item(id="a", row=2, sort_text="5 EUR")


@pytest.mark.parametrize("text", ["1000248", "1E17", "id", "../5"])
def test_an_item_of_unknown_origin_is_checked_like_a_text(text: str) -> None:
    assert checked(Item(id=text, row=3)) == as_item(3, text)


def test_a_problem_stays_one() -> None:
    problem = InvalidRow(row=3, detail="no id", remedy="fill it in")
    assert checked(problem) is problem


@pytest.mark.unmeasured
@settings(deadline=None)
@given(st.text(max_size=80))
def test_nothing_but_the_pattern_is_ever_accepted(text: str) -> None:
    item = as_item(2, text)
    if isinstance(item, Item):
        assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", item.id, re.ASCII)
        assert item.id in text
    else:
        assert isinstance(item, InvalidRow)
        assert item.detail
        assert item.remedy


@settings(deadline=None)
@given(
    st.from_regex(r"[0-9]{1,15}", fullmatch=True, alphabet=st.characters(codec="ascii"))
)
def test_every_number_that_a_spreadsheet_keeps_is_an_id(text: str) -> None:
    assert fault_of(text) is None


@settings(deadline=None)
@given(st.integers(10**12), st.integers(0, 12))
def test_every_number_that_a_spreadsheet_rounds_is_refused(
    digits: int, zeros: int
) -> None:
    assert fault_of(f"{digits}000{'0' * zeros}") is not None


@settings(deadline=None)
@given(st.text())
def test_a_shown_text_is_short_and_safe_to_print(text: str) -> None:
    quoted = quote(text)
    assert re.fullmatch("[ -~]*", quoted)
    assert len(quoted) <= 40 * len(r"\U0001F384") + len("''...")


def test_a_shown_text_is_cut_in_sight() -> None:
    assert quote("x" * 40) == f"'{'x' * 40}'"
    assert quote("x" * 41) == f"'{'x' * 40}'..."


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("-", "standard input"),
        ("(1).csv", "(1).csv"),
        ("exports/März 2026.csv", "exports/März 2026.csv"),
        ("a\x1b[31m.csv", r"'a\x1b[31m.csv'"),
        ("a\udcff.csv", r"'a\udcff.csv'"),
    ],
)
def test_an_input_is_named_by_its_path_made_safe(path: str, name: str) -> None:
    assert display_name(path) == name
