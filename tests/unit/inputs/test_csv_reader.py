import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from bulkpause._text import quote
from bulkpause.inputs.delimiter import detect_delimiter
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.reader import load_input, read
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item


def lines_of(text: str) -> Iterator[str]:
    """Return the lines of a text as those of a file, with line ends normalized."""
    return io.StringIO(text, newline=None)


def table_of(text: str, **layout: Any) -> Table:
    table = Table()
    table.fill(
        [row]
        for row in read(
            lines_of(text), name="a.csv", layout=Layout(**layout), table=table
        )
    )
    return table


def rows(text: str, **layout: Any) -> list[tuple[int, str]]:
    """Return the row and id of each item, the row and reason of each invalid row."""
    table = table_of(text, **layout)
    assert table.error is None
    return [
        (row.row, row.id if isinstance(row, Item) else row.reason) for row in table.rows
    ]


def items(text: str, **layout: Any) -> list[Item]:
    return [row for row in table_of(text, **layout).rows if isinstance(row, Item)]


def read_error(text: str, **layout: Any) -> str:
    error = table_of(text, **layout).error
    assert error is not None
    return str(error)


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
    assert [id_ for _, id_ in rows(text)] == ["1"]


def test_rows_are_numbered_as_in_spreadsheets() -> None:
    text = 'id,name\r\n1,a\r\n\r\n,\r\n2,"b\r\nc"\r\n3,d\r\n" ",\r\n4,e'
    assert rows(text) == [(2, "1"), (5, "2"), (6, "3"), (8, "4")]


def test_blank_rows_above_header_are_counted() -> None:
    assert rows("\n,,\nid,name,x\n1,a,\n") == [(4, "1")]


def test_sep_line_is_not_counted() -> None:
    assert rows("sep=;\nid;name\n1;a\n2;b") == [(2, "1"), (3, "2")]


def test_blank_row_below_sep_line_is_counted() -> None:
    assert rows("sep=;\n\nid;name\n1;a") == [(3, "1")]


def test_sep_line_without_heading_is_refused() -> None:
    assert read_error("sep=;\n") == "the input is empty; add the ids to pause"


def test_lone_carriage_returns_end_rows() -> None:
    assert rows("id,name\r1,a\r2,b") == [(2, "1"), (3, "2")]


def test_rows_are_read_lazily() -> None:
    numbers = iter(range(1_000_000, 9_000_000))
    lines = chain(["id,name\n"], (f"{number},a\n" for number in numbers))
    for _ in zip(range(10), read(lines, name="a.csv", layout=Layout()), strict=False):
        pass
    assert next(numbers) < 1_005_000


def test_quoted_header_may_span_lines() -> None:
    text = '"Campaign\nID","spend\n(EUR)"\n1,5\n2,6'
    assert rows(text) == [(2, "1"), (3, "2")]


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
        (3, f"{quote(line.strip())} has a closing quote without an opening quote"),
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
        (2, "no id"),
        (3, "no id"),
        (4, "1"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5,a,b,c", "more cells than the 3 of the heading"),
        (",a,b", "no id"),
        ("1.2E+17,a,b", "'1.2E+17' is a reformatted number, not an id"),
        ("5 6,a,b", "'5 6' holds more than an id, or a blank"),
        ("id,name,x", "'id' repeats the heading"),
        ("Total,,9", "'Total' is not a valid id"),
        ("=1+1,a,b", "'=1+1' is a formula, not an id"),
        ("# a,b,c", "'# a' holds more than an id, or a blank"),
        ("\ufeffid,name,x", "'id' is a column name, not an id"),
        ("5.,a,b", "'5.' is a reformatted number, not an id"),
        ("1000248.,a,b", "'1000248.' has a point behind it"),
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
        (3, "'kampagne' repeats the heading"),
        (4, "2"),
    ]


@pytest.mark.parametrize("line", ["Sale, 2026,5,", "Sale, DE,5,", "Sale, DE,cmp-5,"])
def test_id_possibly_shifted_by_delimiter_is_invalid(line: str) -> None:
    assert rows(f"name,id,spend\na,1,9\n{line}") == [
        (2, "1"),
        (3, "more cells than the 3 of the heading"),
    ]


