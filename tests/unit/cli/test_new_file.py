import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkpause.cli.exit_codes import ExitCode, exit_of_error
from bulkpause.cli.new_file import check_new_file, write_new_file
from bulkpause.cli.output import OutputError
from bulkpause.errors import SettingsError


def write(path: Path, *pieces: str, may_exist: bool = False) -> None:
    write_new_file(path, pieces, "--output", may_exist=may_exist)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "list", "a\n", "ä\n")

    assert (tmp_path / "list").read_bytes() == "a\nä\n".encode()
    assert names(tmp_path) == ["list"]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o600


def test_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "list"

    def pieces() -> Iterator[str]:
        path.write_text("theirs")
        yield "ours"

    with pytest.raises(SettingsError, match="--overwrite"):
        write_new_file(path, pieces(), "--output", may_exist=False)

    assert path.read_text() == "theirs"
    assert names(tmp_path) == ["list"]


def test_file_is_replaced_if_allowed(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("old and longer")

    write(tmp_path / "list", "new", may_exist=True)

    assert (tmp_path / "list").read_text() == "new"


def test_full_disk_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)

    with pytest.raises(OutputError, match="could not be written: No space") as raised:
        write(tmp_path / "list", "ours")

    assert exit_of_error(raised.value) is ExitCode.OUTPUT
    assert names(tmp_path) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_file_system_without_links_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    def no_links(_: Path, __: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    if is_there:
        (tmp_path / "list").write_text("theirs")
        with pytest.raises(SettingsError):
            write(tmp_path / "list", "ours")
    else:
        write(tmp_path / "list", "ours")

    assert (tmp_path / "list").read_text() == ("theirs" if is_there else "ours")
    assert names(tmp_path) == ["list"]


def test_missing_folder_is_refused_before(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="create it with: mkdir -p"):
        check_new_file(tmp_path / "no" / "list", "--output", may_exist=False)


def test_folder_and_link_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("folder", "link"):
        with pytest.raises(SettingsError, match="not a regular file"):
            check_new_file(tmp_path / name, "--output", may_exist=True)
