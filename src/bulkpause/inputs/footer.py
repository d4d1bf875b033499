"""Tell the sums below a table from its rows."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import chain, islice

from bulkpause._value import state
from bulkpause.ids import TOTALS, WHITESPACE
from bulkpause.inputs.cells import text_at
from bulkpause.inputs.heading import Heading
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.model import Item


#: A table has no more sums below it, as of its account, its campaigns and in all.
_MOST_FOOTERS = 8
_LONGEST_LABEL = 100
#: What stands behind the word for a sum, as in `Total: Campaigns` and `Total (3)`.
_word_before_rest = re.compile(r"([^\W\d]+(?:[ -][^\W\d]+)?)\s*(?:[:(\d].*)?").fullmatch


@state(kw_only=True)
class Footer:
    """Keeps the last items of a table, and finds those that are sums.

    Attributes:
        heading: The heading of the table.
        count: How many items were noted.
    """

    heading: Heading
    count: int = 0
    _last: deque[tuple[Sequence[Item], RowBatch]] = field(default_factory=deque)
    _kept: int = 0

    def note(self, items: Sequence[Item], batch: RowBatch) -> None:
        """Note items in their order, and their rows."""
        self.count += len(items)
        self._kept += len(items)
        self._last.append((items, batch))
        while self._kept - len(self._last[0][0]) >= _MOST_FOOTERS:
            self._kept -= len(self._last.popleft()[0])

    def rows(self) -> frozenset[int]:
        """Return the numbers of the last rows that are sums or counts."""
        found: set[int] = set()
        for above, (item, cells) in enumerate(self._from_last(), 1):
            if not self._is_footer(item, cells, above=self.count - above):
                break
            found.add(item.row)
        return frozenset(found)

    def _from_last(self) -> Iterator[tuple[Item, Sequence[str]]]:
        """Give the items that may be sums and their cells, the last first."""
        pairs = chain.from_iterable(
            zip(
                reversed(items[-_MOST_FOOTERS:]),
                reversed(batch.last(_MOST_FOOTERS)),
                strict=True,
            )
            for items, batch in reversed(self._last)
        )
        return islice(pairs, _MOST_FOOTERS)

    def _is_footer(self, item: Item, cells: Sequence[str], *, above: int) -> bool:
        index = self.heading.id_index
        others = [*cells[:index], *cells[index + 1 :]]
        if any(map(_is_label_of_sum, others)):
            return True
        name_index = self.heading.name_index
        has_name = name_index is None or text_at(cells, name_index) is not None
        return not has_name and above > 1 and item.id == str(above)


def _is_label_of_sum(cell: str) -> bool:
    text = cell[:_LONGEST_LABEL].strip(WHITESPACE).casefold()
    match = _word_before_rest(text)
    return match is not None and match[1] in TOTALS
