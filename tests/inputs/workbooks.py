"""Make the workbooks of the corpus and of the samples, from XML written out here.

Run `python -m tests.inputs.workbooks` from the root of the repository to write them.
They imitate what Excel, LibreOffice, Google Sheets and libraries write, in what matters
to a reader.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[1] / "sample_inputs"

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"

#: The XML of a cell, with `{at}` for its reference.
Cell = str
#: The numbers of rows, and their cells.
Rows = Mapping[int, Sequence[Cell | float | None]]


def number(value: float, style: int | None = None) -> Cell:
    """Make a cell that holds a number."""
    s = "" if style is None else f' s="{style}"'
    return f"<c{{at}}{s}><v>{value}</v></c>"


def text(value: str) -> Cell:
    """Make a cell that holds an inline text."""
    return f'<c{{at}} t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def shared(index: int, style: int | None = None) -> Cell:
    """Make a cell that holds a shared text."""
    s = "" if style is None else f' s="{style}"'
    return f'<c{{at}}{s} t="s"><v>{index}</v></c>'


def error(value: str) -> Cell:
    """Make a cell whose formula failed."""
    return f'<c{{at}} t="e"><f>NA()</f><v>{value}</v></c>'


def formula(result: str, type_: str = "n") -> Cell:
    """Make a cell with a formula; `result` is the XML of its saved result."""
    return f'<c{{at}} t="{type_}"><f>A1+1</f>{result}</c>'


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of an `.xlsx` workbook."""

    rows: Rows
    name: str = "Export"
    state: str = "visible"
    hidden: Iterable[int] = ()
    before: str = ""
    after: str = ""
    has_references: bool = True
    row_attributes: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)

    def xml(self) -> str:
        """Write the sheet."""
        rows = "".join(self._row(row, cells) for row, cells in self.rows.items())
        return (
            f'{_XML}<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{self.before}'
            f"<sheetData>{rows}</sheetData>{self.after}</worksheet>"
        )

    def _row(self, row: int, cells: Sequence[Cell | float | None]) -> str:
        number_ = f' r="{row}"' if self.has_references else ""
        hidden = ' hidden="1"' if row in self.hidden else ""
        written = "".join(
            _cell(cell, f' r="{_letters(index)}{row}"' if self.has_references else "")
            for index, cell in enumerate(cells)
            if cell is not None
        )
        return f"<row{number_}{self.row_attributes}{hidden}>{written}</row>"


def _cell(cell: Cell | float, at: str) -> str:
    xml = cell if isinstance(cell, str) else number(cell)
    return (xml if xml.startswith("<") else text(xml)).format(at=at)


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def xlsx(
    *sheets: Sheet,
    texts: Iterable[str] = (),
    formats: Iterable[str] = (),
    folder: str = "worksheets",
    prefix: str = "",
) -> bytes:
    """Write a workbook.

    Args:
        sheets: Its sheets.
        texts: The XML of the shared texts.
        formats: The number formats of the styles from 1 on.
        folder: Where the sheets are, as the relations say it.
        prefix: Of the names of elements.
    """
    parts = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [
                *(
                    ("worksheet", f"{folder}/sheet{n}.xml")
                    for n, _ in enumerate(sheets, 1)
                ),
                ("sharedStrings", "sharedStrings.xml"),
                ("styles", "styles.xml"),
            ]
        ),
        "xl/sharedStrings.xml": _shared_texts(list(texts)),
        "xl/styles.xml": _styles(list(formats)),
    }
    for number_, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{number_}.xml"] = _prefixed(sheet.xml(), prefix)
        if sheet.tables:
            relations = [("table", f"../{path}") for path in sheet.tables]
            path = f"xl/worksheets/_rels/sheet{number_}.xml.rels"
            parts[path] = _relations(relations)
            parts |= {f"xl/{path}": xml for path, xml in sheet.tables.items()}
    return archive(parts)


