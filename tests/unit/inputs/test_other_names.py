"""An id that has two names in the inputs is planned under the first, and it is said."""

from collections.abc import Sequence

import pytest

from bulkpause.inputs.other_names import OtherNames, find_other_names
from bulkpause.inputs.table import Input, Table, rows_of
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


Named = tuple[str, str | None]


def inputs_of(*lists: Sequence[Named], column: str | None = "name") -> list[Input]:
    return [
        Input(
            name=f"{number}.csv",
            table=Table(
                rows=Rows(
                    Item(id=id_, row=row, name=name)
                    for row, (id_, name) in enumerate(found, 2)
                ),
                name_column=column,
            ),
        )
        for number, found in enumerate(lists)
    ]


def found_in(inputs: Sequence[Input]) -> dict[int, OtherNames]:
    return dict(find_other_names(inputs, rows_of(inputs).items))


def test_other_name_in_one_input_is_found() -> None:
    names = [("1", None), ("1", "Sale"), ("2", "b"), ("1", "Autumn"), ("1", "c")]
    assert found_in(inputs_of(names)) == {
        0: OtherNames(
            ids=1,
            id="1",
            name="Sale",
            source="0.csv",
            row=3,
            other_name="Autumn",
            other_row=5,
        )
    }


def test_other_names_in_later_input_are_counted() -> None:
    first = [("1", "a"), ("2", "b"), ("3", "c")]
    later = [("3", "c"), ("2", "x"), ("2", "y"), ("1", "z")]
    assert found_in(inputs_of(first, later)) == {
        1: OtherNames(
            ids=2,
            id="2",
            name="b",
            source="0.csv",
            row=3,
            other_name="x",
            other_row=3,
        )
    }


@pytest.mark.parametrize("name", ["Sale  now", " Sale now", "", None])
def test_same_or_no_name_is_no_other(name: str | None) -> None:
    assert found_in(inputs_of([("1", "Sale now"), ("2", "x"), ("1", name)])) == {}


def test_same_id_of_other_account_has_other_name() -> None:
    accounts = [
        Item(id="1", row=row, name=name, account=name)
        for row, name in enumerate(("acme", "zoo"), 2)
    ]
    rows = Rows([*accounts, InvalidRow(row=4, detail="no id", remedy="fill it in")])
    one = Input(name="a.csv", table=Table(rows=rows, name_column="name"))
    assert find_other_names([one], rows.items) == {}


def test_names_that_are_not_utf_8_are_made_text() -> None:
    [found] = found_in(inputs_of([("1", "a\udce9"), ("1", "b\udce9")])).values()
    assert (found.name, found.other_name) == ("aé", "bé")
