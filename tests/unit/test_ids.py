import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause._text import display_name, quote
from bulkpause.ids import parse_item, validate, why_invalid
from bulkpause.model import InvalidRow, Item
from tests.support.hostile_ids import HOSTILE_IDS


@pytest.mark.parametrize(
    "text",
    [
        "1000248",
        "007",
        "a",
        "Z9-_",
        "x" * 64,
        "999999999999999",
        "1234567890123456",
        "1000000000000001",
        "1e",
        "e17",
        "1e5a",
        "0x1f",
        "10-feb-brand",
        "x-26",
        "set-26",
        "mai-brand",
        "1000-1-2",
        "NV",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_id_matching_pattern_is_accepted(text: str) -> None:
    assert parse_item(2, text) == Item(id=text, row=2)


@pytest.mark.parametrize(
    "whitespace",
    [
        *(" ", "\t", "\N{NO-BREAK SPACE}", " \r\n", "\v\f", "\N{SOFT HYPHEN}"),
        *("\N{FIGURE SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"),
        *("\N{ZERO WIDTH SPACE}", "\N{WORD JOINER}", "\ufeff", "\N{IDEOGRAPHIC SPACE}"),
    ],
)
def test_surrounding_whitespace_is_removed(whitespace: str) -> None:
    assert parse_item(2, f"{whitespace}1000248{whitespace}") == Item(
        id="1000248", row=2
    )


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
        *("248.0", "1,248", "1,000.248", "1,000,000,000,000,248", "1000248.5"),
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
        *(
            "1-Mai",
            "Okt-26",
            "01-ene",
            "2026-1-2",
            "1-févr.",
            "janv.-26",
            "3. März 2026",
        ),
        *("1/2/2026", "1/2/26", "2026/1/2", "01.02.2026", "2026-01-02T10:00:00Z"),
        *(
            "2026-01-02 10:00",
            "31-dic-2026",
            "3-4",
            "5-12-24",
            "03-04-24",
            "2-paź-26",
            "1-mrt",
            "24-des-26",
            "5 mai",
        ),
    ],
)
def test_value_changed_by_spreadsheet_is_invalid(text: str) -> None:
    invalid = why_invalid(text)
    assert invalid is not None
    reason, remedy = invalid
    assert "not an id" in reason
    assert "set the id column to Text" in remedy


@pytest.mark.parametrize(
    "text",
    [
        *("1,000,248", "1.000.248", "1 000 248", "1'000'248", "1'248"),
        *("1\u202f000\u202f248", "1\u2019000\u2019248", "12 345 678 901 234"),
    ],
)
def test_separators_are_to_be_deleted(text: str) -> None:
    assert why_invalid(text) == (
        "has separators between its thousands",
        "delete them, or set the number format of the id column to 0 and export again",
    )


@pytest.mark.parametrize("text", ["1000248.0", "1000248,00", "1000248,000"])
def test_fraction_of_zeros_is_to_be_deleted(text: str) -> None:
    assert why_invalid(text) == (
        "has a fraction of zeros",
        "delete it, or export the ids as whole numbers",
    )


@pytest.mark.parametrize("text", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_id_that_could_change_route_is_invalid(text: str) -> None:
    assert why_invalid(text) is not None
    invalid = parse_item(2, text)
    assert isinstance(invalid, InvalidRow)
    assert invalid.detail
    assert invalid.remedy


@pytest.mark.parametrize(
    "text",
    [
        "'1000248",
        "\N{ZERO WIDTH SPACE}'1000248 ",
        '="1000248"',
        ' =" 1000248 " ',
        "' 1000248",
    ],
)
def test_text_mark_of_spreadsheet_is_removed(text: str) -> None:
    assert parse_item(2, text) == Item(id="1000248", row=2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('="1E17"', "'1E17' is a reformatted number, not an id"),
        ("'1-Mai", "'1-Mai' is a date, not an id"),
        ('=""', "no id"),
        ("'", "no id"),
        ('="1000248', "'=\"1000248' is a formula, not an id"),
        ("=1000248", "'=1000248' is a formula, not an id"),
    ],
)
def test_text_mark_hides_no_invalid_id(text: str, reason: str) -> None:
    row = parse_item(2, text)
    assert isinstance(row, InvalidRow)
    assert row.reason == reason


