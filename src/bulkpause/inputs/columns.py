"""Find the column, or the JSON key, of the ids and of the values to sort by."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

from bulkpause._text import quote, replace_surrogates
from bulkpause.ids import WHITESPACE


#: The option that names the id column.
ID_FLAG = "--column"
_ID_COLUMNS = frozenset({
    *("id", "campaign_id", "campaignid", "id_campaign"),
    *("kampagnen_id", "kampagnenid", "kampagne_id", "id_campagne"),
    *("id_de_campagne", "id_de_la_campagne", "identifiant_de_la_campagne"),
    *("id_de_campaña", "id_de_la_campaña", "identificador_de_campaña"),
    *("id_da_campanha", "id_de_campanha", "id_campagna", "id_della_campagna"),
    *("campagne_id", "id_kampanii", "identyfikator_kampanii"),
    *("id_кампании", "идентификатор_кампании"),
})  # fmt: skip
#: As in `id`, `account_id`, `Ad ID`, `CampaignId`.
is_title_of_ids = partial(
    re.fullmatch, r"(?:[^\W\d_]+[ _-]+)*(?:id|ID|Id|IDs|ids)|[A-Za-z]+I[Dd]"
)
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
#: Headings of the accounts' names, the surest first.
ACCOUNT_COLUMNS = ("account", "account_name", "accountname")
#: The heading of the campaigns' `scheduled_time`, as `bulkpause list` and the API write it.
TIME_COLUMN = "scheduled_time"
#: Headings of the currency of a row's amounts, the surest first.
CURRENCY_COLUMNS = (
    *("currency", "currency_code", "currencycode", "account_currency"),
    *("campaign_currency", "währung", "devise", "moneda", "moeda", "valuta", "waluta"),
)
#: Values under such headings are in no currency.
_has_no_currency = partial(
    re.search,
    r"click|klick|impr|conv|install|views?\b|ctr|rate|count|prio|score|roas|days|%",
    flags=re.IGNORECASE,
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
    raise RowError(*why_no_columns(columns, {ID_FLAG: wanted}))


def column_that_may_hold_ids(columns: Sequence[str]) -> str | None:
    """Return the only heading that is one of ids, be they of campaigns or not."""
    titles = [text for text in map(_as_text, columns) if is_title_of_ids(text)]
    return titles[0] if len(titles) == 1 else None


def why_no_columns(
    columns: tuple[str, ...], wanted: Mapping[str, str | None]
) -> tuple[str, str]:
    """Say of which columns there is none or more than one, and the remedy.

    Args:
        columns: The headings.
        wanted: Names of columns by the option that names them, none of which is found.
    """
    faults = " and ".join(_count_of(columns, name) for name in wanted.values())
    named = ", ".join(
        quote(_as_text(column)) for column in columns[:_MOST_COLUMNS_NAMED]
    )
    among = f" among {named}" if columns else ""
    if any(_are_twins(columns, name) for name in wanted.values()):
        # No option can tell them apart.
        return f"{faults}{among}", "rename or delete one of those with the same name"
    others = "one" if list(wanted) == [ID_FLAG] else "another column"
    others = others if len(wanted) == 1 else "others"
    return f"{faults}{among}", f"name {others} with {' and '.join(wanted)}"


def _are_twins(columns: tuple[str, ...], wanted: str | None) -> bool:
    """Return whether several columns match, of which none has a name of its own."""
    names = [_as_text(columns[index]) for index in _matching_columns(columns, wanted)]
    return len(names) > 1 and not any(names.count(name) == 1 for name in names)


def _count_of(columns: tuple[str, ...], wanted: str | None) -> str:
    count = "more than one" if _matching_columns(columns, wanted) else "no"
    kind = "id column" if wanted is None else f"column {quote(wanted)}"
    return f"{count} {kind}"


def find_known_column(
    columns: tuple[str, ...], known: Sequence[str], *, other_than: int | None
) -> int | None:
    """Return the index of the column with the surest of the known names.

    Args:
        columns: The headings.
        known: Normalized names, the surest first.
        other_than: The index of the ids, which is never meant; None if they are not
            among these.
    """
    normalized = [_normalize(column) for column in columns]
    if other_than is not None:
        normalized[other_than] = ""
    found = (normalized.index(name) for name in known if name in normalized)
    return next(found, None)


@lru_cache(maxsize=32)
def find_currency_column(
    columns: tuple[str, ...], amount: str | None, *, other_than: int | None
) -> int | None:
    """Return the index of the currency of the column `amount`, if there is one."""
    if amount is None or _has_no_currency(amount):
        return None
    return find_known_column(columns, CURRENCY_COLUMNS, other_than=other_than)


def is_found(columns: tuple[str, ...], wanted: str | None) -> bool:
    """Return whether exactly one column is meant."""
    return len(_matching_columns(columns, wanted)) == 1


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
