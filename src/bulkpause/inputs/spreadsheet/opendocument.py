"""The pass over the content of an `.ods` workbook: its bounds, and what it hides.

Names are compared with their usual prefix, as the reader compares them.
"""

import re
from collections.abc import Iterable
from dataclasses import field, replace

from bulkpause._value import state
from bulkpause.inputs.heading import MOST_COLUMNS
from bulkpause.inputs.spreadsheet.facts import (
    COVERED,
    NO_RESULTS,
    PLAIN,
    Mark,
    SheetFacts,
)
from bulkpause.inputs.spreadsheet.number_formats import unit_in_words
from bulkpause.inputs.spreadsheet.refusals import (
    MOST_CELLS,
    MOST_ROWS,
    check_corner,
    check_text,
    damaged,
    too_large,
)
from bulkpause.inputs.spreadsheet.sheets import MOST_SHEETS, Sheet
from bulkpause.inputs.spreadsheet.xml_pass import parse


_COVERED_CELL = "table:covered-table-cell"
_CELLS = frozenset({"table:table-cell", _COVERED_CELL})
_HIDING = frozenset({"collapse", "filter"})
#: What separates the lines and columns within a cell.
_BREAKS = frozenset({"text:tab", "text:line-break"})
_ANNOTATION = "office:annotation"
_has_leading_zeros = re.compile(r"0[0-9]+").fullmatch
#: With separators of thousands, decimals or an exponent, or too narrow to be shown.
_is_shown_number = re.compile(r"[-+]?[0-9.,'\s]*(?:E[-+]?[0-9]+)?|#+").fullmatch
_NUMBER_CHARACTERS = re.compile(r"[-+0-9.,'\s]")
_LONGEST_SHOWN = 64
_LONGEST_COUNT = 12
_LONGEST_CURRENCY = 8
#: Of what stands in the file once, and in the sheet many times: rows that hold
#: something, the cells of such rows, and the bytes of the texts in them.
MOST_REPEATED_ROWS = 10_000
MOST_REPEATED_CELLS = 200_000
MOST_REPEATED_TEXT_BYTES = 8 << 20
#: `$Export.A3:Export.D19`, where a name with blanks is in quotes.
_RANGE = re.compile(
    r"\$?(?P<sheet>'(?:[^']|'')*+'|[^.']*+)\.(?P<first>\$?[A-Z]+\$?[0-9]+)"
    r":(?:[^.]*\.)?(?P<last>\$?[A-Z]+\$?[0-9]+)"
).fullmatch


@state(kw_only=True)
class _Row:
    first: int
    count: int
    columns: int = 0
    filled_columns: int = 0
    text_bytes: int = 0


@state(kw_only=True)
class _Cell:
    column: int
    count: int
    is_filled: bool
    mark: Mark
    is_number: bool
    is_error: bool
    text_bytes: int
    value: str
    may_be_empty_result: bool
    shown: str = ""
    paragraphs: int = 0
    has_breaks: bool = False
    is_in_annotation: bool = False


@state(kw_only=True)
class _Table:
    sheet: Sheet
    facts: SheetFacts = field(default_factory=SheetFacts)
    next_row: int = 1
    last_row: int = 0
    columns: int = 0


