"""Take a list that a person types or pastes on the terminal, and ask there afterwards."""

import io
import os
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from bulkpause.cli.output import say
from bulkpause.errors import InputError


#: The terminal of this process, whatever its standard streams are.
_TERMINAL = "/dev/tty"
#: A terminal keeps this many bytes of a line and drops the others silently.
_LONGEST_LINE_BYTES = 4095
_LOCAL_MODES = 3


def take_typed_input(words: Sequence[str]) -> None:
    """Prompt for standard input if it is named and a terminal, and read it whole.

    What was typed is standard input from then on.

    Args:
        words: The inputs of the command.

    Raises:
        InputError: A line is so long that the terminal may have dropped a part of it.
    """
    if "-" not in words or sys.stdin is None or not sys.stdin.isatty():
        return
    say("Paste the ids, one a line; end with Ctrl-D")
    typed = read_typed(sys.stdin.fileno())
    if not typed.endswith(b"\n"):
        say()
    sys.stdin = io.TextIOWrapper(io.BytesIO(typed))


def read_typed(descriptor: int) -> bytes:
    """Read a terminal until the first Ctrl-D, also if it follows an unfinished line.

    There it gives a line without an end, as it does nowhere else, and Python's streams
    would wait for a second one.

    Raises:
        InputError: A line is so long that the terminal may have dropped a part of it.
    """
    lines: list[bytes] = []
    gives_lines = bool(termios.tcgetattr(descriptor)[_LOCAL_MODES] & termios.ICANON)
    while line := os.read(descriptor, 1 << 16):
        lines.append(line)
        if gives_lines and len(line) >= _LONGEST_LINE_BYTES:
            # The rest of the list is not for the shell.
            termios.tcflush(descriptor, termios.TCIFLUSH)
            raise InputError(
                f"line {len(lines)} is as long as a terminal takes "
                f"({_LONGEST_LINE_BYTES} characters), so that a part of it may be lost; "
                "save the list to a file and name that; nothing was sent"
            )
        if gives_lines and not line.endswith(b"\n"):
            break
    return b"".join(lines)


@contextmanager
def terminal_for_answers(words: Sequence[str]) -> Iterator[bool]:
    """Tell whether there is a terminal to ask on, and let standard input be it.

    Standard input that holds the list cannot hold the answer too: that is read from
    the terminal of this process.

    Args:
        words: The inputs of the command.
    """
    if "-" not in words:
        # A process may be started without a standard input.
        yield sys.stdin is not None and sys.stdin.isatty()
        return
    list_of_ids, terminal = sys.stdin, _open_terminal()
    if terminal is None:
        yield False
        return
    with terminal:
        sys.stdin = terminal
        try:
            yield True
        finally:
            sys.stdin = list_of_ids


def _open_terminal() -> TextIO | None:
    """Open the terminal, unless the process runs in the background of it."""
    try:
        terminal = open(_TERMINAL)  # noqa: PTH123, SIM115 (closed by the caller)
    except OSError:
        return os.fdopen(os.dup(0)) if os.isatty(0) else None
    if os.tcgetpgrp(terminal.fileno()) == os.getpgrp():
        return terminal
    terminal.close()
    return None
