"""What a sheet says beside the values of its cells."""

from dataclasses import field

from bulkpause._value import state, value


@value
class Mark:
    """Why the value of a cell may not be what its reader sees.

    Attributes:
        error: The error that the cell shows, such as `#N/A`.
        is_formula: Whether it holds a formula. Its result may not have been saved.
        is_percentage: Whether it is shown as a percentage.
        is_money: Whether it is shown as an amount of money.
        unit: The currency of the amount, such as `€`, if it is known.
        shown_digits: The digits that are shown at least, with zeros before a number.
        has_added_text: Whether its number is shown with other characters.
        has_breaks: Whether it holds several lines, or columns apart by tabs.
        is_covered: Whether cells that were merged show the value of another cell there.
    """

    error: str | None = None
    is_formula: bool = False
    is_percentage: bool = False
    is_money: bool = False
    unit: str = ""
    shown_digits: int = 0
    has_added_text: bool = False
    has_breaks: bool = False
    is_covered: bool = False


#: The mark of most cells.
PLAIN = Mark()
#: The mark of cells that merged ones cover.
COVERED = Mark(is_covered=True)


#: Programs that do not compute formulas save these as their results.
NO_RESULTS = frozenset({"", "0"})


class Codes:
    """A small number for each row, 0 where none was set. One byte a row."""

    def __init__(self) -> None:
        self._codes = bytearray()

    def __bool__(self) -> bool:
        return len(self._codes) > 0

    def __getitem__(self, row: int) -> int:
        return self._codes[row] if row < len(self._codes) else 0

    def count(self) -> int:
        """Return for how many rows a code was set."""
        return len(self._codes) - self._codes.count(0)

    def set(self, row: int, code: int, *, count: int = 1) -> None:
        """Set the code of `count` rows from `row` on."""
        missing = row + count - len(self._codes)
        if missing > 0:
            self._codes.extend(bytes(missing))
        self._codes[row : row + count] = bytes([code]) * count


class Marks:
    """The marks of cells by row and column. Columns are counted from 0.

    Attributes:
        columns_with_results: The columns in which a formula has a saved result other
            than 0, so that the 0 of another is one too.
        last_formula_row: The last row with a formula, 0 if there is none.
        formula_width: How many columns those with formulas reach over.
    """

    #: As many as one byte can tell apart.
    _MOST = 255

    def __init__(self) -> None:
        self._marks: list[Mark] = [PLAIN]
        self._codes: dict[Mark, int] = {PLAIN: 0}
        self._columns: dict[int, Codes] = {}
        self.columns_with_results: set[int] = set()
        self.last_formula_row = self.formula_width = 0

    def __bool__(self) -> bool:
        return bool(self._columns)

    def add(self, row: int, column: int, mark: Mark, *, rows: int = 1) -> None:
        """Mark a cell, and the same of the following rows."""
        code = self._code(mark)
        if code:
            self._columns.setdefault(column, Codes()).set(row, code, count=rows)
        if mark.is_formula:
            self.last_formula_row = max(self.last_formula_row, row + rows - 1)
            self.formula_width = max(self.formula_width, column + 1)

    def of_row(self, row: int) -> list[tuple[int, Mark]]:
        """Return the columns of a row that have a mark, and the marks."""
        return [
            (column, self._marks[code])
            for column, codes in self._columns.items()
            if (code := codes[row])
        ]

    def _code(self, mark: Mark) -> int:
        code = self._codes.get(mark)
        if code is None:
            if len(self._marks) > self._MOST:
                # No workbook has so many kinds. This one is never taken for an id.
                return self._MOST
            code = self._codes[mark] = len(self._marks)
            self._marks.append(mark)
        return code


@state(kw_only=True)
class SheetFacts:
    """What the pass over a sheet found.

    Attributes:
        marks: The cells whose value may not be what its reader sees.
        filter_range: The cells that a filter with a condition covers.
        has_tables: Whether it has tables, which may have filters of their own.
        empty_results: The rows with a formula whose saved result is an empty text.
    """

    marks: Marks = field(default_factory=Marks)
    filter_range: str | None = None
    has_tables: bool = False
    empty_results: Codes = field(default_factory=Codes)
    _hidden: Codes = field(default_factory=Codes)

    def hide(self, row: int, *, count: int = 1) -> None:
        """Note that rows are hidden."""
        self._hidden.set(row, 1, count=count)

    def hides_rows(self) -> bool:
        """Return whether any row is hidden."""
        return bool(self._hidden)

    def is_hidden(self, row: int) -> bool:
        """Return whether a row is hidden."""
        return self._hidden[row] == 1
