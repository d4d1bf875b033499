"""Validate campaign ids.

An id goes into a URL path unchanged, so only characters without a special meaning
there are accepted. Spreadsheets change numbers, dates and words silently; a value that
looks changed is invalid even where all of its characters are allowed.
"""

import re

from bulkpause.model import InvalidRow, Item


#: Whitespace that may surround an id in its cell or line.
WHITESPACE = " \t\r\n\v\f\N{NO-BREAK SPACE}"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}").fullmatch
_REFORMATTED_NUMBER = re.compile(
    r"[+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+ | [+-]?[0-9]+(?:[.,][0-9]*)+", re.VERBOSE
).fullmatch
#: Spreadsheets keep 15 digits of a number and replace the others with zeros.
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
#: Words that exports write for a missing value or below the last row.
_PLACEHOLDERS = frozenset(
    {"false", "na", "nan", "none", "null", "total", "true", "undefined"}
)
#: Names of id columns. They also occur between rows where files were joined.
_COLUMN_NAMES = frozenset({
    "campaign",
    "campaign-id",
    "campaign_id",
    "campaign_ids",
    "campaignid",
    "campaigns",
    "id",
    "ids",
})  # fmt: skip

_EXPORT_AS_TEXT = "set the id column to Text, re-enter the ids and export again"


def parse_item(
    row: int, text: str, sort_text: str | None = None, name: str | None = None
) -> Item | InvalidRow:
    """Make an item of the id in `text`, or an invalid row if the id is not valid.

    Whitespace around the id is removed.
    """
    id_ = text.strip(WHITESPACE)
    if invalid := why_invalid(id_):
        return _invalid_row(row, id_, invalid)
    return Item(id=id_, row=row, name=name, sort_text=sort_text)


def validate(item: Item | InvalidRow) -> Item | InvalidRow:
    """Return `item`, or an invalid row if its id is not valid."""
    if isinstance(item, Item) and (invalid := why_invalid(item.id)):
        return _invalid_row(item.row, item.id, invalid)
    return item


def why_invalid(text: str) -> tuple[str, str] | None:
    """Return why `text` is not a valid id, and the remedy. None if it is valid.

    The reason is about the text, as in "is a date, not an id", if there is any.
    """
    # The usual case first: a million rows are checked one by one.
    if text.isdecimal() and text.isascii() and len(text) <= _EXACT_DIGITS:
        return None
    if not text:
        return "no id", "fill it in or delete the row"
    if change := _spreadsheet_change(text):
        return f"is {change}, not an id", _EXPORT_AS_TEXT
    if not matches_id_pattern(text):
        remedy = (
            "an id is 1 to 64 letters, digits, - and _, starting with a letter or digit"
        )
        return "is not a valid id", remedy
    return _reserved_word(text)


def matches_id_pattern(text: str) -> bool:
    """Return whether `text` has the length and the characters of an id.

    Dates, rounded numbers, placeholders and column names can match; `why_invalid`
    finds those too.
    """
    return _ID(text) is not None


def _invalid_row(row: int, text: str, invalid: tuple[str, str]) -> InvalidRow:
    detail, remedy = invalid
    return InvalidRow(row=row, detail=detail, remedy=remedy, value=text or None)


def _spreadsheet_change(text: str) -> str | None:
    """Name the change that a spreadsheet seems to have made to an id."""
    if _REFORMATTED_NUMBER(text):
        return "a reformatted number"
    if _ROUNDED_DIGITS(text):
        return "a number rounded by a spreadsheet"
    if _DATE(text):
        return "a date"
    return None


def _reserved_word(text: str) -> tuple[str, str] | None:
    word = text.casefold()
    if word in _PLACEHOLDERS:
        return "is not a valid id", "delete the row or fill in the id"
    if word in _COLUMN_NAMES:
        return "is a column name, not an id", "delete the row"
    return None