def test_id_possibly_shifted_twice_is_invalid() -> None:
    text = "name,id,a,b\nx,1,y,z\nSale,7,DE,5,,"
    assert rows(text) == [(2, "1"), (3, "more cells than the 4 of the heading")]


@pytest.mark.parametrize(
    "heading",
    [
        *("Kampagnen-ID", "KampagnenID", "ID de la campagne", "ID de campaña"),
        *("ID da campanha", "ID campagna", "Campagne-ID", "ID kampanii"),
        *("ID кампании", "Campaign ID", "campaignId"),
    ],
)
def test_id_heading_is_found_in_languages(heading: str) -> None:
    assert rows(f"{heading};Name\n1000248;a\n") == [(2, "1000248")]


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
        ("1000247,a", "no id column among '1000247', 'a'; add a heading"),
        ("1000247", "add a heading such as campaign_id, or pass --format lines"),
        ("Report of May", "name one with --column"),
        ("name,id,id", "rename or delete one of those with the same name"),
        ("id,name,id,ID", "name one with --column"),
        ("Ad ID,name", "pass --column 'Ad ID' if the ids are in it"),
        (",account_id,1", "pass --column account_id if the ids are in it"),
        ("Ad ID,Order ID", "name one with --column"),
        ("\x1b[2J,a", "among '\\x1b[2J', 'a'"),
    ],
)
def test_header_without_single_id_column_is_refused(
    header: str, message_part: str
) -> None:
    message = read_error(f"{header}\n1000248\n")
    assert message_part in message


def test_error_names_twelve_columns_at_most() -> None:
    message = read_error(",".join(f"x{number}" for number in range(300)))
    assert "among 'x0', " in message
    assert "'x11'; name one" in message


def test_list_format_is_not_suggested_for_several_columns() -> None:
    assert "--format lines" not in read_error("1000247,a\n1000248,b\n")


def test_id_column_is_found_in_any_spelling() -> None:
    text = "x,\N{NO-BREAK SPACE}CAMPAIGN  id \n1,2"
    assert items(text) == [Item(id="2", row=2)]


def test_requested_column_is_used() -> None:
    assert rows("id,Ad ID\n1,2", column="ad-id") == [(2, "2")]
    assert "no column 'ads' among" in read_error("id,Ad ID\n1,2", column="ads")


def test_csv_item_keeps_sort_value() -> None:
    read_items = items('id,Spend\n1,"1,306.38 EUR"\n2,\n3', sort_column="spend")
    assert [item.sort_text for item in read_items] == ["1,306.38 EUR", "", ""]


def test_missing_sort_column_is_refused() -> None:
    message = read_error("id,spend\n1,2", sort_column="spned")
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
        ('id,name\n1,"' + "\n" * 131_073 + '"\n', 2),
        ('id,name\n1,"a\n' + 'b","c\n' * 1001, 2),
        ('id,name\n1,a\n2,"' + "x" * (1 << 20) + 'x"\n', 3),
        ("id," + "x" * (1 << 20) + "x\n1,a", 1),
        ("\n\n\nid," + "x" * (1 << 20) + "x\n1,a", 4),
    ],
    ids=range(37),
)
def test_record_possibly_containing_rows_is_refused(text: str, row: int) -> None:
    table = table_of(text)
    problems = [invalid for invalid in table.rows if isinstance(invalid, InvalidRow)]
    if not problems:
        assert str(table.error).startswith(f"row {row}: ")
        assert "look for an unclosed quote" in str(table.error)
        return
    assert problems[0].row == row
    assert "quote" in problems[0].remedy
    assert all(item.row != row for item in table.rows if isinstance(item, Item))


def test_joined_ids_are_all_named() -> None:
    assert table_of('id,name\n1,"a\n2,b\n3,c"\n4,d').rows == [
        *(
            InvalidRow(
                row=2,
                detail="is in a row with a quoted cell that seems to hold rows",
                remedy=(
                    "look for an unclosed quote, or pass --multiline-cells if the cell "
                    "is whole"
                ),
                value=id_,
            )
            for id_ in ("1", "2", "3")
        ),
        Item(id="4", row=3, name="d"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'a,id,b\n";",1000001,";\n",",1000002,",;"\nx,1000003,y\n',
        'id,a,b\n"1000001,,\n1000002,,",;"\n1000003,x,y\n',
    ],
)
def test_joined_id_is_named_wherever_a_quote_is_missing(text: str) -> None:
    table = table_of(text)
    problems = {row.value for row in table.rows if isinstance(row, InvalidRow)}
    assert problems >= {"1000002"}
    assert len(problems) >= 2
    assert [row.id for row in table.rows if isinstance(row, Item)] == ["1000003"]


