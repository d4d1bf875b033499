"""The pass over a sheet of an `.xlsx` workbook: its bounds, and what it hides."""

import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from operator import lt

from bulkpause._value import state
from bulkpause.inputs.heading import MOST_COLUMNS
from bulkpause.inputs.spreadsheet.facts import (
    COVERED,
    NO_RESULTS,
    PLAIN,
    Mark,
    SheetFacts,
)
from bulkpause.inputs.spreadsheet.plain_rows import (
    last_filled_row,
    pattern_of_plain_rows,
    pattern_of_styled_numbers,
    row_numbers,
    text_indexes,
)
from bulkpause.inputs.spreadsheet.plain_runs import PlainRuns
from bulkpause.inputs.spreadsheet.refusals import (
    MOST_CELLS,
    MOST_ROWS,
    MOST_TEXT_BYTES,
    check_corner,
    check_text,
    damaged,
)
from bulkpause.inputs.spreadsheet.text_shape import TextShape
from bulkpause.inputs.spreadsheet.xml_pass import local_name


#: Where the style of all other cells changes what they show, no row is plain. None is
#: above the first that was parsed, which shows the columns.
_NOTHING_PLAIN = re.compile(rb"(?!)")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})").fullmatch
_TRUE = frozenset({"1", "true"})
_DEFAULT_STYLE = "0"
#: Each pattern takes long to compile, and rows are much alike.
_MOST_PATTERNS = 8
#: A longer index of a shared text is read in different ways.
_LONGEST_INDEX = 7
_LONGEST_VALUE = 32
_SHORTEST_TEXT_CELL_BYTES = len('<c t="s"><v>0</v></c>')


