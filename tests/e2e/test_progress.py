"""The live progress of a run: a bar on a terminal, JSON lines elsewhere."""

import re
import subprocess
from collections.abc import Iterator
from signal import SIGTERM
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Fault, Simulator, Window
from tests.support.program import TOKEN, WITHIN_S, Program, Serve, script, until


BAR = ("--yes", "--progress", "auto")
LINES = ("--yes", "--progress", "lines")
#: Sequences that move the cursor, erase or colour.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOURS = re.compile(r"\x1b\[(?:3[0-8]|9[0-7])[;m]")


@pytest.fixture
def on_xterm(program: Program) -> Program:
    program.variables["TERM"] = "xterm-256color"
    return program


@pytest.fixture
def slow(serve: Serve) -> Simulator:
    return serve(windows=(Window(limit=5, period_s=0.5),), latency_s=0.05)


def at_slow_pace(program: Program, simulator: Simulator) -> list[str]:
    return [*program.to(simulator, "--burst", "5/500ms")]


def lines_of(text: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


def run_with_lines(
    program: Program, simulator: Simulator, count: int, *options: str
) -> list[dict[str, Any]]:
    arguments = program.to(simulator, *LINES, *options)
    return lines_of(program.call("run", program.ids(count), *arguments).stderr)


def test_terminal_shows_bar_counts_and_rate(on_xterm: Program, slow: Simulator) -> None:
    options = at_slow_pace(on_xterm, slow)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(15), *BAR, *options)
    terminal.wait_for("/15")
    terminal.wait_for("━")
    terminal.wait_for(" paused · ")
    terminal.wait_for(" of 10.0 requests/s · about ")
    assert terminal.end() == 0
    # The bar is erased, and only the summary stays on the screen.
    _, _, summary = terminal.seen.rpartition("\x1b[2K")
    assert "━" not in summary
    assert summary.startswith("15 rows = 15 paused\n")


def test_latest_failures_have_reason_and_trace_id(
    on_xterm: Program, serve: Serve
) -> None:
    slow = serve(
        windows=(Window(limit=5, period_s=0.5),),
        scripts={"1002": (Fault.BAD_REQUEST,)},
    )
    options = at_slow_pace(on_xterm, slow)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(15), *BAR, *options)
    terminal.wait_for("1002 rejected: HTTP 400, ")
    until(lambda: slow.ledger.of("1002"))
    terminal.wait_for(str(slow.ledger.of("1002")[0].trace_id)[:20])
    assert terminal.end() == 1


def test_long_wait_for_limit_is_shown(on_xterm: Program, serve: Serve) -> None:
    simulator = serve(windows=(), rate_headers="none")
    limits = ["--burst", "none", "--steady", "5/6s"]
    options = [*on_xterm.to(simulator, *limits)]
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(6), *BAR, *options)
    terminal.wait_for("waiting for the limit of 5/6s: ")
    assert terminal.end() == 0


def test_wait_after_retry_after_header_is_shown(
    on_xterm: Program, serve: Serve
) -> None:
    simulator = serve(
        scripts={"1001": (Fault.RATE_LIMITED,)}, rate_limited_retry_after=3
    )
    options = on_xterm.to(simulator)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(2), *BAR, *options)
    terminal.wait_for("waiting for the cooldown after a 429: ")
    assert terminal.end() == 0


def test_outage_is_shown_until_interrupt(on_xterm: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.INTERNAL_ERROR)
    options = on_xterm.to(simulator)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(30), *BAR, *options)
    terminal.wait_for("waiting for the server to recover (HTTP 500), next probe: 2 s")
    assert " left" not in terminal.seen.rpartition("requests/s")[2]
    terminal.type("\x03")
    terminal.wait_for("SIGINT: waiting for the requests in flight, at most 10 s;")
    terminal.wait_for("stopping: SIGINT")
    assert terminal.end() == 130


def test_no_color_variable_removes_colours(on_xterm: Program, slow: Simulator) -> None:
    on_xterm.variables["NO_COLOR"] = "1"
    options = at_slow_pace(on_xterm, slow)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(6), *BAR, *options)
    assert terminal.end() == 0
    assert "━" in terminal.seen
    assert not _COLOURS.search(terminal.seen)


