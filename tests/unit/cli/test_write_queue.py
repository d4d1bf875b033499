"""A queue lets nobody wait for a stream."""

import threading
from collections.abc import Iterator

import pytest

from bulkpause.cli.sink import Sink
from bulkpause.cli.write_queue import WriteQueue
from tests.support.streams import RawFile, StoppedTerminal


LONG_S = 60.0


@pytest.fixture
def terminal() -> Iterator[StoppedTerminal]:
    terminal = StoppedTerminal()
    yield terminal
    terminal.goes_on.set()


def queue_on(raw: RawFile, limit_bytes: int = 100) -> WriteQueue:
    return WriteQueue(Sink(raw, may_have_gaps=True), limit_bytes=limit_bytes)


def test_stopped_terminal_gets_all_once_it_goes_on(terminal: StoppedTerminal) -> None:
    queue = queue_on(terminal)
    for number in range(9):
        queue.put(b"%d\n" % number)
    assert not queue.is_empty
    assert not queue.drain(0.0)
    terminal.goes_on.set()
    assert queue.drain(LONG_S)
    queue.close()
    assert terminal.taken == b"0\n1\n2\n3\n4\n5\n6\n7\n8\n"


def test_data_beyond_limit_is_dropped_and_counted(terminal: StoppedTerminal) -> None:
    queue = queue_on(terminal, limit_bytes=6)
    queue.put(b"first\n")
    assert terminal.is_reached.wait(LONG_S)
    for text in (b"one\n", b"two\n", b"three\nfour\n"):
        queue.put(text)
    queue.put(b"the end\n", is_last=True)
    terminal.goes_on.set()
    assert queue.drain(LONG_S)
    queue.close()
    assert terminal.taken == b"first\none\nthe end\n"
    assert queue.dropped_lines == 3


def test_queue_without_data_has_no_thread() -> None:
    before = threading.active_count()
    queue = queue_on(RawFile())
    assert queue.drain(LONG_S)
    assert threading.active_count() == before


def test_queue_goes_on_after_missing_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    queue = queue_on(raw := RawFile())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        queue.put(b"one\n")
        assert not queue.is_empty
    queue.put(b"two\n")
    assert queue.drain(LONG_S)
    queue.close()
    assert raw.taken == b"one\ntwo\n"


def test_queue_without_any_thread_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    queue = queue_on(raw := RawFile())
    queue.put(b"one\n")
    assert queue.drain()
    assert raw.taken == b"one\n"
