"""Workbooks made to exhaust memory or time are refused at once.

The reader of cells aborts the process on some of them, without an exception. Each is
read in a process of its own that may use little memory.
"""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from tests.inputs.workbooks import (
    HEADING,
    Sheet,
    archive,
    ods,
    ods_cell,
    ods_row,
    shared,
    xlsx,
)


pytestmark = pytest.mark.unmeasured

#: Prints the error, and the time and memory that reading took beyond the imports.
PROGRAM = """
import resource, sys
from time import process_time
import python_calamine
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
import bulkpause.inputs.spreadsheet.reader
def mib(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before_mib, before_s = mib(), process_time()
error = load_input(sys.argv[1], Layout()).table.error
print(process_time() - before_s, mib() - before_mib, error)
"""
#: A second on a usual machine, and CI is slower. What is not bounded takes minutes.
MOST_SECONDS = 5.0
MOST_MIB = 100.0
MIB = 1 << 20
TOO_TIGHT = "the workbook is compressed too tightly for a list of ids"
DAMAGED = "the workbook is damaged"
REPEATS = "the workbook has more rows that repeat others"
MILLION = 'table:number-rows-repeated="1000000"'
THOUSANDS = 'table:number-rows-repeated="9000"'


def parts_of(data: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as zip_:
        return {name: zip_.read(name) for name in zip_.namelist()}


PARTS = parts_of(xlsx(Sheet(rows={1: HEADING, 2: (shared(0),)}, name="A")))
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"


def with_part(name: str, content: str | bytes) -> bytes:
    return archive(PARTS | {name: content})


def with_cells(cells: str) -> bytes:
    return with_part(
        SHEET, f'<worksheet><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    )


def sheets(count: int) -> bytes:
    return xlsx(*(Sheet(rows={1: (1,)}, name=str(n)) for n in range(count)))


@contextmanager
def large_part(buffer: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    others = {key: value for key, value in PARTS.items() if key != name}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zip_:
        for key, value in others.items():
            zip_.writestr(key, value)
        with zip_.open(name, "w", force_zip64=True) as part:
            yield part


def four_gigabytes() -> bytes:
    """Write a part that claims 4 GiB: its size stands in the directory."""
    data = bytearray(with_part(SHEET, b" " * MIB))
    size = MIB.to_bytes(4, "little")
    place = data.rfind(SHEET.encode()) - 46 + 24
    assert data[place : place + 4] == size
    data[place : place + 4] = b"\xf0\xff\xff\xff"
    return bytes(data)


def spaces() -> bytes:
    buffer = io.BytesIO()
    with large_part(buffer, SHEET) as part:
        for _ in range(300):
            part.write(b" " * MIB)
    return buffer.getvalue()


def nested() -> bytes:
    return with_part(SHEET, "<a>" * 1_000_000)


def repeated_text() -> bytes:
    """Refer to one long text from many cells."""
    long = f"<sst><si><t>{'x' * 10 * MIB}</t></si></sst>"
    cells = "".join(f'<row r="{n}">{cell(n)}</row>' for n in range(1, 200))
    sheet = f"<worksheet><sheetData>{cells}</sheetData></worksheet>"
    return archive(PARTS | {SHEET: sheet, TEXTS: long})


def cell(row: int) -> str:
    return f'<c r="A{row}" t="s"><v>0</v></c>'


def many_parts() -> bytes:
    """Write a directory of a million parts without their data."""
    data = archive({"000000": ""})
    entry_at, end_at = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry, end = data[entry_at:end_at], data[end_at:]
    entries = b"".join(
        entry.replace(b"000000", f"{n:06}".encode()) for n in range(1_000_000)
    )
    size = len(entries).to_bytes(4, "little")
    return data[:entry_at] + entries + end[:12] + size + end[16:]


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "last corner": (
        lambda: with_cells('<c r="XFD1048576"><v>1</v></c>'),
        DAMAGED,
    ),
    "last corner, row without number": (
        lambda: with_part(
            SHEET,
            '<worksheet><sheetData><row><c r="A1"><v>1</v></c></row><row r="1048576">'
            '<c r="XFD1048576"> <v> 1</v></c></row></sheetData></worksheet>',
        ),
        "the workbook has a cell in row 1048576 and one in column 16384",
    ),
    "last corner, lower case": (
        lambda: with_part(
            SHEET,
            '<worksheet><sheetData><row r="1048576"><c r="xfd1048576"><v>1</v></c>'
            "</row></sheetData></worksheet>",
        ),
        "the workbook has a cell in row 1048576 and one in column 16384",
    ),
    "last row, plain cells": (
        lambda: xlsx(Sheet(rows={1: [1] * 20, 1048576: [1]})),
        "the workbook has a cell in row 1048576 and one in column 20",
    ),
    "row beyond last": (lambda: xlsx(Sheet(rows={1048577: [1]})), DAMAGED),
    "column beyond last": (lambda: with_cells('<c r="XFE1"><v>1</v></c>'), DAMAGED),
    "reference with blank": (lambda: with_cells('<c r=" A1"><v>1</v></c>'), DAMAGED),
    "reference of other row": (lambda: with_cells('<c r="A9"><v>1</v></c>'), DAMAGED),
    "repeated row": (
        lambda: with_part(
            SHEET,
            '<worksheet><sheetData><row r="2"/><row r="2"/></sheetData></worksheet>',
        ),
        DAMAGED,
    ),
    "row before hidden one": (
        lambda: with_part(
            SHEET,
            '<worksheet><sheetData><row r="5" hidden="1"></row><row r="3"/>'
            "</sheetData></worksheet>",
        ),
        DAMAGED,
    ),
    "rows in comment": (
        lambda: with_part(
            SHEET,
            '<worksheet><sheetData><row r="1"><c r="A1"/></row><!-- <row r="2"></row> -->'
            "</sheetData></worksheet>",
        ),
        DAMAGED,
    ),
    "many sheets": (lambda: sheets(4_000), "the workbook has more than 500 sheets"),
    "many parts": (many_parts, "the workbook has more than 10000 parts"),
    "part of 4 GiB": (four_gigabytes, "the workbook has a part of more than 512 MiB"),
    "part of blanks": (spaces, TOO_TIGHT),
    "nested elements": (nested, DAMAGED),
    "long text in many cells": (
        repeated_text,
        "the workbook has more than 512 MiB of text",
    ),
    "claimed texts": (
        lambda: with_part(TEXTS, '<sst uniqueCount="99999999999"><si/></sst>'),
        DAMAGED,
    ),
    "entities": (
        lambda: with_part(
            SHEET,
            '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><worksheet>&c;'
            "</worksheet>",
        ),
        "the workbook holds a document type",
    ),
    "text after end": (lambda: with_part(SHEET, PARTS[SHEET] * 2), DAMAGED),
    "archive in archive": (
        lambda: archive({"a.zip": archive({"b.zip": b"0" * MIB})}),
        "an archive, not a spreadsheet",
    ),
    "empty archive": (lambda: archive({}), "an archive, not a spreadsheet"),
    "both formats": (
        lambda: archive(PARTS | parts_of(ods({"A": []}))),
        DAMAGED,
    ),
    "two parts of one name": (
        lambda: archive(PARTS | {SHEET.upper(): PARTS[SHEET]}),
        DAMAGED,
    ),
    "ods, repeated rows": (
        lambda: ods(
            {
                "A": [
                    ods_row(*"abcde", attributes='table:number-rows-repeated="1048576"')
                ]
            }
        ),
        "the workbook has a cell in row 1048576 and one in column 5",
    ),
    "ods, repeated columns": (
        lambda: ods(
            {
                "A": [
                    ods_row(ods_cell(1, f'{REPEATED} office:value="1"'))
                    for _ in range(400)
                ]
            }
        ),
        "the workbook has a cell in row 306 and one in column 16384",
    ),
    "ods, many sheets": (
        lambda: ods({str(n): [] for n in range(10_000)}),
        "the workbook has more than 500 sheets",
    ),
    "ods, many blanks": (
        lambda: ods({"A": [ods_row(ods_cell('<text:s text:c="999999999"/>'))]}),
        "the workbook has more than 512 MiB of text",
    ),
    "ods, repeated text": (
        lambda: ods(
            {
                "A": [
                    ods_row("x" * MIB, attributes='table:number-rows-repeated="600"'),
                ]
            }
        ),
        "the workbook has more than 512 MiB of text",
    ),
    "ods, one row a million times": (
        lambda: ods({"A": [ods_row("id"), ods_row(1000248, attributes=MILLION)]}),
        REPEATS,
    ),
    "ods, one long row a million times": (
        lambda: ods({"A": [ods_row("id"), ods_row("1" * 480, attributes=MILLION)]}),
        REPEATS,
    ),
    "ods, many rows some thousand times": (
        lambda: ods({"A": [ods_row("id"), *[ods_row(1, attributes=THOUSANDS)] * 9]}),
        REPEATS,
    ),
    "ods, wide row some thousand times": (
        lambda: ods({"A": [ods_row("id"), ods_row(*[1] * 99, attributes=THOUSANDS)]}),
        REPEATS,
    ),
    "ods, text some thousand times": (
        lambda: ods({"A": [ods_row("id"), ods_row("x" * 9000, attributes=THOUSANDS)]}),
        REPEATS,
    ),
    "ods, sheet in sheet": (
        lambda: ods({"A": ['<table:table table:name="B"/>']}),
        DAMAGED,
    ),
}
REPEATED = 'table:number-columns-repeated="16384" office:value-type="float"'


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_at_once(tmp_path: Path, name: str) -> None:
    make, message = BOMBS[name]
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(make())
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    seconds, mib, error = ended.stdout.split(" ", 2)
    assert error.startswith(message)
    assert float(seconds) < MOST_SECONDS
    assert float(mib) < MOST_MIB


def test_truncated_archives_are_refused(tmp_path: Path) -> None:

    data = xlsx(Sheet(rows={1: HEADING, 2: (1000248,)}))
    path = tmp_path / "cut.xlsx"
    for size in range(4, len(data), 37):
        path.write_bytes(data[:size])
        error = load_input(str(path), Layout()).table.error
        assert error is not None
        assert error.detail == DAMAGED
