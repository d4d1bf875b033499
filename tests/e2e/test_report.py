"""`report` writes what logs hold to one file, and replaces nothing but a report."""

import pytest

from bulkpause.simulator import Fault
from tests.support.program import UNREAD, Program, Serve, until


pytestmark = pytest.mark.unmeasured


@pytest.mark.smoke
def test_report_is_written_for_its_owner(program: Program, serve: Serve) -> None:
    scripts = {"1003": (Fault.NOT_FOUND,)}
    simulator = serve(scripts=scripts)
    program.pause(simulator, program.ids(5), *UNREAD)
    before = len(simulator.ledger)
    ended = program.call("report", "log.jsonl", "-o", "report.html")
    first, second = ended.stdout.splitlines()
    assert (ended.code, ended.stderr, second) == (0, "", "report: report.html")
    assert first.startswith("1 of 5 campaigns may still be running, as of 2")
    page = program.folder / "report.html"
    assert first in page.read_text("utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert str(simulator.ledger.of("1003")[0].trace_id) in page.read_text("utf-8")
    assert len(simulator.ledger) == before


def test_report_replaces_itself_and_nothing_else(
    program: Program, serve: Serve
) -> None:
    program.pause(serve(), program.ids(2))
    for _ in range(2):
        assert program.call("report", "log.jsonl", "-o", "report.html").code == 0
    log = program.log.read_bytes()
    refused = program.call("report", "log.jsonl", "-o", "log.jsonl")
    assert (refused.code, refused.stdout) == (2, "")
    assert "is not a report of bulkpause: it is not overwritten" in refused.stderr
    assert program.log.read_bytes() == log


def test_summary_goes_to_standard_output(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.NOT_FOUND,)})
    program.pause(simulator, program.ids(2), *UNREAD)
    ended = program.call("report", "log.jsonl", "--format", "markdown")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith("## bulkpause: 1 of 2 campaigns may still be")
    assert "- 1 rejected: `HTTP 404, Not found" in ended.stdout
    carry_on = ended.stdout.partition("**To carry on**")[2]
    assert "rejected: mend what the API says of them, then retry them too" in carry_on


def test_report_on_terminal_asks_for_a_file(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.ids(1))
    terminal = program.on_a_terminal("report", "log.jsonl")
    terminal.end()
    assert "name the file for the page: -o report.html" in terminal.seen


def test_report_of_killed_run_says_what_is_open(program: Program, serve: Serve) -> None:
    simulator = serve(latency_s=0.3)
    running = program.start(
        "run", program.ids(200), "--yes", *program.to(simulator), "--progress", "none"
    )
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 3)
    going = program.call("report", "log.jsonl", "--format", "markdown")
    assert going.code == 0
    assert "A run held this log when the report was made" in going.stdout
    assert "To carry on" not in going.stdout
    running.kill()
    killed = program.call("report", "log.jsonl", "--format", "markdown")
    headline = killed.stdout.partition("\n")[0]
    assert " of 200 campaigns may still be running, as of " in headline
    assert not headline.startswith("## bulkpause: 0 of")
    assert "not attempted" in killed.stdout
    assert f"retry log.jsonl --base-url {simulator.base_url}" in killed.stdout


def test_folder_of_logs_is_taken_together(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.UNAVAILABLE,)})
    (program.folder / "logs").mkdir()
    options = [*program.to(simulator), "--max-attempts", "1", *UNREAD]
    options[options.index("log.jsonl")] = "logs/first.jsonl"
    source = program.ids(3)
    assert program.call("run", source, "--yes", *options).code == 5
    options[options.index("logs/first.jsonl")] = "logs/second.jsonl"
    assert program.call("run", "1002", "--yes", *options).code == 0
    ended = program.call("report", "logs", "--format", "markdown")
    assert ended.stdout.startswith(
        "## bulkpause: 0 of 3 campaigns may still be running"
    )
    assert "To carry on" not in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("none.jsonl", "-o", "a.html"), 3, "none.jsonl does not exist"),
        ((".", "-o", "a.html"), 2, ". holds no result log"),
        (("none.jsonl", "-o", "gone/a.html"), 2, "the folder gone does not exist"),
    ],
    ids=["missing", "empty folder", "missing folder"],
)
def test_report_refuses(
    program: Program, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = program.call("report", *arguments)
    assert (ended.code, ended.stdout) == (code, "")
    assert words in ended.stderr
    assert list(program.folder.iterdir()) == []
