"""Items in their order, most of which are never looked at one by one."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from operator import lt
from typing import overload

from bulkpause.item_block import ItemBlock
from bulkpause.model import Item
from bulkpause.text_column import TextColumn


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
        return chain.from_iterable(map(_as_ids, self._id_parts()))

    def id_lines(self) -> Iterator[str]:
        """Give texts of ids, one per line, which follow one another."""
        for part in self._id_parts():
            if isinstance(part, ItemBlock):
                yield part.id_lines
            else:
                yield "\n".join(part)

    def ascend(self) -> bool:
        """Return whether each id is longer or greater than the one before.

        So it is in most exports, and then each occurs once.
        """
        last = (0, "")
        for part in self._id_parts():
            first, end = _first_and_last(part)
            if _key_of(first) <= last or not _part_ascends(part):
                return False
            last = _key_of(end)
        return True

    def count_lengths_of_numbers(self) -> Counter[int]:
        """Count the ids that are numbers by their length."""
        counts: Counter[int] = Counter()
        for part in self._id_parts():
            if isinstance(part, ItemBlock):
                counts.update(part.lengths)
            else:
                counts.update(map(len, filter(str.isdecimal, part)))
        return counts

    def sort_texts(self) -> Iterable[str | None]:
        """Give the sort values."""
        return chain.from_iterable(column.texts() for column in self.sort_columns())

    def sort_columns(self) -> Iterator[TextColumn]:
        """Give the sort values in parts that are not empty."""
        columns = map(_sort_column_of, filter(None, self._parts))
        if self._places is None:
            yield from columns
        elif self._places:
            texts = list(chain.from_iterable(column.texts() for column in columns))
            yield TextColumn(list(map(texts.__getitem__, self._places)))

    def at(self, places: Sequence[int]) -> "Items":
        """Return the items at some places, in that order."""
        if self._places is not None:
            places = list(map(self._places.__getitem__, places))
        return Items(self._parts, places)

    def _id_parts(self) -> Iterator[ItemBlock | Sequence[str]]:
        """Give parts that are not empty, as blocks or as ids."""
        if self._places is not None:
            ids = list(chain.from_iterable(map(_ids_of, self._parts)))
            placed = list(map(ids.__getitem__, self._places))
            yield from filter(None, [placed])
            return
        for part in filter(None, self._parts):
            yield part if isinstance(part, ItemBlock) else _ids_of(part)

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


def _ids_of(part: Sequence[Item]) -> Sequence[str]:
    return part.ids if isinstance(part, ItemBlock) else [item.id for item in part]


def _as_ids(part: ItemBlock | Sequence[str]) -> Sequence[str]:
    return part.ids if isinstance(part, ItemBlock) else part


def _first_and_last(part: ItemBlock | Sequence[str]) -> tuple[str, str]:
    if not isinstance(part, ItemBlock):
        return part[0], part[-1]
    first, last = part.id_lines.partition("\n"), part.id_lines.rpartition("\n")
    return first[0], last[2]


def _part_ascends(part: ItemBlock | Sequence[str]) -> bool:
    if isinstance(part, ItemBlock) and part.ascends:
        return True
    keys = list(map(_key_of, _as_ids(part)))
    return all(map(lt, keys, islice(keys, 1, None)))


def _key_of(id_: str) -> tuple[int, str]:
    return len(id_), id_


def _sort_column_of(part: Sequence[Item]) -> TextColumn:
    if not isinstance(part, ItemBlock):
        return TextColumn([item.sort_text for item in part])
    return part.sort_column or TextColumn([None] * len(part))
