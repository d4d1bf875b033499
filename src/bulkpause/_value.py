"""Make classes of values, which a type checker, and not each call, keeps unchanged.

A class that is not used costs a tenth of a dataclass to import: only its slots are made
then. What makes an instance is compiled for the first one, and what `dataclasses` tells
of a class is found out when it is first asked for. What compares, hashes and shows
instances is shared by all classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, FrozenInstanceError, dataclass, field, fields
from functools import cache
from operator import attrgetter
from threading import RLock
from typing import Any, TypeVar, cast, dataclass_transform, overload


_Value = TypeVar("_Value")


@overload
def value(cls: type[_Value], /) -> type[_Value]: ...
@overload
def value(
    *, kw_only: bool = True, slots: bool = True, frozen: bool = False
) -> Callable[[type[_Value]], type[_Value]]: ...
@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(field,)
)
def value(
    cls: type[_Value] | None = None,
    /,
    *,
    kw_only: bool = True,
    slots: bool = True,
    frozen: bool = False,
) -> type[_Value] | Callable[[type[_Value]], type[_Value]]:
    """Make a dataclass of a class whose instances do not change.

    To type checkers it is a frozen dataclass.

    Args:
        cls: The class.
        kw_only: Whether its fields are given by their names alone.
        slots: Whether an instance has no `__dict__`.
        frozen: Whether the fields are guarded at run time too, as in the values that
            programs get or give. An instance takes four times as long to make then.

    Raises:
        FrozenInstanceError: From an instance, if one of its fields is set again.
    """

    def make(cls: type[_Value]) -> type[_Value]:
        shared = {**_SHARED, **_GUARDS} if frozen else _SHARED
        return _made(cls, shared, kw_only=kw_only, slots=slots)

    return make if cls is None else make(cls)


@overload
def state(cls: type[_Value], /) -> type[_Value]: ...
@overload
def state(*, kw_only: bool) -> Callable[[type[_Value]], type[_Value]]: ...
@dataclass_transform(field_specifiers=(field,))
def state(
    cls: type[_Value] | None = None, /, *, kw_only: bool = False
) -> type[_Value] | Callable[[type[_Value]], type[_Value]]:
    """Make a dataclass of a class whose instances change, with slots.

    Args:
        cls: The class.
        kw_only: Whether its fields are given by their names alone.
    """

    def make(cls: type[_Value]) -> type[_Value]:
        shared = {**_SHARED, "__hash__": None}
        return _made(cls, shared, kw_only=kw_only, slots=True)

    return make if cls is None else make(cls)


def _made(
    cls: type[_Value], shared: Mapping[str, object], *, kw_only: bool, slots: bool
) -> type[_Value]:
    """Make a class again, with the parts that it does not define itself."""
    lazy = _Dataclass(cls, kw_only)
    parts = {**shared, **{name: _Part(name, lazy) for name in _OF_DATACLASS}}
    own = {name: one for name, one in vars(cls).items() if name not in _NOT_KEPT}
    names = tuple(own.get("__annotations__", ()))
    for name in names:
        # A slot has no default, and `dataclass` leaves none that is made anew.
        if slots or isinstance(own.get(name), Field):
            own.pop(name, None)
    if slots:
        own["__slots__"] = names
    own |= {name: part for name, part in parts.items() if own.get(name) is None}
    metaclass: Any = type(cls)
    lazy.made = made = cast("type[_Value]", metaclass(cls.__name__, cls.__bases__, own))
    made.__qualname__ = cls.__qualname__
    return made


#: What belongs to the class as it was written.
_NOT_KEPT = {"__dict__", "__weakref__"}
#: What `dataclass` makes of a class, all of it at the first use of any.
_OF_DATACLASS = (
    *("__init__", "__match_args__"),
    *("__dataclass_fields__", "__dataclass_params__"),
)
#: Two threads may use a class for the first time at once. One class may use another.
_ONE_AT_A_TIME = RLock()


class _Dataclass:
    """What `dataclass` makes of a class, once it is used.

    Args:
        source: The class as it was written, with its defaults.
        kw_only: Whether its fields are given by their names alone.

    Attributes:
        made: The class that is used: not this one, which is not whole while another
            thread lets `dataclass` change it.
    """

    __slots__ = ("_is_complete", "_kw_only", "_source", "made")

    def __init__(self, source: type, kw_only: bool) -> None:  # noqa: FBT001
        self._source = self.made = source
        self._kw_only = kw_only
        self._is_complete = False

    def complete(self) -> None:
        """Put the parts in the places of those that stand in for them."""
        with _ONE_AT_A_TIME:
            if not self._is_complete:
                self._make()
                self._is_complete = True

    def _make(self) -> None:
        dataclass(eq=False, repr=False, kw_only=self._kw_only)(self._source)
        for name in _OF_DATACLASS:
            setattr(self.made, name, vars(self._source)[name])


class _Part:
    """Stands in a class for a part that `dataclass` makes.

    Args:
        name: Its name.
        of: What makes it.
    """

    __slots__ = ("_name", "_of")

    def __init__(self, name: str, of: _Dataclass) -> None:
        self._name = name
        self._of = of

    def __get__(self, instance: object, owner: type) -> Any:
        self._of.complete()
        part = vars(self._of.made)[self._name]
        bind = getattr(part, "__get__", None)
        return part if bind is None else bind(instance, owner)


@cache
def _compared(cls: Any) -> Callable[[object], object]:
    """Give what takes the values that count from an instance of a class."""
    names = [one.name for one in fields(cls) if one.compare]
    return attrgetter(*names) if names else type


def _is_equal(self: object, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(type(self))  # type: ignore[arg-type]
    return values(self) == values(other)


def _hash(self: object) -> int:
    values = _compared(type(self))  # type: ignore[arg-type]
    return hash(values(self))


def _repr(self: object) -> str:
    shown = [one.name for one in fields(self) if one.repr]  # type: ignore[arg-type]
    texts = (f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({', '.join(texts)})"


_SHARED: Mapping[str, object] = {
    "__eq__": _is_equal,
    "__hash__": _hash,
    "__repr__": _repr,
}


def _set_once(self: object, name: str, new: object) -> None:
    """Set a field for the first time. It has a slot, which is empty until then."""
    if hasattr(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, new)


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_GUARDS = {"__setattr__": _set_once, "__delattr__": _refuse_to_delete}
