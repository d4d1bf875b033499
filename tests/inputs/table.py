"""What must come of each file in `bad` and `good`, and of those too large to keep.

The rows are numbered as messages number them. Of a repeated id the first row counts.
"""

import sys
import zlib
from dataclasses import dataclass
from pathlib import Path


BAD = Path(__file__).parent / "bad"
GOOD = Path(__file__).parent / "good"

# The remedies

AS_TEXT = "format the id column as text, fill it in anew and export again"
AS_STRING = "write the id as a string where it is made"
DELETE = "delete the row"
FILL_IN = "delete the row or fill in the id"
LEAVE_OUT = "leave one of them out"
MISSING = "fill it in or delete the row"
NAME_ONE = "name one with --column"
ONE_A_LINE = 'write one {"id": "1000248"} or one "1000248" a line'
PLAIN = "an id is 1 to 64 letters, digits, - and _, the first no - or _"
QUOTE = "quote cells that hold the delimiter, so that no cell is shifted"

_EXPORT = "export it as CSV (UTF-8)"
_FIND_QUOTE = "look for a quote that is never closed from there on"
_HEADING = "name one with --column, or delete what stands above the heading"
_PACK_AGAIN = (
    "the gzip data is cut short or damaged after line 0; pack or copy it again"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The ids that a file holds, and its problems: reason and remedy, by their row."""

    ids: dict[int, str]
    problems: dict[int, tuple[str, str]]


#: Files that are refused as a whole, and what is said of them.
REFUSED: dict[str, str] = {
    "array.json": "row 1: a JSON array is not read; write each of its elements on its own line",
    "array_in_one_line.json": "row 1: a JSON array is not read; write each of its elements on its own line",
    "blank_lines.csv": "it is empty; fill in the ids to pause",
    "bytes_at_random.csv": f"row 1: no column of ids among '\\x11\\udcb8d\\x10\\udcb7c\\x0f\\udcb6b\\x0e\\udcb5a'; {_HEADING}",
    "colons.csv": f"row 1: no column of ids among 'id:name'; {_HEADING}",
    "commas_in_a_plain_list.txt": "row 1: no column of ids among '1000248', ''; give the file a heading",
    "cut_in_the_sum.csv.gz": _PACK_AGAIN,
    "cut_short.csv.gz": _PACK_AGAIN,
    "damaged.csv.gz": _PACK_AGAIN,
    "document.rtf": "a document, no list; export its ids as CSV (UTF-8)",
    "empty.csv": "it is empty; fill in the ids to pause",
    "empty.csv.gz": "it is empty; fill in the ids to pause",
    "garbage_behind.csv.gz": _PACK_AGAIN,
    "header_alone.csv.gz": _PACK_AGAIN,
    "heading_alone.csv": "it holds no rows; fill in the ids to pause",
    "image.png": "an image, no text; export the ids as CSV (UTF-8)",
    "image_named_csv.csv": "an image, no text; export the ids as CSV (UTF-8)",
    "list.csv.bz2": "packed in a way that is not read; unpack it",
    "list.csv.xz": "packed in a way that is not read; unpack it",
    "no_heading.csv": "row 1: no column of ids among '1000248', 'a'; give the file a heading",
    "no_id_column.csv": f"row 1: no column of ids among 'name', 'spend'; {_HEADING}",
    "nul_at_the_end.txt": f"line 3 holds NUL bytes; this is no text file; {_EXPORT}",
    "nul_in_an_id.csv": f"line 3 holds NUL bytes; this is no text file; {_EXPORT}",
    "packed_twice.csv.gz.gz": "packed twice with gzip; unpack it once",
    "page_named_xls.xls": "a document, no list; export its ids as CSV (UTF-8)",
    "photo.jpg": "an image, no text; export the ids as CSV (UTF-8)",
    "quote_added.csv": f"row 3: ',' expected after '\"'; {_FIND_QUOTE}",
    "quote_in_the_heading.csv": f"row 1: unexpected end of data; {_FIND_QUOTE}",
    "quote_lost_at_the_end.csv": f"row 3: ',' expected after '\"'; {_FIND_QUOTE}",
    "quote_lost_at_the_start.csv": f"row 3: a quote too many or too few; {_FIND_QUOTE}",
    "quote_never_closed.csv": f"row 3: unexpected end of data; {_FIND_QUOTE}",
    "quote_that_swallows_a_thousand.csv": f"row 2: it goes on for more than 1000 lines; {_FIND_QUOTE}",
    "quoted_id_over_two_lines.csv": f"row 2: a quoted cell seems to hold whole rows; {_FIND_QUOTE}",
    "quotes_with_backslashes.csv": f"row 2: ',' expected after '\"'; {_FIND_QUOTE}",
    "remarks_alone.txt": "it is empty; fill in the ids to pause",
    "report.pdf": "a document, no list; export its ids as CSV (UTF-8)",
    "several_id_columns.csv": f"row 1: more than one column of ids among 'id', 'campaign_id', 'name'; {_HEADING}",
    "spaces_for_delimiters.csv": f"row 1: no column of ids among 'id name'; {_HEADING}",
    "title_above_the_heading.csv": f"row 1: no column of ids among 'Campaigns of May'; {_HEADING}",
    "two_marks.csv": f"row 1: no column of ids among '\\ufeffid', 'name'; {_HEADING}",
    "two_quotes_lost.csv": f"row 2: a quoted cell seems to hold whole rows; {_FIND_QUOTE}",
    "utf16_cut_in_a_character.csv": "not UTF-16 throughout after line 2; save it as UTF-8",
    "utf16_without_mark.csv": f"line 1 holds NUL bytes; this is no text file; {_EXPORT}",
    "utf32.csv": f"line 1 holds NUL bytes; this is no text file; {_EXPORT}",
    "utf8_after_utf16.csv": "not UTF-16 throughout after line 2; save it as UTF-8",
    "workbook.xls": f"a spreadsheet or an archive, no text; {_EXPORT}",
    "workbook.xlsx": f"a spreadsheet or an archive, no text; {_EXPORT}",
    "workbook_named_csv.csv": f"a spreadsheet or an archive, no text; {_EXPORT}",
    "wrong_sep_line.csv": f"row 1: no column of ids among 'id,name'; {_HEADING}",
    "wrong_sum.csv.gz": _PACK_AGAIN,
}

#: Files in which single rows are at fault.
BAD_ROWS: dict[str, Rows] = {
    "bidi_marks.txt": Rows(
        ids={1: "1000248", 5: "1000252"},
        problems={
            2: ("'\\u202e1000249' is no id", PLAIN),
            3: ("'1000250\\u200f' is no id", PLAIN),
            4: ("'\\u20661000251\\u2069' is no id", PLAIN),
        },
    ),
    "big_integers.jsonl": Rows(
        ids={1: "1000248", 6: "9007199254740991"},
        problems={
            2: ("the number '9007199254740992' is too large to be exact", AS_STRING),
            3: (
                "the number '18446744073709551616' is too large to be exact",
                AS_STRING,
            ),
            4: ("the number '-9007199254740993' is too large to be exact", AS_STRING),
            5: (
                "the number '9999999999999999999999999999999999999999'... is too large to be exact",
                AS_STRING,
            ),
        },
    ),
    "blank_before_the_quote.csv": Rows(
        ids={2: "1000248"},
        problems={
            3: ("'\"1000249\"' is no id", PLAIN),
        },
    ),
    "commas_under_semicolons.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        problems={
            3: ("1 cells where the heading has 2", QUOTE),
        },
    ),
    "control_characters.txt": Rows(
        ids={1: "1000248", 8: "1000255"},
        problems={
            2: ("'1000\\x01249' is no id", PLAIN),
            3: ("'1000\\x1b[31m250' is no id", PLAIN),
            4: ("'1000\\x7f251' is no id", PLAIN),
            5: ("'1000\\x9b252' is no id", PLAIN),
            6: ("'1000253\\x08' is no id", PLAIN),
            7: ("'1000\\x1c254' is no id", PLAIN),
        },
    ),
    "curly_quotes.csv": Rows(
        ids={3: "1000249"},
        problems={
            2: ("'\\u201c1000248\\u201d' is no id", PLAIN),
        },
    ),
    "cut_short.jsonl": Rows(
        ids={1: "1000248", 2: "1000249"},
        problems={
            3: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "dates.csv": Rows(
        ids={2: "1000248", 6: "1000249"},
        problems={
            3: ("'10-Feb' is a date, not an id", AS_TEXT),
            4: ("'Mar-01' is a date, not an id", AS_TEXT),
            5: ("'2026-02-10' is a date, not an id", AS_TEXT),
        },
    ),
    "deep_nesting.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "digits_that_are_not_ascii.csv": Rows(
        ids={2: "1000248", 7: "1000253"},
        problems={
            3: ("'\\uff11\\uff10\\uff10\\uff10\\uff12\\uff14\\uff19' is no id", PLAIN),
            4: ("'\\u0661\\u0660\\u0660\\u0660\\u0662\\u0665\\u0660' is no id", PLAIN),
            5: ("'1000\\xb251' is no id", PLAIN),
            6: ("'1\\u041e00252' is no id", PLAIN),
        },
    ),
    "escaped_controls.jsonl": Rows(
        ids={1: "1000248", 6: "1000253"},
        problems={
            2: ("'1000249\\x00' is no id", PLAIN),
            3: ("'1000\\n250' is no id", PLAIN),
            4: ("'1000251\\x1b[2J' is no id", PLAIN),
            5: ("'\\u202e1000252' is no id", PLAIN),
        },
    ),
    "exponents.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        problems={
            3: ("'1.2E+17' is a reformatted number, not an id", AS_TEXT),
            4: ("'1E17' is a reformatted number, not an id", AS_TEXT),
            5: ("'1.00025E+06' is a reformatted number, not an id", AS_TEXT),
            6: ("'1,2E+17' is a reformatted number, not an id", AS_TEXT),
            7: ("'1e5' is a reformatted number, not an id", AS_TEXT),
        },
    ),
    "first_character.txt": Rows(
        ids={1: "1000248", 5: "1000251"},
        problems={
            2: ("'-1000249' is no id", PLAIN),
            3: ("'_1000250' is no id", PLAIN),
            4: ("'--yes' is no id", PLAIN),
        },
    ),
    "floats.jsonl": Rows(
        ids={1: "1000248", 6: "1000252"},
        problems={
            2: ("the number '1000249.0' is no integer, hence no id", AS_STRING),
            3: ("the number '1.000250e6' is no integer, hence no id", AS_STRING),
            4: ("the number '1000251.5' is no integer, hence no id", AS_STRING),
            5: ("the number '1E6' is no integer, hence no id", AS_STRING),
        },
    ),
    "formulas.csv": Rows(
        ids={2: "1000248", 10: "1000252"},
        problems={
            3: ("'=\"1000249\"' is no id", PLAIN),
            4: ("'=1000250' is no id", PLAIN),
            5: ("'@SUM(A1)' is no id", PLAIN),
            6: ("'+1000251' is no id", PLAIN),
            7: ("'#REF!' is no id", PLAIN),
            8: ("'#N/A' is no id", PLAIN),
            9: ("'########' is no id", PLAIN),
        },
    ),
    "heading_in_a_plain_list.txt": Rows(
        ids={1: "1000248", 3: "1000249"},
        problems={
            2: ("'campaign_id' is a heading, not an id", DELETE),
        },
    ),
    "heading_twice.csv": Rows(
        ids={2: "1000248", 4: "1000249"},
        problems={
            3: ("'id' is the heading once more", DELETE),
        },
    ),
    "ids_in_one_line.txt": Rows(
        ids={},
        problems={
            1: ("'1000248 1000249 1000250' is no id", PLAIN),
        },
    ),
    "ids_missing.csv": Rows(
        ids={2: "1000248", 5: "1000249"},
        problems={
            3: ("no id", MISSING),
            4: ("no id", MISSING),
        },
    ),
    "invalid_utf8_in_the_ids.txt": Rows(
        ids={1: "1000248", 4: "1000251"},
        problems={
            2: ("'1000\\udcc3(249' is no id", PLAIN),
            3: ("'\\udcff1000250' is no id", PLAIN),
        },
    ),
    "key_missing.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        problems={
            2: ("no column of ids among 'name'", NAME_ONE),
            3: ("no column of ids among none", NAME_ONE),
        },
    ),
    "key_twice.jsonl": Rows(
        ids={1: "1000248", 4: "1000252"},
        problems={
            2: ("the key 'id' stands there twice", LEAVE_OUT),
            3: ("the key 'name' stands there twice", LEAVE_OUT),
        },
    ),
    "latin1_in_the_ids.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        problems={
            3: ("'10\\udce90249' is no id", PLAIN),
        },
    ),
    "leading_apostrophes.csv": Rows(
        ids={2: "1000248", 5: "1000251"},
        problems={
            3: ('"\'1000249" is no id', PLAIN),
            4: ("'\\u20191000250' is no id", PLAIN),
        },
    ),
    "line_separators.txt": Rows(
        ids={4: "1000254"},
        problems={
            1: ("'1000248\\u20281000249' is no id", PLAIN),
            2: ("'1000250\\x851000251' is no id", PLAIN),
            3: ("'1000252\\u20291000253' is no id", PLAIN),
        },
    ),
    "lone_surrogates.jsonl": Rows(
        ids={1: "1000248", 5: "1000250"},
        problems={
            2: ("'\\ud800' is no id", PLAIN),
            3: ("'1000249\\udc00' is no id", PLAIN),
            4: ("'\\udfff' is no id", PLAIN),
        },
    ),
    "mark_in_the_middle.csv": Rows(
        ids={2: "1000248", 5: "1000250"},
        problems={
            3: ("'\\ufeffid' is no id", PLAIN),
            4: ("'\\ufeff1000249' is no id", PLAIN),
        },
    ),
    "mark_in_the_middle.jsonl": Rows(
        ids={1: "1000248", 3: "1000250"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "negative.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        problems={
            3: ("'-1000249' is no id", PLAIN),
            4: ("'\\u22121000250' is no id", PLAIN),
            5: ("'(1000251)' is no id", PLAIN),
        },
    ),
    "negative_numbers.jsonl": Rows(
        ids={1: "1000248", 4: "1000250"},
        problems={
            2: ("'-1000249' is no id", PLAIN),
            3: ("'-0' is no id", PLAIN),
        },
    ),
    "no_numbers.jsonl": Rows(
        ids={1: "1000248", 9: "1000251"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
            4: ("not a line of JSON", ONE_A_LINE),
            5: ("not a line of JSON", ONE_A_LINE),
            6: ("not a line of JSON", ONE_A_LINE),
            7: ("not a line of JSON", ONE_A_LINE),
            8: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "number_signs.txt": Rows(
        ids={1: "1000248", 4: "1000251"},
        problems={
            2: ("'#1000249' is no id", PLAIN),
            3: ("'1000250 # of May' is no id", PLAIN),
        },
    ),
    "other_routes.csv": Rows(
        ids={2: "1000248", 9: "1000253"},
        problems={
            3: ("'..' is no id", PLAIN),
            4: ("'../cancel' is no id", PLAIN),
            5: ("'1000249/cancel' is no id", PLAIN),
            6: ("'1000250?x' is no id", PLAIN),
            7: ("'1000251#f' is no id", PLAIN),
            8: ("'1000252%2F..' is no id", PLAIN),
        },
    ),
    "other_routes.jsonl": Rows(
        ids={1: "1000248", 7: "1000252"},
        problems={
            2: ("'..' is no id", PLAIN),
            3: ("'../cancel' is no id", PLAIN),
            4: ("'1000249/cancel' is no id", PLAIN),
            5: ("'1000250/cancel' is no id", PLAIN),
            6: ("'1000251%2fcancel' is no id", PLAIN),
        },
    ),
    "other_routes.txt": Rows(
        ids={1: "1000248", 21: "1000264"},
        problems={
            2: ("'..' is no id", PLAIN),
            3: ("'.' is no id", PLAIN),
            4: ("'../cancel' is no id", PLAIN),
            5: ("'../../1000249' is no id", PLAIN),
            6: ("'1000250/cancel' is no id", PLAIN),
            7: ("'1000251/' is no id", PLAIN),
            8: ("'/1000252' is no id", PLAIN),
            9: ("'1000253?x' is no id", PLAIN),
            10: ("'1000254#f' is no id", PLAIN),
            11: ("'1000255%2fcancel' is no id", PLAIN),
            12: ("'%2e%2e' is no id", PLAIN),
            13: ("'1000256;v=1' is no id", PLAIN),
            14: ("'1000257\\\\cancel' is no id", PLAIN),
            15: ("'1000258:1000259' is no id", PLAIN),
            16: ("'1000260@host' is no id", PLAIN),
            17: ("'1000261&x' is no id", PLAIN),
            18: ("'1000262=x' is no id", PLAIN),
            19: ("'*' is no id", PLAIN),
            20: ("'https://api.ocamba.com/v1/hood/campaigns'... is no id", PLAIN),
        },
    ),
    "placeholders.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        problems={
            3: ("'NULL' is no id", FILL_IN),
            4: ("'none' is no id", FILL_IN),
            5: ("'NaN' is no id", FILL_IN),
            6: ("'undefined' is no id", FILL_IN),
            7: ("'true' is no id", FILL_IN),
        },
    ),
    "pretty_printed.json": Rows(
        ids={},
        problems={
            1: ("not a line of JSON", ONE_A_LINE),
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
            4: ("not a line of JSON", ONE_A_LINE),
            5: ("not a line of JSON", ONE_A_LINE),
            6: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "quotes_in_a_plain_list.txt": Rows(
        ids={1: "1000248", 3: "1000250"},
        problems={
            2: ("'\"1000249\"' is no id", PLAIN),
        },
    ),
    "ragged_rows.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        problems={
            3: ("2 cells where the heading has 3", QUOTE),
            4: ("4 cells where the heading has 3", QUOTE),
            5: ("1 cells where the heading has 3", QUOTE),
        },
    ),
    "remarks.jsonl": Rows(
        ids={1: "1000248", 5: "1000250"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
            4: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "rounded_integers.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        problems={
            2: (
                "'1234567890123000' is a number that a spreadsheet rounded, not an id",
                AS_TEXT,
            ),
            3: (
                "'1000000000000000' is a number that a spreadsheet rounded, not an id",
                AS_TEXT,
            ),
        },
    ),
    "rounded_to_15_digits.csv": Rows(
        ids={2: "1000248", 6: "123456789012345"},
        problems={
            3: (
                "'1234567890123000' is a number that a spreadsheet rounded, not an id",
                AS_TEXT,
            ),
            4: (
                "'123456789012345000' is a number that a spreadsheet rounded, not an id",
                AS_TEXT,
            ),
            5: (
                "'1000000000000000000' is a number that a spreadsheet rounded, not an id",
                AS_TEXT,
            ),
        },
    ),
    "semicolons_under_commas.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        problems={
            3: ("1 cells where the heading has 2", QUOTE),
        },
    ),
    "shifted_by_a_comma.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        problems={
            3: ("4 cells where the heading has 3", QUOTE),
        },
    ),
    "single_quotes.jsonl": Rows(
        ids={1: "1000248", 4: "1000251"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "thousands_separators.csv": Rows(
        ids={2: "1000248", 8: "1000254"},
        problems={
            3: ("'1,000,249' is a reformatted number, not an id", AS_TEXT),
            4: ("'1.000.250' is a reformatted number, not an id", AS_TEXT),
            5: ("'1 000 251' is no id", PLAIN),
            6: ("\"1'000'252\" is no id", PLAIN),
            7: ("'1\\u202f000\\u202f253' is no id", PLAIN),
        },
    ),
    "too_long.txt": Rows(
        ids={1: "1000248", 5: "1000249"},
        problems={
            2: ("'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'... is no id", PLAIN),
            3: ("'9999999999999999999999999999999999999999'... is no id", PLAIN),
            4: ("'a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-'... is no id", PLAIN),
        },
    ),
    "total_under_the_last_row.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        problems={
            4: ("'Total' is no id", FILL_IN),
        },
    ),
    "trailing_point_zero.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        problems={
            3: ("'1000249.0' is a reformatted number, not an id", AS_TEXT),
            4: ("'1000250,00' is a reformatted number, not an id", AS_TEXT),
            5: ("'1000251.' is a reformatted number, not an id", AS_TEXT),
        },
    ),
    "two_in_a_line.jsonl": Rows(
        ids={1: "1000248", 4: "1000252"},
        problems={
            2: ("not a line of JSON", ONE_A_LINE),
            3: ("not a line of JSON", ONE_A_LINE),
        },
    ),
    "two_keys_of_ids.jsonl": Rows(
        ids={1: "1000248", 4: "1000251"},
        problems={
            2: ("more than one column of ids among 'id', 'campaign_id'", NAME_ONE),
            3: ("more than one column of ids among 'ID', 'id'", NAME_ONE),
        },
    ),
    "values_that_are_no_ids.jsonl": Rows(
        ids={1: "1000248", 10: "1000252"},
        problems={
            2: ("null is no id", ONE_A_LINE),
            3: ("true or false is no id", ONE_A_LINE),
            4: ("a list or an object is no id", ONE_A_LINE),
            5: ("a list or an object is no id", ONE_A_LINE),
            6: ("a list or an object is no id", ONE_A_LINE),
            7: ("null is no id", ONE_A_LINE),
            8: ("true or false is no id", ONE_A_LINE),
            9: ("no id", MISSING),
        },
    ),
    "white_space_inside.txt": Rows(
        ids={1: "1000248", 8: "1000255"},
        problems={
            2: ("'1000 249' is no id", PLAIN),
            3: ("'1000\\t250' is no id", PLAIN),
            4: ("'1000\\xa0251' is no id", PLAIN),
            5: ("'1000\\u3000252' is no id", PLAIN),
            6: ("'1000\\u200b253' is no id", PLAIN),
            7: ("'1000\\xad254' is no id", PLAIN),
        },
    ),
}

#: Odd files that are read, and their ids by row.
GOOD_ROWS: dict[str, dict[int, str]] = {
    "bars.txt": {2: "1000248", 3: "1000249"},
    "blank_rows.csv": {5: "1000248", 8: "1000249"},
    "carriage_returns.csv": {2: "1000248", 3: "1000249"},
    "colons_after_sep.csv": {2: "1000248", 3: "1000249"},
    "empty_cells_behind.csv": {2: "1000248", 3: "1000249"},
    "escapes.jsonl": {1: "1000248", 2: "1000249"},
    "every_letter.txt": {
        1: "a",
        2: "Z9-_",
        3: "007",
        4: "0",
        5: "1_000",
        6: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        7: "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        8: "1234567890123456",
    },
    "gz_by_name_alone.csv.gz": {2: "1000248", 3: "1000249"},
    "inches.csv": {2: "1000248", 3: "1000249"},
    "latin1_names.csv": {2: "1000248", 3: "1000249"},
    "line_breaks_in_cells.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "lone_carriage_returns.csv": {2: "1000248", 3: "1000249"},
    "mixed_line_ends.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "no_last_line_end.txt": {1: "1000248", 2: "1000249"},
    "numbers_in_other_columns.csv": {2: "1000248", 3: "1000249"},
    "objects.jsonl": {
        1: "1000248",
        3: "1000249",
        4: "1000250",
        5: "1000251",
        6: "9007199254740991",
        7: "1000252",
    },
    "one_object.json": {1: "1000248"},
    "packed.csv.gz": {2: "1000248", 3: "1000249"},
    "packed_and_padded.csv.gz": {2: "1000248", 3: "1000249"},
    "packed_in_two_parts.csv.gz": {2: "1000248", 3: "1000249"},
    "packed_utf16.csv.gz": {2: "1000248", 3: "1000249"},
    "packed_without_saying_so.csv": {2: "1000248", 3: "1000249"},
    "quoted_everything.csv": {2: "1000248", 3: "1000249"},
    "remarks.txt": {3: "1000248", 5: "1000249"},
    "repeated_keys_deeper_down.jsonl": {1: "1000248", 2: "1000249"},
    "repeats.csv": {2: "1000248", 3: "1000249"},
    "semicolons.csv": {2: "1000248", 3: "1000249"},
    "sep_line.csv": {2: "1000248", 3: "1000249"},
    "separators.jsonl": {1: "1000248", 2: "1000249"},
    "separators_in_cells.csv": {2: "1000248", 3: "1000249"},
    "tabs.tsv": {2: "1000248", 3: "1000249"},
    "utf16_be.csv": {2: "1000248", 3: "1000249"},
    "utf16_le.csv": {2: "1000248", 3: "1000249"},
    "utf16_tabs.txt": {2: "1000248", 3: "1000249"},
    "utf8_mark.csv": {2: "1000248", 3: "1000249"},
    "white_space_around.txt": {1: "1000248", 2: "1000249"},
}


def _bomb(line: bytes) -> bytes:
    """Pack a gigabyte of one line, over and over."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(line) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(line * ((1 << 24) // len(line)))
    return head + (block + packer.flush(zlib.Z_FULL_FLUSH)) * 64


#: Where a bomb is too much. From 3.12 on, Python reads more of it ahead.
_BOMB_LINE = 1678 if sys.version_info < (3, 12) else 3482
#: Files that are too large to keep, and what is said of them.
LARGE: dict[str, tuple[bytes, str]] = {
    "bomb_of_one_id.txt.gz": (
        _bomb(b"1000248".ljust(9_999) + b"\n"),
        (
            f"up to line {_BOMB_LINE} it is packed too tightly to be a list of ids; "
            "look into it, or unpack it first"
        ),
    ),
    "bomb_of_zeros.csv.gz": (
        _bomb(b"\0"),
        f"line 1 holds NUL bytes; this is no text file; {_EXPORT}",
    ),
    "endless_line.txt": (
        b"1000248\n" + b"1000249 " * (1 << 17),
        "line 2 is too long to hold an id; write one row a line",
    ),
    "wide_cell.csv": (
        b"id,note\n1000248,a\n1000249,%s\n" % (b"x" * 131_073),
        (
            "row 3: field larger than field limit (131072); "
            f"{_FIND_QUOTE}, or shorten the cell"
        ),
    ),
}
