import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from itertools import dropwhile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkpause.errors import InputError
from bulkpause.ids import BLANK, fault_of
from bulkpause.inputs.files import opened
from bulkpause.inputs.reader import Format, Layout, Source, read
from bulkpause.model import InvalidRow, Item
from bulkpause.plan import Plan, make_plan
from tests.support.nightly import IS_NIGHTLY


IDS = st.one_of(
    st.integers(0, 9_999_999).map(str),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True).filter(
        lambda id_: fault_of(id_) is None
    ),
)
#: No text of these characters looks like an id, were a line to begin with it.
CELLS = st.text(alphabet="ä \"',;|\t#\n=€", max_size=8)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
PACKINGS = st.sampled_from([bytes, gzip.compress])
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
        with opened(str(path)) as lines:
            return make_plan(read(lines, name=str(path), layout=Layout()).rows)


def quoted(cell: str, *, always: bool) -> str:
    if always or set(cell) & set(',;|\t\n\r"'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@st.composite
def tables(draw: st.DrawFn, ids: st.SearchStrategy[str] = IDS) -> list[list[str]]:
    """Draw the cells of a CSV, header and all; no cells are a blank row."""
    width = draw(st.integers(1, 4))
    column = draw(st.integers(0, width - 1))
    heading = draw(
        st.sampled_from(["id", "Campaign ID", " campaignId ", "Campaign\nId"])
    )
    others = ["name", "spend\n(€)", 'a "b", c']
    table = [[*others[:column], heading, *others[column : width - 1]]]
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
        delimiter.join(quoted(cell, always=always) for cell in cells) for cells in table
    )
    return "".join(line + line_end for line in lines)


@MANY
@given(
    tables(), st.sampled_from(",;\t|"), LINE_ENDS, ENCODINGS, PACKINGS, st.booleans()
)
def test_a_csv_is_read_back_id_for_id_and_row_for_row(
    table: list[list[str]],
    delimiter: str,
    line_end: str,
    encoding: str,
    pack: Callable[[bytes], bytes],
    always: bool,
) -> None:
    text = csv_text(table, delimiter, line_end, always=always)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ids.csv")
        path.write_bytes(pack(text.encode(encoding)))
        with opened(str(path)) as lines:
            found = list(read(lines, name=str(path), layout=Layout()).rows)
    column = next(
        at for at, cell in enumerate(table[0]) if "id" in cell.casefold().split()[-1]
    )
    assert found == [
        Item(id=cells[column], row=row)
        for row, cells in enumerate(table, 1)
        if row > 1 and cells
    ]


