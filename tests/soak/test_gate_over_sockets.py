"""The gate in real time over real sockets, checked against the server's ledger.

All times are a tenth of the documented ones. Headers describe no window shorter than
three seconds, so they still describe the long one.
"""

import asyncio
import os
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
from tests.support.posix import go_on, stop


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.posix_only,
    # A tenth of the real times leaves no room for the cost of measuring.
    pytest.mark.unmeasured,
]

LIMITS = (Limit(10, 0.1), Limit(150, 6.0))
#: A tenth of: 100 ms RTT, 50 ms jitter each way, 300 ms to set up a connection.
NETWORK = {"latency_s": 0.01, "jitter_s": 0.01, "cold_s": 0.03}
#: The command line program, run by this interpreter.
PROGRAM = (sys.executable, "-c", "from bulkpause.cli.app import main; main()")
STOPPED_S = 2.5
WITHIN_S = 45.0


def behaviour(seed: int, **options: Any) -> Behaviour:
    """Make the documented API's behaviour, with windows that start at random."""
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


def assert_limits_kept(simulator: Simulator, ids: int) -> None:
    """Check the ledger against the limits."""
    ledger = simulator.ledger
    assert ledger.rate_limited() == []
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
    ids=["rounded up", "rounded down", "tightest", "no headers"],
)
async def test_server_never_rate_limits(options: Mapping[str, Any]) -> None:
    async with Simulator(behaviour(11, **options)) as simulator:
        await pause(simulator, 220)

    assert_limits_kept(simulator, 220)


async def test_whole_limit_is_available_after_known_reset() -> None:
    ids, starts_at = 160, asyncio.get_running_loop().time() + 2.0
    windows = (
        Window(limit=10, period_s=0.1, phase_s=0.03),
        Window(limit=150, period_s=6.0, phase_s=starts_at),
    )
    async with Simulator(behaviour(1, windows=windows)) as simulator:
        await pause(simulator, ids)

    assert_limits_kept(simulator, ids)
    first, after_limit = simulator.ledger[0], simulator.ledger[150]
    assert after_limit.at < first.at + windows[1].period_s


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=str)
async def test_clock_jump_causes_no_429_on_resume(
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
        async with Pauser("token", settings, log=log, resume=True, now=now) as second:
            statuses = {record.status async for record in second.pause(ids)}

    assert statuses == {Status.PAUSED}
    assert len(simulator.ledger.paused_ids()) == len(ids)
    assert simulator.ledger.rate_limited() == []
    for window in simulator.behaviour.windows:
        assert simulator.ledger.most_in_a_window(window) <= window.limit


@asynccontextmanager
async def running_program(
    simulator: Simulator, folder: Path, ids: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the program in a child process and end it afterwards."""
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
async def test_stopped_process_is_not_rate_limited_afterwards(
    stopped_after: int, tmp_path: Path
) -> None:
    ids = 200
    async with Simulator(behaviour(stopped_after)) as simulator:
        with anyio.fail_after(WITHIN_S):
            async with running_program(simulator, tmp_path, ids) as process:
                while len(simulator.ledger) < stopped_after:
                    await asyncio.sleep(0.001)
                stop(process.pid)
                await asyncio.sleep(STOPPED_S)
                sent = len(simulator.ledger)
                go_on(process.pid)
                assert await process.wait() == 0

    assert sent < ids
    assert_limits_kept(simulator, ids)
