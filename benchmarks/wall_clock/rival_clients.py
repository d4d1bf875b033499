"""The compared clients: the engine, and other ways to pause a list.

Each is called with an address, a folder and a number of ids, and gives the ids that it
reports as paused.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import aiohttp
from pyrate_limiter import Limiter, Rate

from benchmarks.gate.rivals import RateLimiter, RetryAfterLimiter, StackedLimiters
from benchmarks.harness import output_of, write_id_list
from benchmarks.wall_clock.scaled_simulator import BURST, SCALE, STEADY
from bulkpause import Pauser, RetryPolicy, Settings, Status
from bulkpause.model import Limit, Reply


IN_FLIGHT = 10
#: Attempts per id, as the engine makes them. A 429 does not count.
MAX_ATTEMPTS = 4
TIMEOUT_S = 600.0
LIMITS = (BURST, STEADY)
#: The placeholder of the id in the command for parallel.
ID = "@"

Client = Callable[[str, Path, int], set[str]]


class PyrateLimiter(RetryAfterLimiter):
    """pyrate-limiter: an exact sliding log for each limit, counted when sent."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        super().__init__()
        by_period = sorted(limits, key=lambda limit: limit.period_s)
        self._limiter = Limiter(
            [Rate(limit.requests, round(1000 * limit.period_s)) for limit in by_period]
        )

    async def _pace(self) -> None:
        await self._limiter.try_acquire_async("pause")


def pause_with_limiter(
    make: Callable[[Sequence[Limit]], RateLimiter], address: str, _: Path, ids: int
) -> set[str]:
    """Pause with a rate limiter, aiohttp, and as many attempts as the engine makes."""
    return asyncio.run(_pause_all(make(LIMITS), address, _ids(ids)))


async def _pause_all(
    limiter: RateLimiter, address: str, ids: Iterable[str]
) -> set[str]:
    remaining, paused = iter(ids), set[str]()
    lock = asyncio.Lock()
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer of-a-benchmark"}
    ) as session:

        async def work() -> None:
            for id_ in remaining:
                url = f"{address}/v1/hood/campaigns/{id_}/pause"
                if await _pause(session, limiter, lock, url):
                    paused.add(id_)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return paused


async def _pause(
    session: aiohttp.ClientSession, limiter: RateLimiter, lock: asyncio.Lock, url: str
) -> bool:
    """Pause one id, and give whether the API confirmed it."""
    attempts = 0
    while attempts < MAX_ATTEMPTS:
        async with lock:
            await limiter.acquire()
        reply = await _post(session, url)
        await limiter.release(reply)
        if reply.http_status is not None and 200 <= reply.http_status < 500:
            if not reply.is_rate_limited:
                return reply.http_status == 204
        else:
            attempts += 1
            await asyncio.sleep(SCALE * 2 ** (attempts - 1))
    return False


async def _post(session: aiohttp.ClientSession, url: str) -> Reply:
    now = asyncio.get_running_loop().time
    try:
        async with session.post(url, json={}) as response:
            header = response.headers.get("Retry-After")
            return Reply(
                received_at=now(),
                http_status=response.status,
                retry_after_s=None if header is None else _scaled_s(float(header)),
            )
    except (aiohttp.ClientError, OSError):
        return Reply(received_at=now())


def _scaled_s(retry_after_s: float) -> float:
    """Scale the least `Retry-After` that the header can carry, which is a second."""
    return retry_after_s if retry_after_s > 1 else SCALE


def pause_with_parallel(address: str, folder: Path, ids: int) -> set[str]:
    """Pause with GNU parallel and curl, at even intervals by the long limit."""
    interval_s = STEADY.period_s / STEADY.requests
    url = f"{address}/v1/hood/campaigns/{ID}/pause"
    curl = [
        *("curl", "--silent", "--output", "/dev/null", "--request", "POST"),
        *("--header", "Authorization: Bearer of-a-benchmark", "--data", "{}"),
        *("--header", "Content-Type: application/json"),
        *("--retry", str(MAX_ATTEMPTS - 1), "--retry-all-errors"),
        *("--write-out", f"{ID} %{{http_code}}\\n", url),
    ]
    # Its exit code is the number of failed jobs; each line of output has one result.
    pace = ["--jobs", str(IN_FLIGHT), "--delay", f"{interval_s:g}", "--halt", "never"]
    command = ["parallel", "--will-cite", "-I", ID, *pace, *_quoted(curl), "::::"]
    path = str(write_id_list(folder, ids))
    output = output_of(
        [*command, path], timeout_s=TIMEOUT_S, is_success=lambda code: code < 102
    )
    results = (line.split() for line in output.splitlines())
    return {id_ for id_, status in results if status == "204"}


def _quoted(words: Iterable[str]) -> list[str]:
    """Quote words for the shell that parallel runs."""
    return [f"'{word}'" if set(word) & set(" %\\{") else word for word in words]


def pause_with_engine(address: str, folder: Path, ids: int) -> set[str]:
    """Pause with the engine, its log, and backoff at the scale of the simulator."""
    return asyncio.run(_pause_with_engine(address, folder / "log.jsonl", ids))


async def _pause_with_engine(address: str, log: Path, ids: int) -> set[str]:
    retry_policy = RetryPolicy(wait_initial_s=SCALE, wait_max_s=30 * SCALE)
    settings = Settings(base_url=address, limits=LIMITS, retry_policy=retry_policy)
    async with Pauser("of-a-benchmark", settings, log=log) as pauser:
        return {
            record.id
            async for record in pauser.pause(_ids(ids))
            if record.id is not None and record.status is Status.PAUSED
        }


def _ids(number: int) -> Sequence[str]:
    return [str(1000 + n) for n in range(number)]


def available_clients() -> Mapping[str, Client]:
    """Give the clients that can run on this machine, by name."""
    clients: dict[str, Client] = {
        "engine": pause_with_engine,
        "stacked aiolimiter": partial(pause_with_limiter, StackedLimiters),
        "pyrate-limiter": partial(pause_with_limiter, PyrateLimiter),
    }
    if shutil.which("parallel") and shutil.which("curl"):
        clients["parallel and curl"] = pause_with_parallel
    return clients
