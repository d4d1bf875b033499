"""The terminal of this process, and how its input ends: both differ between systems."""

import os
import sys
from typing import Any, Protocol, TextIO

from bulkpause.errors import InputError


#: A POSIX terminal keeps this many bytes of a line and drops the others silently.
_LONGEST_LINE_BYTES = 4095
_LOCAL_MODES = 3


class Terminal(Protocol):
    """The terminal of this process, whatever its standard streams are.

    Attributes:
        path: Opens it.
        end_keys: What to type to end the input.
    """

    @property
    def path(self) -> str: ...
    @property
    def end_keys(self) -> str: ...

    def read_typed(self, stdin: TextIO) -> bytes:
        """Read what is typed until the end keys.

        Raises:
            InputError: A line is so long that the terminal may have dropped a part.
        """

    def forget_typed(self, stdin: TextIO) -> None:
        """Drop what was typed before a question was there to be answered."""

    def is_ours(self, terminal: TextIO) -> bool:
        """Tell whether what is typed there now is for this process."""


class TerminalModes(Protocol):
    """The part of `termios` that is needed."""

    @property
    def ICANON(self) -> int: ...  # noqa: N802 (termios's own)
    @property
    def TCIFLUSH(self) -> int: ...  # noqa: N802
    def tcgetattr(self, fd: int, /) -> list[Any]: ...
    def tcflush(self, fd: int, queue: int, /) -> None: ...


class ProcessGroups(Protocol):
    """The part of `os` that tells which processes a terminal belongs to."""

    def tcgetpgrp(self, fd: int, /) -> int: ...
    def getpgrp(self) -> int: ...


class PosixTerminal:
    """A terminal that ends its input with Ctrl-D.

    Args:
        modes: The module `termios`.
        groups: The module `os`.
    """

    path = "/dev/tty"
    end_keys = "Ctrl-D"

    def __init__(self, modes: TerminalModes, groups: ProcessGroups) -> None:
        self._modes = modes
        self._groups = groups

    def read_typed(self, stdin: TextIO) -> bytes:
        """Read until the first Ctrl-D, also if it follows an unfinished line.

        There it gives a line without an end, as it does nowhere else, and Python's
        streams would wait for a second one.
        """
        descriptor, lines = stdin.fileno(), list[bytes]()
        modes = self._modes.tcgetattr(descriptor)[_LOCAL_MODES]
        gives_lines = bool(modes & self._modes.ICANON)
        while line := os.read(descriptor, 1 << 16):
            lines.append(line)
            if gives_lines and len(line) >= _LONGEST_LINE_BYTES:
                # The rest of the list is not for the shell.
                self._modes.tcflush(descriptor, self._modes.TCIFLUSH)
                raise _too_long(len(lines))
            if gives_lines and not line.endswith(b"\n"):
                break
        return b"".join(lines)

    def forget_typed(self, stdin: TextIO) -> None:
        self._modes.tcflush(stdin.fileno(), self._modes.TCIFLUSH)

    def is_ours(self, terminal: TextIO) -> bool:
        return self._groups.tcgetpgrp(terminal.fileno()) == self._groups.getpgrp()


class WindowsTerminal:
    """A console that ends its input with Ctrl-Z on a line of its own."""

    path = "CONIN$"
    end_keys = "Ctrl-Z and Enter on a line of its own"

    def read_typed(self, stdin: TextIO) -> bytes:
        return stdin.buffer.read()

    def forget_typed(self, stdin: TextIO) -> None:
        """Drop nothing: the console gives whole lines to whoever asks next."""

    def is_ours(self, terminal: TextIO) -> bool:
        return terminal.isatty()


def _too_long(line: int) -> InputError:
    return InputError(
        f"line {line} is as long as a terminal takes ({_LONGEST_LINE_BYTES} "
        "characters), so that a part of it may be lost; save the list to a file and "
        "name that; nothing was sent"
    )


if sys.platform == "win32":
    TERMINAL: Terminal = WindowsTerminal()
else:
    import termios

    TERMINAL: Terminal = PosixTerminal(termios, os)
