"""Take the ids that a program gives: check what they are, and plan them."""

import os
from collections import Counter
from collections.abc import AsyncIterable, Iterable, Mapping
from io import IOBase
from typing import SupportsIndex

from bulkpause.errors import InputError
from bulkpause.ids import parse_item, validate
from bulkpause.model import InvalidRow, Item
from bulkpause.plan import Plan, make_plan


#: One id, as a text or an integer, or a row of an input.
GivenId = str | SupportsIndex | Item | InvalidRow
GivenIds = Iterable[GivenId] | AsyncIterable[GivenId] | Plan

_OF_FILE = "pause(read_input(path)) for the ids of a file"


def check_is_list(ids: object) -> None:
    """Refuse what is no list of ids, though it may be iterable.

    Raises:
        TypeError: It is a text, one id, a mapping, a path, an open file or None.
    """
    name = type(ids).__name__
    match ids:
        case Plan():
            return
        case str() | bytes() | bytearray() | memoryview():
            remedy = f"pause([id]) for one id, or {_OF_FILE}"
        case Item() | InvalidRow() | SupportsIndex():
            remedy = "pause([id])"
        case Mapping():
            remedy = "pause(list(ids)) if its keys are the ids"
        case os.PathLike() | IOBase():
            remedy = _OF_FILE
        case Iterable() | AsyncIterable():
            return
        case _:
            remedy = f"pause([id]), or {_OF_FILE}"
    raise TypeError(f"{name} is not a list of ids: write {remedy}")


async def plan_of_ids(ids: GivenIds) -> Plan:
    """Plan ids, read to their end. A plan is kept if its ids are valid and occur once.

    Raises:
        TypeError: One is neither a text, an integer nor a row.
        InputError: The plan has an invalid or repeated id.
    """
    if isinstance(ids, Plan):
        return _checked(ids)
    if isinstance(ids, AsyncIterable):
        ids = [one async for one in ids]
    return make_plan(_row_of(number, one) for number, one in enumerate(ids, 1))


def _row_of(number: int, given: object) -> Item | InvalidRow:
    match given:
        case str():
            return parse_item(number, given)
        case Item() | InvalidRow():
            return validate(given)
        case SupportsIndex() if not isinstance(given, bool):
            return _row_of_integer(number, given.__index__())
        case _:
            raise TypeError(
                f"the id in place {number} is of type {type(given).__name__}: give each "
                "id as str or int; nothing was sent"
            )


def _row_of_integer(number: int, id_: int) -> Item | InvalidRow:
    if id_ < 1:
        detail, remedy = "is not a valid id", "an id as an integer is 1 or more"
        return InvalidRow(row=number, detail=detail, remedy=remedy, value=str(id_))
    return parse_item(number, str(id_))


def _checked(plan: Plan) -> Plan:
    for item in plan.items:
        if isinstance(row := validate(item), InvalidRow):
            raise InputError(f"{row}; nothing was sent")
    repeated = Counter(item.id for item in plan.items).most_common(1)
    if repeated and repeated[0][1] > 1:
        raise InputError(
            f"the plan has {repeated[0][0]} more than once; nothing was sent"
        )
    return plan
