"""Find ids that a later row gives another name than the row by which they are planned.

A row may have slipped, or an export is of another account: the id is paused, and the
name that people read beside it may be that of another campaign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bulkpause._text import replace_surrogates
from bulkpause._value import value
from bulkpause.inputs.table import Input
from bulkpause.items import Items
from bulkpause.model import Item
from bulkpause.plan import repeated_ids


#: An account and an id in it.
_Key = tuple[str | None, str]


@value
class OtherNames:
    """The ids that an input gives another name than the row by which they are planned.

    Attributes:
        ids: How many there are.
        id: The first one.
        name: The name by which it is planned.
        source: The input that has this name.
        row: Its row there.
        other_name: Its other name.
        other_row: The row of that.
    """

    ids: int
    id: str
    name: str
    source: str
    row: int
    other_name: str
    other_row: int


def find_other_names(inputs: Sequence[Input], items: Items) -> Mapping[int, OtherNames]:
    """Find such ids in all inputs, by the number of the input that has the other name.

    A row without a name says nothing, and blanks make no difference.

    Args:
        inputs: The inputs.
        items: The items of all of them.
    """
    if all(one.table.name_column is None for one in inputs):
        return {}
    if not (repeated := repeated_ids(items)):
        return {}
    first: dict[_Key, tuple[str, Item]] = {}
    found: dict[int, dict[_Key, OtherNames]] = {}
    for number, one in enumerate(inputs):
        for item in one.table.rows.items_of(repeated):
            if not item.name:
                continue
            key = (item.account, item.id)
            source, planned = first.setdefault(key, (one.name, item))
            if _has_other_name(item, planned):
                others = found.setdefault(number, {})
                others.setdefault(key, _other_name(item, planned, source))
    return {
        number: replace(next(iter(others.values())), ids=len(others))
        for number, others in found.items()
    }


def _has_other_name(item: Item, planned: Item) -> bool:
    return item.name != planned.name and _words(item) != _words(planned)


def _words(item: Item) -> list[str]:
    return (item.name or "").split()


def _other_name(item: Item, planned: Item, source: str) -> OtherNames:
    return OtherNames(
        ids=1,
        id=item.id,
        name=replace_surrogates(planned.name or ""),
        source=source,
        row=planned.row,
        other_name=replace_surrogates(item.name or ""),
        other_row=item.row,
    )
