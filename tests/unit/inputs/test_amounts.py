"""A column of amounts is read if it has one notation and one unit, else refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.inputs.amounts import Amounts, join_amounts, read_amounts
from bulkpause.inputs.number_shape import ProgramNumber
from bulkpause.model import Item


#: Ways to write an amount of cents.
NOTATIONS: dict[str, Callable[[int], str]] = {
    "plain": lambda cents: f"{cents / 100:.2f}",
    "english": lambda cents: f"{cents / 100:,.2f}",
    "dollars": lambda cents: f"$ {cents / 100:,.2f}",
    "currency code": lambda cents: f"{cents / 100:,.2f} USD",
    "swiss": lambda cents: f"CHF {cents / 100:,.2f}".replace(",", "'"),
    "continental": lambda cents: (
        f"{cents / 100:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
    ),
    "french": lambda cents: f"{cents / 100:,.2f} €".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    ).replace(".", ","),
}


def items(*texts: str | None) -> list[Item]:
    return [Item(id=str(n), row=n, sort_text=text) for n, text in enumerate(texts, 1)]


def read(*texts: str | None, mark: str | None = None) -> Amounts:
    return read_amounts(items(*texts), mark)


def faulty_rows(*texts: str | None, mark: str | None = None) -> list[int]:
    return [fault.row for fault in read(*texts, mark=mark).faults]


@pytest.mark.parametrize("notation", NOTATIONS)
@given(cents=st.lists(st.integers(-(10**13), 10**13), min_size=1))
def test_amounts_are_read_in_every_notation(notation: str, cents: list[int]) -> None:
    amounts = read(*map(NOTATIONS[notation], cents))
    assert amounts.faults == ()
    assert list(amounts.values) == pytest.approx([one / 100 for one in cents])


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["10", "9", ""], [10, 9, None]),
        (["1,234.50", "2.5", "1,234"], [1234.5, 2.5, 1234]),
        (["3,5", "1.234"], [3.5, 1234]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["12,34,567", "1,23,456.5"], [1234567, 123456.5]),
        (["1 234,567", "12"], [1234.567, 12]),
        (["0.125", "1.125"], [0.125, 1.125]),
        (["1.2345", "1.234"], [1.2345, 1.234]),
        ([".5", "1.5"], [0.5, 1.5]),
        (["-$5", "$-5", "$7"], [-5, -5, 7]),
        (["\N{MINUS SIGN}5", "+7"], [-5, 7]),
        (["US$ 1,000.5"], [1000.5]),
        (["CHF 1'200.-", "CHF 5.\N{EN DASH}"], [1200, 5]),
        (["1\N{RIGHT SINGLE QUOTATION MARK}200.50"], [1200.5]),
        (["1e3", "2.5", "-1.5E-2"], [1000, 2.5, -0.015]),
        (["1200USD", "5 usd"], [1200, 5]),
        (["100%", "5 %"], [100, 5]),
        (["$.5", "$.25", "$.125"], [0.5, 0.25, 0.125]),
        (["0.30000000000000004", "12"], [0.1 + 0.2, 12]),
        (["12.5000000000000000", "12.50"], [12.5, 12.5]),
    ],
)
def test_column_of_one_notation_is_read(
    texts: list[str], values: list[float | None]
) -> None:
    amounts = read(*texts)
    assert (amounts.faults, amounts.values) == ((), values)


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        (["950", "1.2K", "3M", "10"], [2, 3]),
        (["5 EUR", "6 EUR", "7 USD"], [3]),
        (["5 EUR", "6 EUR", "7"], [3]),
        (["$5", "6 USD", "7 USD"], [1]),
        (["1,5", "1.5", "2,5"], [2]),
        (["1,234.5", "1.234,5", "1,234.5"], [2]),
        (["1 234.5", "1,234.5", "1 234.5"], [2]),
        (["1 234.5", "1 234.5", "1,234"], [3]),
        (["5m", "6m", "300M"], [3]),
        (["5", "high", "n/a", "--", "(12)"], [2, 3, 4, 5]),
        (["5", "2026-11-20", "1,2,3", "12 34", "5.", "5-"], [2, 3, 4, 5, 6]),
        (["5", "1" * 16, "1" * 65], [2, 3]),
        (["5", "\N{ARABIC-INDIC DIGIT ONE}", "1:30"], [2, 3]),
        (["5", "€", "EUR 5 EUR", "5 campaigns"], [2, 3, 4]),
    ],
)
def test_values_unlike_most_are_named(texts: list[str], rows: list[int]) -> None:
    assert faulty_rows(*texts) == rows


@pytest.mark.parametrize(
    "texts", [["1,234", "2,500"], ["1.234", "950"], ["1 234", "1,234"]]
)
def test_open_mark_is_refused(texts: list[str]) -> None:
    (fault, *_) = read(*texts).faults
    assert fault.detail == "may be thousands or a fraction"
    assert "--decimal-mark comma" in fault.remedy


@pytest.mark.parametrize(("mark", "values"), [(".", [1234, 2500]), (",", [1.234, 2.5])])
def test_named_mark_decides(mark: str, values: list[float]) -> None:
    assert read("1,234", "2,500", mark=mark).values == values


def test_value_against_named_mark_is_refused() -> None:
    assert faulty_rows("1,5", "2", mark=".") == [1]


def test_total_has_unit_and_decimals() -> None:
    total = read("€1.234,50", "", "€ 7", None).add_up()
    assert (str(total), total.sum, total.blanks) == ("1,241.50 €", 1241.5, 2)


def test_total_shows_no_dust_of_doubles() -> None:
    assert str(read("0.30000000000000004", "12").add_up()) == "12.3"
    assert str(read("1.50", "2.50").add_up()) == "4.00"


def test_blank_column_has_no_total_unit() -> None:
    total = read("", None).add_up()
    assert (str(total), total.unit, total.blanks) == ("0", None, 2)


@given(
    texts=st.lists(st.none() | st.text(max_size=8) | st.from_regex(r"[-0-9.,' €K]*"))
)
def test_column_is_read_whole_or_refused(texts: list[str | None]) -> None:
    amounts = read(*texts)
    if amounts.faults:
        assert amounts.values == ()
    else:
        assert len(amounts.values) == len(texts)


@given(cents=st.lists(st.integers(0, 10**9), min_size=2, unique=True))
def test_mixed_notations_never_pass(cents: list[int]) -> None:
    texts = [NOTATIONS["english"](cents[0]), *map(NOTATIONS["continental"], cents[1:])]
    assert faulty_rows(*texts)


def test_each_input_has_its_own_notation() -> None:
    first, second = items("1.234,5", "7"), items("900.5", "")
    parts = [read_amounts(first), read_amounts(second)]
    joined = join_amounts([*second, *first], [first, second], parts)
    assert joined.values == [900.5, None, 1234.5, 7]
    assert not joined.has_several_units


def test_inputs_of_different_units_are_not_joined() -> None:
    first, second, blank = items("5 EUR"), items("6 USD"), items("")
    for other, has_several in ((second, True), (blank, False)):
        parts = [read_amounts(first), read_amounts(other)]
        joined = join_amounts([*first, *other], [first, other], parts)
        assert joined.has_several_units is has_several


def test_faults_of_one_input_are_kept() -> None:
    first, second = items("5"), items("1,234")
    parts = [read_amounts(first), read_amounts(second, source="b.csv")]
    joined = join_amounts([*first, *second], [first, second], parts)
    assert [fault.source for fault in joined.faults] == ["b.csv"]


def program(text: str) -> str:
    return ProgramNumber(text)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        ([program("1234.5"), "1.234.567"], [1234.5, 1234567]),
        ([program("1234.5"), "3,5", "1.234"], [1234.5, 3.5, 1234]),
        ([program("1.234"), program("7")], [1.234, 7]),
        ([program("1.5 €"), "1.234,50 €"], [1.5, 1234.5]),
    ],
)
def test_numbers_of_programs_keep_their_point(
    texts: list[str], values: list[float]
) -> None:
    assert list(read(*texts).values) == values


def test_numbers_of_programs_leave_texts_open() -> None:
    assert faulty_rows(program("1234.5"), program("0.5"), "1.234") == [3]
    assert read(program("1234.5"), "1.234", mark=",").values == [1234.5, 1234]


def test_numbers_of_programs_need_the_same_unit() -> None:
    assert faulty_rows(program("5"), program("7"), "8 €") == [3]
