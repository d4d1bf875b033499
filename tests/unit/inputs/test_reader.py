import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bulkpause._text import display_name
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.number_shape import ProgramNumber
from bulkpause.inputs.reader import (
    detect_format,
    find_first_row,
    read,
)
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item


MORE_THAN_IDS = "holds more than ids, or ids of different kinds"


def lines_of(text: str) -> Iterator[str]:
    """Return the lines of a text as those of a file, with line ends normalized."""
    return io.StringIO(text, newline=None)


def read_text(
    text: str, name: str = "-", *, as_format: str | None = None, **layout: Any
) -> Iterator[Item | InvalidRow]:
    return read(
        lines_of(text),
        name=name,
        layout=Layout(
            format=None if as_format is None else Format(as_format), **layout
        ),
    )


def rows(text: str, name: str = "-", **layout: str | None) -> list[tuple[int, str]]:
    """Return the row and id of each item, the row and reason of each invalid row."""
    return [
        (row.row, row.id if isinstance(row, Item) else row.reason)
        for row in read_text(text, name, **layout)
    ]


def input_error(text: str, name: str = "-", **layout: str | None) -> str:
    with pytest.raises(ReadError) as caught:
        rows(text, name, **layout)
    return f"{display_name(name)}: {caught.value}"


# Format


@pytest.mark.parametrize(
    ("name", "text", "format_"),
    [
        ("-", "id,name\n", Format.CSV),
        ("-", "id\n", Format.CSV),
        ("-", '"Campaign ID"\n', Format.CSV),
        ("-", "campaign;name\n", Format.CSV),
        ("-", '"Campaign\nID"\n', Format.CSV),
        ("-", '{"id": 1}\n', Format.JSONL),
        ("-", '"1000248"\n', Format.LINES),
        ("-", '"1000248", "1000249"\n', Format.LINES),
        ("-", '"10\\u00300248"\n', Format.JSONL),
        ("-", "1000248\n", Format.LINES),
        ("-", "\n \n1000248\n", Format.LINES),
        ("-", "# paused by Ann, on 3 May\n1000248\n", Format.LINES),
        ("-", '1000248 "Sale"\n', Format.LINES),
        ("-", "# exported; 3 May\nid;name\n", Format.CSV),
        ("-", "#,id,name\n", Format.CSV),
        ("a.csv", "id\n", Format.CSV),
        ("a.TSV", "id\n", Format.CSV),
        ("a.csv.gz", "id\n", Format.CSV),
        ("a.jsonl", "1\n", Format.JSONL),
        ("a.ndjson", "1\n", Format.JSONL),
        ("a.json.gz", "1\n", Format.JSONL),
        ("a.txt", "id,name\n", Format.CSV),
        ("a.txt", "1000248\n", Format.LINES),
    ],
)
def test_format_is_detected_from_suffix_or_first_row(
    name: str, text: str, format_: Format
) -> None:
    column = "campaign" if "campaign" in text else None
    _, line = find_first_row(io.StringIO(text), column, Table())
    assert detect_format(name, line, column) is format_


@pytest.mark.parametrize("name", ["-", "a.txt"])
def test_titles_above_heading_are_no_list(name: str) -> None:
    assert rows("Report of May\n\nid,name\n1000248,a\n", name) == [
        (1, "'Report of May' stands above the heading"),
        (4, "1000248"),
    ]


def test_list_may_hold_heading_of_one_cell() -> None:
    assert rows("Ids of May\n1000248\nid\n1000249")[1] == (2, "1000248")


def test_list_that_begins_with_id_is_no_table() -> None:
    assert rows("1000247\nid,name\n1000248")[0::2] == [(1, "1000247"), (3, "1000248")]


def test_requested_format_overrides_suffix() -> None:
    assert rows("1000248\n", "a.csv", as_format="lines") == [(1, "1000248")]


def test_requested_column_identifies_header() -> None:
    assert rows("Kampagne\n1000248\n", column="kampagne") == [(2, "1000248")]


@pytest.mark.parametrize("option", ["column", "sort_column"])
def test_column_option_with_plain_list_is_refused(option: str) -> None:
    assert "a plain list has no columns" in input_error(
        "1000248\n", **{option: "spend"}
    )


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\n,,\n;;", "# a\n# b c\n"])
@pytest.mark.parametrize("name", ["-", "a.csv", "a.jsonl"])
def test_empty_input_is_refused(name: str, text: str) -> None:
    assert input_error(text, name).endswith(
        ": the input is empty; add the ids to pause"
    )


