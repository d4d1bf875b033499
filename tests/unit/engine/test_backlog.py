"""Order of first attempts, retries and read-backs."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest

from bulkpause.engine.backlog import TURNS_PER_RETRY, Backlog
from bulkpause.engine.job import Job
from bulkpause.model import Item


pytestmark = pytest.mark.anyio


def jobs(*ids: str) -> list[Job]:
    return [Job(Item(id=id_, row=1)) for id_ in ids]


def take(backlog: Backlog) -> str:
    return backlog.take().item.id


async def test_empty_backlog_is_finished() -> None:
    assert not await Backlog(()).ready()


async def test_first_attempts_keep_plan_order() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    assert await backlog.ready()
    assert [take(backlog) for _ in range(3)] == ["a", "b", "c"]


async def test_jobs_are_read_lazily() -> None:
    read: list[str] = []

    def lazy_jobs() -> Iterator[Job]:
        for job in jobs(*"abcdef"):
            read.append(job.item.id)
            yield job

    backlog = Backlog(lazy_jobs())
    backlog.take()
    assert read == ["a", "b"]


async def test_backlog_waits_for_taken_job() -> None:
    backlog = Backlog(jobs("a"))
    job = backlog.take()
    asyncio.get_running_loop().call_later(5.0, backlog.add_read_back, job)
    assert await backlog.ready()
    assert asyncio.get_running_loop().time() >= 5.0
    assert backlog.take() is job


async def test_backlog_is_finished_with_last_job() -> None:
    backlog = Backlog(jobs("a"))
    backlog.take()
    asyncio.get_running_loop().call_later(5.0, backlog.finish)
    assert not await backlog.ready()


async def test_retry_waits_until_due() -> None:
    backlog = Backlog(jobs("a"))
    start = asyncio.get_running_loop().time()
    backlog.add_retry(backlog.take(), 7.0)
    assert await backlog.ready()
    assert asyncio.get_running_loop().time() - start == pytest.approx(7.0)
    assert take(backlog) == "a"


async def test_retries_are_taken_by_due_time() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    for wait_s in (3.0, 1.0, 2.0):
        backlog.add_retry(backlog.take(), wait_s)
    await asyncio.sleep(4.0)
    assert [take(backlog) for _ in range(3)] == ["b", "c", "a"]


async def test_retries_due_together_keep_their_order() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    for _ in range(3):
        backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(3)] == ["a", "b", "c"]


async def test_every_fifth_turn_is_retry_under_load() -> None:
    retried = [f"r{n}" for n in range(10)]
    fresh = [f"f{n}" for n in range(40)]
    backlog = Backlog(jobs(*retried, *fresh))
    for _ in range(10):
        backlog.add_retry(backlog.take(), 1.0)
    await asyncio.sleep(2.0)
    turns = [take(backlog)[0] for _ in range(40)]
    retries = [n for n, kind in enumerate(turns) if kind == "r"]
    assert 40 / TURNS_PER_RETRY <= len(retries) <= 40 / TURNS_PER_RETRY + 1
    assert {b - a for a, b in pairwise(retries)} == {TURNS_PER_RETRY}


async def test_retries_get_all_turns_without_first_attempts() -> None:
    backlog = Backlog(jobs("a", "b"))
    for _ in range(2):
        backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(2)] == ["a", "b"]


async def test_read_backs_follow_first_attempts_and_due_retries() -> None:
    backlog = Backlog(jobs("read-back", "retry", "first"))
    backlog.add_read_back(backlog.take())
    backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(3)] == ["first", "retry", "read-back"]


async def test_read_back_precedes_retry_that_is_not_due() -> None:
    backlog = Backlog(jobs("retry", "read-back"))
    backlog.add_retry(backlog.take(), 60.0)
    backlog.add_read_back(backlog.take())
    assert await backlog.ready()
    assert take(backlog) == "read-back"


async def test_unfinished_jobs_exclude_unstarted_ones() -> None:
    backlog = Backlog(jobs("late", "read-back", "soon", "unstarted"))
    backlog.add_retry(backlog.take(), 60.0)
    backlog.add_read_back(backlog.take())
    backlog.add_retry(backlog.take(), 1.0)
    unfinished = [job.item.id for job in backlog.unfinished()]
    assert unfinished == ["soon", "late", "read-back"]
