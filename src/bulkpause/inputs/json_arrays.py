"""Find the array of the campaigns among those of an object in JSON."""

from collections.abc import Sequence

from bulkpause._text import quote
from bulkpause._value import state
from bulkpause.inputs.json_campaigns import (
    DEEPEST_ARRAY,
    is_of_campaigns,
    is_of_ids,
    is_of_something_else,
)
from bulkpause.inputs.json_pages import request_failed
from bulkpause.inputs.json_row import JsonRows
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import Item


_ARRAY_ALONE = "write the array of the campaigns alone"
_IDS_ALONE = "write the array of the ids alone, or pass --any-id if this is it"
#: Keys that answers give the list that was asked for, whatever it is of.
_LISTS = frozenset({
    *("content", "data", "docs", "edges", "elements", "entries", "hits", "items"),
    *("list", "nodes", "objects", "records", "result", "results", "rows", "values"),
})  # fmt: skip
#: Keys of what is not to be paused (any more), though it may be campaigns.
_GONE = frozenset({
    *("archived", "deleted", "excluded", "failed", "ignored", "removed", "skipped"),
})  # fmt: skip


@state(kw_only=True)
class FoundArray:
    """An array in an object.

    Attributes:
        path: Its key, behind the keys of the objects around it.
        table: Its rows and their keys.
        maker: What made the rows.
    """

    path: tuple[str, ...]
    table: Table
    maker: JsonRows

    @property
    def name(self) -> str:
        """Its path as it is shown."""
        return quote(".".join(self.path))

    @property
    def holds_objects_with_id(self) -> bool:
        """Whether a key of ids was found in an element."""
        return self.maker.id_key is not None

    @property
    def holds_ids(self) -> bool:
        """Whether its bare values, if it has any, can only be ids."""
        return (
            self.maker.has_objects
            or is_of_ids(self.path[-1])
            or all(
                isinstance(row, Item) and row.id.isdecimal() for row in self.table.rows
            )
        )

    @property
    def is_of_something_else(self) -> bool:
        """Whether its key says that it holds other things than campaigns."""
        return self.surety < 2 and any(map(is_of_something_else, self.path))

    @property
    def may_be_campaigns(self) -> bool:
        """Whether it holds rows with ids, or any under a key that says so."""
        return bool(self.table.rows) and (
            is_of_campaigns(".".join(self.path))
            or (self.holds_objects_with_id and not self.is_of_something_else)
        )

    @property
    def surety(self) -> int:
        """How surely its key says that it is the list that was asked for."""
        key = self.path[-1].casefold()
        return 2 if is_of_ids(key) else int(key in _LISTS)


def only_array(arrays: Sequence[FoundArray], *, takes_any_id: bool) -> FoundArray:
    """Return the array of the campaigns: of objects with an id, or else the only one.

    Many answers have empty arrays beside the rows, or arrays of other things.

    Raises:
        ReadError: There is none, or several may be meant, or the one that has rows is
            not the one that was asked for.
    """
    if not arrays:
        detail = "an object without an id, and without an array in its first"
        raise ReadError(f"{detail} {DEEPEST_ARRAY} levels", _ARRAY_ALONE)
    meant = [array for array in arrays if not array.is_of_something_else]
    filled = [array for array in meant or arrays if array.table.rows]
    found = [array for array in filled if array.holds_objects_with_id] or filled
    if len(found) > 1:
        named = ", ".join(array.name for array in found[:12])
        raise ReadError(f"an object with several arrays, {named}", _ARRAY_ALONE)
    if not meant and not found:
        raise ReadError(f"has no list but {arrays[0].name}", _ARRAY_ALONE)
    if not found and any(map(_holds_errors, arrays)):
        raise request_failed()
    only = next(iter(found), (meant or arrays)[0])
    if not takes_any_id:
        _check_is_meant(only, meant)
    return only


def _holds_errors(array: FoundArray) -> bool:
    return bool(array.table.rows) and array.path[-1].casefold() in {"error", "errors"}


def _check_is_meant(only: FoundArray, arrays: Sequence[FoundArray]) -> None:
    if not only.holds_ids:
        detail = f"the array {only.name} holds other values than numbers"
        raise ReadError(f"{detail}, so they may not be ids", _IDS_ALONE)
    if only.is_of_something_else or only.path[-1].casefold() in _GONE:
        detail = f"the only array with rows is {only.name}, which may not be campaigns"
        raise ReadError(detail, _IDS_ALONE)
    surer = (one for one in arrays if one.surety > only.surety)
    if (other := next(surer, None)) is not None:
        detail = f"the array {other.name} is empty, and {only.name} may be other things"
        raise ReadError(detail, _IDS_ALONE)
