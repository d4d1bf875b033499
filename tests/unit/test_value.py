"""Values behave as those of frozen dataclasses, whose functions they share."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace
from typing import Any

import pytest

from bulkpause._value import state, value


@value
class Ours:
    name: str
    size: int = 0
    secret: str = field(default="", repr=False)
    cache: list[int] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    size: int = 0
    secret: str = field(default="", repr=False)
    cache: list[int] = field(default_factory=list, compare=False)


@value(kw_only=False, frozen=True)
class Guarded:
    name: str
    size: int = 0


@value
class Empty:
    pass


SAMPLES: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a", "secret": "x"},
    {"name": "a", "cache": [1]},
    {"name": "a", "size": 1},
    {"name": "b"},
]


@pytest.mark.parametrize("first", SAMPLES, ids=str)
@pytest.mark.parametrize("second", SAMPLES, ids=str)
def test_compares_and_hashes_as_a_dataclass(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    ours, plain = (Ours(**first), Ours(**second)), (Plain(**first), Plain(**second))

    assert (ours[0] == ours[1]) is (plain[0] == plain[1])
    assert (len({*ours})) == len({*plain})
    assert repr(ours[0]) == repr(plain[0]).replace("Plain", "Ours")
    assert asdict(ours[0]) == asdict(plain[0])


def test_values_of_other_classes_differ() -> None:
    values: list[object] = [Ours(name="a"), Plain(name="a"), Empty(), 1]

    assert [one == other for one in values for other in values].count(True) == 4
    assert Empty() == Empty()


def test_frozen_value_refuses_changes_at_run_time() -> None:
    guarded: Any = Guarded("a", 1)

    with pytest.raises(FrozenInstanceError):
        guarded.size = 2
    with pytest.raises(FrozenInstanceError):
        del guarded.size
    assert guarded == Guarded("a", 1)


@pytest.mark.parametrize("one", [Guarded("a", 1), Ours(name="a", cache=[1])], ids=str)
def test_values_can_be_copied_pickled_and_replaced(one: Any) -> None:
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    assert replace(one, size=7).size == 7


@state
class Counts:
    name: str
    total: int = 0


def test_state_changes_and_has_no_hash() -> None:
    counts: Any = Counts("a")

    counts.total += 1

    assert counts == Counts("a", 1)
    assert repr(counts) == "Counts(name='a', total=1)"
    with pytest.raises(TypeError, match="unhashable"):
        hash(counts)
