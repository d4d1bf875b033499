"""Items and problems → what is to be sent, in which order, under which digest."""

import hashlib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bulkpause.model import InvalidRow, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would send, and what it found on the way there."""

    rows: int
    items: tuple[Item, ...]
    problems: tuple[InvalidRow, ...]
    duplicate: int
    already_done: int

    @property
    def digest(self) -> str:
        """A short hash of the ids in the order in which they would be sent."""
        return digest(item.id for item in self.items)


def digest(ids: Iterable[str]) -> str:
    """Give a short hash of ids in their order."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def make_plan(
    rows: Iterable[Item | InvalidRow], *, done: AbstractSet[str] = frozenset()
) -> Plan:
    """Keep the first row of each id, leave out what is done, count the rest.

    Args:
        rows: What the source gives.
        done: Ids that need no more.
    """
    first: dict[str, Item] = {}
    problems: list[InvalidRow] = []
    count = 0
    for row in rows:
        count += 1
        if isinstance(row, InvalidRow):
            problems.append(row)
        else:
            first.setdefault(row.id, row)
    items = tuple(item for item in first.values() if item.id not in done)
    return Plan(
        rows=count,
        items=items,
        problems=tuple(problems),
        duplicate=count - len(problems) - len(first),
        already_done=len(first) - len(items),
    )
