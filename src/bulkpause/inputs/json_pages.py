"""Tell whether an API's answer in JSON is a whole list, one page of it, or an error."""

from collections.abc import Iterator, Mapping

from bulkpause.inputs.table import ReadError


#: Keys without case, `_` and `-`: of the number of all elements, of that of all pages,
#: of flags that more follow, and of what names the next page.
_TOTALS = frozenset({
    *("total", "totalcount", "totalresults", "totalitems", "totalelements"),
    *("totalrecords", "totalrows", "totalsize", "recordstotal"),
})  # fmt: skip
_PAGES = frozenset({"totalpages", "pagecount", "numpages", "lastpage"})
_MORE = frozenset({"hasmore", "hasnext", "hasnextpage", "hasmorepages", "istruncated"})
_NEXT = frozenset({
    *("next", "nexturl", "nextlink", "nextpage", "nextpageurl", "nextpagetoken"),
    *("nexttoken", "nextcursor", "lastevaluatedkey", "continuationtoken"),
    "@odata.nextlink",
})  # fmt: skip
#: Keys of objects beside a list that say which page of it this is.
_PAGING = frozenset({
    *("meta", "metadata", "responsemetadata", "paging", "pagination", "page"),
    *("pageinfo", "links", "cursors"),
})  # fmt: skip
_CODES = frozenset({"status", "statuscode", "code", "errorcode"})
_FLAGS = frozenset({"ok", "success", "successful"})
_ERRORS = frozenset({"error", "errors"})
_NO = frozenset({"", "0", "false", "none", "null"})
_READ_ALL = "read the other pages too, and write all elements into one array"


def check_is_whole(
    fields: Mapping[str, object], path: tuple[str, ...], rows: int
) -> None:
    """Check that an API's answer is not one page of several.

    What is said around the list counts, and what a key such as `paging` stands before.

    Args:
        fields: The answer, without its arrays.
        path: The keys of the list.
        rows: The number of its elements.

    Raises:
        ReadError: It says that there are more campaigns than it holds.
    """
    for key, value in _said_around(fields, path):
        if key in _TOTALS and (total := _number(value)) > rows:
            raise ReadError(f"holds {rows} of {total} elements", _READ_ALL)
        if key in _PAGES and (pages := _number(value)) > 1:
            raise ReadError(f"holds one of {pages} pages", _READ_ALL)
        if (key in _MORE or key in _NEXT) and _is_set(value):
            detail = f"says that more follow after its {rows} elements"
            raise ReadError(detail, _READ_ALL)


def request_failed() -> ReadError:
    """Make the error of an answer that holds errors and no campaign."""
    detail = "an API's answer that its request failed, without a campaign"
    return ReadError(detail, "send the request again, and pass the list it gives")


def check_is_no_error(fields: Mapping[str, object]) -> None:
    """Check that an answer without a campaign is an empty list, and not an error.

    Raises:
        ReadError: It says that the request failed.
    """
    for key, value in _plain(fields):
        if (
            (key in _CODES and 400 <= _number(value) < 600)
            or (key in _FLAGS and value is False)
            or (key in _ERRORS and _is_set(value))
        ):
            raise request_failed()


def _said_around(
    fields: Mapping[str, object], path: tuple[str, ...]
) -> Iterator[tuple[str, object]]:
    around: object = fields
    for step in path:
        if not isinstance(around, Mapping):
            return
        for key, value in _plain(around):
            yield key, value
            if key in _PAGING and isinstance(value, dict):
                yield from _plain(value)
        around = around.get(step)


def _plain(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Give keys without what their spellings differ in."""
    for key, value in fields.items():
        yield key.casefold().replace("_", "").replace("-", ""), value


def _number(value: object) -> int:
    """Return a whole number, also one in quotes; 0 for anything else."""
    is_number = isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(str(value)[:20]) if is_number else 0


def _is_set(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_is_set, value.values()))
    return value is True or (isinstance(value, str) and value.casefold() not in _NO)
