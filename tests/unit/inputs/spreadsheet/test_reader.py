import errno
import gzip
import io
import os
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Self, cast

import pytest

from bulkpause._shell import install_command
from bulkpause.inputs.amounts import read_amounts
from bulkpause.inputs.layout import HiddenRows, Layout
from bulkpause.inputs.reader import load_input
from bulkpause.inputs.table import HiddenCount, Table
from bulkpause.model import Earlier, InvalidRow, Item
from tests.inputs.workbooks import (
    BAD,
    GOOD,
    HEADING,
    SAMPLE,
    SAMPLES,
    Rows,
    Sheet,
    archive,
    error,
    formula,
    number,
    ods,
    ods_row,
    shared,
    table_part,
    text,
    xlsx,
)


FOLDER = Path(__file__).parents[3] / "inputs"
TWO: Rows = {1: HEADING, 2: (1000248, "a"), 3: (1000249, "b")}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Table]:
    def read_bytes(data: bytes, layout: Layout | None = None) -> Table:
        path = tmp_path / "export.xlsx"
        path.write_bytes(data)
        return load_input(str(path), layout or Layout()).table

    return read_bytes


Read = Callable[..., Table]


def xlsx_of(results: Sequence[str]) -> bytes:
    """Make a workbook whose third column has formulas with these results."""
    rows: dict[int, Sequence[str | float]] = {
        row: (1000246 + row, "a", formula(f"<v>{result}</v>"))
        for row, result in enumerate(results, 2)
    }
    return xlsx(Sheet(rows={1: HEADING, **rows}))


def ods_of(results: Sequence[str]) -> bytes:
    """Make the same as `xlsx_of`, as LibreOffice does."""
    cell = (
        '<table:table-cell table:formula="of:=A1" office:value-type="float" '
        'office:value="{0}"><text:p>{0}</text:p></table:table-cell>'
    )
    rows = [
        ods_row(1000246 + row, "a", cell.format(result))
        for row, result in enumerate(results, 2)
    ]
    return ods({"Export": [ods_row(*HEADING), *rows]})


def ids_of(table: Table) -> dict[int, str]:
    return {row.row: row.id for row in table.rows if isinstance(row, Item)}


def error_of(table: Table) -> str:
    assert table.error is not None
    return str(table.error)


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as zip_:
        return {name: zip_.read(name) for name in zip_.namelist()}


@pytest.mark.parametrize(
    ("folder", "workbooks"),
    [(FOLDER / "good", GOOD), (FOLDER / "bad", BAD), (SAMPLES, SAMPLE)],
    ids=["good", "bad", "samples"],
)
def test_committed_workbooks_are_what_generator_writes(
    tmp_path: Path, folder: Path, workbooks: dict[str, Callable[[], bytes]]
) -> None:
    made = tmp_path / "made"
    for name, make in workbooks.items():
        made.write_bytes(make())
        assert parts_of(folder / name) == parts_of(made)


def test_names_sort_texts_and_statuses_are_read(read: Read) -> None:
    rows: Rows = {
        1: ("id", "name", "status", "spend"),
        2: (1000248, "Sale", "running", 0.1 + 0.2),
        3: (1000249, "Sale", "paused", 1e-7),
    }
    table = read(xlsx(Sheet(rows=rows)), Layout(sort_column="spend"))
    first = Item(id="1000248", row=2, name="Sale", sort_text="0.30000000000000004")
    second = Item(id="1000249", row=3, name="Sale", sort_text="0.0000001")
    assert table.rows == [
        replace(first, earlier=Earlier(status="running")),
        replace(second, earlier=Earlier(status="paused")),
    ]
    assert (table.sheet, table.statuses) == ("Export", {"running": 1, "paused": 1})


def test_rows_keep_numbers_of_sheet(read: Read) -> None:
    rows: Rows = {5: (None, None, "id"), 9: (None, None, 1000248)}
    assert ids_of(read(xlsx(Sheet(rows=rows)))) == {9: "1000248"}


def test_title_that_holds_id_is_invalid(read: Read) -> None:
    rows: Rows = {1: (1000200,), 2: ("id",), 3: (1000248,)}
    (title, item) = read(xlsx(Sheet(rows=rows))).rows
    assert isinstance(title, InvalidRow)
    assert (title.row, item.row) == (1, 3)


