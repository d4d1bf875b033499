"""Calls of POSIX systems that tests need and Windows lacks."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import Signals


if sys.platform != "win32":
    import termios

#: Windows has neither.
SIGHUP = Signals.__members__.get("SIGHUP", Signals.SIGTERM)
SIGQUIT = Signals.__members__.get("SIGQUIT", Signals.SIGTERM)


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


def end_group(leader: int) -> None:
    """End all processes of a group that are left."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


def make_pipe(path: Path) -> None:
    """Make a named pipe."""
    if sys.platform != "win32":
        os.mkfifo(path)


def is_root() -> bool:
    """Tell whether this user can read every file."""
    return sys.platform != "win32" and os.geteuid() == 0


def give_to(user_id: int, path: Path) -> None:
    """Make a user and their group the owners of a file."""
    if sys.platform != "win32":
        os.chown(path, user_id, user_id)


def open_terminal() -> tuple[int, int]:
    """Open the two ends of a terminal."""
    if sys.platform != "win32":
        return os.openpty()
    raise NotImplementedError


def resize_terminal(terminal: int, *, rows: int, columns: int) -> None:
    """Set the size of a terminal, given either end of it."""
    if sys.platform != "win32":
        termios.tcsetwinsize(terminal, (rows, columns))


def set_blocking(descriptor: int, *, blocks: bool) -> None:
    """Set whether a read or a write waits."""
    if sys.platform != "win32":
        os.set_blocking(descriptor, blocks)


def fill(pipe: int) -> None:
    """Write to a pipe until it takes no more, so that the next writer waits."""
    if sys.platform != "win32":
        set_blocking(pipe, blocks=False)
        for size in (65_536, 1):
            with suppress(BlockingIOError):
                while True:
                    os.write(pipe, b"x" * size)
        set_blocking(pipe, blocks=True)


def open_for_writing(pipe: Path) -> int | None:
    """Open a named pipe for writing; None if nobody reads it yet."""
    if sys.platform != "win32":
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    return None


def count_unread(pipe: int) -> int:
    """Count the bytes that nobody has read from a pipe yet."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 (Windows has none)

        counted = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
        return int.from_bytes(counted, sys.byteorder)
    raise NotImplementedError