# Plain lists


def test_first_line_with_number_sign_is_invalid() -> None:
    assert rows("#1000248\n1000249") == [
        (1, "'#1000248' has a # before it"),
        (2, "1000249"),
    ]


def test_plain_list_rows_count_blanks_and_comments() -> None:
    text = "# of May\n\n1000248\n  1000249\t\n#\n ## x\n\N{NO-BREAK SPACE}1000250"
    assert rows(text) == [(3, "1000248"), (4, "1000249"), (7, "1000250")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("#1000249", "'#1000249' has a # before it"),
        ("1000249 #2", f"'1000249 #2' {MORE_THAN_IDS}"),
        ("Sale 1000249", f"'Sale 1000249' {MORE_THAN_IDS}"),
        ("1000249,12.50", f"'1000249,12.50' {MORE_THAN_IDS}"),
        ("1000249,12", f"'1000249,12' {MORE_THAN_IDS}"),
        ("1234 5678 9012 3456", f"'1234 5678 9012 3456' {MORE_THAN_IDS}"),
        ("please pause these", f"'please pause these' {MORE_THAN_IDS}"),
        ("1000249,cmp-025", f"'1000249,cmp-025' {MORE_THAN_IDS}"),
        ("1,000,249", "'1,000,249' may be one number with separators, or several ids"),
        ("(0151) 2345678", f"'(0151) 2345678' {MORE_THAN_IDS}"),
        ("1000. 248", f"'1000. 248' {MORE_THAN_IDS}"),
        ("1000. 1000249", f"'1000. 1000249' {MORE_THAN_IDS}"),
        ("1. 248", f"'1. 248' {MORE_THAN_IDS}"),
        ("01512 345678", f"'01512 345678' {MORE_THAN_IDS}"),
        ("015123 456789", f"'015123 456789' {MORE_THAN_IDS}"),
        ("10002 100024", f"'10002 100024' {MORE_THAN_IDS}"),
        (
            "100 200 300",
            "'100 200 300' may be one number with separators, or several ids",
        ),
        ("#N/A", "'#N/A' is an error of the spreadsheet, not an id"),
        ("########", "'########' is from a column too narrow to show its numbers"),
        ("1E17", "'1E17' is a reformatted number, not an id"),
        ("Campaign ID", f"'Campaign ID' {MORE_THAN_IDS}"),
        ("campaign_id", "'campaign_id' is a column name, not an id"),
        ("\udcff", "'\\udcff' is not valid UTF-8"),
    ],
)
def test_list_line_without_valid_id_is_invalid(line: str, reason: str) -> None:
    assert rows(f"1000248\n{line}\n1000251") == [
        (1, "1000248"),
        (2, reason),
        (3, "1000251"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        *("- 1000249", "\N{BULLET} 1000249", "\N{BULLET}1000249", "* 1000249"),
        *("1. 1000249", "12) 1000249", "(3) 1000249", "> 1000249", "1000249,"),
        *('"1000249",', "'1000249'", "`1000249`", "```1000249", "1000249;"),
        *("\N{LEFT DOUBLE QUOTATION MARK}1000249\N{RIGHT DOUBLE QUOTATION MARK}",),
        *(
            "['1000249',",
            "'1000249']",
            "(1000249)",
            "(1000249",
            "('1000249');",
            "1000249.",
            "'1000249'),",
        ),
        *("\ufeff1000249", "\N{ZERO WIDTH SPACE}1000249", "- `1000249`,"),
    ],
)
def test_what_surrounds_an_id_in_a_list_is_removed(line: str) -> None:
    for text in (f"{line}\n1000250", f"1000250\n{line}"):
        ids = {id_ for _, id_ in rows(text)}
        assert ids == {"1000249", "1000250"}


@pytest.mark.parametrize(
    "line",
    [
        *(
            "1000248,1000249,1000250",
            "1000248, 1000249 1000250",
            "1000248;1000249;1000250",
        ),
        *("1000248\t1000249\t1000250", "- 1000248, 1000249, 1000250,"),
        "1. 1000248 1000249 1000250",
        "['1000248', '1000249', '1000250']",
        *("IN (1000248, 1000249, 1000250)", "in('1000248','1000249','1000250');"),
        *("(1000248, 1000249, 1000250);", "1000248, 1000249, 1000250."),
        *('"1000248", "1000249", "1000250"', "`1000248` `1000249` `1000250`"),
    ],
)
def test_several_ids_on_a_line_have_its_row(line: str) -> None:
    ids = [(1, "1000248"), (1, "1000249"), (1, "1000250")]
    assert rows(f"{line}\n1000251\n") == [*ids, (2, "1000251")]


