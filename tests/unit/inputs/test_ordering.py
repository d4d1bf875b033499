"""Items are sorted by a column of amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import SettingsError
from bulkpause.inputs.amounts import read_amounts
from bulkpause.inputs.ordering import Order, ordered_places, parse_order
from bulkpause.model import Item


ASCENDING, DESCENDING = Order("spend"), Order("spend", is_descending=True)
AMOUNTS = st.lists(st.sampled_from(["1", "1.0", "2", "-3.5", "", None]))


def items(*texts: str | None) -> list[Item]:
    return [Item(id=str(n), row=n, sort_text=text) for n, text in enumerate(texts, 1)]


def in_order(order: Order, *texts: str | None) -> list[Item]:
    unsorted = items(*texts)
    places = ordered_places(read_amounts(unsorted), order)
    return [unsorted[place] for place in places]


def sorted_texts(order: Order, *texts: str | None) -> list[str | None]:
    return [item.sort_text for item in in_order(order, *texts)]


def test_numbers_sort_numerically() -> None:
    assert sorted_texts(ASCENDING, "10", "9", "100") == ["9", "10", "100"]


def test_descending_order_puts_highest_first() -> None:
    assert sorted_texts(DESCENDING, "10", "9", "100") == ["100", "10", "9"]


@pytest.mark.parametrize("order", [ASCENDING, DESCENDING], ids=str)
def test_blanks_sort_last(order: Order) -> None:
    assert sorted_texts(order, None, "", "5", "  ") == ["5", None, "", "  "]


@given(texts=AMOUNTS, order=st.sampled_from([ASCENDING, DESCENDING]))
def test_equal_values_keep_row_order(texts: list[str | None], order: Order) -> None:
    rows: dict[float | None, list[int]] = {}
    for item in in_order(order, *texts):
        value = float(item.sort_text) if item.sort_text else None
        rows.setdefault(value, []).append(item.row)
    assert all(group == sorted(group) for group in rows.values())


@given(texts=AMOUNTS, order=st.sampled_from([ASCENDING, DESCENDING]))
def test_sorted_items_are_a_permutation(texts: list[str | None], order: Order) -> None:
    by_row = sorted(in_order(order, *texts), key=lambda item: item.row)
    assert by_row == items(*texts)


@given(numbers=st.lists(st.integers(-(10**9), 10**9)))
def test_descending_numbers_never_increase(numbers: list[int]) -> None:
    texts = [f"{number:,}.00 €" for number in numbers]
    found = [
        int((item.sort_text or "").removesuffix(".00 €").replace(",", ""))
        for item in in_order(DESCENDING, *texts)
    ]
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
def test_order_option_is_parsed(text: str, order: Order) -> None:
    assert parse_order(text) == order
    assert parse_order(str(order)) == order


@pytest.mark.parametrize("text", ["", ":desc", ":asc"])
def test_order_without_column_raises_settings_error(text: str) -> None:
    with pytest.raises(SettingsError, match="such as spend:desc"):
        parse_order(text)