def test_bar_has_colours_by_default(on_xterm: Program, slow: Simulator) -> None:
    options = at_slow_pace(on_xterm, slow)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(6), *BAR, *options)
    assert terminal.end() == 0
    assert _COLOURS.search(terminal.seen)


@pytest.mark.parametrize("progress", ["auto", "bar"])
def test_dumb_terminal_gets_json_lines(
    program: Program, slow: Simulator, progress: str
) -> None:
    program.variables["TERM"] = "dumb"
    options = [*at_slow_pace(program, slow), "--yes", "--progress", progress]
    terminal = program.on_a_terminal("run", program.ids(6), *options)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen
    assert '"event":"run.progressed"' in terminal.seen


def test_bar_wraps_lines_on_narrow_terminal(on_xterm: Program, slow: Simulator) -> None:
    options = at_slow_pace(on_xterm, slow)
    on_xterm.variables["COLUMNS"] = "20"
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(15), *BAR, *options)
    assert terminal.end() == 0
    bars = terminal.seen.rpartition("\x1b[2K")[0]
    lines = [_ESCAPES.sub("", line) for line in re.split(r"[\r\n]", bars)]
    # The terminal itself wraps the note before the bar.
    drawn = [line for line in lines if not line.startswith("note: ")]
    assert max(map(len, drawn)) <= 20
    assert any(line.startswith("requests/s") for line in lines)


def test_terminal_can_be_resized_during_run(on_xterm: Program, slow: Simulator) -> None:
    options = at_slow_pace(on_xterm, slow)
    terminal = on_xterm.on_a_terminal("run", on_xterm.ids(25), *BAR, *options)
    for columns in (30, 200, 60):
        terminal.wait_for("━")
        terminal.seen = ""
        terminal.resize(columns)
    terminal.wait_for("━")
    assert terminal.end() == 0
    assert "25 rows = 25 paused" in terminal.seen


def test_redirected_standard_output_contains_only_summary(
    on_xterm: Program, slow: Simulator
) -> None:
    options = " ".join([*at_slow_pace(on_xterm, slow), *BAR])
    command = f"{script()} run {on_xterm.ids(6)} {options} >totals.txt"
    terminal = on_xterm.shell_on_a_terminal(command)
    assert terminal.end() == 0
    totals = (on_xterm.folder / "totals.txt").read_text()
    assert totals.isascii()
    assert "\x1b" not in totals
    assert totals.startswith("6 rows = 6 paused\n")
    assert "━" in terminal.seen
    assert "log: log.jsonl" in terminal.seen


