import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bulkpause._text import display_name
from bulkpause.inputs.csv_reader import detect_delimiter
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.reader import (
    detect_format,
    find_first_row,
    read,
)
from bulkpause.inputs.table import ReadError
from bulkpause.model import InvalidRow, Item


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
        ("-", '"1000248"\n', Format.JSONL),
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
    _, line = find_first_row(io.StringIO(text), column)
    assert detect_format(name, line, column) is format_


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
        (1, "'#1000248' is not a valid id"),
        (2, "1000249"),
    ]


def test_plain_list_rows_count_blanks_and_comments() -> None:
    text = "# of May\n\n1000248\n  1000249\t\n#\n ## x\n\N{NO-BREAK SPACE}1000250"
    assert rows(text) == [(3, "1000248"), (4, "1000249"), (7, "1000250")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("#1000249", "'#1000249' is not a valid id"),
        ("1000249 # the second", "'1000249 # the second' is not a valid id"),
        ("1000249,", "'1000249,' is a reformatted number, not an id"),
        ("1000249 1000250", "'1000249 1000250' is not a valid id"),
        ("1E17", "'1E17' is a reformatted number, not an id"),
        ("Campaign ID", "'Campaign ID' is not a valid id"),
        ("campaign_id", "'campaign_id' is a column name, not an id"),
        ('"1000249"', "'\"1000249\"' is not a valid id"),
        ("\ufeff1000249", "'\\ufeff1000249' is not a valid id"),
        ("\udcff", "'\\udcff' is not a valid id"),
    ],
)
def test_list_line_without_valid_id_is_invalid(line: str, reason: str) -> None:
    assert rows(f"1000248\n{line}\n1000251") == [
        (1, "1000248"),
        (2, reason),
        (3, "1000251"),
    ]


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
        ("NaN", "not valid JSON"),
        ("-Infinity", "not valid JSON"),
        ("null", "null is not a valid id"),
        ("true", "true or false is not a valid id"),
        ("[1000249]", "a list or an object is not a valid id"),
        ('{"id": [1000249]}', "a list or an object is not a valid id"),
        ('{"id": {"id": 1000249}}', "a list or an object is not a valid id"),
        ('{"id": false}', "true or false is not a valid id"),
        ('{"id": null}', "null is not a valid id"),
        ('{"id": ""}', "no id"),
        ('{"id": "1.2E+17"}', "'1.2E+17' is a reformatted number"),
        ('{"id": "a\\u0000b"}', "'a\\x00b' is not a valid id"),
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
        ('\ufeff{"id": 1}', "not valid JSON"),
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


def test_json_object_may_have_many_keys() -> None:
    keys = [f'"k{n}": 1' for n in range(300)]
    assert rows("{" + ", ".join([*keys, '"id": 1000248']) + "}") == [(1, "1000248")]


def test_repeated_nested_key_is_ignored() -> None:
    assert rows('{"id": 1000248, "more": [{"a": 1, "a": 2}]}') == [(1, "1000248")]


def test_repeated_key_among_many_is_reported() -> None:
    keys = [f'"k{n}": 1' for n in range(50_000)]
    text = "{" + ", ".join([*keys, keys[-1]]) + "}"
    assert rows(text) == [(1, "the key 'k49999' occurs more than once")]


@pytest.mark.parametrize(
    "text", ['[{"id": 1}]', '[\n  "1000248",\n  "1000249"\n]', "[]"]
)
def test_json_array_is_refused(text: str) -> None:
    assert input_error(f"\n{text}", "a.json").startswith("a.json: row 2: a JSON array")


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
    assert {type(sort_text) for sort_text in sort_texts} == {str, type(None)}


def test_sort_key_missing_everywhere_is_refused() -> None:
    assert "no row has a value for 'spned'" in input_error(
        '{"id": 1}', sort_column="spned"
    )


# CSV


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id,name\n1,a", ","),
        ("id;name\n1;a", ";"),
        ("id\tname\n1\ta", "\t"),
        ("id|name\n1|a", "|"),
        ("id\n1", ","),
        ('"id"\n"1"', ","),
        ('id;"name, or title, or word"\n1;a', ";"),
        ('id,"a;b;c;d"\n1,x', ","),
        ('"a;b;c;d","id"\nx,1', ","),
        ("name;id;x,y,z,w\na;1;b", ";"),
        ('"Campaign\nID";"a,b"\n1;x', ";"),
        ('"a\n(b, c, d, e)";id\nx;1', ";"),
        ("sep=;\nid;name,x,y\n1;a", ";"),
        ('"sep=|"\nid|a\n1|x', "|"),
        ("SEP=\t\nid\ta\n1\tx", "\t"),
        ("sep=:\nid:a\n1:x", ":"),
        ('sep=;"\nid;a\n1;x', ";"),
    ],
)
def test_delimiter_is_detected_from_header(text: str, delimiter: str) -> None:
    assert detect_delimiter(lines_of(text), None)[0] == delimiter
    assert [id_ for _, id_ in rows(text, "a.csv")] == ["1"]


