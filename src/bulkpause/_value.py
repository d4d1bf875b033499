"""Make classes of values, which a type checker, and not each call, keeps unchanged.

A class that is not used costs a tenth of a dataclass to import: only its slots are made
then. What makes an instance is compiled for the first one, and what `dataclasses` tells
of a class is found out when it is first asked for. What compares, hashes and shows
instances is shared by all classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
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
_INIT = "__init__"
#: What `dataclass` makes of a class.
_OF_DATACLASS = (
    *(_INIT, "__match_args__"),
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

    __slots__ = ("_kw_only", "_source", "made")

    def __init__(self, source: type, kw_only: bool) -> None:  # noqa: FBT001
        self._source = self.made = source
        self._kw_only = kw_only

    def complete(self, name: str) -> None:
        """Put a part in the place of what stands in for it."""
        with _ONE_AT_A_TIME:
            if not isinstance(vars(self.made)[name], _Part):
                return
            is_plain = _is_plain(self._source)
            if is_plain and isinstance(vars(self.made)[_INIT], _Part):
                self._make_init()
            if name != _INIT or not is_plain:
                self._make_others(is_plain=is_plain)

    def _make_init(self) -> None:
        """Make `__init__` first: `dataclass` takes the fields' factories away."""
        init = init_without_dataclass(self._source, kw_only=self._kw_only)
        setattr(self.made, _INIT, init)

    def _make_others(self, *, is_plain: bool) -> None:
        source = self._source
        dataclass(init=not is_plain, eq=False, repr=False, kw_only=self._kw_only)(
            source
        )
        for name in _OF_DATACLASS:
            if name in vars(source):
                setattr(self.made, name, vars(source)[name])


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
        self._of.complete(self._name)
        part = vars(self._of.made)[self._name]
        bind = getattr(part, "__get__", None)
        return part if bind is None else bind(instance, owner)


def _is_plain(source: type) -> bool:
    """Tell whether a class has no fields but its own, and no `__init__`."""
    bases = source.__mro__[1:]
    return _INIT not in vars(source) and not any(
        "__dataclass_fields__" in vars(base) for base in bases
    )


def init_without_dataclass(source: type, *, kw_only: bool) -> Callable[..., None]:
    """Compile the `__init__` that `dataclass` would, in a fourth of its time.

    Args:
        source: The class as it was written, with its defaults. It inherits no fields,
            and its `field`s have a default, a factory, or only tell what is compared.
        kw_only: Whether its fields are given by their names alone.
    """
    types: dict[str, object] = vars(source).get("__annotations__", {})
    known: dict[str, object] = {"_MADE": _MADE}
    parameters, lines = ["self", "*"] if kw_only and types else ["self"], []
    for name in types:
        default, value_ = vars(source).get(name, MISSING), name
        if isinstance(default, Field):
            if default.default_factory is not MISSING:
                known[f"_make_{name}"] = default.default_factory
                value_ = f"_make_{name}() if {name} is _MADE else {name}"
                default = _MADE
            else:
                default = default.default
        known[f"_default_{name}"] = default
        is_needed = default is MISSING
        parameters.append(name if is_needed else f"{name}=_default_{name}")
        lines.append(f" self.{name} = {value_}")
    if hasattr(source, "__post_init__"):
        lines.append(" self.__post_init__()")
    head = f"def __init__({', '.join(parameters)}):"
    body = lines or [" pass"]
    exec("\n".join([head, *body]), known)  # noqa: S102 (as `dataclass`)
    init: Any = known["__init__"]
    init.__qualname__ = f"{source.__qualname__}.__init__"
    init.__annotations__ = {**types, "return": None}
    return cast(Callable[..., None], init)


class _Made:
    """Stands for the default of a field that is made for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE = _Made()


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