def _prefixed(xml: str, prefix: str) -> str:
    if not prefix:
        return xml
    for name in ("worksheet", "sheetData", "row", "c", "v", "is", "t", "f"):
        for end in (">", " ", "/"):
            xml = xml.replace(f"<{name}{end}", f"<{prefix}:{name}{end}")
        xml = xml.replace(f"</{name}>", f"</{prefix}:{name}>")
    return xml.replace("xmlns=", f"xmlns:{prefix}=")


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """Write a zip archive that is the same each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zip_:
        for name, content in parts.items():
            is_first_of_ods = name == "mimetype"
            info = zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0))
            method = zipfile.ZIP_STORED if is_first_of_ods else zipfile.ZIP_DEFLATED
            zip_.writestr(info, content, method)
    return buffer.getvalue()


def _workbook(sheets: Sequence[Sheet]) -> str:
    listed = "".join(
        f'<sheet name="{sheet.name}" sheetId="{n}" state="{sheet.state}" r:id="rId{n}"/>'
        for n, sheet in enumerate(sheets, 1)
    )
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr/>'
        f"<sheets>{listed}</sheets></workbook>"
    )


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _shared_texts(texts: Sequence[str]) -> str:
    listed = "".join(f"<si>{text}</si>" for text in texts)
    return f'{_XML}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">{listed}</sst>'


def _styles(formats: Sequence[str]) -> str:
    listed = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>'
        for n, code in enumerate(formats)
    )
    cells = "".join(f'<xf numFmtId="{200 + n}"/>' for n, _ in enumerate(formats))
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts>{listed}</numFmts><cellStyleXfs>'
        f'<xf numFmtId="0"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>{cells}</cellXfs>'
        "</styleSheet>"
    )


def table_part(range_: str, *, is_filtered: bool) -> str:
    """Write the part of a table, with or without a condition."""
    condition = '<filterColumn colId="0"/>' if is_filtered else ""
    return (
        f'{_XML}<table xmlns="{_MAIN}" ref="{range_}">'
        f'<autoFilter ref="{range_}">{condition}</autoFilter></table>'
    )


def ods_cell(value: float | str, attributes: str = "", shown: str | None = None) -> str:
    """Make a cell of an `.ods` workbook."""
    shown = str(value) if shown is None else shown
    paragraph = f"<text:p>{shown}</text:p>"
    if isinstance(value, str):
        kind = 'office:value-type="string" calcext:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {attributes or kind}>{paragraph}</table:table-cell>"


def ods_row(*cells: float | str, attributes: str = "") -> str:
    """Make a row of an `.ods` workbook."""
    written = "".join(
        cell if isinstance(cell, str) and cell.startswith("<") else ods_cell(cell)
        for cell in cells
    )
    return f"<table:table-row {attributes}>{written}</table:table-row>"


#: What LibreOffice writes below the data of a sheet.
ODS_REST = (
    '<table:table-row table:number-rows-repeated="1048500"><table:table-cell '
    'table:number-columns-repeated="16384"/></table:table-row>'
)


def ods(
    tables: Mapping[str, Sequence[str]],
    *,
    hidden: Iterable[str] = (),
    ranges: str = "",
    manifest: str = "",
) -> bytes:
    """Write an `.ods` workbook: its sheets, and the XML of their rows."""
    listed = "".join(
        f'<table:table table:name="{name}" '
        f'table:style-name="{"ta2" if name in hidden else "ta1"}">'
        f"<table:table-column/>{''.join(rows)}</table:table>"
        for name, rows in tables.items()
    )
    spaces = " ".join(
        f'xmlns:{name}="{_ODF}:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    content = (
        f'{_XML}<office:document-content {spaces} xmlns:calcext="urn:calcext">'
        '<office:automatic-styles><style:style style:name="ta1" style:family="table">'
        '<style:table-properties table:display="true"/></style:style>'
        '<style:style style:name="ta2" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{listed}{ranges}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": (
                f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0">{manifest}'
                "</manifest:manifest>"
            ),
            "content.xml": content,
        }
    )


HEADING = ("Campaign ID", "Name", "Spend")
_FILTER = '<autoFilter ref="A3:D19"><filterColumn colId="3"/></autoFilter>'


def _list(
    ids: Iterable[Cell | float] = (1000248, 1000249),
) -> dict[int, Sequence[Cell | float | None]]:
    """Make a heading and rows below it."""
    rows: dict[int, Sequence[Cell | float | None]] = {1: HEADING}
    for row, id_ in enumerate(ids, 2):
        rows[row] = (id_, f"Campaign {row}", row * 1.25)
    return rows


def _report() -> Sheet:
    """Make a report with a title, and a filter that hides what is paused."""
    rows: dict[int, Sequence[Cell | float | None]] = {
        1: ("Campaign report, November",),
        3: ("Campaign ID", "Name", "Spend", "Status"),
    }
    for row in range(4, 20):
        status = "running" if row % 4 else "paused"
        rows[row] = (1000244 + row, f"Sale {row} | DE", row * 12.5, status)
    return Sheet(
        rows=rows,
        hidden=range(4, 20, 4),
        after=f'{_FILTER}<mergeCells><mergeCell ref="A1:D1"/></mergeCells>',
    )


def _excel() -> bytes:
    rich = "<r><t>10002</t></r><r><rPr><b/></rPr><t>49</t></r>"
    texts = ["<t>Report</t>", "<t>Campaign ID</t>", "<t>Name</t>", rich]
    rows: Rows = {
        1: (shared(0),),
        3: (shared(1), shared(2)),
        4: (1000248, text("<![CDATA[Sale & more]]>")),
        5: (shared(3), text("Sale &amp; more")),
    }
    merged = '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    sheet = Sheet(
        rows=rows,
        row_attributes=' spans="1:2" ht="15.75" customHeight="1"',
        before='<dimension ref="A1:B5"/><sheetFormatPr zeroHeight="1"/>',
        after=merged,
    )
    return xlsx(sheet, texts=texts)


def _google() -> bytes:
    blank = '<c{at} s="1"/>'
    rows: dict[int, Sequence[Cell | float | None]] = {
        1: (shared(0, 1), shared(1, 1), *[blank] * 24),
        2: (number(1000248.0, 2), shared(2, 1), *[blank] * 24),
        3: (shared(3, 1), shared(2, 1), *[blank] * 24),
    }
    rows |= {row: [blank] * 26 for row in range(4, 1001)}
    texts = ["<t>id</t>", "<t>Campaign name</t>", "<t>Sale</t>", "<t>1000249</t>"]
    sheet = Sheet(rows=rows, row_attributes=' ht="15.75" customHeight="1"')
    return xlsx(sheet, texts=texts, formats=["General", "#,##0"])


def _libreoffice() -> bytes:
    attributes = ' customFormat="false" ht="12.8" hidden="false" collapsed="false"'
    return xlsx(Sheet(rows=_list(), row_attributes=attributes))


def _ods_report() -> Sequence[str]:
    return [
        ods_row("Campaign report"),
        ods_row("<table:table-cell/>", attributes='table:number-rows-repeated="2"'),
        ods_row("Campaign ID", "Name"),
        ods_row(1000248, "Sale"),
        ods_row("1000249", "Sale"),
        ODS_REST,
    ]


def _ods_range(address: str) -> str:
    return (
        "<table:database-ranges><table:database-range "
        f'table:target-range-address="{address}"><table:filter/></table:database-range>'
        "</table:database-ranges>"
    )


def _ods_filtered() -> bytes:
    hidden = 'table:visibility="filter"'
    rows = [
        ods_row("id", "name"),
        ods_row(1000248, "a"),
        ods_row(1000249, "b", attributes=hidden),
        ods_row(1000250, "c", attributes=f'{hidden} table:number-rows-repeated="2"'),
    ]
    return ods({"My list": rows}, ranges=_ods_range("$'My list'.A1:'My list'.B5"))


def _ods_errors() -> bytes:
    failed = (
        'table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"'
    )
    date = 'office:value-type="date" office:date-value="2026-11-01"'
    percentage = 'office:value-type="percentage" office:value="1000251"'
    rows = [
        ods_row("id", "name"),
        ods_row(1000248, "a"),
        ods_row(ods_cell("", failed, "#N/A"), "b"),
        ods_row(ods_cell(42, shown="0000042"), "c"),
        ods_row(ods_cell("", date, "01/11/26"), "d"),
        ods_row(ods_cell(0, percentage, "100025100%"), "e"),
        ods_row(ods_cell("", 'table:formula="of:=A1"', ""), "f"),
    ]
    return ods({"Sheet1": rows})


def _two(state: str = "visible") -> bytes:
    first = Sheet(rows=_list(), name="May")
    return xlsx(first, Sheet(rows=_list(ids=[1000250]), name="Über", state=state))


#: Functions, so that a test pays for those that it uses.
GOOD: dict[str, Callable[[], bytes]] = {
    "absolute_targets.xlsx": lambda: xlsx(
        Sheet(rows=_list()), folder="/xl/../XL/Worksheets"
    ),
    "empty_other_sheets.xlsx": lambda: xlsx(
        Sheet(rows={}, name="Sheet2"), Sheet(rows=_list(), name="Sheet1")
    ),
    "excel_shared_texts.xlsx": _excel,
    "filter_hides_nothing.xlsx": lambda: xlsx(Sheet(rows=_list(), after=_FILTER)),
    "formulas_with_results.xlsx": lambda: xlsx(
        Sheet(
            rows=_list(
                ids=[
                    formula("<v>1000248</v>"),
                    formula("<v>1000249</v>", "str"),
                ]
            )
            | {4: (formula("<v></v>", "str"), formula("<v></v>", "str"))}
        )
    ),
    "google_sheets.xlsx": _google,
    "hidden_id_column.xlsx": lambda: xlsx(
        Sheet(rows=_list(), before='<cols><col min="1" max="1" hidden="1"/></cols>')
    ),
    "hidden_other_sheet.ods": lambda: ods(
        {"Old": [ods_row("id"), ods_row(1000999)], "New": _ods_report()}, hidden=["Old"]
    ),
    "hidden_other_sheets.xlsx": lambda: _two(state="veryHidden"),
    "inline_texts.xlsx": lambda: xlsx(Sheet(rows=_list(ids=["1000248", " 1000249 "]))),
    "german_excel.xlsx": lambda: xlsx(
        Sheet(
            rows={
                1: ("Kampagnenbericht",),
                3: ("Kampagnen-ID", "Kampagne", "Ausgaben"),
                4: (1000248, "Köln", number(1234.5, 1)),
                5: (1000249, "Bonn", number(99, 1)),
            }
        ),
        formats=["#,##0.00\\ &quot;€&quot;"],
    ),
    "libreoffice.ods": lambda: ods({"Sheet1": _ods_report()}),
    "libreoffice.xlsx": _libreoffice,
    "no_references.xlsx": lambda: xlsx(Sheet(rows=_list(), has_references=False)),
    "padded_in_full.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[number(1000248, 1), number(1000249, 2)])),
        formats=["0000000", "#,##0.00"],
    ),
    "prefixed_names.xlsx": lambda: xlsx(Sheet(rows=_list()), prefix="x"),
    "workbook_named_txt.txt": lambda: xlsx(Sheet(rows=_list())),
}
BAD: dict[str, Callable[[], bytes]] = {
    "all_sheets_hidden.xlsx": lambda: xlsx(Sheet(rows=_list(), state="hidden")),
    "archive.zip": lambda: archive({"export.xlsx": xlsx(Sheet(rows=_list()))}),
    "cell_at_last_corner.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248]) | {1048576: [None] * 16383 + [1]})
    ),
    "dates.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248, number(46327, 1), number(0.5, 2)])),
        formats=["yyyy-mm-dd", "[h]:mm"],
    ),
    "document.docx": lambda: archive({"word/document.xml": "<w:document/>"}),
    "document_type.xlsx": lambda: archive(
        {"xl/workbook.xml": '<!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>'}
    ),
    "empty.xlsx": lambda: xlsx(Sheet(rows={})),
    "encrypted.ods": lambda: ods({}, manifest="<manifest:encryption-data/>"),
    "error_cells.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248, error("#N/A"), error("#REF!")]))
    ),
    "errors.ods": _ods_errors,
    "filtered.ods": _ods_filtered,
    "filtered.xlsx": lambda: xlsx(_report()),
    "filtered_table.xlsx": lambda: xlsx(
        Sheet(
            rows=_list(),
            hidden=[3],
            after='<tableParts><tablePart r:id="rId1"/></tableParts>',
            tables={"tables/table1.xml": table_part("A1:C3", is_filtered=True)},
        )
    ),
    "formulas_without_results.xlsx": lambda: xlsx(
        Sheet(
            rows=_list(ids=[1000248, formula(""), formula("<v/>"), formula("<v>0</v>")])
        )
    ),
    "hidden_by_hand.xlsx": lambda: xlsx(Sheet(rows=_list(), hidden=[2])),
    "infinite_number.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248, "<c{at}><v>1e999</v></c>"]))
    ),
    "two_cells_in_one_place.xlsx": lambda: xlsx(
        Sheet(rows=_list() | {4: (1000250, "a", '<c r="A4"><v>1000251</v></c>')})
    ),
    "long_numbers.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248, 123456789012345678, 10**15, 1000249.5, 10**14]))
    ),
    "merged_ids.xlsx": lambda: xlsx(
        Sheet(
            rows={1: HEADING, 2: (1000248, "a"), 3: (None, "b")},
            after='<mergeCells><mergeCell ref="A2:A3"/></mergeCells>',
        )
    ),
    "merged_over_ids.ods": lambda: ods(
        {
            "Sheet1": [
                ods_row(*HEADING),
                ods_row(1000248, "a"),
                ods_row(
                    ods_cell(1000249).replace("table-cell", "covered-table-cell"), "b"
                ),
            ]
        }
    ),
    "merged_over_ids.xlsx": lambda: xlsx(
        Sheet(
            rows=_list(),
            after='<mergeCells><mergeCell ref="A2:A3"/></mergeCells>',
        )
    ),
    "misleading_formats.xlsx": lambda: xlsx(
        Sheet(
            rows=_list(
                ids=[
                    1000248,
                    number(42, 1),
                    number(1000249, 2),
                    number(1000250, 3),
                    number(1000251, 4),
                ]
            )
        ),
        formats=["0000000", "0%", "[$€-407] #,##0", "&quot;C-&quot;0"],
    ),
    "no_heading.xlsx": lambda: xlsx(Sheet(rows={1: (1000248, "a"), 2: (1000249, "b")})),
    "numbers.numbers": lambda: archive({"Index/Document.iwa": b"\0"}),
    "several_sheets.xlsx": _two,
    "text_document.odt": lambda: archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": "<a/>",
        }
    ),
    "truth_values.xlsx": lambda: xlsx(
        Sheet(rows=_list(ids=[1000248, '<c{at} t="b"><v>1</v></c>']))
    ),
    "workbook.xlsb": lambda: archive({"xl/workbook.bin": b"\0"}),
}
SAMPLE: dict[str, Callable[[], bytes]] = {"filtered.xlsx": lambda: xlsx(_report())}


def main() -> None:
    """Write all workbooks."""
    folders = ((FOLDER / "good", GOOD), (FOLDER / "bad", BAD), (SAMPLES, SAMPLE))
    for folder, workbooks in folders:
        for name, make in workbooks.items():
            (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
