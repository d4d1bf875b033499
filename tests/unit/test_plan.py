import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.model import InvalidRow, Item
from bulkpause.plan import make_plan


IDS = st.sampled_from(["1000248", "1000249", "1000250", "a", "A"])
ROWS = st.lists(st.one_of(IDS, st.none())).map(
    lambda ids: [
        invalid_row(row) if id_ is None else Item(id=id_, row=row)
        for row, id_ in enumerate(ids, 2)
    ]
)


def invalid_row(row: int) -> InvalidRow:
    return InvalidRow(row=row, detail="no id", remedy="fill it in")


def items(*ids: str) -> list[Item]:
    return [Item(id=id_, row=row) for row, id_ in enumerate(ids, 2)]


def test_first_row_of_duplicate_id_is_kept() -> None:
    plan = make_plan(
        [
            Item(id="a", row=2, sort_text="5"),
            Item(id="b", row=3),
            Item(id="a", row=4, sort_text="9"),
        ]
    )
    assert plan.items == (Item(id="a", row=2, sort_text="5"), Item(id="b", row=3))
    assert plan.duplicate == 1


@pytest.mark.parametrize(
    "ids", [["9", "10", "10"], ["9", "9", "10"], ["10", "9", "10"]]
)
def test_repeated_id_is_found_in_any_order(ids: list[str]) -> None:
    plan = make_plan([Item(id=id_, row=row) for row, id_ in enumerate(ids)])
    assert [item.id for item in plan.items] == list(dict.fromkeys(ids))
    assert plan.duplicate == 1


def test_ids_differing_in_case_are_distinct() -> None:
    assert len(make_plan(items("a", "A")).items) == 2


def test_done_ids_are_left_out_and_counted() -> None:
    plan = make_plan(items("a", "b", "c"), done={"b", "z"})
    assert [item.id for item in plan.items] == ["a", "c"]
    assert plan.already_done == 1


def test_ids_done_later_are_left_out_too() -> None:
    plan = make_plan(items("a", "b", "c", "c"), done={"b"}).without({"b", "c"})
    assert [item.id for item in plan.items] == ["a"]
    assert (plan.rows, plan.already_done, plan.duplicate) == (4, 2, 1)


def test_repeated_done_id_counts_as_duplicate() -> None:
    plan = make_plan(items("a", "a"), done={"a"})
    assert (plan.items, plan.already_done, plan.duplicate) == ((), 1, 1)


def test_invalid_rows_keep_their_order() -> None:
    plan = make_plan([invalid_row(2), *items("a"), invalid_row(4), invalid_row(4)])
    assert [invalid.row for invalid in plan.invalid_rows] == [2, 4, 4]


def test_empty_input_makes_empty_plan() -> None:
    plan = make_plan([])
    assert (plan.rows, plan.items, plan.invalid_rows) == (0, (), ())


@settings(deadline=None)
@given(ROWS, st.frozensets(IDS))
def test_every_row_is_counted_exactly_once(
    rows: list[Item | InvalidRow], done: frozenset[str]
) -> None:
    plan = make_plan(rows, done=done)
    counts = (
        len(plan.items),
        len(plan.invalid_rows),
        plan.duplicate,
        plan.already_done,
    )
    assert min(counts) >= 0
    assert plan.rows == len(rows) == sum(counts)
    assert {item.id for item in plan.items} == {
        row.id for row in rows if isinstance(row, Item)
    } - done


@settings(deadline=None)
@given(ROWS)
def test_items_keep_row_order(rows: list[Item | InvalidRow]) -> None:
    item_rows = [item.row for item in make_plan(rows).items]
    assert item_rows == sorted(item_rows)


def test_digest_depends_only_on_ids() -> None:
    other_rows: list[Item | InvalidRow] = [
        Item(id="a", row=9, sort_text="1"),
        invalid_row(10),
        Item(id="b", row=11),
        Item(id="a", row=12),
    ]
    assert make_plan(other_rows).digest == make_plan(items("a", "b")).digest


@pytest.mark.parametrize("ids", [("b", "a"), ("a",), ("a", "b", "c"), ("ab",), ()])
def test_digest_changes_with_ids_and_order(
    ids: tuple[str, ...],
) -> None:
    assert make_plan(items(*ids)).digest != make_plan(items("a", "b")).digest


def test_digest_is_stable_across_versions() -> None:
    assert make_plan(items("1000248", "1000249")).digest == "0b91b7f077a8766b"
