import io
import json

import pytest

from bulkpause.errors import InputError
from bulkpause.inputs.reader import Format, Layout, Source, read
from bulkpause.model import InvalidRow, Item


def source(text: str, name: str = "-", **layout: str | None) -> Source:
    """Read a text as a file would be read, its line ends made alike."""
    format_ = layout.pop("format", None)
    return read(
        io.StringIO(text, newline=None),
        name=name,
        layout=Layout(format=None if format_ is None else Format(format_), **layout),
    )


def rows(text: str, name: str = "-", **layout: str | None) -> list[tuple[int, str]]:
    """Give the row and id of each item, the row and reason of each problem."""
    return [
        (row.row, row.id if isinstance(row, Item) else row.detail)
        for row in source(text, name, **layout).rows
    ]


def refusal(text: str, name: str = "-", **layout: str | None) -> str:
    with pytest.raises(InputError) as caught:
        rows(text, name, **layout)
    return str(caught.value)


# Which layout


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
def test_the_suffix_or_else_the_first_row_tells_the_format(
    name: str, text: str, format_: Format
) -> None:
    layout = Layout()
    lines = io.StringIO(text)
    if "campaign" in text:
        layout = Layout(column="campaign")
    assert read(lines, name=name, layout=layout).format is format_


def test_the_format_that_is_asked_for_wins() -> None:
    assert rows("1000248\n", "a.csv", format="lines") == [(1, "1000248")]


def test_a_column_that_is_asked_for_tells_a_heading_from_an_id() -> None:
    assert rows("Kampagne\n1000248\n", column="kampagne") == [(2, "1000248")]


@pytest.mark.parametrize("option", ["column", "sort_column"])
def test_a_plain_list_has_no_columns(option: str) -> None:
    assert "a plain list has no columns" in refusal("1000248\n", **{option: "spend"})


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\n,,\n;;", "# a\n# b c\n"])
@pytest.mark.parametrize("name", ["-", "a.csv", "a.jsonl"])
def test_an_empty_input_is_refused(name: str, text: str) -> None:
    assert refusal(text, name).endswith(": it is empty; fill in the ids to pause")


# Plain lines


def test_an_id_with_a_number_sign_is_not_passed_over_in_the_first_line() -> None:
    assert rows("#1000248\n1000249") == [(1, "'#1000248' is no id"), (2, "1000249")]


def test_plain_lines_are_numbered_with_blanks_and_remarks() -> None:
    text = "# of May\n\n1000248\n  1000249\t\n#\n ## x\n\N{NO-BREAK SPACE}1000250"
    assert rows(text) == [(3, "1000248"), (4, "1000249"), (7, "1000250")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("#1000249", "'#1000249' is no id"),
        ("1000249 # the second", "'1000249 # the second' is no id"),
        ("1000249,", "'1000249,' is a reformatted number, not an id"),
        ("1000249 1000250", "'1000249 1000250' is no id"),
        ("1E17", "'1E17' is a reformatted number, not an id"),
        ("Campaign ID", "'Campaign ID' is no id"),
        ("campaign_id", "'campaign_id' is a heading, not an id"),
        ('"1000249"', "'\"1000249\"' is no id"),
        ("\ufeff1000249", "'\\ufeff1000249' is no id"),
        ("\udcff", "'\\udcff' is no id"),
    ],
)
def test_a_line_that_is_no_id_is_a_problem(line: str, reason: str) -> None:
    assert rows(f"1000248\n{line}\n1000251") == [
        (1, "1000248"),
        (2, reason),
        (3, "1000251"),
    ]


# JSON lines


def test_json_lines_hold_objects_or_bare_ids() -> None:
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
def test_the_key_of_the_id_is_found_however_it_is_spelled(key: str) -> None:
    assert rows(json.dumps({"name": "x", key: "1000248"})) == [(1, "1000248")]


def test_a_key_that_is_asked_for_is_taken() -> None:
    text = '{"id": 5, "Campaign": 1000248}\n"1000249"\n'
    assert rows(text, column="campaign") == [(1, "1000248"), (2, "1000249")]


def test_a_key_in_its_own_spelling_beats_its_like() -> None:
    text = '{"Spend ID": 5, "spend_id": 1000248}'
    assert rows(text, column="spend_id") == [(1, "1000248")]


