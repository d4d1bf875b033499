"""Items that are kept as columns are the items that were read."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.amounts import read_amounts
from bulkpause.inputs.id_column import judge_column
from bulkpause.inputs.json_text import JsonInteger, JsonNumber
from bulkpause.inputs.last_row import End
from bulkpause.item_block import ItemBlock
from bulkpause.items import Items
from bulkpause.model import Earlier, InvalidRow, Item
from bulkpause.plan import digest, make_plan
from bulkpause.rows import Row, Rows
from bulkpause.text_column import TextColumn


pytestmark = pytest.mark.unmeasured

#: The id, name, sort value and earlier state of each row.
Cells = Sequence[tuple[str, str | None, str | None, Earlier | None]]

NAMES = st.none() | st.text(st.sampled_from("aé \udc80\0\n🙂"), min_size=1, max_size=3)
AMOUNTS = st.one_of(
    st.none(),
    st.text(st.sampled_from("01,.\0 €"), max_size=3),
    st.sampled_from([JsonNumber("1.5"), JsonInteger("2")]),
)
EARLIER = st.none() | st.just(Earlier(status="running"))
CELLS = st.tuples(st.integers(1, 10**6).map(str), NAMES, AMOUNTS, EARLIER)
BLOCKS = st.lists(CELLS, min_size=1, max_size=6)


def block_of(first_row: int, cells: Cells) -> ItemBlock:
    ids, names, amounts, earlier = zip(*cells, strict=True)
    rows = range(first_row, first_row + len(cells))
    block = ItemBlock(ids, rows, names, amounts)
    block.remember(earlier)
    return block


def items_of(first_row: int, cells: Cells) -> list[Item]:
    return [
        Item(id=id_, row=row, name=name, sort_text=amount, earlier=earlier)
        for row, (id_, name, amount, earlier) in enumerate(cells, first_row)
    ]


@st.composite
def rows_and_parts(
    draw: st.DrawFn,
) -> tuple[list[Row], list[Sequence[Row]]]:
    """Draw rows, and the same as blocks and single rows."""
    rows: list[Row] = []
    parts: list[Sequence[Row]] = []
    for cells in draw(st.lists(BLOCKS, max_size=4)):
        first_row = len(rows) + 1
        kind = draw(st.sampled_from(["block", "items", "invalid"]))
        found: list[Row] = list(items_of(first_row, cells))
        if kind == "invalid":
            found = [InvalidRow(row=first_row, detail="no id", remedy="fill it in")]
        rows += found
        parts.append(block_of(first_row, cells) if kind == "block" else found)
    return rows, parts


def rows_of(parts: Sequence[Sequence[Row]]) -> Rows:
    rows = Rows()
    for part in parts:
        rows.extend(part)
    return rows


@given(BLOCKS)
def test_block_gives_the_items_read(cells: Cells) -> None:
    block, expected = block_of(5, cells), items_of(5, cells)
    assert list(block) == expected
    assert [type(one.sort_text) for one in block] == [
        type(one.sort_text) for one in expected
    ]
    assert (block.ids, len(block)) == ([one.id for one in expected], len(expected))


@given(rows_and_parts())
def test_rows_with_blocks_are_the_rows(
    drawn: tuple[list[Row], list[Sequence[Row]]],
) -> None:
    expected, parts = drawn
    rows = rows_of(parts)
    assert (list(rows), len(rows)) == (expected, len(expected))
    assert rows.invalid == [row for row in expected if isinstance(row, InvalidRow)]
    assert list(rows.items) == [row for row in expected if isinstance(row, Item)]
    if expected:
        assert rows[-1] == expected[-1]


@given(rows_and_parts(), st.data())
def test_items_of_blocks_are_as_a_list(
    drawn: tuple[list[Row], list[Sequence[Row]]], data: st.DataObject
) -> None:
    rows, parts = drawn
    expected = [row for row in rows if isinstance(row, Item)]
    items = Items(
        part
        if isinstance(part, ItemBlock)
        else [one for one in part if one in expected]
        for part in parts
    )
    for _ in range(2):
        places = (
            data.draw(st.lists(st.integers(0, len(expected) - 1))) if expected else []
        )
        items, expected = items.at(places), [expected[place] for place in places]
        ids = [one.id for one in expected]
        start, end = data.draw(st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
        assert items[start:end] == tuple(expected[start:end])
        assert list(items.ids()) == ids
        assert "\n".join(items.id_lines()) == "\n".join(ids)
        assert list(items.sort_texts()) == [one.sort_text for one in expected]
        assert len(items) == len(expected)
    assert items == expected
    assert list(items.ids()) == [one.id for one in expected]


@given(rows_and_parts(), st.sets(st.integers(1, 20).map(str)))
def test_plan_of_blocks_is_plan_of_rows(
    drawn: tuple[list[Row], list[Sequence[Row]]], done: set[str]
) -> None:
    expected, parts = drawn
    rows = rows_of(parts)
    plan, other = make_plan(rows, done=done), make_plan(expected, done=done)
    assert plan == other
    assert plan.digest == digest(one.id for one in other.items)


@given(rows_and_parts(), st.sets(st.integers(1, 20).map(str)))
def test_items_of_blocks_are_those_of_rows(
    drawn: tuple[list[Row], list[Sequence[Row]]], ids: set[str]
) -> None:
    expected, parts = drawn
    ids |= {one.id for one in expected[::3] if isinstance(one, Item)}
    assert list(rows_of(parts).items_of(ids)) == [
        one for one in expected if isinstance(one, Item) and one.id in ids
    ]


@given(rows_and_parts(), st.sampled_from(End), st.sets(st.integers(1, 20)))
def test_column_of_blocks_is_judged_as_rows(
    drawn: tuple[list[Row], list[Sequence[Row]]], end: End, footers: set[int]
) -> None:
    expected, parts = drawn
    rows = rows_of(parts)
    judged = [
        judge_column(one, end=end, footer_rows=footers)
        for one in (rows, Rows(expected))
    ]
    assert judged[0] == judged[1]
    assert judged[0].invalid == judged[1].invalid


@given(rows_and_parts())
def test_amounts_of_blocks_are_those_of_items(
    drawn: tuple[list[Row], list[Sequence[Row]]],
) -> None:
    expected, parts = drawn
    rows = rows_of(parts)
    items = [row for row in expected if isinstance(row, Item)]
    assert read_amounts(rows.items) == read_amounts(items)


@given(
    st.lists(
        st.none()
        | st.text(st.sampled_from("1,.\0 \x1c\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"))
    )
)
def test_stripped_column_is_of_stripped_texts(texts: list[str | None]) -> None:
    column = TextColumn(texts)
    expected = [(text or "").strip(WHITESPACE) for text in texts]
    assert list(column.stripped(WHITESPACE)) == expected


@given(rows_and_parts(), st.integers(1, 20))
def test_replaced_rows_are_as_in_a_list(
    drawn: tuple[list[Row], list[Sequence[Row]]], number: int
) -> None:
    expected, parts = drawn
    rows = rows_of(parts)

    def refused(row: Row) -> Row:
        if row.row != number:
            return row
        return InvalidRow(row=number, detail="is a sum", remedy="delete it")

    found = rows.replaced(refused, lambda block: number in block.rows)
    assert list(found) == list(map(refused, expected))
    assert rows.find(
        lambda row: row.row == number, lambda block: number in block.rows
    ) == (next((row for row in expected if row.row == number), None))
    if expected:
        last = refused(replace(expected[-1], row=number))
        assert list(rows.with_last(last)) == [*expected[:-1], last]
