"""The expected result for each file in `bad` and `good`, and for files too large to keep.

Rows are numbered as messages number them. For a repeated id, the first row counts.
"""

import sys
import zlib
from dataclasses import dataclass
from pathlib import Path


BAD = Path(__file__).parent / "bad"
GOOD = Path(__file__).parent / "good"

# Remedies

NO_SEPARATORS = (
    "delete them, or set the number format of the id column to 0 and export again"
)
WHOLE_NUMBER = "delete it, or export the ids as whole numbers"
AS_TEXT = "set the id column to Text, re-enter the ids and export again"
AS_STRING = "export the id as a string"
DELETE = "delete the row"
DELETE_OR_ANY = "delete the row, or pass --any-id if it is right"
FILL_IN = "delete the row or fill in the id"
KEEP_ONE = "keep one of them"
MISSING = "fill it in or delete the row"
NAME_ONE = "name one with --column"
ONE_PER_LINE = 'write one {"id": "1000248"} or "1000248" per line'
PATTERN = "an id is 1 to 64 letters, digits, - and _, starting with a letter or digit"
QUOTE = "put quotes around cells that contain the delimiter"
QUOTE_OR_ANY = (
    "put quotes around cells with delimiters or line breaks, or pass --any-id"
)
SKIP_TITLE = "delete it or pass --skip-invalid"
WHOLE_CELL = "quote the whole cell and double the quotes in it"

