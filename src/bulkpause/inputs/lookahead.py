"""Look at the first elements of an iterator without taking them from it."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TypeVar

from bulkpause.inputs.table import ReadError


_Element = TypeVar("_Element")


def look_ahead(
    elements: Iterator[_Element], count: int
) -> tuple[list[_Element], Iterator[_Element]]:
    """Return up to `count` elements, and an iterator over all of them and the rest.

    A `ReadError` among them is raised by that iterator, after the elements before it.
    """
    head: list[_Element] = []
    try:
        # Not `list()`: what came before an error is kept.
        head.extend(islice(elements, count))
    except ReadError as error:
        return head, _before_error(head, error)
    return head, chain(head, elements)


def _before_error(head: list[_Element], error: ReadError) -> Iterator[_Element]:
    yield from head
    raise error
