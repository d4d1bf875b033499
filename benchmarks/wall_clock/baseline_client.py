"""Baseline: pause campaigns over aiohttp, without log, limits or retries.

Run as a program with an address, a number of ids and a maximum of requests in flight,
it prints the seconds that it took.
"""

import asyncio
import sys
from collections.abc import Iterator
from time import perf_counter

import aiohttp


async def pause_all(address: str, ids: int, in_flight: int) -> float:
    """Pause the given number of ids, and give the seconds that it took."""
    remaining = iter(range(1000, 1000 + ids))
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=in_flight),
        headers={"Authorization": "Bearer of-a-benchmark"},
    ) as session:
        started_s = perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(in_flight):
                tasks.create_task(_work(session, address, remaining))
        return perf_counter() - started_s


async def _work(
    session: aiohttp.ClientSession, address: str, remaining: Iterator[int]
) -> None:
    for id_ in remaining:
        url = f"{address}/v1/hood/campaigns/{id_}/pause"
        async with session.post(url, json={}) as response:
            await response.read()
            response.raise_for_status()


if __name__ == "__main__":
    print(asyncio.run(pause_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
