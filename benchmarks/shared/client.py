"""One of the processes that share an account: bulkpause, or a rival.

Run as a program with its `ClientSpec` as JSON, it prints a line when all is imported,
waits for a line, pauses its ids, and prints what it used as JSON.
"""

import asyncio
import json
import platform
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from time import process_time

import aiohttp
from pyrate_limiter import AbstractBucket, Limiter, Rate, RedisBucket, SQLiteBucket
from redis.asyncio import Redis

from benchmarks.gate.rivals import RateLimiter, RetryAfterLimiter
from benchmarks.shared.account import limits_of
from bulkpause import Pauser, Priority, Settings
from bulkpause.model import Reply


TOKEN = "of-a-benchmark"  # noqa: S105 - no server checks it
IN_FLIGHT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSpec:
    """What one process does.

    Attributes:
        kind: `bulkpause`, `pyrate-sqlite` or `pyrate-redis`.
        share: Where the budget is kept: a path, a URL, or `none`.
        first: Its first id.
        ids: How many ids it pauses.
        priority: Of bulkpause only.
        host: The name of its host.
        clock_s: How many seconds the clock of that host is ahead.
    """

    kind: str = "bulkpause"
    share: str = "none"
    first: int = 0
    ids: int = 1
    priority: str = "normal"
    host: str = "host"
    clock_s: float = 0.0

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUse:
    """What one process used.

    Attributes:
        cpu_s: CPU seconds from the first line on.
        met: How many other runs it saw.
    """

    cpu_s: float
    met: int = 0


class HostLoop(asyncio.SelectorEventLoop):
    """An event loop on a host whose clock is ahead."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s


class SharedBucket(RetryAfterLimiter):
    """pyrate-limiter over a bucket that all processes share.

    Args:
        bucket: Makes the bucket, in the thread that uses it.
    """

    def __init__(self, bucket: Callable[[], AbstractBucket]) -> None:
        super().__init__()
        # Its file lock belongs to one thread, and blocks that.
        self._thread = ThreadPoolExecutor(1)
        self._limiter = self._thread.submit(lambda: Limiter(bucket())).result()

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            self._thread, lambda: self._limiter.try_acquire("pause")
        )


class SharedAsyncBucket(RetryAfterLimiter):
    """The same over a bucket that is asynchronous."""

    def __init__(self, bucket: AbstractBucket) -> None:
        super().__init__()
        self._limiter = Limiter(bucket)

    async def _pace(self) -> None:
        await self._limiter.try_acquire_async("pause")


async def _limiter_of(spec: ClientSpec, rates: list[Rate]) -> RateLimiter:
    if spec.kind == "pyrate-redis":
        server = Redis.from_url(spec.share)
        return SharedAsyncBucket(await RedisBucket.init(rates, server, "account"))

    def bucket() -> AbstractBucket:
        return SQLiteBucket.init_from_file(
            rates, db_path=spec.share, use_file_lock=True
        )

    return SharedBucket(bucket)


async def pause_with_rival(spec: ClientSpec, address: str, scale: float) -> ClientUse:
    """Pause with pyrate-limiter and aiohttp; a 429 is waited for and sent again."""
    rates = [
        Rate(limit.requests, round(1000 * limit.period_s))
        for limit in sorted(limits_of(scale), key=lambda limit: limit.period_s)
    ]
    limiter = await _limiter_of(spec, rates)
    remaining, turn = iter(_ids(spec)), asyncio.Lock()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def work() -> None:
            for id_ in remaining:
                url = f"{address}/v1/hood/campaigns/{id_}/pause"
                while await _is_limited(session, limiter, turn, url):
                    pass

        started_s = process_time()
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return ClientUse(cpu_s=process_time() - started_s)


async def _is_limited(
    session: aiohttp.ClientSession, limiter: RateLimiter, turn: asyncio.Lock, url: str
) -> bool:
    async with turn:
        await limiter.acquire()
    async with session.post(url, json={}) as response:
        header = response.headers.get("Retry-After")
        reply = Reply(
            received_at=asyncio.get_running_loop().time(),
            http_status=response.status,
            retry_after_s=None if header is None else float(header),
        )
    await limiter.release(reply)
    return reply.is_rate_limited


async def pause_with_bulkpause(
    spec: ClientSpec, address: str, scale: float
) -> ClientUse:
    """Pause with the engine, without a log."""
    settings = Settings(
        base_url=address,
        limits=limits_of(scale),
        share=spec.share,
        priority=Priority(spec.priority),
    )
    started_s = process_time()
    async with Pauser(TOKEN, settings) as pauser:
        async for _ in pauser.pause(_ids(spec)):
            pass
        sharing = pauser.sharing
    return ClientUse(
        cpu_s=process_time() - started_s,
        met=0 if sharing is None else len(sharing.met),
    )


def _ids(spec: ClientSpec) -> Iterable[str]:
    return [str(spec.first + n) for n in range(spec.ids)]


def main(spec: ClientSpec, address: str, scale: float) -> None:
    """Pause when told to."""
    HostLoop.ahead_s = spec.clock_s
    platform.node = lambda: spec.host
    print("ready", flush=True)
    sys.stdin.readline()
    pause = pause_with_bulkpause if spec.kind == "bulkpause" else pause_with_rival
    with asyncio.Runner(loop_factory=HostLoop) as runner:
        use = runner.run(pause(spec, address, scale))
    print(json.dumps(asdict(use)), flush=True)


if __name__ == "__main__":
    main(ClientSpec(**json.loads(sys.argv[1])), sys.argv[2], float(sys.argv[3]))