def test_list_of_sql_may_have_several_lines() -> None:
    ids = [(2, "1000248"), (3, "1000249")]
    assert rows("IN (\n  1000248,\n  1000249\n);\n") == ids


@pytest.mark.parametrize(
    "text",
    [
        "1000248, 1000249, 1000250,\n1000251, 1000252, 1000253\n",
        "1000248 1000249 1000250\n1000251 1000252 1000253\n1000254\n",
        "1000248,1000249\n1000250,1000251\n1000252,1000253,1000254\n",
        "1000248,1000249\n1000250\n1000251\n",
    ],
)
def test_lines_of_one_text_are_no_table(text: str) -> None:
    ids = text.replace(",", " ").split()
    assert [id_ for _, id_ in rows(text)] == ids


@pytest.mark.parametrize(
    "text",
    [
        "1000248;100000\n1000249;100001\n",
        "1000248 1000249 1000250\n1000251 1000252 1000253\n",
        "1000248,5000001\n1000249,5000002\n1000250\n",
        "1000248,5000001,\n1000249,5000002,\n",
    ],
)
def test_as_many_ids_on_each_line_are_refused(text: str) -> None:
    assert "table without a heading; add a heading" in input_error(text)
    assert len(rows(text, as_format="lines")) == len(
        text.replace(",", " ").replace(";", " ").split()
    )


@pytest.mark.parametrize(
    "text", ["1000248\t2000248\n1000249\t2000249", "a1000\tb2000\n" * 2]
)
def test_table_without_heading_is_no_list(text: str) -> None:
    assert "table without a heading; add a heading" in input_error(text)
    assert len(rows(text, as_format="lines")) == 4


def test_tab_behind_bullet_makes_no_table() -> None:
    text = "1.\t1000248\n2.\t1000249\n"
    assert rows(text) == [(1, "1000248"), (2, "1000249")]


def test_code_fences_of_a_message_are_skipped() -> None:
    assert rows("```\n1000248\n1000249\n```\n") == [(2, "1000248"), (3, "1000249")]


@pytest.mark.parametrize("text", ["1000248,Sale,12", "1000248,12\n1000249,13"])
def test_csv_without_heading_is_no_list(text: str) -> None:
    assert "no id column" in input_error(text)


# JSON lines


def test_json_lines_may_be_objects_or_bare_ids() -> None:
    text = '{"id": "1000248"}\n\n{"name": "x", "id": 1000249}\n"1000250"\n1000251\n'
    assert rows(text) == [
        (1, "1000248"),
        (3, "1000249"),
        (4, "1000250"),
        (5, "1000251"),
    ]


@pytest.mark.parametrize(
    "key", ["id", "ID", "campaign_id", "campaignId", "Campaign ID"]
)
def test_id_key_is_found_in_any_spelling(key: str) -> None:
    assert rows(json.dumps({"name": "x", key: "1000248"})) == [(1, "1000248")]


def test_requested_key_is_used() -> None:
    text = '{"id": 5, "Campaign": 1000248}\n"1000249"\n'
    assert rows(text, column="campaign") == [(1, "1000248"), (2, "1000249")]


def test_exact_key_beats_similar_key() -> None:
    text = '{"Spend ID": 5, "spend_id": 1000248}'
    assert rows(text, column="spend_id") == [(1, "1000248")]


