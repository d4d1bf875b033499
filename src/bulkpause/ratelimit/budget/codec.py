"""Encode the state of a budget, and refuse what is not one of ours.

It is a line of JSON, and after it the numbers of all resting requests: an account's
requests of a minute are written in each step.
"""

import struct
from collections.abc import Iterator
from itertools import chain, islice
from math import isfinite
from operator import attrgetter
from typing import Any

import orjson

from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.ratelimit.budget.state import Member, Resting, SharedReset, State
from bulkpause.vocabulary import Priority


#: The version of the state that is written, and the only one that is read.
STATE_VERSION = 1
#: Ends the line of JSON.
_END = b"\n"
#: The bytes of a number.
_DOUBLE = 8
_MEMBER = (
    "call_number",
    "host",
    "priority",
    "since",
    "demand",
    "gap_s",
    "lease_until",
    "asked_at",
    "comes_at",
    "score",
    "scored_at",
    "held",
    "ahead_s",
)
_VALUES_OF_MEMBER = attrgetter(*_MEMBER)
#: What decoding raises for what is not a state.
_NOT_OURS = (
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
)


def encode(state: State) -> bytes:
    """Encode a state."""
    # An instant that never was becomes null: JSON has no infinity.
    head = orjson.dumps(
        {
            "bulkpause_budget": STATE_VERSION,
            "limits": [[limit.requests, limit.period_s] for limit in state.limits],
            "born": state.born,
            "at": state.at,
            "members": {
                owner: _encoded_member(member)
                for owner, member in state.members.items()
            },
            "resets": state.resets,
            "cooldown_until": state.cooldown_until,
            "settles_until": state.settles_until,
            "last_sent_at": state.last_sent_at,
            "granted": state.granted,
        }
    )
    windows = [window for one in state.members.values() for window in one.resting]
    numbers = list(chain.from_iterable(chain.from_iterable(windows)))
    return b"".join([head, _END, struct.pack(f"<{len(numbers)}d", *numbers)])


def _encoded_member(member: Member) -> list[Any]:
    return [*_VALUES_OF_MEMBER(member), list(map(len, member.resting))]


def decode(raw: bytes, *, place: str) -> State:
    """Decode a state.

    Args:
        raw: What the store holds.
        place: Where that is, for messages.

    Raises:
        SettingsError: It is of a newer bulkpause, or not a budget of bulkpause.
    """
    try:
        head, _, numbers = raw.partition(_END)
        value = orjson.loads(head)
        is_newer = int(value["bulkpause_budget"]) > STATE_VERSION
        state = None if is_newer else _state(value, numbers)
    except _NOT_OURS as error:
        raise foreign(place) from error
    if state is None:
        raise newer(place)
    return state


def newer(place: str) -> SettingsError:
    """Make the error for a budget of a newer bulkpause."""
    return SettingsError(
        f"the shared budget in {place} is used by a newer bulkpause; upgrade this one, "
        "or share another budget with --share"
    )


def foreign(place: str) -> SettingsError:
    """Make the error for what is no budget."""
    return SettingsError(
        f"{place} holds something else than a budget of bulkpause; name another place "
        "with --share"
    )


def _state(value: dict[str, Any], numbers: bytes) -> State:
    limits = tuple(Limit(int(n), float(period_s)) for n, period_s in value["limits"])
    resting = _resting(numbers)
    state = State(
        limits=limits,
        born=float(value["born"]),
        at=float(value["at"]),
        members={
            owner: _member(fields, len(limits), resting)
            for owner, fields in value["members"].items()
        },
        resets=_of_length(len(limits), tuple(map(_reset, value["resets"]))),
        cooldown_until=_instant(value["cooldown_until"]),
        settles_until=_instant(value["settles_until"]),
        last_sent_at=_instant(value["last_sent_at"]),
        granted=int(value["granted"]),
    )
    if next(resting, None) is not None:
        raise ValueError(numbers)
    return state


def _member(fields: list[Any], windows: int, resting: Iterator[Resting]) -> Member:
    *values, lengths = fields
    given = dict(zip(_MEMBER, values, strict=True))
    for name in ("lease_until", "asked_at", "comes_at"):
        given[name] = _instant(given[name])
    given["priority"] = Priority(given["priority"])
    given["held"] = _of_length(windows, tuple(map(int, given["held"])))
    rest = tuple([_taken(resting, int(length)) for length in lengths])
    return Member(**given, resting=_of_length(windows, rest))


def _resting(numbers: bytes) -> Iterator[Resting]:
    """Decode the resting requests of all members."""
    values = struct.unpack(f"<{len(numbers) // _DOUBLE}d", numbers)
    if not isfinite(sum(values)):
        raise ValueError(numbers)
    each = iter(values)
    return map(Resting._make, zip(each, each, each, strict=True))


def _taken(resting: Iterator[Resting], length: int) -> tuple[Resting, ...]:
    return _of_length(length, tuple(islice(resting, length)))


def _reset(fields: dict[str, Any] | None) -> SharedReset | None:
    if fields is None:
        return None
    reset = SharedReset(**fields)
    if reset.is_confirmed not in {True, False, None}:
        raise ValueError(fields)
    return SharedReset(
        earliest=float(reset.earliest),
        latest=float(reset.latest),
        is_confirmed=reset.is_confirmed,
        highest_count=int(reset.highest_count),
    )


def _of_length(length: int, values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(values) != length:
        raise ValueError(values)
    return values


def _instant(value: float | None) -> float:
    return float("-inf") if value is None else float(value)
