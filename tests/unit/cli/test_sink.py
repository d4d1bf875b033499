"""Bytes are written whole, or lost and counted."""

import errno
import os

import pytest

from bulkpause.cli.sink import Sink, count_lines
from tests.support.posix import set_blocking
from tests.support.streams import (
    BrokenTerminal,
    ClosedFile,
    FullDisk,
    GoneReader,
    RawFile,
    ShortWrites,
)


def test_short_writes_add_up() -> None:
    sink = Sink(raw := ShortWrites(), may_have_gaps=False)
    sink.write(b"1001 paused\n")
    assert raw.taken == b"1001 paused\n"
    assert (sink.fault, sink.lost_lines) == (None, 0)


@pytest.mark.parametrize(
    "raw", [GoneReader(), ClosedFile(), None], ids=["gone", "closed", "none"]
)
def test_missing_reader_is_no_fault(raw: RawFile | None) -> None:
    sink = Sink(raw, may_have_gaps=False)
    for _ in range(2):
        sink.write(b"line\n")
    assert not sink.is_wanted
    assert (sink.fault, sink.lost_lines) == (None, 0)


@pytest.mark.parametrize(
    ("raw", "number"), [(FullDisk(), errno.ENOSPC), (BrokenTerminal(), errno.EIO)]
)
def test_fault_is_kept_and_lines_counted(raw: RawFile, number: int) -> None:
    sink = Sink(raw, may_have_gaps=True)
    sink.write(b"one\ntwo\nthr")
    assert sink.fault is not None
    assert sink.fault.errno == number
    assert (sink.is_wanted, sink.lost_lines) == (True, 3)


def test_result_has_no_gap_after_fault() -> None:
    sink = Sink(disk := FullDisk(room=6), may_have_gaps=False)
    sink.write(b"one\ntwo\n")
    disk.room = 100
    sink.write(b"three\n")
    assert disk.taken == b"one\ntw"
    assert sink.lost_lines == 2


def test_line_after_fault_begins_anew() -> None:
    sink = Sink(disk := FullDisk(room=6), may_have_gaps=True)
    sink.write(b"one\ntwo\n")
    disk.room = 100
    sink.write(b"three\n")
    sink.write(b"four\n")
    assert disk.taken == b"one\ntw\nthree\nfour\n"
    assert sink.lost_lines == 1


def test_non_blocking_pipe_is_waited_for() -> None:
    reader, writer = os.pipe()
    set_blocking(writer, blocks=False)
    with os.fdopen(reader, "rb", 0) as ours, os.fdopen(writer, "wb", 0) as raw:

        class Emptied(RawFile):
            """Is read whenever it is full."""

            def write(self, data: memoryview, /) -> int | None:
                written = raw.write(data)
                if written is None:
                    self.taken += ours.read(1 << 20)
                return written

            def fileno(self) -> int:
                return writer

        sink = Sink(pipe := Emptied(), may_have_gaps=False)
        sink.write(b"x" * 300_000)
        raw.close()
        assert len(pipe.taken + ours.read(1 << 20)) == 300_000


@pytest.mark.parametrize(
    ("data", "count"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)]
)
def test_part_of_line_counts_as_line(data: bytes, count: int) -> None:
    assert count_lines(data) == count
