"""Append, sync, lock and repair a file, on a real disk and on one that fails."""

import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import LogError, LogHeldError
from bulkpause.journal.append_file import AppendFile, read_lines
from bulkpause.journal.platform import SYSTEM
from tests.support.posix import make_pipe


pytestmark = pytest.mark.posix_only  # devices, modes, /proc, and files moved while open


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def content_after(path: Path, *lines: bytes) -> bytes:
    file = AppendFile(path)
    for line in lines:
        file.append(line)
    file.close()
    return path.read_bytes()


def test_lines_are_appended_in_order(path: Path) -> None:
    assert content_after(path, b"one\n", b"two\n") == b"one\ntwo\n"


def test_line_is_one_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    write = os.write

    def noted(file: int, data: bytes) -> int:
        written.append(data)
        return write(file, data)

    monkeypatch.setattr(os, "write", noted)
    content_after(path, b"one\n", b"two\n")
    assert written == [b"one\n", b"two\n"]


def test_partial_write_is_completed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:99]))
    line = b"a long line, " * 40 + b"\n"
    assert content_after(path, line) == line


def test_existing_lines_are_kept(path: Path) -> None:
    path.write_bytes(b"one\n")
    assert content_after(path, b"two\n") == b"one\ntwo\n"


def test_all_lines_are_read_after_append(path: Path) -> None:
    file = AppendFile(path)
    file.append(b"one\n")
    file.append(b"two\n")
    assert list(file.lines()) == [b"one\n", b"two\n"]
    file.close()


@pytest.mark.parametrize("torn", range(1, 9))
def test_tail_is_read_and_cut_at_any_byte(path: Path, torn: int) -> None:
    path.write_bytes(b"one\n" + b"two-----\n"[:torn])
    file = AppendFile(path)
    assert file.tail() == b"two-----"[:torn]
    file.cut_tail(torn)
    assert (file.torn_bytes, list(file.lines())) == (torn, [b"one\n"])
    file.append(b"three\n")
    file.check()
    file.close()
    assert path.read_bytes() == b"one\nthree\n"


