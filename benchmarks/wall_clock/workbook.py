"""Write a large `.xlsx` workbook as Excel does, row by row."""

import zipfile
from pathlib import Path


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_PARTS = {
    "[Content_Types].xml": f"{_XML}<Types/>",
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>'
    ),
}
_TEXTS = ("Campaign ID", "Name", "Status", "Spend", "running")
_HEADING = "".join(
    f'<c r="{letter}1" t="s"><v>{index}</v></c>' for index, letter in enumerate("ABCD")
)


def write_workbook(folder: Path, rows: int) -> Path:
    """Write a workbook with the given number of campaigns, in four columns."""
    path = folder / "campaigns.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        _write_texts(archive, rows)
        _write_sheet(archive, rows)
    return path


def _write_texts(archive: zipfile.ZipFile, rows: int) -> None:
    with archive.open("xl/sharedStrings.xml", "w") as part:
        part.write(f'{_XML}<sst xmlns="{_MAIN}">'.encode())
        for text in _TEXTS:
            part.write(f"<si><t>{text}</t></si>".encode())
        for n in range(rows):
            part.write(f"<si><t>Campaign {n}</t></si>".encode())
        part.write(b"</sst>")


def _write_sheet(archive: zipfile.ZipFile, rows: int) -> None:
    with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
        part.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        part.write(f'<row r="1">{_HEADING}</row>'.encode())
        for n in range(rows):
            part.write(_row(n).encode())
        part.write(b"</sheetData></worksheet>")


def _row(n: int) -> str:
    row = n + 2
    return (
        f'<row r="{row}" spans="1:4"><c r="A{row}"><v>{1000 + n}</v></c>'
        f'<c r="B{row}" t="s"><v>{n + len(_TEXTS)}</v></c>'
        f'<c r="C{row}" t="s"><v>{len(_TEXTS) - 1}</v></c>'
        f'<c r="D{row}"><v>{n % 977}.25</v></c></row>'
    )
