"""A program's list of ids is checked whole, and nothing else is taken for one."""

import array
import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bulkpause.errors import InputError
from bulkpause.id_list import GivenId, GivenIds, check_is_list, plan_of_ids
from bulkpause.model import InvalidRow, Item
from bulkpause.plan import Plan


def planned(ids: GivenIds) -> Plan:
    return asyncio.run(plan_of_ids(ids))


def ids_of(plan: Plan) -> list[str]:
    return [item.id for item in plan.items]


class Integer:
    """An integer of a library of tables, which is no `int`."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("1000248", r"pause\(\[id\]\) for one id, or pause\(read_input\(path\)\)"),
        (b"1000248", r"pause\(\[id\]\) for one id"),
        (bytearray(b"1000248"), r"pause\(\[id\]\) for one id"),
        (memoryview(b"1000248"), r"pause\(\[id\]\) for one id"),
        (1000248, r"write pause\(\[id\]\)$"),
        (True, r"write pause\(\[id\]\)$"),
        (Item(id="1", row=1), r"write pause\(\[id\]\)$"),
        (InvalidRow(row=1, detail="", remedy=""), r"write pause\(\[id\]\)$"),
        ({"1000248": "Summer"}, r"pause\(list\(ids\)\) if its keys are the ids"),
        (Path("ids.csv"), r"pause\(read_input\(path\)\) for the ids of a file"),
        (io.StringIO("1000248\n"), r"pause\(read_input\(path\)\)"),
        (io.BytesIO(b"1000248\n"), r"pause\(read_input\(path\)\)"),
        (None, r"write pause\(\[id\]\), or pause\(read_input\(path\)\)"),
        (1.5, r"write pause\(\[id\]\), or"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_list_is_refused(given: object, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy) as error:
        check_is_list(given)
    assert str(error.value).startswith(f"{type(given).__name__} is not a list of ids")


async def texts() -> AsyncIterator[str]:
    yield "1"


@pytest.mark.parametrize(
    "given",
    [["1"], ("1",), {"1"}, iter(["1"]), (str(n) for n in (1,)), texts()],
    ids=lambda value: type(value).__name__,
)
def test_iterables_are_lists_of_ids(given: GivenIds) -> None:
    check_is_list(given)
    assert ids_of(planned(given)) == ["1"]


def test_integers_are_ids() -> None:
    given: list[GivenId] = [1000248, Integer(7), *array.array("q", [2**53])]
    assert ids_of(planned(given)) == ["1000248", "7", str(2**53)]


@pytest.mark.parametrize("id_", [0, -1, -1000248])
def test_integer_below_one_is_invalid_row(id_: int) -> None:
    plan = planned([5, id_])
    assert ids_of(plan) == ["5"]
    (row,) = plan.invalid_rows
    assert (row.row, row.value) == (2, str(id_))
    assert row.remedy == "an id as an integer is 1 or more"


def test_integer_that_lost_digits_is_invalid_row() -> None:
    plan = planned([1234567890123456000])
    assert [row.detail for row in plan.invalid_rows] == [
        "is a number rounded by a spreadsheet, not an id"
    ]


@pytest.mark.parametrize("id_", [True, None, 1000248.0, b"1", ["1"]])
def test_element_of_other_type_is_refused(id_: object) -> None:
    name = type(id_).__name__
    given: list[object] = ["1", id_]
    with pytest.raises(TypeError, match=f"place 2 is of type {name}: .*nothing was"):
        planned(given)  # type: ignore[arg-type]  # as for programs without types


def test_rows_keep_their_numbers_and_names() -> None:
    item = Item(id="1", row=14, name="Summer")
    mangled = Item(id="1.2E+17", row=15)
    plan = planned(["3", item, mangled])
    assert [(one.id, one.row) for one in plan.items] == [("3", 1), ("1", 14)]
    assert plan.items[1].name == "Summer"
    assert [row.row for row in plan.invalid_rows] == [15]


def test_error_of_iterable_is_raised_unchanged() -> None:
    def broken() -> Iterator[str]:
        yield "1"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        planned(broken())


def test_plan_with_repeated_id_is_refused() -> None:
    items = (Item(id="1", row=1), Item(id="1", row=2))
    plan = Plan(rows=2, items=items, invalid_rows=(), duplicate=0, already_done=0)
    with pytest.raises(InputError, match="has 1 more than once; nothing was sent"):
        planned(plan)
