"""Each wall-clock benchmark runs at a small size and prints a plausible table."""

import subprocess
import sys
from math import inf
from pathlib import Path

import pytest

from benchmarks.accounts.__main__ import LIMITS, least_s
from benchmarks.wall_clock.rival_clients import available_clients
from bulkpause.ratelimit.estimate import time_needed_s


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 50.0


def table(program: str, *options: str) -> dict[str, dict[str, float]]:
    """Run a benchmark, and give the numbers of its table by row and column."""
    completed = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{program}", *options],
        capture_output=True,
        cwd=ROOT,
        timeout=TIMEOUT_S,
        text=True,
        check=False,
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    first, *_ = completed.stdout.splitlines()
    assert "cores" in first
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in completed.stdout.splitlines()
        if line.startswith("|")
    ]
    heading, rule, *lines = rows
    assert all(len(line) == len(heading) == len(rule) for line in rows)
    return {
        name: {
            column: float(cell.replace(",", ""))
            for column, cell in zip(heading[1:], cells, strict=True)
            if cell.strip("+-").replace(",", "").replace(".", "").isdecimal()
        }
        for name, *cells in lines
    }


def test_startup_prints_time_to_first_request() -> None:
    rows = table("wall_clock.startup", "--rounds", "1", "--ids", "10")
    assert rows["import aiohttp"]["÷ import aiohttp"] == 1
    assert set(rows) >= {"run, JSON lines", "--help", "status, 1,000 records"}
    assert all(row["ms"] > 0 for row in rows.values())


def test_throughput_prints_requests_per_second() -> None:
    rows = table(
        "wall_clock.throughput", "--rounds", "1", "--ids", "200", "--in-flight", "8"
    )
    assert set(rows) == {"bare loop", "engine"}
    assert all(row["requests/s"] > 0 for row in rows.values())
    assert rows["bare loop"]["÷ bare loop"] == 1


def test_large_inputs_prints_time_and_memory() -> None:
    rows = table(
        "wall_clock.large_inputs", "--rounds", "1", "--rows", "300", "--soak", "500"
    )
    assert len(rows) == 4
    # A start of bulkpause takes longer than is rounded off; so few cells may not.
    own = [row for name, row in rows.items() if "python-calamine alone" not in name]
    assert all(row["peak MiB"] > 1 for row in rows.values())
    assert len(own) == 3
    assert all(row["s"] > 0 for row in own)


def test_input_ratios_prints_each_comparison() -> None:
    rows = table("wall_clock.input_ratios", "--rounds", "1", "--largest", "10000")
    assert all(row["ratio"] > 0 and row["peak MiB"] > 1 for row in rows.values())


def test_large_logs_prints_ratios_to_decoding() -> None:
    rows = table("wall_clock.large_logs", "--rounds", "1", "--rows", "300")
    assert rows["decode its lines"]["÷ decode its lines"] == 1
    assert set(rows) >= {"status", "export of all ids", "run --resume, killed"}
    assert all(row["peak MiB"] > 1 for row in rows.values())


def test_report_page_prints_size_and_ratio() -> None:
    rows = table("wall_clock.report_page", "--ids", "500")
    assert set(rows) == {"50", "500"}
    assert all(row["kB"] > 1 and row["÷ status"] > 0 for row in rows.values())


def test_durability_cost_prints_each_safeguard() -> None:
    rows = table("wall_clock.durability_cost", "--rounds", "1", "--ids", "200")
    assert len(rows) == 5
    first, *_, last = rows.values()
    assert first["added, µs"] == 0
    assert last["µs of CPU per id"] > 0


def test_comparison_prints_each_client() -> None:
    rows = table("wall_clock.comparison", "--rounds", "1", "--ids", "12")
    assert set(rows) == set(available_clients())
    engine = rows["engine"]
    assert engine["÷ engine"] == 1
    assert (engine["not paused"], engine["misreported"]) == (0, 0)
    assert all(row["not paused"] <= 12 for row in rows.values())


def test_shared_prints_what_the_server_counted() -> None:
    cases = ("--cases", "sqlite-2,valkey-2")
    rows = table("shared", *cases, "--ids", "20", "--scale", "0.1")
    assert set(rows) == {"sqlite-2", "valkey-2"}
    for row in rows.values():
        assert row["requests"] == 20
        assert row["rate-limited"] == 0
        assert row["÷ best"] > 0.9
        assert 0.5 <= row["Jain, 15 s"] <= 1
        assert row["work, ms"] > 0


def test_accounts_are_measured_without_rejections() -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "benchmarks.accounts", "--accounts", "2", "--ids", "3"],
        capture_output=True,
        cwd=ROOT,
        timeout=TIMEOUT_S,
        text=True,
        check=True,
    )
    head, _, cells = completed.stdout.splitlines()[2:5]
    row = dict(zip(head.split(" | "), cells.split(" | "), strict=True))
    assert (row["| accounts"], row["rejected"]) == ("| 2", "0")
    # Two accounts say nothing of what a core can do.
    assert row["of limits and core"] == "unknown"


def test_core_bounds_the_windows_of_many_accounts() -> None:
    alone_s = least_s(1, 90, inf)
    assert alone_s == time_needed_s(90, LIMITS)
    # The last 30 of each account cannot begin before the third window.
    assert least_s(300, 90, 1_000) == time_needed_s(61, LIMITS) + 8.999
    assert least_s(1_000, 90, 1_000) == pytest.approx(89.999)
