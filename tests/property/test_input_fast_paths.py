"""Each fast path of the inputs gives what the long way gives."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.inputs.alignment import Alignment
from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.heading import make_heading
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.row_reader import RowReader
from bulkpause.inputs.spreadsheet.cells import Value, text_of, texts_of
from bulkpause.inputs.table import ReadError
from bulkpause.model import InvalidRow, Item


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
    rows=st.lists(st.lists(CELLS, max_size=7), max_size=4),
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
    for row, cells in enumerate([*first_rows, *rows], 2):
        read = outcome(reader.read, row, cells)
        assert read == outcome(reader.read_checked, row, cells)


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
