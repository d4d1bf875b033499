"""What people write to pause a list, and the engine, with one face.

Each is given an address and ids, and says which of them it takes to be paused.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import aiohttp
from pyrate_limiter import Limiter, Rate

from benchmarks.gate.rivals import Closable, Pacer, StackedLimiters
from benchmarks.harness import list_of_ids, output_of
from benchmarks.wall_clock.scaled_simulator import BURST, SCALE, STEADY
from bulkpause import Pauser, RetryPolicy, Settings, Status
from bulkpause.model import Limit, Reply


IN_FLIGHT = 10
#: Tries for an id, as the engine makes them; a refusal for rate is none.
TRIES = 4
WITHIN_S = 600.0
LIMITS = (BURST, STEADY)
#: Stands for the id in what parallel is given.
ID = "@"

Script = Callable[[str, Path, int], set[str]]


class PyrateLimiter(Closable):
    """A library's exact sliding log for each limit, counted at the sending."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        super().__init__()
        by_period = sorted(limits, key=lambda limit: limit.period_s)
        self._limiter = Limiter(
            [Rate(limit.requests, round(1000 * limit.period_s)) for limit in by_period]
        )

    async def _pace(self) -> None:
        await self._limiter.try_acquire_async("pause")


def with_limiter(
    make: Callable[[Sequence[Limit]], Pacer], address: str, _: Path, ids: int
) -> set[str]:
    """Pause with a limiter, aiohttp, and as many tries as the engine makes."""
    return asyncio.run(_pause_all(make(LIMITS), address, _names(ids)))


async def _pause_all(pacer: Pacer, address: str, ids: Iterable[str]) -> set[str]:
    left, paused = iter(ids), set[str]()
    turn = asyncio.Lock()
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer of-a-benchmark"}
    ) as session:

        async def work() -> None:
            for id_ in left:
                url = f"{address}/v1/hood/campaigns/{id_}/pause"
                if await _pause(session, pacer, turn, url):
                    paused.add(id_)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return paused


async def _pause(
    session: aiohttp.ClientSession, pacer: Pacer, turn: asyncio.Lock, url: str
) -> bool:
    """Pause one, and say whether the API said that it did."""
    tries = 0
    while tries < TRIES:
        async with turn:
            await pacer.acquire()
        reply = await _post(session, url)
        await pacer.release(reply)
        if reply.http_status is not None and 200 <= reply.http_status < 500:
            if not reply.is_rate_limited:
                return reply.http_status == 204
        else:
            tries += 1
            await asyncio.sleep(SCALE * 2 ** (tries - 1))
    return False


async def _post(session: aiohttp.ClientSession, url: str) -> Reply:
    now = asyncio.get_running_loop().time
    try:
        async with session.post(url, json={}) as response:
            told = response.headers.get("Retry-After")
            return Reply(
                received_at=now(),
                http_status=response.status,
                retry_after_s=None if told is None else _scaled_s(float(told)),
            )
    except (aiohttp.ClientError, OSError):
        return Reply(received_at=now())


def _scaled_s(told_s: float) -> float:
    """Take the least that can be said, a second, for what it would be at this scale."""
    return told_s if told_s > 1 else SCALE


def with_parallel(address: str, folder: Path, ids: int) -> set[str]:
    """Pause with GNU parallel and curl, one each so often as the long limit allows."""
    gap_s = STEADY.period_s / STEADY.requests
    url = f"{address}/v1/hood/campaigns/{ID}/pause"
    curl = [
        *("curl", "--silent", "--output", "/dev/null", "--request", "POST"),
        *("--header", "Authorization: Bearer of-a-benchmark", "--data", "{}"),
        *("--header", "Content-Type: application/json"),
        *("--retry", str(TRIES - 1), "--retry-all-errors"),
        *("--write-out", f"{ID} %{{http_code}}\\n", url),
    ]
    # It ends with the number of jobs that failed: what came of each is in its line.
    pace = ["--jobs", str(IN_FLIGHT), "--delay", f"{gap_s:g}", "--halt", "never"]
    command = ["parallel", "--will-cite", "-I", ID, *pace, *_quoted(curl), "::::"]
    path = str(list_of_ids(folder, ids))
    said = output_of(
        [*command, path], within_s=WITHIN_S, is_good=lambda code: code < 102
    )
    answers = (line.split() for line in said.splitlines())
    return {id_ for id_, status in answers if status == "204"}


def _quoted(words: Iterable[str]) -> list[str]:
    """Quote words for the shell that parallel gives them to."""
    return [f"'{word}'" if set(word) & set(" %\\{") else word for word in words]


def with_engine(address: str, folder: Path, ids: int) -> set[str]:
    """Pause with the engine, its log and its waits at the scale of the rest."""
    return asyncio.run(_pause_with_engine(address, folder / "log.jsonl", ids))


async def _pause_with_engine(address: str, log: Path, ids: int) -> set[str]:
    retry_policy = RetryPolicy(wait_initial_s=SCALE, wait_max_s=30 * SCALE)
    settings = Settings(base_url=address, limits=LIMITS, retry_policy=retry_policy)
    async with Pauser("of-a-benchmark", settings, log=log) as pauser:
        return {
            record.id
            async for record in pauser.pause(_names(ids))
            if record.id is not None and record.status is Status.PAUSED
        }


def _names(ids: int) -> Sequence[str]:
    return [str(1000 + n) for n in range(ids)]


def scripts() -> Mapping[str, Script]:
    """Give all that can run here, by their names."""
    found: dict[str, Script] = {
        "engine": with_engine,
        "stacked aiolimiter": partial(with_limiter, StackedLimiters),
        "pyrate-limiter": partial(with_limiter, PyrateLimiter),
    }
    if shutil.which("parallel") and shutil.which("curl"):
        found["parallel and curl"] = with_parallel
    return found
