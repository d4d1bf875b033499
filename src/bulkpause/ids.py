"""What is a campaign id, and why another text is none.

An id goes into a URL path as it stands, so that only characters are accepted that
mean themselves there. Spreadsheets change numbers, dates and words without a word;
what they leave behind is refused even where its characters would do.
"""

import re

from bulkpause._text import quote
from bulkpause.model import InvalidRow, Item


#: White space that an id may stand in.
BLANK = " \t\r\n\v\f\N{NO-BREAK SPACE}"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}").fullmatch
_REFORMATTED_NUMBER = re.compile(
    r"[+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+ | [+-]?[0-9]+(?:[.,][0-9]*)+", re.VERBOSE
).fullmatch
#: Spreadsheets keep 15 digits of a number and put zeros for the rest.
_EXACT_DIGITS = 15
_ROUNDED_DIGITS = re.compile(r"[0-9]{13,}000").fullmatch
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DATE = re.compile(
    rf"""
    [0-9]{{1,2}}-{_MONTH}(?:-[0-9]{{2,4}})? | {_MONTH}-[0-9]{{2,4}}
    | [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} | [0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{4}}
    """,
    re.VERBOSE | re.IGNORECASE,
).fullmatch
#: What exports write where there is no value, or under the last row.
_PLACEHOLDERS = frozenset(
    {"false", "na", "nan", "none", "null", "total", "true", "undefined"}
)
#: What stands over a column of ids, and within it where files were joined.
_HEADINGS = frozenset({
    "campaign",
    "campaign-id",
    "campaign_id",
    "campaign_ids",
    "campaignid",
    "campaigns",
    "id",
    "ids",
})  # fmt: skip

_EXPORT_AS_TEXT = "format the id column as text, fill it in anew and export again"


def as_item(row: int, text: str, sort_text: str | None = None) -> Item | InvalidRow:
    """Take a text as the id of a row. White space around it is not part of it."""
    id_ = text.strip(BLANK)
    if fault := fault_of(id_):
        return InvalidRow(row=row, detail=fault[0], remedy=fault[1])
    return Item(id=id_, row=row, sort_text=sort_text)


def checked(item: Item | InvalidRow) -> Item | InvalidRow:
    """Take an item whose id may come from anywhere for what it is."""
    if isinstance(item, Item) and (fault := fault_of(item.id)):
        return InvalidRow(row=item.row, detail=fault[0], remedy=fault[1])
    return item


def fault_of(text: str) -> tuple[str, str] | None:
    """Say why `text` is no id and what to do about it; None if it is one."""
    if text.isdecimal() and text.isascii() and len(text) <= _EXACT_DIGITS:
        return None
    if not text:
        return "no id", "fill it in or delete the row"
    if change := _change_of(text):
        return f"{quote(text)} {change}, not an id", _EXPORT_AS_TEXT
    if not has_the_letters_of_an_id(text):
        remedy = "an id is 1 to 64 letters, digits, - and _, the first no - or _"
        return f"{quote(text)} is no id", remedy
    return _word_fault(text)


def has_the_letters_of_an_id(text: str) -> bool:
    """Tell whether a text could be an id, were it not for what it means."""
    return _ID(text) is not None


def _change_of(text: str) -> str | None:
    """Say what a spreadsheet seems to have made of an id."""
    if _REFORMATTED_NUMBER(text):
        return "is a reformatted number"
    if _ROUNDED_DIGITS(text):
        return "is a number that a spreadsheet rounded"
    if _DATE(text):
        return "is a date"
    return None


def _word_fault(text: str) -> tuple[str, str] | None:
    word = text.casefold()
    if word in _PLACEHOLDERS:
        return f"{quote(text)} is no id", "delete the row or fill in the id"
    if word in _HEADINGS:
        return f"{quote(text)} is a heading, not an id", "delete the row"
    return None