@MANY
@given(
    st.lists(st.one_of(IDS, st.just("")), min_size=1), LINE_ENDS, ENCODINGS, PACKINGS
)
def test_a_plain_list_is_read_back_id_for_id_and_row_for_row(
    ids: list[str], line_end: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    ids[0] = ids[0] or "1000248"
    text = line_end.join(ids)
    plan = plan_of(pack(text.encode(encoding)), "ids.txt")
    assert [(item.id, item.row) for item in plan.items] == firsts(ids)


@MANY
@given(st.data(), st.lists(IDS, min_size=1), LINE_ENDS, ENCODINGS, PACKINGS)
def test_json_lines_are_read_back_id_for_id_and_row_for_row(
    data: st.DataObject,
    ids: list[str],
    line_end: str,
    encoding: str,
    pack: Callable[[bytes], bytes],
) -> None:
    text = line_end.join(data.draw(json_lines(id_)) for id_ in ids)
    plan = plan_of(pack(text.encode(encoding)), "ids.jsonl")
    assert [(item.id, item.row) for item in plan.items] == firsts(ids)
    assert not plan.problems


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


def firsts(ids: Sequence[str]) -> list[tuple[str, int]]:
    return [
        (id_, row)
        for row, id_ in enumerate(ids, 1)
        if id_ and id_ not in ids[: row - 1]
    ]


@MANY
@given(st.data(), tables(st.integers(1_000_000, 9_999_999).map(str)), st.booleans())
def test_a_quote_more_or_less_swallows_no_row(
    data: st.DataObject, table: list[list[str]], always: bool
) -> None:
    text = csv_text(table, ",", "\n", always=always)
    at = data.draw(st.integers(0, len(text)))
    is_quote = text[at : at + 1] == '"'
    text = text[:at] + ('"' * (not is_quote)) + text[at + is_quote :]
    lines = io.StringIO(text, newline=None)
    try:
        found = list(read(lines, name="a.csv", layout=Layout()).rows)
    except InputError:
        return
    ids = {cell for cells in table for cell in cells if cell.isdecimal()}
    lost = ids - {row.id for row in found if isinstance(row, Item)}
    assert len(lost) <= sum(isinstance(row, InvalidRow) for row in found)
    assert {row.id for row in found if isinstance(row, Item)} <= ids


@MANY
@given(st.data(), tables(st.integers(1_000_000, 9_999_999).map(str)), st.booleans())
def test_two_lost_quotes_hide_no_row_without_a_word(
    data: st.DataObject, table: list[list[str]], always: bool
) -> None:
    text = csv_text(table, ",", "\n", always=always)
    for _ in range(2):
        quotes = [at for at, character in enumerate(text) if character == '"']
        if quotes:
            at = data.draw(st.sampled_from(quotes))
            text = text[:at] + text[at + 1 :]
    lines = io.StringIO(text, newline=None)
    try:
        found = list(read(lines, name="a.csv", layout=Layout()).rows)
    except InputError:
        return
    ids = {cell for cells in table for cell in cells if cell.isdecimal()}
    read_ids = {row.id for row in found if isinstance(row, Item)}
    assert read_ids <= ids
    # A file without rows is refused, too.
    is_told = not found or any(isinstance(row, InvalidRow) for row in found)
    assert is_told or read_ids == ids


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
    """Draw a good file in which a few bytes are others, too many, or gone."""
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
        at, gone = draw(st.integers(0, len(data))), draw(st.integers(0, 3))
        data = data[:at] + draw(st.sampled_from([b"", *TOKENS])) + data[at + gone :]
    return data


@FUZZED
@given(ANY_BYTES | edited(), SUFFIXES, PACKINGS)
@example(b"\xef\xbb", "ids.csv", bytes)
def test_any_bytes_at_all_are_read_and_accounted_for_or_refused(
    data: bytes, name: str, pack: Callable[[bytes], bytes]
) -> None:
    try:
        source, rows = source_of(pack(data), name)
    except InputError as error:
        source, rows, refused = None, [], str(error)
    else:
        refused = "; "
    assert refused.isprintable()
    assert "; " in refused
    if source is not None:
        text = text_of(data)
        assert len(rows) == rows_in(text, source)
        assert [row.row for row in rows] == sorted({row.row for row in rows})
        assert all(is_as_it_should(row, text) for row in rows)


def is_as_it_should(row: Item | InvalidRow, text: str) -> bool:
    """Tell whether an id stands in the text, and a problem can be printed."""
    if isinstance(row, Item):
        return fault_of(row.id) is None and (row.id in text or "\\u" in text)
    return str(row).isprintable() and row.remedy != ""


def source_of(data: bytes, name: str) -> tuple[Source, list[Item | InvalidRow]]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_bytes(data)
        with opened(str(path)) as lines:
            source = read(lines, name=str(path), layout=Layout())
            return source, list(source.rows)


def text_of(data: bytes) -> str:
    is_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if is_utf_16 else "utf-8-sig"
    text = data.decode(encoding, "strict" if is_utf_16 else "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def rows_in(text: str, source: Source) -> int:
    """Count the rows of a text by other means than those that are judged here."""
    lines = list(io.StringIO(text, newline="\n"))
    if source.format is Format.CSV:
        return csv_rows_in(lines, source)
    head = list(
        dropwhile(lambda line: is_blank(line, ",;\t|") or is_remark(line), lines)
    )
    is_list = source.format is Format.LINES
    return sum(
        not is_blank(line) and not (is_list and is_remark(line)) for line in head
    )


def csv_rows_in(lines: list[str], source: Source) -> int:
    assert source.delimiter is not None
    assert source.column is not None
    table = list(csv.reader(lines, delimiter=source.delimiter))
    column = source.column
    heading = next(
        at
        for at, cells in enumerate(table)
        if column in [cell.strip(BLANK) for cell in cells]
    )
    return sum(not is_blank("".join(cells)) for cells in table[heading + 1 :])


def is_blank(line: str, marks: str = "") -> bool:
    return not line.strip(BLANK + marks)


def is_remark(line: str) -> bool:
    text = line.strip(BLANK)
    return text.startswith("#") and fault_of(text[1:]) is not None


@settings(deadline=None)
@given(st.lists(IDS, min_size=1), st.integers(0))
def test_a_packed_list_with_a_flipped_bit_never_passes_as_another(
    ids: list[str], at: int
) -> None:
    packed = bytearray(gzip.compress("\n".join(["id", *ids]).encode(), mtime=0))
    at = 80 + at % (len(packed) * 8 - 80)  # the first ten bytes are no data
    packed[at // 8] ^= 1 << at % 8
    try:
        plan = plan_of(bytes(packed), "ids.csv")
    except InputError:
        return
    assert [item.id for item in plan.items] == list(dict.fromkeys(ids))
