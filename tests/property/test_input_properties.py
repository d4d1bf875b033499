import csv
import gzip
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, dropwhile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkpause.ids import QUOTATION_MARKS, WHITESPACE, why_invalid
from bulkpause.inputs.columns import has_column
from bulkpause.inputs.delimiter import detect_delimiter, has_heading_below
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.reader import (
    detect_format,
    find_first_row,
    load_input,
    read,
)
from bulkpause.inputs.table import ReadError, Table
from bulkpause.model import InvalidRow, Item
from bulkpause.plan import Plan, make_plan
from tests.support.input_lines import open_lines
from tests.support.nightly import IS_NIGHTLY


IDS = st.one_of(
    st.integers(1, 9_999_999).map(str),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True).filter(
        lambda id_: why_invalid(id_) is None
    ),
)
#: No text of these characters looks like an id, even at the start of a line.
CELLS = st.text(alphabet="ä \"',;|\t#\n=€", max_size=8)
#: Cells of several lines as people write them: addresses, notes with numbers.
MULTILINE_CELLS = st.lists(
    st.sampled_from(["Main St. 5", "see 1000249", "1000777", "(5 €)", "", '5" or 7"']),
    max_size=4,
).map("\n".join)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
COMPRESSIONS = st.sampled_from([bytes, gzip.compress])
pytestmark = [
    pytest.mark.timeout(3600 if IS_NIGHTLY else 300),
    pytest.mark.unmeasured,
]
MANY = settings(deadline=None, max_examples=20_000 if IS_NIGHTLY else 200)
FUZZED = settings(deadline=None, max_examples=20_000 if IS_NIGHTLY else 500)


def plan_of(data: bytes, name: str) -> Plan:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_bytes(data)
        with open_lines(str(path)) as lines:
            return make_plan(read(lines, name=str(path), layout=Layout()))


