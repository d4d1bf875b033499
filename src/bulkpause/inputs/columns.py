"""Which column, or which key, holds the ids and which the values to sort by."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bulkpause._text import quote
from bulkpause.ids import BLANK


_ID_COLUMNS = frozenset({"id", "campaign_id", "campaignid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that are asked for by name; None where none is."""

    column: str | None = None
    sort_column: str | None = None


class RowError(ValueError):
    """A row, or a heading, that we cannot use: the reason and the remedy."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


def position(columns: tuple[str, ...], wanted: str | None) -> int:
    """Find the column that is wanted, or that of the ids where `wanted` is None.

    Raises:
        RowError: There is none, or there are several.
    """
    found = _positions(columns, wanted)
    if len(found) == 1:
        return found[0]
    there = ", ".join(quote(column) for column in columns[:12])
    sought = "of ids" if wanted is None else quote(wanted)
    count = "no" if not found else "more than one"
    remedy = "name one with --column"
    raise RowError(f"{count} column {sought} among {there or 'none'}", remedy)


def has_column(columns: Sequence[str], wanted: str | None) -> bool:
    """Tell whether the column may be there, once or several times."""
    return bool(_positions(tuple(columns), wanted))


#: Few, since the rows of a hostile feed may each have long names of their own.
@lru_cache(maxsize=32)
def _positions(columns: tuple[str, ...], wanted: str | None) -> tuple[int, ...]:
    """Find what may be meant. Spelling beats folded case and spaces."""
    found = [at for at, column in enumerate(columns) if column.strip(BLANK) == wanted]
    if not found:
        names = _ID_COLUMNS if wanted is None else {_normal(wanted)}
        found = [at for at, column in enumerate(columns) if _normal(column) in names]
    return tuple(found)


def _normal(column: str) -> str:
    return re.sub(r"[\s_-]+", "_", column.strip(BLANK + '"').casefold())
