"""Make a row of a JSON value: an object that holds an id, or a bare id."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import cast

import orjson

from bulkpause._text import quote
from bulkpause.ids import EXACT_DIGITS, WHITESPACE, are_plain_numbers, parse_item
from bulkpause.inputs.cells import LONGEST_NAME
from bulkpause.inputs.columns import (
    TIME_COLUMN,
    RowError,
    find_column,
    find_currency_column,
    has_column,
    is_same_column,
)
from bulkpause.inputs.json_batch import (
    JsonColumns,
    columns_without_checks,
    numbers_as_written,
)
from bulkpause.inputs.json_campaigns import check_is_campaign
from bulkpause.inputs.json_keys import (
    check_keys,
    currency_of,
    field,
    find_beside,
    id_field,
    known_account,
    optional_field,
    text_of,
    unused_account_key,
)
from bulkpause.inputs.json_text import (
    JsonConstant,
    JsonInteger,
    JsonNumber,
    ObjectWithRepeatedKey,
)
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.number_shape import with_currency
from bulkpause.inputs.result_log import refuse_result_log
from bulkpause.inputs.table import ReadError, Table
from bulkpause.item_block import ItemBlock
from bulkpause.model import InvalidRow, Item
from bulkpause.text_column import TextColumn


#: From here on, programs that read numbers as doubles round integers.
_INEXACT_FROM = 2**53
ONE_PER_LINE = 'write one {"id": "1000248"} or "1000248" per line'


class JsonRows:
    """Makes the rows of one input, and notes its keys in a table.

    The keys that the user names may be paths, such as `campaign.id`. A key that is
    itself `campaign.id` comes first.

    Attributes:
        id_key: The key, or the path of keys, of the first id; None if there was none.
        has_objects: Whether a value was an object.
    """

    def __init__(self, layout: Layout, table: Table) -> None:
        self._layout = layout
        self._table = table
        self.id_key: str | None = None
        self.has_objects = False
        self._has_sort_value = False
        self._has_name = False
        self._has_account = False
        self._keys: tuple[str, ...] = ()
        self._known: tuple[str, str | None, str | None] = ("", None, None)

    def row_of(self, row: int, value: object) -> Item | InvalidRow:
        """Make a row of a value.

        Raises:
            ReadError: It is a record of a result log.
        """
        try:
            if isinstance(value, dict):
                return self._row_of_object(row, value)
            return parse_item(row, _id_text(value))
        except RowError as error:
            return InvalidRow(row=row, detail=str(error), remedy=error.remedy)

    def read_without_checks(
        self, first_row: int, lines: Sequence[str]
    ) -> ItemBlock | None:
        """Read lines at once. None if one of them needs a check, as `row_of` does it.

        Objects with the keys of the row before need none if their ids are plain numbers
        and their names and statuses are texts.
        """
        key, name_key, status_key = self._known
        layout = self._layout
        if not self._keys or layout.name_column or layout.accounts is not None:
            return None
        columns = columns_without_checks(lines, self._keys)
        if columns is None or self._may_be_around_campaigns(columns, key):
            return None
        if not all(map(columns.holds_texts, (name_key, status_key, TIME_COLUMN))):
            return None
        ids = _plain_ids(columns, key)
        names = _stripped(columns.texts(name_key))
        statuses = _stripped(columns.texts(status_key))
        sort_texts = self._sort_texts_of(lines, columns)
        if ids is None or (statuses is not None and "" in statuses):
            return None
        if sort_texts is None and layout.sort_column is not None:
            return None
        rows = range(first_row, first_row + len(ids))
        self._note_keys(names, statuses)
        self._has_sort_value |= sort_texts is not None and sort_texts.has_any
        if names is not None and "" in names:
            names = [name or None for name in names]
        items = ItemBlock(ids, rows, names, sort_texts)
        times = _stripped(columns.texts(TIME_COLUMN))
        self._table.note(items, rows, statuses, times)
        return items

    def _may_be_around_campaigns(self, columns: JsonColumns, key: str) -> bool:
        if self._layout.column is not None or columns.are_flat:
            return False
        try:
            for fields in columns.objects():
                check_is_campaign(fields, key)
        except RowError:
            return True
        return False

    def _sort_texts_of(
        self, lines: Sequence[str], columns: JsonColumns
    ) -> TextColumn | None:
        """Return the values to sort by. None without a key, or if one needs a check."""
        wanted = self._layout.sort_column
        if wanted is None or not has_column(self._keys, wanted):
            return None
        try:
            key = self._keys[find_column(self._keys, wanted)]
        except RowError:
            return None
        if find_currency_column(self._keys, key, other_than=None) is not None:
            return None
        return numbers_as_written(lines, key, columns)

    def _note_keys(
        self,
        names: Sequence[str | None] | None,
        statuses: Sequence[str | None] | None,
    ) -> None:
        key, name_key, status_key = self._known
        table = self._table
        table.id_column = table.id_column or key
        if _has_any(names):
            self._has_name = True
            table.name_column = table.name_column or name_key
        if _has_any(statuses):
            table.status_column = table.status_column or status_key

    def _row_of_object(self, row: int, fields: dict[str, object]) -> Item | InvalidRow:
        self.has_objects = True
        keys = tuple(fields)
        is_known = bool(keys) and keys == self._keys
        if not is_known or isinstance(fields, ObjectWithRepeatedKey):
            refuse_result_log(fields)
            check_keys(fields)
            key, id_ = id_field(fields, self._layout.column)
            self._check_is_key_of_rows(key)
            beside, name_key, status_key = find_beside(fields, key)
            self._note_unused_account(fields, beside)
            if key in fields:
                # Most rows have the keys of the row before.
                self._keys, self._known = keys, (key, name_key, status_key)
        else:
            key, name_key, status_key = self._known
            beside, id_ = fields, fields[key]
        if self._layout.column is None:
            check_is_campaign(fields, key)
        name = self._name_of(fields, beside, name_key)
        item = parse_item(row, _id_text(id_), self._sort_text_of(fields), name)
        item = self._with_account(item, fields, beside)
        if isinstance(item, Item):
            self._note(item, beside, key, status_key)
        return item

    def _note_unused_account(
        self, fields: dict[str, object], beside: dict[str, object]
    ) -> None:
        if self._layout.accounts is None and self._table.unused_account_column is None:
            self._table.unused_account_column = unused_account_key(fields, beside)

    def _check_is_key_of_rows(self, key: str) -> None:
        """Check that the key that was found is that of the rows before.

        The id of something else may stand in a row whose own id has another key.
        """
        self.id_key = self.id_key or key
        is_surer = "campaign" in key.casefold()
        if self._layout.column is None and not (
            is_surer or is_same_column(self.id_key, key)
        ):
            reason = f"no key {quote(self.id_key)}, which the rows before have"
            raise RowError(reason, "correct it, or name the key with --column")

    def _name_of(
        self, fields: dict[str, object], beside: dict[str, object], name_key: str | None
    ) -> str | None:
        if self._layout.name_column is not None:
            name_key, value = optional_field(fields, self._layout.name_column)
        elif name_key is None:
            return None
        else:
            value = beside[name_key]
        name = text_of(value)
        if name is None:
            return None
        self._has_name = True
        self._table.name_column = self._table.name_column or name_key
        return name.strip(WHITESPACE)[:LONGEST_NAME] or None

    def _with_account(
        self,
        item: Item | InvalidRow,
        fields: dict[str, object],
        beside: dict[str, object],
    ) -> Item | InvalidRow:
        """Add the account of a row, if a run has several."""
        if self._layout.accounts is None:
            return item
        if self._layout.account_column is not None:
            value = optional_field(fields, self._layout.account_column)[1]
        else:
            value = known_account(beside) or known_account(fields)
        account = (text_of(value) or "").strip(WHITESPACE)[:LONGEST_NAME] or None
        self._has_account = self._has_account or account is not None
        return replace(item, account=account)

    def _sort_text_of(self, fields: dict[str, object]) -> str | None:
        wanted = self._layout.sort_column
        if wanted is None:
            return None
        try:
            key, value = field(fields, wanted)
        except RowError:
            # Which of several it is, is not known: that is no blank.
            return wanted if has_column(tuple(fields), wanted) else None
        self._has_sort_value = self._has_sort_value or value is not None
        if isinstance(value, str):
            text = value if isinstance(value, JsonNumber) else str(value)
            return with_currency(text, currency_of(fields, key))
        if value is None:
            return None
        return type(value).__name__  # no number, and so it is named

    def _note(
        self, item: Item, fields: dict[str, object], key: str, status: str | None
    ) -> None:
        table = self._table
        table.id_column = table.id_column or key
        word = None if status is None else text_of(fields[status]) or None
        if word is not None:
            table.status_column = table.status_column or status
            word = word.strip(WHITESPACE)[:LONGEST_NAME]
        time = (text_of(fields.get(TIME_COLUMN)) or "").strip(WHITESPACE)[:LONGEST_NAME]
        if word is not None or time:
            table.note([item], [item.row], [word], [time])

    def check_named_keys(self) -> None:
        """Check, after the last row, that the keys that the user named occur.

        Raises:
            ReadError: No row has one of them.
        """
        missing = {
            flag: key
            for key, has_value, flag in (
                (self._layout.name_column, self._has_name, "--name-column"),
                (self._layout.account_column, self._has_account, "--account-column"),
                (self._layout.sort_column, self._has_sort_value, "--order-by"),
            )
            if key is not None and not has_value
        }
        if missing:
            keys = " and none for ".join(map(quote, missing.values()))
            remedy = f"name another key with {' and '.join(missing)}"
            raise ReadError(f"no row has a value for {keys}", remedy)


def _plain_ids(columns: JsonColumns, key: str) -> Sequence[str] | None:
    """Return ids as texts, if all are numbers of which none needs a check."""
    values = columns.column(key)
    match list(columns.kinds(key)):
        case [kind] if kind is int:
            numbers = cast(Sequence[int], values)
            is_plain = min(numbers) > 0 and max(numbers) < 10**EXACT_DIGITS
            return _texts_of_numbers(numbers) if is_plain else None
        case [kind] if kind is str:
            texts = cast(Sequence[str], values)
            return texts if are_plain_numbers(texts) else None
        case _:
            return None


def _texts_of_numbers(numbers: Sequence[int]) -> Sequence[str]:
    """Write numbers as `str` does, in a quarter of its time."""
    return orjson.dumps(numbers)[1:-1].decode().split(",")


def _stripped(texts: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """Return texts without the blanks around them, as far as they are shown."""
    if texts is None:
        return None
    if None in texts:
        return [
            None if text is None else text.strip(WHITESPACE)[:LONGEST_NAME]
            for text in texts
        ]
    found = list(map(str.strip, cast(Sequence[str], texts), repeat(WHITESPACE)))
    is_any_long = max(map(len, found)) > LONGEST_NAME
    return [text[:LONGEST_NAME] for text in found] if is_any_long else found


def _has_any(values: Sequence[str | None] | None) -> bool:
    return values is not None and values.count(None) < len(values)


def _id_text(value: object) -> str:
    if isinstance(value, JsonConstant):
        raise RowError(f"holds {value}, which JSON does not have", "write null instead")
    if isinstance(value, JsonNumber):
        _check_is_exact(value)
    if isinstance(value, str):
        return str(value)
    kinds = {bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a list or an object")
    raise RowError(f"{kind} is not a valid id", ONE_PER_LINE)


def _check_is_exact(number: JsonNumber) -> None:
    if not isinstance(number, JsonInteger):
        reason = "is not an integer"
    elif abs(int(number[:20])) >= _INEXACT_FROM:
        reason = "is too large to be exact"
    else:
        return
    raise RowError(f"the number {quote(number)} {reason}", "export the id as a string")
