"""What the user said about an input: its format, columns and sheet."""

from enum import StrEnum

from bulkpause._value import value


class Format(StrEnum):
    """The formats of a text input."""

    CSV = "csv"
    JSONL = "jsonl"
    LINES = "lines"


class HiddenRows(StrEnum):
    """What to do with rows that a spreadsheet hides, by a filter or by hand."""

    SKIP = "skip"
    PAUSE = "pause"


@value(frozen=True)
class Layout:
    """What the user named; None means to detect it.

    Attributes:
        format: The format of a text input.
        column: The heading of the ids, or a path of JSON keys such as `campaign.id`.
        name_column: The heading of the campaigns' names, or such a path.
        account_column: The heading of the accounts' names, or such a path.
        accounts: The names of the accounts that rows may belong to; None if a run has
            one account, so that rows name none.
        sort_column: The heading of the values to sort by, or such a path.
        sheet: The sheet of a spreadsheet that has several.
        hidden_rows: What to do with hidden rows; None refuses them.
        has_multiline_cells: Whether quoted cells may hold lines that look like rows.
        takes_any_id: Whether an id that is valid by itself is taken, whatever the
            other ids of its column are.
    """

    format: Format | None = None
    column: str | None = None
    name_column: str | None = None
    account_column: str | None = None
    accounts: frozenset[str] | None = None
    sort_column: str | None = None
    sheet: str | None = None
    hidden_rows: HiddenRows | None = None
    has_multiline_cells: bool = False
    takes_any_id: bool = False
