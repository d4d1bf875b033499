"""The first signal ends a run in order, the second at once."""

import os
from signal import SIGINT, SIGTERM, Signals

import pytest

from bulkpause.simulator import Fault, Window
from tests.support.faulty_server import (
    BAD_REQUEST,
    CHUNKED,
    OK,
    Behaviour,
    dripping,
    hanging,
    hanging_unread,
    sending_then_hanging,
)
from tests.support.posix import SIGHUP, SIGQUIT, fill
from tests.support.program import TOKEN, Program, Running, Serve, Start, until


SLOW = {"windows": (Window(limit=5, period_s=0.5),), "latency_s": 0.2}
CODES = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143}


@pytest.mark.smoke
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_first_signal_lets_requests_in_flight_finish(
    program: Program, serve: Serve, number: Signals
) -> None:
    simulator = serve(**SLOW)
    options = [*program.to(simulator, "--burst", "5/500ms")]
    running = program.start("run", program.ids(100), "--yes", *options)
    until(lambda: len(simulator.ledger) >= 7)
    running.send(number)
    ended = running.end()
    paused = simulator.ledger.paused_ids()
    assert ended.code == CODES[number]
    assert ended.summary == (
        f"100 rows = {len(paused)} paused + {100 - len(paused)} not_attempted"
    )
    assert program.statuses() == dict.fromkeys(paused, "paused")
    assert f"stopped: {number.name}" in ended.stderr


