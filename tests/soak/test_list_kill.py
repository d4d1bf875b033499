"""`kill -9` of `list` at random moments: its file is whole or not there."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import orjson
import pytest

from bulkpause.simulator import Simulator, Window, make_campaigns
from tests.support.nightly import IS_NIGHTLY
from tests.support.program import TOKEN, Program, Serve, until


KILLS = 100 if IS_NIGHTLY else 8
LANES = 4
COUNT = 2_000

pytestmark = [
    pytest.mark.timeout(300 + 10 * KILLS),
    pytest.mark.unmeasured,
    pytest.mark.slow,
    pytest.mark.posix_only,
]


def is_whole(path: Path) -> bool:
    data = path.read_bytes()
    ids = {orjson.loads(line)["id"] for line in data.splitlines()}
    return data.endswith(b"\n") and len(ids) == COUNT


def is_killed(program: Program, simulator: Simulator, source: random.Random) -> bool:
    """Start a list and kill it; False if it had ended by then."""
    to = ("--base-url", simulator.base_url, "--burst", "none", "--steady", "none")
    running = program.start("list", "--all", *to, "-o", "list.jsonl", "--overwrite")
    before = len(simulator.ledger)
    pages = before + source.randint(1, 41)
    until(lambda: len(simulator.ledger) >= pages or running.exit_code is not None)
    sleep(source.uniform(0, 0.1))
    running.kill()
    return running.exit_code == -9


def test_killed_list_leaves_no_half_file(tmp_path: Path, serve: Serve) -> None:
    numbers = iter(range(10 * KILLS))
    kills: list[int] = []
    violations: list[str] = []

    def lane(lane: int) -> None:
        folder = tmp_path / f"lane-{lane}"
        folder.mkdir()
        program = Program(folder, {"OCAMBA_TOKEN": TOKEN})
        path = folder / "list.jsonl"
        while len(kills) < KILLS:
            number = next(numbers)
            if is_killed(program, simulator, random.Random(number)):
                kills.append(number)
            if path.exists() and not is_whole(path):
                violations.append(f"half a list after kill {number}")
        program.close()

    with ThreadPoolExecutor(LANES) as lanes:
        simulator = serve(
            campaigns=make_campaigns(COUNT), windows=(Window(limit=999, period_s=0.1),)
        )
        list(lanes.map(lane, range(LANES)))
    assert violations == []
    assert {entry.action for entry in simulator.ledger} == {"list"}