@pytest.mark.parametrize(
    ("hidden_rows", "ids"),
    [
        (HiddenRows.SKIP, {2: "1000248"}),
        (HiddenRows.PAUSE, {2: "1000248", 3: "1000249"}),
    ],
)
def test_named_choice_about_hidden_rows_is_followed(
    read: Read, hidden_rows: HiddenRows, ids: dict[int, str]
) -> None:
    table = read(xlsx(Sheet(rows=TWO, hidden=[3])), Layout(hidden_rows=hidden_rows))
    assert (table.error, ids_of(table)) == (None, ids)
    assert table.hidden == HiddenCount(
        rows=1, filter_range=None, are_skipped=hidden_rows is HiddenRows.SKIP
    )


def test_hidden_rows_without_ids_do_not_count(read: Read) -> None:
    # The title, the heading, a blank row.
    rows: Rows = {1: ("Report",), 2: HEADING, 3: (1000248, "a"), 4: (" ",)}
    table = read(xlsx(Sheet(rows=rows, hidden=[1, 2, 4])))
    assert (table.error, table.hidden) == (None, None)


def test_hidden_row_outside_filter_names_no_filter(read: Read) -> None:
    filter_ = '<autoFilter ref="A1:B2"><filterColumn colId="0"/></autoFilter>'
    table = read(xlsx(Sheet(rows=TWO, hidden=[3], after=filter_)))
    assert error_of(table).startswith("1 of 2 rows is hidden; --hidden-rows skip")


def test_filter_without_condition_is_not_named(read: Read) -> None:
    sheet = Sheet(rows=TWO, hidden=[3], after='<autoFilter ref="A1:C3"/>')
    assert error_of(read(xlsx(sheet))).startswith("1 of 2 rows is hidden; ")
    tables = {"tables/table1.xml": table_part("A1:C3", is_filtered=False)}
    after = '<tableParts><tablePart r:id="rId1"/></tableParts>'
    sheet = Sheet(rows=TWO, hidden=[3], after=after, tables=tables)
    assert error_of(read(xlsx(sheet))).startswith("1 of 2 rows is hidden; ")


@pytest.mark.parametrize("attribute", ['hidden="true"', 'ht="0"', 'ht="0.0"'])
def test_row_without_height_is_hidden(read: Read, attribute: str) -> None:
    data = xlsx(Sheet(rows=TWO, row_attributes=f" {attribute}"))
    assert error_of(read(data)).startswith("2 of 2 rows are hidden")


def test_hidden_and_invalid_rows_come_out_together(read: Read) -> None:
    rows: Rows = {1: HEADING, 2: (1000248, "a"), 3: ("##", "b")}
    table = read(xlsx(Sheet(rows=rows, hidden=[2])))
    assert table.error is not None
    assert [row.row for row in table.rows if isinstance(row, InvalidRow)] == [3]


def test_named_sheet_is_read(read: Read) -> None:
    data = xlsx(Sheet(rows={}, name="A"), Sheet(rows=TWO, name="B"))
    for name in ("B", "b"):
        table = read(data, Layout(sheet=name))
        assert (table.sheet, len(table.rows)) == ("B", 2)


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("C", "no sheet 'C' among 'A'; name one with --sheet"),
        (
            "B",
            "the sheet 'B' is hidden; unhide it, or name one of 'A' with --sheet",
        ),
    ],
)
def test_sheet_that_cannot_be_read_is_refused(
    read: Read, sheet: str, message: str
) -> None:
    data = xlsx(Sheet(rows=TWO, name="A"), Sheet(rows=TWO, name="B", state="hidden"))
    assert error_of(read(data, Layout(sheet=sheet))) == message


def test_several_sheets_of_ods_need_name(read: Read) -> None:
    rows = [ods_row("id"), ods_row(1000248)]
    data = ods({"A": rows, "B": rows, "C": []})
    assert error_of(read(data)) == "2 sheets: 'A', 'B'; name one of them with --sheet"
    assert ids_of(read(data, Layout(sheet="B"))) == {2: "1000248"}