def test_first_signal_is_reported_at_once(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    running = program.start("run", program.ids(2), "--yes", *program.to(simulator))
    until(lambda: len(simulator.ledger) == 2)
    running.send(SIGINT)
    assert running.line_of_stderr().startswith("note: rate limits: ")
    assert "a second signal exits at once" in running.line_of_stderr()


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_second_signal_exits_at_once(
    program: Program, serve: Serve, number: Signals
) -> None:
    simulator = serve(scripts={"1002": (Fault.HANG_AFTER,)})
    running = program.start("run", program.ids(2), "--yes", *program.to(simulator))
    until(lambda: program.log.exists() and program.log.read_bytes().endswith(b"\n"))
    running.send(number)
    until(lambda: "a second signal" in running.line_of_stderr())
    running.send(number)
    ended = running.end()
    assert ended.code == CODES[number]
    assert "Traceback" not in ended.stderr
    assert program.statuses() == {"1001": "paused"}
    assert '"sent":"1002"' in program.log.with_name("log.jsonl.wal").read_text()


def test_second_signal_ends_run_that_stderr_blocks(
    program: Program, serve: Serve
) -> None:
    simulator = serve(always=Fault.HANG)
    unread, full = os.pipe()
    fill(full)
    try:
        options = (*program.to(simulator), "--progress", "lines")
        running = program.start("run", "1001", "--yes", *options, stderr=full)
        until_in_flight(program)
        running.send(SIGINT)
        running.send(SIGTERM)
        assert running.end().code == 130
    finally:
        os.close(unread)
        os.close(full)
    until_in_flight(program)


def test_request_aborted_by_second_signal_is_unknown(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1001": (Fault.HANG_AFTER,)})
    running = program.start("run", program.ids(1), "--yes", *program.to(simulator))
    until(lambda: len(simulator.ledger) == 1)
    running.send(SIGINT)
    until(lambda: "a second signal" in running.line_of_stderr())
    running.send(SIGINT)
    ended = running.end()
    assert simulator.ledger.paused_ids() == {"1001"}
    assert ended.summary == "1 row = 1 unknown"


def until_in_flight(program: Program) -> None:
    wal = program.log.with_name("log.jsonl.wal")
    until(lambda: wal.exists() and b'"sent":"1001"' in wal.read_bytes())


def check_left_in_flight(program: Program, running: Running) -> None:
    """Check that a run whose request hangs ends in order after its grace."""
    ended = running.end()
    assert (ended.code, ended.summary) == (143, "1 row = 1 unknown")
    assert "at most 0.2 s; a second signal exits at once" in ended.stderr
    assert "stopped: SIGTERM" in ended.stderr
    assert "retry with: bulkpause retry log.jsonl" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert program.records() == []
    until_in_flight(program)


PATIENCE = ("--yes", "--log", "log.jsonl", "--timeout", "1h", "--grace", "200ms")


@pytest.mark.parametrize(
    "behaviour",
    [
        hanging_unread,
        sending_then_hanging(OK),
        dripping(BAD_REQUEST + CHUNKED, b"1\r\nx\r\n"),
    ],
    ids=["unread", "in the headers", "in the body"],
)
def test_server_that_hangs_gets_grace_only(
    program: Program, start: Start, behaviour: Behaviour
) -> None:
    server = start(behaviour)
    api = ("--base-url", server.endpoint.base_url)
    running = program.start("run", "1001", *PATIENCE, *api)
    until(lambda: server.received and b"\r\n\r\n" in server.received[0])
    running.send(SIGTERM)
    check_left_in_flight(program, running)


@pytest.mark.parametrize("hanging_part", ["TLS handshake", "proxy"])
def test_connection_that_hangs_gets_grace_only(
    program: Program, start: Start, hanging_part: str
) -> None:
    server = start(hanging)
    secure = server.endpoint.base_url.replace("http:", "https:")
    proxy = ("--proxy", server.endpoint.base_url) if hanging_part == "proxy" else ()
    running = program.start("run", "1001", *PATIENCE, "--base-url", secure, *proxy)
    until(lambda: server.received)
    until_in_flight(program)
    running.send(SIGTERM)
    check_left_in_flight(program, running)


def test_name_lookup_that_hangs_gets_grace_only(program: Program) -> None:
    program.file(
        "sitecustomize.py",
        "import socket, time\nsocket.getaddrinfo = lambda *_, **__: time.sleep(600)\n",
    )
    program.variables["PYTHONPATH"] = str(program.folder)
    api = ("--base-url", "https://api.example")
    running = program.start("run", "1001", *PATIENCE, *api)
    until_in_flight(program)
    running.send(SIGTERM)
    check_left_in_flight(program, running)


def test_stacks_are_shown_during_run(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.HANG)
    api = ("--base-url", simulator.base_url)
    running = program.start("run", "1001", *PATIENCE, *api)
    until(lambda: len(simulator.ledger) == 1)
    running.send(SIGQUIT)
    shown = ""
    for line in iter(running.line_of_stderr, ""):
        shown += line
        if line.endswith("in Client.send\n"):
            break
    assert "task:\n" in shown
    running.send(SIGTERM)
    assert running.end().code == 143
    assert TOKEN not in shown


#: Sends the process a signal when it begins to write its summary.
AT_SUMMARY = """
import io, os, signal, sys

class Stdout(io.FileIO):
    def write(self, data):
        if b" rows = " in bytes(data):
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(data)

sys.stdout = io.TextIOWrapper(io.BufferedWriter(Stdout(1, "wb", closefd=False)))
"""


def test_signal_at_summary_tells_run_is_over(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.file("sitecustomize.py", AT_SUMMARY)
    program.variables["PYTHONPATH"] = str(program.folder)
    ended = program.pause(simulator, program.ids(2))
    assert (ended.code, ended.stdout) == (143, "")
    assert ended.stderr.endswith(
        "\nSIGTERM: the run is over; show its result with: bulkpause status log.jsonl\n"
    )
    assert program.statuses() == {"1001": "paused", "1002": "paused"}
    assert simulator.ledger.paused_ids() == {"1001", "1002"}


def test_id_waiting_for_retry_is_recorded_at_signal(
    program: Program, serve: Serve
) -> None:
    simulator = serve(always=Fault.UNAVAILABLE, unavailable_retry_after=60)
    running = program.start("run", program.ids(2), "--yes", *program.to(simulator))
    until(lambda: len(simulator.ledger) == 2)
    running.send(SIGTERM)
    ended = running.end()
    assert (ended.code, ended.summary) == (143, "2 rows = 2 unknown")


def test_retry_settles_read_backs_after_signal(program: Program, serve: Serve) -> None:
    # Read-backs come when all first tries are out.
    simulator = serve(statuses={"1001": "paused"}, **SLOW)
    options = [*program.to(simulator, "--burst", "5/500ms")]
    running = program.start("run", program.ids(40), "--yes", *options)
    until(lambda: len(simulator.ledger) >= 7)
    running.send(SIGINT)
    ended = running.end()
    assert ended.code == 130
    assert program.statuses()["1001"] == "failed"
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split()
    command[command.index("--burst") + 1] = "20/500ms"
    assert program.call(*command).code == 0
    assert program.statuses()["1001"] == "already_paused"


@pytest.mark.smoke
def test_killed_run_leaves_complete_records(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(Window(limit=5, period_s=0.5),))
    options = [*program.to(simulator, "--burst", "5/500ms")]
    running = program.start("run", program.ids(100), "--yes", *options)
    until(lambda: len(simulator.ledger) >= 12)
    running.kill()
    recorded = [record["id"] for record in program.records()]
    assert set(recorded) <= simulator.ledger.paused_ids()
    assert len(recorded) >= 5
