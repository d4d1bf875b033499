"""Each fast path of the inputs gives what the long way gives."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.ids import are_plain_numbers, why_invalid
from bulkpause.inputs import csv_reader, line_batches, list_reader, row_reader
from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.heading import make_heading
from bulkpause.inputs.json_batch import columns_without_checks
from bulkpause.inputs.json_row import JsonRows
from bulkpause.inputs.json_text import JsonInteger, JsonNumber
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.number_shape import ProgramNumber
from bulkpause.inputs.reader import read
from bulkpause.inputs.row_batch import RowBatch
from bulkpause.inputs.row_reader import RowReader
from bulkpause.inputs.spreadsheet.cells import Value, text_of, texts_of
from bulkpause.inputs.spreadsheet.value_batch import ValueBatch
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item, items_without_init


pytestmark = pytest.mark.unmeasured

#: Cells that may be an id of one kind or another, or anything else.
CELLS = st.one_of(
    st.integers(0, 10**17).map(str),
    st.integers(10**6, 10**7 - 1).map(str),
    st.sampled_from(
        [
            *(
                "",
                " ",
                " 2024",
                "1000248 ",
                "٣٤٥٦٧٨٩",
                "²",
                "id",
                "cmp-12",
                "Total",
                "1e5",
            ),
            BadCell("1000248", "is a date, not an id", "re-enter it", sort_text="7"),
        ]
    ),
    st.text(max_size=4),
)
HEADINGS = st.lists(
    st.sampled_from(["name", "status", "spend", "1000248", ""]), max_size=3
)
#: As the reader of workbooks gives them.
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**16), 10**16).map(float),
    st.sampled_from([0.0, -0.0, 10.0**15, 10.0**15 - 1, 0.1 + 0.2, 1e-7]),
    st.text(max_size=3),
    st.booleans(),
    st.dates(),
)


def outcome(
    read: object, row: int, cells: Sequence[str]
) -> Item | InvalidRow | str | None:
    assert callable(read)
    try:
        result = read(row, cells)
    except ReadError as error:
        return str(error)
    assert result is None or isinstance(result, Item | InvalidRow)
    return result


@given(
    before=HEADINGS,
    after=HEADINGS,
    first_rows=st.lists(st.lists(CELLS, max_size=6), max_size=4),
    rows=st.lists(st.lists(CELLS, max_size=7), max_size=12),
    takes_any_id=st.booleans(),
)
def test_plain_rows_read_as_checked_rows(
    before: list[str],
    after: list[str],
    first_rows: list[list[str]],
    rows: list[list[str]],
    *,
    takes_any_id: bool,
) -> None:
    layout = Layout(takes_any_id=takes_any_id)
    heading = make_heading(1, [*before, "id", *after], layout)
    alignment = Alignment(heading, first_rows)
    reader = RowReader(heading, alignment, layout, move_back="")
    batch = RowBatch(2, [*first_rows, *rows])
    items = reader.read_without_checks(batch)
    assert items is None or items == [
        outcome(reader.read, *one) for one in batch.records()
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(10**6, 10**7 - 1).map(str),
            st.text(st.sampled_from("aé \udc80"), max_size=3),
            st.text(max_size=3),
        ),
        min_size=8,
        max_size=12,
    )
)
def test_plain_rows_need_no_checks(rows: list[tuple[str, str, str]]) -> None:
    layout = Layout(sort_column="spend")
    heading = make_heading(1, ["id", "name", "spend"], layout)
    reader = RowReader(heading, Alignment(heading, rows), layout, move_back="")
    batch = RowBatch(2, rows)
    items = reader.read_without_checks(batch)
    assert items == [reader.read(*record) for record in batch.records()]


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.text(), st.text())))
def test_items_without_init_are_items(
    rows: list[tuple[str, int, str | None, str]],
) -> None:
    items = items_without_init(*map(list, zip(*rows, strict=True))) if rows else []
    assert items == [
        Item(id=id_, row=row, name=name, sort_text=sort_text)
        for id_, row, name, sort_text in rows
    ]


@given(st.lists(st.text("019٣²-a", min_size=1, max_size=17), min_size=1, max_size=3))
def test_plain_numbers_are_valid_ids(texts: list[str]) -> None:
    if are_plain_numbers(texts):
        assert all(why_invalid(text) is None for text in texts)


LINES = st.lists(
    st.sampled_from(
        [
            *("1000248", "1000249", "1000250,1000251", "  1000252 ", "0001000", "0"),
            *("id", "id,name", "1000253,a,7", '1000254,"b, c",8', '1000255,"d', 'e",9'),
            *(
                '1000256,f",1',
                '"1000257"',
                "",
                "# 1000258",
                "- 1000259",
                "Total,9",
                "x",
            ),
            *("+ 1000260", "1000261\t1000262", "9" * 16, "1,2,3,4", ",,"),
        ]
    ),
    max_size=40,
)


def read_as(lines: list[str], format_: Format) -> Table:
    table = Table()
    texts = iter([f"{line}\n" for line in lines])
    table.fill(
        [row]
        for row in read(texts, name="", layout=Layout(format=format_), table=table)
    )
    return table


@given(lines=LINES, format_=st.sampled_from([Format.LINES, Format.CSV]))
def test_lines_read_at_once_as_one_by_one(lines: list[str], format_: Format) -> None:
    lines = ["1000248" if format_ is Format.LINES else "id,name,spend", *lines]
    at_once = read_as(lines, format_)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "parse_whole_lines", lambda *_: None)
        patch.setattr(list_reader, "are_plain_numbers", lambda _: False)
        patch.setattr(row_reader, "are_plain_numbers", lambda _: False)
        one_by_one = read_as(lines, format_)
    assert_same(at_once, one_by_one)


def assert_same(one: Table, other: Table) -> None:
    assert str(one.error) == str(other.error)
    assert replace(one, error=None) == replace(other, error=None)
    assert kinds_of_sort_texts(one) == kinds_of_sort_texts(other)


def kinds_of_sort_texts(table: Table) -> list[bool]:
    return [
        isinstance(row.sort_text, ProgramNumber)
        for row in table.rows
        if isinstance(row, Item)
    ]


def sampled(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


IDS = sampled(
    *[
        "1000248",
        '"1000249"',
        '"cmp-1"',
        "0",
        "-1",
        "1e6",
        "7.0",
        "null",
        '" 1000250 "',
    ],
    *["9007199254740993", "true", "[]", "1000251", "1000252", '"1000253"', '"0012"'],
)
PLAIN_IDS = st.integers(1, 10**9).map(str)
VALUES_BESIDE = sampled(
    *['"a"', '"b"', '" "', '""', "null", "5", "5.50", "-0", "1E2", '"1,5"', '"x: y"'],
    *['"\\u00e9"', '"\\ud800"', "[]", '["a"]', "{}", '{"id": 1}', "NaN", '"\\":"'],
)
PLAIN_VALUES = st.sampled_from(['"a"', '"b"', '"\\u00e9"', "null"])
NUMBERS = st.sampled_from(["5", "5.50", "-0", "1E2", "-7.10", "null", '"1,5"', "0.0"])
OBJECT = '{{"id":{},"name":{}, "status": {}, "spend":{}}}'.format
ODD_LINES = sampled(
    *['{"id" :1000261,"name":"a","status":"b","spend":1,"id":2}'],
    *['{"id":1000262,"id":1000263,"name":"a","status":"b","spend":1}'],
    *['{"id":1000264}', '"1000265"', "", "[1000266]", '{"id":1', "x", "7"],
)
PLAIN_OBJECTS = st.builds(OBJECT, PLAIN_IDS, PLAIN_VALUES, PLAIN_VALUES, NUMBERS)
ANY_OBJECTS = st.builds(OBJECT, IDS, VALUES_BESIDE, VALUES_BESIDE, VALUES_BESIDE)


@given(
    first=PLAIN_OBJECTS,
    lines=st.one_of(
        st.lists(PLAIN_OBJECTS, max_size=12),
        st.lists(st.one_of(PLAIN_OBJECTS, ANY_OBJECTS, ODD_LINES), max_size=6),
    ),
    sort_column=st.sampled_from([None, "spend", "name", "none"]),
    column=st.sampled_from([None, "id"]),
    chars=st.sampled_from([1, 100, 1000]),
)
def test_objects_read_at_once_as_one_by_one(
    first: str,
    lines: list[str],
    sort_column: str | None,
    column: str | None,
    chars: int,
) -> None:
    layout = Layout(sort_column=sort_column, column=column)

    def table_of(*, at_once: bool) -> Table:
        table = Table()
        text = iter([f"{line}\n" for line in [first, *lines]])
        with pytest.MonkeyPatch.context() as patch:
            # The first batch is always read one by one.
            patch.setattr(line_batches, "LINES_AT_ONCE", 1)
            patch.setattr(line_batches, "CHARS_AT_ONCE", chars)
            if not at_once:
                patch.setattr(JsonRows, "read_without_checks", lambda *_: None)
            table.fill(
                [row] for row in read(text, name="a.jsonl", layout=layout, table=table)
            )
        return table

    assert_same(table_of(at_once=True), table_of(at_once=False))


@pytest.mark.parametrize(
    "line",
    [
        '{"id":1,"id":2,"name":"a"}',
        '{"id":1,"i\\u0064":2,"name":"a"}',
        '{"id" :1,"id":2,"name":"a"}',
        '{"id":1,"name":{"a":1}}',
        '["id","name"]',
        "",
    ],
)
def test_objects_in_doubt_need_checks(line: str) -> None:
    plain = '{"id":1,"name":"a"}'
    assert columns_without_checks([plain], ("id", "name")) is not None
    assert columns_without_checks([plain, line], ("id", "name")) is None


def test_plain_objects_need_no_checks() -> None:
    layout = Layout(sort_column="spend")
    rows = JsonRows(layout, Table())
    fields = {"id": JsonInteger("1"), "name": "a", "spend": JsonNumber("5.0")}
    rows.row_of(1, fields)
    line = '{"id": 1000248, "name": "b", "spend": 5.50}\n'
    items = rows.read_without_checks(2, [line])
    assert items == [Item(id="1000248", row=2, name="b", sort_text="5.50")]


def test_key_without_letters_is_no_name_or_status() -> None:
    rows = JsonRows(Layout(), table := Table())
    rows.row_of(1, {"id": "1000247", "": "running"})
    items = rows.read_without_checks(2, ['{"id":"1000248","":"running"}\n'])
    assert items == [Item(id="1000248", row=2)]
    assert not table.statuses


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(VALUES, min_size=width, max_size=width), min_size=1, max_size=5
        )
    )
)
def test_columns_become_texts_as_cells_do(rows: list[list[Value]]) -> None:
    texts = [list(map(text_of, row)) for row in rows]
    assert list(map(list, texts_of(rows))) == texts
    batch = ValueBatch(1, rows)
    for index, column in enumerate(zip(*texts, strict=True)):
        assert tuple(batch.column(index)) == column
    assert [list(batch.rows), list(batch.last(1))] == [
        list(map(tuple, texts)),
        [tuple(texts[-1])],
    ]


@given(
    st.lists(
        st.integers(-(10**16), 10**16).map(float)
        | st.decimals(-(10**4), 10**4, places=2).map(float)
        | st.floats(),
        min_size=1,
    )
)
def test_numbers_become_texts_as_cells_do(values: list[float]) -> None:
    (texts,) = zip(*texts_of([[value] for value in values]), strict=True)
    assert [(type(text), text) for text in texts] == [
        (type(text), text) for text in map(text_of, values)
    ]
