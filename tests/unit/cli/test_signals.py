"""The signals of the process, with the functions of other systems as fakes."""

import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bulkpause.cli.run_signals import HANG_UP_S, grace_after
from bulkpause.cli.signals import EXIT_CODES, Interrupted, StopSignals


POSIX = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
WINDOWS = ("SIGINT", "SIGTERM", "SIGBREAK")

Handler = Callable[[int, FrameType | None], None]


class System:
    """The module `signal` of a system that has some signals."""

    def __init__(self, names: tuple[str, ...], ignored: str | None = None) -> None:
        self._numbers = {name: number for number, name in enumerate(names, 1)}
        self.__dict__.update(self._numbers)
        self.handlers: dict[int, object] = {
            number: signal.SIG_IGN if name == ignored else signal.SIG_DFL
            for name, number in self._numbers.items()
        }
        self.wakeup_descriptors: list[int] = []

    def getsignal(self, number: int, /) -> object:
        return self.handlers[number]

    def signal(self, number: int, handler: Handler | signal.Handlers, /) -> object:
        self.handlers[number] = handler
        return None

    def set_wakeup_fd(
        self, descriptor: int, /, *, warn_on_full_buffer: bool = True
    ) -> int:
        assert descriptor == -1 or not warn_on_full_buffer
        self.wakeup_descriptors.append(descriptor)
        return -1

    def deliver(self, name: str) -> None:
        handler = self.handlers[self._numbers[name]]
        assert callable(handler)
        handler(self._numbers[name], None)


class WindowsLoop:
    """A loop that cannot watch a socket, as that of Windows."""

    def __init__(self) -> None:
        self._soon: list[Callable[[], object]] = []

    def call_soon_threadsafe(self, callback: Callable[[], object], /) -> object:
        self._soon.append(callback)
        return None

    def add_reader(self, descriptor: int, read: Callable[[], object], /) -> None:
        raise NotImplementedError

    def remove_reader(self, descriptor: int, /) -> bool:
        raise NotImplementedError

    def turn(self) -> None:
        due, self._soon = self._soon, []
        for callback in due:
            callback()


class PosixLoop(WindowsLoop):
    """A loop that watches sockets."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: list[int] = []

    def add_reader(self, descriptor: int, read: Callable[[], object], /) -> None:
        self.watched.append(descriptor)

    def remove_reader(self, descriptor: int, /) -> bool:
        self.watched.remove(descriptor)
        return True


def installed(system: System, left: list[int] | None = None) -> StopSignals:
    codes = list[int]() if left is None else left
    signals = StopSignals(
        system, leave_late=codes.append, interrupt_waits=lambda _, __: None
    )
    signals.install()
    return signals


#: Waits for an input that never comes, and does something before.
_WAITING = """
import os, signal, threading
from bulkpause.cli.signals import SIGNALS, Interrupted

def signal_this_thread() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

class SignallingAtItsEnd:
    def __del__(self) -> None:
        signal_this_thread()

SIGNALS.install()
reader, writer = os.pipe()
try:
    {before}
    os.read(reader, 1)
except Interrupted as interrupted:
    SIGNALS.acknowledge()
    os._exit(interrupted.exit_code)