def test_multiline_cells_may_hold_any_line() -> None:
    text = 'id,name\n1,"a\n2,b\n3,c"\n4,d'
    assert rows(text, has_multiline_cells=True) == [(2, "1"), (3, "4")]


def test_multiline_heading_may_hold_any_line() -> None:
    text = 'id,"name\n1000248,a"\n1,x'
    assert "the heading has a quoted cell" in read_error(text)
    assert rows(text, has_multiline_cells=True) == [(2, "1")]


def test_record_longer_than_1000_lines_is_refused() -> None:
    assert rows('id,name\n1,"' + "\n" * 999 + '"\n2,b') == [(2, "1"), (3, "2")]
    message = read_error('id,name\n1,"' + "\n" * 1000 + '"\n2,b')
    assert message.startswith("row 2: a record of more than 1000 lines")


def test_record_of_too_many_characters_is_refused() -> None:
    lines = 18 * ["a" * 1_000_000 + '","\n']
    message = read_error('id,name\n1,"' + "".join(lines) + '"\n')
    assert message.startswith("row 2: a record beyond the limit of 16 MiB")


@pytest.mark.parametrize("length", [131_073, 200_000, 1 << 20])
def test_long_cell_is_read(length: int) -> None:
    text = f"id,name,note\n1,{'x' * length},\n2,b,{'y' * length}\n"
    assert rows(text) == [(2, "1"), (3, "2")]


def test_too_long_cell_is_refused_with_remedy() -> None:
    message = read_error(f"id,name\n1,{'x' * (1 << 20)}y\n")
    assert message.startswith("row 2: field larger than field limit (1048576)")
    assert message.endswith("or shorten the cell")


# Titles, missing cells, names and statuses


def test_titles_and_total_come_in_one_round() -> None:
    text = "Campaigns, all of May\n2026-05-31\n\nid;name\n1;a\nTotal;1\n"
    assert table_of(text).rows == [
        InvalidRow(
            row=1,
            detail="stands above the heading",
            remedy="delete it or pass --skip-invalid",
            value="Campaigns, all of May",
        ),
        InvalidRow(
            row=2,
            detail="stands above the heading",
            remedy="delete it or pass --skip-invalid",
            value="2026-05-31",
        ),
        Item(id="1", row=5, name="a"),
        InvalidRow(
            row=6,
            detail="is not a valid id",
            remedy="delete the row or fill in the id",
            value="Total",
        ),
    ]


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("a,b,c,d,e", "id;name"),
        ('"Report\nof May, all"', "name\tid"),
        ('5" screens', "id,name"),
        ("sep=;\nTitle,x", "id;name,x"),
    ],
)
def test_delimiter_is_that_of_heading_below_titles(title: str, heading: str) -> None:
    table = table_of(f"{title}\n{heading}\n{heading}\n")
    assert table.id_column == "id"
    assert [str(row).split("; ")[0].split()[-2:] for row in table.rows] == [
        ["the", "heading"],
        ["the", "heading"],
    ]


def test_heading_is_found_below_100_titles() -> None:
    titles = "".join(f"title {number}\n\n" for number in range(100))
    assert len(rows(f"{titles}id,name\n1,a")) == 101
    assert "no id column" in read_error(f"one more\n{titles}id,name\n1,a")


def test_data_with_cell_like_heading_is_no_heading() -> None:
    message = read_error("1000248,a\n1000249,ID\n1000250,c\n")
    assert "row 1: no id column among '1000248', 'a'; add a heading" in message


def test_missing_heading_names_widest_row() -> None:
    assert read_error("Report\n\nname,spend\na,5\n").startswith(
        "row 3: no id column among 'name', 'spend'; name one with --column"
    )


def test_first_heading_with_several_id_columns_is_refused() -> None:
    assert "more than one id column" in read_error("Title\nid,campaign_id\nid,x\n1,2")


