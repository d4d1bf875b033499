"""Items in their order, most of which are never looked at one by one."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, repeat
from typing import TypeVar, overload

from bulkpause.item_block import ItemBlock
from bulkpause.model import Item


_Value = TypeVar("_Value")


class Items(Sequence[Item]):
    """Items in their order: a part of them is a block, or items as they are.

    Whoever goes through them gets the same items each time: they are made once and kept
    then. To look at some, at the ids or at the sort values makes no other item.

    Args:
        parts: The items.
        places: Which of them, in which order; None for all as they are.
    """

    def __init__(
        self, parts: Iterable[Sequence[Item]], places: Sequence[int] | None = None
    ) -> None:
        self._parts = tuple(parts)
        self._places = places
        self._ends = list(accumulate(map(len, self._parts)))
        all_places = range(self._ends[-1] if self._ends else 0)
        self._count = len(all_places if places is None else places)
        self._made: tuple[Item, ...] | None = None

    @classmethod
    def of(cls, items: Sequence[Item]) -> "Items":
        """Return items as they are if they are of this kind already."""
        return items if isinstance(items, cls) else cls([items])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        if self._made is None:
            self._made = tuple(self._make())
            # The columns are not needed any more.
            self._parts, self._places = (self._made,), None
            self._ends = [self._count]
        return iter(self._made)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        places = range(self._count)[place]
        if isinstance(places, int):
            return self._at([places])[0]
        return tuple(self._at(places))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Items({list(self)!r})"

    def ids(self) -> Iterable[str]:
        """Give the ids."""
        return self._column(_ids_of)

    def id_lines(self) -> Iterator[str]:
        """Give texts of ids, one per line, which follow one another."""
        if self._places is not None:
            yield "\n".join(self.ids())
            return
        for part in filter(None, self._parts):
            if isinstance(part, ItemBlock):
                yield part.id_lines
            else:
                yield "\n".join(_ids_of(part))

    def sort_texts(self) -> Iterable[str | None]:
        """Give the sort values."""
        return self._column(_sort_texts_of)

    def at(self, places: Sequence[int]) -> "Items":
        """Return the items at some places, in that order."""
        if self._places is not None:
            places = list(map(self._places.__getitem__, places))
        return Items(self._parts, places)

    def _column(
        self, of: Callable[[Sequence[Item]], Iterable[_Value]]
    ) -> Iterable[_Value]:
        column = chain.from_iterable(map(of, self._parts))
        if self._places is None:
            return column
        return map(list(column).__getitem__, self._places)

    def _make(self) -> Iterable[Item]:
        if self._places is None:
            return chain.from_iterable(self._parts)
        return self._at(range(self._count))

    def _at(self, places: Iterable[int]) -> list[Item]:
        """Make the items at some places, and no item of other parts than theirs."""
        if self._places is not None:
            places = map(self._places.__getitem__, places)
        made: dict[int, Sequence[Item]] = {}
        items = []
        for place in places:
            number = bisect_right(self._ends, place)
            if number not in made:
                made[number] = list(self._parts[number])
            items.append(made[number][place - self._ends[number]])
        return items


def _ids_of(part: Sequence[Item]) -> Iterable[str]:
    return part.ids if isinstance(part, ItemBlock) else (item.id for item in part)


def _sort_texts_of(part: Sequence[Item]) -> Iterable[str | None]:
    if not isinstance(part, ItemBlock):
        return (item.sort_text for item in part)
    return part.sort_texts or repeat(None, len(part))