def test_rows_are_numbered_as_in_spreadsheets() -> None:
    text = 'id,name\r\n1,a\r\n\r\n,\r\n2,"b\r\nc"\r\n3,d\r\n" ",\r\n4,e'
    assert rows(text) == [(2, "1"), (5, "2"), (6, "3"), (8, "4")]


def test_blank_rows_above_header_are_counted() -> None:
    assert rows("\n,,\nid,name,x\n1,a,\n") == [(4, "1")]


def test_sep_line_is_not_counted() -> None:
    assert rows("sep=;\nid;name\n1;a\n2;b") == [(2, "1"), (3, "2")]


def test_blank_row_below_sep_line_is_counted() -> None:
    assert rows("sep=;\n\nid;name\n1;a") == [(3, "1")]


def test_sep_line_without_header_is_refused() -> None:
    assert "no id column" in input_error("sep=;\n", "a.csv")


def test_lone_carriage_returns_end_rows() -> None:
    assert rows("id,name\r1,a\r2,b") == [(2, "1"), (3, "2")]


@pytest.mark.parametrize("header", ["id,name\n", '"Campaign\nID",name\n'])
def test_rows_are_read_lazily(header: str) -> None:
    lines = iter([*header.splitlines(keepends=True), "1,a\n", "2,b\n"])
    read(lines, name="a.csv", layout=Layout())
    assert next(lines) == "1,a\n"


def test_quoted_header_may_span_lines() -> None:
    text = '"Campaign\nID","spend\n(EUR)"\n1,5\n2,6'
    assert rows(text, "a.csv") == [(2, "1"), (3, "2")]


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,a\n 2 ,b\n\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE},c",
        "id,name\n1,a,\n2,b,,, \n3,c",
        "name,id\na,1,\nb,2,,\nc,3",
        "name,id,status\na,1,running,\nb,2,,,\nc,3,x",
        'id,name\n1,"a, ""b"" c"\n2,"x\ny, z"\n3,"\n"',
        'id,name\n1,5" screen\n2,it\'s\n3,a"b"c',
        'name,id\n"a\nb, c",1\n"d\n",2\ne,3',
        "id,id number\n1,x\n2,y\n3,z",
        " id\t,name\n1,a\n2,b\n3,c",
        "id,,\n1,a,b\n2,c,d\n3,,",
        "id,note\n1,\x0b\n2,\x1c\u2028\u0085\n3,\udcff",
        "id,a,b\n1,9,x,\n2,8,,\n3,7,z,,",
        "name,id,a,spend\nx,1,b,9,\ny,2,,8\nz,3,c,7,",
        'id,"a\nsep=;"\n1,x\n2,y\n3,z',
        f"id{',x' * 300}\n1{',a' * 300}\n2{',b' * 300}\n3{',c' * 300}",
    ],
    ids=range(15),
)
def test_unusual_valid_csv_is_read_correctly(text: str) -> None:
    assert [id_ for _, id_ in rows(text)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("own_id", "line"),
    [("1000248", "1000248"), ("cmp-1", "note"), ("1000248", "cmp-1")],
)
def test_note_line_unlike_row_id_is_allowed(own_id: str, line: str) -> None:
    text = f'id,name\n{own_id},"a\n{line},b"\n5,c'
    assert rows(text) == [(2, own_id), (3, "5")]


def test_column_name_may_be_a_number() -> None:
    assert rows("2026,name\n1000248,a", column="2026") == [(2, "1000248")]


@pytest.mark.parametrize("line", [' x, y"', '1000248,19"', '1000248,a "b" c"'])
def test_closing_quote_without_opening_makes_row_invalid(line: str) -> None:
    assert rows(f"id,name\n1,a\n{line}\n2,b") == [
        (2, "1"),
        (3, "a closing quote without an opening quote"),
        (4, "2"),
    ]


@pytest.mark.parametrize(
    "note",
    [
        "see\n1000249",
        "see\n1000249\nfor more",
        "of\n1000249 and others",
        "it was\n1,234.50 EUR",
        "it was\n7, then 5",
        "it was\n10000, then 5",
        'the ""best""\nof 5, 6',
    ],
)
def test_numbers_in_multiline_note_are_allowed(note: str) -> None:
    text = f'id,a,b,"c\n(EUR 2026)",d\n1000248,x,"{note}",y,z\n1000249,,,,\n'
    assert rows(text) == [(2, "1000248"), (3, "1000249")]


