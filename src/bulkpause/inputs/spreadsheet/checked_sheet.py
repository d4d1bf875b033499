"""The sheet to read: found, checked and copied."""

from pathlib import Path
from typing import BinaryIO

from bulkpause._value import value
from bulkpause.inputs.spreadsheet.archive import (
    Archive,
    open_archive,
    password_protected,
)
from bulkpause.inputs.spreadsheet.checked_copy import (
    NOTHING_MERGED,
    OPENDOCUMENT,
    SHEET,
    CheckedCopy,
)
from bulkpause.inputs.spreadsheet.facts import SheetFacts
from bulkpause.inputs.spreadsheet.number_formats import Styles
from bulkpause.inputs.spreadsheet.opendocument import ContentPass
from bulkpause.inputs.spreadsheet.refusals import SAVE_AS_XLSX, damaged
from bulkpause.inputs.spreadsheet.shared_strings import SharedStrings
from bulkpause.inputs.spreadsheet.sheets import Sheet, choose_sheet
from bulkpause.inputs.spreadsheet.workbook import (
    WorkbookPass,
    is_empty,
    relations,
    table_filter,
)
from bulkpause.inputs.spreadsheet.worksheet import WorksheetPass
from bulkpause.inputs.table import ReadError


_XLSX = "xl/workbook.xml"
_ODS = "content.xml"
_EXPORT_IDS = "export its ids as CSV (UTF-8)"
#: What else is a zip archive, by a part that it has.
_OTHER_ARCHIVES = {
    "xl/workbook.bin": ("a binary Excel workbook (.xlsb)", SAVE_AS_XLSX),
    "index/document.iwa": ("a workbook of Numbers", "export it as Excel (.xlsx)"),
    "index.zip": ("a workbook of Numbers", "export it as Excel (.xlsx)"),
    "word/document.xml": ("a Word document, not a list", _EXPORT_IDS),
    "ppt/presentation.xml": ("a presentation, not a list", _EXPORT_IDS),
    _ODS: ("a document, not a spreadsheet", _EXPORT_IDS),
}


@value
class CheckedSheet:
    """A sheet that may be given to the reader of cells.

    Attributes:
        path: A workbook that holds it.
        key: Its name there.
        name: Its name in the workbook of the user.
        facts: What the pass found.
    """

    path: Path
    key: str
    name: str
    facts: SheetFacts


def check_sheet(file: BinaryIO, folder: Path, wanted: str | None) -> CheckedSheet:
    """Find the sheet to read in a zip archive, check it, and copy it to `folder`.

    Raises:
        ReadError: The archive is not a workbook that can be read, or there is not
            one sheet to read.
    """
    with open_archive(file) as archive:
        is_ods = archive.head("mimetype").startswith(OPENDOCUMENT)
        if _XLSX in archive and _ODS in archive:
            # Programs would differ in which of the two they read.
            raise damaged()
        if _XLSX in archive:
            return _check_xlsx(archive, folder, wanted)
        if is_ods and _ODS in archive:
            return _check_ods(archive, folder, wanted)
        raise _other_archive(archive)


def _other_archive(archive: Archive) -> ReadError:
    for part, refusal in _OTHER_ARCHIVES.items():
        if part in archive:
            return ReadError(*refusal)
    return ReadError(
        "an archive, not a spreadsheet", "unzip it and name the file in it"
    )


def _check_xlsx(archive: Archive, folder: Path, wanted: str | None) -> CheckedSheet:
    workbook = WorkbookPass(archive)
    sheet = choose_sheet(
        workbook.sheets, wanted, is_empty=lambda one: is_empty(archive.blocks(one.part))
    )
    path = folder / "checked.xlsx"
    with CheckedCopy(path) as copy:
        facts = _copy_xlsx(archive, copy, sheet)
        copy.add_xlsx_frame(counts_from_1904=workbook.counts_from_1904)
    if facts.has_tables and facts.filter_range is None:
        facts.filter_range = table_filter(archive, sheet)
    return CheckedSheet(path=path, key=SHEET, name=sheet.name, facts=facts)


def _copy_xlsx(archive: Archive, copy: CheckedCopy, sheet: Sheet) -> SheetFacts:
    strings, styles = SharedStrings(), Styles()
    for kind, check, default in (
        ("sharedStrings", strings.read, b"<sst/>"),
        ("styles", styles.read, b"<styleSheet/>"),
    ):
        part = next(iter(relations(archive, _XLSX, kind=kind).values()), "")
        blocks = archive.blocks(part) if part in archive else iter([default])
        copy.add(f"xl/{kind}.xml", blocks, check)
    size_bytes = archive.size_bytes(sheet.part)
    worksheet = WorksheetPass(strings.lengths, styles.marks, size_bytes=size_bytes)
    copy.add(
        "xl/worksheets/sheet1.xml",
        archive.blocks(sheet.part),
        worksheet.read,
        before=NOTHING_MERGED,
    )
    return worksheet.facts


def _check_ods(archive: Archive, folder: Path, wanted: str | None) -> CheckedSheet:
    if b"encryption-data" in archive.head("META-INF/manifest.xml"):
        raise password_protected()
    content = ContentPass()
    path = folder / "checked.ods"
    with CheckedCopy(path) as copy:
        copy.add_ods_frame()
        copy.add(_ODS, archive.blocks(_ODS), content.read)
    sheet = choose_sheet(
        content.sheets, wanted, is_empty=lambda one: one.name in content.empty
    )
    return CheckedSheet(
        path=path, key=sheet.name, name=sheet.name, facts=content.facts[sheet.name]
    )
