"""Truncated, flipped, joined and generated lines of both logs.

Whole lines are read, a torn last line is cut with one warning, and every other damage
is reported with its line.
"""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkpause.errors import LogError
from bulkpause.journal.ages import ages_s
from bulkpause.journal.codec import (
    Answered,
    Header,
    Sent,
    decode_entries,
    decode_records,
    encode,
    encode_plan,
)
from bulkpause.journal.fold import recover
from bulkpause.journal.reader import read_recovery, write_ahead_path
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.writer import Journal
from bulkpause.model import Item, Record, columns_of
from bulkpause.report.export import FIELDS, as_csv, as_jsonl, blocks
from bulkpause.report.text import open_lines, summary_lines
from bulkpause.report.totals import NOT_ATTEMPTED, Totals, add_all
from bulkpause.settings import BURST, STEADY
from bulkpause.vocabulary import Action, Status
from tests.support.nightly import IS_NIGHTLY


pytestmark = [
    pytest.mark.timeout(3600 if IS_NIGHTLY else 300),
    pytest.mark.unmeasured,
]
MANY = settings(deadline=None, max_examples=20_000 if IS_NIGHTLY else 300)
AT = "2026-07-01T08:00:00.000Z"
NOW = datetime(2026, 7, 1, 8, 0, 30, tzinfo=UTC)
IDS = ["1001", "1002", "1003", "1004"]


def record(id_: str, status: Status) -> Record:
    return Record(
        id=id_,
        status=status,
        http_status=204,
        message="from a server: \N{SNOWMAN}",
        attempts=2,
        history=({"http_status": 503, "trace_id": "t", "error": None, "at": AT},),
        row=1,
        request_id="run-1",
        latency_ms=61.4,
        started_at=AT,
        finished_at=AT,
        run_id="run",
        planned=4,
        endpoint="https://a",
    )


RECORDS = [record(id_, Status.PAUSED) for id_ in IDS[:-1]]
ENTRIES: list[Header | Sent | Answered] = [
    Header(run="run", base_url="https://a", digest="d", planned=4, boot_id="b"),
    *(
        Sent(sent=id_, action=Action.PAUSE, request_id="run-1", at=AT, clock_s=12.5)
        for id_ in IDS
    ),
    Answered(
        answered="1004",
        request_id="run-1",
        http_status=500,
        trace_id=None,
        error=None,
        is_doubtful=True,
    ),
]
LOG = [encode(one) for one in RECORDS]
AHEAD = [
    encode(ENTRIES[0]),
    *encode_plan(Item(id=id_, row=row) for row, id_ in enumerate(IDS)),
    *map(encode, ENTRIES[1:]),
]
FILES = {"log": LOG, "log.wal": AHEAD}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def lay_out(path: Path, changed: str, content: bytes) -> None:
    for name, lines in FILES.items():
        path.with_name(name).write_bytes(b"".join(lines))
    path.with_name(changed).write_bytes(content)


def opened(path: Path) -> tuple[Recovery, tuple[str, ...]]:
    """Open a log to resume it, and close it."""
    kept = Journal(path, resume=True)
    kept.close()
    return kept.recovery, kept.warnings


def whole(name: str, count: int) -> Recovery:
    """Recover from both files, with the first lines only of one of them."""
    lines = {**FILES, name: FILES[name][:count]}
    entries = decode_entries(numbered(without_newlines(lines["log.wal"])), "wal")
    records = list(decode_records(numbered(without_newlines(lines["log"])), "log"))
    return recover(records, entries)


def without_newlines(lines: list[bytes]) -> list[bytes]:
    return [line[:-1] for line in lines]


def numbered(lines: list[bytes]) -> list[tuple[int, bytes]]:
    return list(enumerate(lines, 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_truncated_file_is_read_up_to_torn_line(path: Path, name: str) -> None:
    lines = FILES[name]
    content = b"".join(lines)
    from_line = len(lines) - 2
    for size in range(len(b"".join(lines[:from_line])), len(content) + 1):
        lay_out(path, name, content[:size])
        # A line that lacks only its newline is whole.
        ends = accumulate(map(len, lines))
        count = sum(size >= end - 1 for end in ends)
        expected = whole(name, count)
        assert read_recovery(path) == expected
        torn = max(0, size - len(b"".join(lines[:count])))
        found, warnings = opened(path)
        assert found == expected
        assert [f"{torn} bytes was cut" in one for one in warnings] == [True] * (
            torn > 0
        )
        assert path.with_name(name).read_bytes() == b"".join(lines[:count])
        assert opened(path) == (expected, ())


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_flipped_bit_is_reported_with_its_line(path: Path, name: str) -> None:
    source = random.Random(name)
    content = b"".join(FILES[name])
    for _ in range(10_000 if IS_NIGHTLY else 1_000):
        at = source.randrange(len(content))
        flipped = bytearray(content)
        flipped[at] ^= 1 << source.randrange(8)
        lay_out(path, name, bytes(flipped))
        if at == len(content) - 1:
            assert read_recovery(path) == whole(name, len(FILES[name]) - 1)
            continue
        line = 1 + content.count(b"\n", 0, at)
        with pytest.raises(LogError, match=rf"/{name}: line {line} is damaged"):
            read_recovery(path)
        with pytest.raises(LogError, match=rf"/{name}: line {line} is damaged"):
            opened(path)
        assert path.with_name(name).read_bytes() == flipped


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "what", [b"\n", b"\0\0\0\0\n", b"{}\n", b'{"id":\n', b"\xff\xfe\n"]
)
def test_foreign_line_is_reported_at_any_position(
    path: Path, name: str, place: int, what: bytes
) -> None:
    lines = FILES[name]
    lay_out(path, name, b"".join([*lines[:place], what, *lines[place:]]))
    with pytest.raises(LogError, match=rf"/{name}: line {place + 1} is damaged"):
        read_recovery(path)


def test_damaged_file_is_not_changed(path: Path) -> None:
    content = b"".join([LOG[0], b"?\n", LOG[1], b"torn"])
    lay_out(path, "log", content)
    with pytest.raises(LogError, match="/log: line 2 is damaged"):
        read_recovery(path)
    assert path.read_bytes() == content
    assert write_ahead_path(path).read_bytes() == b"".join(AHEAD)


# Generated lines


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=4,
)
TEXTS = st.text() | st.sampled_from([
    *IDS,
    *Status,
    *Action,
    AT,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-07-01",
    "run-1",
    "-",
    "..",
])  # fmt: skip
NUMBERS = st.integers() | st.floats(allow_nan=False) | st.sampled_from([2**63, 1e308])
HISTORIES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"at": TEXTS | st.none(), "http_status": NUMBERS}
    ),
    max_size=3,
)


