"""Sync the logs of several runs in a few threads, however many logs there are."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress


#: Threads that sync at a time. A disk that is slow for one log is so for all.
LANES = 4


class SyncGroup:
    """Runs the syncs of several journals, those that are due together in one thread."""

    def __init__(self) -> None:
        self._due: list[tuple[Callable[[], None], asyncio.Future[None]]] = []
        self._lanes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, sync: Callable[[], None]) -> None:
        """Run a sync in a thread, and wait for its end.

        Also if the caller is cancelled meanwhile: the thread has the open file.

        Raises:
            Exception: What the sync raised.
        """
        done = asyncio.get_running_loop().create_future()
        self._due.append((sync, done))
        if self._lanes < LANES:
            self._lanes += 1
            lane = asyncio.create_task(self._work())
            self._tasks.add(lane)
            lane.add_done_callback(self._tasks.discard)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            with suppress(Exception):  # the cancellation says enough
                done.result()
            raise

    async def _work(self) -> None:
        while self._due:
            share = -(-len(self._due) // LANES)
            batch, self._due = self._due[:share], self._due[share:]
            failures = await _in_thread([sync for sync, _ in batch])
            for (_, done), failure in zip(batch, failures, strict=True):
                if done.cancelled():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        # At once: a sync that comes before the task has ended needs another lane.
        self._lanes -= 1


async def _in_thread(
    syncs: Sequence[Callable[[], None]],
) -> Sequence[Exception | None]:
    """Run syncs one after the other; give the failure of each."""
    try:
        return await asyncio.to_thread(_run_all, syncs)
    except Exception as error:  # noqa: BLE001 (there is no thread; raised as above)
        return [error] * len(syncs)


def _run_all(syncs: Sequence[Callable[[], None]]) -> list[Exception | None]:
    return list(map(_failure_of, syncs))


def _failure_of(sync: Callable[[], None]) -> Exception | None:
    try:
        sync()
    except Exception as error:  # noqa: BLE001 (raised where the sync is awaited)
        return error
    return None
