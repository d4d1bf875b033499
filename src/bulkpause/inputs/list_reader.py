"""Read a plain list: ids on lines of their own, one or several, as people paste them."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat

from bulkpause._value import state
from bulkpause.ids import (
    QUOTATION_MARKS,
    WHITESPACE,
    WITHOUT_SEPARATORS,
    are_plain_numbers,
    parse_item,
    why_invalid,
)
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.line_batches import LineBatches
from bulkpause.inputs.table import ReadError, Table
from bulkpause.item_block import ItemBlock
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Row


#: Shorter ids behind a number, or beside others on one line, may be parts of one number,
#: of a date or of a phone number.
_FEWEST_CHARS = 5
#: Shorter numbers of different lengths on one line may be a phone number.
_FEWEST_DIGITS_OF_UNLIKE = 6
#: So many lines with as many ids each may be rows of a table.
_FEWEST_ROWS = 2
#: So many ids on each line are seldom lines of a text that was broken.
_PAIR = 2
_BULLET = partial(
    re.match,
    r"""
    [-*+>\N{EN DASH}\N{EM DASH}]\s+
    | [\N{BULLET}\N{MIDDLE DOT}\N{TRIANGULAR BULLET}\N{WHITE BULLET}
       \N{BLACK SMALL SQUARE}\N{WHITE SMALL SQUARE}\N{BLACK CIRCLE}]\s*
    | (?P<number>\(?[1-9][0-9]{0,2}[.)]\s+)
    """,
    flags=re.VERBOSE,
)
_SEPARATORS = partial(re.split, r"[,; \t\N{NO-BREAK SPACE}]+")
#: What may stand around an id in a list, besides blanks.
_AROUND = WHITESPACE + QUOTATION_MARKS
#: A point behind a shorter number may be that of a numbered list.
_is_sentence_end = partial(re.fullmatch, r".*[0-9]{5}\.", flags=re.DOTALL)
#: Of a tuple, an `IN` list or a list of Python; one of JSON has other quotes.
_BRACKETS = re.compile(r"^(?:\(|\[(?='))|(?:\)|(?<=')\])$")
#: Stands before the bracket of a list of SQL.
_IN = re.compile(r"^in\s*(?=\()", re.IGNORECASE)
_SEPARATORS_INSIDE = partial(re.search, r"\S[,; \t\N{NO-BREAK SPACE}]+\S")
_ONE_PER_LINE = "write one id per line, and # before a note"
_BLANK_AROUND = (
    "write a note with a blank before and behind its #, as in `1000248 # sale`"
)
_ONE_OR_SEVERAL = (
    "may be one number with separators, or several ids",
    "write each id by itself, without separators",
)
_NOTE = partial(re.search, r"\s#(?=\s|$)")


def read_list(
    first_row: int, lines: Iterator[str], *, layout: Layout, table: Table
) -> Iterator[Sequence[Row]]:
    """Read rows lazily, some at once. Ids on one line have the row of that line.

    Ids may be separated by commas, semicolons, blanks or tabs, have quotation marks or
    backticks around them, and stand behind a bullet or the number of a list. Brackets
    around lines and a point behind one are left out, as in `(1000248, 1000249)`. A line
    with anything else is an invalid row. Ids in comments are counted in `table`.

    Raises:
        ReadError: At once: the user named columns, and a list has none. While rows are
            read: lines have the same number of cells, as in a table, and the user did
            not say that it is a list (for ids this shows after the last row); or lines are added and removed, as in a diff.
    """
    if layout.column is not None or layout.sort_column is not None:
        remedy = "leave out --column and --order-by, or pass --format"
        raise ReadError("a plain list has no columns", remedy)
    return _rows(first_row, lines, table, may_be_table=layout.format is None)


def _rows(
    first_row: int, lines: Iterator[str], table: Table, *, may_be_table: bool
) -> Iterator[Sequence[Row]]:
    reader = _LineReader(table, may_be_table=may_be_table)
    row = first_row
    batches = LineBatches(lines)
    while batch := batches.take():
        items = reader.read_without_checks(row, batch)
        if items is None:
            for number, line in enumerate(batch, row):
                yield list(reader.read(number, line.strip(WHITESPACE)))
        else:
            yield items
        row += len(batch)
    reader.check_is_list()


class _LineReader:
    """Makes the rows of lines, and notes the shape of the list."""

    def __init__(self, table: Table, *, may_be_table: bool) -> None:
        self._table = table
        self._may_be_table = may_be_table
        self._shape = _ListShape()
        self._widths: set[int] = set()
        self._marks: set[str] = set()

    def read_without_checks(
        self, first_row: int, lines: Sequence[str]
    ) -> ItemBlock | None:
        """Read lines at once. None if one of them needs a check, as `read` does it.

        A number needs none once a line had one id alone: then the list is no table.
        """
        if self._shape.is_even:
            return None
        texts = list(map(str.strip, lines, repeat(WHITESPACE)))
        if not are_plain_numbers(texts):
            return None
        return ItemBlock(texts, range(first_row, first_row + len(texts)))

    def read(self, row: int, text: str) -> Iterator[Item | InvalidRow]:
        """Read a line without the blanks around it.

        Raises:
            ReadError: The lines seem to be a table or a diff.
        """
        if not text:
            return
        if is_comment(text):
            self._table.commented_ids += count_commented_ids(text)
            return
        item = parse_item(row, text)
        if isinstance(item, Item):
            if self._shape.is_even:
                self._shape.note(row, text, 1)
            yield item
        else:
            yield from self._read_several(row, text)

    def _read_several(self, row: int, text: str) -> Iterator[Item | InvalidRow]:
        if self._may_be_table:
            _check_is_no_table(row, text, self._widths)
        _check_is_no_diff(row, text, self._marks)
        if (note := _NOTE(text)) and _ids_of(text[: note.start()]):
            self._table.commented_ids += count_commented_ids(text[note.start() + 1 :])
            text = text[: note.start()]
        rows = list(rows_of_line(row, text))
        self._shape.note(row, text, sum(isinstance(one, Item) for one in rows))
        yield from rows

    def check_is_list(self) -> None:
        """Check, after the last line, that the lines are not those of a table.

        Raises:
            ReadError: They are.
        """
        if self._may_be_table and self._shape.is_of_table():
            raise _table_error(self._shape.first_row)


@state
class _ListShape:
    """How many ids the lines hold: as many on each line make the columns of a table.

    Attributes:
        first_row: The first line that holds ids.
        is_even: Whether each line but the last has as many ids, and more than one.
    """

    first_row: int = 0
    is_even: bool = True
    _lines: int = 0
    _width: int = 0
    _last_width: int = 0
    _runs_on: bool = True
    _ends_in_separator: bool = False

    def note(self, row: int, text: str, width: int) -> None:
        """Note a line and the number of its ids; one without any does not count."""
        if not width:
            return
        if _BULLET(text):
            self.is_even = False
            return
        if self._lines:
            self.is_even &= self._last_width == self._width
            self._runs_on &= self._ends_in_separator
        else:
            self.first_row, self._width = row, width
            self.is_even = width > 1
        self._lines += 1
        self._last_width = width
        self._ends_in_separator = text.endswith((",", ";"))

    def is_of_table(self) -> bool:
        """Return whether the lines may be rows of a table, and not those of one text.

        A text that is broken into full lines has a shorter last one, or separators at
        the ends of all others. Two ids a line are no full lines.
        """
        if not self.is_even or self._lines < _FEWEST_ROWS:
            return False
        if self._runs_on and not self._ends_in_separator:
            return False
        is_full = self._last_width == self._width
        is_one_of_pair = self._width - self._last_width == 1 and self._width == _PAIR
        return is_full or (is_one_of_pair and self._lines > _FEWEST_ROWS)


def _table_error(row: int) -> ReadError:
    remedy = "add a heading such as campaign_id, or pass --format lines"
    return ReadError("this may be a table without a heading", remedy, row=row)


def _check_is_no_table(row: int, text: str, widths: set[int]) -> None:
    """Check that no line before had as many cells as this one, and note their number."""
    bullet = _BULLET(text)
    width = text.count("\t", bullet.end() if bullet else 0)
    if width in widths:
        raise _table_error(row)
    if width:
        widths.add(width)


def _check_is_no_diff(row: int, text: str, marks: set[str]) -> None:
    """Check that no line before was added where this one is removed, and note which."""
    if text[0] in "+-" and _BULLET(text):
        marks.add(text[0])
    if len(marks) > 1:
        detail = "some lines begin with + and others with -, as in a diff"
        raise ReadError(detail, "keep the ids to pause alone", row=row)


def rows_of_line(row: int, text: str) -> Iterator[Item | InvalidRow]:
    """Give the ids of one line, or one invalid row for the whole line."""
    if ids := _ids_of(text):
        for id_ in ids:
            yield Item(id=id_, row=row)
    elif _IN.sub("", text).strip(f"{_AROUND}(),;"):
        yield _invalid_row(row, text)


def is_comment(text: str) -> bool:
    """Return whether a line such as `# note` is to be skipped.

    A `#` without a blank may be part of an id or of an error that a spreadsheet shows,
    and must not be skipped silently.
    """
    note = text.lstrip("#")
    return text == "#" or ("" != note != text and note[0] in WHITESPACE)


def count_commented_ids(comment: str) -> int:
    """Count the ids of a comment that holds ids with digits, and nothing else."""
    ids = _ids_of(comment.lstrip("#").strip(WHITESPACE))
    return len(ids) if all(any(map(str.isdecimal, id_)) for id_ in ids) else 0


def is_id_list(text: str) -> bool:
    """Return whether a line holds ids and nothing else, as only a plain list does."""
    return bool(_ids_of(text))


def _ids_of(text: str) -> Sequence[str]:
    """Return the ids of a line; none if it holds anything else."""
    if text.startswith(";"):
        # Some programs begin a comment so.
        return ()
    bullet = _BULLET(text)
    rest = text[bullet.end() :] if bullet else text
    parts = _SEPARATORS(_without_punctuation(rest))
    ids = [part.strip(_AROUND) for part in parts]
    if any(map(why_invalid, ids)):
        return ()
    if bullet and bullet["number"] and min(map(len, ids)) < _FEWEST_CHARS:
        return ()
    return ids if len(ids) == 1 or _are_alike(ids) else ()


def _without_punctuation(text: str) -> str:
    """Remove what ends a list in a sentence or in a program, and brackets around it."""
    text = text.strip(_AROUND + ",;")
    if _is_sentence_end(text):
        text = text[:-1]
    return _BRACKETS.sub("", _IN.sub("", text)).strip(_AROUND + ",")


def _are_alike(ids: Sequence[str]) -> bool:
    """Return whether texts on one line can only be ids, and not a number or a word."""
    lengths = [len(id_) for id_ in ids]
    if min(lengths) < _FEWEST_CHARS:
        return False
    are_numbers = set(map(str.isdecimal, ids))
    if are_numbers == {True}:
        return _are_like_numbers(ids, lengths)
    has_digits = all(any(map(str.isdecimal, id_)) for id_ in ids)
    return are_numbers == {False} and has_digits and max(lengths) == min(lengths)


def _are_like_numbers(ids: Sequence[str], lengths: Sequence[int]) -> bool:
    """Return whether numbers are not the parts of a phone number, which begins with 0."""
    have_zero = {id_.startswith("0") for id_ in ids}
    may_differ = min(lengths) >= _FEWEST_DIGITS_OF_UNLIKE and have_zero == {False}
    return len(have_zero) == 1 and max(lengths) - min(lengths) <= may_differ


def _invalid_row(row: int, text: str) -> InvalidRow:
    item = parse_item(row, text)
    if isinstance(item, InvalidRow) and not _SEPARATORS_INSIDE(text):
        return item
    if isinstance(item, InvalidRow) and item.remedy == WITHOUT_SEPARATORS:
        detail, remedy = _ONE_OR_SEVERAL
        return InvalidRow(row=row, detail=detail, remedy=remedy, value=text)
    return InvalidRow(
        row=row,
        detail="holds more than ids, or ids of different kinds",
        remedy=_BLANK_AROUND if re.search(r"(?:^|\s)#", text) else _ONE_PER_LINE,
        value=text,
    )