@pytest.mark.parametrize("line", ["1000249", "1000249, b, c", "a, b, 1000249"])
def test_numbers_beside_middle_id_column_are_allowed(
    line: str,
) -> None:
    text = f'note,a,id,b,c\n"of\n{line}\nor so",a,1000248,b,c\n'
    assert rows(text) == [(2, "1000248")]


def test_number_alone_on_header_line_is_allowed() -> None:
    assert rows('id,"Spend\n2026\n(EUR)"\n1,5') == [(2, "1")]


def test_words_in_note_without_row_id_are_allowed() -> None:
    text = 'id,note,b\n,"see\na, b\nc",d\n1000248,x,y\n'
    assert rows(text) == [(2, "no id"), (3, "1000248")]


def test_multiline_record_without_id_cell_is_invalid() -> None:
    assert rows('name,note,id\n"x\ny"\n"x\ny",z\na,b,1') == [
        (2, "1 cell, but the header has 3"),
        (3, "2 cells, but the header has 3"),
        (4, "1"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5", "1 cell, but the header has 3"),
        ("5,", "2 cells, but the header has 3"),
        ("5,a", "2 cells, but the header has 3"),
        ("5,a,b,c", "4 cells, but the header has 3"),
        (",a,b", "no id"),
        ("1.2E+17,a,b", "'1.2E+17' is a reformatted number, not an id"),
        ("5 6,a,b", "'5 6' is not a valid id"),
        ("id,name,x", "'id' repeats the header"),
        ("ID,other,y", "'ID' is a column name, not an id"),
        ("Total,,9", "'Total' is not a valid id"),
        ("=1+1,a,b", "'=1+1' is not a valid id"),
        ("# a,b,c", "'# a' is not a valid id"),
        ("\ufeffid,name,x", "'\\ufeffid' is not a valid id"),
        (' "5",a,b', """'"5"' is not a valid id"""),
    ],
)
def test_csv_row_without_valid_id_is_invalid(line: str, reason: str) -> None:
    assert rows(f"id,name,x\n1,a,b\n{line}\n2,c,d") == [
        (2, "1"),
        (3, reason),
        (4, "2"),
    ]


def test_repeated_header_of_requested_column_is_invalid() -> None:
    text = "kampagne,name\n1,a\nkampagne,name\n2,b"
    assert rows(text, column="kampagne") == [
        (2, "1"),
        (3, "'kampagne' repeats the header"),
        (4, "2"),
    ]


@pytest.mark.parametrize("line", ["Sale, 2026,5,", "Sale, DE,5,", "Sale, DE,cmp-5,"])
def test_id_possibly_shifted_by_delimiter_is_invalid(line: str) -> None:
    assert rows(f"name,id,spend\na,1,9\n{line}") == [
        (2, "1"),
        (3, "4 cells, but the header has 3"),
    ]


def test_id_possibly_shifted_twice_is_invalid() -> None:
    text = "name,id,a,b\nx,1,y,z\nSale,7,DE,5,,"
    assert rows(text) == [(2, "1"), (3, "6 cells, but the header has 4")]


@pytest.mark.parametrize(
    ("header", "message_part"),
    [
        (
            "name,spend",
            "no id column among 'name', 'spend'; name one with --column",
        ),
        (
            "id,campaign_id",
            "more than one id column among 'id', 'campaign_id'; name",
        ),
        ("id,ID", "more than one id column among 'id', 'ID'; name one"),
        ("1000247,a", "no id column among '1000247', 'a'; add a header"),
        ("1000247", "add a header, or pass --format lines"),
        ("Report of May", "name one with --column, or delete the lines above"),
        ("\x1b[2J,a", "among '\\x1b[2J', 'a'"),
    ],
)
def test_header_without_single_id_column_is_refused(
    header: str, message_part: str
) -> None:
    message = input_error(f"{header}\n1000248\n", "a.csv")
    assert message.startswith("a.csv: ")
    assert message_part in message


def test_error_names_twelve_columns_at_most() -> None:
    message = input_error(",".join(f"x{number}" for number in range(300)), "a.csv")
    assert "among 'x0', " in message
    assert "'x11'; name one" in message


def test_list_format_is_not_suggested_for_several_columns() -> None:
    assert "--format lines" not in input_error("1000247,a\n1000248,b\n", "a.csv")


def test_id_column_is_found_in_any_spelling() -> None:
    text = "x,\N{NO-BREAK SPACE}CAMPAIGN  id \n1,2"
    assert list(read_text(text, "a.csv")) == [Item(id="2", row=2)]