@pytest.mark.parametrize("number", [1, 1000248, 2**53 - 1])
def test_json_integer_below_2_to_53_is_accepted(number: int) -> None:
    assert rows(f'{{"id": {number}}}\n{number}') == [(1, str(number)), (2, str(number))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (str(2**53), "the number '9007199254740992' is too large to be exact"),
        (str(-(2**53)), "the number '-9007199254740992' is too large to be exact"),
        ("9" * 5000, f"the number '{'9' * 40}'... is too large to be exact"),
        (
            "1000000000000000",
            "'1000000000000000' is a number rounded by a spreadsheet",
        ),
        ("-5", "'-5' is not a valid id"),
        ("1000248.0", "the number '1000248.0' is not an integer"),
        ("1e5", "the number '1e5' is not an integer"),
        ("1E400", "the number '1E400' is not an integer"),
        ("NaN", "holds NaN, which JSON does not have"),
        ("-Infinity", "holds -Infinity, which JSON does not have"),
        ("null", "null is not a valid id"),
        ("true", "true or false is not a valid id"),
        ("[1000249]", "a list or an object is not a valid id"),
        ('{"id": [1000249]}', "a list or an object is not a valid id"),
        ('{"id": {"id": 1000249}}', "a list or an object is not a valid id"),
        ('{"id": false}', "true or false is not a valid id"),
        ('{"id": null}', "null is not a valid id"),
        ('{"id": ""}', "no id"),
        ('{"id": "1.2E+17"}', "'1.2E+17' is a reformatted number"),
        ('{"id": "a\\u0000b"}', "'a\\x00b' holds an invisible character"),
        ('{"id": "\\ud800"}', "'\\ud800' is not a valid id"),
        ('{"id": 1, "id": 2}', "the key 'id' occurs more than once"),
        ('{"id": 1, "x": 2, "x": 2}', "the key 'x' occurs more than once"),
        ('{"id": 1, "ID": 2}', "more than one id column among 'id', 'ID'"),
        ('{"name": "x"}', "no id column among 'name'"),
        ("{}", "no id column"),
        ('{"id": 1} {"id": 2}', "not valid JSON"),
        ('{"id": 1},', "not valid JSON"),
        ("{'id': 1}", "not valid JSON"),
        ('{"id": 01}', "not valid JSON"),
        ('{"id": 1_000}', "not valid JSON"),
        ('{"id": "1000249', "not valid JSON"),
        ('{"id": "10\t00"}', "not valid JSON"),
        ('{"id": 1}\ufeffx', "not valid JSON"),
        ("1000249", None),
        ("# comment", "not valid JSON"),
        ("[" * 200_000, "not valid JSON"),
        ('{"id":' * 100_000, "not valid JSON"),
    ],
    ids=range(38),
)
def test_json_line_without_valid_id_is_invalid(line: str, reason: str | None) -> None:
    first, (row, reason_or_id), last = rows(f'{{"id": 1000248}}\n{line}\n"1000250"')
    assert (first, row, last) == ((1, "1000248"), 2, (3, "1000250"))
    assert reason_or_id.startswith(reason or "1000249")


def test_nested_key_is_named_by_its_path() -> None:
    text = (
        '{"campaign": {"id": 5, "x.y": 6}}\n{"campaign.id": 7, "campaign": {"id": 8}}'
    )
    assert rows(text, column="campaign.id") == [(1, "5"), (2, "7")]
    assert rows('{"campaign": {"x.y": 6}}', column="Campaign.x.y") == [(1, "6")]


def test_nested_id_is_only_taken_if_named() -> None:
    (row,) = read_text('{"campaign": {"id": 5}}')
    assert isinstance(row, InvalidRow)
    assert (row.detail, row.remedy) == (
        "no id column among 'campaign'",
        "pass --column campaign.id",
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"id": 1001, "account": "acme"}\n', "account"),
        ('{"id": 1001}\n{"id": 1002, "Account": null}\n', "Account"),
        ('[{"campaign": {"id": 1001}, "account": "acme"}]\n', "account"),
        ('{"id": 1001, "account": {"id": 7}}\n', None),
        ('{"id": 1001}\n', None),
    ],
)
def test_account_key_without_accounts_is_noted(text: str, key: str | None) -> None:
    layout = Layout(column="campaign.id") if "campaign" in text else Layout()
    assert account_key_noted(text, layout) == key
    layout = replace(layout, accounts=frozenset({"acme"}))
    assert account_key_noted(text, layout) is None


def account_key_noted(text: str, layout: Layout) -> str | None:
    table, lines = Table(), lines_of(text)
    table.fill([row] for row in read(lines, name="-", layout=layout, table=table))
    return table.unused_account_column


@pytest.mark.parametrize("first", ["", '{"id": 1\n'])
def test_empty_json_object_before_any_id_is_invalid(first: str) -> None:
    found = rows(f'{first}{{}}\n{{"id": 1000248}}\n', "a.jsonl")
    assert found[-2:] == [
        (first.count("\n") + 1, "no id column"),
        (first.count("\n") + 2, "1000248"),
    ]


