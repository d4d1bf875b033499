"""Logs of older versions are read as before; logs of newer versions are refused."""

import csv
import shutil
from pathlib import Path

import orjson
import pytest

from bulkpause.journal.codec import WAL_VERSION
from tests.support.program import ProcessResult, Program


V1 = Path(__file__).parents[1] / "logs" / "v1"
OPEN = ["1005", "1007", "1008"]
SIMULATED = ("--simulate", "--yes")
#: The logs get older from day to day, the tests do not.
RESUME = ("--resume", "--resume-within", "876000h")
COMMANDS = {
    "resume": ("run", "ids.txt", "--log", "log.jsonl", *RESUME, *SIMULATED),
    "retry": ("retry", "log.jsonl", *SIMULATED),
    "status": ("status", "log.jsonl"),
    "export": ("export", "log.jsonl"),
}
every_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture
def killed(program: Program) -> Program:
    """A run of version 1 that was killed."""
    shutil.copy(V1 / "killed.jsonl", program.log)
    shutil.copy(V1 / "killed.jsonl.wal", wal(program))
    program.ids(8)
    return program


def wal(program: Program) -> Path:
    return program.folder / "log.jsonl.wal"


def call(program: Program, command: str, *options: str) -> ProcessResult:
    return program.call(*COMMANDS[command], *options)


def check_finished(program: Program) -> None:
    """Check that version 3 lines for the open ids follow the version 1 lines."""
    old = (V1 / "killed.jsonl").read_bytes()
    assert program.log.read_bytes().startswith(old)
    assert not wal(program).exists()
    new = program.records()[len(old.splitlines()) :]
    assert sorted(record["id"] for record in new) == OPEN
    for record in new:
        assert (record["status"], record["v"]) == ("paused", 3)
        assert (record["action"], record["endpoint"]) == ("pause", "simulator")
        # All ids of the log: its first run planned them, and did the others.
        assert record["planned"] == 8


def test_status_reads_version_1(killed: Program) -> None:
    ended = call(killed, "status", "--json")
    counts = orjson.loads(ended.stdout)
    assert (ended.code, counts["rows"]) == (5, 9)
    assert {name: counts[name] for name in ("paused", "already_paused")} == {
        "paused": 2,
        "already_paused": 1,
    }
    for status in ("not_pausable", "rejected", "failed", "unknown", "invalid"):
        assert counts[status] == 1
    assert counts["not_attempted"] == 1


def test_export_reads_version_1(killed: Program) -> None:
    ended = call(killed, "export")
    rows = csv.DictReader(ended.stdout.splitlines())
    assert [row["campaign_id"] for row in rows] == OPEN


def test_retry_finishes_version_1(killed: Program) -> None:
    ended = call(killed, "retry")
    assert (ended.code, ended.summary) == (1, "3 rows = 3 paused")
    assert "3 rows of earlier runs cannot be paused" in ended.stdout
    check_finished(killed)


@pytest.mark.smoke
def test_resume_finishes_version_1(killed: Program) -> None:
    ended = call(killed, "resume")
    assert (ended.code, ended.summary) == (1, "8 rows = 3 paused + 5 already_done")
    check_finished(killed)


def test_log_of_both_versions_is_read(killed: Program) -> None:
    call(killed, "retry")
    settled = orjson.loads(call(killed, "status", "--json").stdout)
    assert (settled["rows"], settled["paused"]) == (9, 5)
    assert settled["unknown"] == 0
    exported = call(killed, "export", "--status", "paused").stdout.splitlines()
    ids = [row["campaign_id"] for row in csv.DictReader(exported)]
    assert sorted(ids) == ["1001", "1005", "1006", "1007", "1008"]
    again = call(killed, "resume")
    assert (again.code, again.summary) == (1, "8 rows = 8 already_done")


def test_invalid_row_has_every_new_key(program: Program) -> None:
    source = program.file("ids.csv", "id\n1001\n1E17\n1002\n")
    program.call("run", source, "--log", "log.jsonl", "--skip-invalid", *SIMULATED)
    assert [record["status"] for record in program.records()].count("invalid") == 1
    for record in program.records():
        assert (record["name"], record["account"]) == (None, None)
        assert (record["action"], record["planned"]) == ("pause", 2)
        assert (record["endpoint"], record["v"]) == ("simulator", 3)


@every_command
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.wal"])
def test_newer_log_is_refused_untouched(
    killed: Program, command: str, name: str
) -> None:
    line = {
        "log.jsonl": b'{"v":4,"campaign":"1001","result":["paused"]}\n',
        "log.jsonl.wal": b'{"run":"r","version":%d,"accounts":["main"]}\n'
        % (WAL_VERSION + 1),
    }
    file = killed.folder / name
    with file.open("ab") as opened:
        opened.write(line[name])
    before = {path: path.read_bytes() for path in killed.folder.iterdir()}
    ended = call(killed, command)
    assert (ended.code, ended.stdout) == (6, "")
    number = len(file.read_bytes().splitlines())
    assert (
        f"{name}: line {number} was written by a newer bulkpause; upgrade bulkpause"
    ) in ended.stderr
    assert {path: path.read_bytes() for path in killed.folder.iterdir()} == before
