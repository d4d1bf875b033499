"""What is skipped in exporting a log changes no byte of the export."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkpause._csv import csv_of_columns, csv_text
from bulkpause._repeated import Repeated, of_each
from bulkpause.journal.codec import UndoMark, encode
from bulkpause.journal.reader import latest_columns, latest_records, read_log
from bulkpause.model import Columns, Record, columns_of
from bulkpause.report.export import COLUMNS, FIELDS, as_csv, as_jsonl, blocks
from bulkpause.vocabulary import Status
from tests.property.test_brief_reading import (
    MANY,
    NEARLY_USUAL,
    PAUSED_AT_ONCE,
    records,
    unsealed,
)
from tests.support.log_records import with_ids


pytestmark = pytest.mark.unmeasured
STATUSES = frozenset(Status)
MARK = encode(UndoMark(undone_by="undo.jsonl", run_id="b", at="2026-07-01T08:00:00Z"))
#: Texts that need quotes, are cleaned, or look like a part of a line.
ODD_TEXTS = [
    "=1",
    "a;=1",
    "a,",
    'a"b',
    "a\rb",
    " a",
    "a ",
    "a  b",
    "a\\",
    "ö",
    "\u2028",
    "",
]
texts = st.none() | st.sampled_from(["sale", *ODD_TEXTS]) | st.text(max_size=4)


def rows_of(found: Iterable[Columns]) -> list[tuple[object, ...]]:
    return [row for columns in found for row in zip(*columns, strict=True)]


@MANY
@given(
    st.integers(0, 258),
    st.lists(
        st.tuples(st.sampled_from(NEARLY_USUAL) | records, st.integers(0, 4)),
        max_size=6,
    ),
)
def test_columns_of_a_log_are_those_of_its_records(
    usual: int, odd: list[tuple[Record, int]]
) -> None:
    lines = [encode(one) for one in with_ids(PAUSED_AT_ONCE, range(usual))]
    for record, at in odd:
        line = encode(record)
        lines.insert(at, line if at else unsealed(line) + b"\n")
    lines.insert(usual // 2, MARK)
    with TemporaryDirectory() as folder:
        log = Path(folder, "log.jsonl")
        log.write_bytes(b"".join(lines))
        loaded = read_log(log)
        expected = columns_of(latest_records(log, loaded), FIELDS)
        found = latest_columns(log, loaded, STATUSES, FIELDS)
        assert rows_of(found) == rows_of(expected)


def test_fields_in_an_order_by_hand_are_told_apart(tmp_path: Path) -> None:
    fields = orjson.loads(unsealed(encode(replace(PAUSED_AT_ONCE, name="sale,"))))
    name, row = fields.pop("name"), fields.pop("row")
    log = tmp_path / "log.jsonl"
    # A comma at the end of a text makes up for the checksum that is missing.
    first, version = {"id": fields.pop("id"), "name": name}, fields.pop("v")
    log.write_bytes(orjson.dumps({**first, **fields, "v": version, "row": row}))
    found = rows_of(latest_columns(log, read_log(log), STATUSES, ["name", "row"]))
    assert found == [("sale,", 1)]


@MANY
@given(st.lists(st.tuples(texts, st.none() | st.integers(), texts), min_size=1))
@example([("a,b", 1, None), ("a", 2, '"')])
def test_columns_are_written_as_rows(
    rows: list[tuple[str | None, int | None, str | None]],
) -> None:
    assert csv_of_columns(list(zip(*rows, strict=True))) == csv_text(rows)


columns = st.lists(
    st.lists(texts, min_size=3, max_size=3) | st.builds(Repeated, texts, st.just(3)),
    min_size=len(COLUMNS),
    max_size=len(COLUMNS),
)


@pytest.mark.parametrize("write", [as_csv, as_jsonl])
@MANY
@given(columns)
def test_repeated_values_are_written_as_others(
    write: Callable[[Iterable[Columns]], Iterator[str]], block: Columns
) -> None:
    one_by_one = [list(column) for column in block]
    assert "".join(write([block])) == "".join(write([one_by_one]))


@given(texts, st.integers(1, 9), st.integers(-9, 8))
def test_repeated_value_is_read_as_a_list(
    value: str | None, count: int, index: int
) -> None:
    column, values = Repeated(value, count), [value] * count
    assert list(column) == values
    assert (len(column), value in column) == (count, True)
    assert list(column[index:]) == values[index:]
    assert of_each(column, repr)[-1] == repr(value)


@pytest.mark.parametrize("write", [as_csv, as_jsonl])
@MANY
@given(found=st.lists(texts, min_size=1, max_size=5))
def test_texts_are_cleaned_together_as_alone(
    write: Callable[[Iterable[Columns]], Iterator[str]], found: list[str | None]
) -> None:
    named = [Record(id="1", name=name, status=Status.PAUSED) for name in found]

    def written(some: list[Record]) -> list[str]:
        exported = blocks(columns_of(some, FIELDS), [], STATUSES, log_of_run={})
        return "".join(write(exported)).split("\n")[write is as_csv : -1]

    assert written(named) == [line for one in named for line in written([one])]