def test_style_of_all_cells_is_seen(read: Read) -> None:
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="200" formatCode="0000000000"/></numFmts>'
        '<cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>'
    )
    with zipfile.ZipFile(io.BytesIO(xlsx(Sheet(rows=TWO)))) as zip_:
        parts = {name: zip_.read(name) for name in zip_.namelist()}
    table = read(archive(parts | {"xl/styles.xml": styles.encode()}))
    assert ids_of(table) == {}


@pytest.mark.parametrize("column", range(3))
def test_marks_are_found_left_of_first_column(read: Read, column: int) -> None:
    blank = [None] * column
    rows: Rows = {1: (*blank, "id"), 2: (*blank, number(42, 1))}
    (row,) = read(xlsx(Sheet(rows=rows), formats=["0000"])).rows
    assert isinstance(row, InvalidRow)


def test_missing_extra_names_command(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert error_of(read(xlsx(Sheet(rows=TWO)))) == (
        "a spreadsheet, and the extra that reads it is not installed; "
        f"run {install_command('xlsx')}"
    )


def test_workbook_is_read_from_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    data = xlsx(Sheet(rows=TWO))
    source, sink = os.pipe()

    def write() -> None:
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(source, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        table = load_input("-", Layout()).table
    writer.join()
    assert ids_of(table) == {2: "1000248", 3: "1000249"}


def test_workbook_within_gzip_is_refused(read: Read) -> None:
    assert error_of(read(gzip.compress(xlsx(Sheet(rows=TWO))))) == (
        "a workbook or an archive, not text; decompress it once"
    )


def test_full_disk_names_folder(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = xlsx(Sheet(rows=TWO))
    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    message = error_of(read(data))
    assert message.startswith("No space left on device, while it was copied to ")
    assert message.endswith("make room there, or set TMPDIR to another folder")


def test_text_index_outside_of_texts_is_damage(read: Read) -> None:
    rows: Rows = {1: HEADING, 2: (shared(7),)}
    assert error_of(read(xlsx(Sheet(rows=rows)))).startswith("the workbook is damaged")


def test_texts_of_rows_reach_names(read: Read) -> None:
    rows: Rows = {1: HEADING, 2: (1000248, text("a &lt; b"))}
    (item,) = read(xlsx(Sheet(rows=rows))).rows
    assert isinstance(item, Item)
    assert item.name == "a < b"


@pytest.mark.parametrize(
    "cell",
    [
        "<c{at}><v>&#49;000250</v></c>",
        "<c{at}><v>100025&#48;</v></c>",
        "<c{at}><v><![CDATA[1000249]]></v></c>",
        "<c{at}><v>1000<!-- -->248</v></c>",
        "<c{at}><v>1000<?a b?>248</v></c>",
        "<c{at}><v>1000<a/>248</v></c>",
        "<c{at}><v>1000</v><v>248</v></c>",
        '<c{at} t="inlineStr"><is><t>1000248</t></is><v>0</v></c>',
        '<c{at} t="inlineStr"><v>1000248</v></c>',
        '<c{at} t="inlineStr"><is><t>1000</t><t>248</t></is></c>',
        '<c{at} t="inlineStr"><is><t>1000<!-- -->248</t></is></c>',
    ],
)
@pytest.mark.parametrize("prefix", ["", "x"])
def test_value_that_programs_read_differently_is_damage(
    read: Read, cell: str, prefix: str
) -> None:
    rows: Rows = {1: HEADING, 2: (cell, "a")}
    error = error_of(read(xlsx(Sheet(rows=rows), prefix=prefix)))
    assert error.startswith("the workbook is damaged")


@pytest.mark.parametrize(
    "xml",
    [
        "<r><t>10</t></r><t>00</t>",
        "<t>1000253</t><t>1000254</t>",
        "<t>10</t><r><t>00</t></r>",
        "<r><t>10</t><t>00</t></r>",
        "<t>10<b/>00</t>",
        "<r><r><t>1000</t></r></r>",
        "<t>10<!-- -->00</t>",
    ],
)
def test_shared_text_of_odd_shape_is_damage(read: Read, xml: str) -> None:
    rows: Rows = {1: HEADING, 2: (shared(0), "a")}
    error = error_of(read(xlsx(Sheet(rows=rows), texts=[xml])))
    assert error.startswith("the workbook is damaged")


def test_rich_and_phonetic_texts_are_read(read: Read) -> None:
    phonetic = '<rPh sb="0" eb="1"><t>x</t></rPh><phoneticPr fontId="1"/>'
    rich = "<r><t>10002</t></r><r><rPr><b/><sz val='9'/></rPr><t>49</t></r>"
    texts = [
        f"<t>1000248</t>{phonetic}",
        f"{rich}{phonetic}",
        "<t>a\N{OBJECT REPLACEMENT CHARACTER}</t>",
    ]
    inline = f'<c{{at}} t="inlineStr"><is>{rich}</is></c>'
    rows: Rows = {
        1: HEADING,
        2: (shared(0), shared(2)),
        3: (shared(1),),
        4: (inline,),
        5: (formula("<v>1000&#50;48</v>", "str"),),
    }
    layout = Layout(takes_any_id=True)
    assert ids_of(read(xlsx(Sheet(rows=rows), texts=texts), layout)) == {
        2: "1000248",
        3: "1000249",
        4: "1000249",
        5: "1000248",
    }


@pytest.mark.parametrize(
    "cell",
    [
        formula(""),
        formula("<v>0</v>"),
        error("#N/A"),
        '<c{at} t="b"><v>1</v></c>',
        number(46327, 1),
    ],
)
def test_value_without_result_is_no_number(read: Read, cell: str) -> None:
    rows: Rows = {1: HEADING, 2: (1000248, "a", cell), 3: (1000249, "b", 5)}
    data = xlsx(Sheet(rows=rows), formats=["yyyy-mm-dd"])
    items = read(data, Layout(sort_column="Spend")).rows
    faults = read_amounts([item for item in items if isinstance(item, Item)]).faults
    assert [fault.row for fault in faults] == [2]


@pytest.mark.parametrize("head", [(), (1000248,)], ids=["all", "last"])
@pytest.mark.parametrize("is_ods", [False, True], ids=["xlsx", "ods"])
def test_last_formulas_without_results_are_rows(
    read: Read, head: tuple[float, ...], *, is_ods: bool
) -> None:
    column: list[str | float] = ["id", *head, formula(""), formula("")]
    rows: Rows = {row: (cell,) for row, cell in enumerate(column, 1)}
    cell = '<table:table-cell table:formula="of:=A1" office:value-type="float"/>'
    rows_of_ods = [ods_row("id"), *map(ods_row, head), ods_row(cell), ods_row(cell)]
    workbook = ods({"Export": rows_of_ods}) if is_ods else xlsx(Sheet(rows=rows))
    found = read(workbook).rows
    invalid = [row.row for row in found if isinstance(row, InvalidRow)]
    assert invalid == [len(head) + 2, len(head) + 3]
    assert len(found) == len(head) + 2


EMPTY_OF_ODS = '<table:table-cell table:formula="of:=A1" office:value-type="string"/>'


def with_empty_results(*ids: float, is_ods: bool) -> bytes:
    """Make a workbook that ends with two rows of formulas with an empty text."""
    if is_ods:
        empty = ods_row(EMPTY_OF_ODS)
        return ods({"Export": [ods_row("id"), *map(ods_row, ids), empty, empty]})
    column: list[str | float] = ["id", *ids, *[formula("<v></v>", "str")] * 2]
    return xlsx(Sheet(rows={row: (cell,) for row, cell in enumerate(column, 1)}))


@pytest.mark.parametrize("is_ods", [False, True], ids=["xlsx", "ods"])
def test_rows_of_empty_results_are_counted(read: Read, *, is_ods: bool) -> None:
    table = read(with_empty_results(1000248, is_ods=is_ods))
    assert [row.id for row in table.rows if isinstance(row, Item)] == ["1000248"]
    assert (len(table.rows), table.empty_results) == (1, 2)


@pytest.mark.parametrize("is_ods", [False, True], ids=["xlsx", "ods"])
def test_nothing_but_empty_results_is_refused(read: Read, *, is_ods: bool) -> None:
    error = read(with_empty_results(is_ods=is_ods)).error
    assert "2 rows of formulas with an empty result, and no id" in str(error)


def test_empty_result_in_filled_row_is_no_blank(read: Read) -> None:
    empty = formula("<v></v>", "str")
    rows: Rows = {1: HEADING, 2: (1000248, empty, 5), 3: (empty, "b", 5)}
    table = read(xlsx(Sheet(rows=rows)))
    assert [row.row for row in table.rows.invalid] == [3]
    assert table.empty_results == 0


def test_sort_texts_show_units_of_formats(read: Read) -> None:
    values = (0.5, 90, 100, 7, 8, 9, 10, 11)
    formats = ["0%", "#,##0 [$€-407]", "$0", "_-* 0\\ [$CHF]_-", "0"]
    formats += ["#,##0.00\\ &quot;zl&quot;", "&quot;EUR&quot; 0", "0,&quot;Mio&quot;"]
    rows: Rows = {1: HEADING}
    for style, value in enumerate(values, 1):
        cells = (1000247 + style, "a", number(value, style))
        rows = {**rows, style + 1: cells}
    table = read(xlsx(Sheet(rows=rows), formats=formats), Layout(sort_column="Spend"))
    texts = [row.sort_text for row in table.rows if isinstance(row, Item)]
    assert texts == ["50.0%", "90 €", "100 $", "7 CHF", "8", "9 zl", "10 EUR", "11"]


@pytest.mark.parametrize("make", [xlsx_of, ods_of])
def test_zero_of_computed_column_is_a_number(
    read: Read, make: Callable[[Sequence[str]], bytes]
) -> None:
    items = read(make(["0", "5"]), Layout(sort_column="Spend")).rows
    amounts = read_amounts([item for item in items if isinstance(item, Item)])
    assert (amounts.values, amounts.faults) == ([0, 5], ())
    items = read(make(["0", "0"]), Layout(sort_column="Spend")).rows
    faults = read_amounts([item for item in items if isinstance(item, Item)]).faults
    assert [fault.row for fault in faults] == [2, 3]


def test_number_cells_do_not_vote_on_texts(read: Read) -> None:
    rows: Rows = {1: HEADING, 2: (1000248, "a", 1234.5), 3: (1000249, "b", "1.234,5")}
    items = read(xlsx(Sheet(rows=rows)), Layout(sort_column="Spend")).rows
    amounts = read_amounts([item for item in items if isinstance(item, Item)])
    assert (amounts.values, amounts.faults) == ([1234.5, 1234.5], ())


def test_moved_cells_of_a_workbook_have_no_quotes(read: Read) -> None:
    heading = ("Name", "Campaign ID", "Spend")
    good: Rows = {row: ("a", 1000240 + row, 5) for row in range(2, 9)}
    rows: Rows = {1: heading, **good, 9: ("Sale", 2024, 1000249)}
    assert [
        row.remedy
        for row in read(xlsx(Sheet(rows=rows))).rows
        if isinstance(row, InvalidRow)
    ] == ["move the cells of the row back into their columns, or pass --any-id"]


class PanicException(BaseException):
    """A panic of the library that reads cells."""


class PanickingSheet:
    start, width = (0, 0), 3
    total_height = 1

    def iter_rows(self) -> Iterator[list[str]]:
        yield ["Campaign ID", "Name", "Spend"]
        raise PanicException


class PanickingLibrary:
    """Panics when a workbook is opened, or when its rows are read."""

    CalamineError = ValueError

    def __init__(self, *, while_opening: bool) -> None:
        self._while_opening = while_opening

    @property
    def CalamineWorkbook(self) -> Self:  # noqa: N802 (as the library names it)
        return self

    @contextmanager
    def from_path(self, _: Path) -> Iterator[Self]:
        if self._while_opening:
            raise PanicException
        yield self

    def get_sheet_by_name(self, _: str) -> PanickingSheet:
        return PanickingSheet()


@pytest.mark.parametrize("while_opening", [True, False])
def test_panic_of_library_is_damage(
    read: Read, monkeypatch: pytest.MonkeyPatch, while_opening: bool
) -> None:
    library = PanickingLibrary(while_opening=while_opening)
    monkeypatch.setitem(sys.modules, "python_calamine", cast(ModuleType, library))
    assert error_of(read(xlsx(Sheet(rows=TWO)))) == (
        "the workbook is damaged; open it in a spreadsheet program and save it again"
    )