class ContentPass:
    """Reads `content.xml`, and checks its bounds as it goes.

    Attributes:
        sheets: The sheets in their order.
        facts: What was found, by the name of the sheet.
        empty: The names of the sheets without a cell.
    """

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.facts: dict[str, SheetFacts] = {}
        self.empty: set[str] = set()
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._table: _Table | None = None
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._filled_cells = 0
        self._text_bytes = 0
        self._repeated_rows = 0
        self._repeated_cells = 0
        self._repeated_text_bytes = 0
        self._database_range = ""
        #: For each open group of rows, whether it is hidden.
        self._groups: list[bool] = []

    def read(self, blocks: Iterable[bytes]) -> None:
        """Parse the content.

        Raises:
            ReadError: It is damaged, or holds more than is read.
        """
        parse(
            blocks,
            self._start,
            on_end=self._end,
            on_text=self._text,
            on_interruption=self._interrupt,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _CELLS:
            self._start_cell(attributes, is_covered=name == _COVERED_CELL)
        elif name == "table:table-row":
            self._start_row(attributes)
        elif name == "table:table":
            self._start_table(attributes)
        elif self._cell is not None:
            self._start_in_cell(self._cell, name, attributes)
        else:
            self._start_other(name, attributes)

    def _start_in_cell(
        self, cell: _Cell, name: str, attributes: dict[str, str]
    ) -> None:
        if name == "text:s":
            self._add_text(cell, _count(attributes, "text:c", most=1 << 30))
        elif name == _ANNOTATION:
            cell.is_in_annotation = True
        elif not cell.is_in_annotation:
            cell.paragraphs += name == "text:p"
            # The reader leaves out tabs, so that two ids would become one.
            cell.has_breaks |= name in _BREAKS or cell.paragraphs > 1

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "style:style":
                self._style = attributes.get("style:name", "")
            case "style:table-properties":
                if attributes.get("table:display") == "false":
                    self._hidden_styles.add(self._style)
            case "table:database-range":
                key = "table:target-range-address"
                self._database_range = attributes.get(key, "")
            case "table:filter":
                self._note_filter(self._database_range)
            case "table:table-row-group":
                self._groups.append(_hides(attributes))
            case _:
                pass

    def _start_table(self, attributes: dict[str, str]) -> None:
        if self._table is not None:
            # The reader would mix up the two.
            raise damaged()
        name = attributes.get("table:name")
        if name is None:
            # A copy of another document, which the reader leaves out.
            return
        is_hidden = attributes.get("table:style-name") in self._hidden_styles
        self._table = _Table(sheet=Sheet(name=name, is_hidden=is_hidden))
        self.sheets.append(self._table.sheet)
        if len(self.sheets) > MOST_SHEETS:
            raise too_large(f"more than {MOST_SHEETS} sheets")
        if name in self.facts:
            raise damaged()
        self.empty.add(name)
        self.facts[name] = self._table.facts

    def _start_row(self, attributes: dict[str, str]) -> None:
        if (table := self._table) is None:
            return
        most = MOST_ROWS + 1 - table.next_row
        count = _count(attributes, "table:number-rows-repeated", most=most)
        self._row = _Row(first=table.next_row, count=count)
        table.next_row += count
        if _hides(attributes) or any(self._groups):
            table.facts.hide(self._row.first, count=count)

    def _start_cell(self, attributes: dict[str, str], *, is_covered: bool) -> None:
        if (row := self._row) is None:
            return
        most = MOST_COLUMNS - row.columns
        count = _count(attributes, "table:number-columns-repeated", most=most)
        type_ = attributes.get("office:value-type", "")
        values = [
            value
            for key, value in attributes.items()
            if key.startswith("office:") or key == "table:formula"
        ]
        self._cell = _Cell(
            column=row.columns,
            count=count,
            is_filled=bool(values),
            mark=COVERED if is_covered else _mark_of(type_, attributes),
            is_number=type_ == "float",
            value=attributes.get("office:value", "")[:_LONGEST_SHOWN],
            may_be_empty_result=_may_be_empty_result(type_, attributes),
            is_error=attributes.get("calcext:value-type") == "error",
            text_bytes=sum(len(value.encode()) for value in values),
        )
        row.columns += count

    def _text(self, text: str) -> None:
        if (cell := self._cell) is not None:
            self._add_text(cell, len(text.encode()))
            if cell.is_in_annotation:
                return
            cell.shown += text[: _LONGEST_SHOWN - len(cell.shown)]

    def _interrupt(self) -> None:
        if self._cell is not None:
            # No spreadsheet program writes a comment of XML into a cell.
            raise damaged()

    def _add_text(self, cell: _Cell, size_bytes: int) -> None:
        cell.text_bytes += size_bytes
        check_text(cell.text_bytes)

    def _end(self, name: str) -> None:
        if name in _CELLS:
            self._end_cell()
        elif name == "table:table-row":
            self._end_row()
        elif name == "table:table":
            self._end_table()
        elif name == _ANNOTATION and self._cell is not None:
            self._cell.is_in_annotation = False
        elif name == "table:table-row-group" and self._groups:
            self._groups.pop()

    def _end_cell(self) -> None:
        table, row, cell, self._cell = self._table, self._row, self._cell, None
        if table is None or row is None or cell is None or not cell.is_filled:
            return
        row.filled_columns = row.columns
        if cell.mark.is_formula and cell.value not in NO_RESULTS:
            table.facts.marks.columns_with_results.add(cell.column)
        if cell.may_be_empty_result and not cell.shown.strip():
            table.facts.empty_results.set(row.first, 1, count=row.count)
        row.text_bytes += cell.text_bytes * cell.count
        check_corner(row.first + row.count - 1, row.columns)
        mark = _full_mark(cell)
        if mark != PLAIN:
            for column in range(cell.column, cell.column + cell.count):
                table.facts.marks.add(row.first, column, mark, rows=row.count)

    def _end_row(self) -> None:
        table, row, self._row = self._table, self._row, None
        if table is None or row is None or not row.filled_columns:
            return
        self.empty.discard(table.sheet.name)
        table.last_row = row.first + row.count - 1
        table.columns = max(table.columns, row.filled_columns)
        check_corner(table.last_row, table.columns)
        self._filled_cells += row.filled_columns
        # Before rows are repeated, the reader keeps those of all sheets.
        if self._filled_cells > MOST_CELLS:
            raise too_large(f"more than {MOST_CELLS} cells")
        self._text_bytes += row.text_bytes * row.count
        check_text(self._text_bytes)
        self._check_repeats(row)

    def _check_repeats(self, row: _Row) -> None:
        repeats = row.count - 1
        self._repeated_rows += repeats
        self._repeated_cells += repeats * row.filled_columns
        self._repeated_text_bytes += repeats * row.text_bytes
        if (
            self._repeated_rows > MOST_REPEATED_ROWS
            or self._repeated_cells > MOST_REPEATED_CELLS
            or self._repeated_text_bytes > MOST_REPEATED_TEXT_BYTES
        ):
            raise too_large("more rows that repeat others than a list of ids")

    def _end_table(self) -> None:
        self._table = None

    def _note_filter(self, address: str) -> None:
        range_ = _RANGE(address)
        if range_ is None:
            return
        name = range_["sheet"].strip("'").replace("''", "'")
        if (facts := self.facts.get(name)) is not None:
            corners = f"{range_['first']}:{range_['last']}"
            facts.filter_range = corners.replace("$", "")


def _hides(attributes: dict[str, str]) -> bool:
    """Return whether a row, or a group of rows, is hidden."""
    return (
        attributes.get("table:display") == "false"
        or attributes.get("table:visibility") in _HIDING
    )


def _count(attributes: dict[str, str], key: str, *, most: int) -> int:
    text = attributes.get(key, "1")
    if not text.isascii() or not text.isdecimal():
        raise damaged()
    # The reader leaves out what lies outside a sheet too.
    return min(int(text[:_LONGEST_COUNT]), max(most, 0))


def _mark_of(type_: str, attributes: dict[str, str]) -> Mark:
    return Mark(
        is_formula="table:formula" in attributes and type_ != "string",
        is_percentage=type_ == "percentage",
        is_money=type_ == "currency",
        unit=attributes.get("office:currency", "")[:_LONGEST_CURRENCY],
    )


def _may_be_empty_result(type_: str, attributes: dict[str, str]) -> bool:
    """Return whether a formula has no text as its result, unless a text follows."""
    is_text = type_ == "string" and "table:formula" in attributes
    return is_text and not attributes.get("office:string-value", "").strip()


def _full_mark(cell: _Cell) -> Mark:
    shown = cell.shown.strip()
    if cell.is_error:
        return replace(cell.mark, error=shown or "#ERROR!")
    if cell.has_breaks:
        return replace(cell.mark, has_breaks=True)
    if cell.mark.is_covered or not cell.is_number:
        return cell.mark
    if _has_leading_zeros(shown):
        return replace(cell.mark, shown_digits=len(shown))
    if _is_shown_number(shown):
        return cell.mark
    unit = unit_in_words(_NUMBER_CHARACTERS.sub("", shown))
    return replace(cell.mark, has_added_text=True, unit=unit)
