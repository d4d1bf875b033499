"""What is a campaign id, and why another text is none.

An id goes into a URL path as it stands, so that only characters are accepted that
mean themselves there. Spreadsheets change long numbers without a word; what they
leave behind is refused even where its characters would do.
"""

import re

from bulkpause.model import Item, Problem


#: White space that an id may stand in.
BLANK = " \t\r\n\v\f\N{NO-BREAK SPACE}"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}").fullmatch
_REFORMATTED_NUMBER = re.compile(
    r"[+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+ | [+-]?[0-9]+(?:[.,][0-9]*)+", re.VERBOSE
).fullmatch
#: What exports write where there is no value, or under the last row.
_PLACEHOLDERS = frozenset(
    {"false", "nan", "none", "null", "total", "true", "undefined"}
)
#: Spreadsheets keep 15 digits of a number and put zeros for the rest.
_ROUNDED_DIGITS = re.compile(r"[0-9]{13,}000").fullmatch

_EXPORT_AS_TEXT = "format the id column as text, fill it in anew and export again"


def as_item(row: int, text: str, sort_text: str | None = None) -> Item | Problem:
    """Take a text as the id of a row. White space around it is not part of it."""
    id_ = text.strip(BLANK)
    if fault := fault_of(id_):
        return Problem(row=row, reason=fault[0], remedy=fault[1])
    return Item(id=id_, row=row, sort_text=sort_text)


def fault_of(text: str) -> tuple[str, str] | None:
    """Say why `text` is no id and what to do about it; None if it is one."""
    if not text:
        return "no id", "fill it in or delete the row"
    if _REFORMATTED_NUMBER(text):
        return f"{shown(text)} is a reformatted number, not an id", _EXPORT_AS_TEXT
    if not _ID(text):
        remedy = "an id is 1 to 64 letters, digits, - and _, the first no - or _"
        return f"{shown(text)} is no id", remedy
    if _ROUNDED_DIGITS(text):
        return f"{shown(text)} was rounded by a spreadsheet", _EXPORT_AS_TEXT
    if text.casefold() in _PLACEHOLDERS:
        return f"{shown(text)} is no id", "delete the row or fill in the id"
    return None


def shown(text: str, *, most: int = 40) -> str:
    """Quote a text of unknown origin, cut short and safe to print."""
    return ascii(text if len(text) <= most else text[: most - 1] + "…")
