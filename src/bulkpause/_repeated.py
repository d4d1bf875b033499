"""A column of values that are all the same, kept and looked at once."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Generic, TypeVar, overload


_Value = TypeVar("_Value")
_Changed = TypeVar("_Changed")
_Value_co = TypeVar("_Value_co", covariant=True)


class Repeated(Sequence[_Value_co], Generic[_Value_co]):
    """One value so many times.

    Args:
        value: The value.
        count: How many times.
    """

    __slots__ = ("_count", "_value")

    def __init__(self, value: _Value_co, count: int) -> None:
        self._value = value
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Value_co]:
        return repeat(self._value, self._count)

    @overload
    def __getitem__(self, index: int) -> _Value_co: ...
    @overload
    def __getitem__(self, index: slice) -> "Repeated[_Value_co]": ...
    def __getitem__(self, index: int | slice) -> "_Value_co | Repeated[_Value_co]":
        found = range(self._count)[index]
        if isinstance(found, range):
            return Repeated(self._value, len(found))
        return self._value


def is_repeated(column: Sequence[object]) -> bool:
    """Tell whether a column keeps its values as one."""
    return isinstance(column, Repeated)


def of_each(
    column: Sequence[_Value], change: Callable[[_Value], _Changed]
) -> Sequence[_Changed]:
    """Change each value of a column; once if it is repeated."""
    if is_repeated(column):
        return Repeated(change(column[0]), len(column))
    return list(map(change, column))