def like(value: object) -> st.SearchStrategy[object]:
    """Draw a replacement for a value."""
    kinds = {str: TEXTS, int: NUMBERS, float: NUMBERS, list: HISTORIES}
    return st.one_of(st.none(), kinds.get(type(value), JSON), JSON)


@st.composite
def generated(draw: st.DrawFn, lines: list[bytes]) -> bytes:
    """Draw a line in which some values or some bytes are replaced."""
    line = draw(st.sampled_from(lines))[:-1]
    if draw(st.integers(0, 3)) == 0:
        at, size = draw(st.integers(0, len(line))), draw(st.integers(0, 3))
        other = draw(st.binary(max_size=3))
        return (line[:at] + other + line[at + size :]).replace(b"\n", b"")
    fields = orjson.loads(line)
    del fields["crc32"]
    for key in draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)):
        fields[key] = draw(like(fields[key]))
    try:
        return orjson.dumps(fields)
    except (TypeError, ValueError):  # a number or a text that JSON cannot hold
        return line


AHEAD_BEFORE_ALL_YEARS = (
    b'{"sent":"1001","action":"pause","request_id":"run-1",'
    b'"at":"0001-01-01T00:00:00+00:01","clock_s":12.5}'
)


@st.composite
def shuffled(draw: st.DrawFn, lines: list[bytes]) -> list[bytes]:
    """Draw lines in any order, up to one of them generated."""
    drawn = draw(st.lists(st.sampled_from(without_newlines(lines)), max_size=5))
    at = draw(st.integers(0, len(drawn)))
    return [*drawn[:at], *draw(st.lists(generated(lines), max_size=1)), *drawn[at:]]


@MANY
# In UTC, this is before the first year.
@example([], [AHEAD_BEFORE_ALL_YEARS])
@given(shuffled(LOG), shuffled(AHEAD))
def test_random_lines_are_read_or_reported(
    log: list[bytes], ahead: list[bytes]
) -> None:
    try:
        entries = list(decode_entries(numbered(ahead), "wal"))
        records = list(decode_records(numbered(log), "log"))
    except LogError as error:
        entries, records, refused = [], [], str(error)
    else:
        assert len(records) == len(log)
        refused = ""
    assert re.fullmatch(
        r"((log|wal): line \d (is damaged[;,] .*|was written by a newer bulkpause; .*))?",
        refused,
    )
    found = recover(records, entries)
    settled, unfinished = found.settled, found.unfinished
    assert settled | set(unfinished) >= set(found.records) | set(found.planned) | set(
        found.brief.ids
    )
    assert not settled & set(unfinished)
    for id_ in {*settled, *unfinished, *found.prior_attempts}:
        assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", id_)
        assert any(id_.encode() in line for line in (*log, *ahead))
    use_everywhere(found)


def use_everywhere(found: Recovery) -> None:
    """Pass a recovery to all code that uses one."""
    ages = ages_s(found, now=NOW, clock_s=20.0, boot_id="b", longest_s=60)
    assert all(0 <= age < 60 for age in ages)
    totals = add_all(found.latest.values(), Totals())
    totals.rows = len(found.latest)
    orjson.dumps(totals.as_dict(), option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=str)
    said = [*summary_lines(totals, (BURST, STEADY)), *open_lines(totals)]
    assert all(line.isprintable() for line in said)
    statuses = frozenset([*Status, NOT_ATTEMPTED])
    for write in (as_csv, as_jsonl):
        left = [(item, "log") for item in found.unfinished.values()]
        records = columns_of(found.latest.values(), FIELDS)
        wanted = blocks(records, left, statuses, log_of_run={})
        assert "".join(write(wanted)) or write is as_jsonl


@MANY
@given(
    st.lists(st.binary(max_size=60)), st.sampled_from([decode_records, decode_entries])
)
def test_random_bytes_are_reported(
    lines: list[bytes], decode: Callable[[list[tuple[int, bytes]], str], object]
) -> None:
    if lines:
        with pytest.raises(LogError, match="log: line 1 is damaged"):
            list(decode(numbered(lines), "log"))  # type: ignore[call-overload]
