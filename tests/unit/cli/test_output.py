"""The door to both streams: encodings, data, waits, and who writes at all."""

import ast
import io
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import bulkpause
from bulkpause.cli import output
from bulkpause.cli.output import Stream, lost_text
from bulkpause.cli.sink import Sink
from tests.support.streams import FullDisk, GoneReader, RawFile, StoppedTerminal


#: What writes to a stream past the door.
#: The door itself, and what writes before it is there or when the loop is stuck.
_ALLOWED = {"output.py", "start.py", "stacks.py"}
_WRITERS = {
    *("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"),
    *("click.echo", "click.secho", "print"),
}


@pytest.fixture
def terminal() -> Iterator[StoppedTerminal]:
    terminal = StoppedTerminal()
    yield terminal
    terminal.goes_on.set()


def stream_on(raw: RawFile | None, encoding: str = "utf-8") -> Stream:
    return Stream(Sink(raw, may_have_gaps=False), encoding=encoding)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "Küche ━ \N{REPLACEMENT CHARACTER}?".encode()),
        ("ascii", b"K?che ? ??"),
        ("iso-8859-1", b"K\xfcche ? ??"),
        ("utf-16", "Küche ━ \N{REPLACEMENT CHARACTER}?".encode("utf-16")),
    ],
)
def test_missing_letters_are_replaced(encoding: str, written: bytes) -> None:
    stream = stream_on(raw := RawFile(), encoding)
    for part in ("Küche", " ━ ", "\N{REPLACEMENT CHARACTER}\udcff"):
        stream.write(part)
    assert raw.taken == written


def test_data_is_utf_8_in_any_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream_on(raw := RawFile(), "ascii"))
    output.show_data(["Küche\n", "Bad\udcff\n"])
    output.show_json({"name": "Küche", "log": "a\udcff"})
    assert raw.taken == 'Küche\nBad?\n{"name":"Küche","log":"aÿ"}\n'.encode()


def test_export_ends_when_reader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream_on(GoneReader()))
    lines = iter(["x" * 100_000] * 9)
    output.show_data(lines)
    assert len(list(lines)) == 8


def test_stream_that_waits_for_nobody_returns(terminal: StoppedTerminal) -> None:
    stream = stream_on(terminal)
    stream.wait_for_nobody()
    stream.write("one\n")
    assert terminal.is_reached.wait(60)
    assert terminal.taken == b""
    terminal.goes_on.set()
    stream.drain()
    stream.write("two\n")
    assert terminal.taken == b"one\ntwo\n"


def test_nothing_written_loses_nothing_after_it(terminal: StoppedTerminal) -> None:
    terminal.goes_on.set()
    stream = stream_on(terminal)
    stream.wait_for_nobody()
    stream.write("")  # as click does, to ask what the stream takes
    stream.drain()
    stream.wait_for_nobody()
    stream.write("")
    stream.write("Error: two\n")
    stream.drain(5.0)
    assert terminal.taken == b"Error: two\n"


def test_signal_bounds_wait_for_stopped_terminal(terminal: StoppedTerminal) -> None:
    stream = stream_on(terminal)
    stream.hurry(0.1)
    stream.write("nothing was sent\n")
    stream.drain()
    assert terminal.taken == b""


def test_stream_keeps_up_until_frames_wait(terminal: StoppedTerminal) -> None:
    stream = stream_on(terminal)
    stream.wait_for_nobody()
    stream.write("x" * 9000)
    assert terminal.is_reached.wait(60)
    frames = 0
    while stream.keeps_up:
        stream.write("x" * 1000)
        frames += 1
    assert frames == 5


def test_last_words_are_taken_however_much_waits(terminal: StoppedTerminal) -> None:
    stream = stream_on(terminal)
    stream.wait_for_nobody()
    for _ in range(3):
        stream.write_data(b"x" * 600_000 + b"\n")
        assert terminal.is_reached.wait(60)
    assert stream.lost_lines == 1
    stream.end_run()
    stream.write("log: log.jsonl\n")
    terminal.goes_on.set()
    stream.drain()
    assert terminal.taken.endswith(b"x\nlog: log.jsonl\n")
    assert lost_text(stream) == (
        "1 line could not be written to standard error: nobody read them"
    )


def test_lost_lines_are_said_with_reason() -> None:
    stream = stream_on(FullDisk())
    stream.write("one\ntwo\n")
    assert lost_text(stream) == (
        "2 lines could not be written to standard error: No space left on device"
    )
    assert lost_text(stream_on(RawFile())) is None


def test_closed_stream_takes_text_and_has_no_reader() -> None:
    stream = stream_on(None)
    stream.write("text")
    assert not stream.is_wanted
    assert not stream.isatty()
    assert stream.columns == 80
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()


def test_libraries_write_through_door(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    for _ in range(2):  # a second time changes nothing
        output.open_streams()
    click.echo("help")
    output.say("note")
    click.echo(b"completed")
    assert output.stdout().has_begun
    assert capsys.readouterr() == ("help\ncompleted\n", "note\n")


#: Writes to the descriptors of closed streams, as the interpreter may in a crash.
_CRASH = """
import os
from bulkpause.cli.output import open_streams
open_streams()
with open("log.jsonl", "wb") as log:
    for descriptor in (1, 2):
        os.write(descriptor, b"fatal")
"""


def test_opened_file_gets_no_closed_stream(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, "-c", _CRASH])
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} <&- >&- 2>&-"], cwd=tmp_path, check=False
    )
    assert ended.returncode == 0
    assert (tmp_path / "log.jsonl").read_bytes() == b""


def test_only_door_writes_to_streams() -> None:
    package = Path(bulkpause.__file__).parent
    found = {
        f"{path.relative_to(package)}:{node.lineno}"
        for path in package.rglob("*.py")
        if path.name not in _ALLOWED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in _WRITERS
    }
    assert not found
