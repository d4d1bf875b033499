"""Validate campaign ids.

An id goes into a URL path unchanged, so only characters without a special meaning
there are accepted. Spreadsheets change numbers, dates and words silently; a value that
looks changed is invalid even where all of its characters are allowed.

Each id is judged by itself here. `inputs.id_column` judges a column as a whole.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from unicodedata import category

from bulkpause.model import InvalidRow, Item
from bulkpause.vocabulary import ID_PATTERN


#: Blanks and invisible characters that may surround an id in its cell or line. Marks
#: of the direction of writing are not among them: they change the order in which the
#: digits are seen.
WHITESPACE = (
    " \t\r\n\v\f\N{NO-BREAK SPACE}\N{SOFT HYPHEN}"
    "\N{EN QUAD}\N{EM QUAD}\N{EN SPACE}\N{EM SPACE}\N{THREE-PER-EM SPACE}"
    "\N{FOUR-PER-EM SPACE}\N{SIX-PER-EM SPACE}\N{FIGURE SPACE}\N{PUNCTUATION SPACE}"
    "\N{THIN SPACE}\N{HAIR SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}"
    "\N{ZERO WIDTH JOINER}\N{NARROW NO-BREAK SPACE}\N{MEDIUM MATHEMATICAL SPACE}"
    "\N{WORD JOINER}\N{IDEOGRAPHIC SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
)
#: What people and programs put around a text that is to be taken as it is.
QUOTATION_MARKS = (
    "\"'`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
    "\N{DOUBLE LOW-9 QUOTATION MARK}"
)

_ID = re.compile(ID_PATTERN).fullmatch
_REFORMATTED_NUMBER = r"""
    [+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+
    | [+-]?[0-9]+(?:[.,][0-9]*)+
    | [+-]?[0-9]{1,3}
      (?:[\ '\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{FIGURE SPACE}
          \N{THIN SPACE}\N{RIGHT SINGLE QUOTATION MARK}][0-9]{3})+(?:[.,][0-9]*)?
    """
#: Spreadsheets keep 15 digits of a number and replace the others with zeros.
EXACT_DIGITS = 15
_ROUNDED_DIGITS = re.compile(r"[0-9]{13,}000").fullmatch
#: How spreadsheets in English, German, French, Spanish, Italian, Portuguese, Dutch,
#: Polish and the Nordic languages abbreviate months. Those that are common words in
#: campaign ids (`set`, `out`, `gen`, `mag`, `lip`) are left to the column as a whole.
_MONTH = r"""
    (?: jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sept|june|july
      | jän|mär|märz|mrz|mai|juni|juli|okt|dez
      | janv|févr|fevr|mars|avr|avril|juin|juil|août|aout|déc
      | ene|abr|ago|dic | giu|lug|ott | fev|dez | mrt|mei
      | sty|lut|kwi|cze|wrz|paź|maj|des
      | tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu )
    """
_DATE = rf"""
    [0-9]{{1,2}}(?:[-/]|\.?\ |\.){_MONTH}\.?(?:[-./\ ][0-9]{{2,4}})?
    | {_MONTH}\.?[-/\ ][0-9]{{2,4}}
    | [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} (?:[T\ ][0-9:.]{{4,}}(?:Z|[+-][0-9:]{{4,}})?)?
    | (?:19|20)[0-9]{{2}}-(?:0[1-9]|1[0-2])
    | (?:19|20)[0-9]{{2}}([-/.])[0-9]{{1,2}}\1[0-9]{{1,2}}
    | [0-9]{{1,2}}([-/.])[0-9]{{1,2}}\2[0-9]{{4}}
    | [0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{2}}
    | [0-9]{{1,2}}-[0-9]{{1,2}}(?:-[0-9]{{2}})?
    """
#: Words that exports write beside the sum below the last row.
TOTALS = frozenset({
    *("total", "totals", "subtotal", "grand total", "summe", "gesamt"),
    *("gesamtsumme", "gesamtergebnis", "zwischensumme", "insgesamt", "totaal"),
    *("totale", "totales", "totali", "totaux", "total général", "total general"),
    *("sous-total", "somme", "suma", "summa", "razem", "celkem", "toplam", "összesen"),
    *("итого", "всего", "合計", "总计", "合计", "總計", "小計", "합계", "총계"),
})  # fmt: skip
#: Words that exports write for a missing value or below the last row.
_PLACEHOLDERS = TOTALS | frozenset({
    *("inf", "infinity", "-inf", "-infinity"),
    *("false", "n/a", "na", "nan", "nil", "none", "null", "true", "undefined"),
    *("(blank)", "(empty)", "(leer)", "(none)", "(not set)", "-", "--", "\N{EM DASH}"),
    "eof",
})  # fmt: skip
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

_ZERO = ("is zero, not an id", "delete the row or fill in the id")
EXPORT_AS_TEXT = "set the id column to Text, re-enter the ids and export again"
WITHOUT_SEPARATORS = (
    "delete them, or set the number format of the id column to 0 and export again"
)
AS_WHOLE_NUMBER = "delete it, or export the ids as whole numbers"
#: Blanks and an apostrophe separate thousands alone. One point or comma may be the mark
#: of a fraction. A spreadsheet keeps 15 digits.
_SEPARATED = r"""
    (?=(?:[0-9][^0-9]?){4,15}$) [1-9][0-9]{0,2}
    (?: ([.,])[0-9]{3}(?:\1[0-9]{3})+
      | (?P<blank>[\ '\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{FIGURE SPACE}
         \N{THIN SPACE}\N{RIGHT SINGLE QUOTATION MARK}])[0-9]{3}(?:(?P=blank)[0-9]{3})* )
    """
#: A value is judged by this much of it: it may be as long as a whole line.
_JUDGED_CHARS = 200
#: Two shorter numbers may be the parts of one id.
_FEWEST_DIGITS_OF_RANGE = 5
#: What stands before or around an id that a spreadsheet was told to keep as text.
_is_text_formula = re.compile(r'="([^"]*)"').fullmatch


def parse_item(
    row: int, text: str, sort_text: str | None = None, name: str | None = None
) -> Item | InvalidRow:
    """Make an item of the id in `text`, or an invalid row if the id is not valid.

    Whitespace around the id is removed, and so is what tells a spreadsheet that the
    cell is text: an apostrophe before it, or `="` and `"` around it.
    """
    id_ = text.strip(WHITESPACE)
    invalid = why_invalid(id_)
    if invalid is not None and id_.startswith(("'", "=")):
        id_ = _without_text_mark(id_)
        invalid = why_invalid(id_)
    if invalid is not None:
        return _invalid_row(row, id_, invalid)
    return Item(id=id_, row=row, name=name, sort_text=sort_text)


def _without_text_mark(text: str) -> str:
    if formula := _is_text_formula(text):
        return formula[1].strip(WHITESPACE)
    return text.removeprefix("'").lstrip(WHITESPACE)


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
    if text.isdecimal() and text.isascii() and len(text) <= EXACT_DIGITS:
        return None if text.strip("0") else _ZERO
    if not text.strip("0"):
        return _ZERO if text else ("no id", "fill it in or delete the row")
    if change := _change_of_number(text):
        return change
    if reserved := _reserved_word(text):
        return reserved
    if _is_range(text):
        return "is a range of ids, not an id", "write each id of it on its own"
    return None if matches_id_pattern(text) else _why_malformed(text[:_JUDGED_CHARS])


def are_plain_numbers(texts: Sequence[str]) -> bool:
    """Return whether all of some texts are numbers that any program keeps as they are.

    They are valid ids without another look: up to 15 digits, none with a 0 in front.
    """
    text = "".join(texts)
    return (
        text.isdecimal()
        and text.isascii()
        and max(map(len, texts)) <= EXACT_DIGITS
        and min(texts) >= "1"
    )


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
    if _is_date()(text):
        return "a date"
    if _is_reformatted()(text):
        return "a reformatted number"
    if _ROUNDED_DIGITS(text):
        return "a number rounded by a spreadsheet"
    return None


def _change_of_number(text: str) -> tuple[str, str] | None:
    """Say what seems to have been made of an id, and what to do about it."""
    for is_changed, fault in _repairable():
        if is_changed(text):
            return fault
    if change := _spreadsheet_change(text):
        return f"is {change}, not an id", EXPORT_AS_TEXT
    return None


@cache
def _repairable() -> Sequence[tuple[Callable[[str], object], tuple[str, str]]]:
    """Give the changes that have lost no digit, and the remedy of each."""
    return (
        # As the last id of a sentence that was pasted.
        (
            re.compile(r"[0-9]{5,15}\.").fullmatch,
            ("has a point behind it", "delete the point"),
        ),
        (
            re.compile(_SEPARATED, re.VERBOSE).fullmatch,
            ("has separators between its thousands", WITHOUT_SEPARATORS),
        ),
        # As programs write a whole number that they have kept as a fraction.
        (
            re.compile(r"[1-9][0-9]{3,14}[.,]0+").fullmatch,
            ("has a fraction of zeros", AS_WHOLE_NUMBER),
        ),
    )


@cache
def _is_date() -> Callable[[str], object]:
    """Compile the pattern of dates, which takes long, once there is more than digits."""
    return re.compile(_DATE, re.VERBOSE | re.IGNORECASE).fullmatch


@cache
def _is_reformatted() -> Callable[[str], object]:
    """Compile the pattern of numbers in another notation, as that of dates."""
    return re.compile(_REFORMATTED_NUMBER, re.VERBOSE).fullmatch


def _reserved_word(text: str) -> tuple[str, str] | None:
    word = text.casefold().rstrip(" :")
    if word in _PLACEHOLDERS:
        return "is not a valid id", "delete the row or fill in the id"
    if word in _COLUMN_NAMES:
        return "is a column name, not an id", "delete the row"
    return None


def _is_range(text: str) -> bool:
    """Return whether a text is two numbers of one length, the second the larger."""
    first, _, last = text.partition("-")
    are_numbers = first.isdecimal() and last.isdecimal()
    is_long = len(first) == len(last) >= _FEWEST_DIGITS_OF_RANGE
    return are_numbers and is_long and first < last


_Check = Callable[[str], object]


def _any_character(check: _Check) -> _Check:
    return lambda text: any(map(check, text))


def _is_invisible(character: str) -> bool:
    return category(character) in {"Cc", "Cf", "Zl", "Zp"} and character != "\t"


def _is_foreign(character: str) -> bool:
    return character.isalnum() and not character.isascii()


#: What is seen in a text that is no id, why it is none, and the remedy. The first wins.
_MALFORMED: tuple[tuple[_Check, str, str], ...] = (
    (
        partial(re.fullmatch, r"\#{2,}"),
        "is from a column too narrow to show its numbers",
        "widen the column and export again",
    ),
    (
        partial(re.fullmatch, r"\#[0-9]+"),
        "has a # before it",
        "write the id without the #",
    ),
    (
        partial(
            re.fullmatch,
            r"\#[¡¿]?[^\W\d_]+(?:/[^\W_]+)?[!?]|\#[^\W\d_]/[^\W\d_]|\#NV|Err:[0-9]{3}",
        ),
        "is an error of the spreadsheet, not an id",
        "correct the formula and export again",
    ),
    (
        partial(re.match, r"[a-z][a-z0-9+.-]*://|www\.", flags=re.IGNORECASE),
        "is an address, not an id",
        "write the id alone, without the rest of the address",
    ),
    (
        partial(re.match, r"=|@[A-Z]+\("),
        "is a formula, not an id",
        "replace it with its value",
    ),
    (
        _any_character(lambda character: "\udc80" <= character <= "\udcff"),
        "is not valid UTF-8",
        "save the file as UTF-8",
    ),
    (
        partial(re.fullmatch, r"[\w-]{5,}(?:[ \t]*[\r\n]+[ \t]*[\w-]{5,})+"),
        "holds several ids, on lines of their own",
        "write each id into a row of its own",
    ),
    (
        _any_character(_is_invisible),
        "holds an invisible character",
        "delete the value and type it again",
    ),
    (
        _any_character(str.isspace),
        "holds more than an id, or a blank",
        "write the id alone",
    ),
    (
        _any_character(_is_foreign),
        "has letters or digits other than A to Z and 0 to 9",
        "type the id again in Latin letters and digits",
    ),
    (
        lambda text: text[0] in QUOTATION_MARKS,
        "has quotation marks",
        "remove them",
    ),
)


def _why_malformed(text: str) -> tuple[str, str]:
    for is_seen, detail, remedy in _MALFORMED:
        if is_seen(text):
            return detail, remedy
    remedy = (
        "an id is 1 to 64 letters, digits, - and _, starting with a letter or digit"
    )
    return "is not a valid id", remedy