def test_heading_without_rows_is_no_error() -> None:
    table = table_of("id,name\n\n")
    assert (list(table.rows), table.error, table.id_column) == ([], None, "id")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,name,x\n1,a,b\n2,a\n3\n", ["1", "2", "3"]),
        ("name,id,x,y\na,1\nb,2,c\n", ["1", "2"]),
        ("id,name\n1\n2\n", ["1", "2"]),
        (
            "account,id,x\n12345678,1000248\n12345678,1000249,y\n",
            ["1000248", "1000249"],
        ),
    ],
)
def test_missing_trailing_cells_are_accepted(text: str, expected: list[str]) -> None:
    assert [id_ for _, id_ in rows(text)] == expected


def test_row_without_id_cell_has_no_id() -> None:
    assert rows("name,id\na,1\nb\n") == [(2, "1"), (3, "no id")]


@pytest.mark.parametrize(
    "line",
    [
        "Sale, 2024,1000004",
        "Sale,2024,1000004",
        "Sale, DE 2024, 5,1000004",
        "Sale1000004,5",
        "1000004,5",
        "Sale\n,2024",
    ],
)
def test_id_possibly_moved_is_invalid(line: str) -> None:
    table = table_of(f"name,id,spend\na,1000001,5\nb,1000002,6\n{line}\n")
    ids = [row.id for row in table.rows if isinstance(row, Item)]
    assert ids == ["1000001", "1000002"]
    assert isinstance(table.rows[-1], InvalidRow)


def test_blank_after_comma_moves_id_in_only_row() -> None:
    assert rows("name,id,spend\nSale, 2024,1000004\n") == [
        (2, "'2024' is unlike the ids of this column, and its row may have moved cells")
    ]


def test_row_broken_outside_quotes_is_invalid() -> None:
    text = "id,name,spend\n1000248,a,5\n1000249,Sale\n2024,6\n"
    assert [row for row, id_ in rows(text) if not id_.isdecimal()] == [4]


def test_short_row_with_id_further_left_is_invalid() -> None:
    text = "name,id,spend\na,1000001,5\nb,1000002,6\nc,3,7\n1000004,5\n"
    assert [row for row, id_ in rows(text) if not id_.isdecimal()] == [5]


def doubtful_rows(text: str, **layout: Any) -> dict[int, str]:
    """Return the values of the invalid rows by their numbers."""
    invalid = [
        row for row in table_of(text, **layout).rows if isinstance(row, InvalidRow)
    ]
    return {row.row: row.value or "" for row in invalid}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a,id,b,c\nx,1000248,1,55\ny,1000249,1234567,6\nz 1000250,1234568,7\nv,1000251,1,1",
            {4: "1234568"},
        ),
        (
            "name,id,status,x\na,c-8f3a,running,5\nb c-8f3c,running,5\nd,c-8f3d,running,5\n",
            {3: "running"},
        ),
    ],
)
def test_row_that_lost_a_delimiter_is_invalid(
    text: str, expected: dict[int, str]
) -> None:
    assert doubtful_rows(text) == expected
    assert doubtful_rows(text, takes_any_id=True) == {}


@pytest.mark.parametrize("end", [",,", ""])
def test_short_row_among_rows_ending_blank_is_accepted(end: str) -> None:
    text = (
        f"name,id,a,b\nx,cmp_1001{end}\ny,cmp_1002{end}\nz,cmp_1003,5,6\nv,cmp_1004\n"
    )
    assert doubtful_rows(text) == {}


def test_broken_name_is_unlike_ids_with_prefix() -> None:
    text = "id,name,spend\ncmp_1001,Foo,5\ncmp_1002,Summer\nSale,7\ncmp_1003,Bar,9\n"
    assert doubtful_rows(text) == {4: "Sale"}
    assert doubtful_rows(text.replace("Sale", "Sale2024")) == {4: "Sale2024"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Sale, 2024,cmp_1005,", "2024"),
        ("Sale, DE,cmp_1005", "DE"),
        ("Sale,Q4,cmp_1005", "Q4"),
    ],
)
def test_moved_id_with_prefix_is_invalid(line: str, value: str) -> None:
    text = f"name,id,spend\nFoo,cmp_1001,5\n{line}\nBar,cmp_1006,7\n"
    assert doubtful_rows(text) == {3: value}


def test_cells_right_of_mixed_ids_are_allowed() -> None:
    text = "name,id,tag\na,cmp_1001,Q4\nb,1000248,A1\nc,8f3a,\nd,cmp_1002,B2\n"
    assert doubtful_rows(text) == {}


