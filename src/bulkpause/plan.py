"""Plan a run: the ids to send, without duplicates, with a digest of their order."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain, islice
from operator import attrgetter, lt
from typing import cast

from bulkpause._value import value
from bulkpause.model import InvalidRow, Item


#: Ids are hashed in pieces of this many, and compared in this many parts.
_IDS_AT_ONCE = 10_000
_PARTS = 32
_id_of = attrgetter("id")


@value(frozen=True)
class Plan:
    """The items that a run would send, and counts of the rows that it would not.

    `rows` is the number of items and invalid rows, plus `duplicate` (rows that repeat
    an id), plus `already_done` (ids that an earlier run has settled). `whole_digest` is
    the digest before any id was left out as done; None if none was.
    """

    rows: int
    items: tuple[Item, ...]
    invalid_rows: tuple[InvalidRow, ...]
    duplicate: int
    already_done: int
    whole_digest: str | None = None

    @property
    def input_digest(self) -> str:
        """The digest of all ids of the input, those that are done included."""
        return self.whole_digest or self.digest

    @property
    def digest(self) -> str:
        """A short hash of the ids in sending order."""
        return digest(map(_id_of, self.items))

    def without(self, done: AbstractSet[str]) -> "Plan":
        """Leave out ids that need no more requests, and count them as already done."""
        if not done:
            return self
        items = tuple(item for item in self.items if item.id not in done)
        left_out = len(self.items) - len(items)
        if not left_out:
            return self
        return replace(
            self,
            items=items,
            already_done=self.already_done + left_out,
            whole_digest=self.input_digest,
        )


def make_plans(rows: Iterable[Item | InvalidRow]) -> dict[str | None, Plan]:
    """Plan the rows of each account, the accounts in the order of their first rows.

    Two accounts may have the same id. Invalid rows without an account are in the plan
    of the first account that has one; in one of their own if none has.
    """
    groups: dict[str | None, list[Item | InvalidRow]] = {}
    for row in rows:
        groups.setdefault(row.account, []).append(row)
    unowned = groups.pop(None, [])
    first = next(iter(groups), None)
    if unowned or not groups:
        groups[first] = [*groups.get(first, ()), *unowned]
    return {account: make_plan(group) for account, group in groups.items()}


def digest_of(plans: Mapping[str | None, Plan]) -> str:
    """Return a short hash of the ids of all accounts, each in sending order."""
    if set(plans) == {None}:
        return plans[None].digest
    return digest(
        item.id if account is None else f"{account}/{item.id}"
        for account, plan in plans.items()
        for item in plan.items
    )


def join_plans(plans: Sequence[Plan]) -> Plan:
    """Make one plan of lists that follow one another."""
    if len(plans) == 1:
        return plans[0]
    return Plan(
        rows=sum(plan.rows for plan in plans),
        items=tuple(chain.from_iterable(plan.items for plan in plans)),
        invalid_rows=tuple(chain.from_iterable(plan.invalid_rows for plan in plans)),
        duplicate=sum(plan.duplicate for plan in plans),
        already_done=sum(plan.already_done for plan in plans),
    )


def digest(ids: Iterable[str]) -> str:
    """Return a short hash of the ids and their order: 16 hexadecimal digits."""
    hashed = hashlib.sha256()
    ids, end = iter(ids), b""
    while part := list(islice(ids, _IDS_AT_ONCE)):
        hashed.update(end + "\n".join(part).encode())
        end = b"\n"
    return hashed.hexdigest()[:16]


def make_plan(
    rows: Iterable[Item | InvalidRow], *, done: AbstractSet[str] = frozenset()
) -> Plan:
    """Keep the first row of each id, leave out ids that are done, count the others.

    Args:
        rows: The rows of the input.
        done: Ids that need no more requests.
    """
    rows = rows if isinstance(rows, Sequence) else list(rows)
    invalid_rows = [row for row in rows if isinstance(row, InvalidRow)]
    items = _items_of(rows) if invalid_rows else tuple(cast(Sequence[Item], rows))
    first_items = _first_items(items)
    plan = Plan(
        rows=len(items) + len(invalid_rows),
        items=first_items,
        invalid_rows=tuple(invalid_rows),
        duplicate=len(items) - len(first_items),
        already_done=0,
    )
    return plan.without(done)


def _items_of(rows: Iterable[Item | InvalidRow]) -> tuple[Item, ...]:
    return tuple(row for row in rows if isinstance(row, Item))


def _first_items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Keep the first item of each id."""
    repeated = _repeated_ids(items)
    if not repeated:
        return items
    seen: set[str] = set()

    def is_first(item: Item) -> bool:
        if item.id in seen:
            return False
        if item.id in repeated:
            seen.add(item.id)
        return True

    return tuple(filter(is_first, items))


def _repeated_ids(items: Iterable[Item]) -> set[str]:
    """Return the ids that occur more than once.

    They are compared in parts. One table of a million ids, and the smaller one that it
    grows from, would be a fifth of all memory.
    """
    if _are_in_order(items):
        return set()
    parts: list[list[str]] = [[] for _ in range(_PARTS)]
    put = [part.append for part in parts]
    for id_ in map(_id_of, items):
        put[hash(id_) % _PARTS](id_)
    return set(chain.from_iterable(map(_repeated, parts)))


def _are_in_order(items: Iterable[Item]) -> bool:
    """Return whether each id is longer or greater than the one before, as in exports."""
    return all(map(lt, _keys_of(items), islice(_keys_of(items), 1, None)))


def _keys_of(items: Iterable[Item]) -> Iterator[tuple[int, str]]:
    """Give the length and the text of each id, without a list of a million of them."""
    return zip(map(len, map(_id_of, items)), map(_id_of, items), strict=True)


def _repeated(ids: Sequence[str]) -> Iterable[str]:
    if len(set(ids)) == len(ids):
        return ()
    return [id_ for id_, count in Counter(ids).items() if count > 1]
