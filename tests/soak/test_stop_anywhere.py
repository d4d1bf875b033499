"""SIGHUP, SIGINT and SIGTERM, once and twice, at many moments of a run."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from time import sleep

import pytest

from bulkpause.simulator import Fault, Simulator, Window
from tests.support.posix import SIGHUP
from tests.support.program import TOKEN, ProcessResult, Program, Serve, until


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow, pytest.mark.posix_only]

INSTANTS = 3
IDS = [str(1001 + n) for n in range(60)]
NETWORK = {
    "windows": (Window(limit=20, period_s=0.2),),
    "latency_s": 0.03,
    "fault_rates": {Fault.LOST: 0.1, Fault.UNAVAILABLE: 0.1},
}
OPTIONS = (
    *("--yes", "--log", "log.jsonl", "--resume", "--progress", "none"),
    *("--burst", "20/200ms", "--steady", "none", "--max-in-flight", "6"),
)
CODES = {SIGHUP: 129, SIGINT: 130, SIGTERM: 143}


def stopped(
    program: Program, simulator: Simulator, number: Signals, times: int, seed: int
) -> ProcessResult:
    """Start a run, and send it a signal while it sends requests."""
    source = random.Random(seed)
    at = ["--base-url", simulator.base_url, *OPTIONS]
    running = program.start("run", program.ids(len(IDS)), *at)
    first = source.randint(1, 50)
    until(lambda: len(simulator.ledger) >= first)
    for _ in range(times):
        sleep(source.uniform(0, 0.03))
        running.send(number)
    return running.end()


def problems_of(
    ended: ProcessResult,
    program: Program,
    simulator: Simulator,
    number: Signals,
    times: int,
) -> Iterator[str]:
    if ended.code != CODES[number] or "Traceback" in ended.stderr:
        yield f"exit {ended.code}: {ended.stderr}"
    statuses = program.statuses()
    if not ended.summary.startswith(f"{len(IDS)} rows = "):
        yield f"its summary is {ended.stdout!r}"
    elif not is_sum(ended.summary):
        yield f"the summary does not add up: {ended.summary}"
    asked = {entry.id for entry in simulator.ledger}
    if times == 1 and asked != set(statuses):
        yield f"requested and not recorded: {asked ^ set(statuses)}"
    for id_, status in statuses.items():
        is_paused = simulator.status(id_) == "paused"
        if status != "unknown" and is_paused != (status == "paused"):
            yield f"{id_} is {status}, there {simulator.status(id_)}"


def is_sum(account: str) -> bool:
    rows, _, parts = account.partition(" rows = ")
    return int(rows) == sum(int(part.split()[0]) for part in parts.split(" + "))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_stop_at_any_instant_keeps_summary_and_log(
    tmp_path: Path, serve: Serve, times: int
) -> None:
    def stop_at(instant: tuple[int, Signals]) -> list[str]:
        seed, number = instant
        (folder := tmp_path / f"{number.name}-{seed}").mkdir()
        program = Program(folder, {"OCAMBA_TOKEN": TOKEN})
        simulator = serve(**NETWORK, seed=seed)
        try:
            ended = stopped(program, simulator, number, times, seed)
            found = list(problems_of(ended, program, simulator, number, times))
            again = program.call(
                "run", "ids.txt", "--base-url", simulator.base_url, *OPTIONS
            )
            if again.code not in {0, 5} or set(program.statuses()) != set(IDS):
                found.append(f"resumed, it ended with {again}")
        finally:
            program.close()
        return [f"{number.name} at {seed}: {one}" for one in found]

    instants = [(seed, number) for seed in range(INSTANTS) for number in CODES]
    with ThreadPoolExecutor(3) as lanes:
        found = [one for some in lanes.map(stop_at, instants) for one in some]
    assert not found, "\n".join(found)
