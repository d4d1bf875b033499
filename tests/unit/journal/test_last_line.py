"""A torn last line of ours is left out; a line of another program is refused."""

import orjson
import pytest

from bulkpause.errors import LogError
from bulkpause.journal.codec import (
    Answered,
    Header,
    Remembered,
    Sent,
    encode,
    encode_plan,
)
from bulkpause.journal.last_line import (
    RESULT_LOG,
    WRITE_AHEAD_LOG,
    LogFormat,
    decode_file,
)
from bulkpause.model import Item, Record
from bulkpause.vocabulary import Action, Status
from tests.support.old_records import as_version_1, as_version_2


AT = "2026-07-01T08:00:00.000Z"
RECORD = encode(Record(id="1001", status=Status.ALREADY_PAUSED, run_id="run"))
NAMED = encode(
    Record(
        id="a_B-9",
        name='Sale, \\ "50 %"',
        account="main",
        status=Status.UNKNOWN,
        run_id="run",
    )
)
INVALID = encode(Record(id=None, status=Status.INVALID, run_id="run"))
OURS = {
    "record": (RESULT_LOG, RECORD),
    "named record": (RESULT_LOG, NAMED),
    "invalid row": (RESULT_LOG, INVALID),
    "version 1": (RESULT_LOG, as_version_1(RECORD)),
    "version 2": (RESULT_LOG, as_version_2(RECORD)),
    "header": (
        WRITE_AHEAD_LOG,
        encode(Header(run="r", base_url="u", digest="d", planned=1, boot_id="b")),
    ),
    "plan": (WRITE_AHEAD_LOG, next(encode_plan([Item(id="1001", row=1)]))),
    "sent": (
        WRITE_AHEAD_LOG,
        encode(
            Sent(sent="1001", action=Action.PAUSE, request_id="r-1", at=AT, clock_s=1.5)
        ),
    ),
    "remembered": (
        WRITE_AHEAD_LOG,
        encode(Remembered(remembered="1001", status="running", scheduled_time=None)),
    ),
    "answered": (
        WRITE_AHEAD_LOG,
        encode(
            Answered(
                answered="1001",
                request_id="r-1",
                http_status=503,
                trace_id=None,
                error=None,
                is_doubtful=False,
            )
        ),
    ),
}
every_line = pytest.mark.parametrize(("log_format", "line"), OURS.values(), ids=OURS)
#: One line each, without a line end.
FOREIGN = {
    "feed": b'{"id":"1000248","name":"Spring sale"}',
    "torn feed": b'{"id":"1000248","name":"Spring sale","status":"run',
    "torn feed without name": b'{"id":"1000248","status":"runn',
    "feed of numbers": b'{"id":1000248',
    "feed with blanks": b'{"id": "1000248", "na',
    "configuration": b'{"base_url":"https://api.example","token_file":"t"}',
    "torn configuration": b'{"base_url":"https://api',
    "array": b"[1000248, 1000249]",
    "number": b"1000248",
    "text": b"do not touch",
    "heading": b"id,name,spend",
    "binary": b"\x89PNG\r\n"[:6],
    "zeros and bytes": b"\0\0\0x",
    "zeros": b"\0" * 100,
    "empty object": b"{}",
}


def decoded(
    log_format: LogFormat[object], *lines: bytes, is_paired: bool = False
) -> list[object]:
    numbered = enumerate(lines, 1)
    return list(decode_file(numbered, "log", log_format, is_paired=is_paired))


@every_line
def test_line_torn_at_any_byte_is_left_out(
    log_format: LogFormat[object], line: bytes
) -> None:
    whole = decoded(log_format, line)
    assert len(whole) == 1
    for size in range(1, len(line) - 1):
        assert decoded(log_format, line[:size]) == []
        assert decoded(log_format, line, line[:size]) == whole


@every_line
def test_line_without_line_end_is_read(
    log_format: LogFormat[object], line: bytes
) -> None:
    assert decoded(log_format, line[:-1]) == decoded(log_format, line)


@every_line
def test_torn_line_followed_by_zeros_is_left_out(
    log_format: LogFormat[object], line: bytes
) -> None:
    for size in (1, 5, 30, len(line) - 1):
        assert decoded(log_format, line, line[:size] + b"\0" * 40) == decoded(
            log_format, line
        )


@every_line
def test_zeros_after_whole_line_are_left_out(
    log_format: LogFormat[object], line: bytes
) -> None:
    assert decoded(log_format, line, b"\0" * 40) == decoded(log_format, line)


@pytest.mark.parametrize("log_format", [RESULT_LOG, WRITE_AHEAD_LOG])
def test_zeros_alone_need_other_log(log_format: LogFormat[object]) -> None:
    assert decoded(log_format, b"\0" * 40, is_paired=True) == []
    with pytest.raises(LogError, match="line 1 is damaged, or the file is not a log"):
        decoded(log_format, b"\0" * 40)


@pytest.mark.parametrize("log_format", [RESULT_LOG, WRITE_AHEAD_LOG])
@pytest.mark.parametrize("line", FOREIGN.values(), ids=FOREIGN)
def test_line_of_other_program_is_refused(
    log_format: LogFormat[object], line: bytes
) -> None:
    with pytest.raises(LogError, match=r"not a log of bulkpause.* not changed"):
        decoded(log_format, line)


@pytest.mark.parametrize("line", [FOREIGN["feed"], FOREIGN["text"], b"\0x"])
def test_foreign_line_after_ours_is_damage(line: bytes) -> None:
    with pytest.raises(LogError, match="log: line 2 is damaged"):
        decoded(RESULT_LOG, RECORD, line)


def test_torn_line_of_other_log_is_refused() -> None:
    with pytest.raises(LogError, match="line 1 is damaged"):
        decoded(WRITE_AHEAD_LOG, RECORD[:40])
    with pytest.raises(LogError, match="line 1 is damaged"):
        decoded(RESULT_LOG, OURS["header"][1][:40])


def test_newer_record_without_line_end_is_refused() -> None:
    newer = orjson.loads(RECORD) | {"v": 4}
    del newer["crc32"]
    with pytest.raises(LogError, match="written by a newer bulkpause"):
        decoded(RESULT_LOG, orjson.dumps(newer))


def test_empty_file_has_no_lines() -> None:
    assert decoded(RESULT_LOG) == []