@pytest.mark.parametrize(
    ("text", "detail", "remedy"),
    [
        ("########", "is from a column too narrow to show its numbers", "widen"),
        ("#REF!", "is an error of the spreadsheet, not an id", "correct the formula"),
        ("#N/A", "is an error of the spreadsheet, not an id", "correct"),
        ("#NV", "is an error of the spreadsheet, not an id", "correct"),
        ("#¡DIV/0!", "is an error of the spreadsheet, not an id", "correct"),
        ("#ССЫЛКА!", "is an error of the spreadsheet, not an id", "correct"),
        ("Err:502", "is an error of the spreadsheet, not an id", "correct"),
        ("@SUM(A1)", "is a formula, not an id", "replace it with its value"),
        ("https://a.example/c/1000248", "is an address, not an id", "write the id"),
        ("WWW.a.example/1000248", "is an address, not an id", "write the id"),
        ("1000250\n1000251", "holds several ids, on lines", "write each id into a row"),
        ("1000\n248", "holds an invisible character", "delete"),
        ("1000\N{ZERO WIDTH SPACE}248", "holds an invisible character", "delete"),
        ("1000\N{SOFT HYPHEN}248", "holds an invisible character", "delete"),
        ("1000248\N{RIGHT-TO-LEFT MARK}", "holds an invisible character", "delete"),
        ("1000\t248", "holds more than an id, or a blank", "write the id alone"),
        ("Sale 1000248", "holds more than an id, or a blank", "write the id alone"),
        (
            "1000\N{NARROW NO-BREAK SPACE}24",
            "holds more than an id, or a blank",
            "write",
        ),
        ("\N{FULLWIDTH DIGIT ONE}000248", "has letters or digits other than", "type"),
        ("1\N{CYRILLIC CAPITAL LETTER O}00248", "has letters or digits other", "type"),
        ("\udcff1000248", "is not valid UTF-8", "save the file as UTF-8"),
        ("\N{LEFT DOUBLE QUOTATION MARK}1000248", "has quotation marks", "remove them"),
        ("#1000248", "has a # before it", "write the id without the #"),
    ],
)
def test_malformed_id_has_its_own_remedy(text: str, detail: str, remedy: str) -> None:
    invalid = why_invalid(text)
    assert invalid is not None
    assert invalid[0].startswith(detail)
    assert invalid[1].startswith(remedy)


@pytest.mark.parametrize("text", ["9" * 10**6 + "x", "1." * 10**6, "1 000" * 10**6])
def test_long_text_is_judged_at_once(text: str) -> None:
    start = time.process_time()
    assert why_invalid(text) is not None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        *("null", "None", "NaN", "NA", "undefined", "TRUE", "false", "nil", "N/A"),
        *("Total", "Totals:", "Grand Total", "Summe", "EOF", "Gesamt", "Итого", "合計"),
    ],
)
def test_placeholder_is_invalid(text: str) -> None:
    reason = "is not a valid id"
    assert why_invalid(text) == (reason, "delete the row or fill in the id")


@pytest.mark.parametrize("text", ["id", "ID", "campaign_id", "CampaignId", "campaigns"])
def test_column_name_is_invalid(text: str) -> None:
    reason = "is a column name, not an id"
    assert why_invalid(text) == (reason, "delete the row")


@pytest.mark.parametrize("text", ["", "  ", "\N{NO-BREAK SPACE}\t"])
def test_empty_cell_is_reported_as_missing_id(text: str) -> None:
    assert str(parse_item(7, text)) == "row 7: no id; fill it in or delete the row"


def test_invalid_row_message_has_row_reason_remedy() -> None:
    assert str(parse_item(12, "1E17")) == (
        "row 12: '1E17' is a reformatted number, not an id; "
        "set the id column to Text, re-enter the ids and export again"
    )


def test_item_keeps_sort_value() -> None:
    assert parse_item(2, "a", "5 EUR") == Item(id="a", row=2, sort_text="5 EUR")


@pytest.mark.parametrize("text", ["1000248", "1E17", "id", "../5"])
def test_validate_agrees_with_parse_item(text: str) -> None:
    assert validate(Item(id=text, row=3)) == parse_item(3, text)


def test_validate_keeps_invalid_row() -> None:
    invalid = InvalidRow(row=3, detail="no id", remedy="fill it in")
    assert validate(invalid) is invalid


@pytest.mark.unmeasured
@settings(deadline=None)
@given(st.text(max_size=80))
def test_accepted_id_always_matches_pattern(text: str) -> None:
    item = parse_item(2, text)
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
def test_number_of_up_to_15_digits_is_accepted(text: str) -> None:
    assert (why_invalid(text) is None) == bool(text.strip("0"))


@pytest.mark.parametrize("text", ["0", "000", "0" * 20, "2026-11", "1000248-1000260"])
def test_zero_month_or_range_is_invalid(text: str) -> None:
    assert why_invalid(text) is not None


@settings(deadline=None)
@given(st.integers(10**12), st.integers(0, 12))
def test_number_rounded_by_spreadsheet_is_invalid(digits: int, zeros: int) -> None:
    assert why_invalid(f"{digits}000{'0' * zeros}") is not None


@settings(deadline=None)
@given(st.text())
def test_quoted_text_is_short_and_printable(text: str) -> None:
    quoted = quote(text)
    assert quoted.isprintable()
    assert len(quoted) <= 40 * len(r"\U0001F384") + len("''...")


def test_quoted_text_marks_truncation() -> None:
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
def test_display_name_escapes_unprintable_path(path: str, name: str) -> None:
    assert display_name(path) == name
