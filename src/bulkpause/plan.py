"""Plan a run: the ids to send, without duplicates, with a digest of their order."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain

from bulkpause.model import InvalidRow, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The items that a run would send, and counts of the rows that it would not.

    `rows` is the number of items and invalid rows, plus `duplicate` (rows that repeat
    an id), plus `already_done` (ids that an earlier run has settled).
    """

    rows: int
    items: tuple[Item, ...]
    invalid_rows: tuple[InvalidRow, ...]
    duplicate: int
    already_done: int

    @property
    def digest(self) -> str:
        """A short hash of the ids in sending order."""
        return digest(item.id for item in self.items)

    def without(self, done: AbstractSet[str]) -> "Plan":
        """Leave out ids that need no more requests, and count them as already done."""
        items = tuple(item for item in self.items if item.id not in done)
        left_out = len(self.items) - len(items)
        return replace(self, items=items, already_done=self.already_done + left_out)


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
    return digest(
        item.id if account is None else f"{account}/{item.id}"
        for account, plan in plans.items()
        for item in plan.items
    )


def join_plans(plans: Sequence[Plan]) -> Plan:
    """Make one plan of lists that follow one another."""
    return Plan(
        rows=sum(plan.rows for plan in plans),
        items=tuple(chain.from_iterable(plan.items for plan in plans)),
        invalid_rows=tuple(chain.from_iterable(plan.invalid_rows for plan in plans)),
        duplicate=sum(plan.duplicate for plan in plans),
        already_done=sum(plan.already_done for plan in plans),
    )


def digest(ids: Iterable[str]) -> str:
    """Return a short hash of the ids and their order: 16 hexadecimal digits."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def make_plan(
    rows: Iterable[Item | InvalidRow], *, done: AbstractSet[str] = frozenset()
) -> Plan:
    """Keep the first row of each id, leave out ids that are done, count the others.

    Args:
        rows: The rows of the input.
        done: Ids that need no more requests.
    """
    first_items: dict[str, Item] = {}
    invalid_rows: list[InvalidRow] = []
    count = 0
    for row in rows:
        count += 1
        if isinstance(row, InvalidRow):
            invalid_rows.append(row)
        else:
            first_items.setdefault(row.id, row)
    plan = Plan(
        rows=count,
        items=tuple(first_items.values()),
        invalid_rows=tuple(invalid_rows),
        duplicate=count - len(invalid_rows) - len(first_items),
        already_done=0,
    )
    return plan.without(done)