@pytest.mark.parametrize("number", [1, 1000248, 2**53 - 1])
def test_an_integer_below_two_to_the_53rd_is_an_id(number: int) -> None:
    assert rows(f'{{"id": {number}}}\n{number}') == [(1, str(number)), (2, str(number))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (str(2**53), "the number '9007199254740992' is too large to be exact"),
        (str(-(2**53)), "the number '-9007199254740992' is too large to be exact"),
        ("9" * 5000, f"the number '{'9' * 40}'... is too large to be exact"),
        (
            "1000000000000000",
            "'1000000000000000' is a number that a spreadsheet rounded",
        ),
        ("-5", "'-5' is no id"),
        ("1000248.0", "the number '1000248.0' is no integer"),
        ("1e5", "the number '1e5' is no integer"),
        ("1E400", "the number '1E400' is no integer"),
        ("NaN", "not a line of JSON"),
        ("-Infinity", "not a line of JSON"),
        ("null", "null is no id"),
        ("true", "true or false is no id"),
        ("[1000249]", "a list or an object is no id"),
        ('{"id": [1000249]}', "a list or an object is no id"),
        ('{"id": {"id": 1000249}}', "a list or an object is no id"),
        ('{"id": false}', "true or false is no id"),
        ('{"id": null}', "null is no id"),
        ('{"id": ""}', "no id"),
        ('{"id": "1.2E+17"}', "'1.2E+17' is a reformatted number"),
        ('{"id": "a\\u0000b"}', "'a\\x00b' is no id"),
        ('{"id": "\\ud800"}', "'\\ud800' is no id"),
        ('{"id": 1, "id": 2}', "the key 'id' stands there twice"),
        ('{"id": 1, "x": 2, "x": 2}', "the key 'x' stands there twice"),
        ('{"id": 1, "ID": 2}', "more than one column of ids among 'id', 'ID'"),
        ('{"name": "x"}', "no column of ids among 'name'"),
        ("{}", "no column of ids among none"),
        ('{"id": 1} {"id": 2}', "not a line of JSON"),
        ('{"id": 1},', "not a line of JSON"),
        ("{'id': 1}", "not a line of JSON"),
        ('{"id": 01}', "not a line of JSON"),
        ('{"id": 1_000}', "not a line of JSON"),
        ('{"id": "1000249', "not a line of JSON"),
        ('{"id": "10\t00"}', "not a line of JSON"),
        ('\ufeff{"id": 1}', "not a line of JSON"),
        ("1000249", None),
        ("# remark", "not a line of JSON"),
        ("[" * 200_000, "not a line of JSON"),
        ('{"id":' * 100_000, "not a line of JSON"),
    ],
    ids=range(38),
)
def test_a_json_line_without_a_usable_id_is_a_problem(
    line: str, reason: str | None
) -> None:
    first, (row, found), last = rows(f'{{"id": 1000248}}\n{line}\n"1000250"')
    assert (first, row, last) == ((1, "1000248"), 2, (3, "1000250"))
    assert found.startswith(reason or "1000249")


def test_an_object_may_have_many_keys() -> None:
    keys = [f'"k{n}": 1' for n in range(300)]
    assert rows("{" + ", ".join([*keys, '"id": 1000248']) + "}") == [(1, "1000248")]


def test_a_key_that_stands_twice_deeper_down_is_no_matter() -> None:
    assert rows('{"id": 1000248, "more": [{"a": 1, "a": 2}]}') == [(1, "1000248")]


def test_many_repeated_keys_are_found_in_passing() -> None:
    keys = [f'"k{n}": 1' for n in range(50_000)]
    text = "{" + ", ".join([*keys, keys[-1]]) + "}"
    assert rows(text) == [(1, "the key 'k49999' stands there twice")]


@pytest.mark.parametrize(
    "text", ['[{"id": 1}]', '[\n  "1000248",\n  "1000249"\n]', "[]"]
)
def test_an_array_is_refused_as_a_whole(text: str) -> None:
    assert refusal(f"\n{text}", "a.json").startswith("a.json: row 2: a JSON array")


def test_every_json_problem_has_a_remedy() -> None:
    text = '{"id": 1.5}\n{"id": 1, "ID": 1}\n{"id": 1, "id": 1}\n{\n{"id": null}'
    remedies = [row.remedy for row in source(text).rows if isinstance(row, InvalidRow)]
    assert [remedy.split()[0] for remedy in remedies] == [
        "write",
        "name",
        "leave",
        "write",
        "write",
    ]


def test_a_json_sort_value_is_taken_as_it_is_written() -> None:
    text = (
        '{"id": 1, "Spend": 1.50}\n{"id": 2, "Spend": "1,5 EUR"}\n'
        '{"id": 3}\n{"id": 4, "Spend": null}\n5\n'
    )
    found = [
        row.sort_text
        for row in source(text, sort_column="spend").rows
        if isinstance(row, Item)
    ]
    assert found == ["1.50", "1,5 EUR", None, None, None]
    assert {type(text) for text in found} == {str, type(None)}


