"""Each fast path of the inputs gives what the long way gives."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.inputs import csv_reader, list_reader, row_reader
from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.cells import BadCell, CellRecord
from bulkpause.inputs.heading import make_heading
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.reader import read
from bulkpause.inputs.row_reader import RowReader
from bulkpause.inputs.spreadsheet.cells import Value, text_of, texts_of
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
    batch: list[CellRecord] = list(enumerate([*first_rows, *rows], 2))
    items = reader.read_without_checks(batch)
    assert items is None or items == [outcome(reader.read, *one) for one in batch]


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
    batch: list[CellRecord] = list(enumerate(rows, 2))
    items = reader.read_without_checks(batch)
    assert items == [reader.read(*record) for record in batch]


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.text(), st.text())))
def test_items_without_init_are_items(
    rows: list[tuple[str, int, str | None, str]],
) -> None:
    items = items_without_init(*map(list, zip(*rows, strict=True))) if rows else []
    assert items == [
        Item(id=id_, row=row, name=name, sort_text=sort_text)
        for id_, row, name, sort_text in rows
    ]


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
    table.fill(read(texts, name="", layout=Layout(format=format_), table=table))
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
    assert str(at_once.error) == str(one_by_one.error)
    assert replace(at_once, error=None) == replace(one_by_one, error=None)


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


@given(st.lists(st.integers(-(10**16), 10**16).map(float), min_size=1))
def test_whole_numbers_become_texts_as_cells_do(values: list[float]) -> None:
    (texts,) = zip(*texts_of([[value] for value in values]), strict=True)
    assert [(type(text), text) for text in texts] == [
        (type(text), text) for text in map(text_of, values)
    ]