def test_json_names_and_statuses_are_noted() -> None:
    table = Table()
    text = (
        '{"id": 1, "name": "A", "status": "running"}\n{"id": 2, "name": null}\n'
        '{"id": "x y", "status": "draft"}\n'
    )
    lines = lines_of(text)
    table.fill([row] for row in read(lines, name="-", layout=Layout(), table=table))
    assert [row.name for row in table.rows if isinstance(row, Item)] == ["A", None]
    assert (table.id_column, table.name_column, table.status_column) == (
        "id",
        "name",
        "status",
    )
    assert table.statuses == {"running": 1}


def test_json_key_of_ids_is_noted_below_an_invalid_first_row() -> None:
    table = Table()
    text = '{"campaign_id": "x y"}\n{"campaign_id": 1000248}\n'
    lines = lines_of(text)
    table.fill([row] for row in read(lines, name="-", layout=Layout(), table=table))
    assert table.id_column == "campaign_id"


def test_json_name_key_may_be_named() -> None:
    text = '{"id": 1, "name": "A", "more": {"title": "B"}}'
    (row,) = read_text(text, name_column="more.title")
    assert row == Item(id="1", row=1, name="B")
    assert "no row has a value for 'nmae'" in input_error(text, name_column="nmae")


RECORD = (
    '{"id":"1001","status":"paused","attempts":1,"history":[],"run_id":"x","crc32":"0"}'
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RECORD, "this is a result log of bulkpause"),
        (f'{{"id": 1}}\n{RECORD}', "this is a result log of bulkpause"),
        ('{"run":"x","version":1,"crc32":"0"}', "this is the write-ahead log"),
        ('{"planned":[["1001",1]],"crc32":"0"}', "this is the write-ahead log"),
    ],
)
def test_log_of_bulkpause_is_refused(text: str, message: str) -> None:
    error = input_error(text, "log.jsonl")
    assert message in error
    assert "`bulkpause retry`" in error


# JSON arrays


@pytest.mark.parametrize(
    "text",
    [
        '["1000248", 1000249]',
        '[{"id": 1000248}, {"id": "1000249"}]',
        '[\n  {\n    "id": 1000248\n  },\n  {"id": 1000249}\n]\n',
        '{"items": [1000248, 1000249]}',
        '{"total": "2", "items": [{"id": 1000248}, {"id": 1000249}], "next": null}',
        '{\n  "data": [\n    1000248,\n    1000249\n  ]\n}',
        '{"data": {"items": [1000248, 1000249]}}\n\n',
        '{"fields": ["spend"], "data": {"campaigns": [{"id": 1000248}, {"id": 1000249}]}}',
        '{"tags": [7], "data": {"page": {"campaigns": [{"id": 1000248}, {"id": 1000249}]}}}',
        '{"errors": [], "data": {"campaigns": [{"id": 1000248}, {"id": 1000249}]}}',
        '{"errors": [], "data": {"campaign_ids": ["1000248", "1000249"]}}',
    ],
)
@pytest.mark.parametrize("name", ["-", "a.json", "a.jsonl"])
def test_json_array_rows_are_its_elements(text: str, name: str) -> None:
    assert rows(text, name) == [(1, "1000248"), (2, "1000249")]


def test_array_elements_are_checked_like_lines() -> None:
    text = (
        '[{"id": 1.5}, {"id": NaN}, {"id": 1, "id": 2}, null, [5], 9007199254740993, 5]'
    )
    assert [reason for _, reason in rows(text)] == [
        "the number '1.5' is not an integer",
        "holds NaN, which JSON does not have",
        "the key 'id' occurs more than once",
        "null is not a valid id",
        "a list or an object is not a valid id",
        "the number '9007199254740993' is too large to be exact",
        "5",
    ]


def test_json_key_of_first_id_holds_for_all_rows() -> None:
    text = (
        '{"campaign_id": 1000248}\n{"id": 7, "campaign": {"id": 1}}\n{"Campaign ID": 1}'
    )
    assert rows(text) == [
        (1, "1000248"),
        (2, "no key 'campaign_id', which the rows before have"),
        (3, "1"),
    ]
    assert [id_ for _, id_ in rows('{"ID": 1}\n{"id": 2}', column="id")] == ["1", "2"]


