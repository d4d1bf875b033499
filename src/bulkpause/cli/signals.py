"""Take the signals that stop this process, from its start to its end.

`start` installs the handlers before anything else is imported; so this module imports
nothing heavy. All that differs between systems is here: a signal that a system does not
have is left out.
"""

import _thread
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from bulkpause.cli.stacks import stack_lines, write_aside


#: The signals that stop the process, and its exit codes after them. SIGBREAK is what
#: Windows sends to end a process, and so its SIGTERM. The others are 128 + the number.
EXIT_CODES = {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143, "SIGBREAK": 143}
#: Seconds from a second signal to the end, whatever holds the process.
LEAVES_WITHIN_S = 3.0
#: Seconds after which stacks are written even if the event loop has not shown them.
SHOWN_WITHIN_S = 1.0
#: Seconds between two looks whether a signal was acted on, and how many there are.
_NOTICED_WITHIN_S, _LOOKS = 0.2, 10

_UNHANDLED = (signal.SIG_DFL, signal.default_int_handler)

Handler = Callable[[int, FrameType | None], None]


class Interrupted(BaseException):
    """A signal came outside the event loop.

    Args:
        name: The signal's name.
        outcome: What is true of the run then, for people.

    Attributes:
        exit_code: The exit code of the process.
    """

    def __init__(self, name: str, outcome: str) -> None:
        super().__init__(f"{name}: {outcome}")
        self.exit_code = EXIT_CODES[name]


class SignalCalls(Protocol):
    """The functions and numbers of the module `signal`."""

    def getsignal(self, number: int, /) -> object: ...
    def signal(self, number: int, handler: Handler | signal.Handlers, /) -> object: ...
    def set_wakeup_fd(
        self, descriptor: int, /, *, warn_on_full_buffer: bool = ...
    ) -> int: ...


class Loop(Protocol):
    """What is asked of an event loop. That of Windows watches no sockets."""

    def call_soon_threadsafe(self, callback: Callable[[], object], /) -> object: ...
    def add_reader(self, descriptor: int, read: Callable[[], object], /) -> None: ...
    def remove_reader(self, descriptor: int, /) -> bool: ...


