"""The first signal ends a run in order, the second at once."""

from signal import SIGINT, SIGTERM, Signals

import pytest

from bulkpause.simulator import Fault, Window
from tests.support.program import Program, Serve, until


SLOW = {"windows": (Window(limit=5, period_s=0.5),), "latency_s": 0.2}
CODES = {SIGINT: 130, SIGTERM: 143}


@pytest.mark.smoke
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_first_signal_lets_requests_in_flight_finish(
    program: Program, serve: Serve, number: Signals
) -> None:
    simulator = serve(**SLOW)
    options = [*program.to(simulator), "--burst", "5/500ms"]
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
    assert "a second signal exits at once" in running.line_of_stderr()


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_second_signal_exits_at_once(
    program: Program, serve: Serve, number: Signals
) -> None:
    simulator = serve(scripts={"1002": (Fault.HANG_AFTER,)})
    running = program.start("run", program.ids(2), "--yes", *program.to(simulator))
    until(lambda: program.log.exists() and program.log.read_bytes().endswith(b"\n"))
    running.send(number)
    running.line_of_stderr()
    running.send(number)
    ended = running.end()
    assert ended.code == CODES[number]
    assert "Traceback" not in ended.stderr
    assert program.statuses() == {"1001": "paused"}
    assert '"sent":"1002"' in program.log.with_name("log.jsonl.wal").read_text()


def test_request_aborted_by_second_signal_is_unknown(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1001": (Fault.HANG_AFTER,)})
    running = program.start("run", program.ids(1), "--yes", *program.to(simulator))
    until(lambda: len(simulator.ledger) == 1)
    running.send(SIGINT)
    running.line_of_stderr()
    running.send(SIGINT)
    ended = running.end()
    assert simulator.ledger.paused_ids() == {"1001"}
    assert ended.summary == "1 row = 1 unknown"


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
    options = [*program.to(simulator), "--burst", "5/500ms"]
    running = program.start("run", program.ids(40), "--yes", *options)
    until(lambda: len(simulator.ledger) >= 7)
    running.send(SIGINT)
    ended = running.end()
    assert ended.code == 130
    assert program.statuses()["1001"] == "failed"
    command = ended.stderr.rpartition("retry with: bulkpause ")[2].split()
    again = program.call(*command, "--burst", "20/500ms")
    assert again.code == 0
    assert program.statuses()["1001"] == "already_paused"


@pytest.mark.smoke
def test_killed_run_leaves_complete_records(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(Window(limit=5, period_s=0.5),))
    options = [*program.to(simulator), "--burst", "5/500ms"]
    running = program.start("run", program.ids(100), "--yes", *options)
    until(lambda: len(simulator.ledger) >= 12)
    running.kill()
    recorded = [record["id"] for record in program.records()]
    assert set(recorded) <= simulator.ledger.paused_ids()
    assert len(recorded) >= 5