_WORD = "has no digit, but other rows hold numbers"
_CORRECT_OR_ANY = "delete or correct it, or pass --any-id if it is right"
_CAMPAIGN_ID = (
    "pass --column campaign.id, or --column id if the object's own id is meant"
)
_NO_COLUMNS = "is in a row with fewer cells than the heading, some of which are blank"
_A_SUM = "seems to be the sum or the number of the rows above it"
_ONE_ID = "write one id per line, and # before a note"
_BLANKS = "write a note with a blank before and behind its #, as in `1000248 # sale`"
_EXPORT = "export it as CSV (UTF-8)"
_FIND_QUOTE = "look for an unclosed quote from this row on"
_NUL = f"contains NUL bytes, so this is not a text file; {_EXPORT}"
_HIDDEN = "--hidden-rows skip leaves them out, --hidden-rows pause includes them"
_DAMAGED = "the workbook is damaged; open it in a spreadsheet program and save it again"
_CELL_AS_TEXT = "set the id column to Text and re-enter the ids"
_MEND_FORMULA = "correct the formula, or delete the row"
_HIDDEN_UNDER_MERGED = (
    "'1000249' is hidden under a merged cell, which shows another value",
    "split the merged cells, and delete what is not to be there",
)
_MAYBE_ROUNDED = "is a number that a spreadsheet may have rounded, not an id"
_SAVE_RESULTS = "open the workbook in a spreadsheet program and save it"
_CORRUPT = (
    "the gzip data is truncated or corrupt after line 0; compress or copy it again"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The ids of a file by row, and the reasons and remedies of its invalid rows."""

    ids: dict[int, str]
    invalid: dict[int, tuple[str, str]]


#: Files that are refused as a whole, and the message.
REFUSED: dict[str, str] = {
    "backslash_escaped_quotes.csv": f"row 2: ',' expected after '\"'; {_FIND_QUOTE}",
    "blank_lines.csv": "the input is empty; add the ids to pause",
    "closing_quote_lost.csv": f"row 3: ',' expected after '\"'; {_FIND_QUOTE}",
    "colons.csv": f"row 1: no id column among 'id:name'; {NAME_ONE}",
    "comments_only.txt": "the input is empty; add the ids to pause",
    "corrupt.csv.gz": _CORRUPT,
    "csv_named_json.json": "row 1: not JSON, but what may be CSV; pass --format csv",
    "insert.sql": "row 1: SQL, not a table; write its ids alone, one per line",
    "links_of_campaigns.csv": (
        "row 1: no id column, but addresses; write the id of each address alone, under a "
        "heading such as campaign_id"
    ),
    "mail_with_commas.txt": (
        "row 1: no heading, but what may be a message; write its ids alone, one per line"
    ),
    "list_named_json.json": "row 1: not JSON, but a list; pass --format lines",
    "sql_rows.txt": "row 1: SQL, not a table; write its ids alone, one per line",
    "two_columns_of_one_name.csv": "row 1: more than one id column among 'id', 'name', 'id'; rename or delete one of those with the same name",
    "document.rtf": "a document, not a list; export its ids as CSV (UTF-8)",
    "empty.csv": "the input is empty; add the ids to pause",
    "empty.csv.gz": "the input is empty; add the ids to pause",
    "gzip_header_only.csv.gz": _CORRUPT,
    "gzipped_twice.csv.gz.gz": "compressed twice with gzip; decompress it once",
    "html_named_xls.xls": "a document, not a list; export its ids as CSV (UTF-8)",
    "id_among_names.csv": "row 1: no id column among '1000248', 'a'; add a heading such as campaign_id",
    "image.png": "an image, not text; export the ids as CSV (UTF-8)",
    "image_named_csv.csv": "an image, not text; export the ids as CSV (UTF-8)",
    "joined_files.csv": "row 5: a second heading; save the tables as files of their own",
    "pairs_without_heading.txt": "row 1: this may be a table without a heading; add a heading such as campaign_id, or pass --format lines",
    "times_and_ids.txt": "row 1: this may be a table without a heading; add a heading such as campaign_id, or pass --format lines",
    "second_heading_with_same_id.csv": "row 5: a second heading; save the tables as files of their own",
    "second_heading_of_accounts.csv": "row 3: a second heading; save the tables as files of their own",
    "list.csv.bz2": "compressed in an unsupported format; decompress it",
    "list.csv.xz": "compressed in an unsupported format; decompress it",
    "no_header.csv": "row 1: no id column among '1000248', 'a'; add a heading such as campaign_id",
    "no_id_column.csv": f"row 1: no id column among 'name', 'spend'; {NAME_ONE}",
    "nul_at_end.txt": f"line 3 {_NUL}",
    "nul_in_id.csv": f"line 3 {_NUL}",
    "photo.jpg": "an image, not text; export the ids as CSV (UTF-8)",
    "pretty_printed.json": "not valid JSON, in line 4; correct it there, or write one object per line",
    "quote_added.csv": f"row 3: ',' expected after '\"'; {_FIND_QUOTE}",
    "quote_in_header.csv": f"row 1: unexpected end of data; {_FIND_QUOTE}",
    "random_bytes.csv": (
        "row 2: no id column among '\xb4`\\x0c\xb3_\\x0b\xb2^.\xb1]\\t\xb0\\\\\\x08\xaf[\\x07\xaeZ\\x06\\xadY\\x05\xacX\\x04\xabW\xfe\xaaV\xfd\xa9U\xfc\xa8T\xfb\xa7'..., \"\xd3\\x7f+\xd2~*\xd1})\xd0|(\xcf{'\xcez&\xcdy%\xccx$\xcbw#\xcav'\xc9u!\xc8t \xc7s\\x1f\xc6\"...; name one with --column"
    ),
    "report.pdf": "a document, not a list; export its ids as CSV (UTF-8)",
    "several_arrays.json": "an object with several arrays, 'running', 'paused'; write the array of the campaigns alone",
    "result_log.jsonl": "this is a result log of bulkpause; retry what is left of it with `bulkpause retry`",
    "several_id_columns.csv": f"row 1: more than one id column among 'id', 'campaign_id', 'name'; {NAME_ONE}",
    "spaces_as_delimiters.csv": f"row 1: no id column among 'id name'; {NAME_ONE}",
    "text_after_array.json": "not valid JSON after the array, in line 2; correct it there, or write one object per line",
    "trailing_garbage.csv.gz": _CORRUPT,
    "truncated.csv.gz": _CORRUPT,
    "diff.txt": "row 2: some lines begin with + and others with -, as in a diff; keep the ids to pause alone",
    "deeply_nested_array.json": "an object without an id, and without an array in its first 8 levels; write the array of the campaigns alone",
    "second_heading_with_blank_cell.csv": "row 4: a second heading; save the tables as files of their own",
    "second_heading_with_year.csv": "row 3: a second heading; save the tables as files of their own",
    "truncated_array.json": "cut short after element 1, in line 3; export it again",
    "truncated_checksum.csv.gz": _CORRUPT,
    "unclosed_quote.csv": f"row 3: unexpected end of data; {_FIND_QUOTE}",
    "unclosed_quote_before_1000_lines.csv": f"row 2: a record of more than 1000 lines; {_FIND_QUOTE}",
    "utf16_truncated.csv": "the text is not valid UTF-16 after line 2; save it as UTF-8",
    "utf16_without_byte_order_mark.csv": f"line 1 {_NUL}",
    "utf32.csv": f"line 1 {_NUL}",
    "utf8_after_utf16.csv": "the text is not valid UTF-16 after line 2; save it as UTF-8",
    "write_ahead_log.jsonl.wal": "this is the write-ahead log of a result log of bulkpause; pass the log without .wal to `bulkpause retry`",
    "workbook.xls": (
        "an old Excel workbook (.xls), or one that is protected by a password; "
        "open it, remove the password if it has one, and save it as .xlsx"
    ),
    "workbook.xlsx": _DAMAGED,
    "workbook_named_csv.csv": _DAMAGED,
    "all_sheets_hidden.xlsx": "each sheet is hidden; unhide the one to pause",
    "archive.zip": "an archive, not a spreadsheet; unzip it and name the file in it",
    "cell_at_last_corner.xlsx": (
        "the workbook has a cell in row 1048576 and one in column 16384; delete the "
        "rows and columns that are not needed, or export it as CSV (UTF-8)"
    ),
    "document.docx": "a Word document, not a list; export its ids as CSV (UTF-8)",
    "document_type.xlsx": (
        "the workbook holds a document type, which no spreadsheet program writes; "
        "open it in a spreadsheet program and save it again"
    ),
    "empty.xlsx": "the input is empty; add the ids to pause",
    "encrypted.ods": (
        "the workbook is protected by a password; "
        "open it, remove the password and save it as .xlsx"
    ),
    "filtered.ods": f"3 of 4 rows are hidden by the filter A1:B5; {_HIDDEN}",
    "filtered.xlsx": f"4 of 16 rows are hidden by the filter A3:D19; {_HIDDEN}",
    "filtered_table.xlsx": f"1 of 2 rows is hidden by the filter A1:C3; {_HIDDEN}",
    "heading_of_a_bi_tool.csv": "row 1: no id column among '', 'Campaigns Campaign ID', 'Campaigns Name'; pass --column 'Campaigns Campaign ID' if the ids are in it",
    "hidden_by_hand.xlsx": f"1 of 2 rows is hidden; {_HIDDEN}",
    "no_heading.xlsx": (
        "row 1: no id column among '1000248', 'a'; add a heading such as campaign_id"
    ),
    "numbers.numbers": "a workbook of Numbers; export it as Excel (.xlsx)",
    "several_sheets.xlsx": "2 sheets: 'May', 'Über'; name one of them with --sheet",
    "two_cells_in_one_place.xlsx": _DAMAGED,
    "text_document.odt": (
        "a document, not a spreadsheet; export its ids as CSV (UTF-8)"
    ),
    "workbook.xlsb": (
        "a binary Excel workbook (.xlsb); "
        "open it in a spreadsheet program and save it as .xlsx"
    ),
    "wrong_checksum.csv.gz": _CORRUPT,
    "wrong_sep_line.csv": f"row 1: no id column among 'id,name'; {NAME_ONE}",
}

#: Files with invalid rows.
BAD_ROWS: dict[str, Rows] = {
    "array_with_constants.json": Rows(
        ids={2: "1000249"},
        invalid={
            1: ("holds NaN, which JSON does not have", "write null instead"),
            3: ("null is not a valid id", ONE_PER_LINE),
        },
    ),
    "ads_with_their_campaigns.jsonl": Rows(
        ids={},
        invalid={
            1: ("has an id, and a campaign in it that has an id too", _CAMPAIGN_ID),
            2: ("has an id, and a campaign in it that has an id too", _CAMPAIGN_ID),
        },
    ),
    "blank_headings_of_no_columns.csv": Rows(
        ids={},
        invalid={
            2: (f"'a' {_NO_COLUMNS}", QUOTE_OR_ANY),
            3: (f"'b' {_NO_COLUMNS}", QUOTE_OR_ANY),
        },
    ),
    "addresses.txt": Rows(
        ids={2: "1000249"},
        invalid={
            1: (
                "'https://app.ocamba.com/hood/campaigns/10'... is an address, not an id",
                "write the id alone, without the rest of the address",
            ),
            3: (
                "'www.ocamba.com/1000250' is an address, not an id",
                "write the id alone, without the rest of the address",
            ),
        },
    ),
    "bidi_marks.txt": Rows(
        ids={1: "1000248", 5: "1000252"},
        invalid={
            2: (
                "'\\u202e1000249' holds an invisible character",
                "delete the value and type it again",
            ),
            3: (
                "'1000250\\u200f' holds an invisible character",
                "delete the value and type it again",
            ),
            4: (
                "'\\u20661000251\\u2069' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "big_integers.jsonl": Rows(
        ids={1: "1000248", 6: "9007199254740991"},
        invalid={
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
    "byte_order_mark_inside.csv": Rows(
        ids={2: "1000248", 4: "1000249", 5: "1000250"},
        invalid={
            3: ("'id' is a column name, not an id", DELETE),
        },
    ),
    "commas_under_semicolons.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: ("'1000249,b' is not a valid id", PATTERN),
        },
    ),
    "comments.jsonl": Rows(
        ids={1: "1000248", 5: "1000250"},
        invalid={
            2: ("not valid JSON", ONE_PER_LINE),
            3: ("not valid JSON", ONE_PER_LINE),
            4: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "control_characters.txt": Rows(
        ids={1: "1000248", 8: "1000255"},
        invalid={
            2: (
                "'1000\\x01249' holds an invisible character",
                "delete the value and type it again",
            ),
            3: (
                "'1000\\x1b[31m250' holds an invisible character",
                "delete the value and type it again",
            ),
            4: (
                "'1000\\x7f251' holds an invisible character",
                "delete the value and type it again",
            ),
            5: (
                "'1000\\x9b252' holds an invisible character",
                "delete the value and type it again",
            ),
            6: (
                "'1000253\\x08' holds an invisible character",
                "delete the value and type it again",
            ),
            7: (
                "'1000\\x1c254' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "curly_quotes.csv": Rows(
        ids={3: "1000249"},
        invalid={
            2: ("'\u201c1000248\u201d' has quotation marks", "remove them"),
        },
    ),
    "cut_last_line.txt": Rows(
        ids={1: "1000248", 2: "1000249", 3: "1000250"},
        invalid={
            4: (
                "'1000' may be cut short: the last line has no line end, its id is shorter than others",
                "export again, or end the line if the id is whole",
            ),
        },
    ),
    "cut_last_cell.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            4: (
                "'10002' may be cut short: the last line has no line end, its id is shorter than others",
                "export again, or end the line if the id is whole",
            ),
        },
    ),
    "cut_last_row.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            4: (
                "'1000250' may be cut short: the last line has no line end, and fewer cells than the rows above",
                "export again, or end the line if the row is whole",
            ),
        },
    ),
    "dates.csv": Rows(
        ids={2: "1000248", 6: "1000249"},
        invalid={
            3: ("'10-Feb' is a date, not an id", AS_TEXT),
            4: ("'Mar-01' is a date, not an id", AS_TEXT),
            5: ("'2026-02-10' is a date, not an id", AS_TEXT),
        },
    ),
    "deep_nesting.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        invalid={
            2: ("not valid JSON", ONE_PER_LINE),
            3: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "escaped_controls.jsonl": Rows(
        ids={1: "1000248", 6: "1000253"},
        invalid={
            2: (
                "'1000249\\x00' holds an invisible character",
                "delete the value and type it again",
            ),
            3: (
                "'1000\\n250' holds an invisible character",
                "delete the value and type it again",
            ),
            4: (
                "'1000251\\x1b[2J' holds an invisible character",
                "delete the value and type it again",
            ),
            5: (
                "'\\u202e1000252' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "exponents.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        invalid={
            3: ("'1.2E+17' is a reformatted number, not an id", AS_TEXT),
            4: ("'1E17' is a reformatted number, not an id", AS_TEXT),
            5: ("'1.00025E+06' is a reformatted number, not an id", AS_TEXT),
            6: ("'1,2E+17' is a reformatted number, not an id", AS_TEXT),
            7: ("'1e5' is a reformatted number, not an id", AS_TEXT),
        },
    ),
    "floats.jsonl": Rows(
        ids={1: "1000248", 6: "1000252"},
        invalid={
            2: ("the number '1000249.0' is not an integer", AS_STRING),
            3: ("the number '1.000250e6' is not an integer", AS_STRING),
            4: ("the number '1000251.5' is not an integer", AS_STRING),
            5: ("the number '1E6' is not an integer", AS_STRING),
        },
    ),
    "formulas.csv": Rows(
        ids={2: "1000248", 3: "1000249", 10: "1000252"},
        invalid={
            4: ("'=1000250' is a formula, not an id", "replace it with its value"),
            5: ("'@SUM(A1)' is a formula, not an id", "replace it with its value"),
            6: ("'+1000251' is not a valid id", PATTERN),
            7: (
                "'#REF!' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            8: (
                "'#N/A' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            9: (
                "'########' is from a column too narrow to show its numbers",
                "widen the column and export again",
            ),
        },
    ),
    "header_in_plain_list.txt": Rows(
        ids={1: "1000248", 3: "1000249"},
        invalid={
            2: ("'campaign_id' is a column name, not an id", DELETE),
        },
    ),
    "invalid_first_character.txt": Rows(
        ids={1: "1000248", 5: "1000251"},
        invalid={
            2: ("'-1000249' is not a valid id", PATTERN),
            3: ("'_1000250' is not a valid id", PATTERN),
            4: ("'--yes' is not a valid id", PATTERN),
        },
    ),
    "invalid_numbers.jsonl": Rows(
        ids={1: "1000248", 9: "1000251"},
        invalid={
            2: ("holds NaN, which JSON does not have", "write null instead"),
            3: ("holds Infinity, which JSON does not have", "write null instead"),
            4: ("holds NaN, which JSON does not have", "write null instead"),
            5: ("not valid JSON", ONE_PER_LINE),
            6: ("not valid JSON", ONE_PER_LINE),
            7: ("not valid JSON", ONE_PER_LINE),
            8: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "invalid_utf8_in_ids.txt": Rows(
        ids={1: "1000248", 4: "1000251"},
        invalid={
            2: ("'1000\\udcc3(249' is not valid UTF-8", "save the file as UTF-8"),
            3: ("'\\udcff1000250' is not valid UTF-8", "save the file as UTF-8"),
        },
    ),
    "latin1_in_ids.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: ("'10\\udce90249' is not valid UTF-8", "save the file as UTF-8"),
        },
    ),
    "leading_apostrophes.csv": Rows(
        ids={2: "1000248", 3: "1000249", 5: "1000251"},
        invalid={
            4: ("'\u20191000250' has quotation marks", "remove them"),
        },
    ),
    "line_separators.txt": Rows(
        ids={4: "1000254"},
        invalid={
            1: (
                "'1000248\\u20281000249' holds an invisible character",
                "delete the value and type it again",
            ),
            2: (
                "'1000250\\x851000251' holds an invisible character",
                "delete the value and type it again",
            ),
            3: (
                "'1000252\\u20291000253' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "localized_footers.csv": Rows(
        ids={2: "1000248", 9: "1000249"},
        invalid={
            3: ("'Totals' is not a valid id", FILL_IN),
            4: ("'Summe' is not a valid id", FILL_IN),
            5: ("'\u0418\u0442\u043e\u0433\u043e' is not a valid id", FILL_IN),
            6: ("'\u5408\u8a08' is not a valid id", FILL_IN),
            7: ("'EOF' is not a valid id", FILL_IN),
            8: ("'nil' is not a valid id", FILL_IN),
        },
    ),
    "localized_dates.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        invalid={
            3: ("'1-Mai' is a date, not an id", AS_TEXT),
            4: ("'Okt-26' is a date, not an id", AS_TEXT),
            5: ("'01-ene' is a date, not an id", AS_TEXT),
            6: ("'2026-1-2' is a date, not an id", AS_TEXT),
            7: ("'1/2/2026' is a date, not an id", AS_TEXT),
        },
    ),
    "lone_surrogates.jsonl": Rows(
        ids={1: "1000248", 5: "1000250"},
        invalid={
            2: ("'\\ud800' is not a valid id", PATTERN),
            3: ("'1000249\\udc00' is not a valid id", PATTERN),
            4: ("'\\udfff' is not a valid id", PATTERN),
        },
    ),
    "missing_id_key.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        invalid={
            2: ("no id column among 'name'", NAME_ONE),
            3: ("no id column", NAME_ONE),
        },
    ),
    "missing_ids.csv": Rows(
        ids={2: "1000248", 5: "1000249"},
        invalid={
            3: ("no id", MISSING),
            4: ("no id", MISSING),
        },
    ),
    "negative.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        invalid={
            3: ("'-1000249' is not a valid id", PATTERN),
            4: ("'\u22121000250' is not a valid id", PATTERN),
            5: ("'(1000251)' is not a valid id", PATTERN),
        },
    ),
    "negative_numbers.jsonl": Rows(
        ids={1: "1000248", 4: "1000250"},
        invalid={
            2: ("'-1000249' is not a valid id", PATTERN),
            3: ("'-0' is not a valid id", PATTERN),
        },
    ),
    "nested_ids.jsonl": Rows(
        ids={},
        invalid={
            1: ("no id column among 'campaign'", "pass --column campaign.id"),
            2: ("no id column among 'campaign'", "pass --column campaign.id"),
        },
    ),
    "non_ascii_digits.csv": Rows(
        ids={2: "1000248", 7: "1000253"},
        invalid={
            3: (
                "'\uff11\uff10\uff10\uff10\uff12\uff14\uff19' has letters or digits other than A to Z and 0 to 9",
                "type the id again in Latin letters and digits",
            ),
            4: (
                "'\u0661\u0660\u0660\u0660\u0662\u0665\u0660' has letters or digits other than A to Z and 0 to 9",
                "type the id again in Latin letters and digits",
            ),
            5: (
                "'1000\xb251' has letters or digits other than A to Z and 0 to 9",
                "type the id again in Latin letters and digits",
            ),
            6: (
                "'1\u041e00252' has letters or digits other than A to Z and 0 to 9",
                "type the id again in Latin letters and digits",
            ),
        },
    ),
    "number_signs.txt": Rows(
        ids={1: "1000248", 3: "1000250", 4: "1000251"},
        invalid={2: ("'#1000249' has a # before it", "write the id without the #")},
    ),
    "other_routes.csv": Rows(
        ids={2: "1000248", 9: "1000253"},
        invalid={
            3: ("'..' is not a valid id", PATTERN),
            4: ("'../cancel' is not a valid id", PATTERN),
            5: ("'1000249/cancel' is not a valid id", PATTERN),
            6: ("'1000250?x' is not a valid id", PATTERN),
            7: ("'1000251#f' is not a valid id", PATTERN),
            8: ("'1000252%2F..' is not a valid id", PATTERN),
        },
    ),
    "other_routes.jsonl": Rows(
        ids={1: "1000248", 7: "1000252"},
        invalid={
            2: ("'..' is not a valid id", PATTERN),
            3: ("'../cancel' is not a valid id", PATTERN),
            4: ("'1000249/cancel' is not a valid id", PATTERN),
            5: ("'1000250/cancel' is not a valid id", PATTERN),
            6: ("'1000251%2fcancel' is not a valid id", PATTERN),
        },
    ),
    "other_routes.txt": Rows(
        ids={1: "1000248", 21: "1000264"},
        invalid={
            2: ("'..' is not a valid id", PATTERN),
            3: ("'.' is not a valid id", PATTERN),
            4: ("'../cancel' is not a valid id", PATTERN),
            5: ("'../../1000249' is not a valid id", PATTERN),
            6: ("'1000250/cancel' is not a valid id", PATTERN),
            7: ("'1000251/' is not a valid id", PATTERN),
            8: ("'/1000252' is not a valid id", PATTERN),
            9: ("'1000253?x' is not a valid id", PATTERN),
            10: ("'1000254#f' is not a valid id", PATTERN),
            11: ("'1000255%2fcancel' is not a valid id", PATTERN),
            12: ("'%2e%2e' is not a valid id", PATTERN),
            13: (
                "'1000256;v=1' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            14: ("'1000257\\\\cancel' is not a valid id", PATTERN),
            15: ("'1000258:1000259' is not a valid id", PATTERN),
            16: ("'1000260@host' is not a valid id", PATTERN),
            17: ("'1000261&x' is not a valid id", PATTERN),
            18: ("'1000262=x' is not a valid id", PATTERN),
            19: ("'*' is not a valid id", PATTERN),
            20: (
                "'https://api.ocamba.com/v1/hood/campaigns'... is an address, not an id",
                "write the id alone, without the rest of the address",
            ),
        },
    ),
    "other_comments.txt": Rows(
        ids={1: "1000248"},
        invalid={
            2: ("'; 1000249' holds more than ids, or ids of different kinds", _ONE_ID),
            3: ("'// 1000250' holds more than ids, or ids of different kinds", _ONE_ID),
            4: ("'-- 1000251' holds more than ids, or ids of different kinds", _ONE_ID),
        },
    ),
    "notes_without_blank.txt": Rows(
        ids={1: "1000248"},
        invalid={
            2: (
                "'#please pause' holds more than ids, or ids of different kinds",
                _BLANKS,
            ),
            3: (
                "'1000249 #sale' holds more than ids, or ids of different kinds",
                _BLANKS,
            ),
        },
    ),
    "placeholders.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        invalid={
            3: ("'NULL' is not a valid id", FILL_IN),
            4: ("'none' is not a valid id", FILL_IN),
            5: ("'NaN' is not a valid id", FILL_IN),
            6: ("'undefined' is not a valid id", FILL_IN),
            7: ("'true' is not a valid id", FILL_IN),
        },
    ),
    "ragged_rows.csv": Rows(
        ids={2: "1000248", 3: "1000249", 5: "1000251", 6: "1000252"},
        invalid={
            4: ("more cells than the 3 of the heading", QUOTE),
        },
    ),
    "repeated_header.csv": Rows(
        ids={2: "1000248", 4: "1000249"},
        invalid={
            3: ("'id' repeats the heading", DELETE),
        },
    ),
    "repeated_key.jsonl": Rows(
        ids={1: "1000248", 4: "1000252"},
        invalid={
            2: ("the key 'id' occurs more than once", KEEP_ONE),
            3: ("the key 'name' occurs more than once", KEEP_ONE),
        },
    ),
    "rounded_by_spreadsheet.csv": Rows(
        ids={4: "1000248"},
        invalid={
            2: (
                "'1234567890123450' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            3: (
                "'9876543210987600' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
        },
    ),
    "rounded_by_javascript.jsonl": Rows(
        ids={3: "1000248"},
        invalid={
            1: (
                "'123456789012345680' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            2: (
                "'223456789012345660' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
        },
    ),
    "rounded_integers.jsonl": Rows(
        ids={1: "1000248", 4: "1000249"},
        invalid={
            2: (
                "'1234567890123000' is a number rounded by a spreadsheet, not an id",
                AS_TEXT,
            ),
            3: (
                "'1000000000000000' is a number rounded by a spreadsheet, not an id",
                AS_TEXT,
            ),
        },
    ),
    "rounded_to_15_digits.csv": Rows(
        ids={2: "1000248", 6: "123456789012345"},
        invalid={
            3: (
                "'1234567890123000' is a number rounded by a spreadsheet, not an id",
                AS_TEXT,
            ),
            4: (
                "'123456789012345000' is a number rounded by a spreadsheet, not an id",
                AS_TEXT,
            ),
            5: (
                "'1000000000000000000' is a number rounded by a spreadsheet, not an id",
                AS_TEXT,
            ),
        },
    ),
    "semicolons_under_commas.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: ("'1000249;b' is not a valid id", PATTERN),
        },
    ),
    "shifted_by_a_comma.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: ("more cells than the 3 of the heading", QUOTE),
        },
    ),
    "single_quotes.jsonl": Rows(
        ids={1: "1000248", 4: "1000251"},
        invalid={
            2: ("not valid JSON", ONE_PER_LINE),
            3: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "thousands_separators.csv": Rows(
        ids={2: "1000248", 8: "1000254"},
        invalid={
            3: ("'1,000,249' has separators between its thousands", NO_SEPARATORS),
            4: ("'1.000.250' has separators between its thousands", NO_SEPARATORS),
            5: ("'1 000 251' has separators between its thousands", NO_SEPARATORS),
            6: ("\"1'000'252\" has separators between its thousands", NO_SEPARATORS),
            7: (
                "'1\\u202f000\\u202f253' has separators between its thousands",
                NO_SEPARATORS,
            ),
        },
    ),
    "too_long.txt": Rows(
        ids={1: "1000248", 5: "1000249"},
        invalid={
            2: (
                "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'... is not a valid id",
                PATTERN,
            ),
            3: (
                "'9999999999999999999999999999999999999999'... is not a valid id",
                PATTERN,
            ),
            4: (
                "'a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-'... is not a valid id",
                PATTERN,
            ),
        },
    ),
    "zeros_dates_and_ranges.csv": Rows(
        ids={2: "1000249"},
        invalid={
            3: ("'0' is zero, not an id", FILL_IN),
            4: ("'0000000000000000000' is zero, not an id", FILL_IN),
            5: ("'2024-05' is a date, not an id", AS_TEXT),
            6: ("'tammi-25' is a date, not an id", AS_TEXT),
            7: ("'inf' is not a valid id", FILL_IN),
            8: (
                "'1000248-1000260' is a range of ids, not an id",
                "write each id of it on its own",
            ),
        },
    ),
    "totals_beside_ids.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            5: (f"'2' {_A_SUM}", DELETE_OR_ANY),
            6: (f"'2000497' {_A_SUM}", DELETE_OR_ANY),
        },
    ),
    "count_without_word.csv": Rows(
        ids={2: "1000248", 3: "1000249", 4: "1000250"},
        invalid={5: (f"'3' {_A_SUM}", DELETE_OR_ANY)},
    ),
    "sum_without_word.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={4: (f"'2000497' {_A_SUM}", DELETE_OR_ANY)},
    ),
    "name_like_id_heading.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={4: ("no id", "fill it in or delete the row")},
    ),
    "cut_first_row.csv": Rows(
        ids={},
        invalid={
            2: (
                "'1000' may be cut short: the last line has no line end, and fewer cells than the rows above",
                "export again, or end the line if the row is whole",
            )
        },
    ),
    "cut_below_short_id.txt": Rows(
        ids={1: "1000248", 2: "999"},
        invalid={
            3: (
                "'10002' may be cut short: the last line has no line end, its id is shorter than others",
                "export again, or end the line if the id is whole",
            )
        },
    ),
    "line_break_in_id.csv": Rows(
        ids={2: "cmp_1000", 3: "cmp_1031", 6: "cmp_1100"},
        invalid={
            4: (
                "'cmp_10' is unlike the ids of this column, and its row may have moved cells",
                "put quotes around cells with delimiters or line breaks, or pass --any-id",
            ),
            5: (
                "'62' is short and below a row with a short id alone: a line break may have cut an id",
                "put quotes around cells with delimiters or line breaks, or pass --any-id",
            ),
        },
    ),
    "line_break_in_number.csv": Rows(
        ids={2: "1000248", 3: "1000249", 6: "1000251"},
        invalid={
            4: (
                "'1000' is unlike the ids of this column, and its row may have moved cells",
                "put quotes around cells with delimiters or line breaks, or pass --any-id",
            ),
            5: (
                "'250' is short and below a row with a short id alone: a line break may have cut an id",
                "put quotes around cells with delimiters or line breaks, or pass --any-id",
            ),
        },
    ),
    "signature_in_list.txt": Rows(
        ids={3: "1000248"},
        invalid={
            1: (
                "'Thanks' has no digit, but other ids of its column are numbers",
                "delete or correct it, or pass --any-id if it is right",
            ),
            2: (
                "'Bob' has no digit, but other ids of its column are numbers",
                "delete or correct it, or pass --any-id if it is right",
            ),
        },
    ),
    "word_below_numbers.csv": Rows(
        ids={2: "1000248"},
        invalid={
            3: (
                "'Report' has no digit, but other ids of its column are numbers",
                "delete or correct it, or pass --any-id if it is right",
            )
        },
    ),
    "rounded_by_pandas.csv": Rows(
        ids={},
        invalid={
            2: (
                "'23843000000000000' is a number rounded by a spreadsheet, not an id",
                "set the id column to Text, re-enter the ids and export again",
            ),
            3: (
                "'23843000000007920' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            4: (
                "'23843000000015840' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            5: (
                "'23843000000023760' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            6: (
                "'23843000000031676' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
            7: (
                "'23843000000039596' is a number rounded by a spreadsheet or another program, not an id",
                "set the id column to Text and export again, or pass --any-id if it is right",
            ),
        },
    ),
    "labels_below_report.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            5: (
                "'2026/11/28 10:00' holds more than an id, or a blank",
                "write the id alone",
            ),
            6: (
                "'2026/11/01 - 2026/11/27' holds more than an id, or a blank",
                "write the id alone",
            ),
            7: ("'Campaign' is a column name, not an id", "delete the row"),
            8: (
                "'5000001' is in a row with fewer cells than the heading, behind a label with a colon",
                "put quotes around cells with delimiters or line breaks, or pass --any-id",
            ),
        },
    ),
    "total_row.csv": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            4: ("'Total' is not a valid id", FILL_IN),
        },
    ),
    "trailing_point_zero.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        invalid={
            3: ("'1000249.0' has a fraction of zeros", WHOLE_NUMBER),
            4: ("'1000250,00' has a fraction of zeros", WHOLE_NUMBER),
            5: ("'1000251.' has a point behind it", "delete the point"),
        },
    ),
    "truncated.jsonl": Rows(
        ids={1: "1000248", 2: "1000249"},
        invalid={
            3: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "two_id_keys.jsonl": Rows(
        ids={1: "1000248", 4: "1000251"},
        invalid={
            2: ("more than one id column among 'id', 'campaign_id'", NAME_ONE),
            3: ("more than one id column among 'ID', 'id'", NAME_ONE),
        },
    ),
    "two_objects_per_line.jsonl": Rows(
        ids={1: "1000248", 4: "1000252"},
        invalid={
            2: ("not valid JSON", ONE_PER_LINE),
            3: ("not valid JSON", ONE_PER_LINE),
        },
    ),
    "values_not_ids.jsonl": Rows(
        ids={1: "1000248", 10: "1000252"},
        invalid={
            2: ("null is not a valid id", ONE_PER_LINE),
            3: ("true or false is not a valid id", ONE_PER_LINE),
            4: ("a list or an object is not a valid id", ONE_PER_LINE),
            5: ("a list or an object is not a valid id", ONE_PER_LINE),
            6: ("a list or an object is not a valid id", ONE_PER_LINE),
            7: ("null is not a valid id", ONE_PER_LINE),
            8: ("true or false is not a valid id", ONE_PER_LINE),
            9: ("no id", MISSING),
        },
    ),
    "whitespace_inside.txt": Rows(
        ids={1: "1000248", 8: "1000255"},
        invalid={
            2: (
                "'1000 249' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            3: (
                "'1000\\t250' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            4: (
                "'1000\\xa0251' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            5: (
                "'1000\\u3000252' holds more than an id, or a blank",
                "write the id alone",
            ),
            6: (
                "'1000\\u200b253' holds an invisible character",
                "delete the value and type it again",
            ),
            7: (
                "'1000\\xad254' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "heading_below_data.csv": Rows(
        ids={3: "1000248"},
        invalid={1: ("'1000247' stands above the heading", SKIP_TITLE)},
    ),
    "invisible_characters.csv": Rows(
        ids={2: "1000248", 6: "1000252"},
        invalid={
            3: (
                "'1000\\u200b249' holds an invisible character",
                "delete the value and type it again",
            ),
            4: (
                "'1000\\xad250' holds an invisible character",
                "delete the value and type it again",
            ),
            5: (
                "'1000251\\u200f' holds an invisible character",
                "delete the value and type it again",
            ),
        },
    ),
    "line_break_without_quotes.csv": Rows(
        ids={2: "1000248", 3: "1000249", 5: "1000250"},
        invalid={
            4: (
                "'2024' is unlike the ids of this column, and its row may have moved cells",
                QUOTE_OR_ANY,
            )
        },
    ),
    "lost_comma.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: (
                "'6' is unlike the ids of this column, and its row may have moved cells",
                QUOTE_OR_ANY,
            )
        },
    ),
    "message_with_words.txt": Rows(
        ids={2: "1000248", 3: "1000249"},
        invalid={
            1: (
                "'please pause these' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
        },
    ),
    "mail.txt": Rows(
        ids={},
        invalid={
            1: (f"'Hi' {_WORD}", _CORRECT_OR_ANY),
            2: (
                "'please pause these:' holds more than ids, or ids of different kinds",
                _ONE_ID,
            ),
            4: (
                "'1000248 - Sale DE' holds more than ids, or ids of different kinds",
                _ONE_ID,
            ),
            5: (
                "'1000249 - Sale FR' holds more than ids, or ids of different kinds",
                _ONE_ID,
            ),
            7: (f"'Thanks' {_WORD}", _CORRECT_OR_ANY),
        },
    ),
    "missing_id_cells.csv": Rows(
        ids={2: "1000248", 5: "1000249"},
        invalid={3: ("no id", MISSING), 4: ("no id", MISSING)},
    ),
    "multiline_cell_without_opening_quote.csv": Rows(
        ids={2: "1000248", 3: "1000249", 5: "1000250"},
        invalid={
            4: ("'second\"' has a closing quote without an opening quote", WHOLE_CELL)
        },
    ),
    "opening_quote_lost.csv": Rows(
        ids={2: "1000248", 4: "1000250"},
        invalid={
            3: (
                "'1000249,c, d\"' has a closing quote without an opening quote",
                WHOLE_CELL,
            )
        },
    ),
    "spreadsheet_errors.csv": Rows(
        ids={2: "1000248", 8: "1000249"},
        invalid={
            3: (
                "'#N/A' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            4: (
                "'#BEZUG!' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            5: (
                "'#NV' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            6: (
                "'Err:502' is an error of the spreadsheet, not an id",
                "correct the formula and export again",
            ),
            7: (
                "'########' is from a column too narrow to show its numbers",
                "widen the column and export again",
            ),
        },
    ),
    "stray_comma.csv": Rows(
        ids={2: "1000001", 3: "1000002", 5: "1000003"},
        invalid={
            4: (
                "'2024' is unlike the ids of this column, and its row may have moved cells",
                QUOTE_OR_ANY,
            )
        },
    ),
    "stray_comma_without_blank.csv": Rows(
        ids={2: "1000001", 3: "1000002"},
        invalid={
            4: (
                "'2024' is unlike the ids of this column, and its row may have moved cells",
                QUOTE_OR_ANY,
            )
        },
    ),
    "surplus_cell_with_id_first.csv": Rows(
        ids={2: "1000248"},
        invalid={3: ("more cells than the 2 of the heading", QUOTE)},
    ),
    "title_above_header.csv": Rows(
        ids={3: "1000248"},
        invalid={1: ("'Campaigns of May' stands above the heading", SKIP_TITLE)},
    ),
    "title_with_more_commas.csv": Rows(
        ids={3: "1000248", 4: "1000249"},
        invalid={
            1: (
                "'Report: cost, clicks, views, sales, May '... stands above the heading",
                SKIP_TITLE,
            )
        },
    ),
    "titles_and_total.csv": Rows(
        ids={5: "1000248", 6: "1000249"},
        invalid={
            1: ("'Campaign report' stands above the heading", SKIP_TITLE),
            2: ("'May 1 to 31 2026' stands above the heading", SKIP_TITLE),
            7: ("'Total' is not a valid id", FILL_IN),
        },
    ),
    "total_without_id.csv": Rows(
        ids={2: "1000248"},
        invalid={4: ("no id", MISSING)},
    ),
    "utf16_report_with_titles.csv": Rows(
        ids={4: "1000248", 5: "1000249"},
        invalid={
            1: ("'Campaign report' stands above the heading", SKIP_TITLE),
            2: ("'May 1, 2026 - May 31, 2026' stands above the heading", SKIP_TITLE),
            6: ("no id", MISSING),
        },
    ),
    "words_in_plain_list.txt": Rows(
        ids={1: "1000248", 6: "1000253"},
        invalid={
            2: (
                "'Sale 1000249' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            3: (
                "'1000250,12.50' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            4: (
                "'1000251,12' holds more than ids, or ids of different kinds",
                "write one id per line, and # before a note",
            ),
            5: (
                "'1,000,252' may be one number with separators, or several ids",
                "write each id by itself, without separators",
            ),
        },
    ),
    "words_among_numbers.csv": Rows(
        ids={2: "1000248", 3: "1000249", 4: "1000250", 5: "1000251"},
        invalid={
            6: (
                "'Endsumme' is not a number, as the ids of its column are",
                "delete or correct it, or pass --any-id if it is right",
            ),
            7: (
                "'set-26' is not a number, as the ids of its column are",
                "delete or correct it, or pass --any-id if it is right",
            ),
        },
    ),
    "dates.xlsx": Rows(
        ids={2: "1000248"},
        invalid={
            3: ("'2026-11-01' is a date, not an id", _CELL_AS_TEXT),
            4: ("'12:00:00' is a time, not an id", _CELL_AS_TEXT),
        },
    ),
    "error_cells.xlsx": Rows(
        ids={2: "1000248"},
        invalid={
            3: ("'#N/A' is an error, not an id", _MEND_FORMULA),
            4: ("'#REF!' is an error, not an id", _MEND_FORMULA),
        },
    ),
    "errors.ods": Rows(
        ids={2: "1000248"},
        invalid={
            3: ("'#N/A' is an error, not an id", _MEND_FORMULA),
            4: (
                "'42' is a number that is shown with zeros before it, not an id",
                _CELL_AS_TEXT,
            ),
            5: ("'2026-11-01' is a date, not an id", _CELL_AS_TEXT),
            6: ("'1000251' is a percentage, not an id", _CELL_AS_TEXT),
            7: ("'=' is a formula without a saved result, not an id", _SAVE_RESULTS),
        },
    ),
    "formulas_without_results.xlsx": Rows(
        ids={2: "1000248"},
        invalid={
            3: ("'=' is a formula without a saved result, not an id", _SAVE_RESULTS),
            4: ("'=' is a formula without a saved result, not an id", _SAVE_RESULTS),
            5: ("'0' is a formula without a saved result, not an id", _SAVE_RESULTS),
        },
    ),
    "infinite_number.xlsx": Rows(
        ids={2: "1000248"}, invalid={3: ("'inf' is not a valid id", FILL_IN)}
    ),
    "long_numbers.xlsx": Rows(
        ids={2: "1000248", 6: "100000000000000"},
        invalid={
            3: (f"'123456789012345680' {_MAYBE_ROUNDED}", _CELL_AS_TEXT),
            4: (f"'1000000000000000' {_MAYBE_ROUNDED}", _CELL_AS_TEXT),
            5: ("'1000249.5' is a reformatted number, not an id", AS_TEXT),
        },
    ),
    "merged_ids.xlsx": Rows(ids={2: "1000248"}, invalid={3: ("no id", MISSING)}),
    "merged_over_ids.ods": Rows(ids={2: "1000248"}, invalid={3: _HIDDEN_UNDER_MERGED}),
    "merged_over_ids.xlsx": Rows(ids={2: "1000248"}, invalid={3: _HIDDEN_UNDER_MERGED}),
    "misleading_formats.xlsx": Rows(
        ids={2: "1000248"},
        invalid={
            3: (
                "'42' is a number that is shown with zeros before it, not an id",
                _CELL_AS_TEXT,
            ),
            4: ("'1000249' is a percentage, not an id", _CELL_AS_TEXT),
            5: ("'1000250' is an amount of money, not an id", _CELL_AS_TEXT),
            6: (
                "'1000251' is a number that is shown with other characters, not an id",
                _CELL_AS_TEXT,
            ),
        },
    ),
    "truth_values.xlsx": Rows(
        ids={2: "1000248"},
        invalid={3: ("'TRUE' is a truth value, not an id", _CELL_AS_TEXT)},
    ),
}

#: Files in which rows may have been joined by quotes: what is read with --skip-invalid,
#: and the ids that are named instead.
JOINED: dict[str, tuple[dict[int, str], list[str]]] = {
    "id_of_other_kind_in_a_note.csv": (
        {3: "1000249", 4: "cmp-1002", 5: "cmp-1003"},
        ["1000248", "cmp-1001"],
    ),
    "list_in_a_note.csv": ({3: "1000251"}, ["1000248", "1000250"]),
    "quoted_id_on_two_lines.csv": ({3: "1000250"}, ["1000248\\n1000249", "1000249"]),
    "rows_in_a_cell.csv": ({3: "1000251"}, ["1000248", "1000249", "1000250"]),
    "two_quotes_lost.csv": ({3: "1000250"}, ["1000248", "1000249"]),
}

#: Unusual files that are read without an error, and their ids by row.
GOOD_ROWS: dict[str, dict[int, str]] = {
    "all_cells_quoted.csv": {2: "1000248", 3: "1000249"},
    "array_in_one_line.json": {1: "1000248", 2: "1000249"},
    "array.json": {1: "1000248", 2: "1000249"},
    "api_response_indented.json": {1: "1000248", 2: "1000249"},
    "api_response.json": {1: "1000248", 2: "1000249"},
    "bars.txt": {2: "1000248", 3: "1000249"},
    "blank_before_quote.csv": {2: "1000248", 3: "1000249"},
    "blanks_behind_commas.csv": {2: "1000248", 3: "1000249"},
    "blank_rows.csv": {5: "1000248", 8: "1000249"},
    "byte_order_mark_inside.jsonl": {1: "1000248", 2: "1000249", 3: "1000250"},
    "bullets.txt": {
        1: "1000248",
        2: "1000249",
        3: "1000250",
        4: "1000251",
        5: "1000252",
    },
    "carriage_returns.csv": {2: "1000248", 3: "1000249"},
    "colons_after_sep.csv": {2: "1000248", 3: "1000249"},
    "commas_in_plain_list.txt": {1: "1000248", 2: "1000249", 3: "1000250"},
    "commented_ids.txt": {2: "1000248", 6: "1000252"},
    "pasted_sentence.txt": {1: "1000248", 2: "1000252"},
    "sql_condition.txt": {2: "1000248", 3: "1000249"},
    "sql_values.txt": {1: "1000248", 2: "1000249"},
    "comments.txt": {3: "1000248", 5: "1000249"},
    "notes.txt": {1: "1000248", 2: "1000249", 3: "1000251"},
    "duplicates.csv": {2: "1000248", 3: "1000249"},
    "escapes.jsonl": {1: "1000248", 2: "1000249"},
    "every_character.txt": {
        1: "a",
        2: "Z9-_",
        3: "007",
        4: "10",
        5: "1_000",
        6: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        7: "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        8: "1234567890123456",
    },
    "gz_by_name_only.csv.gz": {2: "1000248", 3: "1000249"},
    "gzipped.csv.gz": {2: "1000248", 3: "1000249"},
    "gzipped_in_two_parts.csv.gz": {2: "1000248", 3: "1000249"},
    "gzipped_named_csv.csv": {2: "1000248", 3: "1000249"},
    "gzipped_utf16.csv.gz": {2: "1000248", 3: "1000249"},
    "gzipped_with_padding.csv.gz": {2: "1000248", 3: "1000249"},
    "inches.csv": {2: "1000248", 3: "1000249"},
    "indented_object.json": {1: "1000248"},
    "latin1_names.csv": {2: "1000248", 3: "1000249"},
    "database_table.txt": {4: "1000248", 5: "1000249"},
    "markdown_table.txt": {3: "1000248", 4: "1000249"},
    "jira_table.txt": {2: "1000248", 3: "1000249"},
    "line_breaks_in_cells.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "lone_carriage_returns.csv": {2: "1000248", 3: "1000249"},
    "mixed_line_ends.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "nested_array.json": {1: "1000248", 2: "1000249"},
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
    "quotes_in_plain_list.txt": {1: "1000248", 2: "1000249", 3: "1000250"},
    "quoted_list.txt": {1: "1000248", 2: "1000249", 3: "1000250"},
    "repeated_nested_keys.jsonl": {1: "1000248", 2: "1000249"},
    "semicolons.csv": {2: "1000248", 3: "1000249"},
    "sep_line.csv": {2: "1000248", 3: "1000249"},
    "separators.jsonl": {1: "1000248", 2: "1000249"},
    "separators_in_cells.csv": {2: "1000248", 3: "1000249"},
    "slack_message.txt": {2: "1000248", 3: "1000249", 5: "1000250"},
    "short_id_in_the_middle.txt": {1: "1000248", 2: "999", 3: "1000249"},
    "tabs.tsv": {2: "1000248", 3: "1000249"},
    "text_marks.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "trailing_empty_cells.csv": {2: "1000248", 3: "1000249"},
    "utf16_be.csv": {2: "1000248", 3: "1000249"},
    "utf16_le.csv": {2: "1000248", 3: "1000249"},
    "utf16_tabs.txt": {2: "1000248", 3: "1000249"},
    "utf8_byte_order_mark.csv": {2: "1000248", 3: "1000249"},
    "uuids.txt": {
        1: "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        2: "00000000-0000-4000-8000-000000000000",
        3: "9b2e1f60-1c1e-4d0a-8a52-0d6b3e1a7f11",
    },
    "whitespace_around.txt": {1: "1000248", 2: "1000249"},
    "account_before_id.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "addresses.csv": {2: "1000248", 3: "1000249"},
    "blank_rows_and_missing_cells.csv": {4: "1000248", 6: "1000249"},
    "crlf_in_cells.csv": {2: "1000248", 3: "1000249"},
    "european_excel.csv": {2: "1000248", 3: "1000249", 4: "1000250"},
    "heading_of_two_lines.tsv": {2: "1000248", 3: "1000249"},
    "long_cell.csv.gz": {2: "1000248", 3: "1000249"},
    "names_and_statuses.csv": {2: "1000248", 3: "1000249"},
    "notes_with_numbers.csv": {2: "1000248", 3: "1000249"},
    "two_byte_order_marks.csv": {2: "1000248"},
    "two_lengths_of_ids.csv": {2: "999998", 3: "999999", 4: "1000000", 5: "1000001"},
    "utf16_report.csv": {2: "1000248", 3: "1000249"},
    "long_numbers.txt": {
        1: "1234567890123450",
        2: "1234567890123457",
        3: "123456789012345681",
    },
    "missing_trailing_cells.csv": {row: str(1000246 + row) for row in range(2, 20)},
    "absolute_targets.xlsx": {2: "1000248", 3: "1000249"},
    "empty_other_sheets.xlsx": {2: "1000248", 3: "1000249"},
    "excel_shared_texts.xlsx": {4: "1000248", 5: "1000249"},
    "filter_hides_nothing.xlsx": {2: "1000248", 3: "1000249"},
    "formulas_with_results.xlsx": {2: "1000248", 3: "1000249"},
    "google_sheets.xlsx": {2: "1000248", 3: "1000249"},
    "hidden_id_column.xlsx": {2: "1000248", 3: "1000249"},
    "hidden_other_sheet.ods": {5: "1000248", 6: "1000249"},
    "hidden_other_sheets.xlsx": {2: "1000248", 3: "1000249"},
    "inline_texts.xlsx": {2: "1000248", 3: "1000249"},
    "german_excel.xlsx": {4: "1000248", 5: "1000249"},
    "german_headings.csv": {2: "1000248", 3: "1000249"},
    "libreoffice.ods": {5: "1000248", 6: "1000249"},
    "libreoffice.xlsx": {2: "1000248", 3: "1000249"},
    "no_references.xlsx": {2: "1000248", 3: "1000249"},
    "padded_in_full.xlsx": {2: "1000248", 3: "1000249"},
    "prefixed_names.xlsx": {2: "1000248", 3: "1000249"},
    "workbook_named_txt.txt": {2: "1000248", 3: "1000249"},
}

#: Lists with several ids on a line, and their ids by row.
SEVERAL_IDS_PER_ROW: dict[str, dict[int, tuple[str, ...]]] = {
    "python_list.txt": {1: ("1000248", "1000249")},
    "several_ids_per_line.txt": {1: ("1000248", "1000249", "1000250")},
}


def _bomb(line: bytes) -> bytes:
    """Compress a gigabyte of one repeated line."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(line) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(line * ((1 << 24) // len(line)))
    return head + (block + packer.flush(zlib.Z_FULL_FLUSH)) * 64


#: The line at which a bomb is detected. From 3.12 on, Python reads further ahead.
_BOMB_LINE = 409 if sys.version_info < (3, 12) else 3471
#: Files that are too large to keep, and the message.
LARGE: dict[str, tuple[bytes, str]] = {
    "bomb_of_one_id.txt.gz": (
        _bomb(b"1000248".ljust(9_999) + b"\n"),
        (
            f"at line {_BOMB_LINE} it is compressed too tightly for a list of ids; "
            "decompress and check it first"
        ),
    ),
    "bomb_of_zeros.csv.gz": (
        _bomb(b"\0"),
        f"line 1 {_NUL}",
    ),
    "endless_line.txt": (
        b"1000248\n" + b"1000249 " * (1 << 19),
        "line 2 is too long; write one row per line",
    ),
    "wide_cell.csv": (
        b"id,note\n1000248,a\n1000249,%s\n" % (b"x" * ((1 << 20) + 1)),
        (
            "row 3: field larger than field limit (1048576); "
            f"{_FIND_QUOTE}, or shorten the cell"
        ),
    ),
}