class StopSignals:
    """Notices each stop signal, and makes it act where the program is.

    Outside the event loop the first one is raised as `Interrupted`. While they are
    deferred, signals are kept, until something in an event loop acts on them. At the
    second one, a thread ends the process if it does not end by itself.

    Args:
        calls: The system's functions.
        leave_late: Ends the process with an exit code some time later.
        interrupt_waits: Lets signals end what the process waits for.

    Attributes:
        received: The names of the signals so far.
        outcome: What is true of the run if a signal is raised now, for people.
        is_raised: Whether one was raised, or is to be.
    """

    def __init__(
        self,
        calls: SignalCalls = signal,
        *,
        leave_late: Callable[[int], None] | None = None,
        interrupt_waits: Callable[[set[int], Handler], object] | None = None,
    ) -> None:
        self.received: list[str] = []
        self.outcome = "nothing was sent"
        self._calls = calls
        self._leave_late = leave_late or _leave_late
        self._interrupt_waits = interrupt_waits or _interrupt_waits
        self._names: dict[int, str] = {}
        self.is_raised = self._is_deferred = False
        self._loop: Loop | None = None
        self._act: Callable[[], object] | None = None
        self._show: Callable[[list[str]], None] | None = None

    def install(self) -> None:
        """Handle the signals of this system, but for those that the parent ignores.

        `nohup` ignores SIGHUP so, and a shell SIGINT for what runs in its background.
        """
        self._install("SIGQUIT", self._dump_stacks)
        for name in EXIT_CODES:
            self._install(name, self._receive)
        self._interrupt_waits(set(self._names), self._raise_again)

    @property
    def exit_code(self) -> int | None:
        """The exit code for the first signal; None without a signal."""
        return EXIT_CODES[self.received[0]] if self.received else None

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Keep signals instead of raising them.

        Raises:
            Interrupted: One has come before. Something has swallowed the exception.
        """
        self.check()
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    def acknowledge(self) -> None:
        """Take note that `Interrupted` has arrived: it is not raised again."""
        self._is_deferred = True

    def defer_to_end(self) -> None:
        """Ignore signals from now on: the process ends in any case, with its own code.

        The interpreter takes its handlers away while it ends, but leaves these.
        """
        self._is_deferred = True
        for number in self._names:
            self._calls.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """Raise the first signal that came, if one has.

        Raises:
            Interrupted: One has.
        """
        if self.received:
            raise Interrupted(self.received[0], self.outcome)

    @contextmanager
    def acted_on(
        self,
        loop: Loop,
        act: Callable[[], object],
        show: Callable[[list[str]], None] | None = None,
    ) -> Iterator[None]:
        """Act on deferred signals in a loop, those that came before included.

        Args:
            loop: The running loop.
            act: Called in the loop after each signal.
            show: Called in the loop with the lines of a stack dump.
        """
        with self._waking(loop):
            self._loop, self._act, self._show = loop, act, show
            if self.received:
                act()
            try:
                yield
            finally:
                self._loop = self._act = self._show = None

    def _install(self, name: str, handler: Handler) -> None:
        number = getattr(self._calls, name, None)
        if number is None or self._calls.getsignal(number) not in _UNHANDLED:
            return
        self._names[number] = name
        self._calls.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received.append(self._names[number])
        count = len(self.received)
        if count == 2:
            self._leave_late(EXIT_CODES[self.received[0]])
        if self._loop is not None and self._act is not None:
            self._loop.call_soon_threadsafe(self._act)
        elif count == 1 and not self._is_deferred:
            self.is_raised = True
            if not _is_importing(frame):
                self.check()

    def _raise_again(self, _: int, frame: FrameType | None) -> None:
        """Raise a signal that came while a module was imported, or was swallowed."""
        if self.is_raised and not self._is_deferred and not _is_importing(frame):
            self.check()

    def _dump_stacks(self, _: int, frame: FrameType | None) -> None:
        """Show where the program is, in a thread if the loop is not free to do it."""
        lines, show, shown = stack_lines(frame), self._show, list[bool]()
        if self._loop is None or show is None:
            write_aside(lines)
            return

        def show_once() -> None:
            if not shown:
                shown.append(True)
                show(lines)

        self._loop.call_soon_threadsafe(show_once)
        write_aside(lines, unless=shown, after_s=SHOWN_WITHIN_S)

    @contextmanager
    def _waking(self, loop: Loop) -> Iterator[None]:
        """Let a signal wake the loop, whichever thread the system interrupts for it."""
        from socket import socketpair  # noqa: PLC0415 (see above)

        reader, writer = socketpair()
        with reader, writer:
            reader.settimeout(0)
            writer.settimeout(0)
            try:
                loop.add_reader(reader.fileno(), lambda: reader.recv(4096))
            except NotImplementedError:
                # The loop of Windows, which signals wake without help.
                yield
                return
            earlier = self._calls.set_wakeup_fd(
                writer.fileno(), warn_on_full_buffer=False
            )
            try:
                yield
            finally:
                self._calls.set_wakeup_fd(earlier)
                loop.remove_reader(reader.fileno())


def _is_importing(frame: FrameType | None) -> bool:
    """Tell whether a module is being imported.

    An exception could leave the locks of imports held, or become another one on its way
    through a module that is half made.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _interrupt_waits(numbers: set[int], act: Handler) -> None:
    """End what this thread waits for after a signal, whatever became of that.

    Python acts on signals between two steps of the main thread only. One that comes
    just before a read, or to another thread, would wait for what is read; an exception
    that it raises may be lost, as in a callback of the garbage collector. So a thread
    looks for signals, and then sends this thread another one that lets it act again.

    Args:
        numbers: The signals.
        act: Handles the other one in this thread, some times after each of them.
    """
    if sys.platform != "win32" and signal.getsignal(signal.SIGURG) is signal.SIG_DFL:
        main, (reader, writer) = _thread.get_ident(), os.pipe()

        def interrupt() -> None:
            while data := os.read(reader, 64):
                for _ in range(_LOOKS if numbers & {*data} else 0):
                    time.sleep(_NOTICED_WITHIN_S)
                    signal.pthread_kill(main, signal.SIGURG)

        try:
            _thread.start_new_thread(interrupt, ())
        except RuntimeError:  # there are no threads to be had
            return
        os.set_blocking(writer, False)
        signal.signal(signal.SIGURG, act)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def _leave_late(exit_code: int) -> None:
    # Not `threading`: its locks may be held by the code that the signal interrupts.
    try:
        _thread.start_new_thread(_leave_after, (LEAVES_WITHIN_S, exit_code))
    except RuntimeError:  # there are no threads to be had
        os._exit(exit_code)


def _leave_after(seconds: float, exit_code: int) -> None:
    time.sleep(seconds)
    os._exit(exit_code)


#: The signals of this process. `start` installs them.
SIGNALS = StopSignals()
