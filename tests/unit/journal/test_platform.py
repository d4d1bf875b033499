"""Locks are seen without being taken, and tried again for a moment."""

import fcntl
import os
from pathlib import Path

import pytest

from bulkpause.errors import LogHeldError
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.platform import is_locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_held_log_is_locked(path: Path) -> None:
    file = AppendFile(path)
    assert is_locked(path) is True
    file.close()
    assert is_locked(path) is False


def test_look_leaves_no_lock_and_no_descriptor(path: Path) -> None:
    path.touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert is_locked(path) is False
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    AppendFile(path).close()


def test_lock_of_missing_file_is_not_known(path: Path) -> None:
    assert is_locked(path) is None


def test_look_does_not_wait_for_pipe(path: Path) -> None:
    os.mkfifo(path)
    assert is_locked(path) is False


def test_lock_is_not_known_without_locks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    path.touch()
    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert is_locked(path) is None


@pytest.mark.parametrize("looks", [1, 4, 5])
def test_short_look_does_not_refuse_run(
    path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    attempts: list[int] = []
    flock = fcntl.flock

    def busy(file: int, operation: int) -> None:
        attempts.append(operation)
        if len(attempts) <= looks:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", busy)
    if looks < 5:
        AppendFile(path).close()
    else:
        with pytest.raises(LogHeldError):
            AppendFile(path)
    assert len(attempts) == min(looks + 1, 5)
