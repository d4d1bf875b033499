"""Number formats that show a number as something else than its digits."""

import re
from collections.abc import Iterable
from unicodedata import category

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.number_shape import LONGEST_UNIT_CHARS
from bulkpause.inputs.spreadsheet.facts import PLAIN, Mark
from bulkpause.inputs.spreadsheet.xml_pass import local_name, parse


#: Formats that a workbook does not write out.
_PERCENTAGES = frozenset({"9", "10"})
_AMOUNTS_OF_MONEY = frozenset({"5", "6", "7", "8", "42", "44"})
_LONGEST_FORMAT = 255
#: Colours, conditions and places in brackets, blanks as wide as a character, fillers.
_DIRECTIONS = re.compile(r"\[[^\]$]*\]|_.|\*.|\[\$-[^\]]*\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_CURRENCY_PLACE = re.compile(r"\[\$[^\]]*\]")
_CURRENCY = re.compile(r"\[\$([^\]-]+)[^\]]*\]").search
#: The reader gives such a number as a date or a time.
_has_date = re.compile(r"[dmyhs]", re.IGNORECASE).search
#: Shown as thousands or millions, of which literals say so.
_is_scaled = re.compile(r"[0#?],+(?![0#?,])").search
_LEADING_DIGITS = re.compile(r"[#?,. ]*([0,]+)").match


class Styles:
    """The marks of cells by the number of their style, from a part `styles.xml`."""

    def __init__(self) -> None:
        self._formats: dict[str, str] = {}
        self._is_of_cells = False
        self._count = 0
        #: Only styles that are not plain.
        self.marks: dict[str, Mark] = {}

    def read(self, blocks: Iterable[bytes]) -> None:
        """Parse the part.

        Raises:
            ReadError: It is damaged.
        """
        parse(blocks, self._start, on_end=self._end)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local_name(name):
            case "numFmt":
                number = attributes.get("numFmtId", "")
                self._formats[number] = attributes.get("formatCode", "")
            case "cellXfs":
                self._is_of_cells = True
            case "xf" if self._is_of_cells:
                self._add(attributes.get("numFmtId", "0"))
            case _:
                pass

    def _end(self, name: str) -> None:
        if local_name(name) == "cellXfs":
            self._is_of_cells = False

    def _add(self, number: str) -> None:
        mark = self._mark_of(number)
        if mark != PLAIN:
            self.marks[str(self._count)] = mark
        self._count += 1

    def _mark_of(self, number: str) -> Mark:
        if number in self._formats:
            return mark_of_format(self._formats[number])
        is_money = number in _AMOUNTS_OF_MONEY
        return Mark(
            is_percentage=number in _PERCENTAGES,
            is_money=is_money,
            unit="$" if is_money else "",
        )


def mark_of_format(format_: str) -> Mark:
    """Return how a number format shows a positive number, as in `0000000` or `0.0%`."""
    if format_.casefold() == "general" or len(format_) > _LONGEST_FORMAT:
        return PLAIN
    positive = _DIRECTIONS.sub("", format_).partition(";")[0]
    bare = _LITERAL.sub("", positive)
    # The letters of a currency are no parts of a date.
    if _has_date(_CURRENCY_PLACE.sub("", bare)):
        return PLAIN
    unit = _unit(positive)
    literals = "".join(a or b for a, b in _LITERAL.findall(positive))
    is_scaled = _is_scaled(bare) is not None
    return Mark(
        is_percentage="%" in bare,
        is_money=bool(unit) or "[$" in bare + literals,
        unit=unit or ("" if is_scaled else unit_in_words(literals)),
        shown_digits=_shown_digits(bare),
        has_added_text=any(map(str.isalnum, literals)) or "-" in bare + literals,
    )


def _unit(format_: str) -> str:
    """Return the currency of a format; empty without one."""
    if match := _CURRENCY(format_):
        return match[1].strip()
    signs = (character for character in format_ if category(character) == "Sc")
    return next(signs, "")


def unit_in_words(text: str) -> str:
    """Return the currency that a text beside a number names, such as `zl` or `EUR`.

    A single letter, as in `5k`, is that of a multiple.
    """
    word = text.strip(WHITESPACE + "-").rstrip(".")
    is_word = word.isalpha() and 1 < len(word) <= LONGEST_UNIT_CHARS
    return word if is_word else ""


def _shown_digits(bare: str) -> int:
    digits = _LEADING_DIGITS(bare.partition(".")[0])
    zeros = digits[1].count("0") if digits else 0
    # Each number has one digit.
    return zeros if zeros > 1 else 0