@pytest.mark.parametrize("size", [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("before", [b"", b"one\n"])
def test_tail_of_any_length_is_read(path: Path, before: bytes, size: int) -> None:
    path.write_bytes(before + b"x" * size)
    file = AppendFile(path)
    assert file.tail() == b"x" * size
    file.close()
    assert (file.torn_bytes, path.read_bytes()) == (0, before + b"x" * size)


def test_whole_file_has_no_tail(path: Path) -> None:
    path.write_bytes(b"one\n" * 300_000)
    file = AppendFile(path)
    assert file.tail() == b""
    file.close()


def test_opened_file_is_not_changed(path: Path) -> None:
    path.write_bytes(b"one\n\ntwo\n")
    file = AppendFile(path)
    file.close()
    assert (file.torn_bytes, path.read_bytes()) == (0, b"one\n\ntwo\n")


def test_file_mode_is_0600_with_any_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        AppendFile(path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_second_holder_is_refused(path: Path) -> None:
    first = AppendFile(path)
    with pytest.raises(LogHeldError, match="another run holds"):
        AppendFile(path)
    first.close()
    AppendFile(path).close()


def test_refused_second_holder_changes_nothing(path: Path) -> None:
    first = AppendFile(path)
    first.append(b"torn")
    with pytest.raises(LogHeldError):
        AppendFile(path)
    first.close()
    assert path.read_bytes() == b"torn"


def test_symlink_is_refused(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"torn")
    path.symlink_to(target)
    with pytest.raises(LogError, match="cannot be opened"):
        AppendFile(path)
    assert target.read_bytes() == b"torn"


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null"])
def test_device_is_refused(device: str) -> None:
    with pytest.raises(LogError, match="not a regular file"):
        AppendFile(Path(device))


def test_missing_directory_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"none/log cannot be opened: No such file"):
        AppendFile(tmp_path / "none" / "log")


def test_failed_cut_of_torn_line_is_reported(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"torn")
    monkeypatch.setattr(os, "ftruncate", no_space)
    file = AppendFile(path)
    with pytest.raises(LogError, match="log cannot be repaired: No space left"):
        file.cut_tail(4)
    file.close()


def test_unreadable_file_is_reported(path: Path) -> None:
    file = AppendFile(path)
    file.close()
    with pytest.raises(LogError, match="log cannot be read: Bad file descriptor"):
        list(file.lines())
    with pytest.raises(LogError, match="log cannot be read: Bad file descriptor"):
        file.tail()


def test_failed_open_leaves_no_descriptor(path: Path) -> None:
    first = AppendFile(path)
    before = len(open_files())
    with pytest.raises(LogHeldError):
        AppendFile(path)
    assert len(open_files()) == before
    first.close()


def test_closed_file_leaves_no_descriptor(path: Path) -> None:
    before = len(open_files())
    AppendFile(path).close()
    assert len(open_files()) == before


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_failed_write_refuses_further_lines_and_syncs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = AppendFile(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", no_space)
        with pytest.raises(LogError, match="cannot be written: No space left"):
            file.append(b"one\n")
    with pytest.raises(LogError, match="No space left"):
        file.append(b"two\n")
    with pytest.raises(LogError, match="No space left"):
        file.sync()
    file.close()
    assert path.read_bytes() == b""


def test_failed_sync_is_never_repeated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = AppendFile(path)
    synced: list[int] = []

    def broken(descriptor: int) -> None:
        synced.append(descriptor)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(SYSTEM, "sync_data", broken)
    for _ in range(3):
        with pytest.raises(LogError, match="cannot be synced: Input/output error"):
            file.sync()
    with pytest.raises(LogError, match="cannot be synced"):
        file.append(b"one\n")
    file.close()
    assert len(synced) == 1
    assert path.read_bytes() == b""


def test_file_fails_with_error_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = AppendFile(tmp_path / "one"), AppendFile(tmp_path / "other")
    other.append(b"fine\n")
    monkeypatch.setattr(SYSTEM, "sync_data", no_space)
    with pytest.raises(LogError) as failed:
        one.sync()
    other.fail_with(failed.value)
    with pytest.raises(LogError, match="one cannot be synced"):
        other.append(b"line\n")
    one.close()
    other.close()


def test_directory_of_new_file_is_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(
        os,
        "fsync",
        lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink()),
    )
    AppendFile(path).close()
    assert synced == [path.parent]


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replaced(path: Path) -> None:
    """Replace a file as `sed -i` does."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def replaced_and_kept(path: Path) -> None:
    path.rename(path.with_name("log.1"))
    path.write_bytes(b"")


def edited_in_place(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], *lines[2:]]))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "renamed": (lambda path: path.rename(path.with_name("log.1")), "was moved"),
    "folder moved": (folder_moved, "was moved"),
    "removed": (Path.unlink, "was removed"),
    "replaced": (replaced, "was replaced by another file"),
    "rotated": (replaced_and_kept, "was replaced by another file"),
    "truncated": (lambda path: os.truncate(path, 0), "was shortened from 12 to 0 "),
    "edited": (edited_in_place, "was shortened from 12 to 8 bytes"),
}


@pytest.fixture
def grown(tmp_path: Path) -> Iterator[AppendFile]:
    """A file in a folder of its own, with lines of before and of now."""
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "log"
    path.write_bytes(b"one\n")
    file = AppendFile(path)
    file.append(b"two\n")
    file.append(b"six\n")
    yield file
    file.close()


@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES)
def test_changed_file_is_noticed(
    grown: AppendFile, change: Callable[[Path], object], words: str
) -> None:
    grown.check()
    change(grown.path)
    for _ in range(2):
        with pytest.raises(LogError, match=f"folder/log {words}"):
            grown.check()
    with pytest.raises(LogError, match=words):
        grown.append(b"more\n")
    with pytest.raises(LogError, match=words):
        grown.sync()


def test_truncated_file_is_noticed_after_more_lines(grown: AppendFile) -> None:
    os.truncate(grown.path, 0)
    grown.append(b"two\n")
    with pytest.raises(LogError, match="was shortened from 16 to 4 bytes"):
        grown.check()


@given(
    before=st.integers(0, 9),
    appended=st.lists(st.integers(1, 9), max_size=3),
    cut_to=st.none() | st.integers(0, 40),
    is_replaced=st.booleans(),
)
def test_file_that_lost_nothing_is_plainly_whole(
    before: int, appended: list[int], cut_to: int | None, is_replaced: bool
) -> None:
    written = before + sum(appended)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"x" * before)
        file = AppendFile(path)
        for size in appended:
            file.append(b"x" * size)
        if cut_to is not None:
            os.truncate(path, cut_to)  # or make it longer
        if is_replaced:
            replaced(path)
        is_cut = cut_to is not None and cut_to < written
        with pytest.raises(LogError) if is_cut or is_replaced else nullcontext():
            file.check()
        file.close()


def test_unchanged_file_passes_check_after_each_line(path: Path) -> None:
    file = AppendFile(path)
    for number in range(20):
        file.append(b"x" * number + b"\n")
        file.check()
    file.close()


def test_check_in_thread_needs_no_lock(path: Path) -> None:
    file = AppendFile(path)
    with ThreadPoolExecutor(1) as thread:
        checks = [thread.submit(file.check) for _ in range(500)]
        for _ in range(500):
            file.append(b"line\n")
        assert [check.result() for check in checks] == [None] * 500
    file.close()


def test_failed_check_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendFile(path)

    def refused(_: Path) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", refused)
    with pytest.raises(LogError, match="log cannot be checked: Permission denied"):
        file.check()
    file.close()


def test_discarded_new_file_is_removed(path: Path) -> None:
    AppendFile(path).discard()
    assert not path.exists()


def test_discarded_file_with_lines_is_kept(path: Path) -> None:
    file = AppendFile(path)
    file.append(b"one\n")
    file.discard()
    assert path.read_bytes() == b"one\n"


def test_discarded_file_of_before_is_kept(path: Path) -> None:
    path.touch()
    AppendFile(path).discard()
    assert path.exists()


def test_file_of_another_is_never_discarded(path: Path) -> None:
    file = AppendFile(path)
    path.unlink()
    path.touch()
    file.discard()
    assert path.exists()


def test_failed_folder_sync_leaves_no_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(LogError, match="log cannot be created: No space left"):
        AppendFile(path)
    assert not path.exists()


def test_file_removed_while_it_was_locked_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock_too_late(_: int) -> bool:
        path.unlink()
        return True

    path.touch()
    monkeypatch.setattr(SYSTEM, "lock", lock_too_late)
    with pytest.raises(LogHeldError, match="has just removed"):
        AppendFile(path)
    assert not path.exists()


def test_second_removal_is_an_error(path: Path) -> None:
    file = AppendFile(path)
    file.remove()
    assert not path.exists()
    with pytest.raises(LogError, match="cannot be removed"):
        file.remove()
    file.close()


def test_reader_gives_lines_as_they_are(path: Path) -> None:
    path.write_bytes(b"one\ntwo\nthr")
    assert list(read_lines(path)) == [b"one\n", b"two\n", b"thr"]


def test_missing_file_has_no_lines(path: Path) -> None:
    assert list(read_lines(path)) == []


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null", "/"])
def test_reader_refuses_device_and_directory(device: str) -> None:
    words = "is a folder; name a log in it" if device == "/" else "not a regular file"
    with pytest.raises(LogError, match=words):
        list(read_lines(Path(device)))


def test_reader_reports_unreadable_path(path: Path) -> None:
    path.write_bytes(b"no folder")
    with pytest.raises(LogError, match="log/log cannot be read: Not a directory"):
        list(read_lines(path / "log"))


def test_reader_does_not_wait_for_pipe(path: Path) -> None:
    make_pipe(path)
    with pytest.raises(LogError, match="not a regular file"):
        list(read_lines(path))
