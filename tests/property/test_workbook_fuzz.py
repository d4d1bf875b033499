"""Whatever is in a workbook, reading it gives rows or one error.

Parts are cut, joined and filled with tokens that mean something to a reader. An abort
of the library that reads cells would end the worker that runs this test.
"""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.inputs.layout import HiddenRows, Layout
from bulkpause.inputs.reader import load_input
from bulkpause.model import Item
from tests.inputs.workbooks import BAD, GOOD, archive
from tests.support.nightly import IS_NIGHTLY


pytestmark = [
    pytest.mark.timeout(3600 if IS_NIGHTLY else 300),
    pytest.mark.unmeasured,
]
FUZZED = settings(deadline=None, max_examples=20_000 if IS_NIGHTLY else 400)
TOKENS = st.sampled_from(
    [
        '<row r="3">',
        "</row>",
        "<row/>",
        '<c r="XFD1048576">',
        '<c r="B2"/>',
        "<c>",
        "</c>",
        "<v>1</v>",
        "<v>-1</v>",
        "<v>1e308</v>",
        "<v>NaN</v>",
        't="s"',
        't="d"',
        's="4294967296"',
        "<is>",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?a ?>",
        "&#0;",
        "&amp;",
        "\0",
        "\ufffe",
        '"',
        "<",
        ">",
        "0",
        "999999999999999999999",
        'uniqueCount="18446744073709551615"',
        '<dimension ref="A1:XFD1048576"/>',
        '<mergeCell ref="A0:A0"/>',
        "<table:table-row>",
        "</table:table-row>",
        "<table:table-cell/>",
        '<table:table table:name="x">',
        "</table:table>",
        'table:number-rows-repeated="1048576"',
        'table:number-columns-repeated="-1"',
        '<text:s text:c="9"/>',
        "<office:annotation>",
        'office:value="x"',
        'office:date-value="x"',
        'office:time-value="P1Y"',
    ]
)
WORKBOOKS: list[Callable[[], bytes]] = [*GOOD.values(), *BAD.values()]


@st.composite
def damaged_workbooks(draw: st.DrawFn) -> bytes:
    """Draw a workbook of the corpus with changes in one of its parts."""
    data = draw(st.sampled_from(WORKBOOKS))()
    with zipfile.ZipFile(io.BytesIO(data)) as zip_:
        parts = {name: zip_.read(name) for name in zip_.namelist()}
    name = draw(st.sampled_from(sorted(parts)))
    part = parts[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(part)))
        end = start + draw(st.sampled_from([0, 0, 1, 5, 40]))
        part = part[:start] + draw(TOKENS).encode() + part[end:]
    return archive(parts | {name: part})


def read(data: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export.xlsx")
        path.write_bytes(data)
        layout = Layout(hidden_rows=HiddenRows.PAUSE)
        rows = load_input(str(path), layout).table.rows
    return [row.id for row in rows if isinstance(row, Item)]


@FUZZED
@given(damaged_workbooks())
def test_damaged_workbook_gives_rows_or_error(data: bytes) -> None:
    read(data)


@FUZZED
@given(
    st.sampled_from(WORKBOOKS),
    st.integers(0, 1 << 16),
    st.binary(min_size=1, max_size=4),
)
def test_damaged_archive_gives_rows_or_error(
    make: Callable[[], bytes], place: int, change: bytes
) -> None:
    data = bytearray(make())
    start = place % len(data)
    data[start : start + len(change)] = change
    read(bytes(data))
