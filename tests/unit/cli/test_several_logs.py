"""`status` and `export` take several logs and folders together."""

import csv
from pathlib import Path

import orjson
import pytest

from bulkpause.vocabulary import Status
from tests.support.result_logs import ENDPOINT, RUN, record, records, write_log
from tests.unit.cli.conftest import Call


RETRY = "20261128T080000Z-bbbbbb-e0e0e0"


@pytest.fixture(autouse=True)
def logs(call: Call) -> None:
    """Write the log of a run with a failed id, and that of its retry on the next day."""
    failed = record(3, Status.FAILED, planned=3)
    write_log(Path("monday.jsonl"), [*records(2, planned=3), failed])
    at = "2026-11-28T08:00:00.000Z"
    paused = record(3, run_id=RETRY, started_at=at, finished_at=at, planned=1)
    Path("tuesday").mkdir()
    write_log(Path("tuesday/retry.jsonl"), [paused])


def test_retry_in_another_log_settles_what_was_open(call: Call) -> None:
    assert call("status", "monday.jsonl").code == 5
    ended = call("status", "monday.jsonl", "tuesday")
    lines = ended.stdout.splitlines()
    assert (ended.code, ended.stderr) == (0, "")
    assert lines[0] == f"2 logs together: {ENDPOINT}"
    assert "3 paused" in lines
    assert lines[-2:] == [
        f"2 ids last from run {RUN}, in monday.jsonl",
        f"1 id last from run {RETRY}, in tuesday/retry.jsonl",
    ]


def test_object_holds_each_log_and_all_together(call: Call) -> None:
    found = orjson.loads(call("status", "monday.jsonl", "tuesday", "--json").stdout)
    assert [one["exit_code"] for one in found["logs"]] == [5, 0]
    (together,) = found["together"]
    assert (together["may_run"], together["paused"], together["next"]) == (0, 3, [])
    assert [run["run_id"] for run in together["runs"]] == [RUN, RETRY]
    assert (together["exit_code"], found["exit_code"]) == (0, 0)


def test_folder_has_shape_of_several_logs(call: Call) -> None:
    found = orjson.loads(call("status", "tuesday", "--json").stdout)
    assert [one["log"] for one in found["logs"]] == ["tuesday/retry.jsonl"]


def test_open_ids_name_the_log_to_retry(call: Call) -> None:
    write_log(Path("tuesday/retry.jsonl"), [record(4, run_id=RETRY, planned=1)])
    ended = call("status", "monday.jsonl", "tuesday")
    assert ended.code == 5
    assert "retry with: bulkpause retry monday.jsonl" in ended.stdout
    assert "retry tuesday" not in ended.stdout


def test_logs_of_other_endpoints_are_kept_apart(call: Call) -> None:
    other = [record(3, endpoint="simulator", planned=1)]
    write_log(Path("tuesday/retry.jsonl"), other)
    ended = call("status", "monday.jsonl", "tuesday")
    first, second, every = ended.stdout.split("\n\n")
    assert ended.code == 5
    assert every.startswith("in all: 1 of 3 campaigns may still be running, as of")
    assert first.startswith(f"monday.jsonl: {ENDPOINT}")
    assert second.startswith("tuesday/retry.jsonl: simulator")
    refused = call("export", "monday.jsonl", "tuesday")
    assert (refused.code, refused.stdout) == (2, "")
    assert "these logs are not of one endpoint and action" in refused.stderr


def test_export_names_the_run_of_each_last_word(call: Call) -> None:
    ended = call("export", "monday.jsonl", "tuesday", "--status", "paused,failed")
    rows = list(csv.DictReader(ended.stdout.splitlines()))
    assert [(row["campaign_id"], row["run_id"], row["log"]) for row in rows] == [
        ("1001", RUN, "monday.jsonl"),
        ("1002", RUN, "monday.jsonl"),
        ("1003", RETRY, "tuesday/retry.jsonl"),
    ]


def test_unreadable_log_of_several_is_no_all_clear(call: Call) -> None:
    Path("tuesday/bad.jsonl").write_bytes(b'{"run_id": 1}\n')
    ended = call("status", "monday.jsonl", "tuesday")
    assert ended.code == 6
    assert "bad.jsonl: line 1 is damaged" in ended.stderr
    report = call("report", "monday.jsonl", "tuesday", "--format", "markdown")
    assert (report.code, report.stdout) == (6, "")


def test_report_says_in_an_object_what_it_wrote(call: Call) -> None:
    ended = call("report", "monday.jsonl", "tuesday", "-o", "page.html", "--json")
    found = orjson.loads(ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")
    assert found.pop("headline").startswith("0 of 3 campaigns may still be running")
    assert found == {
        "report": "page.html",
        "format": "html",
        "logs": ["monday.jsonl", "tuesday/retry.jsonl"],
        "exit_code": 0,
    }
    assert Path("page.html").exists()


@pytest.mark.parametrize("other", [(), ("monday.jsonl",)], ids=["alone", "beside"])
def test_report_of_empty_log_is_no_all_clear(
    call: Call, other: tuple[str, ...]
) -> None:
    Path("empty.jsonl").touch()
    logs = (*other, "empty.jsonl")
    ended = call("report", *logs, "-o", "page.html", "--json")
    assert ended.code == call("status", *logs).code == 5
    assert orjson.loads(ended.stdout)["exit_code"] == 5
    assert Path("page.html").exists()
    assert call("report", *logs, "--format", "markdown").code == 5


def test_may_run_of_empty_log_is_unknown(call: Call) -> None:
    Path("empty.jsonl").touch()
    found = orjson.loads(call("status", "empty.jsonl", "--json").stdout)
    assert (found["may_run"], found["exit_code"]) == (None, 5)


@pytest.mark.parametrize("format_", ["html", "markdown"])
def test_dash_is_standard_output_of_report(call: Call, format_: str) -> None:
    words = ("report", "monday.jsonl", "--format", format_)
    ended, plain = call(*words, "-o", "-"), call(*words)
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.partition("ade at")[0] == plain.stdout.partition("ade at")[0]
    assert not Path("-").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("monday.jsonl",), 2),
        (("monday.jsonl", "-o", "-"), 2),
        (("monday.jsonl", "-o", "monday.jsonl"), 2),
        (("missing.jsonl", "-o", "page.html"), 3),
        (("damaged.jsonl", "-o", "page.html"), 6),
    ],
)
def test_report_without_a_file_ends_with_an_object(
    call: Call, arguments: tuple[str, ...], code: int
) -> None:
    damaged = Path("monday.jsonl").read_bytes().replace(b'"1002"', b'"1009"')
    Path("damaged.jsonl").write_bytes(damaged)
    ended = call("report", *arguments, "--json")
    assert (ended.code, orjson.loads(ended.stdout)["error"]["code"]) == (code, code)
    assert not Path("page.html").exists()
