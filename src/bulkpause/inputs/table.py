"""The rows of one input, and what is known about its columns."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from bulkpause._text import replace_surrogates
from bulkpause._value import value
from bulkpause.model import Earlier, InvalidRow, Item, Status, remember_earlier


Row = Item | InvalidRow


class ReadError(ValueError):
    """An input, or the rest of it, cannot be read. No row of it may be sent.

    Attributes:
        detail: What is wrong. The name of the input is not part of it.
        remedy: What to do about it.
        row: The row at which it shows, if there is one.
    """

    def __init__(self, detail: str, remedy: str, *, row: int | None = None) -> None:
        super().__init__(detail, remedy, row)
        self.detail = detail
        self.remedy = remedy
        self.row = row

    def __str__(self) -> str:
        place = "" if self.row is None else f"row {self.row}: "
        return f"{place}{self.detail}; {self.remedy}"


@value(frozen=True)
class HiddenCount:
    """How many rows a spreadsheet hides.

    Attributes:
        rows: The number of hidden rows below the heading.
        filter_range: The cells that a filter covers, such as `A3:D19`; None if the rows
            were hidden by hand.
        are_skipped: Whether they are left out. Else they are read as the others.
    """

    rows: int
    filter_range: str | None
    are_skipped: bool


@dataclass(slots=True, kw_only=True)
class TableFacts:
    """What is known about the columns and the sheet of an input.

    Attributes:
        id_column: The heading of the ids; None if they have none.
        name_column: The heading of the names, if there is such a column.
        status_column: The heading of the campaigns' statuses, if there is one.
        statuses: The number of items by the word in the status column.
        sheet: The name of the sheet, if the input is a spreadsheet.
        hidden: The rows that a spreadsheet hides; None if there are none.
        commented_ids: The number of ids in comments, which are not read.
    """

    id_column: str | None = None
    name_column: str | None = None
    status_column: str | None = None
    statuses: Counter[str] = field(default_factory=Counter)
    sheet: str | None = None
    hidden: HiddenCount | None = None
    commented_ids: int = 0


@dataclass(slots=True, kw_only=True)
class Table(TableFacts):
    """What one input holds.

    Attributes:
        rows: The items and invalid rows, in the order of the input.
        rows_by_status: The numbers of the rows of items, by the word in the status
            column.
        times: The scheduled times of items, by the number of the row.
        footer_rows: The numbers of the last rows that seem to be sums.
        ends_early: Whether the last row has fewer cells than most rows before it.
        error: Why the input, or what follows these rows, cannot be read.
    """

    rows: list[Item | InvalidRow] = field(default_factory=list)
    rows_by_status: "dict[str, array[int]]" = field(default_factory=dict)
    times: dict[int, str] = field(default_factory=dict)
    footer_rows: frozenset[int] = frozenset()
    ends_early: bool = False
    error: ReadError | None = None

    def fill(self, rows: Iterable[Item | InvalidRow]) -> None:
        """Add rows up to the first error, and keep that."""
        try:
            # What came before it stays.
            self.rows.extend(rows)
        except ReadError as error:
            self.error = error
        self._count_statuses()

    def note_status(self, row: int, word: str | None) -> None:
        """Note the word in the status column of an item, by the number of its row."""
        if word is None:
            return
        if (rows := self.rows_by_status.get(word)) is None:
            rows = self.rows_by_status[word] = array("L")
        rows.append(row)

    def note_time(self, row: int, text: str | None) -> None:
        """Note the scheduled time of an item, by the number of its row."""
        if text:
            self.times[row] = text

    def remember(self) -> None:
        """Add to each item what its row says that the campaign was: for an undo."""
        rows_by_word = {
            word: rows
            for word, rows in self.rows_by_status.items()
            if word and word not in _OUR_OWN
        }
        if not (rows_by_word or self.times):
            return
        items = [row for row in self.rows if isinstance(row, Item)]
        numbers = [item.row for item in items]
        words = _words_of(numbers, rows_by_word)
        times = map(self.times.get, numbers)
        remember_earlier(items, map(_Earlier().of, words, times))

    def note_statuses(self, rows: Sequence[int], words: Sequence[str | None]) -> None:
        """Note the words in the status column of many items."""
        if len(set(words)) > 1:
            for row, word in zip(rows, words, strict=True):
                self.note_status(row, word)
        elif (word := words[0]) is not None:
            self.rows_by_status.setdefault(word, array("L")).extend(rows)

    def judge(self, judge: Callable[[list[Row]], list[Row]]) -> None:
        """Make invalid rows of some items, and keep all other rows."""
        self.rows = judge(self.rows)
        self._count_statuses()

    def _count_statuses(self) -> None:
        """Count the words of the rows that are items still."""
        if not self.rows_by_status:
            return
        invalid = {row.row for row in self.rows if isinstance(row, InvalidRow)}
        self.statuses.clear()
        for word, rows in self.rows_by_status.items():
            if count := len(rows) - sum(map(invalid.__contains__, rows)):
                self.statuses[word] = count

    def take_columns(self, other: "Table") -> None:
        """Take over what is known about the columns of another table."""
        self.id_column = other.id_column
        self.name_column = other.name_column
        self.status_column = other.status_column
        self.rows_by_status = other.rows_by_status
        self.times = other.times
        self.footer_rows = other.footer_rows


def _words_of(
    numbers: Sequence[int], rows_by_word: Mapping[str, Sequence[int]]
) -> Iterator[str | None]:
    """Give the word of each row. A table by number takes less than one of entries."""
    words = [None, *rows_by_word]
    last = max(chain(numbers, chain.from_iterable(rows_by_word.values())), default=0)
    places = array("L", [0]) * (last + 1)
    for place, rows in enumerate(rows_by_word.values(), 1):
        for row in rows:
            places[row] = place
    return (words[places[number]] for number in numbers)


class _Earlier:
    """Makes one value for all campaigns that were the same: most of them were."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, str | None], Earlier | None] = {
            (None, None): None
        }

    def of(self, word: str | None, time: str | None) -> Earlier | None:
        key = (word, time)
        try:
            return self._known[key]
        except KeyError:
            status, scheduled = (text and replace_surrogates(text) for text in key)
            found = Earlier(status=status, scheduled_time=scheduled)
            self._known[key] = found
            return found


#: Results of ours, as in the file of an export.
_OUR_OWN = frozenset({*Status, "not_attempted"}) - {Status.PAUSED}


@value
class Input:
    """A table, and the name of the input in messages."""

    name: str
    table: Table


def rows_of(inputs: Sequence[Input]) -> Iterator[Item | InvalidRow]:
    """Give the rows of all inputs. Of several, invalid rows tell which they are in."""
    if len(inputs) == 1:
        yield from inputs[0].table.rows
        return
    for one in inputs:
        for row in one.table.rows:
            if isinstance(row, InvalidRow):
                yield replace(row, source=one.name)
            else:
                yield row
