"""A slip of the tongue is answered with the command that is meant, ready to run."""

import shlex
from pathlib import Path

import click
import pytest

from bulkpause.cli.app import cli
from bulkpause.cli.corrections import corrected
from tests.unit.cli.conftest import Call


MEANT = {
    "list.csv": "run list.csv",
    "list.csv --yes": "run list.csv --yes",
    "missing.csv -y": "run missing.csv --yes",
    "1000248 --simulate": "run 1000248 --simulate",
    "https://x.example/campaigns/1000248/edit?tab=2 -y": "run 1000248 --yes",
    "pause list.csv": "run list.csv",
    "stop list.csv --force": "run list.csv --yes",
    "dry-run list.csv": "plan list.csv",
    "statsu pauses.jsonl": "status pauses.jsonl",
    "help": "--help",
    "help retry": "retry --help",
    "version": "--version",
    "run --version": "--version",
    "--yes list.csv": "run --yes list.csv",
    "--json status pauses.jsonl": "status --json pauses.jsonl",
    "--dry-run list.csv": "plan list.csv",
    "run list.csv --dry-run": "plan list.csv",
    "run -n --canary 3 --column id --yes list.csv": "plan --column id list.csv",
    "run --dry-run --log=x.jsonl -- list.csv": "plan -- list.csv",
    "run list.csv -y": "run list.csv --yes",
    "run list.csv --resum --log x": "run list.csv --resume --log x",
    "run list.csv --ordr-by=spend:desc": "run list.csv --order-by spend:desc",
    "run list.csv --all": "run list.csv",
    "run list.csv -v": "run list.csv --log-level debug",
    "plan list.csv --yes --reason over": "plan list.csv",
    "status pauses.jsonl --all": "status pauses.jsonl",
}


@pytest.mark.parametrize("typed", MEANT)
def test_meant_command_is_suggested_and_valid(call: Call, typed: str) -> None:
    ended = call(*shlex.split(typed))
    assert ended.code == 2
    assert ended.stderr.endswith(f"try: bulkpause {MEANT[typed]}\n")
    words = shlex.split(MEANT[typed])
    name, rest = words[0], words[1:]
    parent = program()
    found = cli.get_command(parent, name)
    if found is not None and "--help" not in rest:
        found.make_context(name, rest, parent=parent)


def program() -> click.Context:
    """Make the context of all commands: one that is made without it has no `-h`."""
    return click.Context(cli, **cli.context_settings)


def test_every_status_is_meant_by_all(call: Call) -> None:
    for name in ("retry", "export"):
        command = call(name, "x.jsonl", "--all").stderr.rpartition("try: bulkpause ")[2]
        assert ",not_attempted" in command
        parent = program()
        found = cli.get_command(parent, name)
        assert found is not None
        found.make_context(name, shlex.split(command)[1:], parent=parent)


UNKNOWN = [
    "xyzzy",
    "run list.csv --frobnicate",
    "run list.csv --token s3cret-token",
    "list.csv --token s3cret-token",
    "list.csv --token-file s3cret-token",
    "list.csv --token-file=s3cret-token",
    "run list.csv --dry-run --order-by spend:down",
]


@pytest.mark.parametrize("typed", UNKNOWN)
def test_nothing_is_suggested_where_nothing_is_known(call: Call, typed: str) -> None:
    ended = call(*shlex.split(typed))
    assert "try: " not in ended.stderr
    assert "s3cret" not in ended.stderr


def test_token_file_that_exists_may_be_suggested(call: Call) -> None:
    Path("my token").write_text("s3cret-token")
    ended = call("list.csv", "--token-file", "my token")
    assert ended.stderr.endswith(
        "try: bulkpause run list.csv --token-file 'my token'\n"
    )


def test_password_of_proxy_is_not_suggested(call: Call) -> None:
    ended = call("list.csv", "--base-url=https://jane:s3cret@x.example")
    assert "s3cret" not in ended.stderr


def test_correct_command_is_not_corrected() -> None:
    assert corrected(cli, ["run", "list.csv", "--yes"]) is None
    assert corrected(cli, []) is None


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_before_command_shows_its_page(call: Call, option: str) -> None:
    ended = call(option, "retry")
    assert ended.code == 0
    assert "Usage: bulkpause retry [OPTIONS] LOG" in ended.stdout