def test_two_ids_before_empty_surplus_are_invalid() -> None:
    text = "id;name\ncmp_1000;Q4\ncmp_1001;cmp_1002;\ncmp_1003;x\n"
    assert doubtful_rows(text) == {3: "cmp_1001"}
    assert doubtful_rows(text.replace(";cmp_1002;", ";Q3;")) == {}


def test_any_id_takes_what_may_have_moved() -> None:
    text = "name,id,clicks\na,1000001,5\nb,1000002,6\nc,999,1000003\n"
    assert "'999' is unlike the ids" in rows(text)[-1][1]
    assert rows(text, takes_any_id=True)[-1] == (4, "999")


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("id,Name", "Name"),
        ("id,x, Campaign name ", "Campaign name"),
        ("id,name,Campaign", "name"),
        ("id,name,campaign_name", "campaign_name"),
        ("id,Campaign", "Campaign"),
        ("id,CAMPAIGN-TITLE", "CAMPAIGN-TITLE"),
        ("id;Kampagne", "Kampagne"),
        ("id,spend", None),
        ("id,username", None),
    ],
)
def test_name_column_is_found_in_any_spelling(heading: str, column: str | None) -> None:
    assert table_of(f"{heading}\n").name_column == column


def test_id_column_is_never_name_column() -> None:
    table = table_of("Campaign,x\n1,a\n", column="campaign")
    assert (table.id_column, table.name_column) == ("Campaign", None)


def test_names_are_stripped_cut_or_none() -> None:
    text = f"id,name\n1, a  b \n2,\n3\n4,{'x' * 500}\n"
    assert [item.name for item in items(text)] == ["a  b", None, None, "x" * 200]


def test_requested_name_column_is_used() -> None:
    text = "id,name,Ad group\n1,a,b\n"
    assert [item.name for item in items(text, name_column="ad group")] == ["b"]


@pytest.mark.parametrize(
    ("option", "flag"),
    [("name_column", "--name-column"), ("sort_column", "--order-by")],
)
def test_missing_column_is_told_after_row_problems(option: str, flag: str) -> None:
    table = table_of("id,name\n1,a\n1.5,b\n", **{option: "x"})
    assert len(table.rows) == 2
    assert str(table.error) == (
        f"row 1: no column 'x' among 'id', 'name'; name another column with {flag}"
    )


@pytest.mark.parametrize(
    "column", ["Status", "campaign state", "Delivery", "Campaign Status"]
)
def test_statuses_of_items_are_counted(column: str) -> None:
    table = table_of(f"id,{column}\n1,running\n2,paused\n3, running\n1.5,paused\n4,\n")
    assert table.status_column == column
    assert table.statuses == {"running": 2, "paused": 1}


def test_row_problems_before_an_error_are_kept() -> None:
    table = table_of('Title\nid,name\n1.5,a\n2,"b\n')
    assert len(table.rows) == 2
    assert str(table.error).startswith("row 4: unexpected end of data")


def test_heading_of_too_many_cells_is_refused() -> None:
    text = "id" + ",x" * 16_384 + "\n1000248\n"
    with pytest.raises(ReadError, match="the heading has more than 16384 cells"):
        list(read(io.StringIO(text), name="a.csv", layout=Layout()))


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("id,name\n1000248,a\n1000249,b\n1000250", False),
        ("id,name,spend\n1000248,a,5\n1000249,b,6\n1000250,c", False),
        ("id,name\n1000248,a\n1000249,b\n1000250\n", True),
        ("id,name\n1000248,a\n1000249,b\n1000250,", True),
        ("id,name\n1000248\n1000249,b\n1000250", True),
        ("id,name\n1000248", False),
        ("name,id,spend\nBrand,1000", False),
        ("id,name\n1000248,a\n1000249,b\n1000250\n  ", True),
    ],
)
def test_short_last_row_without_line_end_is_cut(
    tmp_path: Path, text: str, is_kept: bool
) -> None:
    path = tmp_path / "ids.csv"
    path.write_text(text)
    last = load_input(str(path), Layout()).table.rows[-1]
    assert isinstance(last, Item) is is_kept
    assert isinstance(last, Item) or last.detail.startswith("may be cut short")


