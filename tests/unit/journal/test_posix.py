"""Linux and macOS: locks, syncs and boot ids, also where a file system lacks them."""

import errno
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.platform.darwin import Darwin
from bulkpause.journal.platform.linux import Linux
from bulkpause.journal.platform.posix import Posix
from bulkpause.journal.platform.system import LOCK_ATTEMPTS


pytestmark = pytest.mark.posix_only
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
#: What a file system answers that has no locks, or none for this file.
NO_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL]
#: What one answers that cannot sync a folder.
NO_FOLDER_SYNC = [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EISDIR]


class FakeFcntl:
    """The module `fcntl`, where locks work until they are told to fail."""

    LOCK_SH, LOCK_EX, LOCK_NB, F_FULLFSYNC = 1, 2, 4, 51

    def __init__(self) -> None:
        self.held_for = 0
        self.lock_error: int | None = None
        self.sync_error: int | None = None
        self.attempts = 0
        self.full_syncs: list[int] = []

    def flock(self, fd: int, operation: int, /) -> None:
        self.attempts += 1
        assert operation & self.LOCK_NB
        if self.lock_error is not None:
            raise OSError(self.lock_error, os.strerror(self.lock_error))
        if self.attempts <= self.held_for:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def fcntl(self, fd: int, cmd: int, /) -> int:
        assert cmd == self.F_FULLFSYNC
        self.full_syncs.append(fd)
        if self.sync_error is not None:
            raise OSError(self.sync_error, os.strerror(self.sync_error))
        return 0


class FakeSyncs:
    """The module `os` of Linux, where syncs are counted."""

    def __init__(self) -> None:
        self.synced: list[int] = []

    def fdatasync(self, fd: int, /) -> None:
        self.synced.append(fd)


SYSTEMS: dict[str, Callable[[FakeFcntl], Posix]] = {
    "linux": lambda locks: Linux(locks, FakeSyncs()),
    "macos": Darwin,
}
on_both = pytest.mark.parametrize("make", SYSTEMS.values(), ids=SYSTEMS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def refusing_folders(number: int) -> Callable[[int], None]:
    def fsync(file: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


@on_both
@pytest.mark.parametrize("number", NO_LOCKS)
def test_missing_locks_are_no_other_run(
    path: Path, make: Callable[[FakeFcntl], Linux], number: int
) -> None:
    locks = FakeFcntl()
    locks.lock_error = number
    with pytest.raises(LogError) as raised:
        AppendFile(path, make(locks))
    assert str(raised.value) == (
        f"{path} cannot be locked: {os.strerror(number)}; name a log on a disk whose "
        "file system has locks, such as a local one"
    )
    assert not path.exists()
    assert locks.attempts == 1


@on_both
def test_unlockable_log_of_before_is_kept(
    path: Path, make: Callable[[FakeFcntl], Linux]
) -> None:
    path.touch()
    locks = FakeFcntl()
    locks.lock_error = errno.ENOLCK
    with pytest.raises(LogError, match="cannot be locked"):
        AppendFile(path, make(locks))
    assert path.exists()


@on_both
@pytest.mark.parametrize("looks", [1, LOCK_ATTEMPTS - 1, LOCK_ATTEMPTS])
def test_short_look_does_not_refuse_run(
    path: Path, make: Callable[[FakeFcntl], Linux], looks: int
) -> None:
    locks = FakeFcntl()
    locks.held_for = looks
    if looks < LOCK_ATTEMPTS:
        AppendFile(path, make(locks)).close()
    else:
        with pytest.raises(LogHeldError):
            AppendFile(path, make(locks))
    assert locks.attempts == min(looks + 1, LOCK_ATTEMPTS)


@on_both
@pytest.mark.parametrize("number", NO_FOLDER_SYNC)
def test_folder_that_cannot_be_synced_is_used(
    path: Path,
    make: Callable[[FakeFcntl], Linux],
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "fsync", refusing_folders(number))
    file = AppendFile(path, make(FakeFcntl()))
    file.append(b"one\n")
    file.sync()
    file.close()
    assert path.read_bytes() == b"one\n"


@on_both
def test_folder_that_cannot_be_opened_is_used(
    path: Path, make: Callable[[FakeFcntl], Linux], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(name: Path, flags: int, mode: int = 0o777) -> int:
        if name == path.parent:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", refused)
    AppendFile(path, make(FakeFcntl())).close()


@on_both
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_failed_folder_sync_refuses_log(
    path: Path,
    make: Callable[[FakeFcntl], Linux],
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "fsync", refusing_folders(number))
    with pytest.raises(LogError, match="cannot be created"):
        AppendFile(path, make(FakeFcntl()))
    assert not path.exists()


@on_both
def test_removed_file_is_closed(path: Path, make: Callable[[FakeFcntl], Linux]) -> None:
    file = AppendFile(path, make(FakeFcntl()))
    file.remove()
    assert not path.exists()
    file.close()  # again: no error


def test_linux_syncs_data_alone() -> None:
    syncs = FakeSyncs()
    Linux(FakeFcntl(), syncs).sync_data(7)
    assert syncs.synced == [7]


@pytest.fixture
def plain_syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    return synced


def test_macos_syncs_to_the_medium(plain_syncs: list[int]) -> None:
    control = FakeFcntl()
    Darwin(control).sync_data(7)
    assert (control.full_syncs, plain_syncs) == ([7], [])


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.EINVAL, errno.ENOTTY])
def test_macos_syncs_plainly_where_refused(plain_syncs: list[int], number: int) -> None:
    control = FakeFcntl()
    control.sync_error = number
    Darwin(control).sync_data(7)
    assert plain_syncs == [7]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_macos_never_repeats_failed_sync(plain_syncs: list[int], number: int) -> None:
    control = FakeFcntl()
    control.sync_error = number
    with pytest.raises(OSError, match=os.strerror(number)):
        Darwin(control).sync_data(7)
    assert plain_syncs == []


def macos_boot_id(started: bytes) -> str:
    def read_kernel(name: bytes, size: int) -> bytes:
        assert name == b"kern.boottime"
        return started[:size]

    return Darwin(FakeFcntl(), read_kernel=read_kernel).boot_id(now=NOW, uptime_s=5.0)


def test_macos_boot_id_is_boot_time() -> None:
    first, other = (
        second.to_bytes(8, sys.byteorder) + micros.to_bytes(8, sys.byteorder)
        for second, micros in ((1_795_000_000, 5), (1_795_000_900, 5))
    )
    assert macos_boot_id(first) == macos_boot_id(first) == "1795000000"
    assert macos_boot_id(other) == "1795000900"
    assert macos_boot_id(b"") == ""


def linux_boot_id(file: Path) -> str:
    linux = Linux(FakeFcntl(), FakeSyncs(), boot_id_file=file)
    return linux.boot_id(now=NOW, uptime_s=5.0)


def test_linux_boot_id_is_read(path: Path) -> None:
    assert linux_boot_id(path) == ""
    path.write_text("b-o-o-t\n")
    assert linux_boot_id(path) == "b-o-o-t"