"""
#: Python acts on signals in the main thread only, and loses exceptions in `__del__`.
_BEFORE = {
    "to another thread": "threading.Timer(0.2, signal_this_thread).start()",
    "where exceptions are lost": "SignallingAtItsEnd()",
}


@pytest.mark.posix_only
@pytest.mark.parametrize("before", _BEFORE.values(), ids=_BEFORE)
def test_signal_ends_wait_wherever_it_arrives(before: str) -> None:
    command = [sys.executable, "-c", _WAITING.format(before=before)]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 143


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_signal_outside_loop_is_raised(name: str) -> None:
    installed(system := System(POSIX))
    with pytest.raises(Interrupted, match=rf"^{name}: nothing was sent$") as raised:
        system.deliver(name)
    assert raised.value.exit_code == 128 + getattr(signal, name)


@pytest.mark.parametrize("name", POSIX)
def test_signal_ignored_by_parent_stays_ignored(name: str) -> None:
    installed(system := System(POSIX, ignored=name))
    ignored = [number for number, one in system.handlers.items() if not callable(one)]
    assert ignored == [getattr(system, name)]


def test_break_on_windows_is_sigterm() -> None:
    installed(system := System(WINDOWS))
    with pytest.raises(Interrupted) as raised:
        system.deliver("SIGBREAK")
    assert raised.value.exit_code == EXIT_CODES["SIGTERM"]


def test_raised_signal_tells_outcome_so_far() -> None:
    signals = installed(system := System(POSIX))
    signals.outcome = "the run is over"
    with pytest.raises(Interrupted, match=r"^SIGTERM: the run is over$"):
        system.deliver("SIGTERM")


def test_deferred_signal_is_kept() -> None:
    signals = installed(system := System(POSIX))
    with signals.deferred():
        system.deliver("SIGTERM")
    assert (signals.received, signals.exit_code) == (["SIGTERM"], 143)
    with pytest.raises(Interrupted):
        signals.check()


def test_signals_at_end_are_ignored() -> None:
    signals = installed(system := System(POSIX))
    signals.defer_to_end()
    assert {*system.handlers.values()} == {signal.SIG_IGN}


def test_swallowed_signal_is_raised_before_run() -> None:
    signals = installed(system := System(POSIX))
    with pytest.raises(Interrupted):
        system.deliver("SIGHUP")
    with pytest.raises(Interrupted, match="SIGHUP"), signals.deferred():
        pass


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("names", [POSIX, WINDOWS])
def test_loop_acts_on_each_signal(names: tuple[str, ...], *, is_before: bool) -> None:
    signals = installed(system := System(names))
    loop = PosixLoop() if names is POSIX else WindowsLoop()
    acted: list[int] = []
    with signals.deferred():
        if is_before:
            system.deliver("SIGINT")
        with signals.acted_on(loop, lambda: acted.append(len(signals.received))):
            if not is_before:
                system.deliver("SIGINT")
                assert acted == []  # not before the loop turns
            loop.turn()
            assert acted == [1]
            system.deliver("SIGTERM")
            loop.turn()
        system.deliver("SIGTERM")
        loop.turn()
    assert acted == [1, 2]
    assert signals.exit_code == 130


def test_signal_wakes_loop_that_watches_sockets() -> None:
    signals = installed(system := System(POSIX))
    loop = PosixLoop()
    with signals.deferred(), signals.acted_on(loop, list):
        assert len(loop.watched) == 1
    assert loop.watched == []
    assert len(system.wakeup_descriptors) == 2
    assert system.wakeup_descriptors[0] >= 0
    assert system.wakeup_descriptors[1] == -1


def test_windows_loop_keeps_its_own_waking() -> None:
    signals = installed(system := System(WINDOWS))
    with signals.deferred(), signals.acted_on(WindowsLoop(), list):
        pass
    assert system.wakeup_descriptors == []


def test_second_signal_ends_process_whatever_holds_it() -> None:
    left: list[int] = []
    signals = installed(system := System(POSIX), left)
    with signals.deferred():
        system.deliver("SIGTERM")
        assert left == []
        system.deliver("SIGINT")
        system.deliver("SIGINT")
    assert left == [143]


def test_second_signal_is_not_raised_again() -> None:
    left: list[int] = []
    installed(system := System(POSIX), left)
    with pytest.raises(Interrupted):
        system.deliver("SIGINT")
    system.deliver("SIGTERM")
    assert left == [130]


def test_loop_shows_stacks_and_goes_on() -> None:
    signals = installed(system := System(POSIX))
    loop, shown = WindowsLoop(), list[str]()
    with signals.deferred(), signals.acted_on(loop, list, shown.extend):
        system.deliver("SIGQUIT")
        assert shown == []
        loop.turn()
    assert any("test_loop_shows_stacks_and_goes_on" in line for line in shown)
    assert signals.received == []


@pytest.mark.parametrize(
    ("received", "seconds"),
    [
        (["SIGTERM"], 10.0),
        (["SIGHUP"], 10.0),
        (["SIGTERM", "SIGTERM"], 0.0),
        (["SIGHUP", "SIGINT"], 0.0),
        (["SIGHUP", "SIGHUP"], HANG_UP_S),
    ],
)
def test_second_signal_ends_grace(received: list[str], seconds: float) -> None:
    assert grace_after(received, 10.0) == seconds


def test_second_hang_up_never_prolongs_grace() -> None:
    assert grace_after(["SIGHUP", "SIGHUP"], 0.5) == 0.5
