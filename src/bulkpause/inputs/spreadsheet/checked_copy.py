"""A copy of the checked parts of a workbook, which the reader of cells is given.

It holds one visible sheet, as it was seen, and is not compressed. So nothing that was
not seen reaches the reader: no second part of the same name, no other sheet, no table.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Self


#: The name of the only sheet of an `.xlsx` copy.
SHEET = "Sheet"

#: Stands before a sheet. The reader looks for merged cells in a pass of its own, which
#: ends here instead of after a million rows.
NOTHING_MERGED = b"<mergeCells/>"

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_TYPES = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = f'<Relationships xmlns="{_TYPES}/relationships">'
_XLSX_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_TYPES}/content-types"/>',
    "_rels/.rels": (
        f'{_XML}{_RELATIONS}<Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}{_RELATIONS}<Relationship Id="r1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_WORKBOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<workbookPr date1904="{date1904}"/><sheets>'
    f'<sheet name="{SHEET}" sheetId="1" r:id="r1"/></sheets></workbook>'
)
OPENDOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = (
    f"{_XML}<manifest:manifest "
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)


class CheckedCopy:
    """Writes the copy part by part. It may be read once it was left."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def add(
        self,
        name: str,
        blocks: Iterable[bytes],
        check: Callable[[Iterable[bytes]], None],
        *,
        before: bytes = b"",
    ) -> None:
        """Write `before` and the blocks of a part, while `check` reads the blocks."""
        with self._archive.open(name, "w", force_zip64=True) as part:
            part.write(before)
            check(_written(part, blocks))

    def add_xlsx_frame(self, *, counts_from_1904: bool) -> None:
        """Write what makes an `.xlsx` workbook of one sheet."""
        for name, text in _XLSX_PARTS.items():
            self._archive.writestr(name, text)
        workbook = _WORKBOOK.format(date1904=int(counts_from_1904))
        self._archive.writestr("xl/workbook.xml", workbook)

    def add_ods_frame(self) -> None:
        """Write what makes an `.ods` workbook of a content."""
        self._archive.writestr("mimetype", OPENDOCUMENT)
        self._archive.writestr("META-INF/manifest.xml", _MANIFEST)


def _written(part: IO[bytes], blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        part.write(block)
        yield block
