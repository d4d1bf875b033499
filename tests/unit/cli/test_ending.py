"""Ends without a result: exit codes, words for people, and one JSON object."""

import sys
from dataclasses import dataclass

import orjson
import pytest

from bulkpause.cli.ending import Ending
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.output import Stream
from bulkpause.cli.sink import Sink
from bulkpause.errors import InputError
from bulkpause.progress.event import Event
from tests.support.progress import RecordingDisplay
from tests.support.streams import FullDisk, GoneReader, RawFile


@dataclass
class Streams:
    """Standard output and standard error of a test."""

    out: RawFile
    err: RawFile


def streams_in(patch: pytest.MonkeyPatch, out: RawFile | None = None) -> Streams:
    """Put streams in place; not in a fixture, after which pytest puts its own."""
    streams = Streams(out or RawFile(), RawFile())
    for name, raw in (("stdout", streams.out), ("stderr", streams.err)):
        sink = Sink(raw, may_have_gaps=name == "stderr")
        patch.setattr(sys, name, Stream(sink))
    return streams


class BrokenDisplay(RecordingDisplay):
    """Fails at each event, as a display with a bug does."""

    def handle(self, event: Event) -> None:
        raise ZeroDivisionError


def test_end_is_one_object_beside_text(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = streams_in(monkeypatch)
    code = Ending(is_json=True).of_error(InputError("it is gone"))
    assert code == ExitCode.INPUT
    assert orjson.loads(streams.out.taken) == {
        "error": {"code": 3, "message": "it is gone", "rows": []}
    }
    assert streams.err.taken == b"bulkpause: it is gone\n"


def test_object_is_left_out_after_result(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = streams_in(monkeypatch)
    sys.stdout.write('{"rows":3}\n')
    Ending(is_json=True).of_error(InputError("it is gone"))
    assert streams.out.taken == b'{"rows":3}\n'


def test_bug_in_run_reaches_display(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = streams_in(monkeypatch)
    display = RecordingDisplay()
    assert Ending(display=display).of_bug(ZeroDivisionError()) == ExitCode.BUG
    (event,) = display.events
    assert "ZeroDivisionError" in str(event)
    assert streams.err.taken == b""


def test_bug_in_display_is_reported_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = streams_in(monkeypatch)
    ending = Ending(display=BrokenDisplay())
    assert ending.of_bug(ZeroDivisionError()) == ExitCode.BUG
    assert streams.err.taken.startswith(b"bulkpause: this is a bug")


@pytest.mark.parametrize(
    ("is_run", "code", "end"),
    [
        (False, ExitCode.ALL_PAUSED, ExitCode.OUTPUT),
        (False, ExitCode.INCOMPLETE, ExitCode.OUTPUT),
        (True, ExitCode.ALL_PAUSED, ExitCode.OUTPUT),
        (True, ExitCode.SOME_NOT_PAUSABLE, ExitCode.OUTPUT),
        (True, ExitCode.INCOMPLETE, ExitCode.INCOMPLETE),
        (True, ExitCode.TERMINATED, ExitCode.TERMINATED),
    ],
)
def test_full_disk_changes_code_of_done_work(
    monkeypatch: pytest.MonkeyPatch, is_run: bool, code: ExitCode, end: ExitCode
) -> None:
    streams_in(monkeypatch, FullDisk())
    sys.stdout.write("result\n")
    ending = Ending(display=RecordingDisplay() if is_run else None)
    assert ending.of_result(code) == end


def test_gone_reader_keeps_code(monkeypatch: pytest.MonkeyPatch) -> None:
    streams_in(monkeypatch, GoneReader())
    sys.stdout.write("result\n")
    assert Ending().of_result(ExitCode.ALL_PAUSED) == ExitCode.ALL_PAUSED