def test_a_sort_key_that_no_row_has_is_refused() -> None:
    assert "no row has a value under 'spned'" in refusal(
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
def test_the_delimiter_is_told_by_the_heading(text: str, delimiter: str) -> None:
    found = source(text, "a.csv")
    assert found.delimiter == delimiter
    assert [row.id for row in found.rows if isinstance(row, Item)] == ["1"]


def test_rows_are_numbered_as_in_a_spreadsheet() -> None:
    text = 'id,name\r\n1,a\r\n\r\n,\r\n2,"b\r\nc"\r\n3,d\r\n" ",\r\n4,e'
    assert rows(text) == [(2, "1"), (5, "2"), (6, "3"), (8, "4")]


def test_blank_rows_above_the_heading_are_counted() -> None:
    assert rows("\n,,\nid,name,x\n1,a,\n") == [(4, "1")]


def test_a_sep_line_is_not_counted() -> None:
    assert rows("sep=;\nid;name\n1;a\n2;b") == [(2, "1"), (3, "2")]


def test_a_blank_row_below_a_sep_line_is() -> None:
    assert rows("sep=;\n\nid;name\n1;a") == [(3, "1")]


def test_a_sep_line_alone_has_no_heading() -> None:
    assert "no column of ids among none" in refusal("sep=;\n", "a.csv")


def test_lone_carriage_returns_end_rows() -> None:
    assert rows("id,name\r1,a\r2,b") == [(2, "1"), (3, "2")]


@pytest.mark.parametrize("heading", ["id,name\n", '"Campaign\nID",name\n'])
def test_no_row_is_taken_before_it_is_asked_for(heading: str) -> None:
    lines = iter([*heading.splitlines(keepends=True), "1,a\n", "2,b\n"])
    read(lines, name="a.csv", layout=Layout())
    assert next(lines) == "1,a\n"


def test_a_quoted_heading_may_have_several_lines() -> None:
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
def test_odd_but_good_files_are_read_right(text: str) -> None:
    assert [found for _, found in rows(text)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("own", "line"), [("1000248", "1000248"), ("cmp-1", "note"), ("1000248", "cmp-1")]
)
def test_a_cell_may_hold_lines_that_are_less_of_an_id_than_its_own(
    own: str, line: str
) -> None:
    text = f'id,name\n{own},"a\n{line},b"\n5,c'
    assert rows(text) == [(2, own), (3, "5")]


def test_a_column_may_be_called_by_a_number() -> None:
    assert rows("2026,name\n1000248,a", column="2026") == [(2, "1000248")]


@pytest.mark.parametrize("line", [' x, y"', '1000248,19"', '1000248,a "b" c"'])
def test_a_quote_that_ends_a_cell_and_begins_none_makes_a_problem(line: str) -> None:
    assert rows(f"id,name\n1,a\n{line}\n2,b") == [
        (2, "1"),
        (3, "a quote ends a cell that none begins"),
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
def test_numbers_in_a_note_of_several_lines_are_no_rows(note: str) -> None:
    text = f'id,a,b,"c\n(EUR 2026)",d\n1000248,x,"{note}",y,z\n1000249,,,,\n'
    assert rows(text) == [(2, "1000248"), (3, "1000249")]


@pytest.mark.parametrize("line", ["1000249", "1000249, b, c", "a, b, 1000249"])
def test_numbers_in_a_note_are_no_rows_where_the_ids_stand_in_the_middle(
    line: str,
) -> None:
    text = f'note,a,id,b,c\n"of\n{line}\nor so",a,1000248,b,c\n'
    assert rows(text) == [(2, "1000248")]


def test_a_number_alone_on_a_line_of_the_heading_is_no_row() -> None:
    assert rows('id,"Spend\n2026\n(EUR)"\n1,5') == [(2, "1")]


def test_words_in_a_note_are_no_rows_where_the_id_is_missing() -> None:
    text = 'id,note,b\n,"see\na, b\nc",d\n1000248,x,y\n'
    assert rows(text) == [(2, "no id"), (3, "1000248")]


def test_a_record_of_several_lines_that_ends_before_its_id_is_a_problem() -> None:
    assert rows('name,note,id\n"x\ny"\n"x\ny",z\na,b,1') == [
        (2, "1 cells where the heading has 3"),
        (3, "2 cells where the heading has 3"),
        (4, "1"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5", "1 cells where the heading has 3"),
        ("5,", "2 cells where the heading has 3"),
        ("5,a", "2 cells where the heading has 3"),
        ("5,a,b,c", "4 cells where the heading has 3"),
        (",a,b", "no id"),
        ("1.2E+17,a,b", "'1.2E+17' is a reformatted number, not an id"),
        ("5 6,a,b", "'5 6' is no id"),
        ("id,name,x", "'id' is the heading once more"),
        ("ID,other,y", "'ID' is a heading, not an id"),
        ("Total,,9", "'Total' is no id"),
        ("=1+1,a,b", "'=1+1' is no id"),
        ("# a,b,c", "'# a' is no id"),
        ("\ufeffid,name,x", "'\\ufeffid' is no id"),
        (' "5",a,b', """'"5"' is no id"""),
    ],
)
def test_a_row_without_a_usable_id_is_a_problem(line: str, reason: str) -> None:
    assert rows(f"id,name,x\n1,a,b\n{line}\n2,c,d") == [
        (2, "1"),
        (3, reason),
        (4, "2"),
    ]


def test_the_heading_of_a_column_that_was_asked_for_is_no_id() -> None:
    text = "kampagne,name\n1,a\nkampagne,name\n2,b"
    assert rows(text, column="kampagne") == [
        (2, "1"),
        (3, "'kampagne' is the heading once more"),
        (4, "2"),
    ]


@pytest.mark.parametrize("line", ["Sale, 2026,5,", "Sale, DE,5,", "Sale, DE,cmp-5,"])
def test_an_id_that_a_delimiter_may_have_shifted_is_a_problem(line: str) -> None:
    assert rows(f"name,id,spend\na,1,9\n{line}") == [
        (2, "1"),
        (3, "4 cells where the heading has 3"),
    ]


def test_an_id_that_two_delimiters_may_have_shifted_is_a_problem() -> None:
    text = "name,id,a,b\nx,1,y,z\nSale,7,DE,5,,"
    assert rows(text) == [(2, "1"), (3, "6 cells where the heading has 4")]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        (
            "name,spend",
            "no column of ids among 'name', 'spend'; name one with --column",
        ),
        (
            "id,campaign_id",
            "more than one column of ids among 'id', 'campaign_id'; name",
        ),
        ("id,ID", "more than one column of ids among 'id', 'ID'; name one"),
        ("1000247,a", "no column of ids among '1000247', 'a'; give the file a heading"),
        ("1000247", "give the file a heading, or read it with --format lines"),
        ("Report of May", "name one with --column, or delete what stands above"),
        ("\x1b[2J,a", "among '\\x1b[2J', 'a'"),
    ],
)
def test_a_heading_without_one_column_of_ids_is_refused(
    heading: str, said: str
) -> None:
    refused = refusal(f"{heading}\n1000248\n", "a.csv")
    assert refused.startswith("a.csv: ")
    assert said in refused


