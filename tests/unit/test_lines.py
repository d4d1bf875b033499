"""The lines of both files: written, read, and refused when they are damaged."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import LogError
from bulkpause.lines import (
    IDS_A_LINE,
    Answered,
    Entry,
    Header,
    Sent,
    decode_entries,
    decode_records,
    encode,
    encode_plan,
)
from bulkpause.model import Action, Item, Record, Status


AT = "2026-07-01T08:00:00.000Z"
RECORD = Record(
    id="1001",
    status=Status.PAUSED,
    http_status=204,
    history=({"http_status": 500, "trace_id": None, "error": None, "at": AT},),
    row=1,
    request_id="run-1",
    started_at=AT,
    finished_at=AT,
    run_id="run",
)
HEADER = Header(run="run", base_url="https://a", digest="d", planned=1, boot_id="b")
SENT = Sent(sent="1001", action=Action.PAUSE, request_id="run-1", at=AT, clock_s=12.5)
ANSWERED = Answered(
    answered="1001",
    request_id="run-1",
    http_status=500,
    trace_id="t",
    error=None,
    is_doubtful=True,
)
texts = st.none() | st.text()


def lines_of(*values: Record | Header | Sent | Answered) -> list[bytes]:
    return [encode(value)[:-1] for value in values]


@given(
    st.builds(
        Record,
        id=texts,
        status=st.sampled_from(Status),
        title=texts,
        message=texts,
        error=texts,
        attempts=st.integers(0, 99),
    )
)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    line = encode(record)
    assert line.count(b"\n") == 1
    assert list(decode_records([line[:-1]], "log")) == [record]


def test_all_records_have_the_same_keys_in_the_documented_order() -> None:
    keys = (
        "id status http_status trace_id title message error campaign_status attempts "
        "history reason row request_id latency_ms started_at finished_at run_id"
    )
    for record in (RECORD, Record(id=None, status=Status.INVALID)):
        assert list(orjson.loads(encode(record))) == keys.split()


@pytest.mark.parametrize("entry", [HEADER, SENT, ANSWERED])
def test_an_entry_is_read_as_it_was_written(entry: Header | Sent | Answered) -> None:
    assert list(decode_entries(lines_of(entry), "log.wal")) == [entry]


@pytest.mark.parametrize(
    "count", [0, 1, IDS_A_LINE - 1, IDS_A_LINE, IDS_A_LINE + 1, 3 * IDS_A_LINE]
)
def test_a_plan_is_read_as_it_was_written(count: int) -> None:
    items = [Item(id=str(n), row=n) for n in range(count)]
    lines = list(encode_plan(items))
    assert len(lines) == -(-count // IDS_A_LINE)
    read: list[Entry] = list(decode_entries([line[:-1] for line in lines], "log.wal"))
    assert [item for entry in read if isinstance(entry, tuple) for item in entry] == (
        items
    )


DAMAGE = [
    b"",
    b"\0\0\0",
    b"{",
    b"{}",
    b"[]",
    b"null",
    b"12",
    b'"run"',
    b'["planned"]',
    b'{"unheard":1}',
    b"\xff\xfe",
    b"[" * 5000,
    lines_of(RECORD)[0][:-5],
    lines_of(RECORD)[0] + lines_of(RECORD)[0],
]
BAD_RECORDS: list[dict[str, object]] = [
    {"status": "pawsed"},
    {"history": None},
    {"history": [1]},
    {"history": [{"other": 1}]},
    {"history": [{"at": "yesterday"}]},
    {"id": 1001},
    {"run_id": 5},
    {"finished_at": "2026-07-01T08:00:00"},
    {"started_at": "2026-13-01T08:00:00Z"},
    {"finished_at": 12},
    {"extra": 1},
]


@pytest.mark.parametrize(
    "line",
    [
        *DAMAGE,
        *(orjson.dumps({**orjson.loads(encode(RECORD)), **bad}) for bad in BAD_RECORDS),
    ],
)
def test_a_line_that_is_no_record_is_named(line: bytes) -> None:
    with pytest.raises(LogError, match="log: line 2 is damaged"):
        list(decode_records([*lines_of(RECORD), line], "log"))


@pytest.mark.parametrize(
    "line",
    [
        *DAMAGE,
        b'{"run":"r"}',
        encode(HEADER).replace(b'"version":1', b'"version":2'),
        encode(HEADER).replace(b'"version":1', b'"version":0'),
        encode(HEADER).replace(b'"run":"run"', b'"run":5'),
        encode(SENT).replace(b'"pause"', b'"cancel"'),
        encode(SENT).replace(b'"1001"', b"1001"),
        encode(SENT).replace(b"2026", b"20x6"),
        b'{"planned":[["1001"]]}',
        b'{"planned":[[1001,1]]}',
        b'{"planned":5}',
        b'{"answered":"1001"}',
    ],
)
def test_a_line_of_no_known_kind_is_named(line: bytes) -> None:
    with pytest.raises(LogError, match=r"log\.wal: line 3 is damaged"):
        list(decode_entries([*lines_of(HEADER, SENT), line], "log.wal"))


def test_what_stands_before_the_damage_is_read() -> None:
    records = decode_records([*lines_of(RECORD), b"?"], "log")
    assert next(records) == RECORD
