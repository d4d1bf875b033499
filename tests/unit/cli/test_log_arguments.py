"""LOG arguments are files, or folders of logs."""

from pathlib import Path

import pytest

from bulkpause.cli.log_arguments import logs_of
from bulkpause.errors import SettingsError
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.export import as_jsonl


def test_files_stay_in_their_order(tmp_path: Path) -> None:
    logs = [tmp_path / "b.jsonl", tmp_path / "a.jsonl"]
    assert logs_of(logs) == logs


def test_folder_stands_for_its_logs(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "a.jsonl.wal", "note.txt"):
        (tmp_path / name).touch()
    assert logs_of([tmp_path]) == [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]


def test_log_with_only_a_write_ahead_log_counts(tmp_path: Path) -> None:
    (tmp_path / "killed.jsonl.wal").touch()
    assert logs_of([tmp_path]) == [tmp_path / "killed.jsonl"]


def test_log_named_twice_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    log.touch()
    assert logs_of([log, tmp_path, log]) == [log]


@pytest.mark.posix_only
def test_link_to_a_log_is_that_log(tmp_path: Path) -> None:
    log, link = tmp_path / "b.jsonl", tmp_path / "a.jsonl"
    log.touch()
    link.symlink_to(log.name)
    assert logs_of([tmp_path]) == [log]
    assert logs_of([link, log]) == [link]


def test_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no result log"):
        logs_of([tmp_path])


def test_missing_log_is_left_to_its_reader(tmp_path: Path) -> None:
    assert logs_of([tmp_path / "none.jsonl"]) == [tmp_path / "none.jsonl"]


def test_impossible_path_is_left_to_its_reader() -> None:
    path = Path("x" * 300)
    assert logs_of([path]) == [path]


def test_list_beside_logs_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaigns = as_jsonl([Campaign(id="1", name="Küche", account="acme")])
    (tmp_path / "list.jsonl").write_text("".join(campaigns), encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no result log"):
        logs_of([tmp_path])
    (tmp_path / "log.jsonl").write_text("not a log\n")
    assert logs_of([tmp_path]) == [tmp_path / "log.jsonl"]
    assert "list.jsonl is a list of campaigns: left out" in capsys.readouterr().err
    # Named by itself, it is left to its reader, which refuses it.
    assert logs_of([tmp_path / "list.jsonl"]) == [tmp_path / "list.jsonl"]
