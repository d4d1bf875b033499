"""What commands with --accounts refuse, warn of and say, before anything is sent."""

import os
from pathlib import Path

import pytest

from bulkpause.accounts import AccountTokensError
from bulkpause.metrics.exposition import read_history
from tests.unit.cli.conftest import Call


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """Make the token files of three accounts, in a folder that names them."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    for name in ("acme", "globex", "zoo"):
        (folder / name).write_text(f"token-of-{name}")
        (folder / name).chmod(0o600)
    return folder


def write(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return name


def test_named_budget_of_all_accounts_is_refused(call: Call, accounts: Path) -> None:
    share = ("--share", "valkey://127.0.0.1:1/0?name=X")
    ended = call("run", "x.csv", "--accounts", str(accounts), *share, "--yes")
    assert ended.code == 2
    assert "?name= in --share is the budget of one account" in ended.stderr


def test_problems_are_said_once_without_token_file(call: Call, tmp_path: Path) -> None:
    text = "[a]\ntoken_env = 'GONE'\n[b]\ntoken_env = 'GONE_TOO'\n"
    path = write(tmp_path, "accounts.toml", text)
    ended = call("plan", "1001", "--accounts", path)
    assert ended.code == 4
    assert ended.stderr.count("[a]") == ended.stderr.count("[b]") == 1
    assert "--token-file" not in ended.stderr
    assert AccountTokensError.__name__ not in ended.stderr


@pytest.mark.posix_only
def test_open_token_files_are_warned_of_once(
    call: Call, accounts: Path, tmp_path: Path
) -> None:
    for path in accounts.iterdir():
        path.chmod(0o644)
    inputs = write(tmp_path, "all.csv", "account,id\nacme,1001\n")
    ended = call("plan", inputs, "--accounts", str(accounts))
    assert ended.stderr.count("other users can read") == 1
    assert "acme, globex, zoo; protect them with chmod 600" in ended.stderr


def test_forgotten_accounts_are_warned_of(call: Call, tmp_path: Path) -> None:
    path = write(tmp_path, "all.csv", "account,id\nacme,1001\nzoo,1002\n")
    ended = call("plan", path)
    assert "the input names 2 accounts" in ended.stderr
    assert "--accounts FILE" in ended.stderr
    path = write(tmp_path, "one.csv", "account,id\nacme,1001\nacme,1002\n")
    assert call("plan", path).stderr == ""


def test_typed_id_says_how_to_name_account(call: Call, accounts: Path) -> None:
    ended = call("plan", "1001", "--accounts", str(accounts))
    assert ended.code == 3
    said = " ".join(ended.stderr.split())
    assert "write the ids into a file with the columns account and id" in said
    assert "0 ids" not in ended.stdout


@pytest.mark.parametrize(
    ("log", "has_accounts", "message"),
    [
        ("logs/", False, "names a folder; name a file, such as logs"),
        ("x.jsonl", True, "is the name of a log; with --accounts, name a folder"),
    ],
)
def test_log_of_the_other_kind_is_refused(
    call: Call,
    accounts: Path,
    tmp_path: Path,
    log: str,
    has_accounts: bool,
    message: str,
) -> None:
    path = write(tmp_path, "all.csv", "account,id\nacme,1001\n")
    given = ("--accounts", str(accounts)) if has_accounts else ()
    ended = call("run", path, "--log", log, "--yes", *given)
    assert ended.code == 2
    assert message in ended.stderr
    assert not os.path.lexists(log.rstrip("/"))


def test_write_ahead_log_alone_is_retried(
    call: Call, accounts: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "stranger.jsonl.wal").write_text("")
    ended = call("retry", "logs", "--accounts", str(accounts), "--yes")
    assert ended.code == 2
    assert "stranger.jsonl is the log of an account that" in ended.stderr


def test_metrics_name_endpoint_of_account(call: Call, tmp_path: Path) -> None:
    write(tmp_path, "t", "token-of-acme")
    text = "[acme]\ntoken_file = 't'\nbase_url = 'http://127.0.0.1:7'\n"
    accounts = write(tmp_path, "accounts.toml", text)
    path = write(tmp_path, "all.csv", "account,id\nacme,1001\n")
    options = ("--accounts", accounts, "--metrics", "m.prom", "--share", "none")
    call("run", path, *options)  # nobody can be asked
    found = read_history((tmp_path / "m.prom").read_text())
    assert found.endpoint == "http://127.0.0.1:7"
