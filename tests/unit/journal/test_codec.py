"""Lines of both logs are encoded, decoded, and refused if damaged or newer."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import LogError
from bulkpause.journal.codec import (
    IDS_PER_LINE,
    Answered,
    Header,
    Remembered,
    Sent,
    WalEntry,
    decode_entries,
    decode_records,
    encode,
    encode_plan,
)
from bulkpause.model import Earlier, Item, Record
from bulkpause.vocabulary import Action, Status
from tests.support.old_records import as_version_1, as_version_2


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
    planned=1,
    endpoint="https://a",
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
ids = st.none() | st.from_regex("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)
PLAN = next(encode_plan([Item(id="1001", row=1), Item(id="1002", row=2)]))
AT_NOON = "2026-07-01T12:00:00.000Z"
REMEMBERED = Remembered(
    remembered="1001", status="scheduled", scheduled_time="2026-07-01 18:30:00"
)


def lines_of(*values: Record | Header | Sent | Answered | Remembered) -> list[bytes]:
    return [encode(value)[:-1] for value in values]


def numbered(lines: list[bytes]) -> list[tuple[int, bytes]]:
    return list(enumerate(lines, 1))


def repaired(value: Record | Header | Sent | Answered, **changes: object) -> bytes:
    """Encode a line as a person may have changed it: without its checksum."""
    fields = {**orjson.loads(encode(value)), **changes}
    del fields["crc32"]
    return orjson.dumps(fields)


@given(
    st.builds(
        Record,
        id=ids,
        name=texts,
        account=texts,
        action=st.sampled_from(Action),
        status=st.sampled_from(Status),
        title=texts,
        message=texts,
        error=texts,
        attempts=st.integers(0, 99),
        planned=st.none() | st.integers(0, 2_000_000),
        endpoint=texts,
    )
)
def test_record_survives_round_trip(record: Record) -> None:
    line = encode(record)
    assert line.count(b"\n") == 1
    assert list(decode_records(numbered([line[:-1]]), "log")) == [record]


def test_every_record_has_documented_keys_in_order() -> None:
    keys = (
        "id name account action status http_status trace_id title message error "
        "campaign_status attempts history reason row reads earlier_status "
        "earlier_scheduled_time paused_at request_id latency_ms started_at "
        "finished_at run_id planned input_digest endpoint v crc32"
    )
    for record in (RECORD, Record(id=None, status=Status.INVALID)):
        assert list(orjson.loads(encode(record))) == keys.split()


def test_repaired_line_needs_no_checksum() -> None:
    line = repaired(RECORD, id="1002", latency_ms=61)
    (record,) = decode_records(numbered([line]), "log")
    assert record == replace(RECORD, id="1002", latency_ms=61)


def test_checksum_lookalike_in_message_is_ignored() -> None:
    record = replace(RECORD, message=',"crc32":"00000000"}')
    assert list(decode_records(numbered(lines_of(record)), "log")) == [record]


@pytest.mark.parametrize("entry", [HEADER, SENT, ANSWERED, REMEMBERED])
def test_write_ahead_log_entry_survives_round_trip(
    entry: Header | Sent | Answered | Remembered,
) -> None:
    assert list(decode_entries(numbered(lines_of(entry)), "log.wal")) == [entry]


@pytest.mark.parametrize(
    "count", [0, 1, IDS_PER_LINE - 1, IDS_PER_LINE, IDS_PER_LINE + 1, 3 * IDS_PER_LINE]
)
def test_plan_survives_round_trip(count: int) -> None:
    names = {1: "Summer sale", 2: "Été \N{GRINNING FACE}\n"}
    earlier = {
        1: Earlier(status="running"),
        3: Earlier(scheduled_time="2026-07-01 18:30:00", paused_at=AT_NOON),
    }
    items = [
        Item(id=str(n), row=n, name=names.get(n), earlier=earlier.get(n))
        for n in range(count)
    ]
    lines = list(encode_plan(items))
    assert len(lines) == -(-count // IDS_PER_LINE)
    read: list[WalEntry] = list(
        decode_entries(numbered([line[:-1] for line in lines]), "log.wal")
    )
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
    {"history": [{"http_status": "500"}]},
    {"history": [{"trace_id": 5}]},
    {"id": 1001},
    {"id": ""},
    {"id": "../1001"},
    {"id": "1001\n"},
    {"id": "1" * 65},
    {"http_status": "204"},
    {"trace_id": 5},
    {"title": {}},
    {"campaign_status": ["paused"]},
    {"attempts": None},
    {"row": 1.5},
    {"latency_ms": "61.4"},
    {"run_id": 5},
    {"name": 5},
    {"account": ["main"]},
    {"action": "cancel"},
    {"action": None},
    {"planned": "8"},
    {"endpoint": {}},
    {"v": 0},
    {"v": -1},
    {"v": True},
    {"v": "2"},
    {"v": "3"},
    {"v": 2.0},
    {"v": 4.0},
    {"v": None},
    {"v": 1},
    {"finished_at": "2026-07-01T08:00:00"},
    {"started_at": "2026-13-01T08:00:00Z"},
    {"finished_at": 12},
    {"extra": 1},
    {"crc32": None, "crc33": "5d3baa01"},
]


@pytest.mark.parametrize(
    "line", [*DAMAGE, *(repaired(RECORD, **bad) for bad in BAD_RECORDS)]
)
def test_damaged_record_is_reported_with_line_number(line: bytes) -> None:
    with pytest.raises(LogError, match="log: line 2 is damaged"):
        list(decode_records(numbered([*lines_of(RECORD), line]), "log"))


@pytest.mark.parametrize(
    "line",
    [
        *DAMAGE,
        b'{"run":"r"}',
        repaired(HEADER, version=0),
        repaired(HEADER, version=True),
        repaired(HEADER, version="2"),
        repaired(HEADER, version=None),
        repaired(HEADER, run=5),
        repaired(HEADER, base_url=None),
        repaired(HEADER, undone="a"),
        repaired(HEADER, undone=[1]),
        repaired(HEADER, planned="1"),
        repaired(SENT, action="cancel"),
        repaired(SENT, sent=1001),
        repaired(SENT, sent="1001/cancel"),
        repaired(SENT, at="20x6-07-01T08:00:00.000Z"),
        repaired(SENT, clock_s="12.5"),
        repaired(ANSWERED, answered=".."),
        repaired(ANSWERED, http_status="500"),
        repaired(ANSWERED, is_doubtful=None),
        repaired(ANSWERED, extra=1),
        b'{"planned":[["1001"]]}',
        b'{"planned":[[1001,1]]}',
        b'{"planned":[["1001","1"]]}',
        b'{"planned":[["..",1]]}',
        b'{"planned":[["1001",1,2]]}',
        b'{"planned":[["1001",1,"Sale",2]]}',
        b'{"planned":5}',
        b'{"answered":"1001"}',
    ],
)
def test_damaged_entry_is_reported_with_line_number(line: bytes) -> None:
    with pytest.raises(LogError, match=r"log\.wal: line 3 is damaged"):
        list(decode_entries(numbered([*lines_of(HEADER, SENT), line]), "log.wal"))


@pytest.mark.parametrize(
    "line",
    [*lines_of(RECORD, HEADER, SENT, ANSWERED), PLAN[:-1]],
    ids=["record", "header", "sent", "answered", "plan"],
)
def test_any_flipped_bit_is_damage(line: bytes) -> None:
    decode = decode_records if line.startswith(b'{"id"') else decode_entries
    assert list(decode(numbered([line]), "log"))
    for bit in range(len(line) * 8):
        flipped = bytearray(line)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogError, match="log: line 1 is damaged"):
            list(decode(numbered([bytes(flipped)]), "log"))


def test_records_before_damage_are_read() -> None:
    records = decode_records(numbered([*lines_of(RECORD), b"?"]), "log")
    assert next(records) == RECORD


OLD_RECORD = {"id": "1001", "status": "paused", "history": [], "attempts": 1}


def test_line_without_version_is_version_1() -> None:
    (record,) = decode_records(numbered([orjson.dumps(OLD_RECORD)]), "log")
    assert record == Record(id="1001", status=Status.PAUSED, attempts=1, v=1)
    assert record.action is Action.PAUSE


def test_line_that_names_version_1_is_read() -> None:
    (record,) = decode_records(numbered([orjson.dumps({**OLD_RECORD, "v": 1})]), "log")
    assert record.v == 1


@pytest.mark.parametrize("as_old", [as_version_1, as_version_2])
def test_sealed_line_of_older_version_needs_no_check(
    as_old: Callable[[bytes], bytes],
) -> None:
    sealed = as_old(encode(RECORD)).rstrip()
    unsealed = sealed.partition(b',"crc32"')[0] + b"}"
    first, second = decode_records(numbered([sealed, unsealed]), "log")
    assert first == second
    assert first.v == second.v < RECORD.v


@pytest.mark.parametrize("key", ["name", "account", "action", "planned", "endpoint"])
def test_version_1_line_with_newer_key_is_damaged(key: str) -> None:
    line = orjson.dumps({**OLD_RECORD, key: "pause" if key == "action" else None})
    with pytest.raises(LogError, match="log: line 1 is damaged"):
        list(decode_records(numbered([line]), "log"))


NEWER_RECORDS = [
    repaired(RECORD, v=4),
    repaired(RECORD, v=99, status="resumed", id=5, extra={}),
    b'{"v":4}',
    lines_of(replace(RECORD, v=4))[0],
]


@pytest.mark.parametrize("line", NEWER_RECORDS)
def test_newer_record_is_refused_with_remedy(line: bytes) -> None:
    message = "log: line 2 was written by a newer bulkpause; upgrade bulkpause"
    with pytest.raises(LogError, match=message):
        list(decode_records(numbered([*lines_of(RECORD), line]), "log"))


@pytest.mark.parametrize(
    "line",
    [
        repaired(HEADER, version=6),
        repaired(HEADER, version=9, action="undo", base_url=None, accounts=[]),
        b'{"run":5,"version":6}',
        lines_of(replace(HEADER, version=6))[0],
    ],
)
def test_newer_header_is_refused_with_remedy(line: bytes) -> None:
    message = r"log\.wal: line 2 was written by a newer bulkpause; upgrade bulkpause"
    with pytest.raises(LogError, match=message):
        list(decode_entries(numbered([*lines_of(HEADER), line]), "log.wal"))


def test_newer_line_with_wrong_checksum_is_damaged() -> None:
    line = lines_of(RECORD)[0].replace(b'"v":3', b'"v":4')
    with pytest.raises(LogError, match="log: line 1 is damaged"):
        list(decode_records(numbered([line]), "log"))


def test_plan_of_version_1_is_read() -> None:
    header = repaired(HEADER, version=1)
    plan = b'{"planned":[["1001",1],["1002",2]]}'
    (_, items) = decode_entries(numbered([header, plan]), "log.wal")
    assert items == (Item(id="1001", row=1), Item(id="1002", row=2))
