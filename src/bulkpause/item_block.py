"""Items of rows that follow one another, kept as columns.

An input may have a million rows, of which few are looked at one by one: an item as an
object takes ten times the memory of its texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import lt
from typing import overload

from bulkpause.model import Earlier, Item, items_without_init
from bulkpause.text_column import TextColumn


class ItemBlock(Sequence[Item]):
    """Items of rows that follow one another. Each is made anew when it is asked for.

    Args:
        ids: The ids, at least one, all of them numbers.
        rows: The number of the row of each.
        names: The name of each; None if there are none.
        sort_texts: The sort value of each; None if there are none.

    Attributes:
        rows: The numbers of the rows.
        id_lines: The ids, one per line.
        lengths: How many ids have each length.
        sort_column: The sort values; None if there are none.
        ascends: Whether all have one length, and each is greater than the one before.
    """

    __slots__ = (
        *("_earlier", "_names", "ascends", "id_lines", "lengths", "rows"),
        "sort_column",
    )

    def __init__(
        self,
        ids: Sequence[str],
        rows: range,
        names: Sequence[str | None] | None = None,
        sort_texts: Sequence[str | None] | TextColumn | None = None,
    ) -> None:
        self.rows = rows
        self.id_lines = "\n".join(ids)
        # Here, where they are at hand: a million of them are looked at once.
        self.lengths = Counter(map(len, ids))
        others = islice(ids, 1, None)
        self.ascends = len(self.lengths) == 1 and all(map(lt, ids, others))
        self._names = None if names is None else TextColumn(names)
        if sort_texts is not None and not isinstance(sort_texts, TextColumn):
            sort_texts = TextColumn(sort_texts)
        self.sort_column = sort_texts
        self._earlier: Sequence[Earlier | None] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Item]:
        names = None if self._names is None else self._names.texts()
        amounts = None if self.sort_column is None else self.sort_column.texts()
        earlier = self._earlier
        return iter(items_without_init(self.ids, self.rows, names, amounts, earlier))

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        return list(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def ids(self) -> list[str]:
        """The ids."""
        return self.id_lines.split("\n")

    def remember(self, earlier: Iterable[Earlier | None]) -> None:
        """Take in what the campaigns were before their pause."""
        self._earlier = list(earlier)

    def holds(self, text: str) -> bool:
        """Return whether an id or a name has a text in it."""
        return text in self.id_lines or (
            self._names is not None and self._names.holds(text)
        )
