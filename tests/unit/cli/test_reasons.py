"""Whatever ends a command with another code than 0, standard error says why."""

from dataclasses import replace
from pathlib import Path

import pytest

from bulkpause.cli.sink import Sink
from bulkpause.cli.write_queue import WriteQueue
from bulkpause.vocabulary import Status
from tests.support.result_logs import record, write_log
from tests.support.streams import RawFile
from tests.unit.cli.conftest import Call


_SENDING = ("--yes", "--simulate")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("run", "1000248", *_SENDING, "--account-column", "a"), "needs --accounts"),
        (("run", "1000248", *_SENDING, "--resume"), "name it with --log"),
        (("run", "none.csv", *_SENDING), "none.csv"),
        (("run", "1000248", "--yes", "--token-file", "nofile"), "nofile, given with"),
        (("retry", "none.jsonl", *_SENDING, "--shard", "1/2"), "--shard"),
        (("undo", "none.jsonl", *_SENDING, "--shard", "1/2"), "--shard"),
        (("undo", "none.jsonl", *_SENDING), "does not exist"),
        (("plan", "1000248", "--account-column", "a"), "needs --accounts"),
        (("check", "--timeout", "soon"), "--timeout"),
        (("status", "none.jsonl"), "does not exist"),
        (("export", "none.jsonl"), "does not exist"),
        (("export", "none.jsonl", "--status", "größer"), "'größer' is not a status"),
        (("report", "none.jsonl"), "does not exist"),
        (("list",), "name a filter"),
        (("list", "--all", "--json"), "leave that out"),
        (("list", "--all", "--output", "r.xlsx"), "ends in .csv or .jsonl"),
        (("list", "running"), "--status running"),
        (
            (
                *("list", "--created-after", "2026-11-02"),
                *("--created-before", "2026-11-01"),
            ),
            "the earlier time to --created-after",
        ),
        (("simulate", "--campaigns", "-1"), "--campaigns"),
        (("template", "none"), "none"),
        (("nonsense",), "nonsense"),
    ],
)
def test_end_without_work_has_reason(
    call: Call, words: tuple[str, ...], reason: str
) -> None:
    ended = call(*words)
    assert ended.code != 0
    assert reason in ended.stderr


def test_wrong_variable_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULKPAUSE_RUN_BURST", "abc")
    ended = call("run", "1000248", *_SENDING)
    assert ended.code == 2
    assert "BULKPAUSE_RUN_BURST (--burst)" in ended.stderr


def test_empty_data_does_not_end_queue() -> None:
    queue = WriteQueue(Sink(raw := RawFile(), may_have_gaps=True))
    queue.put(b"")
    queue.put(b"reason\n")
    assert queue.drain(60)
    assert raw.taken == b"reason\n"


def test_token_given_as_file_is_not_shown(call: Call) -> None:
    ended = call("run", "1000248", "--yes", "--token-file", "s3cret-token")
    assert ended.code == 4
    assert "s3cret" not in ended.stderr


def test_run_without_ids_says_no_log(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("campaign_id\n")
    ended = call("run", "ids.csv", *_SENDING, "--log", "log.jsonl")
    assert "no ids are in the input; no log is written" in ended.stdout
    assert not (tmp_path / "log.jsonl").exists()


def test_invalid_rows_are_said_and_not_exported(call: Call, tmp_path: Path) -> None:
    paused = record(1, Status.PAUSED, endpoint="simulator", planned=1)
    invalid = replace(record(2, Status.INVALID, endpoint="simulator"), id=None, row=2)
    write_log(tmp_path / "log.jsonl", [paused, invalid])
    said = "note: 1 invalid row not exported: no id, but a row number"
    alone = call("export", "log.jsonl", "--status", "invalid").stderr
    assert "no id is invalid: there are 1 paused, which --status names" in alone
    both = call("export", "log.jsonl", "--status", "paused,invalid")
    assert said in alone
    assert said in both.stderr
    assert said not in call("export", "log.jsonl", "--status", "paused").stderr


def test_nothing_to_do_has_reason(call: Call, tmp_path: Path) -> None:
    already = record(1, Status.ALREADY_PAUSED, endpoint="simulator", planned=2)
    rejected = record(2, Status.REJECTED, endpoint="simulator", planned=2)
    write_log(tmp_path / "log.jsonl", [already, rejected])
    ended = call("export", "log.jsonl")
    assert "there are 1 already_paused, 1 rejected, which --status" in ended.stderr
    ended = call("retry", "log.jsonl", *_SENDING)
    assert "log.jsonl: no id is failed, unknown, not_attempted" in ended.stdout
    ended = call("undo", "log.jsonl", *_SENDING)
    assert "nothing is on record as paused by bulkpause" in ended.stdout
    ended = call("undo", "log.jsonl", *_SENDING, "--expect", "2")
    assert "Check the logs: an undo resumes what they record" in ended.stderr
