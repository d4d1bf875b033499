"""Look at the first elements of an iterator without taking them from it."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeVar

from bulkpause.inputs.table import ReadError


#: What was looked at is kept in memory, and a line may be long.
_MOST_CHARS = 8 << 20

_Element = TypeVar("_Element")


def look_ahead(
    elements: Iterator[_Element],
    count: int,
    *,
    weigh: Callable[[_Element], int],
    size: Callable[[_Element], int] = lambda _: 1,
) -> tuple[list[_Element], Iterator[_Element]]:
    """Return the first elements, and an iterator over them and the rest.

    A `ReadError` among them is raised by that iterator, after the elements before it.

    Args:
        elements: The elements, which must not be used any more.
        count: How many to return at most; fewer if they are large.
        weigh: Gives the number of characters in an element.
        size: Gives for how many of the count an element stands, if it is a batch.
    """
    head: list[_Element] = []
    chars = seen = 0
    try:
        for element in elements:
            head.append(element)
            chars += weigh(element)
            seen += size(element)
            if seen >= count or chars > _MOST_CHARS:
                break
    except ReadError as error:
        return head, _before_error(head, error)
    return head, chain(head, elements)


def _before_error(head: list[_Element], error: ReadError) -> Iterator[_Element]:
    yield from head
    raise error
