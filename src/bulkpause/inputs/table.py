"""The rows of one input, and what is known about its columns."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace

from bulkpause._value import state, value
from bulkpause.inputs.earlier import EarlierStates
from bulkpause.item_block import ItemBlock
from bulkpause.model import InvalidRow, Item, remember_earlier
from bulkpause.rows import Row, Rows


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


@state(kw_only=True)
class TableFacts:
    """What is known about the columns and the sheet of an input.

    Attributes:
        id_column: The heading of the ids; None if they have none.
        name_column: The heading of the names, if there is such a column.
        status_column: The heading of the campaigns' statuses, if there is one.
        unused_account_column: The heading of the accounts, if the run has but one.
        statuses: The number of items by the word in the status column.
        sheet: The name of the sheet, if the input is a spreadsheet.
        hidden: The rows that a spreadsheet hides; None if there are none.
        commented_ids: The number of ids in comments, which are not read.
        empty_results: The rows of a spreadsheet that are blank but for formulas whose
            result is an empty text.
    """

    id_column: str | None = None
    name_column: str | None = None
    status_column: str | None = None
    unused_account_column: str | None = None
    statuses: Counter[str] = field(default_factory=Counter)
    sheet: str | None = None
    hidden: HiddenCount | None = None
    commented_ids: int = 0
    empty_results: int = 0


@state(kw_only=True)
class Table(TableFacts):
    """What one input holds.

    Attributes:
        rows: The items and invalid rows, in the order of the input.
        rows_by_status: The numbers of the rows of items, by the word in the status
            column.
        footer_rows: The numbers of the last rows that seem to be sums.
        ends_early: Whether the last row has fewer cells than most rows before it.
        error: Why the input, or what follows these rows, cannot be read.
        earlier: Makes what the campaigns were.
    """

    rows: Rows = field(default_factory=Rows)
    rows_by_status: "dict[str, array[int]]" = field(default_factory=dict)
    footer_rows: frozenset[int] = frozenset()
    ends_early: bool = False
    error: ReadError | None = None
    earlier: EarlierStates = field(default_factory=EarlierStates, compare=False)

    def fill(self, batches: Iterable[Sequence[Row]]) -> None:
        """Add batches of rows up to the first error, and keep that."""
        try:
            for rows in batches:
                # What came before an error stays.
                self.rows.extend(rows)
        except ReadError as error:
            self.error = error
        self._count_statuses()

    def note(
        self,
        items: Sequence[Item],
        rows: Sequence[int],
        words: Sequence[str | None] | None,
        times: Sequence[str | None] | None = None,
    ) -> None:
        """Note what the rows of new items say that their campaigns were.

        Args:
            items: The items.
            rows: The numbers of their rows.
            words: The word in the status column of each; None without such a column.
            times: The scheduled time of each; None without such a column.
        """
        if words is None and times is None:
            return
        if words is None:
            words = [None] * len(items)
        else:
            self._note_words(rows, words)
        earlier = self.earlier.of(words, times)
        if isinstance(items, ItemBlock):
            items.remember(earlier)
        else:
            remember_earlier(items, earlier)

    def _note_words(self, rows: Sequence[int], words: Sequence[str | None]) -> None:
        rows_by_word = self.rows_by_status
        if len(set(words)) == 1:
            if (word := words[0]) is not None:
                rows_by_word.setdefault(word, array("L")).extend(rows)
            return
        for row, word in zip(rows, words, strict=True):
            if word is not None:
                if word not in rows_by_word:
                    rows_by_word[word] = array("L")
                rows_by_word[word].append(row)

    def judge(self, judge: Callable[[Rows], Rows]) -> None:
        """Make invalid rows of some items, and keep all other rows."""
        judged = judge(self.rows)
        if judged is not self.rows:
            self.rows = judged
            self._count_statuses()

    def _count_statuses(self) -> None:
        """Count the words of the rows that are items still."""
        if not self.rows_by_status:
            return
        invalid = {row.row for row in self.rows.invalid}
        self.statuses.clear()
        for word, rows in self.rows_by_status.items():
            left_out = sum(map(invalid.__contains__, rows)) if invalid else 0
            if count := len(rows) - left_out:
                self.statuses[word] = count

    def take_columns(self, other: "Table") -> None:
        """Take over what is known about the columns of another table."""
        self.id_column = other.id_column
        self.name_column = other.name_column
        self.status_column = other.status_column
        self.unused_account_column = other.unused_account_column
        self.rows_by_status = other.rows_by_status
        self.footer_rows = other.footer_rows


@value
class Input:
    """A table, and the name of the input in messages."""

    name: str
    table: Table


def rows_of(inputs: Sequence[Input]) -> Rows:
    """Give the rows of all inputs. Of several, invalid rows tell which they are in."""
    if len(inputs) == 1:
        return inputs[0].table.rows
    for one in inputs:
        # Whose an item is, is told by the item itself: it is made once.
        one.table.rows = Rows(list(one.table.rows))
    return Rows(_rows_of_several(inputs))


def _rows_of_several(inputs: Sequence[Input]) -> Iterator[Row]:
    for one in inputs:
        for row in one.table.rows:
            if isinstance(row, InvalidRow):
                yield replace(row, source=one.name)
            else:
                yield row
