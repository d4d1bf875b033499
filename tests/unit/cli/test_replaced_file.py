"""A file is written whole or not at all, and nothing else is overwritten."""

from pathlib import Path

import pytest

from bulkpause.cli.replaced_file import check_replaceable, replace_file
from bulkpause.errors import SettingsError


def check(path: Path) -> None:
    check_replaceable(path, marker=b"<page>", kind="a report")


@pytest.mark.posix_only
def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    replace_file(path, b"<page>one")
    assert path.read_bytes() == b"<page>one"
    assert path.stat().st_mode & 0o777 == 0o600


def test_earlier_report_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"<page>old")
    check(path)
    replace_file(path, b"<page>new")
    assert path.read_bytes() == b"<page>new"
    assert list(tmp_path.iterdir()) == [path]


def test_new_file_may_be_written(tmp_path: Path) -> None:
    check(tmp_path / "report.html")


def test_other_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "pauses.jsonl"
    path.write_bytes(b'{"id": "1"}')
    with pytest.raises(SettingsError, match="is not a report of bulkpause"):
        check(path)


@pytest.mark.posix_only
def test_link_and_folder_are_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "none")
    for path in (link, tmp_path):
        with pytest.raises(SettingsError, match="is not a regular file"):
            check(path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="gone does not exist; create it"):
        check(tmp_path / "gone" / "report.html")


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match=r".+"):
        replace_file(path, b"<page>")
    assert list(tmp_path.iterdir()) == [path]
