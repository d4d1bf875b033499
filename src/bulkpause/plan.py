"""Plan a run: the ids to send, without duplicates, with a digest of their order."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain, islice

from bulkpause._value import value
from bulkpause.items import Items
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


#: Ids are hashed in pieces of this many, and compared in this many parts.
_IDS_AT_ONCE = 10_000
_PARTS = 32


@value(frozen=True)
class Plan:
    """The items that a run would send, and counts of the rows that it would not.

    `rows` is the number of items and invalid rows, plus `duplicate` (rows that repeat
    an id), plus `already_done` (ids that an earlier run has settled). `whole_digest` is
    the digest before any id was left out as done; None if none was.
    """

    rows: int
    items: Sequence[Item]
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
        return _digest_of_lines(Items.of(self.items).id_lines())

    def without(self, done: AbstractSet[str]) -> "Plan":
        """Leave out ids that need no more requests, and count them as already done."""
        if not done:
            return self
        items = Items.of(self.items)
        ids = enumerate(items.ids())
        left = array("L", (place for place, id_ in ids if id_ not in done))
        left_out = len(items) - len(left)
        if not left_out:
            return self
        return replace(
            self,
            items=items.at(left),
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
    return _digest_of_lines(_lines_of(iter(ids)))


def _lines_of(ids: Iterator[str]) -> Iterator[str]:
    while piece := list(islice(ids, _IDS_AT_ONCE)):
        yield "\n".join(piece)


def _digest_of_lines(pieces: Iterable[str]) -> str:
    """Return the hash of pieces of ids, which are one per line."""
    hashed = hashlib.sha256()
    end = b""
    for piece in pieces:
        hashed.update(end + piece.encode())
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
    if not isinstance(rows, Rows):
        rows = Rows(rows)
    first_items = _first_items(rows.items)
    plan = Plan(
        rows=len(rows),
        items=first_items,
        invalid_rows=tuple(rows.invalid),
        duplicate=len(rows) - len(rows.invalid) - len(first_items),
        already_done=0,
    )
    return plan.without(done)


def _first_items(items: Items) -> Items:
    """Keep the first item of each id."""
    repeated = repeated_ids(items)
    if not repeated:
        return items
    seen: set[str] = set()

    def is_first(id_: str) -> bool:
        if id_ in seen:
            return False
        if id_ in repeated:
            seen.add(id_)
        return True

    ids = enumerate(items.ids())
    return items.at(array("L", (place for place, id_ in ids if is_first(id_))))


def repeated_ids(items: Items) -> set[str]:
    """Return the ids that occur more than once.

    They are compared in parts. One table of a million ids, and the smaller one that it
    grows from, would be a fifth of all memory.
    """
    if items.ascend():
        return set()
    parts: list[list[str]] = [[] for _ in range(_PARTS)]
    put = [part.append for part in parts]
    for id_ in items.ids():
        put[hash(id_) % _PARTS](id_)
    return set(chain.from_iterable(map(_repeated, parts)))


def _repeated(ids: Sequence[str]) -> Iterable[str]:
    if len(set(ids)) == len(ids):
        return ()
    return [id_ for id_, count in Counter(ids).items() if count > 1]
