"""Take a list that a person types or pastes on the terminal, and ask there afterwards."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from bulkpause.cli.output import say
from bulkpause.cli.terminal import TERMINAL


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
    say(f"Paste the ids, one a line; end with {TERMINAL.end_keys}")
    typed = TERMINAL.read_typed(sys.stdin)
    if not typed.endswith(b"\n"):
        say()
    sys.stdin = io.TextIOWrapper(io.BytesIO(typed))


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
        terminal = open(TERMINAL.path)  # noqa: PTH123, SIM115 (closed by the caller)
    except OSError:
        return os.fdopen(os.dup(0)) if os.isatty(0) else None
    if TERMINAL.is_ours(terminal):
        return terminal
    terminal.close()
    return None
