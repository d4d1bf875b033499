"""What is typed ends with the keys of the system."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import pytest

from bulkpause.cli.terminal import PosixTerminal, WindowsTerminal
from bulkpause.errors import InputError


class FakeTermios:
    """The module `termios` of a terminal that gives lines, or bytes."""

    ICANON, TCIFLUSH = 2, 0

    def __init__(self, *, gives_lines: bool) -> None:
        self._modes = [0, 0, 0, self.ICANON if gives_lines else 0]
        self.flushed = 0

    def tcgetattr(self, fd: int, /) -> list[Any]:
        return self._modes

    def tcflush(self, fd: int, queue: int, /) -> None:
        assert queue == self.TCIFLUSH
        self.flushed += 1


class FakeGroups:
    """The module `os` of a process in the group 7."""

    def __init__(self, foreground: int) -> None:
        self._foreground = foreground

    def tcgetpgrp(self, fd: int, /) -> int:
        return self._foreground

    def getpgrp(self) -> int:
        return 7


class Console(io.StringIO):
    """A console that is no file of this system."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


@contextmanager
def typed(*parts: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """Let the terminal give these parts, each to one read, and then its end."""
    left = [*parts, b""]
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", lambda *_: left.pop(0))
        yield Console()


def test_posix_terminal_ends_after_unfinished_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = PosixTerminal(FakeTermios(gives_lines=True), FakeGroups(7))
    with typed(b"1001\n", b"1002", b"ls\n", monkeypatch=monkeypatch) as stdin:
        assert terminal.read_typed(stdin) == b"1001\n1002"


def test_posix_terminal_without_lines_ends_at_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = PosixTerminal(FakeTermios(gives_lines=False), FakeGroups(7))
    with typed(b"1001\n10", b"02", monkeypatch=monkeypatch) as stdin:
        assert terminal.read_typed(stdin) == b"1001\n1002"


def test_cut_line_drops_rest_of_list(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = FakeTermios(gives_lines=True)
    terminal = PosixTerminal(modes, FakeGroups(7))
    with (
        typed(b"1001\n", b"1" * 4094 + b"\n", monkeypatch=monkeypatch) as stdin,
        pytest.raises(InputError, match="line 2 is as long as a terminal takes"),
    ):
        terminal.read_typed(stdin)
    assert modes.flushed == 1


@pytest.mark.parametrize(("foreground", "is_ours"), [(7, True), (8, False)])
def test_background_process_does_not_own_terminal(
    foreground: int, is_ours: bool
) -> None:
    terminal = PosixTerminal(FakeTermios(gives_lines=True), FakeGroups(foreground))
    assert terminal.is_ours(Console()) is is_ours


def test_windows_console_is_read_to_its_end() -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"1001\r\n1002\r\n"))
    assert WindowsTerminal().read_typed(stdin) == b"1001\r\n1002\r\n"


def test_windows_console_is_ours() -> None:
    terminal = WindowsTerminal()
    assert terminal.is_ours(Console())
    assert (terminal.path, terminal.end_keys.split()[0]) == ("CONIN$", "Ctrl-Z")