def test_of_a_wide_heading_twelve_columns_are_named() -> None:
    refused = refusal(",".join(f"x{number}" for number in range(300)), "a.csv")
    assert "among 'x0', " in refused
    assert "'x11'; name one" in refused


def test_a_file_of_several_columns_is_not_called_a_list() -> None:
    assert "--format lines" not in refusal("1000247,a\n1000248,b\n", "a.csv")


def test_the_column_is_found_however_it_is_spelled() -> None:
    found = source("x,\N{NO-BREAK SPACE}CAMPAIGN  id \n1,2", "a.csv")
    assert found.column == "CAMPAIGN  id"
    assert list(found.rows) == [Item(id="2", row=2)]


def test_the_column_that_is_asked_for_is_taken() -> None:
    assert rows("id,Ad ID\n1,2", column="ad-id") == [(2, "2")]
    assert "no column 'ads' among" in refusal("id,Ad ID\n1,2", column="ads")


def test_a_csv_sort_value_goes_with_its_id() -> None:
    found = source('id,Spend\n1,"1,306.38 EUR"\n2,', sort_column="spend").rows
    assert [row.sort_text for row in found if isinstance(row, Item)] == [
        "1,306.38 EUR",
        "",
    ]


def test_a_sort_column_that_is_not_there_is_refused() -> None:
    refused = refusal("id,spend\n1,2", sort_column="spned")
    assert refused.endswith(
        "no column 'spned' among 'id', 'spend'; name another to order by"
    )


# Damage to the structure: nothing may be merged


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
def test_a_row_that_may_have_swallowed_others_is_refused(text: str, row: int) -> None:
    refused = refusal(text, "a.csv")
    assert refused.startswith(f"a.csv: row {row}: ")
    assert "look for a quote that is never closed" in refused


def test_a_record_has_a_thousand_lines_at_most() -> None:
    assert rows('id,name\n1,"' + "\n" * 999 + '"\n2,b') == [(2, "1"), (3, "2")]
    refused = refusal('id,name\n1,"' + "\n" * 1000 + '"\n2,b', "a.csv")
    assert refused.startswith("a.csv: row 2: it goes on for more than 1000 lines")


def test_a_cell_that_is_too_wide_is_refused_with_its_remedy() -> None:
    refused = refusal(f"id,name\n1,{'x' * 131_073}\n", "a.csv")
    assert refused.startswith("a.csv: row 2: field larger than field limit (131072)")
    assert refused.endswith("or shorten the cell")