def test_standard_error_contains_only_json_lines(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1002": (Fault.BAD_REQUEST,)})
    events = run_with_lines(program, simulator, 5)
    assert [event["event"] for event in events] == [
        "run.started",
        "run.progressed",
        "id.finished",
        "run.finished",
    ]
    assert all(re.fullmatch("[a-z]+[.][a-z]+ed", event["event"]) for event in events)
    (run_id,) = {event["run_id"] for event in events}
    assert {record["run_id"] for record in program.records()} == {run_id}


def test_json_lines_contain_start_failures_and_summary(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1002": (Fault.BAD_REQUEST,)})
    started, _, failed, finished = run_with_lines(program, simulator, 5)
    assert (started["ids"], started["log"]) == (5, "log.jsonl")
    assert started["host"] == simulator.base_url.removeprefix("http://")
    assert (failed["level"], failed["id"]) == ("warning", "1002")
    assert failed["trace_id"] == simulator.ledger.of("1002")[0].trace_id
    assert (finished["paused"], finished["rejected"], finished["exit_code"]) == (
        4,
        1,
        1,
    )
    assert (finished["log"], finished["next"]) == ("log.jsonl", None)


def test_json_lines_report_changed_wait(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(), rate_headers="none")
    limits = ("--burst", "none", "--steady", "5/6s")
    events = run_with_lines(program, simulator, 6, *limits)
    progress = [event for event in events if event["event"] == "run.progressed"]
    states = [event["waits_for"] for event in progress]
    assert states[:2] == [None, "the limit of 5/6s"]
    assert {event["run_id"] for event in events} == {events[0]["run_id"]}


def test_json_lines_report_signal(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    options = [*program.to(simulator), *LINES, "--timeout", "1s"]
    running = program.start("run", program.ids(2), *options)
    until(lambda: len(simulator.ledger) == 2)
    running.send(SIGTERM)
    events = lines_of(running.end().stderr)
    assert all("event" in event for event in events)
    names = [event["event"] for event in events]
    assert names.index("run.interrupted") < names.index("run.finished")
    assert {event.get("stopping") for event in events} >= {"SIGTERM"}
    assert events[-1]["stopped"] == "SIGTERM"
    assert events[-1]["exit_code"] == 143


def test_run_without_ids_left_logs_finish(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(3))
    (line,) = run_with_lines(program, simulator, 3, "--resume")
    assert (line["event"], line["already_done"]) == ("run.finished", 3)
    assert line["run_id"]


def test_raised_log_level_omits_lines(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.BAD_REQUEST,)})
    (line,) = run_with_lines(program, simulator, 5, "--log-level", "warning")
    assert (line["event"], line["id"]) == ("id.finished", "1002")


def test_lowered_log_level_adds_lines(program: Program, serve: Serve) -> None:
    events = run_with_lines(program, serve(), 5, "--log-level", "debug")
    assert sum(event["event"] == "id.finished" for event in events) == 5


def test_json_lines_never_contain_token(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.UNAUTHORIZED)
    events = run_with_lines(program, simulator, 5, "--log-level", "debug")
    assert TOKEN not in str(events)
    assert "rejected the token" in str(events[-1]["stopped"])


def test_json_lines_are_default_without_terminal(
    program: Program, serve: Serve
) -> None:
    ended = program.pause(serve(), program.ids(3), "--progress", "auto")
    names = [event["event"] for event in lines_of(ended.stderr)]
    assert (names[0], names[-1]) == ("run.started", "run.finished")


def test_json_lines_hold_notices_of_preparation(program: Program, serve: Serve) -> None:
    rows = program.file("rows.csv", "id,name\n1001,one\n1-Mai,two\n")
    options = [*program.to(serve()), *LINES, "--skip-invalid"]
    warned, started, *_ = lines_of(program.call("run", rows, *options).stderr)
    assert (warned["event"], warned["level"]) == ("warning.issued", "warning")
    assert warned["message"].startswith("rows.csv: 1 of 2 rows cannot be used")
    assert (started["event"], started["run_id"]) == ("run.started", warned["run_id"])


def test_refused_run_says_notices_as_text(program: Program, serve: Serve) -> None:
    rows = program.file("rows.csv", "id,name\n1001,one\n1-Mai,two\n")
    options = [*program.to(serve()), *LINES, "--skip-invalid", "--expect", "7"]
    ended = program.call("run", rows, *options)
    first, *_, last = ended.stderr.splitlines()
    assert first.startswith("warning: rows.csv: 1 of 2 rows cannot be used")
    assert last.startswith("bulkpause: --expect 7")


def test_progress_none_shows_only_log_path(program: Program, serve: Serve) -> None:
    ended = program.pause(serve(), program.ids(3), "--progress", "none")
    assert ended.stderr == (
        "note: rate limits: 20/0.5s, instead of the API's 10/1s and 150/60s\n"
        "log: log.jsonl\n"
    )


@pytest.fixture
def unread(program: Program, serve: Serve) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a run whose standard output and error are closed for reading."""
    arguments = ["run", program.ids(30), *program.to(serve()), *LINES]
    with subprocess.Popen(
        [script(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder,
        env=program.variables,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        yield process


@pytest.mark.smoke
def test_run_finishes_with_closed_output_pipes(
    program: Program, unread: "subprocess.Popen[bytes]"
) -> None:
    assert unread.wait(WITHIN_S) == 0
    assert len(program.statuses()) == 30


def test_unread_summary_keeps_exit_code(program: Program, serve: Serve) -> None:
    options = " ".join([*program.to(serve()), "--yes"])
    command = f"( {script()} run {program.ids(3)} {options}; echo $? >code ) | true"
    subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=program.folder,
        env=program.variables,
        check=True,
        timeout=WITHIN_S,
    )
    until((program.folder / "code").exists)
    assert (program.folder / "code").read_text() == "0\n"
