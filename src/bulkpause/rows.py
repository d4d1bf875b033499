"""The rows of an input: items, and rows that are none."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TypeGuard, overload

from bulkpause.item_block import ItemBlock
from bulkpause.items import Items
from bulkpause.model import InvalidRow, Item


Row = Item | InvalidRow


class Rows(Sequence[Row]):
    """Rows in their order. Blocks of items stay what they are.

    Args:
        rows: The rows.

    Attributes:
        invalid: Those without a valid id.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._parts: list[ItemBlock | list[Row]] = []
        self._count = 0
        self.invalid: list[InvalidRow] = []
        self.extend(rows)

    def extend(self, rows: Iterable[Row]) -> None:
        """Add rows at the end."""
        if isinstance(rows, ItemBlock):
            self._parts.append(rows)
            self._count += len(rows)
            return
        for row in rows:
            self._last_list().append(row)
            self._count += 1
            if isinstance(row, InvalidRow):
                self.invalid.append(row)

    def _last_list(self) -> list[Row]:
        """Return the list at the end, where single rows are added."""
        if self._parts and isinstance(last := self._parts[-1], list):
            return last
        rows: list[Row] = []
        self._parts.append(rows)
        return rows

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if place == -1 and self._parts:
            return self._parts[-1][-1]
        return list(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Rows({list(self)!r})"

    @property
    def items(self) -> Items:
        """The rows with a valid id."""
        return Items(
            part if isinstance(part, ItemBlock) else list(filter(is_item, part))
            for part in self._parts
        )

    def items_of(self, ids: AbstractSet[str]) -> Iterator[Item]:
        """Give the items with one of these ids. Blocks without any are passed over."""
        for part in self._parts:
            if not (isinstance(part, ItemBlock) and ids.isdisjoint(part.ids)):
                yield from (row for row in part if is_item(row) and row.id in ids)

    def replaced(
        self, replace: Callable[[Row], Row], concerns: Callable[[ItemBlock], bool]
    ) -> "Rows":
        """Return rows with others in their places.

        Args:
            replace: Gives what stands in the place of a row.
            concerns: Whether a row of a block is replaced. The others stay blocks.
        """
        rows = Rows()
        for part in self._parts:
            is_kept = isinstance(part, ItemBlock) and not concerns(part)
            rows.extend(part if is_kept else map(replace, part))
        return rows

    def with_last(self, row: Row) -> "Rows":
        """Return rows with another in the place of the last."""
        rows = Rows()
        for part in self._parts[:-1]:
            rows.extend(part)
        rows.extend([*list(self._parts[-1])[:-1], row])
        return rows

    def find(
        self,
        is_found: Callable[[Row], bool],
        may_hold: Callable[[ItemBlock], bool],
    ) -> Row | None:
        """Return the first row that is looked for, None if there is none.

        Args:
            is_found: Whether a row is.
            may_hold: Whether a row of a block may be.
        """
        for part in self._parts:
            is_looked_at = not isinstance(part, ItemBlock) or may_hold(part)
            row = next(filter(is_found, part), None) if is_looked_at else None
            if row is not None:
                return row
        return None


def is_item(row: Row) -> TypeGuard[Item]:
    """Return whether a row is an item."""
    return isinstance(row, Item)
