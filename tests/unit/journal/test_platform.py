"""This system's calls, the choice of a system, and the clock."""

import ctypes
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bulkpause.journal import platform
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.platform import SYSTEM, clock_resolution_s
from bulkpause.journal.platform.darwin import kernel_value
from tests.support.posix import make_pipe
from tests.support.windows import WindowsCalls


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_held_log_is_locked(path: Path) -> None:
    file = AppendFile(path)
    assert SYSTEM.is_locked(path) is True
    file.close()
    assert SYSTEM.is_locked(path) is False


@pytest.mark.posix_only
def test_look_leaves_no_lock_and_no_descriptor(path: Path) -> None:
    path.touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert SYSTEM.is_locked(path) is False
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    AppendFile(path).close()


def test_lock_of_missing_file_is_not_known(path: Path) -> None:
    assert SYSTEM.is_locked(path) is None


@pytest.mark.posix_only
def test_look_does_not_wait_for_pipe(path: Path) -> None:
    make_pipe(path)
    assert SYSTEM.is_locked(path) is False


@pytest.mark.posix_only
def test_lock_is_not_known_without_locks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    path.touch()
    monkeypatch.setattr("fcntl.flock", no_locks)
    assert SYSTEM.is_locked(path) is None


@pytest.mark.posix_only
@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("linux", "Linux"),
        ("freebsd15", "Linux"),
        ("darwin", "Darwin"),
        ("win32", "Windows"),
    ],
)
def test_system_is_chosen_by_name(
    name: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    msvcrt = ModuleType("msvcrt")
    vars(msvcrt).update(locking=WindowsCalls().locking, LK_NBLCK=2, LK_UNLCK=0)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", name)
    found = runpy.run_path(str(platform.__file__))["SYSTEM"]
    assert type(found).__name__ == chosen


def test_clock_resolution_is_in_seconds() -> None:
    assert 0 < clock_resolution_s() <= 0.016


class FakeLibrary:
    """A C library whose kernel knows one value."""

    def sysctlbyname(
        self, name: bytes, value: ctypes.Array[ctypes.c_char], *_: object
    ) -> int:
        if name != b"kern.boottime":
            return -1
        value.raw = b"boottime".ljust(len(value.raw), b"\0")
        return 0


def test_kernel_value_is_read_from_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: FakeLibrary())
    assert kernel_value(b"kern.boottime", 16) == b"boottime".ljust(16, b"\0")
    assert kernel_value(b"kern.nothing", 16) == b""
