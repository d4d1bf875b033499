"""The pass over a sheet finds the same, whether rows are matched or parsed."""

import re
from array import array
from collections.abc import Iterator
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.inputs.spreadsheet.facts import Mark
from bulkpause.inputs.spreadsheet.refusals import MOST_CELLS, MOST_TEXT_BYTES
from bulkpause.inputs.spreadsheet.shared_strings import SharedStrings
from bulkpause.inputs.spreadsheet.worksheet import WorksheetPass
from bulkpause.inputs.table import ReadError


PADDED = Mark(shown_digits=7)
CELLS = st.sampled_from(
    [
        '<c r="{at}"><v>1</v></c>',
        '<c r="{at}" s="1"><v>1</v></c>',
        '<c r="{at}" t="s"><v>0</v></c>',
        '<c r="{at}" s="1" t="s"><v>0</v></c>',
        '<c r="{at}" t="e"><v>#N/A</v></c>',
        '<c r="{at}"><f>A1</f><v>1</v></c>',
        '<c r="{at}" t="str"><f>A1</f><v>1</v></c>',
        '<c r="{at}" t="inlineStr"><is><t>a</t></is></c>',
        '<c r="{at}" s="1"/>',
        '<c r="{at}"></c>',
        "",
    ]
)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(
            ["", ' hidden="1"', ' hidden="false"', ' spans="1:3"', ' ht="0"']
        ),
        st.lists(CELLS, max_size=4),
    ),
    max_size=20,
)


def sheet_of(rows: list[tuple[int, str, list[str]]]) -> tuple[str, int]:
    xml, number = "", 0
    for step, attributes, cells in rows:
        number += step
        written = "".join(
            cell.format(at=f"{letter}{number}")
            for letter, cell in zip("ABCD", cells, strict=False)
        )
        xml += f'<row r="{number}"{attributes}>{written}</row>'
    return f"<worksheet><sheetData>{xml}</sheetData></worksheet>", number


Facts = list[tuple[bool, list[tuple[int, Mark]]]]


def facts_of(xml: str, last: int, *, block_bytes: int = 50) -> Facts:
    sheet = WorksheetPass(array("L", [5]), {"1": PADDED}, size_bytes=len(xml))
    sheet.read(blocks_of(xml.encode(), block_bytes))
    return [
        (sheet.facts.is_hidden(row), sorted(sheet.facts.marks.of_row(row), key=str))
        for row in range(last + 1)
    ]


def blocks_of(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@settings(deadline=None, max_examples=300)
@given(ROWS, st.integers(1, 400))
def test_matched_rows_tell_what_parsed_rows_tell(
    rows: list[tuple[int, str, list[str]]], block_bytes: int
) -> None:
    xml, last = sheet_of(rows)
    # No pattern matches names with a prefix.
    parsed = re.sub(r"<(/?)(row|c|v|f|is|t)\b", r"<\1x:\2", xml)
    matched = facts_of(xml, last, block_bytes=block_bytes)
    assert matched == facts_of(parsed, last, block_bytes=block_bytes)


@pytest.mark.parametrize("prefix", ["", "x:"], ids=["matched", "parsed"])
@pytest.mark.parametrize("names", ["AA", "ABCC", "ABA", "ABCDB"])
@pytest.mark.parametrize("rows", [0, 1], ids=["first", "below others"])
def test_two_cells_in_one_place_are_damage(prefix: str, names: str, rows: int) -> None:
    def row_of(row: int, names: str) -> str:
        cells = "".join(f'<c r="{name}{row}"><v>1000248</v></c>' for name in names)
        return f'<row r="{row}">{cells}</row>'

    xml = "".join(row_of(row, "ABCD") for row in range(1, rows + 1))
    facts_of(sheet_with(f"{xml}{row_of(rows + 1, 'ABCD')}", prefix), 2)
    with pytest.raises(ReadError, match="damaged"):
        facts_of(sheet_with(f"{xml}{row_of(rows + 1, names)}", prefix), 2)


def sheet_with(rows: str, prefix: str = "") -> str:
    """Write a sheet. No pattern matches names with a prefix."""
    named = re.sub(r"<(/?)(row|c|v)\b", rf"<\1{prefix}\2", rows)
    spaces = f' xmlns:{prefix.rstrip(":")}="a"' if prefix else ""
    return f"<worksheet{spaces}><sheetData>{named}</sheetData></worksheet>"


def merged(reference: str, *, rows: int = 3) -> str:
    written = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="B{row}"><v>1</v></c></row>'
        for row in range(1, rows + 1)
    )
    cells = f'<mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    return f"<worksheet><sheetData>{written}</sheetData>{cells}</worksheet>"


@pytest.mark.parametrize(
    ("reference", "covered"),
    [
        ("A2:A3", {(3, 0)}),
        ("A2:B3", {(2, 1), (3, 0), (3, 1)}),
        ("B1:XFD1048576", {(2, 1), (3, 1)}),
        ("C4:D9", set()),
    ],
)
def test_merged_cells_cover_all_but_first(
    reference: str, covered: set[tuple[int, int]]
) -> None:
    facts = facts_of(merged(reference), 3)
    found = {
        (row, column)
        for row, (_, marks) in enumerate(facts)
        for column, mark in marks
        if mark.is_covered
    }
    assert found == covered


