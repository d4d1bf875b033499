"""A terminal with a child process on it, as a person has it."""

import codecs
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from tests.support.posix import open_terminal, resize_terminal


WITHIN_S = 60.0
#: Makes its standard input the controlling terminal, and becomes another program.
_ON_A_TERMINAL = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
_OURS = (
    *("OCAMBA_", "CREDENTIALS_DIRECTORY", "NO_COLOR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSLKEYLOGFILE"),
)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_OURS)
    }
    return {**inherited, "PYTHONWARNINGS": "error", **variables}


class Terminal:
    """A child process on a terminal of its own, as a person sees it."""

    def __init__(
        self, arguments: list[str], *, cwd: Path, variables: Mapping[str, str]
    ) -> None:
        self._ours, theirs = open_terminal()
        resize_terminal(theirs, rows=24, columns=100)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_A_TERMINAL, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env=environment(variables),
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""
        # A letter may come in two parts.
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def wait_for(self, text: str) -> None:
        until = monotonic() + WITHIN_S
        while text not in self.seen:
            is_shown = monotonic() < until and self._read()
            assert is_shown, f"{text!r} was not shown, but {self.seen!r}"

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        """Type Ctrl-S: whoever writes to the terminal then waits."""
        self.type("\x13")

    def go_on(self) -> None:
        """Type Ctrl-Q."""
        self.type("\x11")

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def resize(self, columns: int) -> None:
        resize_terminal(self._ours, rows=24, columns=columns)

    def interrupt(self) -> None:
        """Type Ctrl-C until it is noticed.

        One that comes just before the program begins to read is noticed only when
        something else comes.
        """
        shown = len(self.seen)
        until = monotonic() + WITHIN_S
        while self._process.poll() is None and monotonic() < until:
            self.type("\x03")
            self._read_for(0.5)
            if self.seen[shown:].replace("^C", "").strip():
                return

    def end(self) -> int:
        """Read what is still shown, and give the exit code."""
        while self._read():
            pass
        return self._process.wait(WITHIN_S)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    def _read_for(self, seconds: float) -> None:
        until = monotonic() + seconds
        while monotonic() < until and self._is_readable(until - monotonic()):
            if not self._read():
                return

    def _is_readable(self, within_s: float) -> bool:
        return bool(select.select([self._ours], [], [], max(0.0, within_s))[0])

    def _read(self) -> bool:
        assert self._is_readable(WITHIN_S), f"nothing came after {self.seen!r}"
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.seen += self._decoder.decode(data).replace("\r\n", "\n")
        return bool(data)
