"""Make classes of values, which a type checker, and not each call, keeps unchanged."""

from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload


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

    To type checkers it is a frozen dataclass. Most of the time that such a class takes
    to import is spent on functions that `dataclass` writes and compiles for it: here
    they are shared.

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
        made = dataclass(eq=False, repr=False, kw_only=kw_only, slots=slots)(cls)
        return _with(made, _shared(made) | (_GUARDS if frozen else {}))

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

    It shares what `value` shares.

    Args:
        cls: The class.
        kw_only: Whether its fields are given by their names alone.
    """

    def make(cls: type[_Value]) -> type[_Value]:
        made = dataclass(eq=False, repr=False, kw_only=kw_only, slots=True)(cls)
        return _with(made, _shared(made) | {"__hash__": None})

    return make if cls is None else make(cls)


def _shared(cls: type) -> dict[str, object]:
    """Give what `dataclass` would write and compile for the class anew."""
    compared = [one.name for one in fields(cls) if one.compare]
    values = attrgetter(*compared) if compared else type

    def is_equal(self: object, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hash_of(self: object) -> int:
        return hash(values(self))

    return {"__eq__": is_equal, "__hash__": hash_of, "__repr__": _repr}


def _repr(self: object) -> str:
    shown = [one.name for one in fields(self) if one.repr]  # type: ignore[arg-type]
    texts = (f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _set_once(self: object, name: str, new: object) -> None:
    """Set a field for the first time. It has a slot, which is empty until then."""
    if hasattr(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, new)


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_GUARDS = {"__setattr__": _set_once, "__delattr__": _refuse_to_delete}


def _with(cls: type[_Value], methods: Mapping[str, object]) -> type[_Value]:
    """Add methods that the class does not define itself."""
    for name, method in methods.items():
        if vars(cls).get(name) is None:
            setattr(cls, name, method)
    return cls
