"""Make a row of a JSON value: an object that holds an id, or a bare id."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import repeat
from typing import cast

from bulkpause._text import quote
from bulkpause.ids import WHITESPACE, are_plain_numbers, parse_item
from bulkpause.inputs.cells import LONGEST_NAME
from bulkpause.inputs.columns import (
    ACCOUNT_COLUMNS,
    NAME_COLUMNS,
    STATUS_COLUMNS,
    TIME_COLUMN,
    RowError,
    find_column,
    find_currency_column,
    find_known_column,
    has_column,
    is_same_column,
)
from bulkpause.inputs.json_batch import (
    has_nested_values,
    numbers_as_written,
    objects_without_checks,
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
from bulkpause.model import InvalidRow, Item, items_without_init


#: From here on, programs that read numbers as doubles round integers.
_INEXACT_FROM = 2**53
#: Lists are looked for in objects up to this many levels deep.
DEEPEST_ARRAY = 8
#: Keys of lists, such as labels, that answers have beside or in campaigns.
_OTHER_THINGS = frozenset({
    *("columns", "details", "error", "errors", "fields", "headers", "labels", "links"),
    *("messages", "notes", "notices", "permissions", "tags", "warnings"),
})  # fmt: skip
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
    ) -> list[Item] | None:
        """Read lines at once. None if one of them needs a check, as `row_of` does it.

        Objects with the keys of the row before need none if their ids are plain numbers
        and their names and statuses are texts.
        """
        key, name_key, status_key = self._known
        layout = self._layout
        if not self._keys or layout.name_column or layout.accounts is not None:
            return None
        objects = objects_without_checks(lines, self._keys)
        if objects is None or self._may_be_around_campaigns(objects, key):
            return None
        ids = _plain_ids([fields[key] for fields in objects])
        names = _texts_of(objects, name_key)
        statuses = _texts_of(objects, status_key)
        sort_texts = self._sort_texts_of(lines, objects)
        if ids is None or names is None or statuses is None or sort_texts is None:
            return None
        if "" in statuses:
            return None
        rows = range(first_row, first_row + len(ids))
        self._note_texts(rows, names, statuses)
        self._has_sort_value |= sort_texts.count(None) < len(sort_texts)
        return items_without_init(
            ids, rows, [name or None for name in names], sort_texts
        )

    def _may_be_around_campaigns(
        self, objects: Sequence[dict[str, object]], key: str
    ) -> bool:
        if self._layout.column is not None or not has_nested_values(objects):
            return False
        try:
            for fields in objects:
                _check_is_campaign(fields, key)
        except RowError:
            return True
        return False

    def _sort_texts_of(
        self, lines: Sequence[str], objects: Sequence[dict[str, object]]
    ) -> Sequence[str | None] | None:
        """Return the values to sort by, blank without a key. None if one needs a check."""
        wanted = self._layout.sort_column
        if wanted is None:
            return [None] * len(objects)
        if not has_column(self._keys, wanted):
            return None
        try:
            key = self._keys[find_column(self._keys, wanted)]
        except RowError:
            return None
        if find_currency_column(self._keys, key, other_than=None) is not None:
            return None
        return numbers_as_written(lines, key, [fields[key] for fields in objects])

    def _note_texts(
        self,
        rows: Sequence[int],
        names: Sequence[str | None],
        statuses: Sequence[str | None],
    ) -> None:
        _, name_key, status_key = self._known
        table = self._table
        if names.count(None) < len(names):
            self._has_name = True
            table.name_column = table.name_column or name_key
        if statuses.count(None) < len(statuses):
            table.status_column = table.status_column or status_key
            table.note_statuses(rows, statuses)

    def _row_of_object(self, row: int, fields: dict[str, object]) -> Item | InvalidRow:
        self.has_objects = True
        keys = tuple(fields)
        if keys != self._keys or isinstance(fields, ObjectWithRepeatedKey):
            refuse_result_log(fields)
            _check_keys(fields)
            key, id_ = _id_field(fields, self._layout.column)
            self._check_is_key_of_rows(key)
            beside, name_key, status_key = _beside(fields, key)
            if key in fields:
                # Most rows have the keys of the row before.
                self._keys, self._known = keys, (key, name_key, status_key)
        else:
            key, name_key, status_key = self._known
            beside, id_ = fields, fields[key]
        if self._layout.column is None:
            _check_is_campaign(fields, key)
        name = self._name_of(fields, beside, name_key)
        item = parse_item(row, _id_text(id_), self._sort_text_of(fields), name)
        item = self._with_account(item, fields, beside)
        if isinstance(item, Item):
            self._note(row, beside, key, status_key)
        return item

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
            name_key, value = _optional_field(fields, self._layout.name_column)
        elif name_key is None:
            return None
        else:
            value = beside[name_key]
        name = _text_of(value)
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
            value = _optional_field(fields, self._layout.account_column)[1]
        else:
            value = _known_account(beside) or _known_account(fields)
        account = (_text_of(value) or "").strip(WHITESPACE)[:LONGEST_NAME] or None
        self._has_account = self._has_account or account is not None
        return replace(item, account=account)

    def _sort_text_of(self, fields: dict[str, object]) -> str | None:
        wanted = self._layout.sort_column
        if wanted is None:
            return None
        try:
            key, value = _field(fields, wanted)
        except RowError:
            # Which of several it is, is not known: that is no blank.
            return wanted if has_column(tuple(fields), wanted) else None
        self._has_sort_value = self._has_sort_value or value is not None
        if isinstance(value, str):
            text = value if isinstance(value, JsonNumber) else str(value)
            return with_currency(text, _currency_of(fields, key))
        if value is None:
            return None
        return type(value).__name__  # no number, and so it is named

    def _note(
        self, row: int, fields: dict[str, object], key: str, status: str | None
    ) -> None:
        table = self._table
        table.id_column = table.id_column or key
        if status is not None and (word := _text_of(fields[status])):
            table.status_column = table.status_column or status
            table.note_status(row, word.strip(WHITESPACE)[:LONGEST_NAME])
        if (time := _text_of(fields.get(TIME_COLUMN))) is not None:
            table.note_time(row, time.strip(WHITESPACE)[:LONGEST_NAME])

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


def _plain_ids(values: Sequence[object]) -> list[str] | None:
    """Return ids as texts, if all are numbers of which none needs a check."""
    kinds = set(map(type, values))
    texts = list(map(str, values))
    return texts if kinds <= {int, str} and are_plain_numbers(texts) else None


def _texts_of(
    objects: Sequence[dict[str, object]], key: str | None
) -> Sequence[str | None] | None:
    """Return the texts under a key, None for a missing one. None if one is no text."""
    if key is None:
        return [None] * len(objects)
    values = [fields[key] for fields in objects]
    kinds = set(map(type, values))
    if kinds == {str}:
        return [
            text[:LONGEST_NAME]
            for text in map(str.strip, cast(list[str], values), repeat(WHITESPACE))
        ]
    if not kinds <= {str, type(None)}:
        return None
    return [
        value.strip(WHITESPACE)[:LONGEST_NAME] if isinstance(value, str) else None
        for value in values
    ]


def _check_is_campaign(fields: Mapping[str, object], key: str) -> None:
    """Check that an object with an id is not about something else than a campaign.

    Raises:
        RowError: It holds a campaign with an id of its own, or a list of campaigns.
    """
    nested = {
        name: value for name, value in fields.items() if isinstance(value, dict | list)
    }
    if not nested:
        return
    if _holds_campaigns(nested, DEEPEST_ARRAY):
        raise RowError(*why_around_campaigns(key))
    for name, value in nested.items():
        if name.casefold() == "campaign" and isinstance(value, dict) and _is_row(value):
            path = shlex.quote(f"{name}.{_field(value, None)[0]}")
            detail = "has an id, and a campaign in it that has an id too"
            raise RowError(detail, f"pass --column {path}, or {_own_id(key)}")


def why_around_campaigns(key: str) -> tuple[str, str]:
    """Say why an object with an id under a key may not be the campaign, and a remedy."""
    detail = "has an id, and a list in it that may be the campaigns"
    return detail, f"write that list alone if it is, or pass {_own_id(key)}"


def _own_id(key: str) -> str:
    return f"--column {shlex.quote(key)} if the object's own id is meant"


def _holds_campaigns(fields: Mapping[str, object], depth: int) -> bool:
    """Return whether a list in an object may be the campaigns that are meant."""
    return depth > 0 and any(
        _is_list_of_campaigns(key, value)
        if isinstance(value, list)
        else isinstance(value, dict) and _holds_campaigns(value, depth - 1)
        for key, value in fields.items()
    )


def _is_list_of_campaigns(key: str, value: list[object]) -> bool:
    if is_of_something_else(key):
        return False
    return bool(value) and (is_of_campaigns(key) or any(map(_is_row, value)))


def is_of_campaigns(key: str) -> bool:
    """Return whether the key of a list says that it holds campaigns."""
    return "campaign" in key.casefold()


_is_key_of_ids = re.compile(
    r"(?:.*campaign[_-]?)?ids?|.*campaigns?", re.IGNORECASE | re.DOTALL
).fullmatch


def is_of_ids(key: str) -> bool:
    """Return whether the key of a list says that its bare values are ids."""
    return _is_key_of_ids(key) is not None


def is_of_something_else(key: str) -> bool:
    """Return whether the key of a list says that it holds no campaigns."""
    return key.casefold() in _OTHER_THINGS


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and has_column(tuple(value), None)


def has_id(fields: Mapping[str, object], layout: Layout) -> bool:
    """Return whether an object has the key of the ids."""
    return key_of_id(fields, layout) is not None


def key_of_id(fields: Mapping[str, object], layout: Layout) -> str | None:
    """Return the key of the ids, or its path; None if an object has none."""
    try:
        return _field(dict(fields), layout.column)[0]
    except RowError:
        return None


def _beside(
    fields: dict[str, object], path: str
) -> tuple[dict[str, object], str | None, str | None]:
    """Return the object with the name and the status of an id, and their keys.

    They stand beside the id. Around it they count only where no other id stands.
    """
    owner, before = _owner_of(fields, path)
    name, status = _known_keys(tuple(owner), path.removeprefix(before))
    if owner is fields or name or status or has_column(tuple(fields), None):
        return owner, name, status
    return fields, *_known_keys(tuple(fields), path)


# The cache is small because each row of a hostile feed may have long keys of its own.
@lru_cache(maxsize=32)
def _known_keys(keys: tuple[str, ...], id_key: str) -> tuple[str | None, str | None]:
    """Return the keys of the name and of the status."""
    id_index = keys.index(id_key) if id_key in keys else None
    name = find_known_column(keys, NAME_COLUMNS, other_than=id_index)
    status = find_known_column(keys, STATUS_COLUMNS, other_than=id_index)
    return (
        None if name is None else keys[name],
        None if status is None else keys[status],
    )


def _known_account(fields: dict[str, object]) -> object:
    index = find_known_column(tuple(fields), ACCOUNT_COLUMNS, other_than=None)
    return None if index is None else fields[tuple(fields)[index]]


def _check_keys(fields: dict[str, object]) -> None:
    if isinstance(fields, ObjectWithRepeatedKey):
        reason = f"the key {quote(fields.repeated_key)} occurs more than once"
        raise RowError(reason, "keep one of them")


def _id_field(fields: dict[str, object], wanted: str | None) -> tuple[str, object]:
    try:
        return _field(fields, wanted)
    except RowError as error:
        if wanted is None and (path := _path_of_nested_id(fields)) is not None:
            remedy = f"pass --column {path}"
            raise RowError(str(error), remedy) from error
        raise


def _path_of_nested_id(fields: dict[str, object]) -> str | None:
    if has_column(tuple(fields), None):
        return None
    for key, inner in fields.items():
        if isinstance(inner, dict) and has_column(tuple(inner), None):
            path = f"{key}.{_field(inner, None)[0]}"
            return path if path.isprintable() and path.isascii() else None
    return None


def _field(fields: dict[str, object], wanted: str | None) -> tuple[str, object]:
    """Return the key, or the path of keys, that matches, and its value.

    Raises:
        RowError: None matches, or more than one.
    """
    keys = tuple(fields)
    if wanted is not None and "." in wanted and not has_column(keys, wanted):
        outer, _, rest = wanted.partition(".")
        if has_column(keys, outer):
            key = keys[find_column(keys, outer)]
            inner = fields[key]
            if isinstance(inner, dict):
                _check_keys(inner)
                path, value = _field(inner, rest)
                return f"{key}.{path}", value
    key = keys[find_column(keys, wanted)]
    return key, fields[key]


def _optional_field(
    fields: dict[str, object], wanted: str
) -> tuple[str | None, object]:
    """Return the key that matches and its value, or None and None."""
    try:
        return _field(fields, wanted)
    except RowError:
        return None, None


def _owner_of(fields: dict[str, object], path: str) -> tuple[dict[str, object], str]:
    """Return the object in which the last key of a path stands, and the path before."""
    before = ""
    while path not in fields:
        outer, _, path = path.partition(".")
        before = f"{before}{outer}."
        inner = fields.get(outer)
        if not isinstance(inner, dict):
            break
        fields = inner
    return fields, before


def _currency_of(fields: dict[str, object], path: str) -> str:
    """Return the currency beside an amount, or else beside what holds it; or nothing."""
    for owner in (_owner_of(fields, path)[0], fields):
        keys = tuple(owner)
        index = find_currency_column(keys, path, other_than=None)
        if index is not None and (text := _text_of(owner[keys[index]])):
            return text.strip(WHITESPACE)
    return ""


def _text_of(value: object) -> str | None:
    return str(value) if isinstance(value, str) else None


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
