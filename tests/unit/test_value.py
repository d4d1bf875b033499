"""Values behave as those of frozen dataclasses, whose functions they share."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import (
    FrozenInstanceError,
    asdict,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)
from inspect import signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._value import init_without_dataclass, state, value


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


def test_class_used_by_threads_is_completed_once() -> None:
    @value
    class Fresh:
        name: str = "a"
        parts: list[int] = field(default_factory=list)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: Fresh(name=str(n)), range(64)))

    assert [one.name for one in made] == [str(n) for n in range(64)]
    assert len({id(one.parts) for one in made}) == 64


def test_subclass_has_the_fields_of_its_base() -> None:
    @value
    class Base:
        size: int = 0
        parts: list[int] = field(default_factory=list)

    @value
    class Derived(Base):
        name: str

    class Plainer(Base):
        pass

    assert Derived(name="a", size=1) == Derived(name="a", size=1, parts=[])
    assert [one.name for one in fields(Derived)] == ["size", "parts", "name"]
    assert Plainer(size=2).size == 2


def test_unused_class_tells_its_parameters() -> None:
    @value(kw_only=False)
    class Fresh:
        name: str
        size: int = 0

    assert str(signature(Fresh)) == "(name: str, size: int = 0) -> None"
    assert is_dataclass(Fresh)


def test_unused_class_tells_its_order() -> None:
    @value(kw_only=False)
    class Fresh:
        name: str
        size: int = 0

    fresh: Any = Fresh

    assert fresh.__match_args__ == ("name", "size")


def written() -> type:
    """Write a class as `_value` finds it: with `field`s, and not yet a dataclass."""

    class Written:
        name: str
        size: int = 0
        secret: str = field(default="", repr=False)
        cache: list[int] = field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            if self.name == "bad":
                raise ValueError(self.name)

    return Written


ARGUMENTS = st.dictionaries(
    st.sampled_from(["name", "size", "secret", "cache", "other"]),
    st.sampled_from(["a", "bad", 1]),
)


@given(ARGUMENTS, st.lists(st.sampled_from(["a", "bad"]), max_size=5), st.booleans())
def test_init_without_dataclass_does_the_same(
    named: dict[str, object], placed: list[str], kw_only: bool
) -> None:
    ours: Any = written()
    ours.__init__ = init_without_dataclass(ours, kw_only=kw_only)
    theirs: Any = dataclass(written(), kw_only=kw_only)

    assert outcome(ours, placed, named) == outcome(theirs, placed, named)


def outcome(kind: type, placed: list[str], named: dict[str, object]) -> object:
    try:
        return vars(kind(*placed, **named))
    except (TypeError, ValueError) as error:
        return str(error)
