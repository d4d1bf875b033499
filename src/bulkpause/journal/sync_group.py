"""Sync the logs of several runs in a few threads, however many logs there are."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress


#: Threads that sync at a time. A disk that is slow for one log is so for all.
LANES = 4


_Due = tuple[Callable[[], None], asyncio.Future[None]]


class SyncGroup:
    """Runs the syncs of several journals, those that are due together in one thread."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self._lanes = 0

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
            # At the end of this turn, when others may be due, too.
            asyncio.get_running_loop().call_soon(self._begin)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            with suppress(Exception):  # the cancellation says enough
                done.result()
            raise

    def _begin(self) -> None:
        """Run a share of what is due, and then the next, in a lane.

        A lane is no task: what ends all tasks would end it before its thread, and
        leave those waiting who wait for that.
        """
        if not self._due:
            self._lanes -= 1
            return
        share = -(-len(self._due) // LANES)
        batch, self._due = self._due[:share], self._due[share:]
        syncs = [sync for sync, _ in batch]
        try:
            thread = asyncio.get_running_loop().run_in_executor(None, _run_all, syncs)
        except RuntimeError as error:  # there is no thread
            self._end(batch, [error] * len(batch))
        else:
            thread.add_done_callback(lambda ended: self._end(batch, ended.result()))

    def _end(self, batch: Sequence[_Due], failures: Sequence[Exception | None]) -> None:
        for (_, done), failure in zip(batch, failures, strict=True):
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        self._begin()


def _run_all(syncs: Sequence[Callable[[], None]]) -> list[Exception | None]:
    return list(map(_failure_of, syncs))


def _failure_of(sync: Callable[[], None]) -> Exception | None:
    try:
        sync()
    except Exception as error:  # noqa: BLE001 (raised where the sync is awaited)
        return error
    return None
