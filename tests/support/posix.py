"""Calls of POSIX systems that tests need and Windows lacks."""

import os
import signal
import sys
import termios
from collections.abc import Callable
from functools import partial
from pathlib import Path


def limiting_file_size(size: int) -> Callable[[], None]:
    """Give what a child process calls so that its files stay below a size in bytes."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 (Windows has none)

        return partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    raise NotImplementedError


def stop(pid: int) -> None:
    """Stop a process until it is told to go on."""
    if sys.platform != "win32":
        os.kill(pid, signal.SIGSTOP)


def go_on(pid: int) -> None:
    """Let a stopped process go on."""
    if sys.platform != "win32":
        os.kill(pid, signal.SIGCONT)


def make_pipe(path: Path) -> None:
    """Make a named pipe."""
    if sys.platform != "win32":
        os.mkfifo(path)


def is_root() -> bool:
    """Tell whether this user can read every file."""
    return sys.platform != "win32" and os.geteuid() == 0


def open_terminal() -> tuple[int, int]:
    """Open the two ends of a terminal."""
    if sys.platform != "win32":
        return os.openpty()
    raise NotImplementedError


def resize_terminal(terminal: int, *, rows: int, columns: int) -> None:
    """Set the size of a terminal, given either end of it."""
    if sys.platform != "win32":
        termios.tcsetwinsize(terminal, (rows, columns))