def test_all_missing_columns_are_named_at_once() -> None:
    message = read_error("id,name\n1,a", name_column="x", sort_column="y")
    assert message == (
        "row 1: no column 'x' and no column 'y' among 'id', 'name'; "
        "name others with --name-column and --order-by"
    )
    message = read_error("a,name\n1,a", column="x", sort_column="y")
    assert message == (
        "row 1: no column 'x' and no column 'y' among 'a', 'name'; "
        "name others with --column and --order-by"
    )


@pytest.mark.parametrize(
    "row",
    [",Campaign ID", "Q3 2026,Campaign ID", "Name,id", "ID,other", "account_id,name"],
)
def test_second_heading_is_found_behind_any_cell(row: str) -> None:
    message = read_error(f"id,name\n1000248,a\n{row}\nb,1000249")
    assert message.startswith("row 3: a second heading")


def test_campaign_named_like_a_heading_is_read() -> None:
    assert rows("id,name\n1000248,ID\ncmp-1,ID") == [(2, "1000248"), (3, "cmp-1")]


def test_refused_rows_have_no_status(tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    path.write_text("id,status\n1000248,on\n1000249,off\n1000250,on\nSale,gone\n")
    table = load_input(str(path), Layout()).table
    assert [type(row) for row in table.rows] == [Item, Item, Item, InvalidRow]
    assert table.statuses == {"on": 2, "off": 1}


@pytest.mark.parametrize("line", ["cmp-1001,Foo", "cmp-1001, and more"])
def test_swallowed_id_of_the_column_is_named(line: str) -> None:
    text = f'id,name\n1000248,"Sale\n{line}"\n1000249,b\ncmp-1002,c\ncmp-1003,d\n'
    assert [row for row, _ in rows(text)] == [2, 2, 3, 4, 5]
    assert [row for row, _ in rows(text, has_multiline_cells=True)] == [2, 3, 4, 5]


def test_note_line_unlike_the_column_is_allowed() -> None:
    text = 'id,name\n1000248,"Sale\ncmp-1001,Foo"\n1000249,b\n'
    assert rows(text) == [(2, "1000248"), (3, "1000249")]


def test_blank_headings_before_bars_are_columns() -> None:
    assert rows("||id|name\n||1000248|a\n||1000249|b\n") == [
        (2, "1000248"),
        (3, "1000249"),
    ]


@pytest.mark.parametrize("heading", ["Currency", "Currency code", "Account currency"])
def test_currency_column_is_unit_of_amounts(heading: str) -> None:
    text = f"id,spend,{heading}\n1000248,900,JPY\n1000249,5.5,usd\n1000250,,EUR\n"
    found = [item.sort_text for item in items(text, sort_column="spend")]
    assert found == ["900 JPY", "5.5 USD", ""]
    text = text.replace("spend", "clicks")
    assert items(text, sort_column="clicks")[0].sort_text == "900"


def test_json_named_csv_is_refused_with_its_format(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text('{"id": "1000248", "name": "a"}\n{"id": "1000249"}\n')
    error = load_input(str(path), Layout()).table.error
    assert str(error) == "row 1: no heading, but what may be JSON; pass --format jsonl"
    found = load_input(str(path), Layout(format=Format.JSONL)).table.rows
    assert [item.id for item in found if isinstance(item, Item)] == [
        "1000248",
        "1000249",
    ]


def test_placeholder_is_no_drawn_line() -> None:
    """A row of dashes that stand for missing cells is not passed over."""
    rows = list(table_of("id,name\n1001,a\n--,--\n---,---\n1002,b\n").rows)
    assert [row.row for row in rows] == [2, 3, 5]
    assert isinstance(rows[1], InvalidRow)


@pytest.mark.parametrize(
    "text",
    ["name,spend\nA sale,100024\nB,7\n", "Report\nname,spend\nA,100024\nB,7\n"],
)
def test_table_without_ids_is_no_message(text: str) -> None:
    assert "no id column among 'name', 'spend'" in str(table_of(text).error)


def test_account_column_without_accounts_is_noted() -> None:
    text = "Account,id\nacme,1001\n"
    assert table_of(text).unused_account_column == "Account"
    table = table_of(text, accounts=frozenset({"acme"}))
    assert (table.unused_account_column, table.rows[0].account) == (None, "acme")
