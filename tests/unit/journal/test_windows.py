"""Windows: a log under mandatory locks, in text mode, and without deleting open files."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.append_file import AppendFile, read_lines
from bulkpause.journal.codec import Header, encode
from bulkpause.journal.platform import windows
from bulkpause.journal.platform.windows import Windows
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.writer import Journal
from bulkpause.model import Item, Record
from bulkpause.vocabulary import Status
from tests.support.windows import WindowsCalls


pytestmark = [pytest.mark.anyio, pytest.mark.posix_only]  # it fakes the calls of POSIX
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> WindowsCalls:
    calls = WindowsCalls()
    calls.install(monkeypatch)
    return calls


@pytest.fixture
def system(calls: WindowsCalls) -> Windows:
    return Windows(calls)


def paused(id_: str) -> Record:
    return Record(id=id_, status=Status.PAUSED, planned=2, run_id="run")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_line_ends_stay_as_they_are(path: Path, system: Windows) -> None:
    file = AppendFile(path, system)
    file.append(b"one\n")
    file.append(b"two\n")
    file.sync()
    file.check()
    assert list(file.lines()) == [b"one\n", b"two\n"]
    file.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_log_of_running_run_is_read(path: Path, system: Windows) -> None:
    file = AppendFile(path, system)
    file.append(b"one\n")
    assert list(read_lines(path)) == [b"one\n"]
    file.close()


def test_lock_near_the_start_would_stop_readers(
    path: Path, system: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "LOCKED_BYTE", 0)
    file = AppendFile(path, system)
    file.append(b"one\n")
    with pytest.raises(LogError, match="cannot be read: Permission denied"):
        list(read_lines(path))
    file.close()


def test_second_run_is_refused_until_first_ends(path: Path, system: Windows) -> None:
    first = AppendFile(path, system)
    assert system.is_locked(path) is True
    with pytest.raises(LogHeldError, match="another run holds"):
        AppendFile(path, system)
    first.close()
    AppendFile(path, system).close()


def test_look_leaves_no_lock(path: Path, system: Windows) -> None:
    path.touch()
    assert system.is_locked(path) is False
    assert system.is_locked(path) is False
    assert system.is_locked(path.with_name("none")) is None


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOLCK])
def test_missing_locks_leave_nothing_behind(
    path: Path, calls: WindowsCalls, system: Windows, number: int
) -> None:
    calls.lock_error = number
    with pytest.raises(LogError, match=f"cannot be locked: {os.strerror(number)}; "):
        AppendFile(path, system)
    assert not path.exists()
    path.touch()
    assert system.is_locked(path) is None


def test_folder_is_not_opened(path: Path, calls: WindowsCalls, system: Windows) -> None:
    AppendFile(path, system).close()
    assert calls.folders_opened == 0


def test_symlink_is_refused(path: Path, system: Windows) -> None:
    target = path.with_name("target")
    target.write_bytes(b"torn")
    path.symlink_to(target)
    with pytest.raises(LogError, match="log cannot be opened: Too many levels"):
        AppendFile(path, system)
    assert target.read_bytes() == b"torn"


def test_torn_line_is_cut(path: Path, system: Windows) -> None:
    path.write_bytes(b"one\ntorn")
    file = AppendFile(path, system)
    assert file.tail() == b"torn"
    file.cut_tail(4)
    file.append(b"two\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_discarded_file_is_closed_before_deletion(path: Path, system: Windows) -> None:
    AppendFile(path, system).discard()
    assert not path.exists()


def test_open_file_cannot_be_deleted(path: Path, system: Windows) -> None:
    file = AppendFile(path, system)
    with pytest.raises(PermissionError):
        path.unlink()
    with path.open("rb"), pytest.raises(LogError, match="cannot be removed"):
        file.remove()


async def test_finished_run_leaves_log_alone(path: Path, system: Windows) -> None:
    journal = Journal(path, resume=False, system=system)
    header = Header(run="run", base_url="https://a", digest="", planned=2, boot_id="")
    async with journal:
        journal.begin(header, [Item(id="1", row=1), Item(id="2", row=2)])
        journal.write(paused("1"))
        assert len(read_recovery(path).records) == 1
        journal.write(paused("2"))
    expected = encode(paused("1")) + encode(paused("2"))
    assert contents(path.parent) == {"log": expected}


def test_boot_id_is_that_of_the_boot(system: Windows) -> None:
    def boot_id(at: datetime, uptime_s: float) -> str:
        return system.boot_id(now=at, uptime_s=uptime_s)

    first = boot_id(NOW, 100.0)
    assert first == boot_id(NOW + timedelta(hours=5), 100.0 + 5 * 3600)
    assert first != boot_id(NOW + timedelta(hours=5), 100.0)