def test_requested_column_is_used() -> None:
    assert rows("id,Ad ID\n1,2", column="ad-id") == [(2, "2")]
    assert "no column 'ads' among" in input_error("id,Ad ID\n1,2", column="ads")


def test_csv_item_keeps_sort_value() -> None:
    items = read_text('id,Spend\n1,"1,306.38 EUR"\n2,', sort_column="spend")
    assert [row.sort_text for row in items if isinstance(row, Item)] == [
        "1,306.38 EUR",
        "",
    ]


def test_missing_sort_column_is_refused() -> None:
    message = input_error("id,spend\n1,2", sort_column="spned")
    assert message.endswith(
        "no column 'spned' among 'id', 'spend'; name another column with --order-by"
    )


# Joined rows: none may disappear silently


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('id,name\n1,"a\n2,b\n3,c\n', 2),
        ('id,name\n1,a\n\n2,"b\n3,"c"\n', 4),
        ('id,name\n1,"a\n2,b"\n3,c\n', 2),
        ('id,name\n1,"a\n2,"b"\n3,c\n', 2),
        ('id,name\n1,"a"b\n2,c\n', 2),
        ('id,name\n"1,a\n2,b\n', 2),
        ('id,name\n"1,a\n2",b\n3,c\n', 2),
        ('id,name\n"1\n2",b\n3,c\n', 2),
        ('id\n"1\n2\n3"\n4\n', 2),
        ('id\n1\n"2\n', 3),
        ('id,name,note,spend\n1,"a,n,5\n2,b,", c",5\n3,d,e,6', 2),
        ('id,name,x\n1,"a,b\n2,c",d\n3,e,f\n', 2),
        ('name,id\n"a,1\nb,2\nc",3\n', 2),
        ('name,id\n"a, b,1\nc",3\n', 2),
        ('name,id\n"a, b,1\nc",1000248\n', 2),
        ('id,name\ncmp-1,"a\ncmp-2,b"\n', 2),
        ('id,name\nsale,"a\n1000249,b"\n', 2),
        ('id,a,b\n1000248,"x","y\n1000249,"\nz","w"\n', 2),
        ('id,a,b\n999,"x","y\n1000,"\nz","w"\n', 2),
        ('a,id,b,c\n"x","1","y","u\nz","2","w\nv","t"\n', 2),
        ('note,a,id,b,c\nx,y,1000248,"z\nx,y,1000249,z\nz",c\n', 2),
        ('note,a,id,b,c\nx,y,1000248,z,"c\nx,y\ny",1000249,z,c\n', 2),
        ('a,"b\n(c)",id\n"\n ","d\n;"""",1000248\n,,e,",1000249\n', 2),
        ('id,a,"b\n1000248,5,6\n1000249,x,"\n', 1),
        ('a,id,"b\n(c)\nd,1000248,2026\nx, y",1000249,\n', 1),
        ('"a","id","b\n"",1000248,"",c"\n', 1),
        ('id,"name\n1,a\n2,"b"\n', 1),
        ('id,"name\n1,a\n2,b"\n', 1),
        ('id,name\n1,"a""\n2,b\n', 2),
        ('"name","id"\n"",2026\nx y","5"\n', 3),
        ('id,name\n1,"a"\n2,b"\n', 3),
        ('id,name\n1,"a \\"b\\" c"\n', 2),
        ('id,name\n1,a\n2,"' + "x" * 131_073 + '"\n', 3),
        ('id,name\n1,"' + "\n" * 131_073 + '"\n', 2),
        ('id,name\n1,"a\n' + 'b","c\n' * 1001, 2),
        ("id," + "x" * 131_073 + "\n1,a", 1),
        ("\n\n\nid," + "x" * 131_073 + "\n1,a", 4),
    ],
    ids=range(37),
)
def test_record_possibly_containing_rows_is_refused(text: str, row: int) -> None:
    message = input_error(text, "a.csv")
    assert message.startswith(f"a.csv: row {row}: ")
    assert "look for an unclosed quote" in message


def test_record_longer_than_1000_lines_is_refused() -> None:
    assert rows('id,name\n1,"' + "\n" * 999 + '"\n2,b') == [(2, "1"), (3, "2")]
    message = input_error('id,name\n1,"' + "\n" * 1000 + '"\n2,b', "a.csv")
    assert message.startswith("a.csv: row 2: a record of more than 1000 lines")


def test_too_wide_cell_is_refused_with_remedy() -> None:
    message = input_error(f"id,name\n1,{'x' * 131_073}\n", "a.csv")
    assert message.startswith("a.csv: row 2: field larger than field limit (131072)")
    assert message.endswith("or shorten the cell")
