"""Answer list requests: filters, search, order, pages and fields, as documented.

https://docs.ocamba.com/api/hood/v1.0/view-campaigns
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import parse_qsl

from bulkpause.simulator.campaign import LABEL_FORMS, Campaign
from bulkpause.simulator.campaigns import Campaigns
from bulkpause.simulator.faults import Fault, Script


#: What `total` says: the number of all campaigns of the list, the same as a text, the
#: number of those on the page, or nothing.
TOTALS = ("number", "string", "page", "none")
#: What happens to a page that is to have more items than allowed.
OVERSIZES = ("cut", "400")
SORTABLE = frozenset(
    {"name", "status", "next_run_time", "run_counter", "create_time", "update_time"}
)
SEARCHABLE = ("name", "description")
#: Parameters that are no filter.
_OTHERS = frozenset({"page", "sort", "q", "q_fields", "view", "fields"})
_USUAL_SIZE = 10
_DEFAULT_SORT = "-create_time"

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda value, given: value == given,
    "neq": lambda value, given: value != given,
    "gt": lambda value, given: value > given,
    "gte": lambda value, given: value >= given,
    "lt": lambda value, given: value < given,
    "lte": lambda value, given: value <= given,
    "in": lambda value, given: value in given.split(","),
    "nin": lambda value, given: value not in given.split(","),
}
#: Operators that hold for a list of labels only if they hold for each of them.
_OF_ALL = frozenset({"neq", "nin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Options of lists; what the documentation leaves open is one of them.

    Attributes:
        total: What `total` says, one of `TOTALS`.
        total_offset: Added to what it says, for one that is wrong.
        max_page_size: The most items of a page; None for any number.
        oversize: What happens to a request for more, one of `OVERSIZES`.
        ignored: Parameters without an effect, such as `labels`, `sort` or `page`.
        hidden_fields: Fields that no list shows.
        label_form: How labels are shown, one of `LABEL_FORMS`.
        shuffles_ties: Whether campaigns with the same sort value come in any order.
        changes: What happens before a list request is answered, by the number of the
            request from 1: campaigns that are put, and ids that are removed.
        rotten: Items that each page has besides, whatever they are.
        script: Faults of the first, second, ... list request. None means no fault.
        fault_rates: Probability of each fault without a script.

    Raises:
        ValueError: A value that its field does not allow.
    """

    total: str = "number"
    total_offset: int = 0
    max_page_size: int | None = None
    oversize: str = "cut"
    ignored: frozenset[str] = frozenset()
    hidden_fields: frozenset[str] = frozenset()
    label_form: str = "array"
    shuffles_ties: bool = False
    changes: Mapping[int, tuple[Campaign | str, ...]] = field(default_factory=dict)
    rotten: tuple[object, ...] = ()
    script: Script = ()
    fault_rates: Mapping[Fault, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, choices in (
            ("total", TOTALS),
            ("oversize", OVERSIZES),
            ("label_form", LABEL_FORMS),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}")
        if self.max_page_size is not None and self.max_page_size < 1:
            raise ValueError("max_page_size must be at least 1")


class ListRequestError(ValueError):
    """A list request is not valid."""


class Listing:
    """Answers the list requests of one account.

    Args:
        lists: The options.
        source: Draws the order of ties.
    """

    def __init__(self, lists: Lists, source: Random) -> None:
        self._lists = lists
        self._source = source
        self._requests = 0
        #: The last list, by its parameters and the version of the campaigns: a page of
        #: many campaigns need not filter and sort them anew.
        self._last: tuple[object, list[Campaign]] = (None, [])

    def answer(self, query: str, campaigns: Campaigns) -> dict[str, object]:
        """Give the page that a query, without its question mark, asks for.

        Raises:
            ListRequestError: The query is not valid.
        """
        self._requests += 1
        for change in self._lists.changes.get(self._requests, ()):
            if isinstance(change, Campaign):
                campaigns.put(change)
            else:
                campaigns.remove(change)
        given = parse_qsl(query, keep_blank_values=True)
        parameters = [
            (name, value) for name, value in given if name not in self._lists.ignored
        ]
        return self._page(self._list(parameters, campaigns), dict(parameters))

    def _list(
        self, parameters: list[tuple[str, str]], campaigns: Campaigns
    ) -> list[Campaign]:
        chosen = [pair for pair in parameters if pair[0] != "page"]
        key = (chosen, campaigns.version)
        if self._last[0] != key or self._lists.shuffles_ties:
            kept = _filtered(campaigns.listed(), chosen)
            if self._lists.shuffles_ties:
                self._source.shuffle(kept)
            self._last = key, _ordered(kept, dict(chosen).get("sort", _DEFAULT_SORT))
        return self._last[1]

    def _page(
        self, ordered: Sequence[Campaign], named: Mapping[str, str]
    ) -> dict[str, object]:
        lists = self._lists
        number, size = _page_of(named.get("page"), lists)
        page = ordered[(number - 1) * size : number * size]
        items = [_item(one, named, lists) for one in page] + list(lists.rotten)
        total = len(ordered) + lists.total_offset
        totals: dict[str, object] = {
            "number": total,
            "string": str(total),
            "page": len(page),
        }
        of_total = {"total": totals[lists.total]} if lists.total in totals else {}
        return of_total | {"items": items}


def _filtered(
    campaigns: Sequence[Campaign], parameters: Sequence[tuple[str, str]]
) -> list[Campaign]:
    named = dict(parameters)
    shown = ((one, one.fields()) for one in campaigns)
    return [one for one, fields in shown if _fits(fields, parameters, named)]


def _fits(
    fields: Mapping[str, object],
    parameters: Iterable[tuple[str, str]],
    named: Mapping[str, str],
) -> bool:
    filters = ((name, value) for name, value in parameters if name not in _OTHERS)
    return _is_found(fields, named) and all(
        _holds(fields[name], value) for name, value in filters if name in fields
    )


def _is_found(fields: Mapping[str, object], named: Mapping[str, str]) -> bool:
    names = named.get("q_fields", ",".join(SEARCHABLE)).split(",")
    if unknown := [name for name in names if name not in SEARCHABLE]:
        raise ListRequestError(f"{unknown[0]!r} is not searchable")
    text = named.get("q", "").casefold()
    return any(text in str(fields[name]).casefold() for name in names)


def _holds(value: object, condition: str) -> bool:
    operator, colon, given = condition.partition(":")
    if not colon or not operator.isalpha():
        operator, given = "eq", condition
    if operator not in _OPERATORS:
        raise ListRequestError(f"{operator!r} is not a supported operator")
    test = _OPERATORS[operator]
    if isinstance(value, list):
        held = [test(str(one), given) for one in value]
        return all(held) if operator in _OF_ALL else any(held)
    return test("" if value is None else str(value), given)


def _page_of(text: str | None, lists: Lists) -> tuple[int, int]:
    """Read `N` or `N,M`: the number of a page from 1, and its size."""
    number, _, size = (text or "1").partition(",")
    try:
        page = int(number), int(size or _USUAL_SIZE)
    except ValueError:
        raise ListRequestError("page is not of the form N,M") from None
    if min(page) < 1:
        raise ListRequestError("a page and its size begin with 1")
    most = lists.max_page_size
    if most is None or page[1] <= most:
        return page
    if lists.oversize == "400":
        raise ListRequestError(f"a page has at most {most} items")
    return page[0], most


def _ordered(campaigns: Sequence[Campaign], sort: str) -> list[Campaign]:
    ordered = list(campaigns)
    for part in reversed(sort.split(",")):
        name = part.removeprefix("-")
        if name not in SORTABLE:
            raise ListRequestError(f"{name!r} is not sortable")
        ordered.sort(key=_sort_value(name), reverse=part.startswith("-"))
    return ordered


def _sort_value(name: str) -> Callable[[Campaign], str]:
    return lambda campaign: str(campaign.fields().get(name, ""))


def _item(
    campaign: Campaign, named: Mapping[str, str], lists: Lists
) -> dict[str, object]:
    fields = campaign.fields(label_form=lists.label_form)
    asked = set(named["fields"].split(",")) if "fields" in named else fields.keys()
    shown = asked - lists.hidden_fields
    return {name: value for name, value in fields.items() if name in shown}
