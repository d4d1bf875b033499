"""Runs from an input file to a log, judged by the simulator's ledger."""

import gzip
import os
import stat

import orjson
import pytest

from bulkpause.simulator import Window
from tests.support.program import Program, Serve


EXPORT = (
    '"Campaign ID";Name;Spend\r\n'
    '1001;"Spring\r\nsale";"1,50"\r\n'
    "1002;Summer;2\r\n"
    "1001;Spring again;3\r\n"
)
KEYS = [
    "id",
    "name",
    "account",
    "action",
    "status",
    "http_status",
    "trace_id",
    "title",
    "message",
    "error",
    "campaign_status",
    "attempts",
    "history",
    "reason",
    "row",
    "reads",
    "earlier_status",
    "earlier_scheduled_time",
    "paused_at",
    "request_id",
    "latency_ms",
    "started_at",
    "finished_at",
    "run_id",
    "planned",
    "input_digest",
    "endpoint",
    "v",
    "crc32",
]


@pytest.mark.smoke
def test_every_id_of_list_is_paused(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(20))
    assert (ended.code, ended.summary) == (0, "20 rows = 20 paused")
    assert len(simulator.ledger.paused_ids()) == 20
    assert set(program.statuses().values()) == {"paused"}


@pytest.mark.smoke
def test_run_keeps_to_two_windows(program: Program, serve: Serve) -> None:
    windows = (Window(limit=5, period_s=0.2), Window(limit=20, period_s=1.5))
    simulator = serve(windows=windows, latency_s=0.01, jitter_s=0.01)
    limits = ["--burst", "5/200ms", "--steady", "20/1.5s"]
    ended = program.pause(simulator, program.ids(45), *limits)
    assert ended.code == 0
    assert simulator.ledger.rate_limited() == []
    assert len(simulator.ledger.acted_ids()) == 45


def test_requests_in_flight_stay_below_limit(program: Program, serve: Serve) -> None:
    simulator = serve(parallel_limit=2, latency_s=0.02)
    ended = program.pause(simulator, program.ids(8), "--max-in-flight", "2")
    assert ended.code == 0
    assert max(entry.in_flight for entry in simulator.ledger) == 2


def test_ids_are_sent_in_file_order(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("ids.txt", "30\n10\n20\n")
    program.pause(simulator, source, "--max-in-flight", "1")
    assert simulator.ledger.acted_ids() == ["30", "10", "20"]


def test_duplicate_id_is_sent_once(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.file("export.csv", EXPORT))
    assert (ended.code, ended.summary) == (0, "3 rows = 2 paused + 1 duplicate")
    assert sorted(simulator.ledger.acted_ids()) == ["1001", "1002"]


def test_csv_is_read_from_standard_input(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, "-", stdin=b"\xef\xbb\xbf" + EXPORT.encode())
    assert ended.code == 0
    assert simulator.ledger.paused_ids() == {"1001", "1002"}


def test_gzip_file_is_read(program: Program, serve: Serve) -> None:
    simulator = serve()
    packed = program.folder / "export.csv.gz"
    packed.write_bytes(gzip.compress(EXPORT.encode()))
    assert program.pause(simulator, packed.name).code == 0
    assert simulator.ledger.paused_ids() == {"1001", "1002"}


def test_column_option_names_id_column(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("export.csv", "id,parent\n1,2001\n2,2002\n")
    assert program.pause(simulator, source, "--column", "parent").code == 0
    assert simulator.ledger.paused_ids() == {"2001", "2002"}


def test_format_option_names_input_format(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("ids.csv", "1001\n1002\n")
    assert program.pause(simulator, source, "--format", "lines").code == 0
    assert simulator.ledger.paused_ids() == {"1001", "1002"}


def test_record_has_every_key_in_order(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.ids(1))
    assert list(program.records()[0]) == KEYS


def test_record_names_request_id_of_server(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(5))
    seen = {entry.id: entry.request_id for entry in simulator.ledger}
    assert {r["id"]: r["request_id"] for r in program.records()} == seen


def test_record_holds_row_of_id(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.file("export.csv", EXPORT))
    rows = {record["id"]: record["row"] for record in program.records()}
    assert rows == {"1001": 2, "1002": 3}


def test_reason_is_sent_and_recorded(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(1), "--reason", "Grenzwert überschritten")
    sent = [orjson.loads(entry.body) for entry in simulator.ledger]
    assert sent == [{"reason": "Grenzwert überschritten"}]
    assert program.records()[0]["reason"] == "Grenzwert überschritten"


@pytest.mark.parametrize("mask", [0o000, 0o077], ids=["open", "strict"])
def test_log_is_readable_by_owner_only(
    program: Program, serve: Serve, mask: int
) -> None:
    before = os.umask(mask)
    try:
        program.pause(serve(), program.ids(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(program.log.stat().st_mode) == 0o600


def test_default_log_is_named_after_run(program: Program, serve: Serve) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--simulate")
    (log,) = program.folder.glob("bulkpause-*.jsonl")
    assert f"log: {log.name}" in ended.stderr
    assert orjson.loads(log.read_bytes())["run_id"] in log.name


def test_simulated_run_needs_neither_token_nor_address(program: Program) -> None:
    program.variables = {"OCAMBA_BASE_URL": "https://ocamba.invalid"}
    ended = program.call("run", program.ids(3), "--yes", "--simulate")
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")


def test_base_url_is_taken_from_environment(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables["OCAMBA_BASE_URL"] = simulator.base_url
    ended = program.call("run", program.ids(3), "--yes")
    assert ended.code == 0
    assert len(simulator.ledger.paused_ids()) == 3
