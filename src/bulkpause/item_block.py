"""Items of rows that follow one another, kept as columns.

An input may have a million rows, of which few are looked at one by one: an item as an
object takes ten times the memory of its texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import lt
from typing import cast, overload

from bulkpause.model import Earlier, Item, items_without_init


#: Stands between the texts of a column. Files of text have none, nor have ids.
_BETWEEN = "\0"


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
        ascends: Whether all have one length, and each is greater than the one before.
    """

    __slots__ = (
        *(
            "_earlier",
            "_names",
            "_sort_texts",
            "ascends",
            "id_lines",
            "lengths",
            "rows",
        ),
    )

    def __init__(
        self,
        ids: Sequence[str],
        rows: range,
        names: Sequence[str | None] | None = None,
        sort_texts: Sequence[str | None] | None = None,
    ) -> None:
        self.rows = rows
        self.id_lines = "\n".join(ids)
        # Here, where they are at hand: a million of them are looked at once.
        self.lengths = Counter(map(len, ids))
        others = islice(ids, 1, None)
        self.ascends = len(self.lengths) == 1 and all(map(lt, ids, others))
        self._names = None if names is None else _Texts(names)
        self._sort_texts = None if sort_texts is None else _Texts(sort_texts)
        self._earlier: Sequence[Earlier | None] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Item]:
        names = None if self._names is None else self._names.unpacked()
        texts = self.sort_texts
        return iter(
            items_without_init(self.ids, self.rows, names, texts, self._earlier)
        )

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

    @property
    def sort_texts(self) -> Sequence[str | None] | None:
        """The sort values; None if there are none."""
        return None if self._sort_texts is None else self._sort_texts.unpacked()

    def remember(self, earlier: Iterable[Earlier | None]) -> None:
        """Take in what the campaigns were before their pause."""
        self._earlier = list(earlier)

    def holds(self, text: str) -> bool:
        """Return whether an id or a name has a text in it."""
        return text in self.id_lines or (
            self._names is not None and self._names.hold(text)
        )


class _Texts:
    """A column of texts, kept as one text where they can be made from it again."""

    __slots__ = ("_has_blanks", "_kind", "_text", "_texts")

    def __init__(self, texts: Sequence[str | None]) -> None:
        kinds = set(map(type, texts))
        self._has_blanks = type(None) in kinds
        self._kind = cast(type[str], next(iter(kinds - {type(None)}), str))
        self._text = ""
        self._texts: Sequence[str | None] | None = texts
        if kinds <= {self._kind, type(None)} and _is_text_alone(self._kind):
            self._pack(texts)

    def _pack(self, texts: Sequence[str | None]) -> None:
        if not self._has_blanks:
            self._text = _BETWEEN.join(cast(Sequence[str], texts))
        elif "" in texts:
            return
        else:
            self._text = _BETWEEN.join(text or "" for text in texts)
        if self._text.count(_BETWEEN) == len(texts) - 1:
            self._texts = None

    def unpacked(self) -> Sequence[str | None]:
        """Return the texts."""
        if self._texts is not None:
            return self._texts
        texts = self._text.split(_BETWEEN)
        if self._has_blanks:
            return [self._kind(text) if text else None for text in texts]
        return texts if self._kind is str else list(map(self._kind, texts))

    def hold(self, part: str) -> bool:
        """Return whether any of the texts has a part."""
        if self._texts is None:
            return part in self._text
        return any(part in text for text in self._texts if text is not None)


def _is_text_alone(kind: type[str]) -> bool:
    """Return whether values of a kind of text keep nothing beside the text."""
    return kind is str or vars(kind).get("__slots__") == ()
