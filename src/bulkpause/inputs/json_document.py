"""Read rows from one JSON value: an array, or an object around one.

Programs answer with an array of ids or of objects, or with an object that holds exactly
one such array, as in `{"total": 2, "items": [...]}`. The array is decoded element by
element, so that memory is bounded by its text and its rows.
"""

from collections.abc import Iterator

from bulkpause.inputs.files import LONGEST_JSON_CHARS
from bulkpause.inputs.json_arrays import FoundArray, only_array
from bulkpause.inputs.json_campaigns import DEEPEST_ARRAY, why_around_campaigns
from bulkpause.inputs.json_keys import key_of_id
from bulkpause.inputs.json_pages import check_is_no_error, check_is_whole
from bulkpause.inputs.json_row import JsonRows
from bulkpause.inputs.json_text import JsonText, NotJsonError
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.result_log import refuse_result_log
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item


#: A document with more elements in its arrays is not read.
MOST_ELEMENTS = 5_000_000


def read_document(
    first_row: int, lines: Iterator[str], *, layout: Layout, table: Table
) -> Iterator[Item | InvalidRow]:
    """Read the rows of a JSON array lazily. The row of an element is its number, from 1.

    Args:
        first_row: The number of the first of the lines.
        lines: The text.
        layout: The keys that the user named.
        table: Its keys and statuses are filled in, not its rows.

    Raises:
        ReadError: While rows are read: the text is too long or is not JSON, or it is an
            object that holds no array or several.
    """
    text = JsonText(_joined(lines))
    document = _Document(text, layout, first_row)
    if text.peek() == "[":
        yield from document.rows_of_array(table)
    else:
        yield from document.rows_of_object(table)


def _joined(lines: Iterator[str]) -> str:
    parts: list[str] = []
    length = 0
    for line in lines:
        length += len(line)
        if length > LONGEST_JSON_CHARS:
            size = f"{LONGEST_JSON_CHARS >> 20} Mi characters"
            raise ReadError(
                f"a JSON value of more than {size}", "write one object per line"
            )
        parts.append(line)
    return "".join(parts)


class _Document:
    """Reads the rows of one text, and names the place where it is not JSON."""

    def __init__(self, text: JsonText, layout: Layout, first_row: int) -> None:
        self._text = text
        self._layout = layout
        self._first_row = first_row
        self._elements_left = MOST_ELEMENTS

    def rows_of_array(self, table: Table) -> Iterator[Item | InvalidRow]:
        """Read an array."""
        maker = JsonRows(self._layout, table)
        yield from self._elements(maker)
        try:
            self._text.end()
        except NotJsonError as error:
            raise self._not_json(error, " after the array") from error
        maker.check_named_keys()

    def _elements(self, maker: JsonRows) -> Iterator[Item | InvalidRow]:
        row = 0
        try:
            for row, value in enumerate(self._text.elements(), 1):
                self._elements_left -= 1
                if self._elements_left < 0:
                    reason = f"a JSON value of more than {MOST_ELEMENTS:,} elements"
                    raise ReadError(reason, "write one object per line")
                yield maker.row_of(row, value)
        except NotJsonError as error:
            raise self._not_json(error, f" after element {row}") from error

    def rows_of_object(self, table: Table) -> Iterator[Item | InvalidRow]:
        """Read an object that is a row, or that holds exactly one array."""
        arrays: list[FoundArray] = []
        try:
            fields = self._walk(arrays, ())
            self._text.end()
        except NotJsonError as error:
            raise self._not_json(error, "") from error
        refuse_result_log(fields)
        if (key := key_of_id(fields, self._layout)) is not None:
            if self._layout.column is None and any(
                array.may_be_campaigns for array in arrays
            ):
                detail, remedy = why_around_campaigns(key)
                raise ReadError(f"an object {detail}", remedy)
            yield from self._only_row(table)
            return
        array = only_array(arrays, takes_any_id=self._layout.takes_any_id)
        yield from array.table.rows
        if not array.table.rows:
            check_is_no_error(fields)
        check_is_whole(fields, array.path, len(array.table.rows))
        table.take_columns(array.table)
        array.maker.check_named_keys()

    def _only_row(self, table: Table) -> Iterator[Item | InvalidRow]:
        self._text.position = 0
        maker = JsonRows(self._layout, table)
        yield maker.row_of(self._first_row, self._text.value())
        maker.check_named_keys()

    def _walk(
        self, arrays: list[FoundArray], path: tuple[str, ...]
    ) -> dict[str, object]:
        """Read an object and the arrays in it. Return its other fields."""
        fields: dict[str, object] = {}
        for key in self._text.fields():
            fields[key] = None
            below = (*path, key)
            character = self._text.peek()
            if character == "[":
                arrays.append(self._array(below))
            elif character == "{" and len(below) < DEEPEST_ARRAY:
                fields[key] = self._walk(arrays, below)
            else:
                fields[key] = self._text.value()
        return fields

    def _array(self, path: tuple[str, ...]) -> FoundArray:
        table = Table()
        maker = JsonRows(self._layout, table)
        table.rows.extend(self._elements(maker))
        return FoundArray(path=path, table=table, maker=maker)

    def _not_json(self, error: NotJsonError, place: str) -> ReadError:
        line = self._text.line_of(error.position) + self._first_row - 1
        self._text.position = error.position
        if not self._text.peek():
            return ReadError(f"cut short{place}, in line {line}", "export it again")
        detail = f"not valid JSON{place}, in line {line}"
        return ReadError(detail, "correct it there, or write one object per line")
