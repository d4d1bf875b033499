import pytest

from bulkpause.inputs.spreadsheet.facts import PLAIN, Mark
from bulkpause.inputs.spreadsheet.number_formats import mark_of_format


@pytest.mark.parametrize(
    "format_",
    [
        "General",
        "general",
        "@",
        "#,##0;[Red]-#,##0",
        "# ##0",
        "yyyy-mm-dd",
        "[h]:mm",
        "_-* #,##_-",
        "#" * 256,
    ],
)
def test_format_that_adds_nothing_is_plain(format_: str) -> None:
    assert mark_of_format(format_) == PLAIN


@pytest.mark.parametrize(
    ("format_", "digits"),
    [("0", 0), ("0.00", 0), ("#,##0", 0), ("0000000", 7), ("[Red]000", 3), ("#000", 3)],
)
def test_zeros_before_numbers_are_counted(format_: str, digits: int) -> None:
    assert mark_of_format(format_) == Mark(shown_digits=digits)


@pytest.mark.parametrize("format_", ["0%", "0.00%", "#,##0 %"])
def test_percentages_are_marked(format_: str) -> None:
    assert mark_of_format(format_).is_percentage


@pytest.mark.parametrize(
    "format_", ["$0", '"€" 0', "[$€-407] #,##0", "[$USD] 0", "0\\ £"]
)
def test_amounts_of_money_are_marked(format_: str) -> None:
    assert mark_of_format(format_).is_money


@pytest.mark.parametrize("format_", ['"C-"0', "000-000", "000\\-000", "0\\x", '0" kr"'])
def test_added_text_is_marked(format_: str) -> None:
    assert mark_of_format(format_).has_added_text