class WorksheetPass:
    """Reads a sheet part by part, and checks its bounds as it goes.

    Args:
        lengths: The bytes of each shared text.
        styles: The marks of cells by the number of their style.
        size_bytes: The size of the part.

    Attributes:
        facts: What was found.
    """

    def __init__(
        self, lengths: "array[int]", styles: Mapping[str, Mark], *, size_bytes: int
    ) -> None:
        self.facts = SheetFacts()
        self._lengths = lengths
        self._longest = max(lengths, default=0)
        self._styles = styles
        self._styled_numbers = pattern_of_styled_numbers(styles)
        # The sum is looked at only where it can be too much.
        most_cells = size_bytes // _SHORTEST_TEXT_CELL_BYTES
        self._counts_texts = most_cells * self._longest > MOST_TEXT_BYTES
        self._runs = PlainRuns(b"<row", b"</row>", _NOTHING_PLAIN, self._add_run)
        self._patterns_left = 0 if _DEFAULT_STYLE in styles else _MOST_PATTERNS
        self._row = 0
        self._last_row = 0
        self._columns = self._columns_with_cells = 0
        self._plain_columns = (0, 0)
        self._columns_of_row: set[int] = set()
        self._text_bytes = 0
        self._cell = _Cell()
        self._filter_range: str | None = None
        self._has_merged = False
        self._merged_cells = 0

    def read(self, blocks: Iterable[bytes]) -> None:
        """Parse the sheet.

        Raises:
            ReadError: It is damaged, or holds more than is read.
        """
        self._runs.parse(
            blocks,
            self._start,
            on_end=self._end,
            on_text=self._text,
            on_interruption=self._interrupt,
        )

    def _add_run(self, run: bytes) -> None:
        self._interrupt()
        numbers = list(map(int, row_numbers(run)))
        if numbers[0] <= self._row or not all(map(lt, numbers, numbers[1:])):
            raise damaged()
        self._go_to_row(numbers[-1])
        self._extend(last_filled_row(run), 0)
        if self._counts_texts:
            self._add_texts(text_indexes(run))
        if self._styled_numbers is not None:
            self._mark_styles(self._styled_numbers.findall(run))

    def _mark_styles(self, cells: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        for letters, row, style in cells:
            mark = self._styles[style.decode()]
            self.facts.marks.add(int(row), _column_index(letters.decode()), mark)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        child = local_name(name)
        if self._cell.is_in_value:
            raise damaged()
        if self._cell.text_shape is not None:
            self._cell.text_shape.start(child)
        elif child in {"v", "is", "f"}:
            self._fill_cell(child)
            if child == "v" and not attributes:
                tag = f"<{name}>".encode()
                self._cell.text_from = self._runs.position + len(tag)
        else:
            self._start_other(child, attributes)

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "c":
                self._cell = self._cell_of(attributes)
            case "row":
                self._start_row(attributes)
            case "autoFilter":
                self._filter_range = attributes.get("ref")
            case "filterColumn":
                self.facts.filter_range = self._filter_range
            case "mergeCell":
                self._cover(attributes.get("ref", ""))
            case "tablePart":
                self.facts.has_tables = True
            case _:
                pass

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", str(self._row + 1))
        if not number.isascii() or not number.isdecimal() or int(number) <= self._row:
            # Out of order, the rows that are hidden would not be those that are read.
            raise damaged()
        self._go_to_row(int(number))
        if attributes.get("hidden") in _TRUE or _is_zero(attributes.get("ht")):
            self.facts.hide(self._row)

    def _go_to_row(self, number: int) -> None:
        # Merged cells stand behind all rows, so that it is known which are filled.
        if number > MOST_ROWS or self._has_merged:
            raise damaged()
        self._row = number
        self._columns_of_row.clear()

    def _cell_of(self, attributes: dict[str, str]) -> "_Cell":
        reference = attributes.get("r")
        if reference is None:
            column = self._cell.column + 1 if self._cell.row == self._row else 0
        elif (match := _REFERENCE(reference)) and int(match[2]) == self._row:
            column = _column_index(match[1])
        else:
            raise damaged()
        if column in self._columns_of_row:
            # Of two cells in one place, readers take the first or the last.
            raise damaged()
        self._columns_of_row.add(column)
        self._columns_with_cells = max(self._columns_with_cells, column + 1)
        return _Cell(
            row=self._row,
            column=column,
            type_=attributes.get("t", "n"),
            mark=self._styles.get(attributes.get("s", _DEFAULT_STYLE), PLAIN),
        )

    def _fill_cell(self, child: str) -> None:
        cell = self._cell
        self._extend(cell.row, cell.column + 1)
        cell.is_filled = True
        cell.has_formula |= child == "f"
        if child == "f":
            return
        if cell.has_value:
            # Readers take the first of them, or the last.
            raise damaged()
        cell.has_value = True
        cell.is_in_value = child == "v"
        cell.text_shape = TextShape() if child == "is" else None

    def _text(self, text: str) -> None:
        cell = self._cell
        if cell.is_in_value:
            cell.text += text[: _LONGEST_VALUE - len(cell.text)]
            cell.text_bytes += len(text.encode())

    def _interrupt(self) -> None:
        if self._cell.is_in_value or self._cell.text_shape is not None:
            raise damaged()

    def _end(self, name: str) -> None:
        match local_name(name):
            case "v":
                self._end_value(self._cell)
            case "is":
                self._cell.text_shape = None
            case "c":
                self._end_cell(self._cell)
            case "row":
                self._end_row()
            case _ if self._cell.text_shape is not None:
                self._cell.text_shape.end()
            case _:
                pass

    def _end_value(self, cell: "_Cell") -> None:
        """Check that the reader sees the value as this pass does.

        It takes a character reference or a section of raw characters for the end of
        a number, and leaves out a value where an inline text should be.
        """
        cell.is_in_value = False
        is_as_written = (
            not cell.text_bytes
            or cell.text_from is None
            or cell.text_bytes == self._runs.position - cell.text_from
        )
        is_text = cell.type_ == "str"
        is_misplaced = cell.type_ == "inlineStr" and bool(cell.text.strip())
        if is_misplaced or not (is_text or is_as_written):
            raise damaged()

    def _end_cell(self, cell: "_Cell") -> None:
        if cell.type_ == "s" and self._counts_texts:
            self._add_texts([cell.text.encode()])
        # Elements outside of cells may have the names of those within.
        cell.has_value = False
        if cell.has_formula and cell.text not in NO_RESULTS:
            self.facts.marks.columns_with_results.add(cell.column)
        if cell.has_formula and cell.type_ == "str" and not cell.text.strip():
            self.facts.empty_results.set(cell.row, 1)
        mark = cell.full_mark()
        if cell.is_filled and mark != PLAIN:
            self.facts.marks.add(cell.row, cell.column, mark)

    def _end_row(self) -> None:
        """Let rows like this one be plain, unless the columns grow again and again."""
        columns = (self._columns, self._columns_with_cells)
        if columns == self._plain_columns:
            return
        self._plain_columns = columns
        self._patterns_left -= 1
        has_any_left = self._patterns_left >= 0
        self._runs.pattern = (
            pattern_of_plain_rows(*columns) if has_any_left else _NOTHING_PLAIN
        )

    def _extend(self, row: int, columns: int) -> None:
        self._last_row = max(self._last_row, row)
        self._columns = max(self._columns, columns)
        check_corner(self._last_row, self._columns)

    def _cover(self, reference: str) -> None:
        """Mark merged cells, as far as they may be filled, but for the one on view."""
        self._has_merged = True
        first, _, last = map(_REFERENCE, reference.partition(":"))
        if first is None or last is None:
            raise damaged()
        top, left = int(first[2]), _column_index(first[1])
        bottom = min(int(last[2]), self._last_row)
        columns = range(left, min(_column_index(last[1]) + 1, self._columns))
        self._merged_cells += max(bottom + 1 - top, 0) * len(columns)
        if self._merged_cells > MOST_CELLS:
            # Merged cells do not overlap, so that there are no more than cells.
            raise damaged()
        for column in columns:
            hidden_from = top + (column == left)
            if hidden_from <= bottom:
                count = bottom + 1 - hidden_from
                self.facts.marks.add(hidden_from, column, COVERED, rows=count)

    def _add_texts(self, indexes: list[bytes]) -> None:
        if not indexes:
            return
        if _are_clear(indexes, len(self._lengths)):
            self._text_bytes += sum(map(self._lengths.__getitem__, map(int, indexes)))
        else:
            # The reader may take some of them for others.
            self._text_bytes += self._longest * len(indexes)
        check_text(self._text_bytes)


@state(kw_only=True)
class _Cell:
    """A cell that is being read."""

    row: int = 0
    column: int = 0
    type_: str = "n"
    mark: Mark = PLAIN
    text: str = ""
    is_filled: bool = False
    has_formula: bool = False
    has_value: bool = False
    is_in_value: bool = False
    text_from: int | None = None
    text_bytes: int = 0
    text_shape: TextShape | None = None

    def full_mark(self) -> Mark:
        if self.type_ == "e":
            return replace(self.mark, error=self.text or "#ERROR!")
        # A text may be empty. Other results are not, once they are saved.
        if self.has_formula and self.type_ != "str":
            return _as_formula(self.mark)
        return self.mark


@lru_cache(maxsize=256)
def _as_formula(mark: Mark) -> Mark:
    return replace(mark, is_formula=True)


def _are_clear(indexes: list[bytes], count: int) -> bool:
    """Return whether all programs read the indexes of shared texts alike."""
    return (
        b"".join(indexes).isdigit()
        and max(map(len, indexes)) <= _LONGEST_INDEX
        and min(map(len, indexes)) > 0
        and max(map(int, indexes)) < count
    )


@lru_cache(maxsize=MOST_COLUMNS)
def _column_index(letters: str) -> int:
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _is_zero(height: str | None) -> bool:
    try:
        return height is not None and float(height) == 0
    except ValueError:
        return False