def csv_cell(cell: str, *, always: bool) -> str:
    if always or set(cell) & set(',;|\t\n\r"'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@st.composite
def tables(draw: st.DrawFn, ids: st.SearchStrategy[str] = IDS) -> list[list[str]]:
    """Draw the cells of a CSV with its header. A row without cells is a blank row."""
    width = draw(st.integers(1, 4))
    column = draw(st.integers(0, width - 1))
    header = draw(
        st.sampled_from(["id", "Campaign ID", " campaignId ", "Campaign\nId"])
    )
    others = ["name", "spend\n(€)", 'a "b", c']
    table = [[*others[:column], header, *others[column : width - 1]]]
    for id_ in draw(st.lists(ids, min_size=1, max_size=12)):
        if draw(st.booleans()):
            table.append([])
        cells = draw(st.lists(CELLS, min_size=width - 1, max_size=width - 1))
        table.append([*cells[:column], id_, *cells[column:]])
    return table


def csv_text(
    table: Sequence[Sequence[str]], delimiter: str, line_end: str, *, always: bool
) -> str:
    lines = (
        delimiter.join(csv_cell(cell, always=always) for cell in cells)
        for cells in table
    )
    return "".join(line + line_end for line in lines)


@pytest.mark.slow
@MANY
@given(
    tables(),
    st.sampled_from(",;\t|"),
    LINE_ENDS,
    ENCODINGS,
    COMPRESSIONS,
    st.booleans(),
)
def test_csv_round_trips(
    table: list[list[str]],
    delimiter: str,
    line_end: str,
    encoding: str,
    compress: Callable[[bytes], bytes],
    always: bool,
) -> None:
    text = csv_text(table, delimiter, line_end, always=always)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ids.csv")
        path.write_bytes(compress(text.encode(encoding)))
        with open_lines(str(path)) as lines:
            rows = list(read(lines, name=str(path), layout=Layout()))
    column = next(
        index
        for index, cell in enumerate(table[0])
        if "id" in cell.casefold().split()[-1]
    )
    assert [(row.row, row.id) for row in rows if isinstance(row, Item)] == [
        (row, cells[column]) for row, cells in enumerate(table, 1) if row > 1 and cells
    ]
    assert not any(isinstance(row, InvalidRow) for row in rows)


@st.composite
def reports(draw: st.DrawFn) -> tuple[list[list[str]], dict[int, str]]:
    """Draw titles, a table with missing trailing cells, and a total; and its ids."""
    titles = draw(st.lists(st.sampled_from([["Report"], ["May, all", "x"], []])))
    first, last = draw(st.permutations(["spend", "note\n(all)"]))
    before = [first] if draw(st.booleans()) else []
    table = [*titles, [*before, "Campaign ID", "Name", last]]
    ids: dict[int, str] = {}
    for number in draw(st.lists(st.integers(1_000_000, 9_999_999), max_size=8)):
        # A short row whose id is not first may have lost a delimiter.
        fewest = 2 if before else 0
        others = st.lists(MULTILINE_CELLS, min_size=fewest, max_size=2)
        cells = [str(number), *draw(others)]
        table.append([*("1.5" for _ in before), *cells])
        ids[len(table)] = str(number)
    return [*table, ["Total", *("" for _ in before), "9.5"]], ids


@pytest.mark.slow
@MANY
@given(reports(), st.sampled_from(",;\t|"), LINE_ENDS, st.booleans())
def test_report_ids_are_read_and_its_other_rows_named(
    report: tuple[list[list[str]], dict[int, str]],
    delimiter: str,
    line_end: str,
    always: bool,
) -> None:
    table, ids = report
    text = csv_text(table, delimiter, line_end, always=always)
    lines = io.StringIO(text, newline=None)
    first = next(row for row, cells in enumerate(table, 1) if cells)
    heading = next(row for row, cells in enumerate(table, 1) if "Name" in cells)
    rows = list(read(lines, name="a.csv", layout=Layout()))
    assert {row.row: row.id for row in rows if isinstance(row, Item)} == ids
    titles = {row for row in range(first, heading) if table[row - 1]}
    invalid = [row.row for row in rows if isinstance(row, InvalidRow)]
    assert invalid == sorted({*titles, len(table)})


@pytest.mark.slow
@MANY
@given(
    st.lists(st.one_of(IDS, st.just("")), min_size=1),
    LINE_ENDS,
    ENCODINGS,
    COMPRESSIONS,
)
def test_plain_list_round_trips(
    ids: list[str], line_end: str, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    ids[0] = ids[0] or "1000248"
    text = line_end.join(ids)
    plan = plan_of(compress(text.encode(encoding)), "ids.txt")
    assert [(item.id, item.row) for item in plan.items] == first_occurrences(ids)


@pytest.mark.slow
@MANY
@given(st.data(), st.lists(IDS, min_size=1), LINE_ENDS, ENCODINGS, COMPRESSIONS)
def test_json_lines_round_trip(
    data: st.DataObject,
    ids: list[str],
    line_end: str,
    encoding: str,
    compress: Callable[[bytes], bytes],
) -> None:
    text = line_end.join(data.draw(json_lines(id_)) for id_ in ids)
    plan = plan_of(compress(text.encode(encoding)), "ids.jsonl")
    assert [(item.id, item.row) for item in plan.items] == first_occurrences(ids)
    assert not plan.invalid_rows


@MANY
@given(
    st.lists(IDS, min_size=1),
    st.sampled_from(["", "items", "data.items"]),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    ENCODINGS,
)
def test_json_array_round_trips(
    ids: list[str], path: str, indent: int | None, is_nested: bool, encoding: str
) -> None:
    value: object = [{"campaign": {"id": id_}} if is_nested else id_ for id_ in ids]
    for key in reversed(path.split(".") if path else []):
        value = {"total": len(ids), key: value}
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "ids.json")
        file.write_bytes(json.dumps(value, indent=indent).encode(encoding))
        layout = Layout(column="campaign.id" if is_nested else None, takes_any_id=True)
        table = load_input(str(file), layout).table
    assert table.error is None
    assert table.rows == [Item(id=id_, row=row) for row, id_ in enumerate(ids, 1)]


LISTED_IDS = st.integers(1_000_000, 9_999_999).map(str)
BULLETS = st.sampled_from(["", "- ", "\N{BULLET} ", "* ", "7. ", "3) "])
QUOTES = st.sampled_from(["{}", '"{}"', "'{}'", "`{}`"])


@MANY
@given(
    st.lists(st.lists(LISTED_IDS, min_size=1, max_size=5), min_size=2),
    st.sampled_from([",", ", ", "; ", " ", "\t"]),
    BULLETS,
    QUOTES,
    st.sampled_from(["", ","]),
)
def test_pasted_list_round_trips(
    lines: list[list[str]], separator: str, bullet: str, quotes: str, end: str
) -> None:
    texts = [bullet + separator.join(map(quotes.format, ids)) + end for ids in lines]
    # Lines with tabs or as many ids may be a table, unless the user says that they are
    # a list.
    may_be_table = separator == "\t" or len(set(map(len, lines[:-1]))) == 1
    layout = Layout(format=Format.LINES if may_be_table else None)
    rows = list(read(iter([f"{text}\n" for text in texts]), name="-", layout=layout))
    assert [(row.row, row.id if isinstance(row, Item) else row) for row in rows] == [
        (row, id_) for row, ids in enumerate(lines, 1) for id_ in ids
    ]


@st.composite
def json_lines(draw: st.DrawFn, id_: str) -> str:
    value: str | int = id_
    if id_.isdecimal() and str(int(id_)) == id_ and draw(st.booleans()):
        value = int(id_)
    if draw(st.booleans()):
        return json.dumps(value)
    return json.dumps(
        {"name": draw(st.text()), draw(st.sampled_from(["id", "ID"])): value}
    )


def first_occurrences(ids: Sequence[str]) -> list[tuple[str, int]]:
    return [
        (id_, row)
        for row, id_ in enumerate(ids, 1)
        if id_ and id_ not in ids[: row - 1]
    ]


@MANY
@given(st.data(), tables(st.integers(1_000_000, 9_999_999).map(str)), st.booleans())
def test_added_or_lost_quote_never_hides_rows(
    data: st.DataObject, table: list[list[str]], always: bool
) -> None:
    text = csv_text(table, ",", "\n", always=always)
    position = data.draw(st.integers(0, len(text)))
    is_quote = text[position : position + 1] == '"'
    text = text[:position] + ('"' * (not is_quote)) + text[position + is_quote :]
    lines = io.StringIO(text, newline=None)
    try:
        rows = list(read(lines, name="a.csv", layout=Layout()))
    except ReadError:
        return
    ids = {cell for cells in table for cell in cells if cell.isdecimal()}
    read_ids = {row.id for row in rows if isinstance(row, Item)}
    assert len(ids - read_ids) <= sum(isinstance(row, InvalidRow) for row in rows)
    assert read_ids <= ids


@MANY
@given(st.data(), tables(st.integers(1_000_000, 9_999_999).map(str)), st.booleans())
def test_two_lost_quotes_never_hide_rows_silently(
    data: st.DataObject, table: list[list[str]], always: bool
) -> None:
    text = csv_text(table, ",", "\n", always=always)
    for _ in range(2):
        quotes = [index for index, char in enumerate(text) if char == '"']
        if quotes:
            lost = data.draw(st.sampled_from(quotes))
            text = text[:lost] + text[lost + 1 :]
    lines = io.StringIO(text, newline=None)
    try:
        rows = list(read(lines, name="a.csv", layout=Layout()))
    except ReadError:
        return
    ids = {cell for cells in table for cell in cells if cell.isdecimal()}
    read_ids = {row.id for row in rows if isinstance(row, Item)}
    assert read_ids <= ids
    # The command line also refuses a file without rows.
    is_reported = not rows or any(isinstance(row, InvalidRow) for row in rows)
    assert is_reported or read_ids == ids


TOKENS = [
    *(b"\n", b"\r\n", b"\r", b",", b";", b"\t", b"|", b'"', b'""', b"#", b" ", b"\0"),
    *(b"id", b"campaign_id", b"name", b"sep=;", b"1000248", b"1E17", b"abc", b"\xff"),
    *(b"{", b"}", b"[", b"]", b":", b'{"id": ', b'"x": 1', b"1.5", b"null", b"NaN"),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x1f\x8b",
        b"\xe2\x80\xa8",
        b"\\u0031",
    ),
]
ANY_BYTES = st.one_of(
    st.binary(), st.lists(st.sampled_from(TOKENS), max_size=30).map(b"".join)
)
SUFFIXES = st.sampled_from(["ids.csv", "ids.tsv", "ids.jsonl", "ids.txt", "ids.csv.gz"])


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """Draw a valid file with a few bytes replaced, added or removed."""
    text = draw(
        st.one_of(
            st.builds(
                csv_text,
                tables(),
                st.sampled_from(",;\t|"),
                LINE_ENDS,
                always=st.booleans(),
            ),
            st.lists(IDS, min_size=1).map("\n".join),
            st.lists(IDS.flatmap(json_lines), min_size=1).map("\n".join),
        )
    )
    data = text.encode(draw(ENCODINGS))
    for _ in range(draw(st.integers(1, 3))):
        start, removed = draw(st.integers(0, len(data))), draw(st.integers(0, 3))
        inserted = draw(st.sampled_from([b"", *TOKENS]))
        data = data[:start] + inserted + data[start + removed :]
    return data


