"""Find the column, or the JSON key, of the ids and of the values to sort by."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bulkpause._text import quote, replace_surrogates
from bulkpause.ids import WHITESPACE


_ID_COLUMNS = frozenset({"id", "campaign_id", "campaignid"})
#: Headings of the campaigns' names, the surest first. `_` stands for any separator.
NAME_COLUMNS = (
    *("campaign_name", "campaignname", "campaign_title", "name_of_campaign"),
    *("kampagnenname", "nom_de_la_campagne", "nombre_de_la_campaña"),
    *("nome_da_campanha", "nome_campagna", "nome_della_campagna", "campagnenaam"),
    *("naam_campagne", "nazwa_kampanii", "название_кампании"),
    *("name", "title", "campaign", "kampagne", "campagne", "campaña", "campanha"),
    *("campagna", "kampania", "кампания", "nom", "nombre", "nome", "naam", "nazwa"),
)
#: Headings of the campaigns' statuses, the surest first.
STATUS_COLUMNS = (
    *("campaign_status", "campaignstatus", "campaign_state", "campaign_delivery"),
    *("kampagnenstatus", "statut_de_la_campagne", "estado_de_la_campaña"),
    *("status_da_campanha", "stato_della_campagna", "stato_campagna"),
    *("campagnestatus", "status_kampanii", "статус_кампании"),
    *("status", "state", "delivery_status", "effective_status", "serving_status"),
    *("delivery", "statut", "état", "estado", "stato", "статус"),
)
#: A wide header is cut to this many columns in a message.
_MOST_COLUMNS_NAMED = 12


class RowError(ValueError):
    """A row or a header cannot be used. The message is the reason."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


def find_column(columns: tuple[str, ...], wanted: str | None) -> int:
    """Return the index of the column `wanted`, or of the id column if it is None.

    Raises:
        RowError: No column or more than one matches.
    """
    matches = _matching_columns(columns, wanted)
    if len(matches) == 1:
        return matches[0]
    raise RowError(*why_no_column(columns, wanted))


def why_no_column(columns: tuple[str, ...], wanted: str | None) -> tuple[str, str]:
    """Say that no column or more than one is meant, and the remedy."""
    count = "more than one" if _matching_columns(columns, wanted) else "no"
    kind = "id column" if wanted is None else f"column {quote(wanted)}"
    named = ", ".join(
        quote(_as_text(column)) for column in columns[:_MOST_COLUMNS_NAMED]
    )
    among = f" among {named}" if columns else ""
    return f"{count} {kind}{among}", "name one with --column"


def find_known_column(
    columns: tuple[str, ...], known: Sequence[str], *, other_than: int
) -> int | None:
    """Return the index of the column with the surest of the known names.

    Args:
        columns: The headings.
        known: Normalized names, the surest first.
        other_than: The index of the ids, which is never meant.
    """
    normalized = [_normalize(column) for column in columns]
    normalized[other_than] = ""
    found = (normalized.index(name) for name in known if name in normalized)
    return next(found, None)


def has_column(columns: Sequence[str], wanted: str | None) -> bool:
    """Return whether a column matches `wanted`, or is an id column if it is None."""
    return bool(_matching_columns(tuple(columns), wanted))


def is_same_column(one: str, other: str) -> bool:
    """Return whether two names differ in case and separators at most."""
    return one == other or (
        _normalize(one).replace("_", "") == _normalize(other).replace("_", "")
    )


# The cache is small because each row of a hostile feed may have long keys of its own.
@lru_cache(maxsize=32)
def _matching_columns(columns: tuple[str, ...], wanted: str | None) -> tuple[int, ...]:
    """Return matching indexes. An exact name beats one that differs in case or spaces."""
    exact = tuple(
        index for index, column in enumerate(columns) if _as_text(column) == wanted
    )
    if exact:
        return exact
    names = _ID_COLUMNS if wanted is None else {_normalize(wanted)}
    return tuple(
        index for index, column in enumerate(columns) if _normalize(column) in names
    )


def _as_text(column: str) -> str:
    """Give a heading as the user sees and types it."""
    return replace_surrogates(column).strip(WHITESPACE)


def _normalize(column: str) -> str:
    column = replace_surrogates(column)
    return re.sub(r"[\s_-]+", "_", column.strip(WHITESPACE + '"').casefold())
