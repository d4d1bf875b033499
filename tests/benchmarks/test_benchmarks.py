"""Each benchmark of real time runs at a small size, and its table makes sense."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.wall_clock.rival_clients import scripts


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
WITHIN_S = 50.0


def table(program: str, *options: str) -> dict[str, dict[str, float]]:
    """Run a benchmark, and give the numbers of its table by row and column."""
    ended = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{program}", *options],
        capture_output=True,
        cwd=ROOT,
        timeout=WITHIN_S,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *_ = ended.stdout.splitlines()
    assert "cores" in first
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in ended.stdout.splitlines()
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


def test_the_first_pause() -> None:
    found = table("wall_clock.startup", "--rounds", "1", "--ids", "10")
    assert found["import aiohttp"]["÷ import aiohttp"] == 1
    assert set(found) >= {"run, lines of JSON", "--help", "a usage error"}
    assert all(row["ms"] > 0 for row in found.values())


def test_the_ceiling() -> None:
    found = table(
        "wall_clock.throughput", "--rounds", "1", "--ids", "200", "--in-flight", "8"
    )
    assert set(found) == {"bare loop", "engine"}
    assert all(row["requests/s"] > 0 for row in found.values())
    assert found["bare loop"]["÷ bare loop"] == 1


def test_big_inputs() -> None:
    found = table(
        "wall_clock.large_inputs", "--rounds", "1", "--rows", "300", "--soak", "500"
    )
    assert len(found) == 4
    assert all(row["peak MiB"] > 1 and row["s"] > 0 for row in found.values())


def test_the_cost_of_safety() -> None:
    found = table("wall_clock.durability_cost", "--rounds", "1", "--ids", "200")
    assert len(found) == 5
    first, *_, last = found.values()
    assert first["added, µs"] == 0
    assert last["µs of work for an id"] > 0


def test_side_by_side() -> None:
    found = table("wall_clock.comparison", "--rounds", "1", "--ids", "12")
    assert set(found) == set(scripts())
    engine = found["engine"]
    assert engine["÷ engine"] == 1
    assert (engine["lost"], engine["misjudged"]) == (0, 0)
    assert all(row["lost"] <= 12 for row in found.values())
