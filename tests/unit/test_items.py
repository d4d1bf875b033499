"""Items are made once, and only those that are asked for."""

from itertools import islice

from bulkpause.item_block import ItemBlock
from bulkpause.items import Items


def block(first: int, count: int = 3) -> ItemBlock:
    rows = range(first, first + count)
    return ItemBlock(list(map(str, rows)), rows, [f"Sale {row}" for row in rows])


class UnreadBlock(ItemBlock):
    """A block whose items nobody may make."""

    def __iter__(self) -> None:  # type: ignore[override]
        raise AssertionError("its items were made")


def test_going_through_twice_gives_same_items() -> None:
    items = Items([block(1), block(4)])
    assert all(map(lambda one, other: one is other, items, items))


def test_looking_at_some_makes_no_others() -> None:
    items = Items([block(1), UnreadBlock(["9", "8"], range(4, 6)), block(6)])
    assert [one.id for one in (*items[:2], *items[-2:])] == ["1", "2", "7", "8"]
    assert list(islice(items.ids(), 4)) == ["1", "2", "3", "9"]
    assert items.at([7, 0])[0].name == "Sale 8"


def test_texts_of_block_are_found() -> None:
    one = ItemBlock(["1000", "1001"], range(2), ["a", None])
    assert [one.holds(text) for text in ("001", "a", "b")] == [True, True, False]
    mixed = ItemBlock(["1000", "1001"], range(2), ["", None])
    assert not mixed.holds("a")