@pytest.mark.slow
@FUZZED
@given(ANY_BYTES | edited(), SUFFIXES, COMPRESSIONS)
@example(b"\xef\xbb", "ids.csv", bytes)
def test_arbitrary_bytes_are_counted_or_refused(
    data: bytes, name: str, compress: Callable[[bytes], bytes]
) -> None:
    rows = read_or_error(compress(data), name)
    if isinstance(rows, ReadError):
        assert str(rows).isprintable()
        assert "; " in str(rows)
        return
    text = text_of(data)
    numbers = [row.row for row in rows]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == count_rows(text, name)
    assert all(is_plausible(row, text) for row in rows)


def is_plausible(row: Item | InvalidRow, text: str) -> bool:
    """Return whether an id occurs in the text, and an invalid row can be printed."""
    if isinstance(row, Item):
        return why_invalid(row.id) is None and (row.id in text or "\\u" in text)
    return str(row).isprintable() and row.remedy != ""


def read_or_error(data: bytes, name: str) -> list[Item | InvalidRow] | ReadError:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_bytes(data)
        try:
            with open_lines(str(path)) as lines:
                return list(read(lines, name=str(path), layout=Layout()))
        except ReadError as error:
            return error


def text_of(data: bytes) -> str:
    is_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if is_utf_16 else "utf-8-sig"
    text = data.decode(encoding, "strict" if is_utf_16 else "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def count_rows(text: str, name: str) -> int:
    """Count the rows of a text without the code that reads them."""
    lines = list(io.StringIO(text, newline="\n"))
    unread = iter(lines)
    _, first_line = find_first_row(unread, None, Table())
    format_ = detect_format(name, first_line)
    below: Iterator[str] = chain([first_line], unread)
    if format_ is Format.LINES and first_line:
        is_csv, below = has_heading_below(below, None)
        format_ = Format.CSV if is_csv else format_
    if format_ is Format.CSV:
        delimiter, _ = detect_delimiter(below, None)
        return count_csv_rows(lines, delimiter)
    is_list = format_ is Format.LINES
    # Code is often pasted between lines of backticks.
    around = QUOTATION_MARKS if is_list else ""
    return sum(
        not is_blank(line.strip(WHITESPACE + around))
        and not (is_list and is_comment(line))
        for line in dropwhile(is_blank_or_comment, lines)
    )


def count_csv_rows(lines: list[str], delimiter: str) -> int:
    table = list(csv.reader(lines, delimiter=delimiter))
    filled = [cells for cells in table if not is_blank("".join(cells))]
    assert any(has_column(cells, None) for cells in filled)
    # The heading is no row; titles above it are.
    return len(filled) - 1


def is_blank_or_comment(line: str) -> bool:
    return is_blank(line, ",;\t|") or is_comment(line)


def is_blank(line: str, delimiters: str = "") -> bool:
    return not line.strip(WHITESPACE + delimiters)


def is_comment(line: str) -> bool:
    text = line.strip(WHITESPACE)
    return text == "#" or bool(re.match(rf"#+[{WHITESPACE}]", text))


@settings(deadline=None)
@given(st.lists(IDS, min_size=1), st.integers(0))
def test_flipped_bit_never_changes_ids_silently(ids: list[str], bit: int) -> None:
    compressed = bytearray(gzip.compress("\n".join(["id", *ids]).encode(), mtime=0))
    # The first ten bytes are the gzip header, which has no checksum.
    bit = 80 + bit % (len(compressed) * 8 - 80)
    compressed[bit // 8] ^= 1 << bit % 8
    try:
        plan = plan_of(bytes(compressed), "ids.csv")
    except ReadError:
        return
    assert [item.id for item in plan.items] == list(dict.fromkeys(ids))
