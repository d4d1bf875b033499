"""Which campaign goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import SettingsError
from bulkpause.inputs.ordering import Order, amount, decimal_mark, ordered, parse_order
from bulkpause.model import Item


UP, DOWN = Order("spend"), Order("spend", is_descending=True)
#: Ways to write an amount in cents that all mean the same.
FORMS = {
    "plain": lambda cents: f"{cents / 100:.2f}",
    "english": lambda cents: f"{cents / 100:,.2f}",
    "dollars": lambda cents: f"$ {cents / 100:,.2f}",
    "in words": lambda cents: f"{cents / 100:,.2f} USD",
    "swiss": lambda cents: f"CHF {cents / 100:,.2f}".replace(",", "'"),
    "narrow": lambda cents: f"{cents / 100:,.2f} €".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    ),
}


def items(*texts: str | None) -> list[Item]:
    return [Item(id=str(n), row=n, sort_text=text) for n, text in enumerate(texts, 1)]


def sorted_texts(order: Order, *texts: str | None) -> list[str | None]:
    return [item.sort_text for item in ordered(items(*texts), order)]


def test_numbers_are_ordered_as_numbers() -> None:
    assert sorted_texts(UP, "10", "9", "100") == ["9", "10", "100"]


def test_the_highest_can_come_first() -> None:
    assert sorted_texts(DOWN, "10", "9", "100") == ["100", "10", "9"]


def test_texts_are_ordered_as_texts() -> None:
    assert sorted_texts(UP, "beta", "Alpha", "gamma") == ["Alpha", "beta", "gamma"]


@pytest.mark.parametrize("order", [UP, DOWN], ids=str)
def test_what_is_missing_comes_last(order: Order) -> None:
    found = sorted_texts(order, None, "n/a", "", "5", "  ")
    assert found == ["5", "n/a", None, "", "  "]


@pytest.mark.parametrize("form", FORMS)
@given(cents=st.integers(0, 10**12))
def test_an_amount_is_read_however_it_is_written(form: str, cents: int) -> None:
    assert amount(FORMS[form](cents)) == pytest.approx(cents / 100)


@given(cents=st.integers(0, 10**12))
def test_a_decimal_comma_is_read_in_its_column(cents: int) -> None:
    english = f"{cents / 100:,.2f}"
    continental = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert amount(f"{continental} €", ",") == pytest.approx(cents / 100)


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
def test_a_number_is_read_as_it_is_meant(text: str, number: float) -> None:
    assert amount(text) == number


@pytest.mark.parametrize(
    "text", ["", "-", "n/a", "12abc", "1,2,3", "1.234.56", "2026-11-20", "4711-12", "€"]
)
def test_what_is_no_number_is_a_text(text: str) -> None:
    assert amount(text) is None


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
def test_the_column_tells_its_decimal_mark(texts: list[str], mark: str) -> None:
    assert decimal_mark(texts) == mark


def test_a_thousand_is_more_than_a_hundred_where_the_comma_is_decimal() -> None:
    assert sorted_texts(DOWN, "999,50", "1.000", "1,25") == ["1.000", "999,50", "1,25"]


@given(
    texts=st.lists(st.sampled_from(["1", "1.0", "$1", "2", "b", "B", "", None])),
    order=st.sampled_from([UP, DOWN]),
)
def test_what_compares_equal_stays_in_its_order(
    texts: list[str | None], order: Order
) -> None:
    same = {"1.0": "1", "$1": "1", "B": "b", None: ""}
    rows: dict[str | None, list[int]] = {}
    for item in ordered(items(*texts), order):
        text = item.sort_text
        rows.setdefault(same.get(text, text), []).append(item.row)
    assert all(found == sorted(found) for found in rows.values())


@given(texts=st.lists(st.none() | st.text()), order=st.sampled_from([UP, DOWN]))
def test_ordering_loses_and_invents_nothing(
    texts: list[str | None], order: Order
) -> None:
    given_items = items(*texts)
    found = ordered(given_items, order)
    assert sorted(found, key=lambda item: item.row) == given_items


@given(numbers=st.lists(st.integers(-(10**9), 10**9)))
def test_descending_numbers_never_rise(numbers: list[int]) -> None:
    texts = [f"{number:,} €" for number in numbers]
    found = [amount(item.sort_text or "") for item in ordered(items(*texts), DOWN)]
    assert found == sorted(numbers, reverse=True)


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
def test_an_order_names_a_column_and_an_end(text: str, order: Order) -> None:
    assert parse_order(text) == order
    assert parse_order(str(order)) == order


@pytest.mark.parametrize("text", ["", ":desc", ":asc"])
def test_an_order_without_a_column_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="such as spend:desc"):
        parse_order(text)