def test_json_value_with_too_many_elements_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bulkpause.inputs.json_document.MOST_ELEMENTS", 4)
    assert len(rows("[1, 2, 3, 4]")) == 4
    for text in ("[1, 2, 3, 4, 5]", '{"a": [1, 2], "b": [1, 2, 3]}'):
        assert "a JSON value of more than 4 elements" in input_error(text)


def test_indented_object_is_one_row() -> None:
    assert rows('{\n  "id": 1000248,\n  "tags": ["a"]\n}') == [(1, "1000248")]


def test_empty_array_has_no_rows() -> None:
    assert rows("[]") == rows('{"items": []}') == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[\n{"id": 1},\n{"id": 2', "cut short after element 1, in line 3"),
        ('[1000248, "1000', "cut short after element 1, in line 1"),
        ("[1000248,", "cut short after element 1, in line 1"),
        ("[1000248", "cut short after element 1, in line 1"),
        ("[1000248]\n[1000249]", "not valid JSON after the array, in line 2"),
        ("[1000248,\n1000249,\n]", "not valid JSON after element 2, in line 3"),
        ("['1000248']", "not JSON, but a list; pass --format lines"),
        ("[" * 100_000, "not valid JSON after element 0, in line 1"),
        ('{"items": [\n1000248', "cut short after element 1, in line 2"),
        ('{\n"id": 1', "cut short, in line 2"),
        ('{"a": [1], "b": [2]}', "an object with several arrays, 'a', 'b'"),
        (
            '{"campaigns": [{"id": 1}], "next": {"campaigns": [{"id": 2}]}}',
            "an object with several arrays, 'campaigns', 'next.campaigns'",
        ),
        ('{"items": [1], "meta": {"filters": [2]}}', "'items', 'meta.filters'"),
        ('{"campaign": {"tags": ["summer1"]}}', "holds other values than numbers"),
        (
            '{\n"a": 1}',
            "an object without an id, and without an array in its first 8 levels",
        ),
    ],
    ids=range(15),
)
def test_unclear_json_value_is_refused(text: str, message: str) -> None:
    assert message in input_error(text, "a.json")


@pytest.mark.unmeasured
def test_time_to_read_an_array_grows_with_its_text() -> None:
    def seconds(count: int) -> float:
        text = "[" + " \n" * count + ", ".join(['{"id": "1", "x": ""}'] * count) + "]"
        start = time.process_time()
        assert len(rows(text)) == count
        return time.process_time() - start

    assert seconds(80_000) < 30 * (seconds(5_000) + 0.02)


def test_json_object_may_have_many_keys() -> None:
    keys = [f'"k{n}": 1' for n in range(300)]
    assert rows("{" + ", ".join([*keys, '"id": 1000248']) + "}") == [(1, "1000248")]


def test_repeated_nested_key_is_ignored() -> None:
    assert rows('{"id": 1000248, "more": [{"a": 1, "a": 2}]}') == [(1, "1000248")]


def test_repeated_key_among_many_is_reported() -> None:
    keys = [f'"k{n}": 1' for n in range(50_000)]
    text = "{" + ", ".join([*keys, keys[-1]]) + "}"
    assert rows(text) == [(1, "the key 'k49999' occurs more than once")]


def test_invalid_json_rows_have_remedies() -> None:
    text = '{"id": 1.5}\n{"id": 1, "ID": 1}\n{"id": 1, "id": 1}\n{\n{"id": null}'
    remedies = [row.remedy for row in read_text(text) if isinstance(row, InvalidRow)]
    assert [remedy.split()[0] for remedy in remedies] == [
        "export",
        "name",
        "keep",
        "write",
        "write",
    ]


def test_json_sort_value_keeps_its_notation() -> None:
    text = (
        '{"id": 1, "Spend": 1.50}\n{"id": 2, "Spend": "1,5 EUR"}\n'
        '{"id": 3}\n{"id": 4, "Spend": null}\n5\n'
    )
    sort_texts = [
        row.sort_text
        for row in read_text(text, sort_column="spend")
        if isinstance(row, Item)
    ]
    assert sort_texts == ["1.50", "1,5 EUR", None, None, None]
    are_of_program = [isinstance(text, ProgramNumber) for text in sort_texts]
    assert are_of_program == [True, False, False, False, False]


def test_sort_key_missing_everywhere_is_refused() -> None:
    assert "no row has a value for 'spned'" in input_error(
        '{"id": 1}', sort_column="spned"
    )
