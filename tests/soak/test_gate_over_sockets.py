"""The gate in real time, over real sockets, judged by the server's ledger.

All at a tenth of the documented times. Windows that are shorter than three seconds
are not told by headers, so that the long one is still told.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest

from bulkpause import Limit, Pauser, Settings, Status
from bulkpause.simulator import Behaviour, Simulator, Window


pytestmark = pytest.mark.anyio

LIMITS = (Limit(10, 0.1), Limit(150, 6.0))
#: A tenth of 100 ms there and back, 50 ms of jitter each way, 300 ms for a connection.
NETWORK = {"latency_s": 0.01, "jitter_s": 0.01, "cold_s": 0.03}
#: The program, run by this interpreter.
PROGRAM = (sys.executable, "-c", "from bulkpause.cli.app import main; main()")
STOPPED_S = 2.5
WITHIN_S = 45.0


def behaviour(seed: int, **options: Any) -> Behaviour:
    """Ask for the documented API, with windows that begin at some instant."""
    random = Random(seed)
    windows = tuple(
        Window(
            limit=limit.requests,
            period_s=limit.period_s,
            phase_s=random.uniform(0, limit.period_s),
        )
        for limit in LIMITS
    )
    return Behaviour(**{"windows": windows, "seed": seed, **NETWORK, **options})


def assert_kept(simulator: Simulator, ids: int) -> None:
    """Hold the ledger against the limits."""
    ledger = simulator.ledger
    assert ledger.refusals() == []
    for window in simulator.behaviour.windows:
        assert ledger.most_in_a_window(window) <= window.limit
    assert len(ledger.acted_ids()) == len(ledger.paused_ids()) == ids


async def pause(simulator: Simulator, ids: int) -> None:
    settings = Settings(base_url=simulator.base_url, limits=LIMITS)
    async with Pauser("token", settings) as pauser:
        statuses = [
            record.status
            async for record in pauser.pause([str(1001 + n) for n in range(ids)])
        ]
    assert statuses == [Status.PAUSED] * ids


@pytest.mark.parametrize(
    "options",
    [
        {"rate_headers": "longest", "reset_rounding": "up"},
        {"rate_headers": "longest", "reset_rounding": "down"},
        {"rate_headers": "tightest"},
        {"rate_headers": "none"},
    ],
    ids=["rounded up", "rounded down", "tightest", "silent"],
)
async def test_the_server_refuses_nothing(options: Mapping[str, Any]) -> None:
    async with Simulator(behaviour(11, **options)) as simulator:
        await pause(simulator, 220)

    assert_kept(simulator, 220)


async def test_after_a_known_reset_the_limit_may_be_spent_anew() -> None:
    ids, begins_at = 160, asyncio.get_running_loop().time() + 2.0
    windows = (
        Window(limit=10, period_s=0.1, phase_s=0.03),
        Window(limit=150, period_s=6.0, phase_s=begins_at),
    )
    async with Simulator(behaviour(1, windows=windows)) as simulator:
        await pause(simulator, ids)

    assert_kept(simulator, ids)
    first, after_limit = simulator.ledger[0], simulator.ledger[150]
    assert after_limit.at < first.at + windows[1].period_s


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=str)
async def test_a_run_that_follows_a_jump_of_the_wall_clock_is_refused_nothing(
    jump: timedelta, tmp_path: Path
) -> None:
    ids = [str(1001 + n) for n in range(200)]
    jumps = [timedelta(), jump]

    def now() -> datetime:
        return datetime.now(UTC) + jumps[0]

    async with Simulator(behaviour(3)) as simulator:
        settings = Settings(base_url=simulator.base_url, limits=LIMITS)
        log = tmp_path / "log.jsonl"
        async with Pauser("token", settings, log=log, now=now) as first:
            async for _ in first.pause(ids):
                if len(simulator.ledger) >= 145:
                    jumps.reverse()
                    break
        async with Pauser(
            "token", settings, log=log, is_resumed=True, now=now
        ) as next_:
            statuses = {record.status async for record in next_.pause(ids)}

    assert statuses == {Status.PAUSED}
    assert len(simulator.ledger.paused_ids()) == len(ids)
    assert simulator.ledger.refusals() == []
    for window in simulator.behaviour.windows:
        assert simulator.ledger.most_in_a_window(window) <= window.limit


@asynccontextmanager
async def running(
    simulator: Simulator, folder: Path, ids: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the program in a process of its own, and leave none behind."""
    listed = folder / "ids.txt"
    listed.write_text("".join(f"{1001 + n}\n" for n in range(ids)), encoding="utf-8")
    limits = ("--burst", "10/100ms", "--steady", "150/6s")
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("run", str(listed), "--yes", "--log", str(folder / "log.jsonl")),
        *("--base-url", simulator.base_url, *limits),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OCAMBA_TOKEN": "token"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("stopped_after", [3, 60, 148])
async def test_a_process_that_was_stopped_for_a_while_is_refused_nothing(
    stopped_after: int, tmp_path: Path
) -> None:
    ids = 200
    async with Simulator(behaviour(stopped_after)) as simulator:
        with anyio.fail_after(WITHIN_S):
            async with running(simulator, tmp_path, ids) as process:
                while len(simulator.ledger) < stopped_after:
                    await asyncio.sleep(0.001)
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(STOPPED_S)
                sent = len(simulator.ledger)
                process.send_signal(signal.SIGCONT)
                assert await process.wait() == 0

    assert sent < ids
    assert_kept(simulator, ids)