@pytest.mark.parametrize("reference", ["", "A2", "A0:A3", "A2:3"])
def test_merged_cells_without_range_are_damage(reference: str) -> None:
    with pytest.raises(ReadError, match="damaged"):
        facts_of(merged(reference), 3)


def test_merged_cells_before_rows_are_damage() -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    xml = f'<worksheet><mergeCell ref="A1:A2"/><sheetData>{row}</sheetData></worksheet>'
    with pytest.raises(ReadError, match="damaged"):
        facts_of(xml, 1)


def test_merged_cells_that_overlap_are_bounded() -> None:
    rows = 1000
    again = '<mergeCell ref="A1:B1000"/>' * (MOST_CELLS // rows)
    xml = merged("A1:B1", rows=rows).replace("<mergeCells>", f"<mergeCells>{again}")
    with pytest.raises(ReadError, match="damaged"):
        facts_of(xml, rows, block_bytes=1 << 16)


def test_cells_out_of_order_are_read() -> None:
    rows = (
        '<row r="1"><c r="A1"/><c r="B1" s="1"><v>1</v></c></row>'
        '<row r="2"><c r="B2" s="1"><v>1</v></c><c r="A2"><v>1</v></c></row>'
    )
    assert facts_of(sheet_with(rows), 2)[1:] == [(False, [(1, PADDED)])] * 2


def test_columns_that_grow_again_and_again_are_read() -> None:
    rows = "".join(
        f'<row r="{n}"><c r="{chr(64 + n)}{n}" s="1"><v>1</v></c></row>'
        for n in range(1, 27)
    )
    facts = facts_of(sheet_with(rows), 26)
    assert facts[1:] == [(False, [(column, PADDED)]) for column in range(26)]


def test_cells_are_bounded_as_rectangle() -> None:
    rows = MOST_CELLS // 4 + 1
    xml = (
        '<worksheet><sheetData><row r="1"><c r="D1"><v>1</v></c></row>'
        f'<row r="{min(rows, 1 << 20)}"><c r="E{min(rows, 1 << 20)}"><v>1</v></c></row>'
        "</sheetData></worksheet>"
    )
    with pytest.raises(ReadError, match="the workbook has a cell in row"):
        facts_of(xml, 0)


@pytest.mark.parametrize("index", ["7", "-1", " 0", "00000000", ""])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_unclear_index_counts_as_longest_text(index: str, prefix: str) -> None:
    sheet = WorksheetPass(
        array("L", [MOST_TEXT_BYTES // 3, 0]), {}, size_bytes=MOST_TEXT_BYTES
    )
    p = prefix
    rows = "".join(
        f'<{p}row r="{n}"><{p}c r="A{n}" t="s"><{p}v>{index}</{p}v></{p}c></{p}row>'
        for n in range(1, 5)
    )
    with pytest.raises(ReadError, match="MiB of text"):
        sheet.read([f"<a>{rows}</a>".encode()])


def test_texts_are_measured_in_both_ways() -> None:
    strings = SharedStrings()
    strings.read(
        [
            b'<sst uniqueCount="3"><si><t>ab</t></si><si><t xml:space="preserve"> c</t></si>',
            "<si><r><t>ä</t></r><r><t>d</t></r></si><si/><x:si><x:t>e</x:t></x:si></sst>".encode(),
        ]
    )
    assert strings.lengths.tolist() == [2, 2, 3, 0, 1]


@pytest.mark.parametrize("xml", ["<sst><si><t><si><t>a</t></si></t></si></sst>", "<a"])
def test_texts_in_texts_are_damage(xml: str) -> None:
    with pytest.raises(ReadError, match="damaged"):
        SharedStrings().read([xml.encode()])


@pytest.mark.parametrize(
    "row",
    [
        '<row r="{n}"><c r="A{n}"><v>1</v></c></row>',
        '<x:row r="{n}"><x:c r="A{n}"><x:v>1</x:v></x:c></x:row>',
        '<row r="{n}"><c r="A{n}"><f>A1</f><v>1</v></c></row>',
        '<row r="{n}"/>',
    ],
    ids=["plain", "prefixed", "formula", "empty"],
)
def test_pass_is_linear_in_rows(row: str) -> None:
    def seconds(rows: int) -> float:
        body = "".join(row.format(n=n) for n in range(1, rows + 1))
        data = f"<worksheet><sheetData>{body}</sheetData></worksheet>".encode()
        sheet = WorksheetPass(array("L"), {}, size_bytes=len(data))
        start = process_time()
        sheet.read(blocks_of(data, 1 << 18))
        return process_time() - start

    seconds(1_000)
    assert seconds(80_000) < 32 * max(seconds(10_000), 0.01)


def test_unending_row_is_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        cells = '<c r="A1"><v>1</v></c>' * count
        data = f'<worksheet><sheetData><row r="1">{cells}'.encode()
        sheet = WorksheetPass(array("L"), {}, size_bytes=len(data))
        start = process_time()
        with pytest.raises(ReadError, match="damaged"):
            sheet.read(blocks_of(data, 1 << 14))
        return process_time() - start

    seconds(1_000)
    assert seconds(80_000) < 32 * max(seconds(10_000), 0.01)
