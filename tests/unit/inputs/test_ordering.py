"""Items are sorted by a column, with numbers in many notations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import SettingsError
from bulkpause.inputs.ordering import (
    Order,
    detect_decimal_mark,
    ordered,
    parse_amount,
    parse_order,
)
from bulkpause.model import Item


ASCENDING, DESCENDING = Order("spend"), Order("spend", is_descending=True)
#: Notations for an amount of cents.
NOTATIONS = {
    "plain": lambda cents: f"{cents / 100:.2f}",
    "english": lambda cents: f"{cents / 100:,.2f}",
    "dollars": lambda cents: f"$ {cents / 100:,.2f}",
    "currency code": lambda cents: f"{cents / 100:,.2f} USD",
    "swiss": lambda cents: f"CHF {cents / 100:,.2f}".replace(",", "'"),
    "narrow space": lambda cents: f"{cents / 100:,.2f} €".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    ),
}


def items(*texts: str | None) -> list[Item]:
    return [Item(id=str(n), row=n, sort_text=text) for n, text in enumerate(texts, 1)]


def sorted_texts(order: Order, *texts: str | None) -> list[str | None]:
    return [item.sort_text for item in ordered(items(*texts), order)]


def test_numbers_sort_numerically() -> None:
    assert sorted_texts(ASCENDING, "10", "9", "100") == ["9", "10", "100"]


def test_descending_order_puts_highest_first() -> None:
    assert sorted_texts(DESCENDING, "10", "9", "100") == ["100", "10", "9"]


def test_texts_sort_alphabetically_ignoring_case() -> None:
    assert sorted_texts(ASCENDING, "beta", "Alpha", "gamma") == [
        "Alpha",
        "beta",
        "gamma",
    ]


@pytest.mark.parametrize("order", [ASCENDING, DESCENDING], ids=str)
def test_missing_values_sort_last(order: Order) -> None:
    texts = sorted_texts(order, None, "n/a", "", "5", "  ")
    assert texts == ["5", "n/a", None, "", "  "]


@pytest.mark.parametrize("notation", NOTATIONS)
@given(cents=st.integers(0, 10**12))
def test_amount_is_parsed_in_every_notation(notation: str, cents: int) -> None:
    assert parse_amount(NOTATIONS[notation](cents)) == pytest.approx(cents / 100)


@given(cents=st.integers(0, 10**12))
def test_amount_with_decimal_comma_is_parsed(cents: int) -> None:
    english = f"{cents / 100:,.2f}"
    continental = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert parse_amount(f"{continental} €", ",") == pytest.approx(cents / 100)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234),
        ("1.234", 1.234),
        ("1,5", 1.5),
        ("0.125", 0.125),
        ("12,34,567", 1234567),
        ("1.234.567", 1234567),
        ("1.306.380,00", 1306380),
        ("(12.00)", -12),
        ("-$5", -5),
        ("$-5", -5),
        ("\N{MINUS SIGN}5", -5),
        ("- 5", -5),
        ("+7", 7),
        ("US$ 1,000", 1000),
        ("R$ 5", 5),
        ("£5.", 5),
        (".5", 0.5),
        ("1.2E+3", 1200),
        ("100%", 100),
    ],
)
def test_unusual_number_is_parsed(text: str, number: float) -> None:
    assert parse_amount(text) == number


@pytest.mark.parametrize(
    "text", ["", "-", "n/a", "12abc", "1,2,3", "1.234.56", "2026-11-20", "4711-12", "€"]
)
def test_text_that_is_not_number_returns_none(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1,234", "2,500"], "."),
        (["1,234", "2,50"], ","),
        (["1,234", "2.50"], "."),
        (["1.234.567", "1.234"], ","),
        (["0,125"], ","),
        (["1,5", "1.50", "2.50"], "."),
        (["name", ""], "."),
    ],
)
def test_decimal_mark_is_detected_from_column(texts: list[str], mark: str) -> None:
    assert detect_decimal_mark(texts) == mark


def test_decimal_comma_column_sorts_numerically() -> None:
    assert sorted_texts(DESCENDING, "999,50", "1.000", "1,25") == [
        "1.000",
        "999,50",
        "1,25",
    ]


@given(
    texts=st.lists(st.sampled_from(["1", "1.0", "$1", "2", "b", "B", "", None])),
    order=st.sampled_from([ASCENDING, DESCENDING]),
)
def test_equal_values_keep_row_order(texts: list[str | None], order: Order) -> None:
    equal_to = {"1.0": "1", "$1": "1", "B": "b", None: ""}
    rows: dict[str | None, list[int]] = {}
    for item in ordered(items(*texts), order):
        text = item.sort_text
        rows.setdefault(equal_to.get(text, text), []).append(item.row)
    assert all(group == sorted(group) for group in rows.values())


@given(
    texts=st.lists(st.none() | st.text()),
    order=st.sampled_from([ASCENDING, DESCENDING]),
)
def test_sorted_items_are_a_permutation(texts: list[str | None], order: Order) -> None:
    unsorted = items(*texts)
    by_row = sorted(ordered(unsorted, order), key=lambda item: item.row)
    assert by_row == unsorted


@given(numbers=st.lists(st.integers(-(10**9), 10**9)))
def test_descending_numbers_never_increase(numbers: list[int]) -> None:
    texts = [f"{number:,} €" for number in numbers]
    amounts = [
        parse_amount(item.sort_text or "")
        for item in ordered(items(*texts), DESCENDING)
    ]
    assert amounts == sorted(numbers, reverse=True)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("spend", Order("spend")),
        ("spend:asc", Order("spend")),
        ("spend:desc", Order("spend", is_descending=True)),
        ("cost: EU:desc", Order("cost: EU", is_descending=True)),
        ("cost: EU", Order("cost: EU")),
    ],
)
def test_order_option_is_parsed(text: str, order: Order) -> None:
    assert parse_order(text) == order
    assert parse_order(str(order)) == order


@pytest.mark.parametrize("text", ["", ":desc", ":asc"])
def test_order_without_column_raises_settings_error(text: str) -> None:
    with pytest.raises(SettingsError, match="such as spend:desc"):
        parse_order(text)
